"""Layer 9, beside the kubelet's word: what agents on Nodes report of hardware and kernel.

The kubelet stays Ready, the Machine stays Running, and a MachineHealthCheck is silent unless it names the condition. So
these are looked for on the Machines of all Nodes that were read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Condition, Layer
from drift_audit.model.values import Json, mapping
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.clocks import elapsed
from drift_audit.stuck.graph import CORE
from drift_audit.stuck.node_facts import machines_with_nodes, matches, reported_by_agents
from drift_audit.stuck.patience import health_checks, limits_for, watched_conditions
from drift_audit.stuck.signature import Sign, Signature

_GPU_NAMES = ("*GPU*", "*Xid*", "*NVLink*", "*NVSwitch*", "*Row*Remap*", "IBLink*", "*NVIDIA*", "AcceleratedHardware*")
_XID = re.compile(r"\bS?Xid(?:s| errors?| codes?)?[:=\s]+(\d{1,3})\b", re.IGNORECASE)
_KERNEL_XID = re.compile(r"NVRM: Xid \(.*?\): (\d{1,3})\b", re.IGNORECASE)
_HARDWARE_XIDS = frozenset({"48", "63", "64", "74", "79", "92", "94", "95"})
"""NVIDIA's Xid catalogue: double-bit errors, row remapping, NVLink, off the bus, error rates. An event about another
one is the fault of a program as often as not."""
_GPU_RESOURCES = ("nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi", "aws.amazon.com/neuron")
_GPU_COUNT = "nvidia.com/gpu.count"
"""Label by NVIDIA's GPU feature discovery; with mixed MIG the devices are counted under other names."""
_MIG_STRATEGY = "nvidia.com/mig.strategy"


def _gpu_fault(case: Case) -> Sign | None:
    conditions = [each for each in _reported(case) if matches(each.type, _GPU_NAMES)]
    events = [event for event in case.node_events if _xid(event.message) in _HARDWARE_XIDS]
    if not conditions and not events:
        return None
    messages = [each.message for each in conditions] + [event.message for event in events]
    xid = next(filter(None, map(_xid, messages)), "")
    named = conditions[0].type if conditions else f"event {events[0].reason}"
    return Sign(
        fact=f"{_of_node(case)}{_told(named, messages[0])}{_unwatched(case, conditions)}",
        since=min(filter(None, (*(each.since for each in conditions), *(event.first for event in events))), default=""),
        proofs=(
            *_told_by_node(case, conditions),
            *(Proof("event", f"event {event.reason}: {event.message}") for event in events),
            *(Proof("workload", each) for each in _fewer_gpus(case)),
        ),
        variant=f"Xid {xid}" if xid else named,
        values=(("node", case.node.name if case.node else ""),),
    )


def _node_problem(case: Case) -> Sign | None:
    conditions = [each for each in _reported(case) if not matches(each.type, _GPU_NAMES)]
    if not conditions:
        return None
    worst = conditions[0]
    return Sign(
        fact=f"{_of_node(case)}{_told(worst.type, worst.message)}{_unwatched(case, conditions)}",
        since=worst.since,
        proofs=_told_by_node(case, conditions),
        variant=worst.type,
        values=(("node", case.node.name if case.node else ""),),
    )


def _gpus_missing(case: Case) -> Sign | None:
    """Only once the Node is older than a Machine may take to start: device plug-ins come up last."""
    node, fewer = case.node, list(_fewer_gpus(case))
    if node is None or not fewer:
        return None
    age = elapsed(node.created_at, case.now)
    if age is not None and age < limits_for(case, Clock.MACHINE_PROVISIONED).critical:
        return None
    return Sign(
        fact=_of_node(case) + "; ".join(fewer),
        proofs=tuple(Proof("workload", f"Node {node.name}: {each}") for each in fewer),
        values=(("node", node.name),),
    )


