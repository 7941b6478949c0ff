"""The five steps of one remediation, each with its times and where they are known from.

A Node is cordoned as the first act of the drain (machine_controller.go, drainNode), volumes are waited for after it,
and hooks, infrastructure and bootstrap after that: what has begun proves that what goes before it is over.
"""

from __future__ import annotations

from drift_audit.model.health import Event
from drift_audit.model.objects import CapiObject
from drift_audit.model.remediation import RemediationStep, Step, StepState
from drift_audit.model.values import mapping, sequence, text
from drift_audit.stuck.case import Case
from drift_audit.stuck.conditions import TRUE
from drift_audit.stuck.deletion import DRAINING, PRE_DRAIN, PRE_TERMINATE, VOLUMES, Stage, deleted_at, stage_of
from drift_audit.stuck.remediation_records import Record
from drift_audit.stuck.wording import first_line

_EXCLUDED = "machine.cluster.x-k8s.io/exclude-node-draining"
_DRAIN_BEGAN = ("status", "deletion", "nodeDrainStartTime")
_DETACH_BEGAN = ("status", "deletion", "waitForNodeVolumeDetachStartTime")
_AFTER_DRAIN = (
    VOLUMES,
    PRE_TERMINATE,
    "WaitingForInfrastructureDeletion",
    "WaitingForBootstrapDeletion",
    "DeletingNode",
    "DeletionCompleted",
)
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def steps_of_live(case: Case) -> tuple[RemediationStep, ...]:
    """The steps of a Machine that is still there.

    Its owner makes the next one when it is gone: machineset_controller.go, syncReplicas, and the scaling of control
    planes count what is being deleted.
    """
    return (_detected(case), _cordoned(case), _drained(case), _deleted(case), _step(Step.REPLACED, StepState.PENDING))


def _detected(case: Case) -> RemediationStep:
    failed = case.conditions.failing("HealthCheckSucceeded")
    marked = next((event for event in case.events if event.reason == "MachineMarkedUnhealthy"), None)
    node = case.conditions.failing("NodeReady")
    if failed is not None:
        sick = node.since if node is not None and node.since <= failed.since else ""
        return _step(Step.DETECTED, StepState.DONE, sick, failed.since, "condition HealthCheckSucceeded")
    if marked is not None:
        return _step(Step.DETECTED, StepState.DONE, "", marked.first, "event MachineMarkedUnhealthy")
    return _step(Step.DETECTED, StepState.UNKNOWN)


def _cordoned(case: Case) -> RemediationStep:
    """That it is cordoned is known in many ways, when it was in few: a taint's time, or an event about the Node."""
    if not case.live.deleting:
        return _step(Step.CORDONED, StepState.PENDING)
    if not text(case.live.at("status", "nodeRef", "name")):
        return _step(Step.CORDONED, StepState.SKIPPED, source="it never had a Node")
    if _EXCLUDED in case.live.annotations:
        return _step(Step.CORDONED, StepState.SKIPPED, source=f"annotation {_EXCLUDED}")
    node = case.node
    if node is not None and node.at("spec", "unschedulable") is True:
        taints = [mapping(each) for each in sequence(node.at("spec", "taints"))]
        at = next((text(taint.get("timeAdded")) for taint in taints if taint.get("key") == _UNSCHEDULABLE), "")
        return _step(Step.CORDONED, StepState.DONE, "", at or _not_schedulable(case), "spec.unschedulable of the Node")
    stage = stage_of(case.live)
    evicting = stage is not None and stage.name == DRAINING and "\n" in stage.message
    if evicting or _drain_is_over(case):
        return _step(Step.CORDONED, StepState.DONE, "", _not_schedulable(case), "the drain, which begins with it")
    if stage is not None and stage.name in _AFTER_DRAIN:
        return _step(Step.CORDONED, StepState.SKIPPED, source="no drain")
    return _step(Step.CORDONED, StepState.PENDING if _is_before(stage) else StepState.UNKNOWN)


def _not_schedulable(case: Case) -> str:
    """When the kubelet saw it (event NodeNotSchedulable)."""
    return next((event.first for event in case.node_events if event.reason == "NodeNotSchedulable"), "")


def _drained(case: Case) -> RemediationStep:
    live, stage = case.live, stage_of(case.live)
    began = text(live.at(*_DRAIN_BEGAN))
    if not live.deleting or _is_before(stage):
        waits = first_line(stage.message) if stage is not None and stage.name == PRE_DRAIN else ""
        return _step(Step.DRAINED, StepState.PENDING, waited_for=waits)
    if stage is not None and stage.name == DRAINING:
        lines = [line.removeprefix("* ") for line in stage.message.splitlines()]
        waits = "; ".join(lines[1:]) or "".join(lines)
        return _step(Step.DRAINED, StepState.IN_PROGRESS, began, "", "condition Deleting", waits)
    ended, source = _drain_ended(case)
    if _drain_is_over(case):
        return _step(Step.DRAINED, StepState.DONE, began, ended, source or "the stage after it")
    if stage is not None and stage.name in _AFTER_DRAIN:
        return _step(Step.DRAINED, StepState.SKIPPED, source="status.deletion has no nodeDrainStartTime")
    return _step(Step.DRAINED, StepState.UNKNOWN, began)


