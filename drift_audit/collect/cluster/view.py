"""The whole view of one management cluster: discovery, every kind in parallel, definitions, and what is missing."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from drift_audit import clock as wall
from drift_audit.clock import Clock, stamp
from drift_audit.collect.cluster.alike import alike
from drift_audit.collect.cluster.connection import Connection
from drift_audit.collect.cluster.crds import read_definitions
from drift_audit.collect.cluster.discovery import Discovery, KindName, discover
from drift_audit.collect.cluster.faults import Ask, Unreadable
from drift_audit.collect.cluster.kinds import KindRead, Reader, failed_read, read_kind
from drift_audit.collect.cluster.kubeconfig import access_to
from drift_audit.collect.cluster.pacing import Deadline, Tally
from drift_audit.collect.cluster.plan import KindPlan, Wanted, concerns, plan_reads
from drift_audit.collect.cluster.selection import CLUSTER, left_out, unselected_clusters
from drift_audit.collect.garbage import relaxed_garbage_collection
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.errors import ConfigError, DriftAuditError, UsageError
from drift_audit.interfaces import Progress
from drift_audit.model.progress import began, ended, part_done, planned
from drift_audit.model.views import ClusterView, Gap, KindListing, ScopeRead, ScopeStatus, View

logger = logging.getLogger(__name__)

PARALLEL_KINDS = 4
"""Enough to hide the round trips; more would only queue behind the API server's own fairness limits."""


def collect_cluster(
    settings: ManagementClusterSettings,
    *,
    wanted: Wanted,
    base_dir: Path,
    masker: Masker,
    progress: Progress,
    clock: Clock = wall.now,
    within: float = math.inf,
) -> ClusterView:
    """The management cluster as it is now; what could not be read is among its gaps.

    Sends GET requests only, and none later than `within` seconds or its own deadline from now. A kubeconfig or context
    that does not exist or is malformed is a gap like every other; `base_dir` is the folder that a relative kubeconfig
    path starts from.
    """
    progress(began(settings.name, "reading the management cluster"))
    with opened(settings, base_dir, masker, clock, progress, within) as reader:
        if isinstance(reader, Unreadable):
            view = unread_cluster(settings, reader.reason, reader.remedy, clock)
        else:
            view = _read(settings, reader, wanted)
    gaps = f", {len(view.gaps)} gap{'' if len(view.gaps) == 1 else 's'}" if view.gaps else ""
    progress(ended(settings.name, f"{len(view.objects):,} objects of {len(view.kinds):,} kinds{gaps}"))
    return view


@contextmanager
def opened(
    settings: ManagementClusterSettings,
    base_dir: Path,
    masker: Masker,
    clock: Clock,
    progress: Progress = lambda step: None,
    within: float = math.inf,
) -> Iterator[Reader | Unreadable]:
    """A reader for the block, or the reason why there is none."""
    deadline = Deadline(min(settings.deadline_seconds, within), of_fleet=within < settings.deadline_seconds)
    try:
        access = access_to(settings, base_dir)
        connection = Connection(access, timeout=settings.timeout_seconds, deadline=deadline, clock=clock)
    except Unreadable as fault:
        yield fault
        return
    except (ConfigError, UsageError) as error:
        yield _no_way(error)
        return
    try:
        with relaxed_garbage_collection():
            yield Reader(
                management_cluster=settings.name,
                connection=connection,
                masker=masker,
                clock=clock,
                page_size=settings.page_size,
                progress=progress,
            )
    finally:
        connection.close()


def _no_way(error: ConfigError | UsageError) -> Unreadable:
    """A mistake of the user that costs one management cluster: the others are audited all the same."""
    if isinstance(error, UsageError):
        return Unreadable(str(error), "Set kubeconfig and context, or run the audit inside the cluster.")
    first = error.problems[0]
    place = f"{first.file}:{first.line}" if first.line else first.file
    return Unreadable(
        f"{first.message}: {place}", f"Mend the kubeconfig or the configuration: {first.hint}.".replace(": .", ".")
    )


def unread_cluster(settings: ManagementClusterSettings, reason: str, remedy: str, clock: Clock) -> ClusterView:
    """The view of a management cluster of which nothing could be learned."""
    gap = Gap(view=View.CAPI, scope=settings.name, subject="", reason=reason, remedy=remedy)
    read = ScopeRead(view=View.CAPI, scope=settings.name, status=ScopeStatus.FAILED, reason=reason)
    return ClusterView(
        management_cluster=settings.name,
        server_version="",
        objects={},
        namespaces=settings.namespaces,
        read_at=stamp(clock()),
        gaps=(gap,),
        reads=(read,),
    )


