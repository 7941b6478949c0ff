"""Where the load balancer of an API server leads, told to what is stuck from what was collected already."""

from __future__ import annotations

import pytest

from drift_audit.model.health import Feasible, Suspicion, Topic
from drift_audit.model.keys import ObjectKey
from tests.integration.balancer_world import CLASSIC, NETWORK, World, declared, world
from tests.rig.aws_state import AwsClusterSpec
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import quiet, view

DISABLED = declared("c1", controlPlaneLoadBalancer={"loadBalancerType": "disabled"})


def told(at: World, kind: str, name: str) -> list[tuple[str, Feasible, str]]:
    """(kind of the object, whether it could work, the fact) of every answer about targets; the object is a suspect."""
    views = [view(at.objects)]
    suspects = frozenset(live.key for live in at.objects if (live.kind, live.name) == (kind, name))
    assert suspects
    answers = []
    for request in at.provider.plan(views).requests:
        cloud = at.provider.collect(request, quiet)
        questions = at.provider.questions(Suspicion(objects={"mgmt": suspects}), views, [cloud])
        if kind == "Cluster":
            assert {question.topic for question in questions} <= {Topic.TARGET_HEALTH}
        again = at.provider.ask(request, cloud, questions)
        if kind == "Cluster" and questions:
            assert again.reads[-1].calls == 0
        answers += [each for each in again.answers if each.question.topic is Topic.TARGET_HEALTH]
    return [(each.question.object.kind, each.feasible, each.fact) for each in answers]


def name_of(at: World, kind: str, ending: str) -> str:
    return next(live.name for live in at.objects if live.kind == kind and live.name.endswith(ending))


def forget(at: World, *machines: str) -> None:
    """Somebody takes the machines out of every target group and load balancer."""
    ids = [at.state.instances[name] for name in machines]
    for balancer in at.elb.describe_load_balancers()["LoadBalancerDescriptions"]:
        name = balancer["LoadBalancerName"]
        at.elb.deregister_instances_from_load_balancer(
            LoadBalancerName=name, Instances=[{"InstanceId": each} for each in ids]
        )
    for group in at.elbv2.describe_target_groups()["TargetGroups"]:
        at.elbv2.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": each} for each in ids])


@pytest.mark.parametrize("spec", [pytest.param(CLASSIC, id="classic"), pytest.param(NETWORK, id="network")])
def test_a_load_balancer_that_leads_to_the_control_plane_is_told_for_its_cluster(
    aws_endpoint: AwsEndpoint, spec: AwsClusterSpec
) -> None:
    ((kind, feasible, fact),) = told(world(aws_endpoint, spec), "Cluster", "c1")

    assert (kind, feasible) == ("AWSCluster", Feasible.POSSIBLE)
    assert all(each.startswith("2 of 2 targets of ") for each in fact.split("; "))


@pytest.mark.parametrize("spec", [pytest.param(CLASSIC, id="classic"), pytest.param(NETWORK, id="network")])
def test_a_load_balancer_that_leads_nowhere_could_not_have_worked(
    aws_endpoint: AwsEndpoint, spec: AwsClusterSpec
) -> None:
    built = world(aws_endpoint, spec)
    forget(built, "cp-0", "cp-1")

    ((_, feasible, fact),) = told(built, "Cluster", "c1")

    assert feasible is Feasible.IMPOSSIBLE
    assert all(each.startswith("0 of 0 targets of ") for each in fact.split("; "))


@pytest.mark.parametrize("spec", [pytest.param(CLASSIC, id="classic"), pytest.param(NETWORK, id="network")])
def test_one_machine_of_the_control_plane_that_is_not_registered_is_told_of_itself(
    aws_endpoint: AwsEndpoint, spec: AwsClusterSpec
) -> None:
    built = world(aws_endpoint, spec)
    forget(built, "cp-0")

    lost = told(built, "AWSMachine", name_of(built, "AWSMachine", "cp-0"))
    well = told(built, "AWSMachine", name_of(built, "AWSMachine", "cp-1"))

    assert [(kind, feasible) for kind, feasible, _ in lost] == [("AWSMachine", Feasible.IMPOSSIBLE)]
    assert f"{built.state.instances['cp-0']} is not registered with " in lost[0][2]
    assert [feasible for _, feasible, _ in well] == [Feasible.POSSIBLE]


def test_nothing_is_asked_for_workers_or_for_a_cluster_without_a_load_balancer(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, CLASSIC)

    assert told(built, "AWSMachine", name_of(built, "AWSMachine", "md-0")) == []
    assert told(world(aws_endpoint, DISABLED), "Cluster", "c1") == []


def test_what_was_not_read_is_unknown(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, NETWORK)
    views = [view(built.objects)]
    (request,) = built.provider.plan(views).requests
    cloud = built.provider.collect(request, quiet)
    for key in [key for key in cloud.resources if key[0] == "target-health"]:
        del cloud.resources[key]  # type: ignore[attr-defined]
    suspects = frozenset({ObjectKey("cluster.x-k8s.io", "Cluster", "default", "c1")})
    questions = built.provider.questions(Suspicion(objects={"mgmt": suspects}), views, [cloud])

    (answer,) = built.provider.ask(request, cloud, questions).answers

    assert answer.feasible is Feasible.UNKNOWN
    assert "was not read" in answer.fact