def _drain_ended(case: Case) -> tuple[str, str]:
    """(when, how that is known)"""
    event = next((event for event in case.events if event.reason == "SuccessfulDrainNode"), None)
    if event is not None:
        return event.first, "event SuccessfulDrainNode"
    if detach := text(case.live.at(*_DETACH_BEGAN)):
        return detach, "status.deletion.waitForNodeVolumeDetachStartTime"
    older = case.conditions.get("DrainingSucceeded")
    if older is not None and older.status == TRUE:
        return older.since, "condition DrainingSucceeded"
    return "", ""


def _drain_is_over(case: Case) -> bool:
    """Once anything is known of what comes after it; a controller's error tells nothing."""
    stage = stage_of(case.live)
    if stage is not None and stage.name in (DRAINING, PRE_DRAIN):
        return False
    began = bool(text(case.live.at(*_DRAIN_BEGAN)))
    return bool(_drain_ended(case)[0]) or (began and stage is not None and stage.name in _AFTER_DRAIN)


def _is_before(stage: Stage | None) -> bool:
    """Where the deletion has not come to the drain; its first reason says no more than that it began."""
    return stage is not None and stage.name in (PRE_DRAIN, "Deleting")


def _deleted(case: Case) -> RemediationStep:
    live, stage = case.live, stage_of(case.live)
    if live.deleting:
        told = filter(None, (stage.name, first_line(stage.message))) if stage is not None else ()
        began = deleted_at(live)
        return _step(Step.DELETED, StepState.IN_PROGRESS, began, "", "metadata.deletionTimestamp", ": ".join(told))
    marked = case.conditions.get("OwnerRemediated", "ExternallyRemediated")
    if marked is not None and marked.status != TRUE:
        waits = ": ".join(filter(None, (marked.reason, marked.message)))
        return _step(Step.DELETED, StepState.PENDING, source=f"condition {marked.type}", waited_for=waits)
    return _step(Step.DELETED, StepState.PENDING)


def replaced_by(case: Case) -> RemediationStep:
    """It is replaced once the new Machine is ready."""
    ready = case.conditions.holding("Available", "Ready") if _is_running(case.live) else None
    source = f"Machine {case.live.name}"
    if ready is not None:
        source += f", condition {ready.type}"
        return _step(Step.REPLACED, StepState.DONE, case.live.created_at, ready.since, source)
    unready = case.conditions.failing("Ready", "Available")
    told = first_line(unready.message).removeprefix("* ") or unready.reason if unready else ""
    phase = text(case.live.status.get("phase"))
    waits = ": ".join(filter(None, (f"phase {phase}" if phase else "", told)))
    return _step(Step.REPLACED, StepState.IN_PROGRESS, case.live.created_at, "", source, waits)


def _is_running(machine: CapiObject) -> bool:
    """v1beta1 sets Ready before there is a Node."""
    return bool(text(machine.at("status", "nodeRef", "name")))


def steps_of_gone(record: Record | None, event: Event | None, replacement: Case | None) -> tuple[RemediationStep, ...]:
    """The steps of a Machine that is no more: that it is deleted is certain, how long that took is not."""
    detected = (
        _step(Step.DETECTED, StepState.DONE, "", event.first, "event MachineMarkedUnhealthy")
        if event
        else _step(Step.DETECTED, StepState.UNKNOWN)
    )
    where = record.where if record else "a listing without it"
    return (
        detected,
        _step(Step.CORDONED, StepState.UNKNOWN),
        _step(Step.DRAINED, StepState.UNKNOWN),
        _step(Step.DELETED, StepState.DONE, record.at if record else "", "", where),
        replaced_by(replacement) if replacement else _step(Step.REPLACED, _nobody_yet(record)),
    )


def _nobody_yet(record: Record | None) -> StepState:
    """A control plane that still remembers has not made the replacement."""
    return StepState.PENDING if record is not None and record.in_progress else StepState.UNKNOWN


def _step(
    step: Step, state: StepState, began: str = "", ended: str = "", source: str = "", waited_for: str = ""
) -> RemediationStep:
    return RemediationStep(step=step, state=state, began=began, ended=ended, source=source, waited_for=waited_for)
