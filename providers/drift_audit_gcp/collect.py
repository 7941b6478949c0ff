"""One project as Google describes it, and what it refused to say."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from drift_audit.clock import now, stamp
from drift_audit.interfaces import Progress, ScopeRequest
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.progress import began, counted, ended, part_done, planned
from drift_audit.model.views import CloudScopeView, Gap, ResourceListing, ScopeRead, ScopeStatus, View
from drift_audit_gcp.plan import HOST_PROJECT_HINT
from drift_audit_gcp.reading import READERS, PartlyUnreachable, Reader, Wanted
from drift_audit_gcp.refusals import FAILURES, Refusal, refusal
from drift_audit_gcp.resource_types import GROUP_MEMBERS, INSTANCE_GROUP, PROJECT
from drift_audit_gcp.rights import IDENTITY_PERMISSION
from drift_audit_gcp.session import ProjectSession

logger = logging.getLogger(__name__)

PROJECT_FIELDS = "kind,id,name,defaultServiceAccount,xpnProjectStatus"
"""Without the metadata that all instances share: its values can be anything."""

_BUG = "See the traceback in the log and report it."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a listing gave before it ended, and why it ended early."""

    resources: Mapping[tuple[str, str], CloudResource]
    listing: ResourceListing
    account: ScopeRead
    gap: Gap | None = None


def collect_scope(session: ProjectSession, request: ScopeRequest, page_size: int, progress: Progress) -> CloudScopeView:
    """The project's resources of every type; what fails is incomplete and has a gap, the rest is unaffected."""
    scope = request.scope
    progress(began(str(scope), "reading the project", things="resources", kinds="types"))
    project, doubt = _verified(session, scope)
    if project is None or doubt is not None:
        progress(ended(str(scope), doubt.reason if doubt else ""))
        return _unread(request, doubt)
    found = {(PROJECT, scope.account): project}
    reads: list[_Read] = []
    readers = _readers(request)
    progress(planned(str(scope), len(readers)))
    for reader in readers:
        named = frozenset(request.hints.get(_named_as(reader), ()))
        read = _read(reader, session, Wanted(scope=scope, named=named, page_size=page_size), progress)
        reads.append(read)
        found.update(read.resources)
        progress(part_done(str(scope)))
    progress(ended(str(scope), f"{len(found):,} resources"))
    return CloudScopeView(
        scope=scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=scope.account,
        resources=found,
        listings={read.listing.type: read.listing for read in reads},
        read_at=stamp(now()),
        gaps=tuple(read.gap for read in reads if read.gap is not None),
        reads=tuple(read.account for read in reads),
    )


def reread_scope(
    session: ProjectSession,
    request: ScopeRequest,
    view: CloudScopeView,
    suspects: Sequence[ResourceKey],
    page_size: int,
) -> CloudScopeView:
    """The view with the suspects read once more. One that is gone is taken out; a failed read confirms nothing."""
    _, doubt = _verified(session, request.scope)
    if doubt is not None:
        return replace(view, gaps=(*view.gaps, doubt))
    for reader in _readers(request):
        ids = frozenset(key.id for key in suspects if key.scope == request.scope and key.type == reader.type)
        if ids:
            read = _read(reader, session, Wanted(scope=request.scope, only=ids, page_size=page_size))
            view = _with_second_look(view, reader, ids, read)
    return view


def _with_second_look(view: CloudScopeView, reader: Reader, ids: frozenset[str], read: _Read) -> CloudScopeView:
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


def _readers(request: ScopeRequest) -> list[Reader]:
    host_only = bool(request.hints.get(HOST_PROJECT_HINT))
    return [reader for reader in READERS if reader.of_network or not host_only]


def _named_as(reader: Reader) -> str:
    return INSTANCE_GROUP if reader.type == GROUP_MEMBERS else reader.type


def _verified(session: ProjectSession, scope: CloudScope) -> tuple[CloudResource | None, Gap | None]:
    """The project as Google names it, and a gap unless it is the one that was to be read.

    Behind a wrong endpoint a whole fleet would look missing, so nothing is listed there at all.
    """
    name = str(scope)
    try:
        body = session.get(f"projects/{scope.account}", "compute#project", fields=PROJECT_FIELDS)
    except FAILURES as error:
        refused = refusal(error, IDENTITY_PERMISSION, scope.account)
        reason = f"the project could not be verified: {refused.reason}"
        return None, replace(_gap(name, "", reason, refused.remedy), right=refused.right)
    if body.get("name") != scope.account:
        reason = f"Google answers for project {body.get('name')}, expected {scope.account}"
        return None, _gap(name, "", reason, "Write the project's id, not its number, and check endpoint_url.")
    key = ResourceKey(scope.provider, scope.account, scope.region, PROJECT, scope.account)
    attributes = {name: body[name] for name in PROJECT_FIELDS.split(",") if name in body}
    return CloudResource(key=key, attributes=attributes), None


def _unread(request: ScopeRequest, doubt: Gap | None) -> CloudScopeView:
    scope, reason = request.scope, doubt.reason if doubt else ""
    kinds = [reader.type for reader in _readers(request)]
    return CloudScopeView(
        scope=scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=None,
        resources={},
        listings={kind: ResourceListing(type=kind, complete=False, reason=reason) for kind in kinds},
        read_at=stamp(now()),
        gaps=(doubt,) if doubt else (),
        reads=tuple(
            ScopeRead(view=View.CLOUD, scope=f"{scope}/{kind}", status=ScopeStatus.FAILED, reason=reason)
            for kind in kinds
        ),
    )


def _read(reader: Reader, session: ProjectSession, wanted: Wanted, progress: Progress = lambda step: None) -> _Read:
    scope, meter = wanted.scope, session.meter
    found: dict[tuple[str, str], CloudResource] = {}
    calls, throttles, started = meter.calls, meter.throttles, time.monotonic()
    problem: Refusal | None = None
    try:
        for resource in counted(progress, str(scope), reader.read(reader, session, wanted)):
            found[resource.key.type, resource.key.id] = resource
    except FAILURES as error:
        problem = refusal(error, reader.permissions[0], scope.account)
    except PartlyUnreachable as error:
        problem = Refusal(
            reason=f"Google could not reach {', '.join(error.places)} of project {scope.account}",
            remedy="Run the audit again; if it stays, look at the status page of Google Cloud.",
        )
    except Exception as error:
        logger.exception("reading %s of %s failed", reader.type, scope)
        problem = Refusal(reason=f"reading failed unexpectedly: {type(error).__name__}", remedy=_BUG)
    status = ScopeStatus.COMPLETE if problem is None else ScopeStatus.PARTIAL if found else ScopeStatus.FAILED
    reason, name = problem.reason if problem else "", f"{scope}/{reader.type}"
    cost = meter.calls - calls
    return _Read(
        resources=found,
        listing=ResourceListing(
            type=reader.type, complete=problem is None, reason=reason, calls=cost, read_at=stamp(now())
        ),
        account=ScopeRead(
            view=View.CLOUD,
            scope=name,
            status=status,
            reason=reason,
            calls=cost,
            throttles=meter.throttles - throttles,
            seconds=round(time.monotonic() - started, 3),
        ),
        gap=replace(_gap(name, reader.type, reason, problem.remedy, status), right=problem.right) if problem else None,
    )


def _gap(scope: str, subject: str, reason: str, remedy: str, status: ScopeStatus = ScopeStatus.FAILED) -> Gap:
    return Gap(view=View.CLOUD, scope=scope, subject=subject, reason=reason, remedy=remedy, status=status)
