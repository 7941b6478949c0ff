"""Conditions as controllers write them, with their age in minutes in place of their moment.

Sources: CAPI v1.14.0 api/core/v1beta2 (types and reasons), core/reconcilers; Kubernetes pkg/kubelet/nodestatus/setters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.rig.client import Json

ALWAYS = 115.0
"""Minutes before the audit: shortly after everything came up."""


def condition(
    kind: str, status: str, reason: str, message: str = "", since: float = ALWAYS, *, severity: str = ""
) -> Json:
    """One condition; with a severity, one of the v1beta1 contract."""
    made = {"type": kind, "status": status, "reason": reason, "message": message, "since": since}
    return {**made, "severity": severity} if severity else made


def ok(kind: str, reason: str = "") -> Json:
    return condition(kind, "True", reason or kind)


def no(kind: str, reason: str, message: str = "", since: float = 30, *, severity: str = "") -> Json:
    return condition(kind, "False", reason, message, since, severity=severity)


def unknown(kind: str, reason: str, message: str = "", since: float = 30) -> Json:
    return condition(kind, "Unknown", reason, message, since)


def merged(base: Iterable[Json], changed: Iterable[Json]) -> list[Json]:
    """The conditions of `base` with those of the same type replaced, and the others added."""
    return [*{each["type"]: each for each in (*base, *changed)}.values()]


def _quiet(*kinds: str) -> tuple[Json, ...]:
    return tuple(no(kind, f"Not{kind}", since=ALWAYS) for kind in kinds)


_OF_OWNERS = (
    *(ok("MachinesReady", "Ready"), ok("MachinesUpToDate", "UpToDate")),
    *_quiet("ScalingUp", "ScalingDown", "Remediating", "Deleting", "Paused"),
)

WELL: Mapping[str, Sequence[Json]] = {
    "Machine": (
        *(ok("Available"), ok("Ready"), ok("UpToDate"), ok("BootstrapConfigReady", "Ready")),
        *(ok("InfrastructureReady", "Ready"), ok("NodeReady", "NodeReady"), ok("NodeHealthy", "NodeHealthy")),
        *_quiet("Deleting", "Paused", "Updating"),
    ),
    "MachineSet": _OF_OWNERS,
    "MachineDeployment": (ok("Available"), *_OF_OWNERS, *_quiet("RollingOut")),
    "KubeadmControlPlane": (
        *(ok("Available"), ok("Initialized"), ok("CertificatesAvailable", "Available")),
        *(ok("EtcdClusterHealthy", "Healthy"), ok("ControlPlaneComponentsHealthy", "Healthy")),
        *(*_OF_OWNERS, *_quiet("RollingOut")),
    ),
    "Cluster": (
        *(ok("Available"), ok("InfrastructureReady", "Ready"), ok("RemoteConnectionProbe", "ProbeSucceeded")),
        *(ok("ControlPlaneInitialized", "Initialized"), ok("ControlPlaneAvailable", "Available")),
        *(ok("WorkersAvailable", "Available"), ok("ControlPlaneMachinesReady", "Ready")),
        *(ok("WorkerMachinesReady", "Ready"), ok("ControlPlaneMachinesUpToDate", "UpToDate")),
        *(ok("WorkerMachinesUpToDate", "UpToDate"),),
        *_quiet("RollingOut", "ScalingUp", "ScalingDown", "Remediating", "Deleting", "Paused"),
    ),
    "Node": (
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        no("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", ALWAYS),
        no("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", ALWAYS),
        no("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", ALWAYS),
    ),
}
"""All conditions of what is well, by kind."""

_EC2 = "operation error EC2: {call}, https response error StatusCode: {status}, RequestID: 1b2f3d3e-0000-4c2d-9d3d-1, "


def api_error(code: str, told: str, *, call: str = "RunInstances", status: int = 400) -> str:
    """What CAPA repeats of an answer of EC2 (pkg/cloud/services/ec2/instances.go; AWS SDK v2 OperationError)."""
    error = f"{_EC2.format(call=call, status=status)}api error {code}: {told}"
    return f"failed to create AWSMachine instance: failed to run instance: {error}" if call == "RunInstances" else error
