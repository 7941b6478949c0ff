"""One (account, region) as AWS describes it, and what it refused to say."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from botocore.exceptions import BotoCoreError, ClientError

from drift_audit.clock import now, stamp
from drift_audit.interfaces import Progress, ScopeRequest
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.views import CloudScopeView, Gap, ResourceListing, ScopeRead, ScopeStatus, View
from drift_audit_aws.instances import INSTANCES
from drift_audit_aws.listing import Filters, ResourceReader, fleet_filters, id_filters, read_pass
from drift_audit_aws.network_interfaces import NETWORK_INTERFACES
from drift_audit_aws.ownership import OWNED_TAG_PATTERN
from drift_audit_aws.plan import VPC_HINT
from drift_audit_aws.refusals import Refusal, refusal
from drift_audit_aws.security_groups import SECURITY_GROUPS
from drift_audit_aws.session import AccountSession, MeteredClient

logger = logging.getLogger(__name__)

READERS: tuple[ResourceReader, ...] = (INSTANCES, SECURITY_GROUPS, NETWORK_INTERFACES)
IDENTITY_ACTION = "sts:GetCallerIdentity"

_REMEDY_WRONG_ACCOUNT = "Correct role_arn or profile under clouds.aws.accounts for account {account}."
_REMEDY_BUG = "See the traceback in the log and report it."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a listing gave before it ended, and why it ended early."""

    resources: Mapping[tuple[str, str], CloudResource]
    listing: ResourceListing
    account: ScopeRead
    gap: Gap | None = None


def collect_scope(session: AccountSession, request: ScopeRequest, page_size: int, progress: Progress) -> CloudScopeView:
    """The scope's resources of every type; what fails is incomplete and has a gap, the rest is unaffected."""
    scope = request.scope
    progress(f"reading {scope}")
    identity, doubt = _verified(session, scope)
    if doubt is not None:
        progress(f"{scope}: {doubt.reason}")
        return _unread(request, identity, doubt)
    reads = [_read_type(reader, session, request, page_size) for reader in READERS]
    progress(f"read {scope}: {sum(len(read.resources) for read in reads)} resources")
    return CloudScopeView(
        scope=scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=identity,
        resources=dict(chain.from_iterable(read.resources.items() for read in reads)),
        listings={read.listing.type: read.listing for read in reads},
        read_at=stamp(now()),
        gaps=tuple(read.gap for read in reads if read.gap is not None),
        reads=tuple(read.account for read in reads),
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
    for reader in READERS:
        ids = {key.id for key in suspects if key.scope == scope and key.type == reader.type}
        if ids:
            view = _reread_type(reader, session, scope, replace(view, identity=identity), ids, page_size)
    return view


def _reread_type(
    reader: ResourceReader,
    session: AccountSession,
    scope: CloudScope,
    view: CloudScopeView,
    ids: set[str],
    page_size: int,
) -> CloudScopeView:
    read = _read(reader, session, scope, id_filters(reader, ids), (), page_size)
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
    except (ClientError, BotoCoreError) as error:
        refused = refusal(error, IDENTITY_ACTION, scope.account, scope.region)
        return None, _gap(str(scope), "", f"the account could not be verified: {refused.reason}", refused.remedy)
    if identity != scope.account:
        reason = f"credentials are for account {identity}, expected {scope.account}"
        return identity, _gap(str(scope), "", reason, _REMEDY_WRONG_ACCOUNT.format(account=scope.account))
    return identity, None


def _unread(request: ScopeRequest, identity: str | None, doubt: Gap) -> CloudScopeView:
    scope = request.scope
    listings = {
        reader.type: ResourceListing(type=reader.type, complete=False, reason=doubt.reason) for reader in READERS
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


def _read_type(reader: ResourceReader, session: AccountSession, request: ScopeRequest, page_size: int) -> _Read:
    passes = fleet_filters(reader, request.hints.get(VPC_HINT, ()), OWNED_TAG_PATTERN)
    return _read(reader, session, request.scope, passes, request.hints.get(reader.type, ()), page_size)


def _read(
    reader: ResourceReader,
    session: AccountSession,
    scope: CloudScope,
    passes: Iterable[Filters],
    known: Iterable[str],
    page_size: int,
) -> _Read:
    """All passes merged, then one more for the known ids that no pass showed.

    The last pass finds an instance that stands in a foreign VPC and has lost its tags: without it that
    instance would be called missing.
    """
    found: dict[tuple[str, str], CloudResource] = {}
    started = time.monotonic()
    before = (0, 0)
    metered: MeteredClient | None = None
    problem: Refusal | None = None
    try:
        metered = session.client("ec2", scope.region)
        before = (metered.meter.calls, metered.meter.throttles)
        for filters in passes:
            for resource in read_pass(reader, metered.client, scope, filters, page_size):
                found[resource.key.type, resource.key.id] = resource
        unseen = {suspect for suspect in known if (reader.type, suspect) not in found}
        for filters in id_filters(reader, unseen):
            for resource in read_pass(reader, metered.client, scope, filters, page_size):
                found[resource.key.type, resource.key.id] = resource
    except (ClientError, BotoCoreError) as error:
        problem = refusal(error, reader.action, scope.account, scope.region)
    except Exception as error:
        logger.exception("reading %s of %s failed", reader.type, scope)
        problem = Refusal(code="", reason=f"reading failed unexpectedly: {type(error).__name__}", remedy=_REMEDY_BUG)
    calls, throttles = (metered.meter.calls, metered.meter.throttles) if metered else (0, 0)
    status = ScopeStatus.COMPLETE if problem is None else ScopeStatus.PARTIAL if found else ScopeStatus.FAILED
    reason = problem.reason if problem else ""
    name = f"{scope}/{reader.type}"
    return _Read(
        resources=found,
        listing=ResourceListing(
            type=reader.type,
            complete=problem is None,
            reason=reason,
            calls=calls - before[0],
            read_at=stamp(now()),
        ),
        account=ScopeRead(
            view=View.CLOUD,
            scope=name,
            status=status,
            reason=reason,
            calls=calls - before[0],
            throttles=throttles - before[1],
            seconds=round(time.monotonic() - started, 3),
        ),
        gap=_gap(name, reader.type, problem.reason, problem.remedy, status) if problem else None,
    )


def _gap(scope: str, subject: str, reason: str, remedy: str, status: ScopeStatus = ScopeStatus.FAILED) -> Gap:
    return Gap(view=View.CLOUD, scope=scope, subject=subject, reason=reason, remedy=remedy, status=status)
