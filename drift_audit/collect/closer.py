"""The closer look: what stands beside the suspects, and into their workload clusters. Nothing, where there are none."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from drift_audit.clock import Clock
from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.kinds import Reader
from drift_audit.collect.cluster.view import opened
from drift_audit.collect.in_time import Allowance, Late, in_time
from drift_audit.collect.looking import Part
from drift_audit.collect.masking import Masker
from drift_audit.collect.suspects import beside_suspects
from drift_audit.collect.suspects import scope_of as scope_beside
from drift_audit.collect.workload import NotThere, collect_workload, read_kubeconfig, scope_of
from drift_audit.collect.workload.kubeconfig import Kubeconfig
from drift_audit.collect.workload.secret import INSTEAD
from drift_audit.config.settings import Config, ManagementClusterSettings, WorkloadRead
from drift_audit.errors import DriftAuditError
from drift_audit.interfaces import Progress
from drift_audit.model.health import Suspicion
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.progress import began, ended
from drift_audit.model.values import mapping, sequence
from drift_audit.model.views import (
    ClusterView,
    Gap,
    Reach,
    ScopeRead,
    ScopeStatus,
    SuspectView,
    View,
    Views,
    WorkloadView,
)

logger = logging.getLogger(__name__)

PARALLEL_CLUSTERS = 4
PARALLEL_WORKLOADS = 8
_CORE = "cluster.x-k8s.io"
_REPORT = "See the traceback in the log and report it."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is looked at in one management cluster."""

    settings: ManagementClusterSettings
    view: ClusterView
    objects: frozenset[ObjectKey]
    clusters: tuple[ClusterKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What a management cluster says."""

    view: SuspectView
    kubeconfigs: Mapping[ClusterKey, Kubeconfig | NotThere] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloserLook:
    """Everything that a closer look needs."""

    config: Config
    base_dir: Path
    masker: Masker
    progress: Progress
    clock: Clock
    allowance: Allowance

    def at(self, views: Views, suspicion: Suspicion) -> Views:
        """The views with evidence about the suspects; what could not be read is among its gaps."""
        tasks = self._tasks(views, suspicion)
        if not tasks:
            return views
        beside = in_time(
            tasks,
            self._beside,
            lambda task, why: _Beside(view=_not_looked_at(task, why)),
            width=PARALLEL_CLUSTERS,
            allowance=self.allowance,
            each=lambda task: task.settings.deadline_seconds + task.settings.timeout_seconds,
        )
        known = {cluster: found for each in beside for cluster, found in each.kubeconfigs.items()}
        lives = {cluster: _cluster(task.view, cluster) for task in tasks for cluster in task.clusters}
        looked = in_time(
            list(known.items()),
            lambda item: self._workload(item[0], item[1], lives[item[0]]),
            lambda item, why: _unread_workload(item[0], why),
            width=PARALLEL_WORKLOADS,
            allowance=self.allowance,
            each=lambda item: self.config.workload.deadline_seconds + self.config.workload.timeout_seconds,
        )
        workloads = tuple(found for found in looked if isinstance(found, WorkloadView))
        gaps = tuple(found for found in looked if isinstance(found, Gap))
        return replace(
            views,
            suspects=(*views.suspects, *(each.view for each in beside)),
            workloads=(*views.workloads, *workloads),
            gaps=(*views.gaps, *gaps),
        )

    def _tasks(self, views: Views, suspicion: Suspicion) -> list[_Task]:
        """One for each live management cluster that has something to be looked at."""
        live = {settings.name: settings for settings in self.config.management_clusters if not settings.recording}
        tasks = []
        for view in views.clusters:
            settings = live.get(view.management_cluster)
            if settings is None:
                continue
            objects = suspicion.objects.get(view.management_cluster, frozenset())
            clusters = tuple(sorted(self._clusters(view, suspicion)))
            if objects or clusters:
                tasks.append(_Task(settings=settings, view=view, objects=objects, clusters=clusters))
        return tasks

    def _clusters(self, view: ClusterView, suspicion: Suspicion) -> Iterable[ClusterKey]:
        match self.config.workload.read:
            case WorkloadRead.NONE:
                return ()
            case WorkloadRead.SUSPECTS:
                return (key for key in suspicion.clusters if key.management_cluster == view.management_cluster)
            case WorkloadRead.ALL:
                return (
                    ClusterKey(view.management_cluster, key.namespace, key.name)
                    for key in view.objects
                    if (key.group, key.kind) == (_CORE, "Cluster")
                )

    def _beside(self, task: _Task) -> _Beside:
        """What the management cluster says; a bug of ours costs this evidence, not the audit."""
        scope = scope_beside(task.settings.name)
        self.progress(began(scope, f"looking closer at {len(task.objects):,} objects"))
        try:
            with opened(task.settings, self.base_dir, self.masker, self.clock, within=self.allowance.share) as reader:
                if isinstance(reader, Unreadable):
                    return _Beside(view=_not_looked_at(task, Late(reason=reader.reason, remedy=reader.remedy)))
                return self._read_beside(task, reader)
        except DriftAuditError:
            raise
        except Exception as error:
            log_places(f"looking closer at {task.settings.name}", error)
            return _Beside(view=_not_looked_at(task, _unexpected(error)))
        finally:
            self.progress(ended(scope))

    def _read_beside(self, task: _Task, reader: Reader) -> _Beside:
        view = SuspectView(management_cluster=task.settings.name)
        if task.objects:
            view = beside_suspects(task.settings, reader, task.view, task.objects, self.config.closer_look)
        kubeconfigs: dict[ClusterKey, Kubeconfig | NotThere] = {}
        parts = []
        for cluster in task.clusters:
            part = Part(view=self._told_of, scope=f"{scope_of(cluster)}/kubeconfig", instead=INSTEAD)
            found = read_kubeconfig(reader.connection, part, cluster)
            part.end()
            parts.append(part)
            if found is not None:
                kubeconfigs[cluster] = found
        return _Beside(
            view=replace(
                view,
                gaps=(*view.gaps, *(gap for part in parts for gap in part.gaps)),
                reads=(*view.reads, *(part.read() for part in parts)),
            ),
            kubeconfigs=kubeconfigs,
        )

    @property
    def _told_of(self) -> View:
        """Of suspects, what a workload cluster would have told is evidence: not to see it makes no audit incomplete.
        Who asks for all workload clusters wants to know of each."""
        return View.WORKLOAD if self.config.workload.read is WorkloadRead.ALL else View.EVIDENCE

    def _workload(
        self, cluster: ClusterKey, found: Kubeconfig | NotThere, live: CapiObject | None
    ) -> WorkloadView | Gap:
        scope = f"workload {cluster}"
        self.progress(began(scope))
        view: WorkloadView | Gap
        try:
            view = collect_workload(
                cluster,
                found,
                self.config.workload,
                expected=live is not None and ought_to_answer(live),
                masker=self.masker,
                clock=self.clock,
                within=self.allowance.share,
            )
        except DriftAuditError:
            raise
        except Exception as error:
            log_places(f"looking into {scope}", error)
            view = _unread_workload(cluster, _unexpected(error))
        told = "" if isinstance(view, WorkloadView) and view.reach is Reach.REACHED else "not reached"
        self.progress(ended(scope, told))
        return view


def log_places(what: str, error: Exception) -> None:
    """The places alone: kubeconfigs are read here, and the words of an error may quote what one holds."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed: %s\n%s", what, type(error).__name__, places)


