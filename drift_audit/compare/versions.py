"""Field owners of another API version, spelled in the version in which the object was read.

The API server converts an object's values, but not its managedFields: each entry stays in the version of
the request that wrote it. A person's `kubectl edit` uses the newest version, while Git may declare an
older one. Source of the table: cluster-api `api/core/v1beta1/conversion.go` and the same files of the
kubeadm bootstrap and control plane providers; a test holds every row against the CRDs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from drift_audit.compare.managed_fields import Entry, FieldSet, ManagedFields, value_at
from drift_audit.model.keys import FieldPath, ItemKey, PathStep, split_api_version
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence

OLD, NEW = "v1beta1", "v1beta2"

Row = tuple[str, str]
"""(path in v1beta1, path in v1beta2), `*` for the item of a list."""


def _timeouts(old: str, new: str) -> tuple[Row, ...]:
    names = ("nodeDrainTimeout", "nodeVolumeDetachTimeout", "nodeDeletionTimeout")
    return tuple((f"{old}.{name}", f"{new}.deletion.{name}Seconds") for name in names)


def _reference(old: str, new: str = "") -> tuple[Row, ...]:
    new = new or old
    parts = ("kind", "name") if new != old else ()
    return ((f"{old}.apiVersion", f"{new}.apiGroup"), *((f"{old}.{part}", f"{new}.{part}") for part in parts))


def _machine(spec: str) -> tuple[Row, ...]:
    return (
        *_timeouts(spec, spec),
        *_reference(f"{spec}.infrastructureRef"),
        *_reference(f"{spec}.bootstrap.configRef"),
    )


def _health(old: str, new: str) -> tuple[Row, ...]:
    return (
        (f"{old}.unhealthyConditions", f"{new}.checks.unhealthyNodeConditions"),
        (f"{old}.unhealthyMachineConditions", f"{new}.checks.unhealthyMachineConditions"),
        (f"{old}.nodeStartupTimeout", f"{new}.checks.nodeStartupTimeoutSeconds"),
        (f"{old}.maxUnhealthy", f"{new}.remediation.triggerIf.unhealthyLessThanOrEqualTo"),
        (f"{old}.unhealthyRange", f"{new}.remediation.triggerIf.unhealthyInRange"),
        (f"{old}.remediationTemplate", f"{new}.remediation.templateRef"),
    )


def _topology_health(at: str) -> tuple[Row, ...]:
    old, new = f"{at}.machineHealthCheck", f"{at}.healthCheck"
    return ((f"{old}.enable", f"{new}.enabled"), *_health(old, new))


def _rollout(old: str, new: str) -> tuple[Row, ...]:
    return (
        (f"{old}.type", f"{new}.type"),
        (f"{old}.rollingUpdate.maxSurge", f"{new}.rollingUpdate.maxSurge"),
        (f"{old}.rollingUpdate.maxUnavailable", f"{new}.rollingUpdate.maxUnavailable"),
    )


def _kubeadm(at: str) -> tuple[Row, ...]:
    tokens = f"{at}.initConfiguration.bootstrapTokens.*"
    return ((f"{tokens}.ttl", f"{tokens}.ttlSeconds"),)


_CONTROL_PLANE, _DEPLOYMENTS, _POOLS = (
    f"spec.topology.{part}" for part in ("controlPlane", "workers.machineDeployments.*", "workers.machinePools.*")
)
_TEMPLATE, _MACHINES = "spec.template.spec", "spec.machineTemplate"

ROWS: dict[str, tuple[Row, ...]] = {
    "Cluster": (
        ("spec.topology.class", "spec.topology.classRef.name"),
        ("spec.topology.classNamespace", "spec.topology.classRef.namespace"),
        *_reference("spec.infrastructureRef"),
        *_reference("spec.controlPlaneRef"),
        *_timeouts(_CONTROL_PLANE, _CONTROL_PLANE),
        *_timeouts(_DEPLOYMENTS, _DEPLOYMENTS),
        *_timeouts(_POOLS, _POOLS),
        *_topology_health(_CONTROL_PLANE),
        *_topology_health(_DEPLOYMENTS),
        *_rollout(f"{_DEPLOYMENTS}.strategy", f"{_DEPLOYMENTS}.rollout.strategy"),
        (f"{_DEPLOYMENTS}.strategy.rollingUpdate.deletePolicy", f"{_DEPLOYMENTS}.deletion.order"),
        (f"{_DEPLOYMENTS}.strategy.remediation.maxInFlight", f"{_DEPLOYMENTS}.healthCheck.remediation.maxInFlight"),
    ),
    "Machine": _machine("spec"),
    "MachineSet": (
        *_machine(_TEMPLATE),
        ("spec.deletePolicy", "spec.deletion.order"),
        ("spec.machineNamingStrategy", "spec.machineNaming"),
        ("spec.minReadySeconds", f"{_TEMPLATE}.minReadySeconds"),
    ),
    "MachineDeployment": (
        *_machine(_TEMPLATE),
        *_rollout("spec.strategy", "spec.rollout.strategy"),
        ("spec.strategy.rollingUpdate.deletePolicy", "spec.deletion.order"),
        ("spec.strategy.remediation.maxInFlight", "spec.remediation.maxInFlight"),
        ("spec.rolloutAfter", "spec.rollout.after"),
        ("spec.machineNamingStrategy", "spec.machineNaming"),
        ("spec.minReadySeconds", f"{_TEMPLATE}.minReadySeconds"),
    ),
    "MachinePool": (*_machine(_TEMPLATE), ("spec.minReadySeconds", f"{_TEMPLATE}.minReadySeconds")),
    "MachineHealthCheck": _health("spec", "spec"),
    "KubeadmControlPlane": (
        *_timeouts(_MACHINES, f"{_MACHINES}.spec"),
        *_reference(f"{_MACHINES}.infrastructureRef", f"{_MACHINES}.spec.infrastructureRef"),
        (f"{_MACHINES}.readinessGates", f"{_MACHINES}.spec.readinessGates"),
        (f"{_MACHINES}.taints", f"{_MACHINES}.spec.taints"),
        ("spec.machineNamingStrategy", "spec.machineNaming"),
        ("spec.rolloutAfter", "spec.rollout.after"),
        ("spec.rolloutBefore", "spec.rollout.before"),
        ("spec.rolloutStrategy.type", "spec.rollout.strategy.type"),
        ("spec.rolloutStrategy.rollingUpdate.maxSurge", "spec.rollout.strategy.rollingUpdate.maxSurge"),
        ("spec.remediationStrategy.maxRetry", "spec.remediation.maxRetry"),
        ("spec.remediationStrategy.retryPeriod", "spec.remediation.retryPeriodSeconds"),
        ("spec.remediationStrategy.minHealthyPeriod", "spec.remediation.minHealthyPeriodSeconds"),
        *_kubeadm("spec.kubeadmConfigSpec"),
    ),
    "KubeadmConfig": _kubeadm("spec"),
    "KubeadmConfigTemplate": _kubeadm(_TEMPLATE),
}


def in_version_of(live: CapiObject, fields: ManagedFields) -> ManagedFields:
    """The entries with the paths of the live object's version, where the table knows of a move."""
    group, version = split_api_version(live.api_version)
    moves = _moves(live.kind, version) if group.endswith("cluster.x-k8s.io") else ()
    if not moves or all(entry.api_version == live.api_version for entry in fields.entries):
        return fields
    return replace(fields, entries=tuple(_moved(live, entry, version, moves) for entry in fields.entries))


