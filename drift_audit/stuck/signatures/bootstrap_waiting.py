"""Layer 6: who waits for something of the cluster that comes first. Victims, all of them: the cause is what they wait
for, and where that is well, waiting is no explanation.

v1beta1 conditions that wait have the severity Info, and count here as nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Condition, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.stuck.case import Case, said_by
from drift_audit.stuck.conditions import FALSE, UNKNOWN, conditions_of
from drift_audit.stuck.graph import is_control_plane_machine
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.waiting import unwell
from drift_audit.stuck.wording import first_line

_Awaited = Callable[[Case], tuple[ObjectKey, ...]]


def _infrastructure(case: Case) -> tuple[ObjectKey, ...]:
    return unwell(case.infrastructure, case.cluster)


def _first_api_server(case: Case) -> tuple[ObjectKey, ...]:
    """Nothing for the Machine that is to become it."""
    if case.machine is not None and is_control_plane_machine(case.machine):
        return ()
    return unwell(case.control_plane, case.cluster)


def _bootstrap_data(case: Case) -> tuple[ObjectKey, ...]:
    """The bootstrap object; where nothing is wrong with it, what that waits for while the cluster starts."""
    config = case.graph.bootstrap(case.machine) if case.machine else None
    if waits_for := unwell(config):
        return waits_for
    cluster = case.cluster
    if cluster is None or conditions_of(cluster).holding("ControlPlaneInitialized") is not None:
        return ()
    return unwell(case.infrastructure, case.control_plane, cluster)


def _machine_below(case: Case) -> tuple[ObjectKey, ...]:
    if case.machine is None:
        return ()
    return unwell(case.graph.infrastructure_machine(case.machine), case.graph.bootstrap(case.machine))


_BY_REASON: Mapping[str, _Awaited] = {
    "WaitingForClusterInfrastructure": _infrastructure,
    "WaitingForClusterInfrastructureReady": _infrastructure,
    "WaitingForControlPlaneAvailable": _first_api_server,
    "WaitingForControlPlaneInitialized": _first_api_server,
    "WaitingForBootstrapData": _bootstrap_data,
    "WaitingForDataSecret": _bootstrap_data,
}
"""Reasons of CABPK, CAPA, CAPZ and CAPI's development provider."""
_BY_MESSAGE: Sequence[tuple[re.Pattern[str], _Awaited]] = (
    (
        re.compile(r"Waiting for Cluster status\.(?:infrastructureReady|initialization\.infrastructureProvisioned)"),
        _infrastructure,
    ),
    (re.compile(r"Waiting for Cluster control plane to be initialized"), _first_api_server),
    (re.compile(r"Waiting for \w+ to report spec\.providerID"), _machine_below),
    (re.compile(r"status\.initialization\.dataSecretCreated is false"), _bootstrap_data),
)


def _waits(case: Case) -> Sign | None:
    """The first condition that waits for something that is not well."""
    if case.live.deleting:
        return None
    for condition in _unfulfilled(case):
        for awaited in _awaited(condition):
            if waits_for := awaited(case):
                told = first_line(condition.message) or condition.reason
                return Sign(fact=told, since=condition.since, proofs=(said_by(condition).proof,), waits_for=waits_for)
    return None


def _awaited(condition: Condition) -> Iterator[_Awaited]:
    if known := _BY_REASON.get(condition.reason):
        yield known
    yield from (awaited for pattern, awaited in _BY_MESSAGE if pattern.search(condition.message))


def _unfulfilled(case: Case) -> Iterator[Condition]:
    """Of the object, then of its Machine's bootstrap, which a Machine of v1beta1 does not repeat."""
    below = case.graph.bootstrap(case.live) if case.live.kind == "Machine" else None
    for conditions in (case.conditions, *((conditions_of(below),) if below else ())):
        yield from (each for each in conditions if each.status in (FALSE, UNKNOWN))


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="BOOT-WAIT-INFRA",
        layer=Layer.BOOTSTRAP,
        severity=Severity.LOW,
        title="It waits for the infrastructure, the first API server or the bootstrap data of its cluster",
        kinds=("KubeadmConfig", "Machine", "*Machine"),
        looks=_waits,
        mechanism="The order of things: no bootstrap data before there is a network, and none to join before an API.",
        next_steps=("Look at what it waits for: `kubectl -n {namespace} describe cluster {cluster}`.",),
        source=(
            "CAPI v1.14.0 bootstrap/kubeadm/reconcilers/kubeadmconfig/kubeadmconfig_controller.go, "
            "core/reconcilers/machine/machine_controller_status.go; CAPA v2.13.0 controllers/awsmachine_controller.go"
        ),
    ),
)
