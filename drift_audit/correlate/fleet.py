"""Which workload cluster an object belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import Declaration
from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text
from drift_audit.model.views import ClusterView

CORE_GROUP = "cluster.x-k8s.io"
CLUSTER_NAME = "cluster.x-k8s.io/cluster-name"


def is_capi(group: str) -> bool:
    """True for the groups of Cluster API and its providers."""
    return group == CORE_GROUP or group.endswith(f".{CORE_GROUP}")


class Fleet:
    """The Clusters of one management cluster, and what belongs to each."""

    def __init__(self, view: ClusterView, declared: Mapping[ObjectKey, Declaration]) -> None:
        self._name = view.management_cluster
        self._names: set[tuple[str, str]] = set()
        self._referenced: dict[ObjectKey, ClusterKey] = {}
        for key in {*view.objects, *declared}:
            if key.group == CORE_GROUP and key.kind == "Cluster":
                self._names.add((key.namespace, key.name))
        bodies = {key: item.raw for key, item in declared.items()} | {
            key: item.raw for key, item in view.objects.items()
        }
        for key, raw in bodies.items():
            if key.group == CORE_GROUP and key.kind == "Cluster":
                self._refer(key, raw)

    def _refer(self, cluster: ObjectKey, raw: JsonObject) -> None:
        for name in ("infrastructureRef", "controlPlaneRef"):
            reference = mapping(dig(raw, "spec", name))
            if reference:
                target = referenced_key(reference, cluster.namespace)
                self._referenced[target] = ClusterKey(self._name, cluster.namespace, cluster.name)

    def cluster_of(self, key: ObjectKey, raw: JsonObject) -> ClusterKey | None:
        """The workload cluster that an object, live or declared, belongs to; `None` for shared ones."""
        if key.group == CORE_GROUP and key.kind == "Cluster":
            return ClusterKey(self._name, key.namespace, key.name)
        if key in self._referenced:
            return self._referenced[key]
        for name in _cluster_names(raw):
            if (key.namespace, name) in self._names:
                return ClusterKey(self._name, key.namespace, name)
        return None

    def named_cluster(self, key: ObjectKey, raw: JsonObject) -> ClusterKey | None:
        """The workload cluster that an object names first, whether or not it is one of the fleet."""
        known = self.cluster_of(key, raw)
        name = next(_cluster_names(raw), "")
        return known or (ClusterKey(self._name, key.namespace, name) if name else None)


def _cluster_names(raw: JsonObject) -> Iterator[str]:
    """The clusters that an object names, the surest first; found one by one, for the first is nearly always it."""
    if name := text(dig(raw, "metadata", "labels", CLUSTER_NAME)):
        yield name
    if name := text(dig(raw, "spec", "clusterName")):
        yield name
    if name := _owning_cluster(raw):
        yield name


def _owning_cluster(raw: JsonObject) -> str:
    owners = map(mapping, sequence(dig(raw, "metadata", "ownerReferences")))
    return next((text(owner.get("name")) for owner in owners if owner.get("kind") == "Cluster"), "")


def referenced_key(reference: Mapping[str, Json], namespace: str) -> ObjectKey:
    """The object that a reference names; v1beta2 references carry `apiGroup`, older ones `apiVersion`."""
    group = text(reference.get("apiGroup")) or text(reference.get("apiVersion")).rpartition("/")[0]
    return ObjectKey(
        group, text(reference.get("kind")), text(reference.get("namespace")) or namespace, text(reference.get("name"))
    )
