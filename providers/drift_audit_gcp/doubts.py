"""Why something cannot be compared: what an object is called undecided for, and the gap that tells it once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from drift_audit.interfaces import Undecided
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView, Gap, ScopeStatus, View
from drift_audit_gcp.fleet import CLUSTER_NAME_LABEL, GcpCluster
from drift_audit_gcp.placing import PROVIDER, Placements


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One reason that can concern many objects."""

    scope: str
    reason: str
    remedy: str
    told: bool = False
    """True when another part of the audit has a gap for it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """An object with the reason why it cannot be compared, wholly or in part."""

    management_cluster: str
    object: ObjectKey
    cluster: ClusterKey
    doubt: Doubt
    whole: bool = True
    """False when only a part of the object cannot be compared."""

    def undecided(self) -> Undecided:
        return Undecided(
            management_cluster=self.management_cluster,
            object=self.object,
            cluster=self.cluster,
            reason=self.doubt.reason,
        )


def doubted(subject: CapiObject, key: ClusterKey, doubt: Doubt, *, whole: bool = True) -> Doubted:
    return Doubted(management_cluster=key.management_cluster, object=subject.key, cluster=key, doubt=doubt, whole=whole)


def gaps_of(doubted: Iterable[Doubted]) -> tuple[Gap, ...]:
    """A gap for every doubt that nothing else tells, however many objects it concerns."""
    concerned: dict[Doubt, set[str]] = defaultdict(set)
    for each in doubted:
        if not each.doubt.told:
            concerned[each.doubt].add(str(each.object))
    return tuple(
        Gap(
            view=View.CLOUD,
            scope=doubt.scope,
            subject=_first_of(sorted(objects)),
            reason=doubt.reason,
            remedy=doubt.remedy,
            status=ScopeStatus.PARTIAL,
        )
        for doubt, objects in concerned.items()
    )


def _first_of(objects: list[str]) -> str:
    more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
    return f"{objects[0]}{more}"


def placeless(key: ClusterKey, places: Placements) -> Doubt:
    """Why nobody knows where the cluster lives. For a cluster that was read, the plan has the gap."""
    unplaced = places.unplaced.get(key)
    if unplaced is not None:
        return Doubt(scope=f"{PROVIDER}/{key}", reason=unplaced.reason, remedy=unplaced.remedy, told=True)
    scope = f"{PROVIDER}/{key.management_cluster}/GCPMachine"
    if not key.name:
        return Doubt(
            scope=scope,
            reason=f"GCPMachines in namespace {key.namespace} name no cluster, neither by a label nor by an owning "
            "Machine",
            remedy=f"Give them the label {CLUSTER_NAME_LABEL}, or delete those that nothing needs.",
        )
    return Doubt(
        scope=scope,
        reason=f"no Cluster {key.namespace}/{key.name} on Google Cloud was read",
        remedy=f"Let the audit list Clusters in namespace {key.namespace}, or correct the label {CLUSTER_NAME_LABEL}.",
    )


def unread(project: str, key: ClusterKey) -> Doubt:
    """Why nothing of another project is known: the host project of a shared VPC, or one that a link names."""
    return Doubt(
        scope=f"{PROVIDER}/{key}/{project}",
        reason=f"project {project}, where a part of cluster {key.namespace}/{key.name} is, was not read",
        remedy=f"Add an entry with project: {project} under clouds.gcp.projects.",
    )


def unlisted(cloud: CloudScopeView, kind: str) -> Doubt:
    """Why a resource type of the project is not completely known."""
    listing = cloud.listings.get(kind)
    reason = listing.reason if listing is not None else "it was not listed"
    scope = f"{cloud.scope}/{kind}"
    return Doubt(
        scope=scope,
        reason=f"{kind} in {cloud.scope} is not completely known: {reason or 'the project is not verified'}",
        remedy=f"Let the audit list all of {kind} in this project.",
        told=any(gap.scope in (scope, str(cloud.scope)) for gap in cloud.gaps),
    )


def ownerless(management_cluster: str) -> Doubt:
    """Why some fields of an instance cannot be told: the role and its tags follow from the owning Machine."""
    return Doubt(
        scope=f"{PROVIDER}/{management_cluster}/GCPMachine",
        reason="the Machine that owns a GCPMachine was not read, so nobody can tell all that its instance should have",
        remedy="Let the audit list Machine, or delete the GCPMachines that no Machine owns.",
    )


def unreadable_id(management_cluster: str) -> Doubt:
    """Why nothing of a machine can be compared: CAPG wrote no providerID that can be read."""
    return Doubt(
        scope=f"{PROVIDER}/{management_cluster}/GCPMachine",
        reason="a GCPMachine names no instance: its spec.providerID is missing, or is none of Google Cloud",
        remedy="Read the events of the GCPMachine and the log of the CAPG controller.",
    )


def unbuilt(cluster: GcpCluster, lacking: str) -> Doubt:
    """Why a cluster has nothing to compare although it should by now."""
    infra = cluster.infra
    name = f"{infra.kind} {infra.namespace}/{infra.name}"
    return Doubt(
        scope=f"{PROVIDER}/{cluster.key}/{lacking.partition(' ')[0]}",
        reason=f"{name} has no {lacking} in its status: CAPG has not built it (or cannot)",
        remedy=f"Read the events of {name} and the log of the CAPG controller.",
    )
