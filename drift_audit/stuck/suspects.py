"""The cheap look at every object: what of it is not as it should be, and by which clock that is measured.

Reads the object alone. What is a symptom is a table; how long it may last is the clock's matter, and what it comes
from is that of the signatures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drift_audit.model.health import Clock, Condition
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text
from drift_audit.model.views import ClusterView
from drift_audit.stuck.clocks import Limits
from drift_audit.stuck.conditions import HAPPENING, TRUE, Conditions, conditions_of
from drift_audit.stuck.deletion import deleted_at, stage_of
from drift_audit.stuck.graph import CORE, is_template
from drift_audit.stuck.writing import field_written, spec_written

PAUSED = "cluster.x-k8s.io/paused"

_PHASES: Mapping[tuple[str, str], Clock] = {
    ("Cluster", "Pending"): Clock.CLUSTER_PENDING,
    ("Cluster", "Provisioning"): Clock.CLUSTER_PROVISIONING,
    ("Machine", "Pending"): Clock.MACHINE_PENDING,
    ("Machine", "Provisioning"): Clock.MACHINE_PROVISIONING,
    ("Machine", "Provisioned"): Clock.MACHINE_PROVISIONED,
    ("MachinePool", "Pending"): Clock.MACHINE_PENDING,
    ("MachinePool", "Provisioning"): Clock.MACHINE_PROVISIONING,
}
"""Phases in which something has yet to happen, of the core kinds."""

_CLOCK_OF_CONDITION: Mapping[str, Clock] = {
    "ControlPlaneInitialized": Clock.CONTROL_PLANE_START,
    "RemoteConnectionProbe": Clock.CONNECTION_PROBE,
    "NodeHealthy": Clock.NODE_UNHEALTHY,
    "NodeReady": Clock.NODE_UNHEALTHY,
    "HealthCheckSucceeded": Clock.NODE_UNHEALTHY,
    "OwnerRemediated": Clock.REMEDIATION_BLOCKED,
    "ExternallyRemediated": Clock.REMEDIATION_BLOCKED,
    "RemediationAllowed": Clock.REMEDIATION_BLOCKED,
    "EtcdClusterHealthy": Clock.COMPONENTS,
    "EtcdMemberHealthy": Clock.COMPONENTS,
    "ControlPlaneComponentsHealthy": Clock.COMPONENTS,
    "APIServerPodHealthy": Clock.COMPONENTS,
    "ControllerManagerPodHealthy": Clock.COMPONENTS,
    "SchedulerPodHealthy": Clock.COMPONENTS,
    "EtcdPodHealthy": Clock.COMPONENTS,
    "CertificatesAvailable": Clock.COMPONENTS,
    "ResourcesApplied": Clock.RESOURCES_APPLIED,
    "DataSecretAvailable": Clock.MACHINE_PENDING,
}
_CLOCK_OF_UPGRADE: Mapping[str, Clock] = {
    "UpgradeDeferred": Clock.UPGRADE_DEFERRED,
    **dict.fromkeys(("Upgrading", "Pending", "HookBlocking", "Creating"), Clock.CLUSTER_UPGRADE),
}
"""By how the reason of TopologyReconciled ends: what is under way, and what somebody put off."""
_CLOCK_OF_KIND: Mapping[str, Clock] = {
    "Cluster": Clock.CLUSTER_PROVISIONING,
    "Machine": Clock.MACHINE_PROVISIONING,
    "MachineSet": Clock.SCALING,
    "MachineDeployment": Clock.SCALING,
    "MachinePool": Clock.SCALING,
    "KubeadmControlPlane": Clock.CONTROL_PLANE_START,
    "KubeadmConfig": Clock.MACHINE_PENDING,
}
_CLOCK_OF_CHANGE: Mapping[str, Clock] = {
    "ScalingUp": Clock.SCALING,
    "ScalingDown": Clock.SCALING,
    "RollingOut": Clock.ROLLOUT,
    "Updating": Clock.ROLLOUT,
    "Remediating": Clock.REMEDIATION_BLOCKED,
}
_DUE_FOR_ROLLOUT = frozenset({"UpToDate", "MachinesUpToDate", "ControlPlaneMachinesUpToDate", "WorkerMachinesUpToDate"})
"""What a rollout has yet to replace: RollingOut of the owner is measured. An old Machine may wait for long, in a big
rollout, in one by OnDelete, in one that somebody paused."""
_CLOCK_OF_DELETION: Mapping[str, Clock] = {
    "DrainingNode": Clock.DRAINING,
    "WaitingForVolumeDetach": Clock.VOLUME_DETACH,
    "WaitingForPreDrainHook": Clock.HOOK,
    "WaitingForPreTerminateHook": Clock.HOOK,
    "WaitingForInfrastructureDeletion": Clock.INFRASTRUCTURE_DELETION,
}
_CAN_PAUSE = ("Cluster", "MachineDeployment")
"""Kinds that have `spec.paused`; of a MachineDeployment it stops the rollout."""
_RECONCILED = (
    *("Machine", "Cluster", "MachinePool", "KubeadmConfig"),
    *("MachineDeployment", "MachineSet", "ControlPlane"),
)
_PROVIDER_GROUPS = (
    "infrastructure.cluster.x-k8s.io",
    "bootstrap.cluster.x-k8s.io",
    "controlplane.cluster.x-k8s.io",
    "addons.cluster.x-k8s.io",
    "ipam.cluster.x-k8s.io",
    "runtime.cluster.x-k8s.io",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is not as it should be, and may yet become so by itself."""

    clock: Clock
    since: str
    """RFC 3339."""
    fact: str
    condition: Condition | None = None
    hint: bool = False
    """True for what is worth a closer look and is no news by itself."""
    limits: Limits | None = None
    """How long it may last, where that is not the clock's to say."""


