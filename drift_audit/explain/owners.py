"""Which team can act on a finding: from labels, from the namespace, from the CODEOWNERS of what declares it.

The nearest word counts: the object's own labels, then those of what it belongs to, up to its Cluster; then the rules
of the configuration for its namespace; then the owners of the file that declares it, or what it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from drift_audit.config.settings import OwnerSettings
from drift_audit.explain.codeowners import owners_of
from drift_audit.explain.way_up import cluster_of, object_of, way_up
from drift_audit.model.findings import Finding
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.views import ClusterView, Rendering, Views

_LONGEST_OWNER = 200


def with_owners(findings: Iterable[Finding], views: Views, settings: OwnerSettings) -> tuple[Finding, ...]:
    """The findings with the team that can act; those that have one already keep it."""
    teams = _Teams(views, settings)
    return tuple(finding if finding.owner else replace(finding, owner=teams.of(finding)) for finding in findings)


class _Teams:
    """What is known of owners, looked up once for each object."""

    def __init__(self, views: Views, settings: OwnerSettings) -> None:
        self._settings = settings
        self._clusters: Mapping[str, ClusterView] = {view.management_cluster: view for view in views.clusters}
        self._clouds = {cloud.scope: cloud for cloud in views.clouds}
        self._heads: dict[str, list[Rendering]] = {}
        self._codeowners: dict[tuple[str, str], str] = {}
        for source in views.git:
            if source.head is not None:
                self._heads.setdefault(source.management_cluster, []).append(source.head)
                self._codeowners[source.repo, source.head.revision] = source.head.codeowners
        self._declared: dict[str, dict[ObjectKey, Declaration]] = {}
        self._known: dict[tuple[str, ObjectKey, ObjectKey | None], str] = {}

    def of(self, finding: Finding) -> str:
        """The owner of one finding; empty where nobody is named."""
        key, cluster = object_of(finding), cluster_of(finding)
        by_tag = self._by_tags(finding) if key is None else ""
        if by_tag:
            return by_tag
        about = key or cluster
        if about is None:
            return ""
        place = (finding.management_cluster, about, cluster)
        if place not in self._known:
            self._known[place] = self._of_object(finding.management_cluster, about, cluster)
        if self._known[place] or finding.declared_at is None or not self._settings.codeowners:
            return self._known[place]
        declared = finding.declared_at
        return _joined(owners_of(self._codeowners.get((declared.repo, declared.revision), ""), declared.file))

    def _of_object(self, management_cluster: str, key: ObjectKey, cluster: ObjectKey | None) -> str:
        way = list(way_up(self._clusters.get(management_cluster), key, cluster))
        lives = [live for name in way if (live := self._live(management_cluster, name)) is not None]
        labelled = (self._labelled(live) for live in lives)
        return (
            next(filter(None, labelled), "")
            or self._by_namespace(management_cluster, key.namespace)
            or next(filter(None, (self._by_declaration(management_cluster, name) for name in way)), "")
        )

    def _live(self, management_cluster: str, key: ObjectKey) -> CapiObject | None:
        view = self._clusters.get(management_cluster)
        return view.objects.get(key) if view is not None else None

    def _labelled(self, live: CapiObject) -> str:
        for key in self._settings.keys:
            value = live.labels.get(key) or live.annotations.get(key)
            if value and value.strip():
                return _shortened(value)
        return ""

    def _by_tags(self, finding: Finding) -> str:
        resource = finding.resource
        cloud = self._clouds.get(resource.scope) if resource is not None else None
        found = (
            cloud.resources.get((resource.type, resource.id)) if cloud is not None and resource is not None else None
        )
        tags = found.tags if found is not None else {}
        return next((_shortened(tags[key]) for key in self._settings.keys if tags.get(key, "").strip()), "")

    def _by_namespace(self, management_cluster: str, namespace: str) -> str:
        for rule in self._settings.namespaces:
            of_cluster = not rule.management_cluster or fnmatchcase(management_cluster, rule.management_cluster)
            if namespace and of_cluster and fnmatchcase(namespace, rule.namespace):
                return rule.owner
        return ""

    def _by_declaration(self, management_cluster: str, key: ObjectKey) -> str:
        if not self._settings.codeowners:
            return ""
        if management_cluster not in self._declared:
            self._declared[management_cluster] = {
                declaration.key: declaration
                for head in self._heads.get(management_cluster, ())
                if head.codeowners
                for declaration in head.declarations
            }
        declaration = self._declared[management_cluster].get(key)
        if declaration is None:
            return ""
        place = declaration.location
        return _joined(owners_of(self._codeowners.get((place.repo, place.revision), ""), place.file))


def _joined(owners: Iterable[str]) -> str:
    return _shortened(", ".join(owners))


def _shortened(owner: str) -> str:
    return owner.strip()[:_LONGEST_OWNER]
