"""In which account and region each cluster of the fleet lives, and of which nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.keys import CloudScope, ClusterKey
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.fleet import AwsCluster, Fleet
from drift_audit_aws.identity import Resolved, Unresolved, resolve
from drift_audit_aws.settings import AwsSettings

PROVIDER = "aws"


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