@dataclass(frozen=True, slots=True)
class _Move:
    source: tuple[str, ...]
    target: tuple[str, ...]

    def of(self, path: FieldPath) -> FieldPath | None:
        """The moved path; `None` when this move is about other fields."""
        if len(path) < len(self.source):
            return None
        items: list[PathStep] = []
        for step, wanted in zip(path, self.source, strict=False):
            if wanted == "*":
                items.append(step)
            elif step != wanted:
                return None
        rest = iter(items)
        return (*(next(rest) if step == "*" else step for step in self.target), *path[len(self.source) :])


@cache
def _moves(kind: str, version: str) -> tuple[_Move, ...]:
    """The moves into this version; no two of them are about one field."""
    rows = ROWS.get(kind, ()) if version in (OLD, NEW) else ()
    return tuple(
        _Move(tuple((new if version == OLD else old).split(".")), tuple((old if version == OLD else new).split(".")))
        for old, new in rows
    )


def _moved(live: CapiObject, entry: Entry, version: str, moves: tuple[_Move, ...]) -> Entry:
    if entry.api_version.rpartition("/")[2] not in {OLD, NEW} - {version}:
        return entry
    return replace(entry, fields=FieldSet.of(_paths(live, entry, moves)))


def _paths(live: CapiObject, entry: Entry, moves: tuple[_Move, ...]) -> Iterator[FieldPath]:
    for path in entry.paths():
        moved = next((found for move in moves if (found := move.of(path)) is not None), path)
        yield _argument(live, moved)


def _argument(live: CapiObject, path: FieldPath) -> FieldPath:
    """`extraArgs` is a map by name in v1beta1, a list by name and value in v1beta2."""
    for index, step in enumerate(path[:-1]):
        if not (isinstance(step, str) and step.lower().endswith("extraargs")):
            continue
        at, item, held = path[: index + 1], path[index + 1], value_at(live.raw, path[: index + 1])
        if isinstance(item, ItemKey) and isinstance(held, dict):
            return (*at, str(item.keys.get("name")))
        if isinstance(item, str) and isinstance(held, (list, tuple)):
            values = (mapping(each) for each in sequence(held))
            value = next((each.get("value") for each in values if each.get("name") == item), None)
            return (*at, ItemKey.of({"name": item, "value": value}))
    return path
