"""Who is looked at more closely: the suspects that may be judged, and what stands around them.

Whoever is unwell for as long as an error text needs may become a finding, and then wants evidence. What only waits for
a person keeps the patience that it is judged by. A fleet that is well has no suspects, and costs one glance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from drift_audit.config.settings import StuckThresholds
from drift_audit.model.health import Clock, Suspicion
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.model.views import ClusterView, Views
from drift_audit.stuck.clocks import Clocks, elapsed
from drift_audit.stuck.graph import CORE, ObjectGraph, is_template, references
from drift_audit.stuck.suspects import Trouble, suspects_in

_CLUSTER_NAME = f"{CORE}/cluster-name"
_WAITS_FOR_PEOPLE = frozenset({Clock.PAUSED, Clock.GITOPS, Clock.UPGRADE_DEFERRED})


def suspicion_of(views: Views, thresholds: StuckThresholds, now: datetime) -> Suspicion:
    """The suspects of every management cluster, what they name and belong to, and their workload clusters."""
    clocks = Clocks(thresholds)
    objects: dict[str, frozenset[ObjectKey]] = {}
    clusters: set[ClusterKey] = set()
    for view in views.clusters:
        late = [key for key, troubles in suspects_in(view).items() if _lasts(troubles, clocks, now)]
        if late:
            around = list(_around(view, late))
            objects[view.management_cluster] = frozenset(live.key for live in around)
            clusters |= _clusters_of(view, around)
    return Suspicion(objects=objects, clusters=frozenset(clusters))


def with_samples(suspicion: Suspicion, views: Views) -> Suspicion:
    """The same, with one Cluster of each management cluster that nobody suspects: what it takes to look closer can
    then be told before it is needed."""
    objects = dict(suspicion.objects)
    clusters = set(suspicion.clusters)
    for view in views.clusters:
        sample = min((key for key in view.objects if (key.group, key.kind) == (CORE, "Cluster")), default=None)
        if sample is not None and view.management_cluster not in objects:
            objects[view.management_cluster] = frozenset({sample})
            clusters.add(ClusterKey(view.management_cluster, sample.namespace, sample.name))
    return Suspicion(objects=objects, clusters=frozenset(clusters))


def _lasts(troubles: Iterable[Trouble], clocks: Clocks, now: datetime) -> bool:
    """Whether one of them may be judged by now; a moment that nobody can read excuses nothing."""
    for trouble in troubles:
        lasted = elapsed(trouble.since, now)
        clock = trouble.clock if trouble.clock in _WAITS_FOR_PEOPLE else Clock.AT_ONCE
        if lasted is None or lasted >= clocks.limits(clock).warn:
            return True
    return False


def _around(view: ClusterView, suspects: Sequence[ObjectKey]) -> Iterator[CapiObject]:
    """The suspects with all that they belong to, and what each of these names: a provider may write no condition into
    the infrastructure of a Machine, and then only events tell of it."""
    graph = ObjectGraph(view, _cluster_names(view))
    seen: set[ObjectKey] = set()
    for key in suspects:
        for live in graph.way_up(view.objects[key]):
            named = [found for each in references(live) if not is_template(each) and (found := graph.get(each))]
            for each in (live, *named):
                if each.key not in seen:
                    seen.add(each.key)
                    yield each


def _cluster_names(view: ClusterView) -> Mapping[ObjectKey, ClusterKey | None]:
    """The Cluster that each object names, where it is one of the view."""
    return {key: _named_cluster(view, live) for key, live in view.objects.items()}


def _named_cluster(view: ClusterView, live: CapiObject) -> ClusterKey | None:
    is_cluster = (live.key.group, live.kind) == (CORE, "Cluster")
    name = live.name if is_cluster else live.labels.get(_CLUSTER_NAME) or text(live.spec.get("clusterName"))
    if not name or ObjectKey(CORE, "Cluster", live.namespace, name) not in view.objects:
        return None
    return ClusterKey(view.management_cluster, live.namespace, name)


def _clusters_of(view: ClusterView, around: Iterable[CapiObject]) -> set[ClusterKey]:
    return {cluster for live in around if (cluster := _named_cluster(view, live))}
