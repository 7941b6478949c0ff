"""Edits that CAPA has put back: nothing differs any more, and yet somebody keeps changing what is not theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drift_audit.clock import moment
from drift_audit.interfaces import Attempt, Link, UndoneEdit
from drift_audit.model.changes import ChangeEvent
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import ABSENT, Json, Observed, Present, mapping, sequence
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.history.callers import CallerClass
from drift_audit_aws.history.events import EVENTS, Effect, EventRow
from drift_audit_aws.history.matching import ChangeIndex
from drift_audit_aws.history.records import ATTRIBUTES, PERMISSIONS, SOURCE
from drift_audit_aws.history.tokens import tokens_in, tokens_of
from drift_audit_aws.history.values import fields_of
from drift_audit_aws.kinds import kinds_of_rows
from drift_audit_aws.reactions import SYNC_MINUTES
from drift_audit_aws.security_groups.rules import Rule, opens_to_everyone, rule_of, shown, shown_fully

PUT_BACK_WITHIN = timedelta(minutes=2 * SYNC_MINUTES)
"""CAPA looks at every object once per sync period; a second one is for a reconcile that waited or failed once."""

_NOT_EDITORS = frozenset({CallerClass.CAPA, CallerClass.SERVICE})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One thing that an edit wrote."""

    row: FieldRow
    path: str
    value: Observed
    severity: Severity
    undone: bool


def undone_edits(
    rows: Sequence[FieldRow], clouds: Iterable[CloudScopeView], links: Sequence[Link]
) -> Iterator[UndoneEdit]:
    """Every field that was edited and put back, once for each linked resource; see `ChangeHistory.undone`."""
    linked: dict[ResourceKey, str] = {link.resource: link.object.kind for link in links}
    by_pair: dict[tuple[str, str], list[FieldRow]] = defaultdict(list)
    for row in rows:
        by_pair[row.kind, row.resource].append(row)
    for cloud in clouds:
        if not any(event.controller for log in cloud.history for event in log.events):
            continue
        index = ChangeIndex(cloud)
        for resource in cloud.resources.values():
            if resource.key in linked:
                kinds = kinds_of_rows(linked[resource.key])
                about = [row for kind in kinds for row in by_pair[kind, resource.key.type]]
                yield from _of_resource(resource, about, index)


def _of_resource(resource: CloudResource, rows: Sequence[FieldRow], index: ChangeIndex) -> Iterator[UndoneEdit]:
    changes = [event for event in index.changes(tokens_of(resource)) if not event.refused]
    ours = [event for event in changes if event.controller]
    found: dict[tuple[str, str], list[tuple[_Part, Attempt]]] = defaultdict(list)
    for edit in changes:
        told = EVENTS.get(edit.action)
        if told is None or not told.undone_by or edit.actor_class in _NOT_EDITORS:
            continue
        for undoing in _answers(edit, told, ours, resource):
            for part in _parts(edit, undoing, told, rows, index.group_names):
                attempts = found[part.row.id, part.path]
                if part.undone and all(attempt.edit != edit for _, attempt in attempts):
                    attempts.append((part, Attempt(edit=edit, undone=undoing)))
    for (rule, path), attempts in found.items():
        if attempts:
            yield UndoneEdit(
                resource=resource.key,
                rule=rule,
                path=path,
                value=attempts[0][0].value,
                severity=max((part.severity for part, _ in attempts), key=lambda severity: severity.rank),
                attempts=tuple(attempt for _, attempt in attempts),
                source=SOURCE,
            )


def _answers(
    edit: ChangeEvent, told: EventRow, ours: Sequence[ChangeEvent], resource: CloudResource
) -> Iterator[ChangeEvent]:
    """The controller's calls that can be the answer to an edit, the first one first."""
    began = moment(edit.at)
    for ours_then in reversed(ours):
        answered = moment(ours_then.at)
        if began is None or answered is None or not began <= answered <= began + PUT_BACK_WITHIN:
            continue
        if ours_then.action in told.undone_by and _same_place(edit, ours_then, resource):
            yield ours_then


def _same_place(edit: ChangeEvent, undoing: ChangeEvent, resource: CloudResource) -> bool:
    """True for the same id; an instance stands for its interfaces too, and two interfaces are two places."""
    left, right, whole = set(tokens_in(edit)), set(tokens_in(undoing)), ("", resource.key.id)
    return bool(left & right) or whole in left or whole in right


def _parts(
    edit: ChangeEvent, undoing: ChangeEvent, told: EventRow, rows: Sequence[FieldRow], names: Mapping[str, str]
) -> Iterator[_Part]:
    for name, written in edit.writes.items():
        row = next((row for row in rows if fields_of((name,), row)), None)
        back = undoing.writes.get(name)
        if row is None:
            continue
        if name in PERMISSIONS:
            effect = EVENTS[undoing.action].effect
            yield from _rule_parts(row, told.effect, effect, _rules(written), _rules(back), names)
        elif name in ATTRIBUTES:
            before, after = mapping(written), mapping(back)
            yield from (
                _part(row, value, undone=key in after and after[key] != value, item=key)
                for key, value in before.items()
            )
        elif written is not None and back is not None:
            yield _part(row, written, undone=_undone(told.effect, written, back))


def _undone(effect: Effect, written: Json, back: Json) -> bool:
    """True when the second call took back what the first one did: another value, or the same items."""
    if effect is Effect.SET:
        return _as_set(written) != _as_set(back)
    return bool(_as_set(written) & _as_set(back))


def _as_set(value: Json) -> set[str]:
    return {str(item) for item in value} if isinstance(value, (list, tuple)) else {str(value)}


def _part(row: FieldRow, value: Json, *, undone: bool, item: str = "") -> _Part:
    path = f"{row.path}[{item}]" if item else row.path
    return _Part(row=row, path=path, value=Present(value), severity=row.severity, undone=undone)


def _rules(value: Json) -> list[Rule]:
    return [rule_of(item) for item in sequence(value)]


def _rule_parts(
    row: FieldRow, effect: Effect, answer: Effect, written: list[Rule], back: list[Rule], names: Mapping[str, str]
) -> Iterator[_Part]:
    """One part per rule: added and revoked, or revoked and authorized again."""
    took_back = answer is (Effect.ADD if effect is Effect.REMOVE else Effect.REMOVE)
    direction = "to" if row.path == "egress" else "from"
    answered = {each.flow for each in back}
    for each in written:
        opened = effect is not Effect.REMOVE and direction == "from" and opens_to_everyone(each)
        yield _Part(
            row=row,
            path=f"{row.path}[{shown(each, names, direction)}]",
            value=ABSENT if effect is Effect.REMOVE else Present(shown_fully(each, names, direction)),
            severity=Severity.CRITICAL if opened else row.severity,
            undone=took_back and each.flow in answered,
        )
