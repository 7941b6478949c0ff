"""Reads the change history of a scope beside its resources, and of IAM only when a finding is about IAM."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from drift_audit.clock import now
from drift_audit.interfaces import Progress, ScopeRequest
from drift_audit.model.keys import ResourceKey
from drift_audit.model.progress import began, ended
from drift_audit.model.progress import read as step_read
from drift_audit.model.views import CloudScopeView, ScopeRead, ScopeStatus, View
from drift_audit_aws.history.keeping import HISTORY, switched_off, with_history
from drift_audit_aws.history.records import ACTION
from drift_audit_aws.history.sweep import Swept, sweep
from drift_audit_aws.refusals import FAILURES, Refusal, refusal
from drift_audit_aws.resource_types import ACCOUNT_WIDE
from drift_audit_aws.session import AccountSession
from drift_audit_aws.settings import AwsHistory

_GLOBAL_REGIONS = (("cn-", "cn-north-1"), ("us-gov-", "us-gov-west-1"), ("", "us-east-1"))
"""Where a partition records the changes of IAM and of STS, by how its regions begin (CloudTrail user guide, "Global
service events")."""


def with_swept_history(
    session: AccountSession,
    request: ScopeRequest,
    settings: AwsHistory,
    progress: Progress,
    collect: Callable[[], CloudScopeView],
) -> CloudScopeView:
    """The collected view with the changes of its region, read at the same time: a sweep is slow and costs no CPU."""
    region = request.scope.region
    if not settings.enabled:
        return replace(collect(), history=(switched_off(now(), settings.window_hours, region),))
    stop = threading.Event()
    pool = ThreadPoolExecutor(1, thread_name_prefix="history")
    try:
        sweeping = pool.submit(_read, session, request, settings, region, stop, progress)
        view = collect()
        swept, read = sweeping.result()
    finally:
        # An audit that is being ended does not wait for the whole budget of a sweep.
        stop.set()
        pool.shutdown(wait=False)
    return _added(view, request, settings, region, swept, read)


def with_global_history(
    session: AccountSession,
    request: ScopeRequest,
    settings: AwsHistory,
    view: CloudScopeView,
    suspects: Iterable[ResourceKey],
    progress: Progress = lambda step: None,
) -> CloudScopeView:
    """The view with the changes of IAM, if a suspect is of a kind that IAM keeps and they were not read yet."""
    region = global_region(request.scope.region)
    about_iam = any(suspect.type in ACCOUNT_WIDE for suspect in suspects if suspect.scope == request.scope)
    if not settings.enabled or not about_iam or any(log.region == region for log in view.history):
        return view
    swept, read = _read(session, request, settings, region, threading.Event(), progress)
    return _added(view, request, settings, region, swept, read)


def global_region(region: str) -> str:
    return next(found for prefix, found in _GLOBAL_REGIONS if region.startswith(prefix))


def _added(
    view: CloudScopeView, request: ScopeRequest, settings: AwsHistory, region: str, swept: Swept, read: ScopeRead
) -> CloudScopeView:
    # In a wrong account nothing was read, which the view says already.
    wrong_account = view.identity != request.scope.account
    added = with_history(view, request, swept, region=region, required=settings.required, read=read)
    return replace(added, gaps=view.gaps) if wrong_account else added


def _read(
    session: AccountSession,
    request: ScopeRequest,
    settings: AwsHistory,
    region: str,
    stop: threading.Event,
    progress: Progress,
) -> tuple[Swept, ScopeRead]:
    """The sweep, and what it cost."""
    account, started, name = request.scope.account, time.monotonic(), _scope_name(request, region)
    progress(began(name, f"reading who changed what in the last {settings.window_hours:g} h", things="changes"))
    calls = throttles = 0
    asked_at = now()
    swept = _nothing(Refusal(code="", reason="the audit ended before", remedy=""))
    try:
        identity = session.identity(request.scope.region)
        if identity != account:
            reason = f"credentials are for account {identity}, expected {account}"
            swept = _nothing(Refusal(code="", reason=reason, remedy=""))
        else:
            metered = session.client("cloudtrail", region)
            calls, throttles = metered.meter.calls, metered.meter.throttles
            swept = sweep(
                metered.client,
                account=account,
                region=region,
                settings=settings,
                now=asked_at,
                stopped=stop.is_set,
                told=lambda changes: progress(step_read(name, changes)),
            )
            calls, throttles = metered.meter.calls - calls, metered.meter.throttles - throttles
    except FAILURES as error:
        swept = _nothing(refusal(error, ACTION, account, region))
    progress(ended(name, swept.problem.reason if swept.problem else f"{swept.seen:,} changes"))
    return swept, ScopeRead(
        view=View.HISTORY,
        scope=name,
        status=ScopeStatus.COMPLETE,
        calls=calls,
        throttles=throttles,
        seconds=round(time.monotonic() - started, 3),
    )


def _scope_name(request: ScopeRequest, region: str) -> str:
    scope = request.scope
    return f"{scope.provider}/{scope.account}/{region}/{HISTORY}"


def _nothing(problem: Refusal) -> Swept:
    at = now()
    return Swept(asked_from=at, complete_from=None, read_at=at, records=(), seen=0, unreadable=0, problem=problem)
