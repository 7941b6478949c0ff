"""The label selector: it chooses Clusters, and with each Cluster what carries its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.kinds import Reader
from drift_audit.collect.cluster.listing import list_kind
from drift_audit.collect.cluster.pacing import Tally
from drift_audit.collect.cluster.plan import KindPlan
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, text

CLUSTER = ("cluster.x-k8s.io", "Cluster")
_CLUSTER_NAME = "cluster.x-k8s.io/cluster-name"


def unselected_clusters(
    reader: Reader, plan: KindPlan, known: Iterable[ObjectKey], selector: str, tally: Tally
) -> frozenset[tuple[str, str]] | Unreadable:
    """(namespace, name) of the Clusters that exist and do not match; the server itself judges the selector."""
    matching: set[tuple[str, str]] = set()
    for namespace in plan.namespaces or ("",):
        listed = list_kind(
            reader.connection,
            plan.served,
            plan.version,
            tally,
            namespace=namespace,
            page_size=reader.page_size,
            selector=selector,
        )
        if listed.fault is not None:
            return listed.fault
        matching.update(listed.objects)
    clusters = {(key.namespace, key.name) for key in known if (key.group, key.kind) == CLUSTER}
    return frozenset(clusters - matching)


def left_out(objects: Mapping[ObjectKey, CapiObject], unselected: frozenset[tuple[str, str]]) -> frozenset[ObjectKey]:
    """The unselected Clusters and all that carries the name of one; what names no cluster stays."""
    return frozenset(key for key, found in objects.items() if _cluster_of(key, found) in unselected)


def _cluster_of(key: ObjectKey, found: CapiObject) -> tuple[str, str]:
    if (key.group, key.kind) == CLUSTER:
        return key.namespace, key.name
    return key.namespace, text(dig(found.raw, "metadata", "labels", _CLUSTER_NAME))
