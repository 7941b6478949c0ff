"""Folds leaves that came or went as one item into one line, and joins an item that changed its key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from drift_audit.model.comparison import LeafComparison, LeafOutcome
from drift_audit.model.keys import FieldPath, ItemKey
from drift_audit.model.values import Absent, Json, Present

_WHOLE = {LeafOutcome.EXTRA_OOB, LeafOutcome.REMOVED, LeafOutcome.PENDING_APPLY, LeafOutcome.STALE_APPLIER}


def collapse(leaves: Iterable[LeafComparison], git: Set[FieldPath], live: Set[FieldPath]) -> list[LeafComparison]:
    """One line for an item or map whose leaves are all on one side only, with one outcome and one actor."""
    groups: dict[tuple[FieldPath, LeafOutcome, str], list[LeafComparison]] = defaultdict(list)
    for leaf in leaves:
        root = _root(leaf, git if isinstance(leaf.head, Absent) else live)
        groups[root, leaf.outcome, leaf.actor.who if leaf.actor else ""].append(leaf)
    return [_fold(root, members) for (root, _, _), members in groups.items()]


def _root(leaf: LeafComparison, other: Set[FieldPath]) -> FieldPath:
    """The highest ancestor that the other side lacks wholly; the leaf itself when there is none."""
    if leaf.outcome not in _WHOLE:
        return leaf.path
    for length in range(2, len(leaf.path)):
        candidate = leaf.path[:length]
        if candidate[0] == "metadata" and length < 3:
            continue
        if not any(path[:length] == candidate for path in other):
            return candidate
    return leaf.path


def _fold(root: FieldPath, members: Sequence[LeafComparison]) -> LeafComparison:
    first = members[0]
    if len(members) == 1 and first.path == root:
        return first
    if len(members) == 1 and not isinstance(root[-1], ItemKey):
        return first
    return replace(
        first,
        path=root,
        positional=first.positional[: len(root)],
        head=_together(root, members, "head"),
        applied=_together(root, members, "applied"),
        live=_together(root, members, "live"),
        whole=True,
    )


def _together(root: FieldPath, members: Sequence[LeafComparison], side: str) -> Present | Absent:
    values = {member.path[len(root) :]: getattr(member, side) for member in members}
    present = {path: seen.value for path, seen in values.items() if isinstance(seen, Present)}
    if not present:
        return Absent()
    whole: dict[str, Json] = dict(root[-1].keys) if isinstance(root[-1], ItemKey) else {}
    for path, value in present.items():
        if not path:
            return Present(value)
        _put(whole, path, value)
    return Present(whole)


def _put(whole: dict[str, Json], path: FieldPath, value: Json) -> None:
    at = whole
    for step in path[:-1]:
        below = at.setdefault(_name(step), {})
        if not isinstance(below, dict):
            return
        at = below
    at[_name(path[-1])] = value


def _name(step: object) -> str:
    return step if isinstance(step, str) else str(getattr(step, "text", step))


def pair_renamed_items(leaves: Sequence[LeafComparison]) -> list[LeafComparison]:
    """Joins `extraArgs[name=v,value=2]` removed and `extraArgs[name=v,value=4]` added into one change.

    In v1beta2 the value is part of the item's key (map keys `name,value`), so an edit of the value
    looks like one item gone and another come.
    """
    gone = {_without_value(leaf.path): leaf for leaf in leaves if leaf.outcome is LeafOutcome.REMOVED}
    gone.pop(None, None)
    joined: list[LeafComparison] = []
    used: set[int] = set()
    for leaf in leaves:
        partner = gone.get(_without_value(leaf.path)) if leaf.outcome in _ARRIVED else None
        if partner is None:
            joined.append(leaf)
            continue
        used.add(id(partner))
        outcome = LeafOutcome.CHANGED_OOB if leaf.outcome is LeafOutcome.EXTRA_OOB else LeafOutcome.CHANGED_UNATTRIBUTED
        joined.append(
            replace(
                leaf,
                path=_without_value(leaf.path) or leaf.path,
                positional=partner.positional,
                head=_value(partner),
                applied=_value(partner),
                live=_value(leaf),
                outcome=outcome,
            )
        )
    return [leaf for leaf in joined if id(leaf) not in used]


_ARRIVED = (LeafOutcome.EXTRA_OOB,)


def _without_value(path: FieldPath) -> FieldPath | None:
    last = path[-1]
    if not isinstance(last, ItemKey) or set(last.keys) != {"name", "value"}:
        return None
    return (*path[:-1], ItemKey.of({"name": last.keys["name"]}))


def _value(leaf: LeafComparison) -> Present:
    last = leaf.path[-1]
    return Present(last.keys.get("value") if isinstance(last, ItemKey) else None)
