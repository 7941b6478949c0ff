"""Reads the whole fleet: Git heads, then management clusters, then what they applied, then the clouds.

The order has reasons: Git decides in which API version objects are read, the cluster knows which revision
its GitOps tool applied, and its objects name the cloud scopes that have to be listed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from drift_audit.clock import Clock
from drift_audit.collect.applied import applied_by_all
from drift_audit.collect.cluster import collect_cluster, reread_cluster, wanted_by
from drift_audit.collect.git import collect_git, collect_history, collect_revision
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import Config, GitSource, ManagementClusterSettings
from drift_audit.interfaces import CloudProvider, Progress, ScopeRequest
from drift_audit.model.keys import ObjectKey, ResourceKey
from drift_audit.model.values import dig, mapping, text
from drift_audit.model.views import (
    CloudScopeView,
    ClusterView,
    Gap,
    GitSourceView,
    Rendering,
    ScopeStatus,
    View,
    Views,
)

PARALLEL_CLUSTERS = 4
PARALLEL_SOURCES = 4
PARALLEL_SCOPES = 8

AppliedRevision = Callable[[ClusterView, GitSourceView], str]
"""Which commit of a source the cluster's GitOps tool applied last; empty when nobody says."""

_CORE_GROUP = "cluster.x-k8s.io"
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Suspects:
    """What a first judgement found suspicious, to be read once more."""

    objects: Mapping[str, frozenset[ObjectKey]]
    """By management cluster."""
    resources: frozenset[ResourceKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Everything that is needed to read a fleet, and nothing that judges it."""

    config: Config
    base_dir: Path
    providers: Mapping[str, CloudProvider]
    masker: Masker
    progress: Progress
    clock: Clock

    def collect(self, applied_revision: AppliedRevision) -> Views:
        """All views of the live fleet; what could not be read is among their gaps."""
        live = [settings for settings in self.config.management_clusters if not settings.recording]
        recorded = [self._recorded(settings) for settings in self.config.management_clusters if settings.recording]
        if len(live) > 1:
            # Its packages import each other in a circle: two threads at once may find them half-made.
            import_module("kubernetes.config")
        heads = dict(zip(_sources(live), self._in_parallel(self._head, _sources(live), PARALLEL_SOURCES), strict=True))
        clusters = self._in_parallel(lambda settings: self._cluster(settings, heads), live, PARALLEL_CLUSTERS)
        by_name = {view.management_cluster: view for view in clusters}
        git = self._in_parallel(
            lambda item: self._with_applied(item[0], item[1], by_name[item[0][0]], applied_revision),
            list(heads.items()),
            PARALLEL_SOURCES,
        )
        views = self._with_clouds(Views(git=tuple(git), clusters=tuple(clusters)))
        for part in recorded:
            views = _together(views, part)
        return views

    def reread(self, views: Views, suspects: Suspects) -> Views:
        """The views with the suspects as they are now, so that a finding does not rest on two moments."""
        settings = {each.name: each for each in self.config.management_clusters if not each.recording}
        clusters = tuple(
            reread_cluster(
                settings[view.management_cluster],
                view,
                suspects.objects.get(view.management_cluster, frozenset()),
                base_dir=self.base_dir,
                masker=self.masker,
                progress=self.progress,
                clock=self.clock,
            )
            if view.management_cluster in settings
            else view
            for view in views.clusters
        )
        requests = {request.scope: request for _, request in self._requests(views.clusters)}
        clouds = self._in_parallel(
            lambda view: self._reread_scope(view, requests.get(view.scope), suspects.resources),
            views.clouds,
            PARALLEL_SCOPES,
        )
        return replace(views, clusters=clusters, clouds=tuple(clouds))

    def _head(self, key: tuple[str, GitSource]) -> GitSourceView:
        return collect_git(
            key[0],
            key[1],
            cache_dir=self._cache_dir(),
            base_dir=self.base_dir,
            masker=self.masker,
            progress=self.progress,
        )

    def _cluster(
        self, settings: ManagementClusterSettings, heads: Mapping[tuple[str, GitSource], GitSourceView]
    ) -> ClusterView:
        own = (heads[settings.name, source].head for source in settings.git)
        return collect_cluster(
            settings,
            wanted=wanted_by(declaration for head in own if head for declaration in head.declarations),
            base_dir=self.base_dir,
            masker=self.masker,
            progress=self.progress,
            clock=self.clock,
        )

    def _with_applied(
        self, key: tuple[str, GitSource], view: GitSourceView, cluster: ClusterView, applied_revision: AppliedRevision
    ) -> GitSourceView:
        if view.head is None:
            return view
        revision = applied_revision(cluster, view)
        if revision == view.head.revision and applied_by_all(cluster, revision):
            return view
        if revision in ("", view.head.revision):
            return replace(view, head=self._with_history(key[1], view.head, None))
        found = collect_revision(
            key[1],
            revision,
            cache_dir=self._cache_dir(),
            base_dir=self.base_dir,
            masker=self.masker,
            progress=self.progress,
        )
        if isinstance(found, Gap):
            return replace(view, head=self._with_history(key[1], view.head, None), gaps=(*view.gaps, found))
        return replace(view, head=self._with_history(key[1], view.head, found), applied=found)

    def _with_history(self, source: GitSource, head: Rendering, applied: Rendering | None) -> Rendering:
        return collect_history(source, head, applied, cache_dir=self._cache_dir(), base_dir=self.base_dir)

    def _requests(self, clusters: Sequence[ClusterView]) -> list[tuple[CloudProvider, ScopeRequest]]:
        return [
            (provider, request) for provider in self.providers.values() for request in provider.plan(clusters).requests
        ]

    def _with_clouds(self, views: Views) -> Views:
        plans = [(provider, provider.plan(views.clusters)) for provider in self.providers.values()]
        requests = [(provider, request) for provider, plan in plans for request in plan.requests]
        clouds = self._in_parallel(lambda each: each[0].collect(each[1], self.progress), requests, PARALLEL_SCOPES)
        gaps = [gap for _, plan in plans for gap in plan.gaps]
        gaps += without_provider(views.clusters, self.providers.values())
        return replace(views, clouds=tuple(clouds), gaps=tuple(gaps))

    def _reread_scope(
        self, view: CloudScopeView, request: ScopeRequest | None, suspects: Collection[ResourceKey]
    ) -> CloudScopeView:
        own = [key for key in suspects if key.scope == view.scope]
        if request is None or not own:
            return view
        return self.providers[view.scope.provider].reread(request, view, own)

    def _recorded(self, settings: ManagementClusterSettings) -> Views:
        from drift_audit.collect.recording import recorded_views

        path = Path(settings.recording).expanduser()
        return recorded_views(path if path.is_absolute() else self.base_dir / path, settings.name)

    def _cache_dir(self) -> Path:
        if self.config.cache_dir:
            return Path(self.config.cache_dir).expanduser()
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return Path(base) / "drift-audit"

    def _in_parallel(self, job: Callable[[_T], _R], items: Sequence[_T], width: int) -> list[_R]:
        if len(items) <= 1:
            return [job(item) for item in items]
        with ThreadPoolExecutor(min(width, len(items)), thread_name_prefix="collect") as pool:
            return list(pool.map(job, items))


def _sources(clusters: Iterable[ManagementClusterSettings]) -> list[tuple[str, GitSource]]:
    return [(settings.name, source) for settings in clusters for source in settings.git]


def _together(left: Views, right: Views) -> Views:
    return Views(
        git=(*left.git, *right.git),
        clusters=(*left.clusters, *right.clusters),
        clouds=(*left.clouds, *right.clouds),
        gaps=(*left.gaps, *right.gaps),
    )


def without_provider(clusters: Iterable[ClusterView], providers: Iterable[CloudProvider]) -> list[Gap]:
    """Clusters whose cloud no provider can read: listed, so that they are never silently green."""
    known = list(providers)
    unread: dict[tuple[str, str], list[str]] = {}
    for view in clusters:
        for key, live in view.objects.items():
            if key.group != _CORE_GROUP or key.kind != "Cluster":
                continue
            kind = text(mapping(dig(live.raw, "spec", "infrastructureRef")).get("kind"))
            if not any(provider.owns(kind) for provider in known):
                unread.setdefault((view.management_cluster, kind), []).append(f"{key.namespace}/{key.name}")
    return [
        Gap(
            view=View.CLOUD,
            scope=f"{management_cluster}/{kind or 'Cluster'}",
            subject=kind or "Cluster",
            reason=f"not audited in the cloud: {_counted(names)} {_infrastructure(kind)} ({_some(names)})",
            remedy="No installed provider plug-in reads it: install one, or accept the lower coverage."
            if kind
            else "Wait until the controllers have set spec.infrastructureRef, or set it.",
            status=ScopeStatus.SKIPPED,
        )
        for (management_cluster, kind), names in sorted(unread.items())
    ]


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} cluster{'' if len(names) == 1 else 's'}"


def _infrastructure(kind: str) -> str:
    return f"of kind {kind}" if kind else "without spec.infrastructureRef"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
