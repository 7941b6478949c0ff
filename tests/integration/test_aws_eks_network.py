"""The network, the security group and the rest of what an EKS control plane has in common with an AWSCluster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drift_audit.model.fields import ReactionKind
from tests.integration.eks_world import EksWorld, eks_world
from tests.rig.aws_eks import EksSpec
from tests.rig.aws_network import CCM
from tests.rig.aws_state import aws_client
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION

HTTPS = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "description": "ops", "cidrBlocks": ["192.0.2.0/24"]}
SPEC = EksSpec(
    name="e1",
    spec={"additionalTags": {"team": "ops"}, "network": {"additionalControlPlaneIngressRules": [HTTPS]}},
)


@pytest.fixture
def world(aws_endpoint: AwsEndpoint) -> EksWorld:
    return eks_world(aws_endpoint, SPEC)


@pytest.fixture
def ec2(world: EksWorld) -> Any:
    return aws_client("ec2", world.url, ACCOUNT, REGION)


def opened(group: str) -> dict[str, Any]:
    anywhere = {"CidrIp": "0.0.0.0/0"}
    return {
        "GroupId": group,
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [anywhere]}],
    }


def test_a_network_that_nobody_touched_is_silent(world: EksWorld) -> None:
    said = world.correlation(later=timedelta(days=1))

    assert world.facts() == ()
    assert (said.absences, said.leftovers, said.gaps, said.undecided) == ((), (), (), ())


def test_each_change_of_the_network_is_one_fact(world: EksWorld, ec2: Any) -> None:
    state = world.state.network
    subnet, table = state.subnet("private"), state.subnet("private", 1).route_table
    ec2.modify_vpc_attribute(VpcId=state.vpc, EnableDnsHostnames={"Value": False})
    ec2.modify_subnet_attribute(SubnetId=state.subnet("private", 1).id, MapPublicIpOnLaunch={"Value": True})
    ec2.delete_tags(Resources=[subnet.id], Tags=[{"Key": CCM + world.name}])
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    ec2.authorize_security_group_ingress(**opened(world.state.node_group_security))

    facts = world.facts()

    assert sorted(fact.row.id for fact in facts) == [
        "aws.route-table.route-missing",
        "aws.security-group.ingress",
        "aws.subnet.public-addresses",
        "aws.subnet.tag.cloud-provider",
        "aws.vpc.dns-hostnames",
    ]
    assert {fact.link.object.kind for fact in facts} == {"AWSManagedControlPlane"}
    (rule,) = [fact for fact in facts if fact.row.resource == "security-group"]
    assert rule.row.reaction.kind is ReactionKind.REVERTED


def test_the_groups_that_eks_keeps_are_its_own_business(world: EksWorld, ec2: Any) -> None:
    ec2.authorize_security_group_ingress(**opened(world.state.cluster_security))

    assert world.facts() == ()
    assert world.correlation(later=timedelta(days=1)).leftovers == ()


def test_a_nat_gateway_and_a_group_that_are_gone_are_missing(world: EksWorld, ec2: Any) -> None:
    ec2.delete_security_group(GroupId=world.state.node_group_security)
    ec2.delete_nat_gateway(NatGatewayId=world.state.network.nat_gateways[0])

    missing = sorted(absence.link.resource.type for absence in world.correlation().absences)

    assert missing == ["nat-gateway", "security-group"]
