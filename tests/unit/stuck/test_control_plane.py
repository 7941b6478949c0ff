"""Control planes that do not start, do not go on, or are not remediated."""

from __future__ import annotations

import json

import pytest

from drift_audit.model.findings import Certainty, FindingKind
from drift_audit.model.health import Feasible, Topic
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.machines import answer, api_error, refused
from tests.unit.stuck.stage import (
    ago,
    bootstrap,
    cluster,
    condition,
    control_plane,
    event,
    fleet_with,
    infra_cluster,
    infra_machine,
    judged,
    machine,
    rules,
)

NOT_YET = "Waiting for Cluster control plane to be initialized"
BLOCKED = (
    "Scaling up from 3 to 4 replicas is blocked because:\n* waiting for control plane components to become healthy"
)


def _starting(minutes: float = 40) -> list[CapiObject]:
    """A cluster whose first API server does not come up, with a worker that waits for it."""
    head = machine(
        condition("Ready", "Unknown", "ReadyUnknown", NOT_YET, since=minutes),
        condition("NodeHealthy", "Unknown", "InspectionFailed", NOT_YET, since=minutes),
        name="one-cp-1",
        owner=control_plane(),
        phase="Provisioned",
        entered=minutes,
    )
    worker = machine(
        condition("Ready", False, "NotReady", since=minutes),
        condition("BootstrapConfigReady", False, "NotReady", f"* DataSecretAvailable: {NOT_YET}", since=minutes),
        phase="Pending",
        entered=minutes,
    )
    config = bootstrap(condition("DataSecretAvailable", False, "NotAvailable", NOT_YET, since=minutes), of=worker)
    return [
        head,
        worker,
        config,
        control_plane(
            condition("Available", False, "NotAvailable", "Control plane not yet initialized", since=minutes),
            status={"initialization": {}},
        ),
        cluster(
            condition("Available", False, since=minutes),
            condition("ControlPlaneInitialized", False, "NotInitialized", since=minutes),
        ),
    ]


def test_the_first_machine_that_never_becomes_an_api_server_is_to_blame_for_all_that_wait() -> None:
    found = judged(*fleet_with(*_starting()))

    assert rules(found) == ["CP-INIT"]
    assert found[0].chain[0].object == "Machine/fleet/one-cp-1"
    assert found[0].chain[-1].object == "Cluster/fleet/one"
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


def test_the_console_agrees() -> None:
    told = answer(infra_machine(of=_starting()[0]), Topic.CONSOLE, Feasible.IMPOSSIBLE, "kubeadm init: timed out")

    found = judged(*fleet_with(*_starting()), answers=[told])

    assert found[0].certainty is Certainty.HIGH


def test_a_cluster_that_has_just_begun_is_silent() -> None:
    assert judged(*fleet_with(*_starting(8))) == []


def test_an_infrastructure_that_fails_comes_before_the_api_server_that_needs_it() -> None:
    head = _starting()[0]
    sick = infra_machine(condition("ELBAttached", False, "ELBAttachFailed", "x", since=40, severity="Error"), of=head)

    assert rules(judged(*fleet_with(*_starting(), sick))) == ["MACH-LB-ATTACH"]


def test_a_first_machine_that_the_cloud_refuses_is_to_blame_for_all_that_wait() -> None:
    head = machine(
        condition("Ready", False, "NotReady", since=40),
        name="one-cp-1",
        owner=control_plane(),
        phase="Provisioning",
        entered=40,
    )

    found = judged(*fleet_with(*_starting()[1:], head, refused(api_error("VcpuLimitExceeded"), head, since=40)))

    assert rules(found) == ["MACH-QUOTA"]
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


def test_a_rollout_that_waits_for_an_unhealthy_machine_is_a_consequence_of_it() -> None:
    sick = machine(
        condition("EtcdMemberHealthy", False, "NotHealthy", "Etcd reports alarms: NOSPACE", since=60),
        name="one-cp-1",
        owner=control_plane(),
    )
    waiting = control_plane(condition("ScalingUp", True, "ScalingUp", BLOCKED, since=60))

    found = judged(*fleet_with(sick, waiting))

    assert rules(found) == ["CP-ETCD-ALARM"]
    assert "KubeadmControlPlane/fleet/one-cp" in found[0].affected


@pytest.mark.parametrize("minutes", [60, 10])
def test_a_rollout_that_waits_for_nobody_that_is_unwell_says_so_itself(minutes: float) -> None:
    waiting = control_plane(condition("ScalingUp", True, "ScalingUp", BLOCKED, since=minutes))

    found = judged(*fleet_with(waiting))

    assert rules(found) == (["CP-PREFLIGHT"] if minutes > 20 else [])


def test_an_older_control_plane_says_it_by_an_event() -> None:
    waiting = control_plane(
        condition("Resized", False, "ScalingUp", "Scaling up control plane to 3 replicas", since=60, severity="Warning")
    )
    told = (
        "Waiting for control plane to pass preflight checks to continue reconciliation: Machine one-cp-1 reports "
        "EtcdMemberHealthy condition is false (x)"
    )

    found = judged(*fleet_with(waiting), events=[event(waiting, "ControlPlaneUnhealthy", told, since=50)])

    assert rules(found) == ["CP-PREFLIGHT"]


