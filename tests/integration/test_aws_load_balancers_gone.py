"""Load balancers that are gone, brought, left over or looked at twice: over HTTP, from moto's server."""

from __future__ import annotations

import pytest

from drift_audit.model.findings import Severity
from drift_audit.model.keys import ResourceKey
from drift_audit.model.objects import CapiObject
from tests.integration.balancer_world import (
    CLASSIC,
    LISTENER,
    NETWORK,
    PRIMARY,
    World,
    attribute,
    foreign_group,
    targets,
    told,
    world,
)
from tests.rig.aws_state import CCM, ROLE, TAG, AwsClusterSpec
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import (
    ACCOUNT,
    REGION,
    changed,
    quiet,
    replaced,
    view,
)


@pytest.fixture
def classic(aws_endpoint: AwsEndpoint) -> World:
    return world(aws_endpoint, CLASSIC)


@pytest.fixture
def network(aws_endpoint: AwsEndpoint) -> World:
    return world(aws_endpoint, NETWORK)


@pytest.mark.parametrize("spec", [CLASSIC, NETWORK], ids=["classic", "network"])
def test_a_deleted_load_balancer_alone_is_missing(aws_endpoint: AwsEndpoint, spec: AwsClusterSpec) -> None:
    built = world(aws_endpoint, spec)
    built.elb.delete_load_balancer(LoadBalancerName=built.name)
    if built.arn:
        for port in built.balancer().target_groups:
            built.elbv2.delete_listener(ListenerArn=built.listener(port))
        built.elbv2.delete_load_balancer(LoadBalancerArn=built.arn)

    correlation = built.correlation()

    (absence,) = correlation.absences
    assert absence.link.resource.id == built.name
    assert (absence.severity, absence.transitional) == (Severity.CRITICAL, False)
    assert "makes no load balancer again" in absence.reaction
    assert any(built.balancer().dns_name in step for step in absence.next_steps)
    assert correlation.leftovers == ()
    assert built.facts() == []


def test_a_load_balancer_of_a_cluster_on_its_way_out_may_be_gone(classic: World) -> None:
    classic.elb.delete_load_balancer(LoadBalancerName=classic.name)
    leaving = changed(classic.named("AWSCluster", "c1"), metadata={"deletionTimestamp": "2026-11-20T00:00:00Z"})

    (absence,) = classic.correlation(replaced(classic.objects, leaving)).absences

    assert absence.transitional


def _brought(at: World) -> list[CapiObject]:
    """The objects of a cluster that was given somebody's own network load balancer."""
    name = "brought"
    balancer = at.elbv2.create_load_balancer(
        Name=name, Subnets=[at.state.subnet_ids["private"]], Type="network", Scheme="internal"
    )["LoadBalancers"][0]
    group = foreign_group(at)
    action = {"Type": "forward", "TargetGroupArn": group}
    at.elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Port=443, Protocol="TCP", DefaultActions=[action]
    )
    targets = [{"Id": at.state.instances[machine], "Port": 22} for machine in ("cp-0", "cp-1", "md-0")]
    at.elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    cluster = changed(
        at.named("AWSCluster", "c1"),
        spec={
            PRIMARY: {"loadBalancerType": "nlb", "name": name, "scheme": "internal"},
            "controlPlaneEndpoint": {"host": balancer["DNSName"].upper(), "port": 6443},
        },
        status={
            "networkStatus": {
                **at.state.cluster_status(at.spec)["networkStatus"],
                "apiServerElb": {"name": name, "arn": balancer["LoadBalancerArn"], "loadBalancerType": "nlb"},
            }
        },
    )
    return replaced(at.objects, cluster)


def test_a_load_balancer_that_somebody_brought_is_left_alone(classic: World) -> None:
    objects = _brought(classic)
    classic.elb.delete_load_balancer(LoadBalancerName=classic.name)

    correlation = classic.correlation(objects)

    assert told(classic.facts(objects)) == []
    assert not (correlation.absences or correlation.leftovers)


