"""Nodes that do not come, or are not the ones that their Machines wait for."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.explain.causes import group_into_causes
from drift_audit.model.findings import Certainty
from drift_audit.model.health import Feasible, Topic
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach
from tests.unit.stuck.insides import addresses, node, seen, unseen
from tests.unit.stuck.machines import answer
from tests.unit.stuck.stage import (
    ago,
    condition,
    control_plane,
    event,
    fleet_with,
    infra_machine,
    judged,
    machine,
    machine_set,
    made,
    rules,
)

ID = "aws:///eu-central-1a/i-one-md-0-abc-1"
WAITS = f"Waiting for a Node with spec.providerID {ID} to exist"
CLOUD = "node.cloudprovider.kubernetes.io/uninitialized"
OTHER = node("ip-10-0-0-9", "aws:///eu-central-1a/i-9", status=addresses("10.0.0.9"))


def _joining(minutes: float = 30, **more: Any) -> CapiObject:
    return machine(
        condition("Ready", "Unknown", "ReadyUnknown", since=minutes + 20),
        condition("NodeHealthy", "Unknown", "InspectionFailed", WAITS, since=minutes + 20),
        phase="Provisioned",
        entered=minutes,
        status={**addresses("10.0.0.4"), **more.pop("status", {})},
        **more,
    )


@pytest.mark.parametrize(
    ("workload", "certainty", "says"),
    [
        pytest.param(None, Certainty.MEDIUM, "", id="nobody looked inside"),
        pytest.param(seen(OTHER), Certainty.HIGH, "none of 1 Nodes is its own", id="no Node there"),
        pytest.param(seen(OTHER, listed=()), Certainty.MEDIUM, "", id="not all Nodes were read"),
        pytest.param(unseen(Reach.REFUSED, "403"), Certainty.MEDIUM, "", id="not let in"),
    ],
)
def test_a_node_that_never_registers_is_told_and_looked_for(workload: Any, certainty: Certainty, says: str) -> None:
    found = judged(*fleet_with(_joining()), workload=workload)

    assert rules(found) == ["JOIN-NO-NODE"]
    assert found[0].certainty is certainty
    assert found[0].since == ago(30)
    assert says in " ".join(found[0].evidence)


def test_an_older_release_says_it_in_other_words() -> None:
    older = machine(
        condition(
            "NodeHealthy",
            False,
            "NodeProvisioning",
            "Waiting for a node with matching ProviderID to exist",
            since=30,
            severity="Warning",
        ),
        phase="Provisioned",
        entered=30,
    )

    assert rules(judged(*fleet_with(older))) == ["JOIN-NO-NODE"]


def test_a_node_may_take_its_time() -> None:
    assert judged(*fleet_with(_joining(8)), workload=seen(OTHER)) == []


def test_the_console_says_what_failed() -> None:
    told = answer(infra_machine(of=_joining()), Topic.CONSOLE, Feasible.IMPOSSIBLE, "kubeadm join: i/o timeout")

    found = judged(*fleet_with(_joining()), answers=[told])

    assert found[0].certainty is Certainty.HIGH
    assert "kubeadm join: i/o timeout" in found[0].chain[0].fact


def test_many_machines_of_which_few_consoles_were_read_are_one_cause() -> None:
    waiting = [_joining(name=f"one-md-0-abc-{number}") for number in range(1, 5)]
    below = [infra_machine(of=each) for each in waiting]
    told = answer(below[0], Topic.CONSOLE, Feasible.IMPOSSIBLE, "its console ends with: kubeadm join: i/o timeout")

    found = judged(*fleet_with(*waiting, *below), answers=[told])
    causes, _ = group_into_causes(found)

    assert rules(found) == ["JOIN-NO-NODE"] * 4
    assert [len(cause.findings) for cause in causes] == [4]
    assert {finding.certainty for finding in found} == {Certainty.HIGH}
    assert "of its sibling one-md-0-abc-1: its console ends with" in " ".join(found[3].evidence)


@pytest.mark.parametrize(
    ("there", "rule", "variant"),
    [
        pytest.param(
            node("ip-10-0-0-4", "aws:///i-one-md-0-abc-1", status=addresses("10.0.0.4"), age=25),
            "JOIN-PROVIDERID",
            "in another form",
            id="another form",
        ),
        pytest.param(
            node("one-md-0-abc-1", "aws:///eu-central-1a/i-7", age=25),
            "JOIN-PROVIDERID",
            "of another instance",
            id="other",
        ),
        pytest.param(
            node("ip-10-0-0-4", taints=[CLOUD], status=addresses("10.0.0.4"), age=25),
            "JOIN-CCM",
            "tainted",
            id="tainted",
        ),
        pytest.param(
            node("ip-10-0-0-4", status=addresses("10.0.0.4"), age=25),
            "JOIN-CCM",
            "no external cloud provider",
            id="without a taint",
        ),
    ],
)
def test_a_node_that_is_there_and_not_matched_says_why(there: CapiObject, rule: str, variant: str) -> None:
    found = judged(*fleet_with(_joining()), workload=seen(there, OTHER))

    assert [(finding.rule, finding.variant) for finding in found] == [(f"stuck.{rule}", variant)]
    assert found[0].certainty is Certainty.HIGH


def test_a_cloud_controller_that_is_missing_or_does_not_run_is_said() -> None:
    there = node("ip-10-0-0-4", taints=[CLOUD], status=addresses("10.0.0.4"), age=25)
    listed = ("Node", "Deployment", "DaemonSet")
    down = made(
        "apps/v1", "DaemonSet", "aws-cloud-controller-manager", namespace="kube-system", status={"numberReady": 0}
    )

    assert "kube-system runs no cloud controller" in _evidence(there, listed=listed)
    assert "aws-cloud-controller-manager has 0 ready" in _evidence(there, down, listed=listed)
    assert not [each for each in _evidence(there) if "cloud controller" in each]


def _evidence(*inside: CapiObject, listed: tuple[str, ...] = ("Node",)) -> tuple[str, ...]:
    return judged(*fleet_with(_joining()), workload=seen(*inside, listed=listed))[0].evidence


def test_a_node_that_the_cloud_controller_is_about_to_see_is_in_time() -> None:
    young = node("ip-10-0-0-4", taints=[CLOUD], status=addresses("10.0.0.4"), age=2)

    assert "JOIN-CCM" not in rules(judged(*fleet_with(_joining(8)), workload=seen(young)))


def test_a_certificate_that_nobody_approves_is_named() -> None:
    waiting = made(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        "csr-1",
        namespace="",
        spec={"signerName": "kubernetes.io/kube-apiserver-client-kubelet", "username": "system:bootstrap:abcdef"},
        age=25,
    )
    serving = made(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        "csr-2",
        namespace="",
        spec={"signerName": "kubernetes.io/kubelet-serving"},
        age=25,
    )

    assert rules(judged(*fleet_with(_joining()), workload=seen(OTHER, waiting))) == ["JOIN-CSR"]
    assert rules(judged(*fleet_with(_joining()), workload=seen(OTHER, serving))) == ["JOIN-NO-NODE"]


def test_two_nodes_of_one_machine_are_told() -> None:
    sick = machine(
        condition("NodeHealthy", "Unknown", "InternalError", "Please check controller logs for errors", since=30)
    )
    told = f"unexpectedly found more than one Node matching the providerID {ID}"

    found = judged(*fleet_with(sick), events=[event(sick, "Failed to retrieve Node by ProviderID", told)])

    assert rules(found) == ["JOIN-DUPLICATE"]


def test_a_taint_that_capi_should_have_removed_is_told() -> None:
    sick = machine(condition("NodeHealthy", False, "NodeNotHealthy", "x", since=30))
    tainted = node("one-md-0-abc-1", ID, taints=["node.cluster.x-k8s.io/uninitialized"], age=30)

    assert rules(judged(*fleet_with(sick), workload=seen(tainted))) == ["JOIN-UNINITIALIZED-CAPI"]
    assert "JOIN-UNINITIALIZED-CAPI" not in rules(judged(*fleet_with(sick), workload=seen(node("one-md-0-abc-1", ID))))


SKEW = (
    "MachineSet version (1.35.0) and ControlPlane version (1.34.1) do not conform to the kubernetes version skew "
    'policy as MachineSet version is higher than ControlPlane version ("KubernetesVersionSkew" preflight check failed)'
)
UPGRADING = 'KubeadmControlPlane fleet/one-cp is upgrading ("ControlPlaneIsStable" preflight check failed)'


def _held(message: str, since: float = 60) -> CapiObject:
    told = f"Scaling up from 2 to 3 replicas is blocked because:\n* {message}"
    return machine_set(condition("ScalingUp", True, "ScalingUp", told, since=since))


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(_held(SKEW), id="v1beta2"),
        pytest.param(
            machine_set(
                condition(
                    "MachinesCreated", False, "PreflightCheckFailed", f"{UPGRADING}; {SKEW}", since=60, severity="Error"
                )
            ),
            id="v1beta1, with another",
        ),
    ],
)
def test_a_version_that_will_never_fit_holds_machines_back(held: CapiObject) -> None:
    found = judged(*fleet_with(held))

    assert [(finding.rule, finding.variant) for finding in found] == [
        ("stuck.JOIN-PREFLIGHT-SKEW", "KubernetesVersionSkew")
    ]


def test_who_waits_for_an_upgrade_of_the_control_plane_is_not_to_blame() -> None:
    busy = control_plane(condition("RollingOut", True, "RollingOut", "Rolling out 2 not up-to-date replicas", since=10))

    assert judged(*fleet_with(_held(UPGRADING, since=18), busy)) == []
    assert judged(*fleet_with(_held(SKEW, since=5))) == []