def test_scaling_that_is_not_blocked_is_silent() -> None:
    growing = control_plane(condition("ScalingUp", True, "ScalingUp", "Scaling up from 1 to 3 replicas", since=5))

    assert judged(*fleet_with(growing)) == []


def _remediated(minutes: float, **more: object) -> CapiObject:
    note = json.dumps({"machine": "one-cp-0", "timestamp": ago(minutes), "retryCount": 0, **more})
    return control_plane(
        condition("Available"),
        condition("ScalingUp", True, "ScalingUp", "Scaling up from 2 to 3 replicas", since=minutes),
        annotations={"controlplane.cluster.x-k8s.io/remediation-in-progress": note},
    )


def test_a_machine_that_was_remediated_and_not_replaced_is_told() -> None:
    assert rules(judged(*fleet_with(_remediated(90)))) == ["CP-STALE-INPROGRESS"]


def test_a_remediation_that_goes_on_is_silent() -> None:
    fresh = machine(name="one-cp-2", owner=control_plane(), age=5)

    assert judged(*fleet_with(_remediated(8))) == []
    assert "CP-STALE-INPROGRESS" not in rules(judged(*fleet_with(_remediated(90), fresh)))
    broken = control_plane(annotations={"controlplane.cluster.x-k8s.io/remediation-in-progress": "{"})
    assert judged(*fleet_with(broken)) == []


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        pytest.param(
            "KubeadmControlPlane can't remediate if current replicas are less or equal to 1", "CP-SINGLE", id="single"
        ),
        pytest.param(
            "KubeadmControlPlane can't remediate this machine because the operation already failed 3 times (MaxRetry)",
            "CP-REMEDIATION-LIMIT",
            id="retries",
        ),
        pytest.param(
            "KubeadmControlPlane can't remediate this machine because the operation already failed in the latest "
            "1h0m0s (RetryPeriodSeconds)",
            "CP-REMEDIATION-LIMIT",
            id="period",
        ),
        pytest.param(
            "KubeadmControlPlane can't remediate this Machine because this could result in loosing Kubernetes control "
            "plane components or in etcd quorum loss",
            "CP-REMEDIATION-UNSAFE",
            id="quorum",
        ),
        pytest.param(
            "KubeadmControlPlane can't remediate this machine because this could result in etcd loosing quorum",
            "CP-REMEDIATION-UNSAFE",
            id="quorum v1beta1",
        ),
    ],
)
def test_what_kcp_will_not_remediate_stands_beside_what_is_wrong(message: str, rule: str) -> None:
    sick = machine(
        condition("EtcdMemberHealthy", False, "NotHealthy", "Etcd reports alarms: CORRUPT", since=60),
        condition("OwnerRemediated", False, "CannotBeRemediated", message, since=60),
        name="one-cp-1",
        owner=control_plane(),
    )

    found = {finding.rule.removeprefix("stuck."): finding.kind for finding in judged(*fleet_with(sick))}

    assert found == {"CP-ETCD-ALARM": FindingKind.STUCK, rule: FindingKind.HEALTH}


def test_a_remediation_that_waits_its_turn_is_none_of_these() -> None:
    told = (
        "KubeadmControlPlane waiting for control plane Machine provisioning to complete before triggering remediation"
    )
    patient = machine(
        condition("OwnerRemediated", False, "RemediationDeferred", told, since=60),
        name="one-cp-1",
        owner=control_plane(),
    )

    found = judged(*fleet_with(patient, infra_cluster()))

    assert not {"CP-SINGLE", "CP-REMEDIATION-LIMIT", "CP-REMEDIATION-UNSAFE"} & set(rules(found))


@pytest.mark.parametrize(
    ("message", "reason", "minutes", "rule"),
    [
        pytest.param("Waiting for startup or readiness probes", "Provisioning", 30, "CP-COMPONENT", id="not ready"),
        pytest.param("Pod does not exist", "DoesNotExist", 30, "CP-COMPONENT", id="not there"),
        pytest.param("Waiting for startup or readiness probes", "Provisioning", 5, "", id="starting"),
        pytest.param("Waiting for AWSMachine to report spec.providerID", "InspectionFailed", 5, "", id="not looked at"),
    ],
)
def test_a_component_that_does_not_come_up_is_named(message: str, reason: str, minutes: float, rule: str) -> None:
    status = "Unknown" if reason == "InspectionFailed" else False
    sick = machine(
        condition("EtcdPodHealthy", status, reason, message, since=minutes),
        name="one-cp-1",
        owner=control_plane(),
        entered=minutes,
    )
    echo = control_plane(
        condition("ControlPlaneComponentsHealthy", False, "NotHealthy", "* Machine ...", since=minutes)
    )

    found = judged(*fleet_with(sick, echo))

    assert "CP-COMPONENT" in rules(found) if rule else "CP-COMPONENT" not in rules(found)
    assert [finding.variant for finding in found if finding.rule == "stuck.CP-COMPONENT"] == (["etcd"] if rule else [])


def test_an_image_that_cannot_be_pulled_is_a_matter_of_the_node() -> None:
    sick = machine(
        condition("APIServerPodHealthy", False, "Failed", "ImagePullBackOff", since=30),
        name="one-cp-1",
        owner=control_plane(),
    )

    assert "CP-COMPONENT" not in rules(judged(*fleet_with(sick)))