def test_of_a_brought_load_balancer_existence_scheme_and_members_are_asked(classic: World) -> None:
    objects = _brought(classic)
    classic.elb.delete_load_balancer(LoadBalancerName=classic.name)
    groups = classic.elbv2.describe_target_groups(Names=["mine"])["TargetGroups"]
    member = {"Id": classic.state.instances["cp-0"], "Port": 22}
    classic.elbv2.deregister_targets(TargetGroupArn=groups[0]["TargetGroupArn"], Targets=[member])
    cluster = next(found for found in objects if found.kind == "AWSCluster")
    other = changed(cluster, spec={PRIMARY: {"loadBalancerType": "nlb", "name": "brought"}})

    assert told(classic.facts(replaced(objects, other))) == [
        ("aws.load-balancer.scheme", "spec.controlPlaneLoadBalancer.scheme"),
        ("aws.target-group.member", "loadBalancerTarget"),
    ]


def test_where_another_system_keeps_the_network_nothing_is_expected(classic: World) -> None:
    classic.elb.delete_load_balancer(LoadBalancerName=classic.name)
    annotated = changed(
        classic.named("AWSCluster", "c1"), metadata={"annotations": {"cluster.x-k8s.io/managed-by": "crossplane"}}
    )

    correlation = classic.correlation(replaced(classic.objects, annotated))

    assert not (correlation.absences or correlation.undecided)


def test_a_cluster_without_its_load_balancer_yet_is_undecided(classic: World) -> None:
    status = {
        "networkStatus": {
            "securityGroups": classic.state.cluster_status(classic.spec)["networkStatus"]["securityGroups"]
        }
    }
    waiting = changed(classic.named("AWSCluster", "c1"), spec={"controlPlaneEndpoint": None}, status=status)

    correlation = classic.correlation(replaced(classic.objects, waiting))

    assert [undecided.object.kind for undecided in correlation.undecided] == ["AWSCluster"]
    assert "has no load balancer in its status" in correlation.gaps[0].reason
    assert not (correlation.absences or correlation.leftovers)


def test_the_former_load_balancer_of_a_cluster_is_nobodys_leftover(classic: World) -> None:
    """The type was changed in the spec: CAPA then looks for another one, and never makes it."""
    status = dict(classic.state.cluster_status(classic.spec))
    retyped = changed(classic.named("AWSCluster", "c1"), spec={PRIMARY: {"loadBalancerType": "nlb"}}, status=status)

    correlation = classic.correlation(replaced(classic.objects, retyped))

    assert [(each.link.resource.type, each.link.resource.id) for each in correlation.absences] == [
        ("load-balancer", "default-c1-apiserver")
    ]
    assert correlation.leftovers == ()


@pytest.mark.parametrize("spec", [CLASSIC, NETWORK], ids=["classic", "network"])
def test_what_no_object_names_is_left_over(aws_endpoint: AwsEndpoint, spec: AwsClusterSpec) -> None:
    built = world(aws_endpoint, spec)
    tags = [{"Key": f"{TAG}c1", "Value": "owned"}, {"Key": ROLE, "Value": "apiserver"}]
    subnets = [built.state.subnet_ids["public"]]
    built.elb.create_load_balancer(LoadBalancerName="old", Listeners=[LISTENER], Subnets=subnets, Tags=tags)
    built.elbv2.create_load_balancer(Name="older", Type="network", Subnets=subnets, Tags=tags)
    built.elbv2.create_target_group(
        Name="apiserver-target-zzzzz", Port=6443, Protocol="TCP", VpcId=built.state.vpc_id, Tags=tags
    )

    found = {leftover.resource.id: leftover for leftover in built.correlation().leftovers}

    assert found.keys() == {"old", "older", "apiserver-target-zzzzz"}
    assert not any(leftover.potential for leftover in found.values())
    assert {leftover.severity for leftover in found.values()} == {Severity.HIGH, Severity.LOW}
    assert found["old"].created_at.endswith("Z")
    assert "describe-load-balancers --region eu-west-1 --names older" in found["older"].next_steps[-1]


