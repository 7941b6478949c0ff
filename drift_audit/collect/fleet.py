"""Reads the whole fleet: Git heads, then management clusters, then what they applied, then the clouds.

The order has reasons: Git decides in which API version objects are read, the cluster knows which revision
its GitOps tool applied, and its objects name the cloud scopes that have to be listed.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from drift_audit.clock import Clock
from drift_audit.collect.applied import applied_by_all
from drift_audit.collect.cache import cache_folder
from drift_audit.collect.closer import CloserLook
from drift_audit.collect.cluster import collect_cluster, reread_cluster, unreachable, unread_cluster, wanted_by
from drift_audit.collect.git import (
    collect_authors,
    collect_git,
    collect_history,
    collect_revision,
    late_revision,
    unread_source,
)
from drift_audit.collect.in_time import Allowance, Late, in_time
from drift_audit.collect.limits import Limits
from drift_audit.collect.masking import Masker
from drift_audit.collect.unread import unexpected, unread_scope, without_provider, without_second_look
from drift_audit.config.settings import Config, GitSource, ManagementClusterSettings
from drift_audit.errors import ConfigError, DriftAuditError
from drift_audit.interfaces import CloudProvider, Progress, ScopeRequest
from drift_audit.model.findings import DeclaredAt
from drift_audit.model.health import Suspicion
from drift_audit.model.keys import ObjectKey, ResourceKey
from drift_audit.model.progress import began, ended
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

logger = logging.getLogger(__name__)

PARALLEL_CLUSTERS = 4
PARALLEL_SOURCES = 4
PARALLEL_SCOPES = 8
READING_A_REVISION = 300.0
"""Seconds; every program that reading starts has a shorter limit of its own."""

AppliedRevision = Callable[[ClusterView, GitSourceView], str]
"""Which commit of a source the cluster's GitOps tool applied last; empty when nobody says."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """What a first judgement found suspicious, to be read once more."""

    objects: Mapping[str, frozenset[ObjectKey]]
    """By management cluster."""
    resources: frozenset[ResourceKey]
    places: tuple[DeclaredAt, ...] = ()
    """The lines of Git that findings of drift show, the worst first: asked for their authors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Everything that is needed to read a fleet, and nothing that judges it."""

    config: Config
    base_dir: Path
    providers: Mapping[str, CloudProvider]
    masker: Masker
    progress: Progress
    clock: Clock
    allowance: Allowance

    def collect(self, applied_revision: AppliedRevision) -> Views:
        """All views of the live fleet; what could not be read is among their gaps.

        Raises `ConfigError` where no kubeconfig leads to any of the management clusters: then nothing could be audited.
        """
        live = [settings for settings in self.config.management_clusters if not settings.recording]
        recorded = [self._recorded(settings) for settings in self.config.management_clusters if settings.recording]
        lost = unreachable(live, self.base_dir)
        if lost and len(lost) == len(self.config.management_clusters):
            raise ConfigError([problem for error in lost.values() for problem in error.problems])
        if len(live) > 1:
            # Its packages import each other in a circle: two threads at once may find them half-made.
            import_module("kubernetes.config")
        sources = _sources(live)
        read = in_time(
            sources,
            self._head,
            lambda key, why: unread_source(*key, why.reason, why.remedy),
            width=PARALLEL_SOURCES,
            allowance=self.allowance,
            each=lambda key: _longest_source(key[1]),
        )
        heads = dict(zip(sources, read, strict=True))
        clusters = in_time(
            live,
            lambda settings: self._cluster(settings, heads),
            lambda settings, why: unread_cluster(settings, why.reason, why.remedy, self.clock),
            width=PARALLEL_CLUSTERS,
            allowance=self.allowance,
            each=_longest_cluster,
        )
        by_name = {view.management_cluster: view for view in clusters}
        git = in_time(
            list(heads.items()),
            lambda item: self._with_applied(item[0], item[1], by_name[item[0][0]], applied_revision),
            lambda item, why: _without_applied(item[0][1], item[1], why),
            width=PARALLEL_SOURCES,
            allowance=self.allowance,
            each=lambda item: _longest_source(item[0][1]),
        )
        views = self._with_clouds(Views(git=tuple(git), clusters=tuple(clusters)))
        for part in recorded:
            views = _together(views, part)
        return views

    def reread(self, views: Views, suspects: Suspects) -> Views:
        """The views with the suspects as they are now, so that a finding does not rest on two moments, and with the
        authors of the lines that findings show."""
        settings = {each.name: each for each in self.config.management_clusters if not each.recording}
        requests = {request.scope: request for _, request in self._requests(views.clusters)}

        def objects_in(view: ClusterView) -> frozenset[ObjectKey]:
            known = view.management_cluster in settings
            return suspects.objects.get(view.management_cluster, frozenset()) if known else frozenset()

        def resources_in(view: CloudScopeView) -> list[ResourceKey]:
            return [key for key in suspects.resources if key.scope == view.scope] if view.scope in requests else []

        clusters = in_time(
            views.clusters,
            lambda view: self._reread_cluster(settings.get(view.management_cluster), view, objects_in(view)),
            lambda view, why: _without_second_look(view, why) if objects_in(view) else view,
            width=PARALLEL_CLUSTERS,
            allowance=self.allowance,
            each=lambda view: _longest_cluster(settings.get(view.management_cluster)),
        )
        clouds = in_time(
            views.clouds,
            lambda view: self._reread_scope(view, requests.get(view.scope), resources_in(view)),
            lambda view, why: without_second_look(view, why) if resources_in(view) else view,
            width=PARALLEL_SCOPES,
            allowance=self.allowance,
            each=self._longest_scope,
        )
        git = views.git
        if self.allowance.remaining > 0:
            git = collect_authors(
                views.git,
                {(name, source.name): source for name, source in _sources(list(settings.values()))},
                suspects.places,
                cache_dir=cache_folder(self.config),
                base_dir=self.base_dir,
            )
        return replace(views, git=git, clusters=tuple(clusters), clouds=tuple(clouds))

    def look_closer(self, views: Views, suspicion: Suspicion) -> Views:
        """The views with what stands beside the suspects, with their workload clusters, and with what clouds say of
        their limits. Without any suspects, and unless all workload clusters are wanted, nothing more is asked."""
        look = CloserLook(
            config=self.config,
            base_dir=self.base_dir,
            masker=self.masker,
            progress=self.progress,
            clock=self.clock,
            allowance=self.allowance,
        )
        live = {settings.name for settings in self.config.management_clusters if not settings.recording}
        clusters = [view for view in views.clusters if view.management_cluster in live]
        limits = Limits(
            providers=self.providers,
            requests=lambda: (request for _, request in self._requests(clusters)),
            masker=self.masker,
            progress=self.progress,
            allowance=self.allowance,
            longest=self.config.cloud_deadline_seconds,
        )
        return limits.asked(look.at(views, suspicion), clusters, suspicion.only(live))

    def _head(self, key: tuple[str, GitSource]) -> GitSourceView:
        return collect_git(
            key[0],
            key[1],
            cache_dir=cache_folder(self.config),
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
            wanted=wanted_by(
                (declaration for head in own if head for declaration in head.declarations),
                everywhere=[(each.group, each.kind) for each in self.config.dependencies],
            ),
            base_dir=self.base_dir,
            masker=self.masker,
            progress=self.progress,
            clock=self.clock,
            within=self.allowance.share,
        )

    def _reread_cluster(
        self, settings: ManagementClusterSettings | None, view: ClusterView, suspects: frozenset[ObjectKey]
    ) -> ClusterView:
        if settings is None or not suspects:
            return view
        return reread_cluster(
            settings,
            view,
            suspects,
            base_dir=self.base_dir,
            masker=self.masker,
            progress=self.progress,
            clock=self.clock,
            within=self.allowance.share,
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
            cache_dir=cache_folder(self.config),
            base_dir=self.base_dir,
            masker=self.masker,
            progress=self.progress,
        )
        if isinstance(found, Gap):
            return replace(view, head=self._with_history(key[1], view.head, None), gaps=(*view.gaps, found))
        return replace(view, head=self._with_history(key[1], view.head, found), applied=found)

    def _with_history(self, source: GitSource, head: Rendering, applied: Rendering | None) -> Rendering:
        return collect_history(source, head, applied, cache_dir=cache_folder(self.config), base_dir=self.base_dir)

    def _requests(self, clusters: Sequence[ClusterView]) -> list[tuple[CloudProvider, ScopeRequest]]:
        return [
            (provider, request) for provider in self.providers.values() for request in provider.plan(clusters).requests
        ]

    def _with_clouds(self, views: Views) -> Views:
        plans = [(provider, provider.plan(views.clusters)) for provider in self.providers.values()]
        requests = [(provider, request) for provider, plan in plans for request in plan.requests]
        clouds = in_time(
            requests,
            self._scope,
            lambda asked, why: unread_scope(asked[1], why),
            width=PARALLEL_SCOPES,
            allowance=self.allowance,
            each=self._longest_scope,
        )
        gaps = [gap for _, plan in plans for gap in plan.gaps]
        gaps += without_provider(views.clusters, self.providers.values())
        return replace(views, clouds=tuple(clouds), gaps=tuple(gaps))

    def _scope(self, asked: tuple[CloudProvider, ScopeRequest]) -> CloudScopeView:
        """The scope; a bug of the provider costs this scope, not the audit."""
        provider, request = asked
        try:
            return self.masker.mask_scope(provider.collect(request, self.progress))
        except DriftAuditError:
            raise
        except Exception as error:
            logger.exception("reading %s failed", request.scope)
            return unread_scope(request, unexpected(provider, error))

    def _reread_scope(
        self, view: CloudScopeView, request: ScopeRequest | None, suspects: Sequence[ResourceKey]
    ) -> CloudScopeView:
        if request is None or not suspects:
            return view
        provider = self.providers[view.scope.provider]
        scope = f"{view.scope}, second look"
        self.progress(began(scope, f"reading {len(suspects):,} suspects once more"))
        try:
            again = self.masker.mask_scope(provider.reread(request, view, suspects), view)
        except DriftAuditError:
            raise
        except Exception as error:
            logger.exception("reading suspects of %s once more failed", view.scope)
            again = without_second_look(view, unexpected(provider, error))
        self.progress(ended(scope))
        return again

    def _longest_scope(self, scope: object) -> float:
        return self.config.cloud_deadline_seconds

    def _recorded(self, settings: ManagementClusterSettings) -> Views:
        from drift_audit.collect.recording import recorded_views

        path = Path(settings.recording).expanduser()
        return recorded_views(path if path.is_absolute() else self.base_dir / path, settings.name)


