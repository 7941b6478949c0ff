"""What of some objects is not well yet and still has time: the other half of the answer that nothing is stuck."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drift_audit.clock import moment, stamp
from drift_audit.config.settings import StuckThresholds
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.views import ClusterView
from drift_audit.stuck.bespoke import UNDECLARED, Bespoke, with_bespoke
from drift_audit.stuck.case import Surroundings
from drift_audit.stuck.clocks import Clocks
from drift_audit.stuck.graph import ObjectGraph
from drift_audit.stuck.patience import limits_for
from drift_audit.stuck.suspects import Trouble, suspects_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One thing that is not as it should be, and how long it may stay so."""

    object: ObjectKey
    fact: str
    since: str
    until: str
    """RFC 3339: from then on somebody should know; empty where nobody can tell when it began."""
    late: bool


def pending_of(
    view: ClusterView,
    keys: Iterable[ObjectKey],
    cluster_of: Mapping[ObjectKey, ClusterKey | None],
    thresholds: StuckThresholds,
    now: datetime,
    bespoke: Bespoke = UNDECLARED,
) -> list[Pending]:
    """The troubles of these objects, the oldest first."""
    suspects = with_bespoke(suspects_in(view), bespoke)
    around = Surroundings(graph=ObjectGraph(view, cluster_of), now=now, clocks=Clocks(thresholds))
    wanted = (key for key in keys if key in suspects)
    found = [pending for key in wanted for pending in _of_one(around, view, key, suspects)]
    return sorted(found, key=lambda pending: (pending.since, str(pending.object), pending.fact))


def below(
    view: ClusterView,
    key: ObjectKey,
    cluster_of: Mapping[ObjectKey, ClusterKey | None],
    bespoke: Bespoke = UNDECLARED,
) -> set[ObjectKey]:
    """Everything that the object owns or names, however far down; a Cluster has all that belongs to it."""
    graph = ObjectGraph(view, {**cluster_of, **bespoke.clusters}, bespoke.needs)
    live = view.objects.get(key)
    seen: set[ObjectKey] = set()
    waiting = [live] if live is not None else []
    while waiting:
        for child in graph.below(waiting.pop()):
            if child.key not in seen:
                seen.add(child.key)
                waiting.append(child)
    if live is not None and key.kind == "Cluster":
        own = graph.cluster_key(live)
        owned = {**cluster_of, **bespoke.clusters}
        seen |= {each for each, cluster in owned.items() if own and cluster == own and each in view.objects}
    return seen - {key}


def _of_one(
    around: Surroundings, view: ClusterView, key: ObjectKey, suspects: Mapping[ObjectKey, Sequence[Trouble]]
) -> Iterator[Pending]:
    case = around.case(view.objects[key])
    for trouble in suspects[key]:
        began = moment(trouble.since)
        until = began + (trouble.limits or limits_for(case, trouble.clock)).warn if began is not None else None
        yield Pending(
            object=key,
            fact=trouble.fact,
            since=trouble.since,
            until=stamp(until) if until is not None else "",
            late=until is None or until <= around.now,
        )
