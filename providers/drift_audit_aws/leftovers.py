"""Resources that say they belong to a cluster and that no object of the fleet names.

A leftover is a strong word: somebody may delete what is called so. It therefore follows only from complete
listings on both sides, in the verified account, and never for what any rule of `ownership.VETOES` explains.

An audit of a part of the fleet judges what stands in the VPC of a cluster of that part: the machines of a cluster
live in its namespace. What any other cluster claims is passed over, for it may belong to the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from drift_audit.interfaces import Leftover
from drift_audit.model.keys import CloudScope, ClusterKey, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, ScopeStatus, View
from drift_audit_aws.families import FAMILIES, LEFTOVERS
from drift_audit_aws.fleet import CONTROL_PLANE, CORE, EKS, INFRASTRUCTURE, AwsCluster, Fleet
from drift_audit_aws.ownership import ASG_TAG, Circumstances, Claim, claims, veto, vpc_of
from drift_audit_aws.placing import Placements
from drift_audit_aws.resource_types import ACCOUNT_WIDE, AUTO_SCALING_GROUP

_DECIDING_KINDS: tuple[tuple[str, str], ...] = (
    (CORE, "Cluster"),
    (INFRASTRUCTURE, "AWSCluster"),
    (INFRASTRUCTURE, "AWSMachine"),
    (INFRASTRUCTURE, "AWSMachinePool"),
    (INFRASTRUCTURE, "AWSManagedMachinePool"),
    (INFRASTRUCTURE, "AWSFargateProfile"),
    (CONTROL_PLANE, EKS),
)
"""Kinds whose objects name instances or security groups. One of them unread, and nothing is left over for sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Everything that a resource is judged by."""

    fleet: Fleet
    places: Placements
    circumstances: Circumstances
    selected: frozenset[ClusterKey] | None
    """The clusters that were read wholly, in an audit of a part of the fleet; `None` in one of all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Whom a claim means, as far as that can be told."""

    cluster: AwsCluster | None
    sure: bool
    why: str


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
    known = _Known(
        fleet=fleet,
        places=places,
        circumstances=Circumstances(now=now, min_age=min_age, pools=fleet.pool_names),
        selected=_selected(fleet) if any(map(_narrowed, fleet.views)) else None,
    )
    named = {each.id for family in FAMILIES for each in family.names(fleet)}
    homeless = _unplaced_names(fleet, places)
    found: list[Leftover] = []
    for cloud in clouds:
        for (kind, resource_id), resource in sorted(cloud.resources.items()):
            if kind not in LEFTOVERS or not cloud.listed(kind) or resource_id in named or resource.key in claimed:
                continue
            owners = claims(resource, by_cloud_provider_tag=LEFTOVERS[kind].by_cloud_provider_tag)
            # A cluster without a known place may live right here: its objects were compared with nothing.
            if owners and not any(claim.name in homeless for claim in owners):
                found.extend(_judge(resource, owners, cloud, known))
        if known.selected is None:
            found.extend(
                chain.from_iterable(family.left_by_others(fleet, cloud, known.circumstances) for family in FAMILIES)
            )
    return tuple(_without_members(found, clouds)), ()


def _without_members(found: Sequence[Leftover], clouds: Sequence[CloudScopeView]) -> Iterator[Leftover]:
    """Instances go with their Auto Scaling group: while it is left over itself, it would replace them."""
    groups = {leftover.resource for leftover in found if leftover.resource.type == AUTO_SCALING_GROUP}
    by_scope = {cloud.scope: cloud for cloud in clouds}
    for leftover in found:
        key = leftover.resource
        tags = by_scope[key.scope].resources[key.type, key.id].tags
        if replace(key, type=AUTO_SCALING_GROUP, id=tags.get(ASG_TAG, "")) not in groups:
            yield leftover


def _unread_kinds(views: Sequence[ClusterView]) -> Iterator[tuple[ClusterView, str]]:
    for view in views:
        for group, kind in _DECIDING_KINDS:
            if not view.listed(group, kind) and not _unserved(view, group, kind):
                yield view, kind


def _unserved(view: ClusterView, group: str, kind: str) -> bool:
    """True when the management cluster has no such kind: discovery worked, and nothing failed in that view."""
    return (group, kind) not in view.kinds and view.listed(CORE, "Cluster") and not view.gaps


def _narrowed(view: ClusterView) -> bool:
    """True when objects that name resources can exist outside the view."""
    listings = (view.kinds.get(kind) for kind in _DECIDING_KINDS)
    return bool(view.namespaces or view.left_out) or any(listing and listing.namespaces for listing in listings)


def _selected(fleet: Fleet) -> frozenset[ClusterKey]:
    """The clusters whose own objects were all read, and whose name no cluster has that the selector leaves out."""
    views = {view.management_cluster: view for view in fleet.views}
    left_out = {key.name for view in fleet.views for key in view.left_out if (key.group, key.kind) == (CORE, "Cluster")}
    return frozenset(
        key
        for key, cluster in fleet.clusters.items()
        if not cluster.tag_names & left_out and _reads_all_of(views[key.management_cluster], key.namespace)
    )


def _reads_all_of(view: ClusterView, namespace: str) -> bool:
    listings = (view.kinds.get(kind) for kind in _DECIDING_KINDS)
    return all(namespace in listing.namespaces for listing in listings if listing and listing.namespaces)


def _doubts(views: Sequence[ClusterView]) -> list[str]:
    """`management cluster prod (AWSCluster, AWSMachine)`: what was not read completely."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for view, kind in _unread_kinds(views):
        kinds[view.management_cluster].append(kind)
    return [f"management cluster {name} ({', '.join(unread)})" for name, unread in kinds.items()]


