"""How long this very object may take: the clock's limits, its class of machines, its owners' wishes, and the
MachineHealthCheck that looks after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from drift_audit.model.health import Clock
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, dig, mapping, sequence, text
from drift_audit.stuck.case import Case
from drift_audit.stuck.clocks import Limits

_CLASSES: Mapping[str, str] = {
    "Docker": "docker",
    "Dev": "docker",
    "InMemory": "docker",
    "Metal3": "baremetal",
    "ByoMachine": "baremetal",
    "Tinkerbell": "baremetal",
    "AWSManaged": "managed",
    "AzureManaged": "managed",
    "AzureASOManaged": "managed",
    "GCPManaged": "managed",
    "ROSA": "managed",
}
"""Classes of machines by how the kinds of a provider begin."""

_STARTING = frozenset({Clock.MACHINE_PROVISIONING, Clock.MACHINE_PROVISIONED})
_EARLY = 0.8
"""Of a MachineHealthCheck's own limit: time enough to look before it deletes the Machine."""


def limits_for(case: Case, clock: Clock) -> Limits:
    """After which time somebody should know about the object, and after which somebody should act."""
    way = case.graph.way_up(case.live)
    limits = case.around.clocks.limits(clock, provider_class(case), *way)
    if clock in _STARTING and (machine := case.machine):
        own = min(filter(None, map(startup_limit, health_checks(case, machine))), default=None)
        if own is not None:
            return Limits(own * _EARLY, own)
    return limits


def provider_class(case: Case) -> str:
    """`docker`, `vm`, `baremetal` or `managed`, by the infrastructure that the object belongs to; `gpu` where the
    Machine says so."""
    machine = case.machine
    if machine is not None and any("gpu" in label.lower() for label in (*machine.labels, *machine.annotations)):
        return "gpu"
    of_machine = text(machine.at("spec", "infrastructureRef", "kind")) if machine else ""
    of_cluster = text(case.cluster.at("spec", "infrastructureRef", "kind")) if case.cluster else ""
    for kind in filter(None, (of_machine, of_cluster)):
        found = next((name for start, name in _CLASSES.items() if kind.startswith(start)), None)
        if found:
            return found
    return "vm"


def health_checks(case: Case, machine: CapiObject) -> Iterator[CapiObject]:
    """The MachineHealthChecks that select the Machine."""
    for check in case.graph.of_kind("MachineHealthCheck"):
        same_cluster = text(check.at("spec", "clusterName")) == text(machine.at("spec", "clusterName"))
        if check.namespace == machine.namespace and same_cluster and selects(check.at("spec", "selector"), machine):
            yield check


def watched_conditions(check: CapiObject) -> Iterator[str]:
    """The conditions of Nodes that a MachineHealthCheck looks at, in v1beta2 and in v1beta1."""
    for each in (check.at("spec", "checks", "unhealthyNodeConditions"), check.at("spec", "unhealthyConditions")):
        for entry in sequence(each):
            yield text(mapping(entry).get("type"))


def startup_limit(check: CapiObject) -> timedelta | None:
    """How long the MachineHealthCheck lets a Machine start; `None` where it does not look. The default is 10 min."""
    seconds = dig(check.spec, "checks", "nodeStartupTimeoutSeconds")
    older = check.spec.get("nodeStartupTimeout")
    if isinstance(seconds, int):
        return timedelta(seconds=seconds) if seconds else None
    if isinstance(older, str):
        return duration(older)
    return timedelta(minutes=10)


def duration(told: str) -> timedelta | None:
    """A Go duration, `1h30m0s`; `None` for nothing, or what is none."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    total, number = 0.0, ""
    for sign in told:
        if sign.isdigit() or sign == ".":
            number += sign
        elif sign in units and number:
            total += float(number) * units[sign]
            number = ""
        else:
            return None
    return timedelta(seconds=total) if total and not number else None


def selects(selector: Json, live: CapiObject) -> bool:
    """Whether a label selector matches; an empty one matches nothing, as CAPI has it."""
    found = mapping(selector)
    wanted = mapping(found.get("matchLabels"))
    expressions = [mapping(each) for each in sequence(found.get("matchExpressions"))]
    if not wanted and not expressions:
        return False
    return all(live.labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(each, live) for each in expressions
    )


def _holds(expression: Mapping[str, Json], live: CapiObject) -> bool:
    key, values = text(expression.get("key")), sequence(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return live.labels.get(key) in values
        case "NotIn":
            return live.labels.get(key) not in values
        case "Exists":
            return key in live.labels
        case "DoesNotExist":
            return key not in live.labels
        case _:
            return False
