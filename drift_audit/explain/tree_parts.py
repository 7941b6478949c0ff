"""What the tree of one workload cluster is made of, gathered for several clusters in one pass over the fleet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drift_audit.interfaces import Absence, Correlation, Leftover, Link
from drift_audit.model.findings import Finding
from drift_audit.model.keys import ClusterKey, ObjectKey, ResourceKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, GitSourceView, Views

CORE_GROUP = "cluster.x-k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSources:
    """Everything that an audit knows about its fleet."""

    views: Views
    gaps: tuple[Gap, ...]
    """All gaps, those of the views included."""
    findings: tuple[Finding, ...]
    correlations: tuple[Correlation, ...]
    """One for each provider."""
    cluster_of: Mapping[str, Mapping[ObjectKey, ClusterKey | None]]
    """By management cluster."""
    now: datetime
    patience: timedelta
    """How long a creation or deletion may take."""
    needs: Mapping[str, Mapping[ObjectKey, Sequence[ObjectKey]]] = field(default_factory=dict)
    """By management cluster: what objects need besides, as the configuration declares it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterParts:
    """What belongs to one workload cluster."""

    cluster: ClusterKey
    view: ClusterView
    cluster_of: Mapping[ObjectKey, ClusterKey | None]
    needs: Mapping[ObjectKey, Sequence[ObjectKey]] = field(default_factory=dict)
    objects: dict[ObjectKey, CapiObject] = field(default_factory=dict)
    """Its own ones; the Cluster is among them where it exists."""
    links: list[Link] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    scopes: tuple[CloudScopeView, ...] = ()
    """The cloud scopes that it lives in."""
    git: tuple[GitSourceView, ...] = ()
    """The Git sources of its management cluster."""
    gaps: tuple[Gap, ...] = ()
    claimants: Mapping[ResourceKey, Collection[tuple[str, ObjectKey]]] = field(default_factory=dict)
    """(management cluster, object) of everyone in the fleet who names a resource, where several do."""

    @property
    def root(self) -> ObjectKey:
        return ObjectKey(CORE_GROUP, "Cluster", self.cluster.namespace, self.cluster.name)

    def resource(self, key: ResourceKey) -> CloudResource | None:
        for scope in self.scopes:
            if scope.scope == key.scope:
                return scope.resources.get((key.type, key.id))
        return None


def parts_of(sources: TreeSources, clusters: Collection[ClusterKey]) -> Iterator[ClusterParts]:
    """The parts of each of these clusters, sorted; one whose management cluster was not read has none."""
    views = {view.management_cluster: view for view in sources.views.clusters}
    claimants = _claimed_twice(sources.correlations)
    found = {
        key: ClusterParts(
            cluster=key,
            view=views[key.management_cluster],
            cluster_of=sources.cluster_of.get(key.management_cluster, {}),
            needs=sources.needs.get(key.management_cluster, {}),
            scopes=tuple(scope for scope in sources.views.clouds if key in scope.clusters),
            git=tuple(source for source in sources.views.git if source.management_cluster == key.management_cluster),
            gaps=sources.gaps,
            claimants=claimants,
        )
        for key in sorted(clusters)
        if key.management_cluster in views
    }
    _share_objects(sources, views, found)
    for correlation in sources.correlations:
        for link in correlation.links:
            if link.cluster in found:
                found[link.cluster].links.append(link)
        for absence in correlation.absences:
            if absence.link.cluster in found:
                found[absence.link.cluster].absences.append(absence)
        for leftover in correlation.leftovers:
            if leftover.cluster in found:
                found[leftover.cluster].leftovers.append(leftover)
    for finding in sources.findings:
        if finding.cluster in found:
            found[finding.cluster].findings.append(finding)
    yield from found.values()


def _share_objects(
    sources: TreeSources, views: Mapping[str, ClusterView], found: Mapping[ClusterKey, ClusterParts]
) -> None:
    for management_cluster in {key.management_cluster for key in found}:
        objects = views[management_cluster].objects
        for key, cluster in sources.cluster_of.get(management_cluster, {}).items():
            if cluster is not None and cluster in found and key in objects:
                found[cluster].objects[key] = objects[key]
    for parts in found.values():
        live = parts.view.objects.get(parts.root)
        if live is not None:
            parts.objects[parts.root] = live


def _claimed_twice(correlations: Collection[Correlation]) -> Mapping[ResourceKey, Collection[tuple[str, ObjectKey]]]:
    by_resource: dict[ResourceKey, dict[tuple[str, ObjectKey], None]] = defaultdict(dict)
    for correlation in correlations:
        for link in correlation.links:
            by_resource[link.resource][link.management_cluster, link.object] = None
    return {resource: tuple(claims) for resource, claims in by_resource.items() if len(claims) > 1}
