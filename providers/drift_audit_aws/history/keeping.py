"""What of a sweep stays in the view: changes of the fleet's resources, and how far the sweep reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from datetime import datetime, timedelta

from drift_audit.clock import stamp
from drift_audit.interfaces import ScopeRequest
from drift_audit.model.changes import ChangeEvent, ChangeLog
from drift_audit.model.views import CloudScopeView, Gap, ScopeRead, ScopeStatus, View
from drift_audit_aws.history.callers import borrowed, controller_roles
from drift_audit_aws.history.events import EVENTS, Effect
from drift_audit_aws.history.records import SOURCE, Recorded
from drift_audit_aws.history.sweep import DELIVERY_LAG, Swept
from drift_audit_aws.history.tokens import Token, known_tokens, tokens_in

HISTORY = "change-history"
"""Last part of the scope under which coverage and cost tell of it."""


def with_history(
    view: CloudScopeView,
    request: ScopeRequest,
    swept: Swept,
    *,
    region: str,
    required: bool,
    read: ScopeRead,
) -> CloudScopeView:
    """The view with the log of one sweep. `read` is the account of it, with its cost.

    A failure decides no verdict and so does not make the audit incomplete, unless the configuration requires it.
    """
    named = (name for names in request.hints.values() for name in names)
    log = log_of(swept, region, known_tokens(view, named))
    status = _status(swept)
    of_view = View.CLOUD if required else View.HISTORY
    reason = swept.problem.reason if swept.problem else ""
    gaps: tuple[Gap, ...] = ()
    if swept.problem is not None:
        gaps = (
            Gap(
                view=of_view,
                scope=read.scope,
                subject=HISTORY,
                reason=reason,
                remedy=swept.problem.remedy,
                status=status,
            ),
        )
    return replace(
        view,
        history=(*view.history, log),
        gaps=(*view.gaps, *gaps),
        reads=(*view.reads, replace(read, view=of_view, status=status, reason=reason)),
    )


def log_of(swept: Swept, region: str, known: Set[Token]) -> ChangeLog:
    """The log as the view keeps it."""
    return ChangeLog(
        source=SOURCE,
        region=region,
        asked_from=stamp(swept.asked_from),
        complete_from=stamp(swept.complete_from) if swept.complete_from else "",
        complete_until=stamp(_delivered_until(swept)) if swept.complete_from else "",
        events=tuple(kept(swept.records, known)),
        seen=swept.seen,
        unreadable=swept.unreadable,
        reason=swept.problem.reason if swept.problem else "",
    )


def _delivered_until(swept: Swept) -> datetime:
    return swept.read_at - DELIVERY_LAG


def _status(swept: Swept) -> ScopeStatus:
    if swept.problem is None:
        return ScopeStatus.COMPLETE
    return ScopeStatus.PARTIAL if swept.complete_from is not None else ScopeStatus.FAILED


def kept(records: Iterable[Recorded], known: Set[Token]) -> Iterator[ChangeEvent]:
    """Newest first: others' changes of the fleet's resources, and the controller's of the same ones.

    A cluster's controller writes every few minutes; what it writes where nobody else does explains nothing.
    """
    every = sorted(records, key=lambda found: (found.event.at, found.event.id), reverse=True)
    roles = controller_roles(found.caller for found in every)
    others = [found for found in every if not found.event.controller and _concerns(found.event, known)]
    touched = {each for found in others for each in tokens_in(found.event)}
    wanted = {id(found) for found in others}
    for found in every:
        event = found.event
        if id(found) in wanted:
            borrows = borrowed(found.caller, roles)
            yield replace(event, how=f"{event.how}, {borrows}") if borrows else event
        elif event.controller and (touched.intersection(tokens_in(event)) or _made(event, known)):
            yield event


def _concerns(event: ChangeEvent, known: Set[Token]) -> bool:
    """True for a change of a known resource, and for the end of any: what is gone is in no view."""
    row = EVENTS.get(event.action)
    if row is not None and row.effect is Effect.DESTROY:
        return True
    return not known.isdisjoint(tokens_in(event))


def _made(event: ChangeEvent, known: Set[Token]) -> bool:
    """True for the creation of something that is there: a leftover may be the controller's own."""
    row = EVENTS.get(event.action)
    return row is not None and row.effect is Effect.CREATE and not known.isdisjoint(tokens_in(event))


def switched_off(now: datetime, hours: float, region: str) -> ChangeLog:
    """The log that nobody read, because the configuration says so."""
    return ChangeLog(
        source=SOURCE,
        region=region,
        asked_from=stamp(now - timedelta(hours=hours)),
        reason="reading the change history is switched off (clouds.aws.history.enabled)",
    )
