"""Which (account, region) scopes the fleet lives in, and which of its clusters cannot be placed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from drift_audit.interfaces import ScopePlan, ScopeRequest
from drift_audit.model.keys import CloudScope, ClusterKey
from drift_audit.model.views import CloudScopeView, Gap, ScopeStatus, View
from drift_audit_aws.fleet import AwsCluster, Fleet, listed_ids
from drift_audit_aws.identity import Resolved, Unresolved, resolve
from drift_audit_aws.instances import INSTANCE
from drift_audit_aws.security_groups import SECURITY_GROUP
from drift_audit_aws.settings import AwsSettings

PROVIDER = "aws"
VPC_HINT = "vpc"

_LATER_POOLS = "Auto Scaling groups and launch templates are not audited yet"
_LATER_EKS = "the EKS control plane, its add-ons and its network are not audited yet"
_LATER_ROSA = "ROSA clusters are not audited"

_LATER: tuple[tuple[str, str], ...] = (
    ("AWSManagedControlPlane", _LATER_EKS),
    ("AWSManagedMachinePool", "EKS node groups are not audited yet"),
    ("AWSFargateProfile", "EKS Fargate profiles are not audited yet"),
    ("AWSMachinePool", _LATER_POOLS),
    ("ROSAControlPlane", _LATER_ROSA),
)
"""Kinds that stand for something in AWS which this provider does not read yet. Coverage says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a cluster lives, for the stages that need to know how sure that is."""

    scope: CloudScope
    assumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """The place of every AWS cluster, or why it has none."""

    placed: Mapping[ClusterKey, Placement]
    unplaced: Mapping[ClusterKey, Unresolved]


def place(fleet: Fleet, settings: AwsSettings) -> Placements:
    placed: dict[ClusterKey, Placement] = {}
    unplaced: dict[ClusterKey, Unresolved] = {}
    for key, cluster in fleet.clusters.items():
        match _placement(fleet, cluster, settings):
            case Placement() as placement:
                placed[key] = placement
            case Unresolved() as unresolved:
                unplaced[key] = unresolved
    for key, _ in fleet.broken:
        unplaced[key] = Unresolved(
            reason=f"the infrastructure object of cluster {key.namespace}/{key.name} could not be read",
            remedy="Let the audit list AWSCluster and AWSManagedControlPlane, or correct the Cluster's reference.",
        )
    return Placements(placed=placed, unplaced=unplaced)


def places_in(fleet: Fleet, clouds: Sequence[CloudScopeView]) -> Placements:
    """The same as the scopes that were read tell it, without any settings: how a recording is judged."""
    placed = {
        key: Placement(scope=cloud.scope, assumed=key in cloud.assumed) for cloud in clouds for key in cloud.clusters
    }
    unplaced = {
        key: Unresolved(reason="its account and region are not known", remedy="See the gaps of this audit.")
        for key in {*fleet.clusters, *(key for key, _ in fleet.broken)}
        if key not in placed
    }
    return Placements(placed=placed, unplaced=unplaced)


def plan_scopes(fleet: Fleet, settings: AwsSettings) -> ScopePlan:
    """One request per (account, region) for all its clusters together, and a gap per cluster without a place."""
    places = place(fleet, settings)
    members: dict[CloudScope, list[AwsCluster]] = defaultdict(list)
    for key, placement in places.placed.items():
        members[placement.scope].append(fleet.clusters[key])
    for account in settings.accounts:
        for region in account.regions:
            members.setdefault(CloudScope(PROVIDER, account.account, region), [])
    assumed = {key for key, placement in places.placed.items() if placement.assumed}
    return ScopePlan(
        requests=tuple(_request(fleet, scope, members[scope], assumed) for scope in sorted(members)),
        gaps=(*_unplaced_gaps(places), *_later_gaps(fleet)),
        scope_of={key: placement.scope for key, placement in places.placed.items()},
    )


def _placement(fleet: Fleet, cluster: AwsCluster, settings: AwsSettings) -> Placement | Unresolved:
    view = fleet.view(cluster.key.management_cluster)
    if not cluster.region or view is None:
        return Unresolved(
            reason=f"{cluster.infra.key} names no region", remedy=f"Set spec.region of {cluster.infra.key}."
        )
    match resolve(cluster, view, settings):
        case Resolved(account=account, assumed=assumed):
            return Placement(scope=CloudScope(PROVIDER, account.account, cluster.region), assumed=assumed)
        case Unresolved() as unresolved:
            return unresolved


def _request(fleet: Fleet, scope: CloudScope, clusters: list[AwsCluster], assumed: Set[ClusterKey]) -> ScopeRequest:
    keys = {cluster.key for cluster in clusters}
    machines = [machine for machine in fleet.machines.values() if machine.cluster_key in keys]
    groups = {
        *(group for cluster in clusters for group in cluster.security_groups.values()),
        *(group for cluster in clusters for group in listed_ids(cluster.infra)),
        *(group for machine in machines for group in machine.additional_group_ids),
    }
    instances = {machine.instance_id for machine in machines} | {cluster.bastion_id for cluster in clusters}
    return ScopeRequest(
        scope=scope,
        clusters=tuple(sorted(keys)),
        assumed=tuple(sorted(keys & assumed)),
        hints={
            VPC_HINT: tuple(sorted({cluster.vpc_id for cluster in clusters} - {""})),
            INSTANCE: tuple(sorted(instances - {""})),
            SECURITY_GROUP: tuple(sorted(groups - {""})),
        },
    )


def _unplaced_gaps(places: Placements) -> Iterator[Gap]:
    for key, unresolved in sorted(places.unplaced.items()):
        yield Gap(
            view=View.CLOUD,
            scope=f"{PROVIDER}/{key}",
            subject=str(key),
            reason=unresolved.reason,
            remedy=unresolved.remedy,
        )


def _later_gaps(fleet: Fleet) -> Iterator[Gap]:
    for kind, reason in _LATER:
        for management_cluster, found in fleet.of_kind(kind):
            yield Gap(
                view=View.CLOUD,
                scope=f"{PROVIDER}/{management_cluster}/{kind}",
                subject=f"{found.namespace}/{found.name}",
                reason=reason,
                remedy="Compare it by hand until this provider covers it.",
                status=ScopeStatus.SKIPPED,
            )
