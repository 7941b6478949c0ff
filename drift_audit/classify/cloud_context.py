"""What a judgement of a cloud may look at besides the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drift_audit.classify.git_findings import GitContext
from drift_audit.interfaces import Link
from drift_audit.model.findings import Confidence, ObjectRef, Verdict
from drift_audit.model.keys import ClusterKey, ObjectKey, ResourceKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView

CORE_GROUP = "cluster.x-k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudContext:
    """What a judgement of a cloud may look at: the views it was compared with."""

    git: Mapping[str, GitContext]
    """By management cluster."""
    views: Mapping[str, ClusterView]
    confirmed: frozenset[ResourceKey]

    def live(self, management_cluster: str, key: ObjectKey) -> CapiObject | None:
        view = self.views.get(management_cluster)
        return view.objects.get(key) if view else None

    def cluster_object(self, cluster: ClusterKey) -> CapiObject | None:
        return self.live(cluster.management_cluster, ObjectKey(CORE_GROUP, "Cluster", cluster.namespace, cluster.name))

    def infrastructure(self, link: Link) -> CapiObject | None:
        """The infrastructure cluster that the link's cluster refers to."""
        owner = self.cluster_object(link.cluster)
        reference = owner.at("spec", "infrastructureRef") if owner else None
        if owner is None or not isinstance(reference, dict):
            return None
        group = str(reference.get("apiGroup") or str(reference.get("apiVersion", "")).rpartition("/")[0])
        key = ObjectKey(group, str(reference.get("kind")), owner.namespace, str(reference.get("name")))
        return self.live(link.management_cluster, key)

    def confidence(self, link: Link, verdict: Verdict) -> Confidence:
        """Confirmed for a settled difference of a resource that was read twice."""
        seen_twice = link.resource in self.confirmed
        settled = verdict not in (Verdict.UNDETERMINED, Verdict.RECONCILING)
        return Confidence.CONFIRMED if seen_twice and settled else Confidence.POTENTIAL


def object_of(key: ObjectKey, live: CapiObject | None) -> ObjectRef:
    """The object in the shape of the result document; one that is gone keeps its group."""
    api_version = live.api_version if live else f"{key.group}/"
    return ObjectRef(api_version=api_version, kind=key.kind, namespace=key.namespace, name=key.name)
