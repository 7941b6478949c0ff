"""In which project each cluster of the fleet lives, and of which nobody can tell.

A GCPCluster names its project itself, and CAPG makes everything there: that is proof, no assumption. Google lists a
project with all its regions in one go, so a project is one scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.keys import CloudScope, ClusterKey
from drift_audit.model.views import CloudScopeView
from drift_audit_gcp.fleet import Fleet
from drift_audit_gcp.settings import GcpSettings

PROVIDER = "gcp"
EVERYWHERE = "all-regions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """Why no project can be read for a cluster."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """The scope of every cluster, or why it has none."""

    placed: Mapping[ClusterKey, CloudScope]
    unplaced: Mapping[ClusterKey, Unplaced]


def scope_of(project: str) -> CloudScope:
    return CloudScope(PROVIDER, project, EVERYWHERE)


def place(fleet: Fleet, settings: GcpSettings) -> Placements:
    placed: dict[ClusterKey, CloudScope] = {}
    unplaced: dict[ClusterKey, Unplaced] = {}
    for key, cluster in fleet.clusters.items():
        if not cluster.project:
            unplaced[key] = Unplaced(
                reason=f"{cluster.infra.key} names no project", remedy=f"Set spec.project of {cluster.infra.key}."
            )
        elif settings.project(cluster.project) is None:
            unplaced[key] = not_configured(
                f"cluster {key.namespace}/{key.name} lives in project {cluster.project}", cluster.project
            )
        else:
            placed[key] = scope_of(cluster.project)
    for key in fleet.broken:
        unplaced[key] = Unplaced(
            reason=f"the infrastructure object of cluster {key.namespace}/{key.name} could not be read",
            remedy="Let the audit list GCPCluster, or correct the Cluster's reference.",
        )
    return Placements(placed=placed, unplaced=unplaced)


def not_configured(what: str, project: str) -> Unplaced:
    return Unplaced(
        reason=f"{what}, which is not configured",
        remedy=f"Add an entry with project: {project} under clouds.gcp.projects.",
    )


def places_in(fleet: Fleet, clouds: Sequence[CloudScopeView]) -> Placements:
    """The same as the scopes that were read tell it, without any settings: how a recording is judged.

    The host project of a shared VPC has its guests among its clusters too; they live in their own project.
    """
    placed = {
        key: cloud.scope
        for cloud in clouds
        for key in cloud.clusters
        if key in fleet.clusters and fleet.clusters[key].project == cloud.scope.account
    }
    unplaced = {
        key: Unplaced(reason="its project is not known", remedy="See the gaps of this audit.")
        for key in {*fleet.clusters, *fleet.broken}
        if key not in placed
    }
    return Placements(placed=placed, unplaced=unplaced)
