"""One kind of a management cluster: its objects as the view keeps them, or a gap that says what is missing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drift_audit.clock import Clock, stamp
from drift_audit.collect.cluster.connection import Connection
from drift_audit.collect.cluster.discovery import ServedKind
from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.listing import Listed, get_object, list_kind
from drift_audit.collect.cluster.pacing import Tally
from drift_audit.collect.cluster.parsing import RawObject
from drift_audit.collect.cluster.plan import KindPlan
from drift_audit.collect.masking import Masker
from drift_audit.interfaces import Progress
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.progress import read
from drift_audit.model.views import Gap, KindListing, ScopeRead, ScopeStatus, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What every read of one management cluster needs."""

    management_cluster: str
    connection: Connection
    masker: Masker
    clock: Clock
    page_size: int
    progress: Progress = lambda step: None

    def scope(self, kind: str) -> str:
        return f"{self.management_cluster}/{kind}"

    def gap(self, kind: str, fault: Unreadable, *, subject: str = "", partial: bool = False) -> Gap:
        """What the fault leaves unread; without a kind, the whole management cluster."""
        return Gap(
            view=View.CAPI,
            scope=self.scope(kind) if kind else self.management_cluster,
            subject=subject,
            reason=fault.reason,
            remedy=fault.remedy,
            status=ScopeStatus.PARTIAL if partial else ScopeStatus.FAILED,
            right=fault.right,
        )

    def kept(self, served: ServedKind, version: str, raw: RawObject) -> CapiObject:
        """The object as the view holds it: without secret values."""
        metadata: Mapping[str, str] = raw["metadata"]
        return CapiObject(
            api_version=f"{served.group}/{version}" if served.group else version,
            kind=served.kind,
            namespace=metadata.get("namespace") or "",
            name=metadata["name"],
            raw=self.masker.mask_object(raw),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRead:
    """All that was learned of one kind."""

    listing: KindListing
    read: ScopeRead
    objects: Mapping[ObjectKey, CapiObject] = field(default_factory=dict)
    others: Mapping[tuple[ObjectKey, str], CapiObject] = field(default_factory=dict)
    """In the further versions that Git uses."""
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _VersionRead:
    """The kind in one version, over all namespaces that were asked for."""

    version: str
    objects: Mapping[ObjectKey, CapiObject]
    faults: tuple[tuple[str, Unreadable], ...] = ()
    """With the namespace or the object that each one concerns."""
    remark: str = ""
    resource_version: str = ""


def read_kind(reader: Reader, plan: KindPlan) -> KindRead:
    """The kind as planned. Never raises for what the server refuses."""
    started = time.monotonic()
    read_at = stamp(reader.clock())
    tally = Tally()
    kind = plan.served.kind
    main, gaps = _in_a_readable_version(reader, plan, tally)
    gaps += [reader.gap(kind, fault, subject=part, partial=bool(main.objects)) for part, fault in main.faults]
    others: dict[tuple[ObjectKey, str], CapiObject] = {}
    for version in plan.others:
        if version == main.version:
            continue
        other = _in_version(reader, plan, version, tally)
        others.update({(key, version): found for key, found in other.objects.items()})
        gaps += [reader.gap(kind, fault, subject=version, partial=True) for _, fault in other.faults]
    reason = "; ".join(fault.reason for _, fault in main.faults) or main.remark
    return KindRead(
        listing=KindListing(
            group=plan.served.group,
            kind=kind,
            plural=plan.served.plural,
            version=main.version,
            served=plan.served.versions,
            namespaced=plan.served.namespaced,
            complete=not main.faults,
            namespaces=_where(plan),
            reason=reason,
            resource_version=main.resource_version,
            read_at=read_at,
        ),
        read=ScopeRead(
            view=View.CAPI,
            scope=reader.scope(kind),
            status=_status(bool(gaps), bool(main.objects)),
            reason=reason or "; ".join(gap.reason for gap in gaps),
            calls=tally.calls,
            throttles=tally.throttles,
            seconds=round(time.monotonic() - started, 3),
        ),
        objects=main.objects,
        others=others,
        gaps=tuple(gaps),
    )


def failed_read(reader: Reader, plan: KindPlan, fault: Unreadable) -> KindRead:
    """The account of a kind of which nothing was read."""
    return KindRead(
        listing=KindListing(
            group=plan.served.group,
            kind=plan.served.kind,
            plural=plan.served.plural,
            version=plan.version,
            served=plan.served.versions,
            namespaced=plan.served.namespaced,
            complete=False,
            reason=fault.reason,
        ),
        read=ScopeRead(
            view=View.CAPI, scope=reader.scope(plan.served.kind), status=ScopeStatus.FAILED, reason=fault.reason
        ),
        gaps=(reader.gap(plan.served.kind, fault),),
    )


def _where(plan: KindPlan) -> tuple[str, ...]:
    if plan.names is not None:
        return tuple(sorted({namespace for namespace, _ in plan.names}))
    return tuple(sorted(plan.namespaces))


def _in_a_readable_version(reader: Reader, plan: KindPlan, tally: Tally) -> tuple[_VersionRead, list[Gap]]:
    """The kind in the planned version; where that cannot be converted to, in the first version that can be read.

    A broken conversion webhook answers 500 for every version but the stored one (capi.md 1.2). The objects then
    still serve the other comparisons, while the gap keeps Git's version from being called in sync.
    """
    main = _in_version(reader, plan, plan.version, tally)
    unconvertible = not main.objects and any(fault.status == 500 for _, fault in main.faults)
    for version in plan.served.versions if unconvertible else ():
        if version == plan.version:
            continue
        instead = _in_version(reader, plan, version, tally)
        if not instead.faults:
            gaps = [reader.gap(plan.served.kind, fault, subject=plan.version, partial=True) for _, fault in main.faults]
            return instead, gaps
    return main, []


def _in_version(reader: Reader, plan: KindPlan, version: str, tally: Tally) -> _VersionRead:
    parts = _by_name(reader, plan, version, tally) if plan.names is not None else _lists(reader, plan, version, tally)
    objects: dict[ObjectKey, CapiObject] = {}
    faults: list[tuple[str, Unreadable]] = []
    remarks: list[str] = []
    revisions: list[str] = []
    for part, listed in parts:
        # The server sorts by "namespace/name"; one order everywhere makes live and replayed audits alike.
        for _, raw in sorted(listed.objects.items()):
            kept = reader.kept(plan.served, version, raw)
            objects[kept.key] = kept
        if listed.fault is not None:
            faults.append((part, listed.fault))
        remarks += [listed.remark] if listed.remark else []
        revisions.append(listed.resource_version)
    return _VersionRead(
        version=version,
        objects=objects,
        faults=tuple(faults),
        remark="; ".join(dict.fromkeys(remarks)),
        resource_version=revisions[0] if len(revisions) == 1 else "",
    )


def _lists(reader: Reader, plan: KindPlan, version: str, tally: Tally) -> Iterator[tuple[str, Listed]]:
    """(namespace, its list); one list with an empty namespace where nothing restricts them."""
    for namespace in plan.namespaces or ("",):
        yield (
            namespace,
            list_kind(
                reader.connection,
                plan.served,
                version,
                tally,
                namespace=namespace,
                page_size=reader.page_size,
                on_page=lambda objects: reader.progress(read(reader.management_cluster, objects)),
            ),
        )


def _by_name(reader: Reader, plan: KindPlan, version: str, tally: Tally) -> Iterator[tuple[str, Listed]]:
    """(namespace/name, the object alone)."""
    for namespace, name in plan.names or ():
        listed = Listed()
        try:
            raw = get_object(reader.connection, plan.served, version, namespace, name, tally)
        except Unreadable as fault:
            listed.fault = fault
        else:
            listed.objects = {(namespace, name): raw} if raw is not None else {}
        yield "/".join(part for part in (namespace, name) if part), listed


def _status(faulty: bool, found: bool) -> ScopeStatus:
    if not faulty:
        return ScopeStatus.COMPLETE
    return ScopeStatus.PARTIAL if found else ScopeStatus.FAILED
