"""Resources that say they belong to a cluster and that no object of the fleet names.

A leftover is a strong word: somebody may delete what is called so. It therefore follows only from complete listings on
both sides, in the verified project, and never for what a rule of `_VETOES` explains. What carries no mark (load
balancers, instance groups, firewall rules, disks) is never called left over.

An audit of a part of the fleet judges only what the clusters of that part claim: a name that none of them has may be
another cluster's, which this audit did not look at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.interfaces import Leftover
from drift_audit.model.keys import ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import mapping, sequence, text
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, ScopeStatus, View
from drift_audit_gcp.families import LEFTOVERS
from drift_audit_gcp.fleet import CORE, INFRASTRUCTURE, Fleet, GcpCluster
from drift_audit_gcp.links import last
from drift_audit_gcp.placing import Placements

_MARK = "capg-cluster-"
_DECIDING_KINDS: tuple[tuple[str, str], ...] = (
    (CORE, "Cluster"),
    (INFRASTRUCTURE, "GCPCluster"),
    (INFRASTRUCTURE, "GCPMachine"),
    (INFRASTRUCTURE, "GCPMachinePool"),
    (INFRASTRUCTURE, "GCPManagedCluster"),
    (INFRASTRUCTURE, "GCPManagedMachinePool"),
)
"""Kinds whose objects stand for marked resources. One of them unread, and nothing is left over for sure."""

_GOING = frozenset({"STOPPING", "DELETING"})


def _metadata_keys(resource: CloudResource) -> set[str]:
    items = sequence(mapping(resource.attributes.get("metadata")).get("items"))
    return {text(mapping(item).get("key")) for item in items}


_VETOES: Mapping[str, Callable[[CloudResource], bool]] = {
    "a managed instance group made it": lambda found: "created-by" in _metadata_keys(found),
    "a GCPMachinePool or GKE made it": lambda found: "capg-config-hash" in found.tags,
    "GKE made it": lambda found: (
        last(found.key.id).startswith("gke-") or any(key.startswith("goog-") for key in found.tags)
    ),
    "it is on its way out": lambda found: found.attributes.get("status") in _GOING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Everything that a resource is judged by."""

    fleet: Fleet
    places: Placements
    min_age: timedelta
    now: datetime
    whole: bool
    """False in an audit of a part of the fleet."""


def find_leftovers(
    fleet: Fleet,
    places: Placements,
    clouds: Sequence[CloudScopeView],
    claimed: Set[ResourceKey],
    min_age: timedelta,
    now: datetime,
) -> tuple[tuple[Leftover, ...], tuple[Gap, ...]]:
    """All leftovers, and gaps for the scopes in which none can be told."""
    doubts = _doubts(fleet.views)
    if doubts:
        return (), tuple(_undecidable(cloud, doubts) for cloud in clouds)
    whole = not any(map(_narrowed, fleet.views))
    known = _Known(fleet=fleet, places=places, min_age=min_age, now=now, whole=whole)
    homeless = {key.name for key in places.unplaced}
    found: list[Leftover] = []
    for cloud in clouds:
        for (kind, _), resource in sorted(cloud.resources.items()):
            if kind not in LEFTOVERS or not cloud.listed(kind) or resource.key in claimed:
                continue
            name = claim_of(resource)
            # A cluster without a known place may live right here: its objects were compared with nothing.
            if name and name not in homeless:
                found.extend(_judged(resource, name, known))
    return tuple(found), ()


def claim_of(resource: CloudResource) -> str:
    """The cluster that the resource says it belongs to; empty when it says nothing."""
    for key, value in resource.tags.items():
        if key.startswith(_MARK) and value == "owned":
            return key.removeprefix(_MARK)
    description = text(resource.attributes.get("description"))
    return description.removeprefix(_MARK) if description.startswith(_MARK) else ""


def _judged(resource: CloudResource, name: str, known: _Known) -> Iterator[Leftover]:
    created = moment(resource.created_at)
    young = created is not None and known.now - created < known.min_age
    if young or any(applies(resource) for applies in _VETOES.values()):
        return
    rule = LEFTOVERS[resource.key.type]
    owners = _owners(resource, name, known)
    if any(rule.expected(resource, owner, known.fleet) or owner.deleting for owner in owners):
        return
    if not known.whole and not owners:
        return
    sure = len(owners) == 1 and known.whole
    words = {"id": resource.key.id, "project": resource.key.account}
    yield Leftover(
        resource=resource.key,
        cluster=owners[0].key if len(owners) == 1 else None,
        claimed=name,
        why_sure=_why(resource, owners, sure=sure),
        severity=rule.severity,
        next_steps=tuple(step.format(**words) for step in rule.next_steps),
        potential=not sure,
        created_at=resource.created_at,
    )


def _owners(resource: CloudResource, name: str, known: _Known) -> list[GcpCluster]:
    """The clusters of that name that live in this project, or that have their network in it."""
    project = resource.key.account
    return [
        cluster
        for key, cluster in known.fleet.clusters.items()
        if key.name == name and key in known.places.placed and project in (cluster.project, cluster.network_project)
    ]


def _why(resource: CloudResource, owners: Sequence[GcpCluster], *, sure: bool) -> str:
    if not owners:
        return "no audited management cluster has a cluster of that name here; another one may"
    if len(owners) > 1:
        return f"{len(owners)} clusters of that name live in project {resource.key.account}"
    if not sure:
        return "only a part of the fleet was read"
    return f"the only cluster of that name in project {resource.key.account}"


def _narrowed(view: ClusterView) -> bool:
    """True when objects that name resources can exist outside the view."""
    listings = (view.kinds.get(kind) for kind in _DECIDING_KINDS)
    return bool(view.namespaces or view.left_out) or any(listing and listing.namespaces for listing in listings)


def _doubts(views: Sequence[ClusterView]) -> list[str]:
    """`management cluster prod (GCPCluster, GCPMachine)`: what was not read completely."""
    unread: dict[str, list[str]] = defaultdict(list)
    for view in views:
        for group, kind in _DECIDING_KINDS:
            if not view.listed(group, kind) and not _unserved(view, group, kind):
                unread[view.management_cluster].append(kind)
    return [f"management cluster {name} ({', '.join(kinds)})" for name, kinds in unread.items()]


def _unserved(view: ClusterView, group: str, kind: str) -> bool:
    """True when the management cluster has no such kind: discovery worked, and nothing failed in that view."""
    return (group, kind) not in view.kinds and view.listed(CORE, "Cluster") and not view.gaps


def _undecidable(cloud: CloudScopeView, doubts: Sequence[str]) -> Gap:
    return Gap(
        view=View.CLOUD,
        scope=str(cloud.scope),
        subject="leftovers",
        reason=f"nothing can be called left over while it is not known what all objects name: {', '.join(doubts)}",
        remedy="Let the audit list these kinds in all namespaces; the management clusters have gaps that say why not.",
        status=ScopeStatus.PARTIAL,
    )