def suspects_in(view: ClusterView) -> dict[ObjectKey, list[Trouble]]:
    """Every object of CAPI that is not wholly well, with its troubles."""
    found = {}
    for key, live in view.objects.items():
        if (key.group == CORE or key.group in _PROVIDER_GROUPS) and not is_template(key) and not _looks_well(live):
            troubles = list(troubles_of(live))
            if troubles:
                found[key] = troubles
    return found


def _looks_well(live: CapiObject) -> bool:
    """True where a glance is enough: nearly always."""
    status = live.status
    if live.deleting or PAUSED in live.annotations or (live.key.group == CORE and _phase_or_pause(live)):
        return False
    if "failureReason" in status or "failureMessage" in status or not status.get("conditions"):
        return False
    if _lacks_infrastructure(live) or _is_unseen(live):
        return False
    for entry in map(mapping, sequence(status["conditions"])):
        if entry.get("status") != ("False" if entry.get("type") in HAPPENING else "True"):
            return False
    return True


def _phase_or_pause(live: CapiObject) -> bool:
    return (live.kind, text(live.status.get("phase"))) in _PHASES or is_paused(live)


def troubles_of(live: CapiObject) -> Iterator[Trouble]:
    """What of the object is not as it should be."""
    status = live.status
    conditions = conditions_of(live) if status else None
    if live.deleting:
        yield _deletion(live)
        return
    if is_paused(live):
        since = paused_since(live, conditions) or live.created_at
        yield Trouble(clock=Clock.PAUSED, since=since, fact=f"{live.kind} is paused")
    phase = text(status.get("phase")) if live.key.group == CORE else ""
    starting = _PHASES.get((live.kind, phase)) or _start_of_control_plane(live, conditions)
    if clock := _PHASES.get((live.kind, phase)):
        since = text(status.get("lastUpdated")) or live.created_at
        yield Trouble(clock=clock, since=since, fact=f"phase {phase}")
    if status.get("failureReason") or status.get("failureMessage"):
        told = text(status.get("failureMessage")) or text(status.get("failureReason"))
        yield Trouble(clock=Clock.AT_ONCE, since=live.created_at, fact=f"failureMessage: {told}")
    if _is_unseen(live) and (written := spec_written(live)):
        fact = "no controller has seen its latest spec"
        yield Trouble(clock=Clock.CONTROLLER, since=written, fact=fact, hint=True)
    if _lacks_infrastructure(live):
        fact = "its infrastructure is not provisioned"
        yield Trouble(clock=Clock.CLUSTER_PROVISIONING, since=live.created_at, fact=fact)
    if conditions is None:
        if _is_reconciled_kind(live):
            yield Trouble(clock=_clock_of(live, ""), since=live.created_at, fact="no controller has written a status")
        return
    if not conditions.current and _is_infrastructure(live) and not _is_provisioned(live):
        yield Trouble(clock=_clock_of(live, ""), since=live.created_at, fact="it is not ready, and has no conditions")
    # Older conditions beside newer ones say the same with less care.
    for condition in conditions.current.values():
        if change := _CLOCK_OF_CHANGE.get(condition.type):
            if condition.status == TRUE and not _waits_for_people(live, condition):
                clock = (
                    Clock.CONTROL_PLANE_ROLLOUT
                    if change is Clock.ROLLOUT and live.kind.endswith("ControlPlane")
                    else change
                )
                # A Cluster repeats what its control plane and its workers say.
                yield _told(live, condition, clock, hint=live.kind == "Cluster")
        elif condition.type in _DUE_FOR_ROLLOUT:
            continue
        elif condition.status != TRUE and condition.severity != "Info" and condition.type not in ("Deleting", "Paused"):
            started = starting or _clock_of_start(condition)
            yield _told(live, condition, started or _clock_of(live, condition.type, condition.reason))


def _start_of_control_plane(live: CapiObject, conditions: Conditions | None) -> Clock | None:
    """The clock of a Cluster or control plane whose first Node has yet to come: until then little of it can be well."""
    if live.kind == "Cluster":
        started = conditions is not None and conditions.holding("ControlPlaneInitialized") is not None
    elif live.kind.endswith("ControlPlane"):
        initialized = live.at("status", "initialization", "controlPlaneInitialized")
        started = True in (initialized, live.status.get("initialized"))
    else:
        return None
    return None if started else Clock.CONTROL_PLANE_START


