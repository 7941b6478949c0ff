"""What AWS answers about its limits, over HTTP: moto where it has the call, else AWS's own answer in its wire form."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from drift_audit.interfaces import ConstraintProbe
from drift_audit.model.health import Answer as Told
from drift_audit.model.health import Feasible, Suspicion, Topic
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ScopeStatus
from tests.integration.test_aws_collect import auditing
from tests.rig.aws_state import AwsClusterSpec, AwsClusterState, MachineSpec, aws_client, build_cluster
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, changed, cluster_objects, quiet, view
from tests.unit.aws.faults import Answer, Fault, ec2_error, faulty_aws, refusing

C1 = AwsClusterSpec(name="c1", machines=(MachineSpec(name="md-0"), MachineSpec(name="md-1")))


def failed(live: CapiObject, message: str) -> CapiObject:
    """The AWSMachine as CAPA leaves it when an instance cannot be made."""
    condition = {"type": "InstanceReady", "status": "False", "reason": "InstanceProvisionFailed", "message": message}
    unborn = {"providerID": "", "instanceID": ""}
    return changed(live, status={"conditions": [{**condition, "severity": "Error"}]}, spec=unborn)


def api_error(code: str, text: str = "no", operation: str = "RunInstances") -> str:
    return f"failed: operation error EC2: {operation}, https response error StatusCode: 400, api error {code}: {text}"


def asked(
    endpoint: AwsEndpoint, state: AwsClusterState, objects: Mapping[str, str], fault: Fault, **spec: Any
) -> tuple[list[Told], list[str], list[Any]]:
    """(answers, calls of asking, reads): the machines of these names, with these messages, are suspect."""
    fleet = cluster_objects(C1, state)
    suspects = []
    for index, live in enumerate(fleet):
        if live.kind == "AWSMachine" and (message := objects.get(live.name)) is not None:
            fleet[index] = changed(failed(live, message), spec=spec) if message else changed(live, spec=spec)
            suspects.append(live.key)
    with faulty_aws(endpoint.url, fault) as aws:
        provider = auditing(aws.url)
        views = [view(fleet)]
        (request,) = provider.plan(views).requests
        cloud = provider.collect(request, quiet)
        before = len(aws.asked)
        suspicion = Suspicion(objects={views[0].management_cluster: frozenset(suspects)})
        questions = provider.questions(suspicion, views, [cloud])
        again = provider.ask(request, cloud, questions)
        return list(again.answers), aws.actions()[before:], [read for read in again.reads if read not in cloud.reads]


@pytest.fixture
def state(aws_endpoint: AwsEndpoint) -> AwsClusterState:
    return build_cluster(aws_endpoint.url, ACCOUNT, REGION, C1)


def names(state: AwsClusterState) -> list[str]:
    return sorted(live.name for live in cluster_objects(C1, state) if live.kind == "AWSMachine")


def quota(value: float, name: str = "Running On-Demand Standard instances") -> Answer:
    body = json.dumps({"Quota": {"QuotaName": name, "Value": value, "QuotaCode": "L-1216C47A"}})
    return Answer(200, body.encode(), "application/x-amz-json-1.1")


def test_the_provider_is_a_constraint_probe(aws_endpoint: AwsEndpoint) -> None:
    assert isinstance(auditing(aws_endpoint.url), ConstraintProbe)


def test_nothing_is_asked_about_a_healthy_fleet(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    answers, calls, _ = asked(aws_endpoint, state, {}, lambda _: None)

    assert (answers, calls) == ([], [])


def test_two_machines_at_one_quota_ask_once_and_hear_what_is_used(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    message = api_error("VcpuLimitExceeded")

    answers, calls, reads = asked(
        aws_endpoint,
        state,
        dict.fromkeys(names(state), message),
        refusing("GetServiceQuota", quota(4)),
        instanceType="m5.large",
    )

    assert [(each.question.topic, each.feasible) for each in answers] == [(Topic.QUOTA, Feasible.IMPOSSIBLE)] * 2
    assert "4 of 4 are used of the quota 'Running On-Demand Standard instances': 0 free" in answers[0].fact
    assert calls.count("GetServiceQuota") == calls.count("DescribeInstances") == 1
    assert (reads[0].calls, reads[0].status) == (len(calls), ScopeStatus.COMPLETE)


def test_an_account_that_never_changed_a_quota_has_the_default(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    none = Answer(400, json.dumps({"__type": "NoSuchResourceException", "message": "no"}).encode(), "application/json")
    by_action = {"GetServiceQuota": none, "GetAWSDefaultServiceQuota": quota(1000)}

    answers, calls, _ = asked(
        aws_endpoint,
        state,
        {names(state)[0]: api_error("VcpuLimitExceeded")},
        lambda params: by_action.get(params.get("Action", "")),
        instanceType="m5.large",
    )

    assert answers[0].feasible is Feasible.UNKNOWN
    assert "of 1000 are used" in answers[0].fact
    assert calls[:2] == ["GetServiceQuota", "GetAWSDefaultServiceQuota"]


def test_a_refused_question_is_an_answer_that_nobody_knows(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    denied = Answer(400, json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode(), "application/json")

    answers, _, reads = asked(
        aws_endpoint,
        state,
        {names(state)[0]: api_error("VcpuLimitExceeded")},
        refusing("GetServiceQuota", denied),
        instanceType="m5.large",
    )

    assert answers[0].feasible is Feasible.UNKNOWN
    assert "servicequotas:GetServiceQuota is not allowed" in answers[0].fact
    assert reads[0].status is ScopeStatus.PARTIAL


@pytest.mark.parametrize(
    ("free", "feasible"), [(0, Feasible.IMPOSSIBLE), (3, Feasible.UNKNOWN), (90, Feasible.POSSIBLE)]
)
def test_a_full_subnet_is_known_by_its_free_addresses(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, free: int, feasible: Feasible
) -> None:
    body = (
        "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><availableIpAddressCount>"
        f"{free}</availableIpAddressCount></item></subnetSet></DescribeSubnetsResponse>"
    )
    only = Answer(200, body.encode())

    answers, calls, _ = asked(
        aws_endpoint,
        state,
        {names(state)[0]: api_error("InsufficientFreeAddressesInSubnet")},
        lambda params: only if params.get("Filter.1.Value.1") == "subnet-1" else None,
        subnet={"id": "subnet-1"},
    )

    assert (answers[0].feasible, calls) == (feasible, ["DescribeSubnets"])
    assert f"{free} addresses of subnet subnet-1" in answers[0].fact


def test_a_refusal_names_the_subnet_and_the_image_that_a_specification_leaves_open(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    subnet, image = state.subnet_ids["private"], "ami-0123456789abcdef0"
    full = f"There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
    gone = f"The image id '[{image}]' does not exist"
    first, second = names(state)
    errors = {
        first: api_error("InsufficientFreeAddressesInSubnet", full),
        second: api_error("InvalidAMIID.NotFound", gone),
    }

    answers, _, _ = asked(aws_endpoint, state, errors, lambda _: None, subnet={}, ami={})

    assert {each.question.topic: each.question.about.get("subnet") for each in answers}[Topic.ADDRESSES] == subnet
    assert f"image {image} does not exist" in next(each.fact for each in answers if each.question.topic is Topic.IMAGE)


@pytest.mark.parametrize(
    ("decision", "lacking", "feasible"),
    [
        ("allowed", "", Feasible.POSSIBLE),
        ("explicitDeny", "", Feasible.IMPOSSIBLE),
        ("implicitDeny", "", Feasible.IMPOSSIBLE),
        ("implicitDeny", "aws:RequestTag/x", Feasible.UNKNOWN),
    ],
)
def test_iam_is_asked_about_the_denied_action(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, decision: str, lacking: str, feasible: Feasible
) -> None:
    missing = f"<MissingContextValues><member>{lacking}</member></MissingContextValues>" if lacking else ""
    body = (
        "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
        "<EvaluationResults><member><EvalActionName>ec2:RunInstances</EvalActionName>"
        f"<EvalDecision>{decision}</EvalDecision>{missing}</member></EvaluationResults>"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )
    told = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/capa/1 is not authorized to perform: ec2:RunInstances "
        "because no identity-based policy allows the ec2:RunInstances action"
    )

    answers, _, _ = asked(
        aws_endpoint,
        state,
        {names(state)[0]: api_error("UnauthorizedOperation", told)},
        refusing("SimulatePrincipalPolicy", Answer(200, body.encode())),
    )

    assert [(each.question.topic, each.feasible) for each in answers] == [(Topic.PERMISSION, feasible)]
    assert f"arn:aws:iam::{ACCOUNT}:role/capa" in answers[0].fact


def test_an_image_that_is_gone_makes_a_machine_impossible(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    ec2 = aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION)
    there = ec2.describe_images()["Images"][0]["ImageId"]
    first, second = names(state)
    message = api_error("InvalidAMIID.NotFound")

    gone, _, _ = asked(aws_endpoint, state, {first: message}, lambda _: None, ami={"id": "ami-0123456789abcdef0"})
    known, _, _ = asked(aws_endpoint, state, {second: message}, lambda _: None, ami={"id": there})

    assert (gone[0].feasible, known[0].feasible) == (Feasible.IMPOSSIBLE, Feasible.POSSIBLE)


def test_a_type_that_no_zone_offers_is_impossible(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    message = api_error("InsufficientInstanceCapacity")
    first, second = names(state)

    never, _, _ = asked(aws_endpoint, state, {first: message}, lambda _: None, instanceType="zz9.large")
    scarce, _, _ = asked(aws_endpoint, state, {second: message}, lambda _: None, instanceType="m5.large")

    assert (never[0].feasible, scarce[0].feasible) == (Feasible.IMPOSSIBLE, Feasible.UNKNOWN)
    assert "AWS tells nobody how many are left" in scarce[0].fact


def test_the_checks_of_an_instance_are_told_and_one_that_is_gone_costs_no_other(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    first, second = names(state)
    instance = sorted(state.instances.values())[0]
    aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION).stop_instances(InstanceIds=[instance])

    answers, _, _ = asked(aws_endpoint, state, {first: "", second: ""}, lambda _: None)

    told = {each.question.about["instance"]: each for each in answers if each.question.topic is Topic.INSTANCE}
    assert len(told) == 2
    assert told[instance].feasible is Feasible.IMPOSSIBLE
    assert "stopped" in told[instance].fact


def test_an_unknown_instance_fails_no_other(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    answers, _, _ = asked(
        aws_endpoint,
        state,
        dict.fromkeys(names(state), ""),
        lambda params: (
            ec2_error("InvalidInstanceID.NotFound")
            if params.get("Action") == "DescribeInstanceStatus" and "InstanceId.2" in params
            else None
        ),
    )

    assert [each.feasible for each in answers if each.question.topic is Topic.INSTANCE] == [Feasible.POSSIBLE] * 2


def test_the_console_of_a_machine_that_does_not_join_is_read_without_its_token(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    console = "ok\nerror: dial tcp 10.0.0.1:6443: i/o timeout; token abcdef.0123456789abcdef\n"
    output = base64.b64encode(console.encode()).decode()
    body = f"<GetConsoleOutputResponse><instanceId>i</instanceId><output>{output}</output></GetConsoleOutputResponse>"
    fleet = cluster_objects(C1, state)
    joining = [changed(live, status={"phase": "Provisioned"}) if live.kind == "Machine" else live for live in fleet]
    suspects = frozenset(live.key for live in joining if live.kind == "Machine")

    with faulty_aws(aws_endpoint.url, refusing("GetConsoleOutput", Answer(200, body.encode()))) as aws:
        provider = auditing(aws.url)
        views = [view(joining)]
        (request,) = provider.plan(views).requests
        cloud = provider.collect(request, quiet)
        questions = provider.questions(Suspicion(objects={views[0].management_cluster: suspects}), views, [cloud])
        answers = provider.ask(request, cloud, questions).answers

    told = [each for each in answers if each.question.topic is Topic.CONSOLE]
    assert {each.feasible for each in told} == {Feasible.IMPOSSIBLE}
    assert all("i/o timeout" in each.fact and "abcdef" not in each.fact for each in told)
