"""The network and load balancer of a cluster, infrastructure objects that are gone, and those that gave up."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Certainty, Severity
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    BOOTSTRAP,
    ago,
    bootstrap,
    cluster,
    condition,
    event,
    fleet_with,
    infra_cluster,
    infra_machine,
    judged,
    machine,
    made,
    rules,
    with_status,
)

GROUP = "infrastructure.cluster.x-k8s.io"
LIMIT = (
    "failed to create new managed NAT gateway: api error AddressLimitExceeded: The maximum number of addresses has "
    "been reached"
)


def _azure(*conditions: Any) -> CapiObject:
    return made(
        f"{GROUP}/v1beta1", "AzureCluster", "one", owner=cluster(), status={"ready": True}, conditions=conditions
    )


def _failed(kind: str, reason: str, message: str = "", *, since: float = 30, severity: str = "Warning") -> Any:
    return condition(kind, False, reason, message, since=since, severity=severity)


@pytest.mark.parametrize(
    ("live", "found", "variant"),
    [
        pytest.param(
            infra_cluster(_failed("NatGatewaysReady", "NatGatewaysReconciliationFailed", LIMIT)),
            ["INFRA-VPC-FAILED"],
            "AddressLimitExceeded",
            id="aws-no-address-left",
        ),
        pytest.param(
            infra_cluster(_failed("VpcReady", "VpcReconciliationFailed", "invalid CIDR", severity="Error")),
            ["INFRA-VPC-FAILED"],
            "VpcReady VpcReconciliationFailed",
            id="aws-vpc",
        ),
        pytest.param(
            infra_cluster(_failed("VpcReady", "VpcReconciliationFailed", "invalid CIDR", since=1)),
            [],
            "",
            id="aws-young",
        ),
        pytest.param(
            infra_cluster(_failed("NatGatewaysReady", "NatGatewaysCreationStarted", severity="Info")),
            [],
            "",
            id="aws-under-way",
        ),
        pytest.param(
            infra_cluster(_failed("LoadBalancerReady", "WaitForDNSNameResolve", severity="Info")),
            ["INFRA-LB-NOT-READY"],
            "WaitForDNSNameResolve",
            id="aws-name-does-not-resolve",
        ),
        pytest.param(
            infra_cluster(_failed("LoadBalancerReady", "WaitForDNSName", severity="Info", since=10)),
            [],
            "",
            id="aws-lb-young",
        ),
        pytest.param(
            infra_cluster(_failed("LoadBalancerReady", "LoadBalancerFailed", "TooManyLoadBalancers")),
            ["INFRA-LB-NOT-READY"],
            "LoadBalancerFailed",
            id="aws-lb-failed",
        ),
        pytest.param(
            _azure(
                _failed("ResourceGroupReady", "Failed", "group failed to create or update. err: ScopeLocked: ..."),
                _failed("VNetReady", "Failed", "virtualnetworks failed"),
            ),
            ["INFRA-AZURE-NET"],
            "ScopeLocked",
            id="azure-locked",
        ),
        pytest.param(
            _azure(_failed("VNetReady", "Creating", "creating or updating", severity="Info")),
            [],
            "",
            id="azure-under-way",
        ),
    ],
)
def test_a_part_of_the_infrastructure_that_fails_is_named(live: CapiObject, found: list[str], variant: str) -> None:
    said = judged(*fleet_with(live))

    assert rules(said) == found
    assert [finding.variant for finding in said] == ([variant] if variant else [])


def test_a_network_that_fails_is_where_the_waiting_cluster_leads() -> None:
    failed = with_status(
        infra_cluster(_failed("NatGatewaysReady", "NatGatewaysReconciliationFailed", LIMIT), age=40), ready=False
    )
    waiting = cluster(
        condition("InfrastructureReady", False, "NotReady", LIMIT, since=40), phase="Provisioning", age=40
    )
    told = event(failed, "FailedAllocateEIP", "AddressLimitExceeded: The maximum number of addresses")

    found = judged(*fleet_with(failed, waiting), events=[told])

    assert rules(found) == ["INFRA-VPC-FAILED"]
    assert [link.object for link in found[0].chain] == ["AWSCluster/fleet/one", "Cluster/fleet/one"]
    assert found[0].chain[0].fact == "the NAT gateways cannot be set up: AddressLimitExceeded"
    assert found[0].certainty is Certainty.HIGH


WORKER = ObjectKey(GROUP, "AWSMachine", "fleet", "one-md-0-abc-1")
NETWORK = ObjectKey(GROUP, "AWSCluster", "fleet", "one")
LATCHED = {"initialization": {"infrastructureProvisioned": True}}
DELETED = condition(
    "InfrastructureReady",
    False,
    "ObjectDeleted",
    "AWSMachine has been deleted while the Machine still exists",
    since=20,
)


def _absent(since: float) -> dict[str, Any]:
    return condition("InfrastructureReady", False, "ObjectDoesNotExist", "AWSMachine does not exist", since=since)


def _cluster(*conditions: Any, **status: Any) -> CapiObject:
    return with_status(cluster(*conditions), **status)


@pytest.mark.parametrize(
    ("live", "gone", "listed", "found"),
    [
        pytest.param(machine(DELETED, status=LATCHED), WORKER, True, ["INFRA-DELETED-OOB"], id="machine"),
        pytest.param(machine(DELETED, status=LATCHED), WORKER, False, ["INFRA-DELETED-OOB"], id="machine-not-listed"),
        pytest.param(
            machine(condition("InfrastructureReady", False, since=20), status={"infrastructureReady": True}),
            WORKER,
            True,
            ["INFRA-DELETED-OOB"],
            id="machine-of-v1beta1",
        ),
        pytest.param(
            machine(condition("InfrastructureReady", False, since=20), status=LATCHED),
            WORKER,
            False,
            ["UNEXPLAINED"],
            id="not-listed-is-not-absent",
        ),
        pytest.param(machine(_absent(3), phase="Pending", entered=3, age=3), WORKER, True, [], id="not-created-yet"),
        pytest.param(
            machine(_absent(30), phase="Pending", entered=30, age=30),
            WORKER,
            True,
            ["INFRA-NEVER-MADE"],
            id="never-created",
        ),
        pytest.param(
            machine(_absent(30), phase="Pending", entered=30, age=30),
            WORKER,
            False,
            ["UNEXPLAINED"],
            id="never-created-and-not-listed",
        ),
        pytest.param(
            machine(DELETED, status=LATCHED, deleting=5, phase="Deleting"), WORKER, True, [], id="machine-in-deletion"
        ),
        pytest.param(
            _cluster(
                condition(
                    "InfrastructureReady",
                    False,
                    "ObjectDeleted",
                    "AWSCluster has been deleted while the cluster still exists",
                    since=20,
                ),
                **LATCHED,
            ),
            NETWORK,
            True,
            ["INFRA-DELETED-OOB"],
            id="cluster",
        ),
    ],
)
def test_infrastructure_that_was_deleted_under_its_owner_is_found(
    live: CapiObject, gone: ObjectKey, listed: bool, found: list[str]
) -> None:
    kinds = [(gone.group, gone.kind)] if listed else []

    assert rules(judged(*fleet_with(live, without=[gone]), listed=kinds)) == found


def test_an_object_that_the_selector_leaves_out_is_not_gone() -> None:
    said = judged(*fleet_with(machine(condition("InfrastructureReady", False, since=20), status=LATCHED)))

    assert "INFRA-DELETED-OOB" not in rules(said)


def test_an_object_that_is_gone_is_told_with_both_sources_and_since_when() -> None:
    live = machine(DELETED, status=LATCHED)

    found = judged(*fleet_with(live, without=[WORKER]), listed=[(WORKER.group, WORKER.kind)])[0]

    assert (found.since, found.severity, found.certainty) == (ago(20), Severity.CRITICAL, Certainty.HIGH)
    assert found.next_steps[0] == "See that it is gone: `kubectl -n fleet get awsmachine one-md-0-abc-1`."


@pytest.mark.parametrize(
    ("status", "found"),
    [
        pytest.param(
            {"failureReason": "UpdateError", "failureMessage": 'EC2 instance state "rebooting" is undefined'},
            ["INFRA-FAILUREREASON"],
            id="capa",
        ),
        pytest.param(
            {"failureMessage": "GCPMachine instance state STOPPING is unexpected"}, ["MACH-INSTANCE-GONE"], id="capg"
        ),
        pytest.param({}, [], id="none"),
        pytest.param({"failureReason": "", "failureMessage": ""}, [], id="empty"),
    ],
)
def test_a_provider_that_gave_up_is_heard(status: dict[str, str], found: list[str]) -> None:
    assert rules(judged(*fleet_with(with_status(infra_machine(), **status)))) == found


def test_the_bootstrap_of_a_machine_is_no_infrastructure() -> None:
    failed = with_status(bootstrap(), failureMessage="cloud-init")

    assert failed.api_version == BOOTSTRAP
    assert "INFRA-FAILUREREASON" not in rules(judged(*fleet_with(failed)))