def ought_to_answer(cluster: CapiObject) -> bool:
    """Whether the Cluster had a control plane once and is not about to lose it (`ControlPlaneInitialized` stays True
    for ever; before v1beta2 `status.controlPlaneReady` says that there is one)."""
    if cluster.deleting:
        return False
    if True in (
        cluster.at("status", "initialization", "controlPlaneInitialized"),
        cluster.at("status", "controlPlaneReady"),
    ):
        return True
    lists = (cluster.at("status", *place) for place in (("conditions",), ("v1beta2", "conditions")))
    conditions = [mapping(each) for found in lists for each in sequence(found)]
    return any(each.get("type") == "ControlPlaneInitialized" and each.get("status") == "True" for each in conditions)


def _cluster(view: ClusterView, cluster: ClusterKey) -> CapiObject | None:
    return view.objects.get(ObjectKey(_CORE, "Cluster", cluster.namespace, cluster.name))


def _not_looked_at(task: _Task, why: Late) -> SuspectView:
    scope = scope_beside(task.settings.name)
    gap = Gap(view=View.EVIDENCE, scope=scope, subject="", reason=why.reason, remedy=why.remedy)
    read = ScopeRead(view=View.EVIDENCE, scope=scope, status=ScopeStatus.FAILED, reason=why.reason)
    return SuspectView(management_cluster=task.settings.name, gaps=(gap,), reads=(read,))


def _unread_workload(cluster: ClusterKey, why: Late) -> Gap:
    return Gap(view=View.WORKLOAD, scope=scope_of(cluster), subject="", reason=why.reason, remedy=why.remedy)


def _unexpected(error: Exception) -> Late:
    return Late(reason=f"looking closer failed unexpectedly: {type(error).__name__} inside drift-audit", remedy=_REPORT)
