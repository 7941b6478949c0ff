"""Machines whose instance is gone, is not let in, or did not boot."""

from __future__ import annotations

import pytest

from drift_audit.model.findings import Certainty
from drift_audit.model.health import Feasible, Topic
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach, WorkloadView
from tests.unit.stuck.machines import answer, of_kind, pool_waits, refused, starting, with_infra
from tests.unit.stuck.stage import (
    CLUSTER,
    condition,
    event,
    fleet_with,
    infra_cluster,
    infra_machine,
    judged,
    machine,
    made,
    rules,
)

SILENT = machine(condition("NodeHealthy", "Unknown", "NodeHealthUnknown", "* Node.Ready: Kubelet stopped", since=30))


def _instance(reason: str, message: str = "", severity: str = "Error", status: bool | str = False) -> CapiObject:
    return infra_machine(
        condition("Ready", status, reason, message, since=30, severity=severity),
        condition("InstanceReady", status, reason, message, since=30, severity=severity),
        of=SILENT,
        spec={"providerID": "aws:///eu-central-1a/i-1"},
        status={"ready": False},
    )


@pytest.mark.parametrize(
    ("sick", "variant"),
    [
        pytest.param(_instance("InstanceTerminated"), "terminated", id="terminated"),
        pytest.param(_instance("InstanceStopped"), "stopped", id="stopped"),
        pytest.param(
            _instance("InstanceNotFound", "failed to find instance by id", "", "Unknown"), "deleted", id="not found"
        ),
        pytest.param(
            of_kind(
                "AzureMachine",
                with_infra("AzureMachine", phase="Running"),
                status={"failureMessage": 'VM with provider id "azure:///x" has been deleted'},
                conditions=(condition("VMRunning"),),
            ),
            "deleted",
            id="azure",
        ),
        pytest.param(
            of_kind(
                "GCPMachine",
                with_infra("GCPMachine", phase="Running"),
                status={"failureMessage": "GCPMachine instance state TERMINATED is unexpected"},
            ),
            "terminated",
            id="google",
        ),
    ],
)
def test_an_instance_that_ended_outside_of_capi_is_the_cause(sick: CapiObject, variant: str) -> None:
    owner = SILENT if sick.kind == "AWSMachine" else with_infra(sick.kind, phase="Running")

    found = judged(*fleet_with(owner, sick))

    assert rules(found) == ["MACH-INSTANCE-GONE"]
    assert (found[0].variant, found[0].path) == (variant, "spec.providerID")


@pytest.mark.parametrize(
    "healthy_enough",
    [
        pytest.param(_instance("InstanceTerminated", severity="Info"), id="member of a pool, by CAPA's own word"),
        pytest.param(
            _instance("InstanceNotFound", "failed to describe instance by id", "", "Unknown"),
            id="not asked",
        ),
        pytest.param(_instance("InstanceNotReady", severity="Warning"), id="pending"),
    ],
)
def test_a_machine_of_which_that_is_not_known_is_not_called_gone(healthy_enough: CapiObject) -> None:
    assert "MACH-INSTANCE-GONE" not in rules(judged(*fleet_with(SILENT, healthy_enough)))


def test_a_machine_that_is_being_deleted_may_lose_its_instance() -> None:
    leaving = machine(condition("Deleting", True, "WaitingForInfrastructureDeletion", since=3), deleting=3)

    ended = infra_machine(condition("InstanceReady", False, "InstanceTerminated", since=3), of=leaving)

    assert judged(*fleet_with(leaving, ended)) == []


def test_the_cloud_the_event_and_the_silent_node_agree() -> None:
    sick = _instance("InstanceTerminated")
    node = made(
        "v1",
        "Node",
        SILENT.name,
        namespace="",
        spec={"providerID": f"aws:///eu-central-1a/i-{SILENT.name}"},
        conditions=(condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),),
    )
    workload = WorkloadView(cluster=CLUSTER, reach=Reach.REACHED, objects={node.key: node}, listed=frozenset({"Node"}))

    found = judged(
        *fleet_with(SILENT, sick),
        events=[event(sick, "InstanceUnexpectedTermination", "Unexpected EC2 instance termination")],
        answers=[answer(sick, Topic.INSTANCE, Feasible.IMPOSSIBLE, "i-1: Server.SpotInstanceTermination")],
        workload=workload,
    )

    assert rules(found) == ["MACH-INSTANCE-GONE"]
    assert found[0].certainty is Certainty.HIGH
    assert len(found[0].evidence) == 4


