"""What several parts of this package ask of the objects around an EKS cluster, and of what was read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text
from drift_audit_aws.eks.readers import cluster_of, name_of, part_id
from drift_audit_aws.fleet import CLUSTER_NAME_LABEL, CORE, AwsCluster, Fleet
from drift_audit_aws.resource_types import EKS_CLUSTER
from drift_audit_aws.subject import Subject

MANAGED_POOL = "AWSManagedMachinePool"
FARGATE = "AWSFargateProfile"

IN_TRANSIT = frozenset({"CREATING", "UPDATING", "DELETING", "PENDING"})
"""States in which EKS is at work itself: CAPA waits for the end of it."""
DELETING = "DELETING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A node group's or a Fargate profile's object, with the cluster that it belongs to where that is known."""

    object: CapiObject
    cluster: AwsCluster | None
    key: ClusterKey
    name: str
    """Of the resource, inside its cluster; empty until the webhook has set it."""
    name_path: str

    @property
    def resource_id(self) -> str:
        """Empty while cluster or name is not known."""
        eks = eks_name(self.cluster) if self.cluster is not None else ""
        return part_id(eks, self.name) if eks and self.name else ""

    @property
    def deleting(self) -> bool:
        return self.object.deleting or (self.cluster is not None and self.cluster.deleting)


def eks_clusters(fleet: Fleet) -> Iterator[AwsCluster]:
    return (cluster for cluster in fleet.clusters.values() if cluster.eks)


def eks_name(cluster: AwsCluster) -> str:
    """The name in AWS, which a webhook sets and nobody changes; empty where none was set."""
    return text(cluster.infra.spec.get("eksClusterName")) if cluster.eks else ""


def node_groups(fleet: Fleet) -> Iterator[Hosted]:
    for management_cluster, found in fleet.of_kind(MANAGED_POOL):
        owner = machine_pool(fleet, management_cluster, found)
        named = text(owner.spec.get("clusterName")) if owner is not None else ""
        name = found.labels.get(CLUSTER_NAME_LABEL, "") or named
        yield _hosted(fleet, management_cluster, found, name, "eksNodegroupName")


def fargate_profiles(fleet: Fleet) -> Iterator[Hosted]:
    for management_cluster, found in fleet.of_kind(FARGATE):
        yield _hosted(fleet, management_cluster, found, text(found.spec.get("clusterName")), "profileName")


def _hosted(fleet: Fleet, management_cluster: str, found: CapiObject, cluster: str, field: str) -> Hosted:
    key = ClusterKey(management_cluster, found.namespace, cluster)
    return Hosted(
        object=found,
        cluster=fleet.clusters.get(key),
        key=key,
        name=text(found.spec.get(field)),
        name_path=f"spec.{field}",
    )


def machine_pool(fleet: Fleet, management_cluster: str, found: CapiObject) -> CapiObject | None:
    """The MachinePool that owns the object."""
    view = fleet.view(management_cluster)
    owners = (owner for owner in found.owners if owner.kind == "MachinePool")
    keys = (ObjectKey(CORE, "MachinePool", found.namespace, owner.name) for owner in owners)
    return next((view.objects[key] for key in keys if key in view.objects), None) if view is not None else None


def pool_of(subject: Subject) -> CapiObject | None:
    return machine_pool(subject.fleet, subject.link.management_cluster, subject.object)


def status_of(resource: CloudResource) -> str:
    return text(resource.attributes.get("status"))


def eks_cluster(subject: Subject) -> CloudResource | None:
    """The EKS cluster that the resource belongs to, or that it is."""
    name = cluster_of(subject.resource.key.id)
    return subject.cloud.resources.get((EKS_CLUSTER, name))


def parts_of(subject: Subject, kind: str) -> Mapping[str, CloudResource]:
    """The parts of that kind of the subject's cluster, by their names."""
    cluster = cluster_of(subject.resource.key.id)
    return {
        name_of(resource_id): resource
        for (found, resource_id), resource in subject.cloud.resources.items()
        if found == kind and cluster_of(resource_id) == cluster
    }


def declared_by_name(cluster: AwsCluster, field: str, name: str) -> Mapping[str, JsonObject]:
    """The entries of a list of the control plane's spec: `addons` by `name`."""
    entries = map(mapping, sequence(cluster.infra.spec.get(field)))
    return {text(entry.get(name)): entry for entry in entries if text(entry.get(name))}


def addons(cluster: AwsCluster) -> Mapping[str, JsonObject]:
    return declared_by_name(cluster, "addons", "name")


def access_entries(cluster: AwsCluster) -> Mapping[str, JsonObject]:
    return declared_by_name(cluster, "accessEntries", "principalARN")


def own_entry(subject: Subject) -> JsonObject:
    """What is declared of the very part that is compared: of this add-on, of this access entry."""
    name = name_of(subject.resource.key.id)
    return mapping(addons(subject.cluster).get(name) or access_entries(subject.cluster).get(name))


def nested(subject: Subject, *path: str) -> Json:
    """A field of the answer of AWS."""
    return dig(subject.resource.attributes, *path)