def _longest_cluster(settings: ManagementClusterSettings | None) -> float:
    """Seconds after which a management cluster is given up that did not mind its own deadline."""
    return settings.deadline_seconds + settings.timeout_seconds if settings else math.inf


def _longest_source(source: GitSource) -> float:
    """Seconds after which a Git source is given up: its fetch minds the time itself, and what is read comes after."""
    return source.timeout_seconds + READING_A_REVISION


def _without_applied(source: GitSource, view: GitSourceView, why: Late) -> GitSourceView:
    """The source without its applied revision, as where that cannot be read."""
    if view.head is None:
        return view
    return replace(view, gaps=(*view.gaps, late_revision(source, why.reason, why.remedy)))


def _without_second_look(view: ClusterView, why: Late) -> ClusterView:
    scope = f"{view.management_cluster}/second look"
    gap = Gap(view=View.CAPI, scope=scope, subject="", reason=why.reason, remedy=why.remedy, status=ScopeStatus.PARTIAL)
    return replace(view, gaps=(*view.gaps, gap))


def _sources(clusters: Iterable[ManagementClusterSettings]) -> list[tuple[str, GitSource]]:
    return [(settings.name, source) for settings in clusters for source in settings.git]


def _together(left: Views, right: Views) -> Views:
    return Views(
        git=(*left.git, *right.git),
        clusters=(*left.clusters, *right.clusters),
        clouds=(*left.clouds, *right.clouds),
        suspects=(*left.suspects, *right.suspects),
        workloads=(*left.workloads, *right.workloads),
        gaps=(*left.gaps, *right.gaps),
    )
