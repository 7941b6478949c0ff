"""Everything that a signature may look at: one object, and what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from drift_audit.config.settings import NODE_CONDITIONS
from drift_audit.model.health import Answer, Condition, Event, LogLine, Topic
from drift_audit.model.history import NOTHING, ConditionSeen, Past
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.model.views import SuspectView, WorkloadView
from drift_audit.stuck.clocks import Clocks, elapsed
from drift_audit.stuck.conditions import Conditions, conditions_of, is_well
from drift_audit.stuck.graph import ObjectGraph

STALE = timedelta(minutes=30)
"""After so long without a word, what an event or a log line told is over: controllers try again after 17 minutes at
the latest (1000 s, controller-runtime's default rate limiter), and everything after 10 (their resync)."""
_WRITTEN_BY_MANY = frozenset({"Cluster", "Machine"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that somebody says about the object."""

    source: str
    """`condition`, `event`, `log` or `object` (its own fields)."""
    text: str
    since: str
    where: str
    """For the evidence: `condition InstanceReady`, `event FailedCreate`."""

    @property
    def proof(self) -> Proof:
        return Proof(self.source, f"{self.where}: {self.text}" if self.text else self.where)


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence. Two of different sources that agree make a cause certain."""

    source: str
    """`condition`, `event`, `log`, `object`, `controller` (its Deployment, Pods, Lease, webhooks), `workload`, `cloud`,
    `git` or `time`."""
    text: str


# Without slots: what was said is sorted by object on first use.
@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is known of one management cluster, for all cases of it."""

    graph: ObjectGraph
    now: datetime
    clocks: Clocks
    beside: SuspectView | None = None
    workloads: Mapping[ClusterKey, WorkloadView] = field(default_factory=dict)
    answers: Mapping[ObjectKey, Sequence[Answer]] = field(default_factory=dict)
    """What clouds said, by the object that was asked about."""
    node_conditions: Sequence[str] = NODE_CONDITIONS
    """Patterns: what agents say of Nodes that counts."""
    past: Past = NOTHING
    """What earlier audits saw, and this one besides."""

    @cached_property
    def events(self) -> Mapping[ObjectKey, Sequence[Event]]:
        """By the object that they are about."""
        return _by_object(self.beside.events if self.beside else ())

    @cached_property
    def logs(self) -> Mapping[ObjectKey, Sequence[LogLine]]:
        return _by_object(self.beside.logs if self.beside else ())

    @cached_property
    def remembered(self) -> Mapping[ObjectKey, Sequence[ConditionSeen]]:
        """What is remembered of the conditions of each object of this management cluster."""
        found: dict[ObjectKey, list[ConditionSeen]] = {}
        for seen in self.past.conditions:
            if seen.management_cluster == self.graph.view.management_cluster:
                found.setdefault(seen.object, []).append(seen)
        return found

    @cached_property
    def nodes(self) -> Mapping[ClusterKey, Nodes]:
        """The Nodes of every workload cluster that was looked into."""
        return {key: Nodes.of(view) for key, view in self.workloads.items()}

    @cached_property
    def consoles(self) -> Mapping[ObjectKey, Sequence[tuple[CapiObject, Answer]]]:
        """The consoles that were read, with their Machines, by what those belong to: only a few of each are read."""
        found: dict[ObjectKey, list[tuple[CapiObject, Answer]]] = {}
        for key, answers in self.answers.items():
            live = self.graph.get(key)
            machine = self.graph.machine(live) if live else None
            owner = self.graph.above(machine) if machine else None
            if machine is not None and owner is not None:
                told = [(machine, answer) for answer in answers if answer.question.topic is Topic.CONSOLE]
                found.setdefault(owner.key, []).extend(told)
        return found

    def case(self, live: CapiObject) -> Case:
        return Case(live, self)


@dataclass(frozen=True, slots=True)
class Nodes:
    """The Nodes of one workload cluster."""

    by_provider_id: Mapping[str, CapiObject]
    by_name: Mapping[str, CapiObject]
    events: Mapping[str, Sequence[Event]]
    """About each Node, by its name."""

    @classmethod
    def of(cls, view: WorkloadView) -> Nodes:
        nodes = [live for live in view.objects.values() if live.kind == "Node" and not live.key.group]
        by_id = {provider_id: node for node in nodes if (provider_id := text(node.at("spec", "providerID")))}
        events: dict[str, list[Event]] = {}
        for event in view.events:
            if event.object.kind == "Node":
                events.setdefault(event.object.name, []).append(event)
        return cls(by_id, {node.name: node for node in nodes}, events)

    def find(self, machine: CapiObject) -> CapiObject | None:
        """The Node of the Machine, by its providerID, else by the name that its status has."""
        found = self.by_provider_id.get(text(machine.at("spec", "providerID")))
        return found or self.by_name.get(text(machine.at("status", "nodeRef", "name")))


class Case:
    """One object that is looked at."""

    def __init__(self, live: CapiObject, around: Surroundings) -> None:
        self.live = live
        self.around = around

    @property
    def graph(self) -> ObjectGraph:
        return self.around.graph

    @property
    def now(self) -> datetime:
        return self.around.now

    @cached_property
    def conditions(self) -> Conditions:
        return conditions_of(self.live)

    @cached_property
    def cluster(self) -> CapiObject | None:
        return self.graph.cluster(self.live)

    @cached_property
    def machine(self) -> CapiObject | None:
        return self.graph.machine(self.live)

    @cached_property
    def infrastructure(self) -> CapiObject | None:
        """The infrastructure object of the Cluster."""
        return self.graph.infrastructure(self.cluster)

    @cached_property
    def control_plane(self) -> CapiObject | None:
        return self.graph.control_plane(self.cluster)

    @property
    def workload(self) -> WorkloadView | None:
        key = self.graph.cluster_key(self.live)
        return self.around.workloads.get(key) if key else None

    @cached_property
    def node(self) -> CapiObject | None:
        """The Node of the Machine that the object is or belongs to; `None` where it was not seen."""
        key = self.graph.cluster_key(self.live)
        nodes = self.around.nodes.get(key) if key else None
        return nodes.find(self.machine) if nodes and self.machine else None

    @property
    def node_events(self) -> Sequence[Event]:
        """What the workload cluster's events say of the Node."""
        key = self.graph.cluster_key(self.live)
        nodes = self.around.nodes.get(key) if key else None
        return nodes.events.get(self.node.name, ()) if nodes and self.node is not None else ()

    def other(self, live: CapiObject) -> Case:
        """The case of another object with the same surroundings."""
        return self.around.case(live)

    @property
    def events(self) -> Sequence[Event]:
        return self.around.events.get(self.live.key, ())

    @property
    def logs(self) -> Sequence[LogLine]:
        return self.around.logs.get(self.live.key, ())

    def answers(self, *topics: Topic) -> list[Answer]:
        """What the cloud said about the object, on these topics or on any."""
        known = self.around.answers.get(self.live.key, ())
        return [answer for answer in known if not topics or answer.question.topic in topics]

    @cached_property
    def everything_said(self) -> Sequence[Said]:
        """What its conditions that are not well, its failure fields, its warnings and its controller's log say."""
        return [*self._conditions(), *self._failures(), *self._events(), *self._logs()]

    def said(self, pattern: re.Pattern[str], *sources: str) -> tuple[Said, re.Match[str]] | None:
        """The first that matches, conditions before failure fields before events before logs."""
        for each in self.everything_said:
            if (not sources or each.source in sources) and (match := pattern.search(each.text)):
                return each, match
        return None

    def all_said(self, pattern: re.Pattern[str]) -> list[Said]:
        return [each for each in self.everything_said if pattern.search(each.text)]

    def _conditions(self) -> Iterator[Said]:
        for condition in self.conditions:
            if not is_well(condition) or condition.message:
                yield said_by(condition)

    def _failures(self) -> Iterator[Said]:
        for place in ((), ("deprecated", "v1beta1")):
            reason = text(self.live.at("status", *place, "failureReason"))
            message = text(self.live.at("status", *place, "failureMessage"))
            if reason or message:
                told = ": ".join(filter(None, (reason, message)))
                yield Said(source="object", text=told, since="", where="status.failureMessage")

    def _events(self) -> Iterator[Said]:
        for event in self.events:
            if event.type == "Warning" and not self._is_over(event.last):
                told = f"{event.reason}: {event.message}"
                times = f" ({event.count} times)" if event.count > 1 else ""
                yield Said(source="event", text=told, since=event.first, where=f"event{times}")

    def _logs(self) -> Iterator[Said]:
        for line in self.logs:
            if not self._is_over(line.last) and line.last >= self._acted_on:
                yield Said(source="log", text=line.message, since=line.first, where=f"log of {line.source}")

    @cached_property
    def _acted_on(self) -> str:
        """When its controller last changed a condition of it; empty where others write them, too.

        The attempt that did so logged its error, if it had one: errors from before are over. Of a Cluster, several
        controllers write conditions, and so they do of a Machine.
        """
        if self.live.kind in _WRITTEN_BY_MANY:
            return ""
        return max((condition.since for condition in self.conditions), default="")

    def _is_over(self, last: str) -> bool:
        ago = elapsed(last, self.now)
        return ago is not None and ago > STALE


_About = TypeVar("_About", Event, LogLine)


def _by_object(said: Iterable[_About]) -> dict[ObjectKey, list[_About]]:
    found: dict[ObjectKey, list[_About]] = {}
    for each in said:
        found.setdefault(each.object, []).append(each)
    return found


def said_by(condition: Condition) -> Said:
    """What a condition says."""
    told = ": ".join(filter(None, (condition.reason, condition.message)))
    where = f"condition {condition.type} is {condition.status}"
    return Said(source="condition", text=told, since=condition.since, where=where)
