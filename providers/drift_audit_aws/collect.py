"""One (account, region) as AWS describes it, and what it refused to say."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from drift_audit.clock import now, stamp
from drift_audit.interfaces import Progress, ScopeRequest
from drift_audit.model.health import Question
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.progress import began, counted, ended, part_done, planned
from drift_audit.model.views import CloudScopeView, Gap, ResourceListing, ScopeRead, ScopeStatus, View
from drift_audit_aws.constraints.answering import answered
from drift_audit_aws.families import READERS
from drift_audit_aws.plan import ACCOUNT_WIDE_HINT, VPC_HINT
from drift_audit_aws.reading import Found, Reader, Wanted
from drift_audit_aws.refusals import FAILURES, Failure, Refusal, refusal
from drift_audit_aws.session import AccountSession, MeteredClient

logger = logging.getLogger(__name__)

IDENTITY_ACTION = "sts:GetCallerIdentity"

_REMEDY_WRONG_ACCOUNT = "Correct role_arn or profile under clouds.aws.accounts for account {account}."
_REMEDY_BUG = "See the traceback in the log and report it."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a listing gave before it ended, and why it ended early."""

    resources: Found
    listing: ResourceListing
    account: ScopeRead
    gap: Gap | None = None


@dataclass(slots=True)
class _ScopeCalls:
    """`reading.Calls` of one listing: remembers what the clients had cost before it began."""

    session: AccountSession
    region: str
    _used: dict[str, tuple[MeteredClient, int, int]] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._used:
            metered = self.session.client(service, self.region)
            self._used[service] = (metered, metered.meter.calls, metered.meter.throttles)
        return self._used[service][0].client

    @property
    def calls(self) -> int:
        return sum(metered.meter.calls - calls for metered, calls, _ in self._used.values())

    @property
    def throttles(self) -> int:
        return sum(metered.meter.throttles - throttles for metered, _, throttles in self._used.values())


def collect_scope(session: AccountSession, request: ScopeRequest, page_size: int, progress: Progress) -> CloudScopeView:
    """The scope's resources of every type; what fails is incomplete and has a gap, the rest is unaffected."""
    scope = request.scope
    progress(began(str(scope), "reading the account", things="resources", kinds="types"))
    identity, doubt = _verified(session, scope)
    if doubt is not None:
        progress(ended(str(scope), doubt.reason))
        return _unread(request, identity, doubt)
    found: dict[tuple[str, str], CloudResource] = {}
    reads: dict[str, _Read] = {}
    readers = _readers(request)
    progress(planned(str(scope), len(readers)))
    for reader in readers:
        wanted = Wanted(
            scope=scope,
            vpcs=request.hints.get(VPC_HINT, ()),
            named=frozenset(request.hints.get(reader.type, ())),
            before=found,
            names=request.hints,
            page_size=page_size,
        )
        reads[reader.type] = _after(reader, reads, _read(reader, session, wanted, progress))
        found.update(reads[reader.type].resources)
        progress(part_done(str(scope)))
    progress(ended(str(scope), f"{len(found):,} resources"))
    return CloudScopeView(
        scope=scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=identity,
        resources=found,
        listings={read.listing.type: read.listing for read in reads.values()},
        read_at=stamp(now()),
        gaps=tuple(read.gap for read in reads.values() if read.gap is not None),
        reads=tuple(read.account for read in reads.values()),
    )


def reread_scope(
    session: AccountSession,
    request: ScopeRequest,
    view: CloudScopeView,
    suspects: Sequence[ResourceKey],
    page_size: int,
) -> CloudScopeView:
    """The view with the suspects read once more. One that is gone is taken out; a failed read confirms nothing."""
    scope = request.scope
    identity, doubt = _verified(session, scope)
    if doubt is not None:
        return replace(view, gaps=(*view.gaps, doubt))
    view = replace(view, identity=identity)
    for reader in _readers(request):
        ids = frozenset(key.id for key in suspects if key.scope == scope and key.type == reader.type)
        if ids:
            wanted = Wanted(scope=scope, only=ids, before=view.resources, page_size=page_size)
            view = _reread_type(reader, session, view, wanted, ids)
    return view


def ask_scope(session: AccountSession, view: CloudScopeView, questions: Sequence[Question]) -> CloudScopeView:
    """The view with what AWS answers about its limits."""
    return answered(_ScopeCalls(session, view.scope.region), view, questions)


def _readers(request: ScopeRequest) -> list[Reader]:
    """Those of this scope: what an account has only once is read in one of its scopes."""
    account_wide = bool(request.hints.get(ACCOUNT_WIDE_HINT))
    return [reader for reader in READERS if reader.everywhere or account_wide]