def _for_a_service(at: World, name: str, cluster: str, vpc_subnet: str) -> None:
    tags = [{"Key": f"{CCM}{cluster}", "Value": "owned"}, {"Key": "kubernetes.io/service-name", "Value": "web/shop"}]
    at.elb.create_load_balancer(LoadBalancerName=name, Listeners=[LISTENER], Subnets=[vpc_subnet], Tags=tags)


def test_what_a_living_cluster_made_for_its_services_is_its_own(classic: World) -> None:
    _for_a_service(classic, "a-service", "c1", classic.state.subnet_ids["public"])

    assert classic.correlation().leftovers == ()
    assert classic.facts() == []


def test_what_a_vanished_cluster_made_for_its_services_is_a_suspicion(classic: World) -> None:
    _for_a_service(classic, "a-service", "c0", classic.state.subnet_ids["public"])

    (leftover,) = classic.correlation().leftovers

    assert (leftover.resource.id, leftover.claimed, leftover.cluster) == ("a-service", "c0", None)
    assert leftover.potential


def test_a_cluster_whose_instances_run_is_alive_whoever_manages_it(classic: World) -> None:
    _for_a_service(classic, "a-service", "elsewhere", classic.state.subnet_ids["public"])
    classic.ec2.run_instances(
        ImageId="ami-1",
        MinCount=1,
        MaxCount=1,
        SubnetId=classic.state.subnet_ids["private"],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": f"{CCM}elsewhere", "Value": "owned"}]}],
    )

    assert classic.correlation().leftovers == ()


def test_what_has_nothing_to_do_with_the_fleet_is_not_suspected(classic: World) -> None:
    vpc = classic.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = classic.ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/20")["Subnet"]["SubnetId"]
    _for_a_service(classic, "a-service", "c0", subnet)
    classic.elb.create_load_balancer(LoadBalancerName="shop", Listeners=[LISTENER], Subnets=[subnet])

    (cloud,) = classic.read()

    assert classic.correlation().leftovers == ()
    assert ("classic-load-balancer", "shop") not in cloud.resources


def test_a_name_that_capa_wrote_elsewhere_ties_a_load_balancer_to_the_fleet(classic: World) -> None:
    vpc = classic.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = classic.ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/20")["Subnet"]["SubnetId"]
    _for_a_service(classic, "a-service", "c0", subnet)
    group = classic.ec2.create_security_group(VpcId=vpc, GroupName="c0-node", Description="c0")["GroupId"]
    classic.ec2.create_tags(Resources=[group], Tags=[{"Key": f"{TAG}c0", "Value": "owned"}])

    found = {leftover.resource.id for leftover in classic.correlation().leftovers}

    assert found == {"a-service", group}


def test_a_second_look_sees_every_detail_again(network: World) -> None:
    (request,) = network.provider.plan([view(network.objects)]).requests
    before = network.provider.collect(request, quiet)
    group = network.balancer().target_groups[6443]
    attribute("load_balancing.cross_zone.enabled", "true")(network)
    targets("deregister_targets", "cp-0")(network)
    network.elbv2.delete_listener(ListenerArn=network.listener(8132))
    suspects = [
        ResourceKey("aws", ACCOUNT, REGION, kind, name)
        for kind, name in (("load-balancer", network.name), ("target-group", group), ("load-balancer", "gone"))
    ]

    after = network.provider.reread(request, before, suspects)

    changed_types = {key[0] for key, found in after.resources.items() if found != before.resources[key]}
    assert changed_types == {"load-balancer-attributes", "load-balancer-listeners", "target-health"}
    assert after.resources.keys() == before.resources.keys()
    assert after.reread == {(suspect.type, suspect.id) for suspect in suspects}
    assert after.gaps == ()


def test_a_second_look_takes_out_what_is_gone(classic: World) -> None:
    (request,) = classic.provider.plan([view(classic.objects)]).requests
    before = classic.provider.collect(request, quiet)
    classic.elb.delete_load_balancer(LoadBalancerName=classic.name)

    after = classic.provider.reread(
        request, before, [ResourceKey("aws", ACCOUNT, REGION, "classic-load-balancer", classic.name)]
    )

    assert ("classic-load-balancer", classic.name) not in after.resources
    assert after.gaps == ()
