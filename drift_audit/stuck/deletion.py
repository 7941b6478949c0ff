"""How far a deletion has come: its stage, since when, what still holds the object, and what goes before it.

Order of a Machine's deletion: pre-drain hooks, drain, volumes, pre-terminate hooks, infrastructure, bootstrap, Node
(CAPI core/reconcilers/machine/machine_controller.go, reconcileDelete). The Deleting condition keeps its time through
all stages, so that `status.deletion` has to tell when one began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import sequence, text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import TRUE, Conditions, conditions_of

PRE_DRAIN, DRAINING, VOLUMES, PRE_TERMINATE = (
    "WaitingForPreDrainHook",
    "DrainingNode",
    "WaitingForVolumeDetach",
    "WaitingForPreTerminateHook",
)
INFRA_GROUP = "infrastructure.cluster.x-k8s.io"

_STARTS: Mapping[str, str] = {
    PRE_DRAIN: "waitForPreDrainHookStartTime",
    DRAINING: "nodeDrainStartTime",
    VOLUMES: "waitForNodeVolumeDetachStartTime",
    PRE_TERMINATE: "waitForPreTerminateHookStartTime",
}
"""In `status.deletion` of a Machine; those of the hooks from v1.14 on."""
_OLDER: Sequence[tuple[str, str]] = (
    ("PreDrainDeleteHookSucceeded", PRE_DRAIN),
    ("DrainingSucceeded", DRAINING),
    ("VolumeDetachSucceeded", VOLUMES),
    ("PreTerminateDeleteHookSucceeded", PRE_TERMINATE),
)
"""v1beta1 conditions, which are there from the first time that their stage is reached, False with the severity Info."""
_TURNED: Mapping[str, str] = {
    PRE_DRAIN: "PreDrainDeleteHookSucceeded",
    PRE_TERMINATE: "PreTerminateDeleteHookSucceeded",
    "WaitingForInfrastructureDeletion": "PreTerminateDeleteHookSucceeded",
}
"""v1beta1 conditions that turn when a stage begins: False for a hook, True for what comes after the last one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a deletion is at."""

    name: str
    """The reason of the Deleting condition."""
    message: str
    since: str
    proof: Proof


def stage_of(live: CapiObject) -> Stage | None:
    """The stage that the controller tells; `None` for what is not being deleted, or tells nothing."""
    if not live.deleting:
        return None
    conditions = conditions_of(live)
    if condition := conditions.holding("Deleting"):
        began = _began(live, condition.reason, conditions)
        return Stage(condition.reason, condition.message, began or deleted_at(live), said_by(condition).proof)
    for kind, name in _OLDER:
        older = conditions.get(kind)
        if older is not None and older.status != TRUE:
            return Stage(name, older.message, _began(live, name, conditions) or older.since, said_by(older).proof)
    return None


def stage_in(case: Case, name: str) -> Stage | None:
    """The stage of the object's deletion, where it is this one."""
    stage = stage_of(case.live)
    return stage if stage is not None and stage.name == name else None


def _began(live: CapiObject, stage: str, conditions: Conditions) -> str:
    """When a stage began: as the status has it, as a v1beta1 condition turned then, or not before the last one that
    tells; empty for none. Draining's own condition turns with every change of its message."""
    if began := text(live.at("status", "deletion", _STARTS.get(stage, ""))):
        return began
    turned = conditions.older.get(_TURNED.get(stage, ""))
    if turned is not None and turned.since:
        return turned.since
    return max((text(live.at("status", "deletion", each)) for each in _STARTS.values()), default="")


def deleted_at(live: CapiObject) -> str:
    return text(live.metadata.get("deletionTimestamp"))


def finalizers(live: CapiObject) -> list[str]:
    return [name for each in sequence(live.metadata.get("finalizers")) if (name := text(each))]


def is_of_capi(finalizer: str) -> bool:
    """True for the finalizers of CAPI and its providers, which all carry its domain."""
    return "cluster.x-k8s.io" in finalizer


def hooks(live: CapiObject, prefix: str) -> list[str]:
    """The annotations that a deletion waits for."""
    return sorted(name for name in live.annotations if name.startswith(prefix))


def goes_first(case: Case) -> Iterator[CapiObject]:
    """What has to be gone before the object can go."""
    live, stage = case.live, stage_of(case.live)
    match live.kind, stage.name if stage else "":
        case "Machine", "WaitingForInfrastructureDeletion":
            yield from filter(None, (case.graph.infrastructure_machine(live),))
        case "Machine", "WaitingForBootstrapDeletion":
            yield from filter(None, (case.graph.bootstrap(live),))
        case "Machine", _:
            return
        case "Cluster", "WaitingForControlPlaneDeletion":
            yield from filter(None, (case.control_plane,))
        case "Cluster", "WaitingForInfrastructureDeletion":
            yield from filter(None, (case.infrastructure,))
        case "Cluster", "WaitingForWorkersDeletion":
            yield from _workers(case)
        case _ if live.key.group == INFRA_GROUP and live.kind.endswith("Cluster"):
            yield from _machines_of_provider(case)
        case _:
            yield from case.graph.below(live)


def _workers(case: Case) -> Iterator[CapiObject]:
    """MachineDeployments, MachineSets, MachinePools and worker Machines of the Cluster (clusterDescendants)."""
    mine = case.graph.cluster_key(case.live)
    for kind in ("MachineDeployment", "MachineSet", "MachinePool", "Machine"):
        for live in case.graph.of_kind(kind):
            if case.graph.cluster_key(live) == mine and "cluster.x-k8s.io/control-plane" not in live.labels:
                yield live


def _machines_of_provider(case: Case) -> Iterator[CapiObject]:
    """A provider keeps the infrastructure of a cluster until its machines are gone (CAPA dependencyCount)."""
    mine = case.graph.cluster_key(case.live)
    for kind in case.graph.kinds():
        for live in case.graph.of_kind(kind) if kind.endswith(("Machine", "MachinePool")) else ():
            if live.key.group == INFRA_GROUP and case.graph.cluster_key(live) == mine:
                yield live


def keys(found: Sequence[CapiObject]) -> tuple[ObjectKey, ...]:
    return tuple(live.key for live in found)


def waits_for_ever(case: Case, name: str) -> str:
    """That nothing ends the waiting: a timeout that is not set, or zero, waits for ever (machine_controller.go,
    nodeDrainTimeoutExceeded)."""
    seconds, older = case.live.at("spec", "deletion", f"{name}Seconds"), text(case.live.at("spec", name))
    if (isinstance(seconds, int) and seconds > 0) or (older and older not in ("0", "0s")):
        return ""
    return f"; without {name} it waits for ever"