def test_a_control_plane_instance_that_is_not_registered_is_named() -> None:
    told = "could not register control plane instance: TargetGroupNotFound: One or more target groups not found"
    sick = infra_machine(condition("ELBAttached", False, "ELBAttachFailed", told, since=30, severity="Error"))

    assert rules(judged(*fleet_with(sick))) == ["MACH-LB-ATTACH"]


def test_an_instance_that_does_not_run_yet_need_not_be_registered() -> None:
    young = infra_machine(
        condition("ELBAttached", False, "ELBAttachFailed", "instance not running", since=30, severity="Info")
    )

    assert judged(*fleet_with(young)) == []


@pytest.mark.parametrize(
    ("message", "variant"),
    [
        pytest.param(
            'failed to run machine "x", no subnets available in availability zone "eu-central-1c"',
            "no subnet in eu-central-1c",
            id="zone",
        ),
        pytest.param(
            'failed to run machine "x" with public IP, no public subnets available', "no public subnet", id="public"
        ),
        pytest.param(
            'failed to run machine "x", found 2 subnets matching criteria but post-filtering failed. subnet "subnet-1" '
            'availability zone "eu-central-1a" does not match failure domain "eu-central-1b".',
            "no subnet",
            id="filter",
        ),
    ],
)
def test_a_machine_that_no_subnet_fits_is_named_with_the_zone(message: str, variant: str) -> None:
    found = judged(*pool_waits(starting(), refused(f"failed to create AWSMachine instance: {message}")))

    assert [(finding.rule, finding.variant) for finding in found] == [("stuck.MACH-SUBNET-FILTER", variant)]


def test_a_machine_that_lacks_the_load_balancer_waits_for_the_infrastructure_of_the_cluster() -> None:
    told = "failed to create AWSMachine instance: failed to run controlplane, APIServer ELB not available"
    broken = infra_cluster(condition("LoadBalancerReady", False, "LoadBalancerFailed", "x", since=60, severity="Error"))

    assert rules(judged(*pool_waits(starting(), refused(told)))) == ["MACH-NETWORK-MISSING"]
    assert "MACH-NETWORK-MISSING" not in rules(judged(*pool_waits(starting(), refused(told), broken)))


def test_an_azure_machine_whose_first_boot_failed_is_named_with_the_code() -> None:
    told = "vmextensions failed to create or update. err: ERROR CODE: VMExtensionProvisioningError\nVM has reported"
    owner = with_infra("AzureMachine")
    sick = of_kind(
        "AzureMachine",
        owner,
        conditions=(
            condition("VMRunning"),
            condition("BootstrapSucceeded", False, "Failed", told, since=30, severity="Error"),
        ),
    )

    found = judged(*fleet_with(owner, sick))

    assert [(finding.rule, finding.variant) for finding in found] == [
        ("stuck.MACH-VM-EXTENSION", "VMExtensionProvisioningError")
    ]


def test_an_azure_machine_that_boots_is_not_called_failed() -> None:
    owner = with_infra("AzureMachine")
    busy = of_kind(
        "AzureMachine",
        owner,
        conditions=(
            condition("Ready", False, "BootstrapInProgress", "VM bootstrapping", since=30, severity="Warning"),
            condition("BootstrapSucceeded", False, "BootstrapInProgress", since=30, severity="Info"),
        ),
    )

    assert "MACH-VM-EXTENSION" not in rules(judged(*fleet_with(owner, busy)))


@pytest.mark.parametrize("minutes", [25, 6])
def test_an_instance_that_stays_pending_is_told_when_it_is_late(minutes: float) -> None:
    worker = starting(minutes)
    pending = refused("", worker, reason="InstanceNotReady", severity="Warning", since=minutes)

    found = judged(*pool_waits(worker, pending, since=minutes))

    assert rules(found) == (["MACH-STARTING"] if minutes > 10 else [])


def test_a_machine_that_is_there_waits_for_its_node_and_not_for_its_provider() -> None:
    told = "Waiting for a Node with spec.providerID in-memory://x to exist"
    late = machine(
        condition("NodeHealthy", "Unknown", "InspectionFailed", told, since=30), phase="Provisioned", entered=30
    )
    below = infra_machine(condition("NodeProvisioned", False, "WaitingForStartupTimeout", since=30), of=late)

    found = judged(*fleet_with(late, below))

    assert rules(found) == ["JOIN-NO-NODE"]
