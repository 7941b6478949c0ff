"""What is known of the Node of a Machine, from the Machine's own conditions and from the workload cluster itself.

A Machine repeats its Node's conditions (CAPI core/reconcilers/machine/machine_controller_status.go,
setNodeHealthyAndReadyConditions), and keeps them for up to five minutes after the connection is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import translate
from functools import cache

from drift_audit.model.health import Condition
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text
from drift_audit.stuck.case import Case, Proof, Surroundings, said_by
from drift_audit.stuck.conditions import FALSE, TRUE, UNKNOWN, conditions_of

KUBELET = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
"""The conditions that every Node has (Kubernetes reference, node status)."""

_GOOD_WHEN_TRUE = re.compile(r"(ready|healthy|ok|available)$", re.IGNORECASE)
_NODE_READY = re.compile(r"\* Node\.(?:Ready|AllConditions): (?P<told>[^\n]*)")
_NODE_READY_OLDER = re.compile(r"Node condition Ready is (?:False|Unknown)")
_NO_WORD_OF_A_NODE = ("ConnectionDown", "InspectionFailed", "InternalError", "NodeDoesNotExist", "NodeDeleted")


def unready(case: Case) -> Condition | None:
    """The Ready condition of the Machine's Node, where it is not True: as the Machine repeats it, with the Node's own
    time; else as the workload cluster has it."""
    told = case.conditions.failing("NodeReady")
    if told is not None and told.reason not in _NO_WORD_OF_A_NODE:
        return told
    told = case.conditions.failing("NodeHealthy")
    if told is not None and (_NODE_READY.search(told.message) or _NODE_READY_OLDER.search(told.message)):
        return told
    own = node_condition(case.node, "Ready")
    return own if own is not None and own.status != TRUE else None


def node_condition(node: CapiObject | None, name: str) -> Condition | None:
    return conditions_of(node).current.get(name) if node is not None else None


def kubelet_words(condition: Condition) -> str:
    """What the kubelet says of itself, without what CAPI puts in front."""
    match = _NODE_READY.search(condition.message)
    return match["told"] if match else condition.message


def kubelet_is_silent(case: Case) -> bool:
    """True where the Node has not been heard of: CAPI calls it unreachable then (noderefutil.IsNodeUnreachable)."""
    own = node_condition(case.node, "Ready")
    if own is not None:
        return own.status == UNKNOWN
    told = case.conditions.get("NodeReady")
    return told is not None and told.status == UNKNOWN and told.reason not in _NO_WORD_OF_A_NODE


def node_proof(case: Case, name: str, *bad: str) -> tuple[Proof, ...]:
    """What the workload cluster itself says of the Node, where that is bad as well."""
    own = node_condition(case.node, name)
    if own is None or own.status not in bad:
        return ()
    return (Proof("workload", f"Node {case.node.name if case.node else ''}: {said_by(own).proof.text}"),)


def deeper_trouble(case: Case) -> tuple[ObjectKey, ...]:
    """What the Machine's Node only suffers from: its instance that is not well, or a connection that is lost, so that
    nobody knows how the Node is."""
    found = []
    infrastructure = case.graph.infrastructure_machine(case.live)
    if infrastructure is not None and _is_not_well(infrastructure):
        found.append(infrastructure.key)
    if case.cluster is not None and conditions_of(case.cluster).failing("RemoteConnectionProbe"):
        found.append(case.cluster.key)
    return tuple(found)


def _is_not_well(infrastructure: CapiObject) -> bool:
    conditions = conditions_of(infrastructure)
    failed = text(infrastructure.status.get("failureReason")) or text(infrastructure.status.get("failureMessage"))
    return (
        infrastructure.deleting or bool(failed) or conditions.failing("Ready", "InstanceReady", "VMRunning") is not None
    )


def reported_by_agents(node: CapiObject, patterns: Sequence[str]) -> Iterator[Condition]:
    """The conditions that agents put on the Node, that count, and that are bad. Every Node is asked: cheap tests "
    "first."""
    for entry in map(mapping, sequence(node.status.get("conditions"))):
        name = text(entry.get("type"))
        bad = FALSE if _GOOD_WHEN_TRUE.search(name) else TRUE
        if name in KUBELET or entry.get("status") != bad or not matches(name, tuple(patterns)):
            continue
        condition = node_condition(node, name)
        if condition is not None:
            yield condition


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    return _any_of(patterns).match(name) is not None


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)) or r"(?!)", re.IGNORECASE)


def machines_with_nodes(around: Surroundings) -> Iterator[CapiObject]:
    """The Machines of the Nodes that were read, those that look well too; those that go anyway left out."""
    for machine in around.graph.of_kind("Machine") if around.nodes else ():
        key = around.graph.cluster_key(machine)
        nodes = around.nodes.get(key) if key else None
        if nodes is not None and not machine.deleting and nodes.find(machine) is not None:
            yield machine
