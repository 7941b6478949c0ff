"""What keeps a Machine from being replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from drift_audit.model.findings import FindingKind
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    CORE,
    NAMESPACE,
    ago,
    condition,
    control_plane,
    deployment,
    fleet_with,
    judged,
    machine,
    machine_set,
    made,
    rules,
)

LISTED = (("cluster.x-k8s.io", "MachineHealthCheck"),)
DOWN = condition("NodeHealthy", False, "NodeNotHealthy", "* Node.DiskPressure: kubelet has disk pressure", since=40)
UNREADY = condition("NodeHealthy", False, "NodeNotHealthy", "* Node.Ready: PLEG is not healthy", since=40)
IN_FLIGHT = (
    "Waiting because there are already too many remediations in progress (spec.strategy.remediation.maxInFlight is {})"
)
TOO_MANY = (
    "Remediation is not allowed, the number of not started or unhealthy machines exceeds maxUnhealthy "
    "(total: 3, unhealthy: {}, maxUnhealthy: 40%)"
)


def _check(*told: dict[str, Any], name: str = "workers", older: bool = False, **spec: Any) -> CapiObject:
    """A MachineHealthCheck of all Machines of the cluster, that looks at the Ready condition of their Nodes."""
    ready = [{"type": "Ready", "status": "Unknown", "timeoutSeconds": 300}]
    checks: dict[str, Any] = {"unhealthyConditions": ready} if older else {"checks": {"unhealthyNodeConditions": ready}}
    whole = {
        "clusterName": "one",
        "selector": {"matchLabels": {"cluster.x-k8s.io/cluster-name": "one"}},
        **checks,
        **spec,
    }
    return made(CORE, "MachineHealthCheck", name, spec=whole, conditions=told or (condition("RemediationAllowed"),))


def _marked(reason: str, message: str = "", *more: dict[str, Any], since: float = 30, **others: Any) -> CapiObject:
    return machine(
        condition("Ready", False, since=since),
        condition("HealthCheckSucceeded", False, "UnhealthyNode", "Health check failed", since=since),
        condition("OwnerRemediated", False, reason, message, since=since),
        *more,
        **others,
    )


def _going(name: str = "one-md-0-abc-2", minutes: float = 40) -> CapiObject:
    return machine(
        condition("OwnerRemediated", False, "MachineDeleting", since=minutes),
        condition(
            "Deleting",
            True,
            "DrainingNode",
            "Drain not completed yet:\n* Pod a/b: deletionTimestamp set, but still not removed from the Node",
            since=minutes,
        ),
        name=name,
        phase="Deleting",
        deleting=minutes,
        status={"deletion": {"nodeDrainStartTime": ago(minutes)}},
    )


@pytest.mark.parametrize(
    ("sick", "expected", "kind", "fact"),
    [
        pytest.param(
            [_check(condition("RemediationAllowed", False, "TooManyUnhealthy", TOO_MANY.format(2), since=30))],
            "MHC-SHORT-CIRCUIT",
            "MachineHealthCheck",
            "unhealthy: 2",
            id="short-circuited",
        ),
        pytest.param(
            [
                _check(
                    condition(
                        "RemediationAllowed",
                        False,
                        "TooManyUnhealthy",
                        TOO_MANY.format(2),
                        since=30,
                        severity="Warning",
                    ),
                    older=True,
                )
            ],
            "MHC-SHORT-CIRCUIT",
            "MachineHealthCheck",
            "it repairs nothing",
            id="short-circuited, v1beta1",
        ),
        pytest.param(
            [
                machine(
                    condition("Ready", False, since=30),
                    condition(
                        "ExternallyRemediated",
                        False,
                        "RemediationTemplateNotFound",
                        "Error retrieving remediation template RebootTemplate fleet/reboot",
                        since=30,
                    ),
                )
            ],
            "MHC-EXTERNAL",
            "Machine",
            "RebootTemplate fleet/reboot",
            id="a template that is gone",
        ),
        pytest.param(
            [
                _check(
                    condition("RemediationAllowed"),
                    condition(
                        "ExternalRemediationTemplateAvailable",
                        False,
                        "ExternalRemediationTemplateNotFound",
                        "not found",
                        since=30,
                        severity="Error",
                    ),
                    older=True,
                )
            ],
            "MHC-EXTERNAL",
            "MachineHealthCheck",
            "not found",
            id="a template that is gone, v1beta1: on the check",
        ),
        pytest.param(
            [
                machine(
                    condition("Ready", False, since=30),
                    condition("ExternallyRemediated", False, "WaitingForRemediation", since=30),
                ),
                _check(
                    remediation={
                        "templateRef": {"apiVersion": "acme.io/v1", "kind": "RebootTemplate", "name": "reboot"}
                    }
                ),
                made("acme.io/v1", "Reboot", "one-md-0-abc-1"),
            ],
            "MHC-EXTERNAL-WAITS",
            "Machine",
            "Reboot one-md-0-abc-1 is not acted on",
            id="a request that nobody acts on",
        ),
        pytest.param(
            [
                _marked(
                    "RemediationDeferred",
                    IN_FLIGHT.format(0),
                )
            ],
            "MD-REMEDIATION-DEFERRED",
            "Machine",
            "none is in progress",
            id="a limit of none at all",
        ),
        pytest.param(
            [_marked("WaitingForRemediation", "Waiting for remediation")],
            "MHC-NOT-TAKEN-UP",
            "Machine",
            "MachineSet one-md-0-abc does not act",
            id="an owner that does not act",
        ),
    ],
)
def test_what_keeps_a_machine_from_being_replaced_is_named(
    sick: Sequence[CapiObject], expected: str, kind: str, fact: str
) -> None:
    found = judged(*fleet_with(*sick))

    assert rules(found) == [expected]
    assert found[0].object is not None and found[0].object.kind == kind
    assert fact in found[0].chain[0].fact


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param(
            [_check(condition("RemediationAllowed", False, "TooManyUnhealthy", TOO_MANY.format(2), since=5))],
            id="short-circuited for five minutes",
        ),
        pytest.param(
            [
                _check(condition("RemediationAllowed", False, "TooManyUnhealthy", TOO_MANY.format(0), since=18)),
                machine(condition("Ready", False, since=7), phase="Provisioning", entered=7),
            ],
            id="a fleet that starts, and that a check counts as not healthy",
        ),
        pytest.param([_marked("WaitingForRemediation", "Waiting for remediation", since=4)], id="marked a moment ago"),
    ],
)
def test_remediation_within_its_time_is_silent(objects: Sequence[CapiObject]) -> None:
    assert judged(*fleet_with(*objects), listed=LISTED) == []


def test_the_remediation_that_does_not_end_is_the_cause_and_those_that_wait_for_it_are_not() -> None:
    waiting = _marked(
        "RemediationDeferred",
        "Waiting because there are already too many remediations in progress (spec.strategy.remediation.maxInFlight is "
        "1)",
    )

    found = judged(*fleet_with(waiting, _going()))

    assert rules(found) == ["DEL-POD-STUCK"]
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


@pytest.mark.parametrize(
    ("message", "beside", "cause"),
    [
        pytest.param(
            "Machine won't be remediated because it is pending removal due to rollout",
            [
                deployment(
                    condition("RollingOut", True, "RollingOut", "Rolling out 3 not up-to-date replicas", since=50)
                )
            ],
            "MachineDeployment/fleet/one-md-0",
            id="a rollout",
        ),
        pytest.param(
            '* KubeadmControlPlane fleet/one-cp is upgrading ("ControlPlaneIsStable" preflight check failed)',
            [control_plane(condition("Available", False, "NotAvailable", since=50))],
            "KubeadmControlPlane/fleet/one-cp",
            id="a control plane that is not stable",
        ),
    ],
)
def test_a_replacement_that_is_put_off_suffers_from_what_it_waits_for(
    message: str, beside: Sequence[CapiObject], cause: str
) -> None:
    found = judged(*fleet_with(_marked("RemediationDeferred", message, since=45), *beside))

    assert "MHC-DEFERRED" not in rules(found)
    assert all(str(finding.object and finding.object.kind) != "Machine" for finding in found)
    assert {f"{f.object.kind}/{NAMESPACE}/{f.object.name}" for f in found if f.object} <= {cause}


def test_a_node_and_what_does_not_repair_it_are_both_told() -> None:
    sick = _marked("WaitingForRemediation", "Waiting for remediation", UNREADY, since=40)

    found = judged(*fleet_with(sick, _check()))

    assert rules(found) == ["MHC-NOT-TAKEN-UP", "NODE-NOTREADY"]


def test_an_unhealthy_machine_without_a_check_is_told_once_it_lasts_and_where_checks_were_read() -> None:
    sick = machine(condition("Ready", False, since=40), UNREADY)
    young = machine(condition("Ready", False, since=12), {**UNREADY, "lastTransitionTime": ago(12)})

    assert rules(judged(*fleet_with(sick), listed=LISTED)) == ["MHC-MISSING", "NODE-NOTREADY"]
    assert rules(judged(*fleet_with(sick))) == ["NODE-NOTREADY"]
    assert rules(judged(*fleet_with(sick, _check()), listed=LISTED)) == ["NODE-NOTREADY"]
    assert rules(judged(*fleet_with(young), listed=LISTED)) == ["NODE-NOTREADY"]


def test_an_unhealthy_machine_that_is_excluded_is_told() -> None:
    sick = machine(condition("Ready", False, since=40), UNREADY, annotations={"cluster.x-k8s.io/skip-remediation": ""})

    found = judged(*fleet_with(sick, _check()), listed=LISTED)

    missing = next(finding for finding in found if finding.rule == "stuck.MHC-MISSING")
    assert (missing.variant, missing.kind) == ("skipped", FindingKind.HEALTH)


def test_a_lost_connection_is_no_unhealthy_machine() -> None:
    away = machine(
        condition("Ready", "Unknown", since=40),
        condition(
            "NodeHealthy", "Unknown", "ConnectionDown", "Last successful probe at 2026-11-20T11:00:00Z", since=40
        ),
    )

    assert "MHC-MISSING" not in rules(judged(*fleet_with(away), listed=LISTED))


@pytest.mark.parametrize("older", [False, True])
def test_a_check_that_does_not_look_at_what_is_wrong(older: bool) -> None:
    sick = machine(condition("Ready", False, since=40), DOWN, condition("HealthCheckSucceeded"))
    watched = machine(condition("Ready", False, since=40), UNREADY, condition("HealthCheckSucceeded"))

    found = judged(*fleet_with(sick, _check(older=older)), listed=LISTED)

    assert rules(found) == ["MHC-BLIND", "NODE-PRESSURE"]
    blind = next(finding for finding in found if finding.rule == "stuck.MHC-BLIND")
    assert "DiskPressure of its Node is bad, and MachineHealthCheck workers does not look" in blind.chain[0].fact
    assert "MHC-BLIND" not in rules(judged(*fleet_with(watched, _check(older=older)), listed=LISTED))


def test_a_paused_owner_is_the_cause() -> None:
    marked = _marked("WaitingForRemediation", "Waiting for remediation", since=600)
    owner = machine_set(condition("Paused", True, "Paused", since=900), annotations={"cluster.x-k8s.io/paused": ""})

    found = judged(*fleet_with(marked, owner))

    assert rules(found) == ["PAUSE-OBJECT"]