def _undecidable(cloud: CloudScopeView, doubts: Sequence[str]) -> Gap:
    return Gap(
        view=View.CLOUD,
        scope=str(cloud.scope),
        subject="leftovers",
        reason=f"nothing can be called left over while it is not known what all objects name: {', '.join(doubts)}",
        remedy="Let the audit list these kinds in all namespaces; the management clusters have gaps that say why not.",
        status=ScopeStatus.PARTIAL,
    )


def _judge(
    resource: CloudResource,
    claimed: Sequence[Claim],
    cloud: CloudScopeView,
    known: _Known,
) -> Iterator[Leftover]:
    if veto(resource, known.circumstances):
        return
    owners = [(claim, _owner(resource, claim, cloud, known.fleet, known.places)) for claim in claimed]
    if known.selected is not None and not all(_surely_of(owner, known.selected) for _, owner in owners):
        return
    if any(_explained(resource, owner.cluster, cloud, known.fleet) for _, owner in owners if owner.cluster is not None):
        return
    claim, owner = owners[0]
    rule = LEFTOVERS[resource.key.type]
    words = {"id": resource.key.id, "region": resource.key.region}
    yield Leftover(
        resource=resource.key,
        cluster=owner.cluster.key if owner.cluster is not None else None,
        claimed=claim.name,
        why_sure=_why_sure(resource, owner),
        severity=rule.severity,
        next_steps=tuple(step.format(**words) for step in rule.next_steps),
        potential=not (owner.sure and claim.by_owned_tag and len(claimed) == 1),
        created_at=resource.created_at,
    )


def _surely_of(owner: _Owner, selected: frozenset[ClusterKey]) -> bool:
    return owner.sure and owner.cluster is not None and owner.cluster.key in selected


def _owner(resource: CloudResource, claim: Claim, cloud: CloudScopeView, fleet: Fleet, places: Placements) -> _Owner:
    """The cluster that a tag means. The name alone decides only where it is unique; else the VPC does."""
    here = [
        cluster
        for key, cluster in fleet.clusters.items()
        if claim.name in cluster.tag_names and key in places.placed and _lives_in(places.placed[key].scope, resource)
    ]
    stands_in = LEFTOVERS[resource.key.type].stands_in
    in_vpc = [cluster for cluster in here if stands_in(resource, cluster)]
    if not here:
        why = "no audited management cluster has a cluster of that name here; another one may"
        return _Owner(cluster=None, sure=False, why=why)
    if len(in_vpc) == 1:
        return _Owner(cluster=in_vpc[0], sure=True, why=f"it stands in the cluster's own VPC {in_vpc[0].vpc_id}")
    if len(here) == 1 and not vpc_of(resource) and here[0].builds_its_vpc:
        # CAPA looks for its VPC by the cluster's name: it cannot build two of one name in an account and region.
        return _Owner(cluster=here[0], sure=True, why="the only cluster of that name here, whose VPC CAPA built")
    if len(here) == 1 and not in_vpc:
        where = "it stands outside the cluster's VPC" if vpc_of(resource) else "its tag alone says whose it is"
        return _Owner(cluster=here[0], sure=False, why=where)
    return _Owner(cluster=None, sure=False, why=f"{len(here)} clusters of that name share this account and region")


def _lives_in(scope: CloudScope, resource: CloudResource) -> bool:
    """True when a cluster of that scope can have the resource."""
    return scope == resource.key.scope or (scope.account == resource.key.account and resource.key.type in ACCOUNT_WIDE)


def _unplaced_names(fleet: Fleet, places: Placements) -> frozenset[str]:
    """The names of clusters of which nobody knows where they live."""
    placeless = (cluster for key, cluster in fleet.clusters.items() if key in places.unplaced)
    names = {name for cluster in placeless for name in cluster.tag_names}
    return frozenset(names | {key.name for key, _ in fleet.broken})


def _explained(resource: CloudResource, cluster: AwsCluster, cloud: CloudScopeView, fleet: Fleet) -> bool:
    """True while CAPA is about to record the resource, or to remove it, or where something else tells of it."""
    rule = LEFTOVERS[resource.key.type]
    return cluster.deleting or rule.expected(resource, cluster, fleet) or rule.explained(resource, cluster, cloud)


def _why_sure(resource: CloudResource, owner: _Owner) -> str:
    group = resource.tags.get(ASG_TAG, "")
    member = f"; Auto Scaling group {group} keeps it, and no AWSMachinePool has that name" if group else ""
    return f"no object of the audited management clusters names it; {owner.why}{member}"