def _reread_type(
    reader: Reader, session: AccountSession, view: CloudScopeView, wanted: Wanted, ids: Collection[str]
) -> CloudScopeView:
    read = _read(reader, session, wanted)
    if read.gap is not None:
        return replace(view, gaps=(*view.gaps, read.gap), reads=(*view.reads, read.account))
    suspects = {(reader.type, suspect) for suspect in ids}
    kept = {key: resource for key, resource in view.resources.items() if key not in suspects}
    return replace(
        view,
        resources={**kept, **read.resources},
        reread=view.reread | suspects,
        reads=(*view.reads, replace(read.account, scope=f"{read.account.scope} (second read)")),
    )


def _verified(session: AccountSession, scope: CloudScope) -> tuple[str | None, Gap | None]:
    """The account of the credentials, and a gap unless it is the one that was to be read.

    A wrong account makes a whole fleet look missing, so nothing is listed there at all.
    """
    try:
        identity = session.identity(scope.region)
    except FAILURES as error:
        refused = refusal(error, IDENTITY_ACTION, scope.account, scope.region)
        return None, _gap(str(scope), "", f"the account could not be verified: {refused.reason}", refused.remedy)
    if identity != scope.account:
        reason = f"credentials are for account {identity}, expected {scope.account}"
        return identity, _gap(str(scope), "", reason, _REMEDY_WRONG_ACCOUNT.format(account=scope.account))
    return identity, None


def _unread(request: ScopeRequest, identity: str | None, doubt: Gap) -> CloudScopeView:
    scope = request.scope
    listings = {
        reader.type: ResourceListing(type=reader.type, complete=False, reason=doubt.reason)
        for reader in _readers(request)
    }
    reads = tuple(
        ScopeRead(view=View.CLOUD, scope=f"{scope}/{kind}", status=ScopeStatus.FAILED, reason=doubt.reason)
        for kind in listings
    )
    return CloudScopeView(
        scope=scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=identity,
        resources={},
        listings=listings,
        read_at=stamp(now()),
        gaps=(doubt,),
        reads=reads,
    )


def _read(reader: Reader, session: AccountSession, wanted: Wanted, progress: Progress = lambda step: None) -> _Read:
    scope = wanted.scope
    found: dict[tuple[str, str], CloudResource] = {}
    calls = _ScopeCalls(session, scope.region)
    started = time.monotonic()
    problem: Refusal | None = None
    try:
        for resource in counted(progress, str(scope), reader.read(calls, wanted)):
            found[resource.key.type, resource.key.id] = resource
    except FAILURES as error:
        problem = refusal(error, _action(reader, error), scope.account, scope.region)
    except Exception as error:
        logger.exception("reading %s of %s failed", reader.type, scope)
        problem = Refusal(code="", reason=f"reading failed unexpectedly: {type(error).__name__}", remedy=_REMEDY_BUG)
    status = ScopeStatus.COMPLETE if problem is None else ScopeStatus.PARTIAL if found else ScopeStatus.FAILED
    reason = problem.reason if problem else ""
    name = f"{scope}/{reader.type}"
    return _Read(
        resources=found,
        listing=ResourceListing(
            type=reader.type, complete=problem is None, reason=reason, calls=calls.calls, read_at=stamp(now())
        ),
        account=ScopeRead(
            view=View.CLOUD,
            scope=name,
            status=status,
            reason=reason,
            calls=calls.calls,
            throttles=calls.throttles,
            seconds=round(time.monotonic() - started, 3),
        ),
        gap=replace(_gap(name, reader.type, problem.reason, problem.remedy, status), right=problem.right)
        if problem
        else None,
    )


def _action(reader: Reader, error: Failure) -> str:
    """The IAM action that failed, where a reader needs several."""
    operation = error.operation_name if isinstance(error, ClientError) else ""
    return next((action for action in reader.actions if action.partition(":")[2] == operation), reader.actions[0])


def _after(reader: Reader, reads: Mapping[str, _Read], read: _Read) -> _Read:
    """The read as it counts: what was found by way of an incomplete listing is incomplete too.

    Without a gap of its own: the gap of that listing tells what to do.
    """
    lacking = next((kind for kind in reader.needs if not reads[kind].listing.complete), "")
    if not lacking or read.gap is not None:
        return read
    reason = f"{lacking} could not be listed completely: {reads[lacking].listing.reason}"
    status = ScopeStatus.PARTIAL if read.resources else ScopeStatus.FAILED
    return replace(
        read,
        listing=replace(read.listing, complete=False, reason=reason),
        account=replace(read.account, status=status, reason=reason),
    )


def _gap(scope: str, subject: str, reason: str, remedy: str, status: ScopeStatus = ScopeStatus.FAILED) -> Gap:
    return Gap(view=View.CLOUD, scope=scope, subject=subject, reason=reason, remedy=remedy, status=status)