def _fewer_gpus(case: Case) -> Iterator[str]:
    node = case.node
    if node is None:
        return
    capacity, allocatable = mapping(node.status.get("capacity")), mapping(node.status.get("allocatable"))
    for resource in _GPU_RESOURCES:
        has, gives = _count(capacity.get(resource)), _count(allocatable.get(resource))
        if has is not None and (gives or 0) < has:
            yield f"{gives or 0} of {has} {resource} are allocatable"
    labelled, has = _count(node.labels.get(_GPU_COUNT)), _count(capacity.get("nvidia.com/gpu"))
    if labelled and (has or 0) < labelled and node.labels.get(_MIG_STRATEGY, "none") in ("", "none"):
        yield f"it is labelled to have {labelled} GPUs, and its device plug-in reports {has or 0}"


def _count(value: Json) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else None


def _reported(case: Case) -> list[Condition]:
    return list(reported_by_agents(case.node, case.around.node_conditions)) if case.node is not None else []


def _told_by_node(case: Case, conditions: Sequence[Condition]) -> tuple[Proof, ...]:
    return tuple(Proof("condition", f"{_of_node(case)}{said_by(each).proof.text}") for each in conditions)


def _told(named: str, message: str) -> str:
    return f"{named}: {message}" if message else named


def _of_node(case: Case) -> str:
    return f"Node {case.node.name}: " if case.node is not None else ""


def _xid(told: str) -> str:
    match = _KERNEL_XID.search(told) or _XID.search(told)
    return match[1] if match else ""


def _unwatched(case: Case, conditions: Sequence[Condition]) -> str:
    """That no MachineHealthCheck will act on it, where that is known."""
    if not conditions or not case.graph.view.listed(CORE, "MachineHealthCheck"):
        return ""
    watched = {name for check in health_checks(case, case.live) for name in watched_conditions(check)}
    return "" if watched & {each.type for each in conditions} else "; no MachineHealthCheck looks at it"


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="GPU-XID",
        layer=Layer.NODE_HEALTH,
        severity=Severity.HIGH,
        title="A GPU, or what links GPUs, has failed",
        kinds=("Machine",),
        looks=_gpu_fault,
        mechanism=(
            "The kubelet stays Ready and the Machine stays Running; jobs on the Node fail or compute wrongly. "
            "A restart clears the agent's memory of it, not the fault."
        ),
        next_steps=(
            "In the workload cluster: `kubectl describe node {node}`; on it: `nvidia-smi -q`, `dmesg | grep Xid`.",
            "Cordon it (`kubectl cordon {node}`, reversible), let jobs end, run the vendor's diagnosis.",
            "Then delete the Machine, and open a case with the vendor or cloud.",
        ),
        source="NVIDIA Xid catalogue; conditions of NVSentinel, of the EKS node monitoring agent, of AKS",
        clock=Clock.NODE_UNHEALTHY,
        among=machines_with_nodes,
        kind=FindingKind.HEALTH,
        confirm="nvidia-smi, DCGM",
    ),
    Signature(
        id="GPU-CAPACITY-DROP",
        layer=Layer.NODE_HEALTH,
        severity=Severity.MEDIUM,
        title="A Node offers fewer GPUs than it has",
        kinds=("Machine",),
        looks=_gpus_missing,
        mechanism="The device plug-in has stopped or holds a faulty GPU back: Pods that ask for GPUs stay pending.",
        next_steps=(
            "In the workload cluster: `kubectl describe node {node}`, and the Pod of the device plug-in on it.",
            "Keep its log before it is restarted.",
        ),
        source="Kubernetes device plug-in API: status.capacity and status.allocatable of the Node",
        among=machines_with_nodes,
        kind=FindingKind.HEALTH,
    ),
    Signature(
        id="NODE-PROBLEM",
        layer=Layer.NODE_HEALTH,
        severity=Severity.MEDIUM,
        title="An agent on the Node reports a problem of its kernel, disk or runtime",
        kinds=("Machine",),
        looks=_node_problem,
        mechanism=(
            "The kubelet still reports Ready, so that the Machine stays Running and Pods are scheduled on a Node that "
            "cannot run them well."
        ),
        next_steps=(
            "In the workload cluster: `kubectl describe node {node}`: conditions and events.",
            "If it comes again after a restart of the Node, replace the Machine.",
        ),
        source="node-problem-detector config/*.json; EKS user guide, node monitoring agent",
        clock=Clock.NODE_UNHEALTHY,
        among=machines_with_nodes,
        kind=FindingKind.HEALTH,
    ),
)
