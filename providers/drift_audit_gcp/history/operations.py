"""The operations of a project: one listing tells who asked for which change of which resource.

Google keeps them for an hour at least and mostly for days, so older changes may be missing. What a change wrote,
and by which tool, operations do not tell; Cloud Audit Logs would, and are not read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from drift_audit.clock import moment, now, stamp
from drift_audit.model.changes import ChangeEvent, ChangeLog
from drift_audit.model.keys import CloudScope
from drift_audit.model.values import text
from drift_audit.model.views import CloudScopeView, ScopeRead, ScopeStatus, View
from drift_audit_gcp.history.source import PERMISSION, SOURCE
from drift_audit_gcp.links import relative
from drift_audit_gcp.reading import pages_of
from drift_audit_gcp.refusals import FAILURES, refusal
from drift_audit_gcp.session import ProjectSession
from drift_audit_gcp.settings import GcpHistory
from drift_audit_gcp.subject import index_scopes

logger = logging.getLogger(__name__)

_KEPT = timedelta(hours=1)
"""The least that Google promises (Compute Engine documentation, Operations)."""
_FIELDS = (
    "kind,nextPageToken,items/*/operations(id,name,operationType,targetLink,targetId,user,insertTime,status,"
    "httpErrorStatusCode,error/errors/code)"
)
_SERVICE = ".gserviceaccount.com"


def with_operations(session: ProjectSession, view: CloudScopeView, settings: GcpHistory) -> CloudScopeView:
    """The view with who changed what. Where that cannot be read, it says so, and the view is as complete as before."""
    if not settings.enabled or view.identity is None:
        return view
    asked_at = now()
    begin, calls, started = asked_at - timedelta(hours=settings.window_hours), session.meter.calls, time.monotonic()
    log = ChangeLog(source=SOURCE, region=view.scope.region, asked_from=stamp(begin))
    try:
        found, all_of_them = _read(session, view.scope, begin, settings.max_pages)
        log = _filled(log, found, asked_at, begin, view, settings, all_of_them=all_of_them)
    except FAILURES as error:
        log = replace(log, reason=refusal(error, PERMISSION, view.scope.account).reason)
    except Exception as error:
        logger.exception("reading the operations of %s failed", view.scope)
        log = replace(log, reason=f"reading failed unexpectedly: {type(error).__name__}")
    read = ScopeRead(
        view=View.HISTORY,
        scope=f"{view.scope}/operations",
        status=ScopeStatus.COMPLETE,
        calls=session.meter.calls - calls,
        seconds=round(time.monotonic() - started, 3),
    )
    return replace(view, history=(*view.history, log), reads=(*view.reads, read))


def _read(
    session: ProjectSession, scope: CloudScope, begin: datetime, max_pages: int
) -> tuple[list[Mapping[str, Any]], bool]:
    """Newest first, until the window or the budget ends; and whether it was the window."""
    found: list[Mapping[str, Any]] = []
    pages = pages_of(
        lambda token: session.get(
            f"projects/{scope.account}/aggregated/operations",
            "compute#operationAggregatedList",
            orderBy="creationTimestamp desc",
            maxResults="500",
            fields=_FIELDS,
            **token,
        )
    )
    for number, page in enumerate(pages, start=1):
        some = [each for held in (page.get("items") or {}).values() for each in held.get("operations") or ()]
        found += [each for each in some if (_at(each) or begin) >= begin]
        if any((_at(each) or begin) < begin for each in some):
            return found, True
        if number == max_pages and page.get("nextPageToken"):
            return found, False
    return found, True


def _at(operation: Mapping[str, Any]) -> datetime | None:
    return moment(text(operation.get("insertTime")))


def _filled(
    log: ChangeLog,
    found: Sequence[Mapping[str, Any]],
    asked_at: datetime,
    begin: datetime,
    view: CloudScopeView,
    settings: GcpHistory,
    *,
    all_of_them: bool,
) -> ChangeLog:
    numbers = index_scopes([view]).numbers
    times = [at for at in map(_at, found) if at is not None]
    oldest = max(begin, asked_at - _KEPT) if all_of_them else min(times, default=asked_at)
    events = [_event(each, view.scope.account, numbers, settings) for each in found if _at(each) is not None]
    told = sorted((each for each in events if each.who), key=lambda each: each.at, reverse=True)
    return replace(
        log,
        complete_from=stamp(oldest),
        complete_until=stamp(asked_at),
        events=tuple(told),
        seen=len(found),
        unreadable=len(found) - len(events),
        reason="Google promises to keep operations for an hour" if all_of_them else "too many to read them all",
    )


def _event(operation: Mapping[str, Any], project: str, numbers: Mapping[str, str], settings: GcpHistory) -> ChangeEvent:
    """`_at` is known not to be `None`."""
    who = text(operation.get("user"))
    codes = [text(each.get("code")) for each in (operation.get("error") or {}).get("errors") or ()]
    status = operation.get("httpErrorStatusCode")
    return ChangeEvent(
        id=text(operation.get("name")),
        at=stamp(_at(operation) or now()),
        action=f"compute:{text(operation.get('operationType'))}",
        who=who,
        how="a service account" if who.endswith(_SERVICE) else "an account of a person",
        actor_class="automation" if who.endswith(_SERVICE) else "human",
        controller=who in settings.controllers,
        resources=(relative(operation.get("targetLink"), project, numbers), text(operation.get("targetId"))),
        refused=next(filter(None, codes), str(status) if status else ""),
    )
