"""What is worth remembering from one audit to the next: which conditions turn, and since when a finding is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from drift_audit.clock import moment, stamp
from drift_audit.model.findings import Finding
from drift_audit.model.health import Condition
from drift_audit.model.history import ConditionSeen, FindingSeen, Past
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView
from drift_audit.stuck.conditions import HAPPENING, Conditions, conditions_of, is_well
from drift_audit.stuck.suspects import suspects_in

WINDOW = timedelta(hours=1)
"""Turns are counted over this time."""
FORGOTTEN = timedelta(days=7)
"""A finding that no audit has seen for so long begins anew: an audit may have been narrowed, or half blind."""
MOST_TURNS = 32
_MOST_CONDITIONS = 5_000
_MOST_FINDINGS = 20_000

_Key = tuple[str, ObjectKey, str, str]


def watched(past: Past, clusters: Sequence[ClusterView], now: datetime) -> Past:
    """What is remembered with what the clusters say now: each condition that is not well, and each that lately was "
    "not."""
    known = {_key(seen): seen for seen in past.conditions}
    read = {view.management_cluster for view in clusters}
    found = [seen for seen in past.conditions if seen.management_cluster not in read and _is_fresh(seen, now)]
    for view in clusters:
        mine = [seen for seen in past.conditions if seen.management_cluster == view.management_cluster]
        found += [seen for seen in mine if _was_not_read(seen, view) and _is_fresh(seen, now)]
        for key in suspects_in(view).keys() | {seen.object for seen in mine}:
            live = view.objects.get(key)
            if live is not None:
                found += _of_object(view.management_cluster, live, known, now)
    found.sort(key=lambda seen: (-len(seen.turns), seen.management_cluster, str(seen.object), seen.type))
    return replace(past, conditions=tuple(found[:_MOST_CONDITIONS]))


def with_findings(past: Past, findings: Iterable[Finding], now: datetime) -> Past:
    """The same with the findings of this audit: since when each is known."""
    seen_at = stamp(now)
    known = {seen.id: seen for seen in past.findings if _within(seen.last, FORGOTTEN, now)}
    for finding in findings:
        earlier = known.get(finding.id)
        known[finding.id] = FindingSeen(finding.id, earlier.first if earlier else seen_at, seen_at)
    newest = sorted(known.values(), key=lambda seen: (seen.last, seen.id), reverse=True)
    return replace(past, findings=tuple(newest[:_MOST_FINDINGS]))


def with_first_seen(past: Past, findings: Iterable[Finding], now: datetime) -> list[Finding]:
    """The findings with the moment at which an audit saw each first: this one, for those that are new."""
    first = {seen.id: seen.first for seen in past.findings if _within(seen.last, FORGOTTEN, now)}
    return [replace(finding, first_seen=first.get(finding.id) or stamp(now)) for finding in findings]


def turns_within(seen: ConditionSeen, now: datetime) -> tuple[str, ...]:
    """Its turns of the last hour."""
    return tuple(turn for turn in seen.turns if _within(turn, WINDOW, now))


def _of_object(
    management_cluster: str, live: CapiObject, known: dict[_Key, ConditionSeen], now: datetime
) -> Iterator[ConditionSeen]:
    conditions = conditions_of(live)
    for condition in conditions:
        earlier = known.get((management_cluster, live.key, live.uid, condition.type))
        if condition.type in HAPPENING or (earlier is None and is_well(condition)):
            continue
        turns = _turns(earlier, condition, conditions) if earlier else ()
        seen = ConditionSeen(
            management_cluster=management_cluster,
            object=live.key,
            uid=live.uid,
            type=condition.type,
            status=condition.status,
            since=condition.since,
            first=earlier.first if earlier else stamp(now),
            turns=tuple(turn for turn in turns if _within(turn, WINDOW, now))[-MOST_TURNS:],
            last=stamp(now),
        )
        if seen.turns or not is_well(condition):
            yield seen


def _turns(earlier: ConditionSeen, condition: Condition, conditions: Conditions) -> tuple[str, ...]:
    """The earlier turns and the new ones: another status is at least one, the same one of a later time at least two.

    v1beta1 conditions have a new time with each new message (CAPI util/conditions/deprecated/v1beta1, hasSameState): of
    theirs only another status counts.
    """
    if condition.status != earlier.status:
        return (*earlier.turns, condition.since)
    if condition.since > earlier.since and conditions.times_tell(condition):
        return (*earlier.turns, condition.since, condition.since)
    return earlier.turns


def _key(seen: ConditionSeen) -> _Key:
    return seen.management_cluster, seen.object, seen.uid, seen.type


def _was_not_read(seen: ConditionSeen, view: ClusterView) -> bool:
    """Where absence is no proof that the object is gone."""
    return seen.object not in view.objects and not view.listed(seen.object.group, seen.object.kind)


def _is_fresh(seen: ConditionSeen, now: datetime) -> bool:
    return _within(seen.last, WINDOW, now)


def _within(at: str, length: timedelta, now: datetime) -> bool:
    when = moment(at)
    return when is not None and timedelta(0) <= now - when + timedelta(minutes=5) and now - when <= length
