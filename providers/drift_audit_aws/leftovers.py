"""Resources that say they belong to a cluster and that no object of the fleet names.

A leftover is a strong word: somebody may delete what is called so. It therefore follows only from complete
listings on both sides, in the verified account, and never for what any rule of `ownership.VETOES` explains.

An audit of a part of the fleet judges what stands in the VPC of a cluster of that part: the machines of a cluster
live in its namespace. What any other cluster claims is passed over, for it may belong to the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drift_audit.interfaces import Leftover
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ClusterKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import text
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, ScopeStatus, View
from drift_audit_aws.fleet import CONTROL_PLANE, CORE, EKS, INFRASTRUCTURE, AwsCluster, AwsMachine, Fleet
from drift_audit_aws.instances import INSTANCE
from drift_audit_aws.ownership import (
    ASG_TAG,
    MACHINE_NAME_TAG,
    NAME_TAG,
    ROLE_TAG,
    Circumstances,
    Claim,
    claims,
    veto,
    vpc_of,
)
from drift_audit_aws.plan import Placements
from drift_audit_aws.security_groups import SECURITY_GROUP

_DECIDING_KINDS: tuple[tuple[str, str], ...] = (
    (CORE, "Cluster"),
    (INFRASTRUCTURE, "AWSCluster"),
    (INFRASTRUCTURE, "AWSMachine"),
    (INFRASTRUCTURE, "AWSMachinePool"),
    (CONTROL_PLANE, EKS),
)
"""Kinds whose objects name instances or security groups. One of them unread, and nothing is left over for sure."""

_SEVERITY = {INSTANCE: Severity.HIGH, SECURITY_GROUP: Severity.LOW}
_NEXT_STEPS = {
    INSTANCE: (
        "Look into the instance and find its maker in CloudTrail: event RunInstances, resource {id}.",
        "If nothing needs it: aws ec2 terminate-instances --region {region} --instance-ids {id}",
    ),
    SECURITY_GROUP: (
        "See what still uses the group: aws ec2 describe-network-interfaces --region {region} "
        "--filters Name=group-id,Values={id}",
        "If nothing does: aws ec2 delete-security-group --region {region} --group-id {id}",
    ),
}


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
    fleet: Fleet, places: Placements, clouds: Sequence[CloudScopeView], min_age: timedelta, now: datetime
) -> tuple[tuple[Leftover, ...], tuple[Gap, ...]]:
    """All leftovers, and gaps for the scopes in which none can be told."""
    doubts = [f"{kind} of management cluster {view.management_cluster}" for view, kind in _unread_kinds(fleet.views)]
    if doubts:
        return (), tuple(_undecidable(cloud, doubts) for cloud in clouds)
    known = _Known(
        fleet=fleet,
        places=places,
        circumstances=Circumstances(now=now, min_age=min_age, pools=fleet.pools),
        selected=_selected(fleet) if any(map(_narrowed, fleet.views)) else None,
    )
    named = _named_ids(fleet)
    homeless = _unplaced_names(fleet, places)
    found: list[Leftover] = []
    for cloud in clouds:
        for (kind, resource_id), resource in sorted(cloud.resources.items()):
            if kind not in _SEVERITY or not cloud.listed(kind) or resource_id in named:
                continue
            claimed = claims(resource)
            # A cluster without a known place may live right here: its objects were compared with nothing.
            if claimed and not any(claim.name in homeless for claim in claimed):
                found.extend(_judge(resource, claimed, cloud, known))
    return tuple(found), ()


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


def _undecidable(cloud: CloudScopeView, doubts: Sequence[str]) -> Gap:
    return Gap(
        view=View.CLOUD,
        scope=str(cloud.scope),
        subject="leftovers",
        reason=f"nothing can be called left over while these are not completely known: {', '.join(doubts)}",
        remedy="Let the audit list these kinds in all namespaces.",
        status=ScopeStatus.PARTIAL,
    )


def _named_ids(fleet: Fleet) -> frozenset[str]:
    """Every instance and group id that any object of the fleet names."""
    ids = {machine.instance_id for machine in fleet.machines.values()}
    for cluster in fleet.clusters.values():
        ids |= {cluster.bastion_id, *cluster.security_groups.values(), *cluster.overridden_groups}
    for _, pool in fleet.of_kind("AWSMachinePool"):
        listed = pool.spec.get("providerIDList")
        if isinstance(listed, (list, tuple)):
            ids |= {text(provider_id).rpartition("/")[2] for provider_id in listed}
    return frozenset(ids - {""})


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
    if any(_still_expected(resource, owner.cluster, known.fleet) for _, owner in owners if owner.cluster is not None):
        return
    claim, owner = owners[0]
    words = {"id": resource.key.id, "region": resource.key.region}
    yield Leftover(
        resource=resource.key,
        cluster=owner.cluster.key if owner.cluster is not None else None,
        claimed=claim.name,
        why_sure=_why_sure(resource, owner),
        severity=_SEVERITY[resource.key.type],
        next_steps=tuple(step.format(**words) for step in _NEXT_STEPS[resource.key.type]),
        potential=not (owner.sure and claim.by_owned_tag and len(claimed) == 1),
    )


def _surely_of(owner: _Owner, selected: frozenset[ClusterKey]) -> bool:
    return owner.sure and owner.cluster is not None and owner.cluster.key in selected


def _owner(resource: CloudResource, claim: Claim, cloud: CloudScopeView, fleet: Fleet, places: Placements) -> _Owner:
    """The cluster that a tag means. The name alone decides only where it is unique; else the VPC does."""
    here = [
        cluster
        for key, cluster in fleet.clusters.items()
        if claim.name in cluster.tag_names and key in places.placed and places.placed[key].scope == cloud.scope
    ]
    in_vpc = [cluster for cluster in here if cluster.vpc_id and cluster.vpc_id == vpc_of(resource)]
    if not here:
        why = "no audited management cluster has a cluster of that name here; another one may"
        return _Owner(cluster=None, sure=False, why=why)
    if len(in_vpc) == 1:
        return _Owner(cluster=in_vpc[0], sure=True, why=f"it stands in the cluster's own VPC {in_vpc[0].vpc_id}")
    if len(here) == 1 and not in_vpc:
        return _Owner(cluster=here[0], sure=False, why="it stands outside the cluster's VPC")
    return _Owner(cluster=None, sure=False, why=f"{len(here)} clusters of that name share this account and region")


def _unplaced_names(fleet: Fleet, places: Placements) -> frozenset[str]:
    """The names of clusters of which nobody knows where they live."""
    placeless = (cluster for key, cluster in fleet.clusters.items() if key in places.unplaced)
    names = {name for cluster in placeless for name in cluster.tag_names}
    return frozenset(names | {key.name for key, _ in fleet.broken})


def _still_expected(resource: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    """True while CAPA is about to record the resource, or to remove it."""
    if cluster.deleting:
        return True
    if resource.key.type == SECURITY_GROUP:
        return not cluster.ready or resource.tags.get(ROLE_TAG, "") not in cluster.security_groups
    return any(_would_adopt(machine, resource) for machine in fleet.unborn.get(cluster.key, ()))


def _would_adopt(machine: AwsMachine, instance: CloudResource) -> bool:
    """CAPA adopts a running instance by its name when a providerID was not stored (GetRunningInstanceByTags)."""
    tags = instance.tags
    named_machine = bool(machine.machine_name) and tags.get(MACHINE_NAME_TAG) == machine.machine_name
    return named_machine or tags.get(NAME_TAG) == machine.object.name


def _why_sure(resource: CloudResource, owner: _Owner) -> str:
    group = resource.tags.get(ASG_TAG, "")
    member = f"; Auto Scaling group {group} keeps it, and no AWSMachinePool has that name" if group else ""
    return f"no object of the audited management clusters names it; {owner.why}{member}"
