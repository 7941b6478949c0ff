"""Findings about edits of the cloud that the controller has put back: nothing differs, and somebody keeps doing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from drift_audit.classify.cloud_context import CloudContext, object_of
from drift_audit.classify.git_findings import derived_value
from drift_audit.classify.values import declared_at, shown
from drift_audit.clock import moment
from drift_audit.interfaces import Attempt, Link, UndoneEdit
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Actor,
    Between,
    ChainLink,
    Confidence,
    Finding,
    FindingKind,
    Grade,
    Severity,
    ShownValues,
    Verdict,
    finding_id,
)
from drift_audit.model.keys import ResourceKey

_MOST_TOLD = 5
_MOST_SEVERE = Severity.MEDIUM
"""What stood for minutes ranks below what stands."""


def undone_findings(edits: Iterable[UndoneEdit], links: Sequence[Link], context: CloudContext) -> Iterator[Finding]:
    """One finding for each field of a resource that was edited and put back, however often."""
    linked: Mapping[ResourceKey, Link] = {link.resource: link for link in reversed(links)}
    for edit in edits:
        if edit.resource in linked:
            yield _finding(edit, linked[edit.resource], context)


def _finding(undone: UndoneEdit, link: Link, context: CloudContext) -> Finding:
    newest = undone.attempts[0]
    live = context.live(link.management_cluster, link.object)
    _, location = derived_value(link.object, ("spec",), context.git[link.management_cluster])
    return Finding(
        id=finding_id(
            link.management_cluster, str(link.object), str(undone.resource), undone.rule, undone.path, "reverted"
        ),
        kind=FindingKind.DRIFT,
        verdict=Verdict.EDITED_AND_REVERTED,
        confidence=Confidence.CONFIRMED,
        severity=min(undone.severity, _MOST_SEVERE, key=lambda severity: severity.rank),
        rule=undone.rule,
        title=f"{link.resource.type.replace('-', ' ').capitalize()} was edited in the cloud and put back",
        cluster=link.cluster,
        management_cluster=link.management_cluster,
        object=object_of(link.object, live),
        resource=undone.resource,
        path=undone.path,
        values=ShownValues(
            git=NO_COUNTERPART, capi=NO_COUNTERPART, cloud=shown(undone.value, f"put back at {newest.undone.at}")
        ),
        declared_at=declared_at(location),
        actor=Actor(
            who=newest.edit.who,
            how=newest.edit.how,
            actor_class=newest.edit.actor_class,
            between=Between(after=newest.edit.at, before=newest.edit.at),
            source=undone.source,
            grade=Grade.A,
        ),
        reaction="the controller has put it back, and will again",
        since=newest.edit.at,
        chain=tuple(_told(newest, undone)),
        evidence=(_summary(undone.attempts), *(_record(attempt) for attempt in undone.attempts[:_MOST_TOLD])),
        next_steps=(
            f"ask {newest.edit.who or 'whoever it was'} what it is for: declare it in Git if it is wanted, "
            "and take the right to change it away if it is not",
        ),
    )


def _summary(attempts: Sequence[Attempt]) -> str:
    who = dict.fromkeys(attempt.edit.who or "somebody unnamed" for attempt in attempts)
    times = "Once" if len(attempts) == 1 else f"{len(attempts)} times"
    return (
        f"{times} edited in the cloud by {', '.join(who)}, and put back by the controller after {_longest(attempts)}."
    )


def _longest(attempts: Sequence[Attempt]) -> str:
    """How long the longest of the edits stood."""
    lengths = [
        (ended - began).total_seconds()
        for began, ended in ((moment(each.edit.at), moment(each.undone.at)) for each in attempts)
        if began is not None and ended is not None
    ]
    minutes = max(lengths, default=0.0) / 60
    return (
        "less than a minute"
        if minutes < 1
        else f"{minutes:.0f} min"
        if len(lengths) == 1
        else f"up to {minutes:.0f} min"
    )


def _told(attempt: Attempt, undone: UndoneEdit) -> Iterator[ChainLink]:
    """Newest first, as a chain of causes is told: what was done last stands first."""
    name = f"{undone.resource.type} {undone.resource.id}"
    for event, what in ((attempt.undone, "put it back"), (attempt.edit, "changed it")):
        yield ChainLink(
            layer="cloud",
            object=name,
            fact=f"{event.who or 'somebody unnamed'} ({event.how}) {what} at {event.at}",
            evidence=f"{event.action}, event {event.id}",
        )


def _record(attempt: Attempt) -> str:
    edit, back = attempt.edit, attempt.undone
    origin = f" from {edit.origin}" if edit.origin else ""
    return (
        f"{edit.action} by {edit.who}, {edit.how}, at {edit.at}{origin} (event {edit.id}), "
        f"answered by {back.action} at {back.at} (event {back.id})"
    )
