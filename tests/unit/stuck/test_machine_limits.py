"""What a cloud refuses, and what that is called."""

from __future__ import annotations

import pytest

from drift_audit.explain.causes import group_into_causes
from drift_audit.model.findings import Certainty, Severity
from drift_audit.model.health import Feasible, Topic
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.machines import answer, api_error, of_kind, pool_waits, refused, starting, with_infra
from tests.unit.stuck.stage import ago, condition, event, infra_cluster, infra_machine, judged, log, machine, rules

WORKER = starting()
AZURE = "virtualmachine failed to create or update. err: failed to create or update resource rg/vm: "


def _azure(code: str, message: str = "refused") -> CapiObject:
    told = f"{AZURE}PUT https://management.azure.com/x\nRESPONSE 409: 409 Conflict\nERROR CODE: {code}\n{message}"
    owner = with_infra("AzureMachine")
    return of_kind(
        "AzureMachine",
        owner,
        spec={"vmSize": "Standard_D4s_v3"},
        conditions=(condition("VMRunning", False, "Failed", told, since=30, severity="Error"),),
    )


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        pytest.param("VcpuLimitExceeded", "MACH-QUOTA", id="vcpus"),
        pytest.param("MaxSpotInstanceCountExceeded", "MACH-QUOTA", id="spot instances"),
        pytest.param("InsufficientInstanceCapacity", "MACH-CAPACITY", id="no stock"),
        pytest.param("Unsupported", "MACH-CAPACITY", id="type not offered in the zone"),
        pytest.param("InsufficientFreeAddressesInSubnet", "MACH-SUBNET-IP", id="addresses"),
        pytest.param("InvalidAMIID.NotFound", "MACH-IMAGE", id="image"),
        pytest.param("InvalidSubnetID.NotFound", "MACH-DEPENDENCY-GONE", id="subnet gone"),
        pytest.param("InvalidGroup.NotFound", "MACH-DEPENDENCY-GONE", id="security group gone"),
        pytest.param("Client.InvalidKMSKey.InvalidState", "MACH-ENCRYPTION", id="key disabled"),
        pytest.param("PendingVerification", "MACH-ACCOUNT", id="account"),
        pytest.param("InvalidParameterCombination", "MACH-REQUEST", id="request"),
        pytest.param("RequestLimitExceeded", "MACH-THROTTLED", id="throttled"),
        pytest.param("SomethingNobodyKnows", "UNEXPLAINED", id="unknown code"),
    ],
)
def test_a_code_of_ec2_names_the_cause_on_the_infrastructure_machine(code: str, rule: str) -> None:
    found = judged(*pool_waits(WORKER, refused(api_error(code))))

    assert rules(found) == [rule]
    assert found[0].object is not None and found[0].object.kind == "AWSMachine"
    assert found[0].chain[-1].object == "MachineDeployment/fleet/one-md-0"


@pytest.mark.parametrize(
    ("code", "message", "rule"),
    [
        pytest.param("OperationNotAllowed", "exceeding approved standardDSv3Family Cores quota", "MACH-QUOTA", id="q"),
        pytest.param("OperationNotAllowed", "The VM is being deleted.", "UNEXPLAINED", id="no quota"),
        pytest.param("ZonalAllocationFailed", "", "MACH-CAPACITY", id="allocation"),
        pytest.param("SubnetIsFull", "", "MACH-SUBNET-IP", id="subnet"),
        pytest.param("PlatformImageNotFound", "", "MACH-IMAGE", id="image"),
        pytest.param("RequestDisallowedByPolicy", "", "MACH-POLICY", id="policy"),
        pytest.param("MissingSubscriptionRegistration", "", "MACH-ACCOUNT", id="registration"),
    ],
)
def test_a_code_of_azure_names_the_cause(code: str, message: str, rule: str) -> None:
    found = judged(*pool_waits(with_infra("AzureMachine"), _azure(code, message)))

    assert rules(found) == [rule]


@pytest.mark.parametrize(
    ("message", "rule", "variant"),
    [
        pytest.param(
            "googleapi: Error 403: QUOTA_EXCEEDED - Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1.",
            "MACH-QUOTA",
            "Quota CPUS: n2-standard-4",
            id="quota",
        ),
        pytest.param(
            "googleapi: Error 503: ZONE_RESOURCE_POOL_EXHAUSTED - The zone does not have enough resources available",
            "MACH-CAPACITY",
            "ZONE_RESOURCE_POOL_EXHAUSTED: n2-standard-4",
            id="stock",
        ),
        pytest.param(
            "googleapi: Error 404: The resource 'projects/p/global/images/capi-1-34' was not found, notFound",
            "MACH-IMAGE",
            "image not found: n2-standard-4",
            id="image",
        ),
    ],
)
def test_google_machines_speak_by_events_only(message: str, rule: str, variant: str) -> None:
    owner = with_infra("GCPMachine")
    silent = of_kind("GCPMachine", owner, spec={"instanceType": "n2-standard-4"})

    found = judged(
        *pool_waits(owner, silent), events=[event(silent, "GCPMachineReconcile", f"Reconcile error - {message}")]
    )

    assert rules(found) == [rule]
    assert found[0].variant == variant
    assert found[0].object is not None and found[0].object.kind == "GCPMachine"


def test_a_google_machine_that_is_silent_and_not_ready_is_itself_late() -> None:
    owner = with_infra("GCPMachine")

    found = judged(*pool_waits(owner, of_kind("GCPMachine", owner, status={"ready": False}, age=30)))

    assert rules(found) == ["UNEXPLAINED"]
    assert found[0].object is not None and found[0].object.kind == "GCPMachine"