def is_paused(live: CapiObject) -> bool:
    """By its own field or annotation; what a paused Cluster does to others is told at the Cluster."""
    return PAUSED in live.annotations or (live.kind in _CAN_PAUSE and live.spec.get("paused") is True)


def paused_since(live: CapiObject, conditions: Conditions | None) -> str:
    """Since when it is paused: as its condition tells, else as whoever wrote the field; empty where nobody does.

    A paused rollout of a MachineDeployment makes no condition (CAPI util/paused/paused.go looks at the annotation and
    at the Cluster only), and providers of old have none.
    """
    by_annotation = PAUSED in live.annotations
    if conditions and (by_annotation or live.kind == "Cluster") and (pause := conditions.holding("Paused")):
        return pause.since
    return field_written(live, *(("metadata", "annotations", PAUSED) if by_annotation else ("spec", "paused")))[0]


def cluster_keys(suspects: Mapping[ObjectKey, object], of: Mapping[ObjectKey, ClusterKey | None]) -> set[ClusterKey]:
    """The workload clusters that the suspects belong to."""
    return {cluster for key in suspects if (cluster := of.get(key))}


def _deletion(live: CapiObject) -> Trouble:
    """The whole deletion by its clock; a stage that has one by that, from when the stage began."""
    stage = stage_of(live)
    clock = _CLOCK_OF_DELETION.get(stage.name if stage else "")
    if clock is None or stage is None:
        clock = Clock.CLUSTER_DELETING if live.kind == "Cluster" else Clock.DELETING
        since = deleted_at(live)
    else:
        since = stage.since
    at = f": {stage.name}" if stage and stage.name else ""
    condition = conditions_of(live).get("Deleting")
    return Trouble(clock=clock, since=since, fact=f"it is being deleted{at}", condition=condition)


def _told(live: CapiObject, condition: Condition, clock: Clock, *, hint: bool = False) -> Trouble:
    told = ": ".join(filter(None, (f"{condition.type} is {condition.status}", condition.reason, condition.message)))
    since = condition.since or live.created_at
    return Trouble(clock=clock, since=since, fact=told, condition=condition, hint=hint)


def _clock_of_start(condition: Condition) -> Clock | None:
    """The clock of a component of a control plane that has only begun, as KCP tells."""
    if condition.reason == "Provisioning" or condition.message.startswith("Waiting for learner etcd member"):
        return Clock.MACHINE_PROVISIONED
    return None


def _clock_of(live: CapiObject, condition: str, reason: str = "") -> Clock:
    if condition == "TopologyReconciled":
        return next((clock for end, clock in _CLOCK_OF_UPGRADE.items() if reason.endswith(end)), Clock.TOPOLOGY)
    if clock := _CLOCK_OF_CONDITION.get(condition):
        return clock
    if clock := _CLOCK_OF_KIND.get(live.kind):
        return clock
    if live.key.group == "infrastructure.cluster.x-k8s.io":
        return Clock.CLUSTER_PROVISIONING if live.kind.endswith("Cluster") else Clock.MACHINE_PROVISIONING
    return Clock.BESPOKE


def _waits_for_people(live: CapiObject, condition: Condition) -> bool:
    """A rollout by OnDelete lasts until somebody deletes the old Machines: that is what it is for."""
    strategy = text(live.at("spec", "strategy", "type")) or text(live.at("spec", "rollout", "strategy", "type"))
    return condition.type == "RollingOut" and strategy == "OnDelete"


def _is_infrastructure(live: CapiObject) -> bool:
    return live.key.group == "infrastructure.cluster.x-k8s.io" and _is_reconciled_kind(live)


def _is_provisioned(live: CapiObject) -> bool:
    """By the contract of CAPI; CAPG says nothing else."""
    return True in (live.status.get("ready"), live.at("status", "initialization", "provisioned"))


def _is_reconciled_kind(live: CapiObject) -> bool:
    """Kinds of which a status is certain to be written."""
    return live.kind.endswith(_RECONCILED)


def _lacks_infrastructure(live: CapiObject) -> bool:
    """True for the infrastructure of a Cluster that is not there yet; some wait for it without a word (CAPA: for the
    name of the load balancer, with the severity Info)."""
    if not live.kind.endswith("Cluster") or live.key.group != "infrastructure.cluster.x-k8s.io":
        return False
    provisioned = live.at("status", "initialization", "provisioned")
    return True not in (provisioned, live.status.get("ready")) and any(own.kind == "Cluster" for own in live.owners)


def _is_unseen(live: CapiObject) -> bool:
    """True where the controller has told which generation it has seen, and it is an older one."""
    seen, latest = live.status.get("observedGeneration"), live.metadata.get("generation")
    return isinstance(seen, int) and isinstance(latest, int) and seen < latest