def _read(settings: ManagementClusterSettings, reader: Reader, wanted: Wanted) -> ClusterView:
    try:
        learned = learn_server(reader, wanted)
    except Unreadable as fault:
        return unread_cluster(settings, fault.reason, fault.remedy, reader.clock)
    plans = plan_reads(learned.discovery.kinds, wanted, settings.namespaces)
    reader.progress(planned(settings.name, len(plans)))
    view = ClusterView(
        management_cluster=settings.name,
        server_version=learned.server_version,
        objects={},
        kinds=_unserved(learned.discovery, wanted, stamp(reader.clock())),
        namespaces=settings.namespaces,
        read_at=stamp(reader.clock()),
        gaps=learned.gaps,
        reads=(learned.read,),
    )
    with ThreadPoolExecutor(PARALLEL_KINDS, thread_name_prefix="kinds") as pool:
        view = _with_kinds(view, list(pool.map(lambda plan: _read_safely(reader, plan), plans)))
        if settings.label_selector:
            view = _selected(view, reader, plans, settings.label_selector)
        return _with_definitions(view, reader, plans, wanted, pool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the server says about itself."""

    server_version: str
    discovery: Discovery
    gaps: tuple[Gap, ...]
    read: ScopeRead


def learn_server(reader: Reader, wanted: Wanted) -> Learned:
    """Version and served kinds; raises `Unreadable` for a server out of reach."""
    started = time.monotonic()
    tally = Tally()
    version = server_version(reader.connection, tally)
    discovery = discover(reader.connection, lambda group: concerns(group, wanted), tally)
    gaps = tuple(
        reader.gap("discovery", fault, subject=f"{group}/{version}" if group else version, partial=True)
        for (group, version), fault in discovery.broken.items()
    )
    read = ScopeRead(
        view=View.CAPI,
        scope=reader.scope("discovery"),
        status=ScopeStatus.PARTIAL if gaps else ScopeStatus.COMPLETE,
        reason=gaps[0].reason if gaps else "",
        calls=tally.calls,
        throttles=tally.throttles,
        seconds=round(time.monotonic() - started, 3),
    )
    return Learned(server_version=version, discovery=discovery, gaps=gaps, read=read)


class _Version(msgspec.Struct):
    gitVersion: str = ""


def server_version(connection: Connection, tally: Tally) -> str:
    """`v1.36.0`; empty where the server keeps it to itself."""
    try:
        reply = connection.get(Ask(verb="get", path="/version"), "/version", tally)
        return msgspec.json.decode(reply.body, type=_Version).gitVersion
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    except Unreadable as fault:
        if fault.status in (403, 404):
            return ""
        raise


def _unserved(discovery: Discovery, wanted: Wanted, read_at: str) -> dict[KindName, KindListing]:
    """Kinds that Git declares and the server does not serve: proven to have no objects, unless discovery failed."""
    served = {(kind.group, kind.kind) for kind in discovery.kinds}
    broken = {group: fault.reason for (group, _), fault in discovery.broken.items()}
    return {
        (group, kind): KindListing(
            group=group,
            kind=kind,
            plural="",
            version="",
            served=(),
            namespaced=True,
            complete=group not in broken,
            reason=broken.get(group, ""),
            read_at=read_at,
            alike=alike((group, kind), discovery.names) if (group, kind) in wanted.everywhere else (),
        )
        for group, kind in sorted({*wanted.versions, *wanted.everywhere})
        if (group, kind) not in served
    }


def _read_safely(reader: Reader, plan: KindPlan) -> KindRead:
    """The kind; a bug of ours costs this kind, not the audit."""
    try:
        return read_kind(reader, plan)
    except DriftAuditError:
        raise
    except Exception as error:
        logger.exception("reading %s failed", plan.served.kind)
        fault = Unreadable(
            f"list {plan.served.plural}.{plan.served.group}: {type(error).__name__} inside drift-audit",
            "Report this with the traceback from the log.",
        )
        return failed_read(reader, plan, fault)
    finally:
        reader.progress(part_done(reader.management_cluster))


def _with_kinds(view: ClusterView, reads: Sequence[KindRead]) -> ClusterView:
    """The view with what was read of each kind, in the order of group, kind, namespace and name."""
    reads = sorted(reads, key=lambda read: (read.listing.group, read.listing.kind))
    listings = {(read.listing.group, read.listing.kind): read.listing for read in reads}
    return replace(
        view,
        objects={key: found for read in reads for key, found in read.objects.items()},
        other_versions={key: found for read in reads for key, found in read.others.items()},
        kinds={**listings, **view.kinds},
        gaps=(*view.gaps, *(gap for read in reads for gap in read.gaps)),
        reads=(*view.reads, *(read.read for read in reads)),
    )


def _selected(view: ClusterView, reader: Reader, plans: Sequence[KindPlan], selector: str) -> ClusterView:
    """The view without what belongs to Clusters that the selector excludes; everything, where it cannot be told."""
    plan = next((plan for plan in plans if plan.kind_name == CLUSTER), None)
    if plan is None:
        return view
    unselected = unselected_clusters(reader, plan, view.objects, selector, Tally())
    if isinstance(unselected, Unreadable):
        gap = reader.gap(plan.served.kind, unselected, subject=f"label selector {selector!r}", partial=True)
        return replace(view, gaps=(*view.gaps, gap))
    excluded = left_out(view.objects, unselected)
    return replace(
        view,
        objects={key: found for key, found in view.objects.items() if key not in excluded},
        other_versions={key: found for key, found in view.other_versions.items() if key[0] not in excluded},
        left_out=excluded,
    )


def _with_definitions(
    view: ClusterView, reader: Reader, plans: Sequence[KindPlan], wanted: Wanted, pool: Executor
) -> ClusterView:
    """The view with schemas and labels of the kinds that it holds or that Git declares."""
    held: Mapping[KindName, None] = {(key.group, key.kind): None for key in view.objects}
    kinds = [plan.served for plan in plans if plan.kind_name in held or plan.kind_name in wanted.versions]
    definitions = read_definitions(reader, kinds, pool)
    return replace(
        view,
        schemas=definitions.schemas,
        crd_labels=definitions.labels,
        gaps=(*view.gaps, *definitions.gaps),
        reads=(*view.reads, definitions.read),
    )