def test_an_old_event_of_a_machine_that_runs_is_no_cause() -> None:
    late = machine(condition("Ready", False, since=40), phase="Provisioned", entered=40)
    there = infra_machine(
        condition("ELBAttached", False, "SomethingElse", since=40, severity="Error"),
        of=late,
        spec={"providerID": "aws:///eu-central-1a/i-1"},
    )

    found = judged(*pool_waits(late, there), events=[event(there, "FailedCreate", api_error("VcpuLimitExceeded"))])

    assert rules(found) == ["UNEXPLAINED"]


def test_the_answer_of_the_cloud_makes_it_certain_and_is_shown() -> None:
    sick = refused(api_error("VcpuLimitExceeded"))
    fact = "0 of 32 vCPUs are free"

    found = judged(
        *pool_waits(WORKER, sick),
        answers=[answer(sick, Topic.QUOTA, Feasible.IMPOSSIBLE, fact, "servicequotas:GetServiceQuota L-1216C47A")],
    )

    assert found[0].certainty is Certainty.HIGH
    assert f"{fact} (servicequotas:GetServiceQuota L-1216C47A)" in found[0].evidence


def test_a_cloud_that_disagrees_leaves_it_uncertain_and_says_so() -> None:
    sick = refused(api_error("VcpuLimitExceeded"))

    found = judged(
        *pool_waits(WORKER, sick),
        events=[event(sick, "FailedCreate", f"Failed to create instance: {api_error('VcpuLimitExceeded')}")],
        answers=[answer(WORKER, Topic.QUOTA, Feasible.POSSIBLE, "12 of 32 vCPUs are free")],
    )

    assert found[0].certainty is Certainty.MEDIUM
    assert found[0].evidence[-1] == "against it: 12 of 32 vCPUs are free"


def test_the_answer_of_the_cloud_alone_is_enough_for_a_machine_that_has_nothing() -> None:
    silent = refused("", reason="InstanceProvisionStarted", severity="Warning")

    found = judged(
        *pool_waits(WORKER, silent),
        answers=[answer(silent, Topic.ADDRESSES, Feasible.IMPOSSIBLE, "subnet-1 has 0 free addresses")],
    )

    assert rules(found) == ["MACH-SUBNET-IP"]
    assert found[0].certainty is Certainty.MEDIUM


def test_machines_that_fail_alike_are_one_cause_and_another_zone_is_another() -> None:
    changed: list[CapiObject] = [infra_cluster(spec={"region": "eu-central-1"})]
    for number in range(6):
        zone = "eu-central-1a" if number < 4 else "eu-central-1b"
        worker = starting(name=f"one-md-0-abc-{number}", spec={"failureDomain": zone})
        told = api_error("InsufficientInstanceCapacity").replace("000000000001", f"00000000000{number}")
        changed += [worker, refused(told, worker, spec={"ami": {"id": "ami-1"}, "subnet": {"id": "subnet-1"}})]

    found = judged(*pool_waits(*changed, starting(name="one-md-0-abc-1", spec={"failureDomain": "eu-central-1a"})))
    causes, _ = group_into_causes(found)

    assert sorted(len(cause.findings) for cause in causes) == [2, 4]
    assert {finding.variant for finding in found} == {
        "InsufficientInstanceCapacity: m5.large in eu-central-1a, subnet-1, ami-1",
        "InsufficientInstanceCapacity: m5.large in eu-central-1b, subnet-1, ami-1",
    }


def test_it_began_when_the_machine_began_to_wait_though_each_try_has_a_new_condition() -> None:
    found = judged(*pool_waits(starting(45), refused(api_error("VcpuLimitExceeded"), starting(45), since=1)))

    assert found[0].since == ago(45)
    assert found[0].severity is Severity.HIGH


def test_a_refusal_of_a_minute_ago_is_silent() -> None:
    fresh = starting(1)

    assert judged(*pool_waits(fresh, refused(api_error("VcpuLimitExceeded"), fresh, since=1), since=1)) == []


def test_a_machine_speaks_for_its_infrastructure_only_where_that_was_not_read() -> None:
    echo = machine(
        condition("InfrastructureReady", False, "NotReady", api_error("VcpuLimitExceeded"), since=30),
        phase="Provisioning",
        entered=30,
    )
    objects = [live for live in pool_waits(echo) if live.kind != "AWSMachine"]

    assert [finding.object.kind for finding in judged(*objects) if finding.object] == ["Machine"]
    assert rules(judged(*objects)) == ["MACH-QUOTA"]
    assert rules(judged(*pool_waits(echo, refused("mysterious")))) == ["UNEXPLAINED"]


def test_throttling_counts_only_when_the_machine_is_late() -> None:
    early, late = starting(6), starting(25)

    assert judged(*pool_waits(early, refused(api_error("RequestLimitExceeded"), early, since=6), since=6)) == []
    assert rules(judged(*pool_waits(late, refused(api_error("RequestLimitExceeded"), late, since=25)))) == [
        "MACH-THROTTLED"
    ]


def test_a_log_line_agrees_with_the_condition() -> None:
    sick = refused(api_error("InvalidAMIID.NotFound"))

    found = judged(*pool_waits(WORKER, sick), logs=[log(sick, api_error("InvalidAMIID.NotFound"))])

    assert found[0].certainty is Certainty.HIGH
    assert "describe-images --image-ids" in found[0].next_steps[1]
