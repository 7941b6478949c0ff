"""Folds leaves that came or went as one item into one line, and joins an item that changed its key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from drift_audit.model.comparison import SILENT, LeafComparison, LeafOutcome
from drift_audit.model.findings import Actor
from drift_audit.model.keys import FieldPath, ItemKey, PathStep, SetItem
from drift_audit.model.values import Absent, Json, Present, Unknown

_O = LeafOutcome
_COME_OR_GONE = {
    _O.EXTRA_OOB,
    _O.REMOVED,
    _O.PENDING_APPLY,
    _O.PENDING_PRUNE_FIELD,
    _O.STALE_APPLIER,
    _O.DERIVED_EDITED,
    _O.POSSIBLE_OOB,
}
_Verdict: TypeAlias = tuple[LeafOutcome, str]


def collapse(
    rulings: Sequence[LeafComparison],
    *,
    head: Set[FieldPath],
    applied: Set[FieldPath] = frozenset(),
    live: Set[FieldPath] = frozenset(),
) -> list[LeafComparison]:
    """The leaves that are not silent; those of an item or map that one side lacks wholly are one line.

    Only leaves with one outcome and one actor are folded. Silent ones do not count: what the server
    filled into an item that somebody added is no news of its own.
    """
    loud = [leaf for leaf in rulings if leaf.outcome not in SILENT]
    verdicts: dict[FieldPath, set[_Verdict]] = defaultdict(set)
    for leaf in loud:
        for length in range(2, len(leaf.path) + 1):
            verdicts[leaf.path[:length]].add(_verdict(leaf))
    on_head, on_live = _with_ancestors(head), _with_ancestors(live)
    on_git = on_head | _with_ancestors(applied)
    groups: dict[FieldPath, list[LeafComparison]] = defaultdict(list)
    for leaf in loud:
        in_cluster = on_head if leaf.outcome is _O.PENDING_PRUNE_FIELD else on_git
        other = on_live if isinstance(leaf.live, Absent) else in_cluster
        groups[_root(leaf, other, verdicts)].append(leaf)
    return [_fold(root, members) for root, members in groups.items()]


def _verdict(leaf: LeafComparison) -> _Verdict:
    return leaf.outcome, leaf.actor.who if leaf.actor else ""


def _with_ancestors(paths: Set[FieldPath]) -> Set[FieldPath]:
    return {path[:length] for path in paths for length in range(2, len(path) + 1)}


def _root(leaf: LeafComparison, other: Set[FieldPath], verdicts: dict[FieldPath, set[_Verdict]]) -> FieldPath:
    """The highest ancestor that the other side lacks and that has one verdict; the leaf itself if there is none."""
    one_sided = isinstance(leaf.live, Absent) or isinstance(leaf.head, (Absent, Unknown))
    if leaf.outcome not in _COME_OR_GONE or not one_sided:
        return leaf.path
    # Each label and each annotation is news of its own.
    first = 3 if leaf.path[0] == "metadata" else 2
    for length in range(first, len(leaf.path)):
        if leaf.path[:length] not in other and len(verdicts[leaf.path[:length]]) == 1:
            return leaf.path[:length]
    return leaf.path


def _fold(root: FieldPath, members: Sequence[LeafComparison]) -> LeafComparison:
    first = members[0]
    if len(members) == 1 and (first.path == root or not isinstance(root[-1], (ItemKey, SetItem))):
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


def _together(root: FieldPath, members: Sequence[LeafComparison], side: str) -> Present | Absent | Unknown:
    part = _Part()
    for member in members:
        seen = getattr(member, side)
        if isinstance(seen, Unknown):
            return seen
        if isinstance(seen, Present):
            part.put(member.path[len(root) :], seen.value)
    return Present(part.value_at(root[-1])) if part else Absent()


@dataclass(slots=True)
class _Part:
    """A value that is put together from its leaves."""

    value: Json = None
    parts: dict[PathStep, _Part] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.value is not None or bool(self.parts)

    def put(self, path: FieldPath, value: Json) -> None:
        part = self
        for step in path:
            part = part.parts.setdefault(step, _Part())
        part.value = value

    def value_at(self, step: PathStep) -> Json:
        """The whole value; an item gets its key fields back."""
        if not self.parts:
            return self.value
        if all(isinstance(below, (ItemKey, SetItem)) for below in self.parts):
            return [part.value_at(below) for below, part in self.parts.items()]
        whole: dict[str, Json] = dict(step.keys) if isinstance(step, ItemKey) else {}
        return whole | {str(below): part.value_at(below) for below, part in self.parts.items()}


ActorOf = Callable[[FieldPath], Actor | None]

# What becomes of an item that is gone under one key and has come under another.
_JOINED: dict[tuple[LeafOutcome, LeafOutcome], LeafOutcome] = {
    (_O.REMOVED, _O.EXTRA_OOB): _O.CHANGED_OOB,
    (_O.REMOVED, _O.EXTRA_CONTROLLER): _O.CHANGED_BY_CONTROLLER,
    (_O.REMOVED, _O.EXTRA_UNOWNED): _O.CHANGED_UNATTRIBUTED,
    (_O.REMOVED, _O.STALE_APPLIER): _O.APPLIED_DIFFERENT,
    (_O.PENDING_APPLY, _O.PENDING_PRUNE_FIELD): _O.PENDING_APPLY,
    (_O.PENDING_APPLY, _O.EXTRA_OOB): _O.CONFLICTING_OOB,
}


def pair_renamed_items(leaves: Sequence[LeafComparison], actor_of: ActorOf) -> list[LeafComparison]:
    """Joins `extraArgs[name=v,value=2]` removed and `extraArgs[name=v,value=4]` added into one change.

    In v1beta2 the value is part of the item's key (map keys `name,value`), so an edit of the value
    looks like one item gone and another come. `actor_of` tells who wrote the item that has come.
    """
    missing = {name: leaf for leaf in leaves if isinstance(leaf.live, Absent) and (name := _without_value(leaf.path))}
    joined: list[LeafComparison] = []
    partners: set[FieldPath] = set()
    for leaf in leaves:
        name = _without_value(leaf.path)
        gone = missing.get(name) if name else None
        outcome = _JOINED.get((gone.outcome, leaf.outcome)) if gone else None
        if gone is None or outcome is None or name is None or gone.path in partners:
            joined.append(leaf)
            continue
        partners.add(gone.path)
        joined.append(
            replace(
                leaf,
                path=name,
                positional=gone.positional,
                head=_value(gone),
                applied=_value(leaf if outcome is _O.PENDING_APPLY else gone),
                live=_value(leaf),
                outcome=outcome,
                actor=actor_of(leaf.path),
            )
        )
    return [leaf for leaf in joined if leaf.path not in partners]


def _without_value(path: FieldPath) -> FieldPath | None:
    last = path[-1]
    if not isinstance(last, ItemKey) or set(last.keys) != {"name", "value"}:
        return None
    return (*path[:-1], ItemKey.of({"name": last.keys["name"]}))


def _value(leaf: LeafComparison) -> Present:
    last = leaf.path[-1]
    return Present(last.keys.get("value") if isinstance(last, ItemKey) else None)
