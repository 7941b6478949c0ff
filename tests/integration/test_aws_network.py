"""A network built as CAPA builds it is silent, also one that somebody brought; one change in EC2 is one fact.

Everything is read by the provider over HTTP from moto's server. What moto cannot show (blackholes, DNS64, host name
types, failed NAT gateways) is in `tests/unit/aws/test_network_rows.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from drift_audit.interfaces import Fact
from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.values import ABSENT, Present
from tests.integration.aws_world import World, world
from tests.rig.aws_state import CCM, ROLE, TAG, AwsClusterSpec, MachineSpec
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import changed, replaced

MACHINES = (MachineSpec(name="md-0"),)
PLAIN = AwsClusterSpec(name="c1", machines=MACHINES, spec={"additionalTags": {"team": "payments"}})
RICH = AwsClusterSpec(
    name="c1",
    machines=MACHINES,
    zones=3,
    spec={
        "s3Bucket": {"name": "bootstrap-data"},
        "additionalTags": {"Name": "shared-name", "kubernetes.io/role/elb": "no"},
        "controlPlaneLoadBalancer": {"loadBalancerType": "nlb", "scheme": "internal"},
        "network": {
            "vpc": {
                "emptyRoutesDefaultVPCSecurityGroup": True,
                "secondaryCidrBlocks": [{"ipv4CidrBlock": "100.64.0.0/16"}],
            }
        },
    },
)
SIX = AwsClusterSpec(name="c1", machines=MACHINES, spec={"network": {"vpc": {"ipv6": {}}}})
BROUGHT = AwsClusterSpec(name="c1", machines=MACHINES, zones=2, brought=True, spec={"additionalTags": {"team": "a"}})

CLUSTERS = {"plain": PLAIN, "rich": RICH, "six": SIX, "brought": BROUGHT}


@pytest.mark.parametrize("name", CLUSTERS)
def test_an_untouched_network_is_silent(aws_endpoint: AwsEndpoint, name: str) -> None:
    built = world(aws_endpoint, CLUSTERS[name])
    network = built.state.network
    assert network is not None

    correlation = built.correlation()

    assert built.facts() == ()
    assert not (correlation.absences or correlation.leftovers or correlation.undecided or correlation.gaps)
    claimed = {(key.type, key.id) for key in correlation.claimed}
    assert {("subnet", subnet.id) for subnet in network.subnets} <= claimed
    assert {("route-table", subnet.route_table) for subnet in network.subnets} <= claimed
    assert {("nat-gateway", gateway) for gateway in network.nat_gateways} <= claimed
    if not network.brought:
        assert {("elastic-ip", allocation) for allocation in network.allocations} <= claimed
        assert ("internet-gateway", network.internet_gateway) in claimed


def test_a_network_that_another_system_keeps_is_silent(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, BROUGHT)
    infra = built.named("AWSCluster", "c1")
    managed = changed(infra, metadata={"annotations": {"cluster.x-k8s.io/managed-by": "terraform"}})

    facts = built.facts(replaced(built.objects, managed))

    assert [fact for fact in facts if fact.link.object.kind == "AWSCluster"] == []


Act = Callable[[World], Any]


def net(at: World) -> Any:
    assert at.state.network is not None
    return at.state.network


def tag(what: Callable[[World], str], key: str, value: str) -> Act:
    return lambda at: at.ec2.create_tags(Resources=[what(at)], Tags=[{"Key": key, "Value": value}])


def untag(what: Callable[[World], str], key: str) -> Act:
    return lambda at: at.ec2.delete_tags(Resources=[what(at)], Tags=[{"Key": key}])


def vpc(at: World) -> str:
    return str(net(at).vpc)


def subnet(role: str, zone: int = 0) -> Callable[[World], str]:
    return lambda at: str(net(at).subnet(role, zone).id)


def table(role: str, zone: int = 0) -> Callable[[World], str]:
    return lambda at: str(net(at).subnet(role, zone).route_table)


def nat(at: World) -> str:
    return str(net(at).nat_gateways[0])


def gateway(at: World) -> str:
    return str(net(at).internet_gateway)


def egress(at: World) -> str:
    return str(net(at).egress_gateway)


def endpoint(at: World) -> str:
    return str(net(at).endpoint)


def set_subnet(role: str, **attribute: Any) -> Act:
    return lambda at: at.ec2.modify_subnet_attribute(SubnetId=subnet(role)(at), **attribute)


def replace_route(role: str, target: Callable[[World], dict[str, str]], destination: str = "0.0.0.0/0") -> Act:
    block = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    return lambda at: at.ec2.replace_route(RouteTableId=table(role)(at), **{block: destination}, **target(at))


def delete_route(role: str, destination: str = "0.0.0.0/0") -> Act:
    block = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    return lambda at: at.ec2.delete_route(RouteTableId=table(role)(at), **{block: destination})


def other_nat(at: World) -> dict[str, str]:
    """A NAT gateway that somebody made in a subnet of another zone."""
    made = at.ec2.create_subnet(VpcId=vpc(at), CidrBlock="10.0.48.0/24", AvailabilityZone="eu-west-1c")
    address = at.ec2.allocate_address(Domain="vpc")["AllocationId"]
    found = at.ec2.create_nat_gateway(SubnetId=made["Subnet"]["SubnetId"], AllocationId=address)
    return {"NatGatewayId": found["NatGateway"]["NatGatewayId"]}


def transit_gateway(at: World) -> dict[str, str]:
    return {"TransitGatewayId": at.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]}


def appliance(at: World) -> dict[str, str]:
    made = at.ec2.create_network_interface(SubnetId=subnet("public")(at))
    return {"NetworkInterfaceId": made["NetworkInterface"]["NetworkInterfaceId"]}


def disassociate(at: World, role: str) -> None:
    found = at.ec2.describe_route_tables(RouteTableIds=[table(role)(at)])["RouteTables"][0]["Associations"]
    at.ec2.disassociate_route_table(AssociationId=found[0]["RouteTableAssociationId"])


def move(role: str, *tags: str) -> Act:
    """The subnet's association moved to a table made by hand, with these tags of CAPA."""

    def act(at: World) -> None:
        disassociate(at, role)
        made = at.ec2.create_route_table(VpcId=vpc(at))["RouteTable"]["RouteTableId"]
        at.ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat(at))
        for key in tags:
            at.ec2.create_tags(Resources=[made], Tags=[{"Key": key, "Value": "owned"}])
        at.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet(role)(at))

    return act


def drop_cidr(at: World) -> None:
    found = at.ec2.describe_vpcs(VpcIds=[vpc(at)])["Vpcs"][0]["CidrBlockAssociationSet"]
    secondary = next(each["AssociationId"] for each in found if each["CidrBlock"] == "100.64.0.0/16")
    at.ec2.disassociate_vpc_cidr_block(AssociationId=secondary)


def drop_ipv6(at: World) -> None:
    found = at.ec2.describe_vpcs(VpcIds=[vpc(at)])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
    at.ec2.disassociate_vpc_cidr_block(AssociationId=found["AssociationId"])


def default_group(at: World) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc(at)]}, {"Name": "group-name", "Values": ["default"]}]
    return str(at.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])


def permit(at: World, port: int | None = None) -> None:
    """A rule of the default group: for one port from anywhere, or the one that AWS gives every new group."""
    group = default_group(at)
    rule: dict[str, Any] = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    if port:
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    at.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def fill(at: World) -> None:
    """Takes most addresses of the smallest subnet that moto allows to fill quickly."""
    small = at.ec2.create_subnet(VpcId=vpc(at), CidrBlock="10.0.63.0/27", AvailabilityZone="eu-west-1a")
    for _ in range(25):
        at.ec2.create_network_interface(SubnetId=small["Subnet"]["SubnetId"])


REVERTED, IGNORED, BREAKS, ADOPTED = (
    ReactionKind.REVERTED,
    ReactionKind.IGNORED,
    ReactionKind.BREAKS,
    ReactionKind.ADOPTED,
)
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change in EC2 and the one fact that follows."""

    row: str
    act: Act
    severity: Severity
    reaction: ReactionKind
    path: str = ""
    cluster: str = "plain"
    note: str = ""


CHANGES = (
    Change(
        row="aws.vpc.secondary-cidrs",
        act=drop_cidr,
        cluster="rich",
        severity=MEDIUM,
        reaction=REVERTED,
        path="secondaryCidrBlocks[100.64.0.0/16]",
    ),
    Change(row="aws.vpc.ipv6.cidr", act=drop_ipv6, cluster="six", severity=HIGH, reaction=ADOPTED),
    Change(row="aws.vpc.tag.owned", act=untag(vpc, f"{TAG}c1"), severity=CRITICAL, reaction=IGNORED),
    Change(
        row="aws.vpc.tag.owned", act=tag(vpc, f"{TAG}c1", "shared"), severity=CRITICAL, reaction=IGNORED, note="shared"
    ),
    Change(
        row="aws.vpc.tag.claimed",
        act=tag(vpc, f"{TAG}c1", "owned"),
        cluster="brought",
        severity=CRITICAL,
        reaction=ADOPTED,
    ),
    Change(row="aws.vpc.tag.role", act=tag(vpc, ROLE, "node"), severity=LOW, reaction=REVERTED),
    Change(row="aws.vpc.tag.name", act=untag(vpc, "Name"), severity=LOW, reaction=REVERTED),
    Change(row="aws.vpc.tags", act=tag(vpc, "team", "x"), severity=LOW, reaction=REVERTED),
    Change(
        row="aws.vpc.s3-endpoint",
        act=lambda at: at.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint(at)]),
        cluster="rich",
        severity=MEDIUM,
        reaction=REVERTED,
    ),
    Change(
        row="aws.vpc.dns-hostnames",
        act=lambda at: at.ec2.modify_vpc_attribute(VpcId=vpc(at), EnableDnsHostnames={"Value": False}),
        severity=HIGH,
        reaction=REVERTED,
        path="enableDnsHostnames",
    ),
    Change(
        row="aws.vpc.dns-support",
        act=lambda at: at.ec2.modify_vpc_attribute(VpcId=vpc(at), EnableDnsSupport={"Value": False}),
        severity=HIGH,
        reaction=REVERTED,
    ),
    Change(
        row="aws.default-security-group.stock-rules",
        act=permit,
        cluster="rich",
        severity=MEDIUM,
        reaction=REVERTED,
        path="rules[all from the group itself]",
    ),
    Change(
        row="aws.default-security-group.further-rules",
        act=lambda at: permit(at, 22),
        cluster="rich",
        severity=MEDIUM,
        reaction=IGNORED,
        path="rules[tcp 22 from 0.0.0.0/0]",
    ),
    Change(
        row="aws.internet-gateway.attachment",
        act=lambda at: at.ec2.detach_internet_gateway(InternetGatewayId=gateway(at), VpcId=vpc(at)),
        severity=CRITICAL,
        reaction=REVERTED,
    ),
    Change(row="aws.internet-gateway.tag.owned", act=untag(gateway, f"{TAG}c1"), severity=LOW, reaction=REVERTED),
    Change(row="aws.internet-gateway.tag.role", act=untag(gateway, ROLE), severity=LOW, reaction=REVERTED),
    Change(row="aws.internet-gateway.tag.name", act=tag(gateway, "Name", "x"), severity=LOW, reaction=REVERTED),
    Change(row="aws.internet-gateway.tags", act=untag(gateway, "team"), severity=LOW, reaction=REVERTED),
    Change(
        row="aws.egress-only-internet-gateway.tag.owned",
        act=untag(egress, f"{TAG}c1"),
        cluster="six",
        severity=MEDIUM,
        reaction=IGNORED,
    ),
    Change(
        row="aws.egress-only-internet-gateway.tag.role",
        act=untag(egress, ROLE),
        cluster="six",
        severity=LOW,
        reaction=REVERTED,
    ),
    Change(
        row="aws.egress-only-internet-gateway.tag.name",
        act=tag(egress, "Name", "x"),
        cluster="six",
        severity=LOW,
        reaction=REVERTED,
    ),
    Change(row="aws.nat-gateway.tag.owned", act=untag(nat, f"{TAG}c1"), severity=LOW, reaction=REVERTED),
    Change(row="aws.nat-gateway.tag.role", act=untag(nat, ROLE), severity=LOW, reaction=REVERTED),
    Change(row="aws.nat-gateway.tag.name", act=tag(nat, "Name", "x"), severity=LOW, reaction=REVERTED),
    Change(row="aws.nat-gateway.tags", act=tag(nat, "team", "x"), severity=LOW, reaction=REVERTED),
    Change(
        row="aws.subnet.public",
        act=replace_route("private", lambda at: {"GatewayId": gateway(at)}),
        severity=CRITICAL,
        reaction=ADOPTED,
        path="spec.network.subnets[].isPublic",
        note="by its default route",
    ),
    Change(
        row="aws.subnet.public",
        act=lambda at: at.ec2.create_route(
            RouteTableId=table("private")(at), DestinationCidrBlock="198.51.100.0/24", GatewayId=gateway(at)
        ),
        severity=CRITICAL,
        reaction=ADOPTED,
        note="by any route",
    ),
    Change(
        row="aws.subnet.public",
        act=tag(subnet("private"), ROLE, "public"),
        severity=CRITICAL,
        reaction=ADOPTED,
        note="by its role tag",
    ),
    Change(
        row="aws.subnet.public",
        act=replace_route("private", lambda at: {"GatewayId": gateway(at)}),
        cluster="brought",
        severity=CRITICAL,
        reaction=ADOPTED,
        note="in a network that was brought",
    ),
    Change(
        row="aws.subnet.public",
        act=delete_route("public"),
        cluster="brought",
        severity=HIGH,
        reaction=ADOPTED,
        note="back",
    ),
    Change(
        row="aws.subnet.public-addresses",
        act=set_subnet("private", MapPublicIpOnLaunch={"Value": True}),
        severity=HIGH,
        reaction=IGNORED,
        note="on",
    ),
    Change(
        row="aws.subnet.public-addresses",
        act=set_subnet("public", MapPublicIpOnLaunch={"Value": False}),
        severity=MEDIUM,
        reaction=IGNORED,
        note="off",
    ),
    Change(
        row="aws.subnet.ipv6-addresses",
        act=set_subnet("private", AssignIpv6AddressOnCreation={"Value": False}),
        cluster="six",
        severity=MEDIUM,
        reaction=IGNORED,
    ),
    Change(row="aws.subnet.tag.owned", act=untag(subnet("private"), f"{TAG}c1"), severity=HIGH, reaction=REVERTED),
    Change(row="aws.subnet.tag.role", act=untag(subnet("private"), ROLE), severity=MEDIUM, reaction=REVERTED),
    Change(
        row="aws.subnet.tag.cloud-provider",
        act=tag(subnet("public"), f"{CCM}c1", "shared"),
        severity=MEDIUM,
        reaction=REVERTED,
    ),
    Change(
        row="aws.subnet.tag.load-balancer",
        act=untag(subnet("public"), "kubernetes.io/role/elb"),
        severity=MEDIUM,
        reaction=REVERTED,
    ),
    Change(row="aws.subnet.tag.name", act=tag(subnet("public"), "Name", "x"), severity=LOW, reaction=REVERTED),
    Change(row="aws.subnet.tags", act=untag(subnet("private"), "team"), severity=LOW, reaction=REVERTED),
    Change(
        row="aws.subnet.shared.cloud-provider",
        act=untag(subnet("private"), f"{CCM}c1"),
        cluster="brought",
        severity=MEDIUM,
        reaction=REVERTED,
    ),
    Change(
        row="aws.subnet.shared.load-balancer",
        act=untag(subnet("private"), "kubernetes.io/role/internal-elb"),
        cluster="brought",
        severity=MEDIUM,
        reaction=REVERTED,
    ),
    Change(
        row="aws.subnet.route-table.removed",
        act=lambda at: disassociate(at, "private"),
        severity=HIGH,
        reaction=REVERTED,
        path="routeTable",
    ),
    Change(row="aws.subnet.route-table.foreign", act=move("private"), severity=HIGH, reaction=BREAKS),
    Change(row="aws.subnet.route-table.other", act=move("private", f"{TAG}c1"), severity=MEDIUM, reaction=ADOPTED),
    Change(
        row="aws.route-table.route-missing",
        act=delete_route("private"),
        severity=CRITICAL,
        reaction=IGNORED,
        path="routes[0.0.0.0/0]",
        note="private",
    ),
    Change(
        row="aws.route-table.route-missing",
        act=delete_route("public"),
        severity=CRITICAL,
        reaction=IGNORED,
        note="public",
    ),
    Change(
        row="aws.route-table.route-missing",
        act=delete_route("private", "::/0"),
        cluster="six",
        severity=CRITICAL,
        reaction=IGNORED,
        path="routes[::/0]",
        note="IPv6",
    ),
    Change(
        row="aws.route-table.route-gateway",
        act=replace_route("private", other_nat),
        severity=CRITICAL,
        reaction=REVERTED,
        path="routes[0.0.0.0/0]",
    ),
    Change(
        row="aws.route-table.route-retargeted",
        act=replace_route("private", transit_gateway),
        severity=CRITICAL,
        reaction=IGNORED,
        path="routes[0.0.0.0/0]",
        note="to a transit gateway",
    ),
    Change(
        row="aws.route-table.route-retargeted",
        act=replace_route("public", appliance),
        severity=CRITICAL,
        reaction=IGNORED,
        note="to an appliance",
    ),
    Change(row="aws.route-table.tag.owned", act=untag(table("private"), f"{TAG}c1"), severity=HIGH, reaction=BREAKS),
    Change(
        row="aws.route-table.tag.cloud-provider",
        act=untag(table("private"), f"{CCM}c1"),
        severity=MEDIUM,
        reaction=REVERTED,
    ),
    Change(row="aws.route-table.tag.role", act=untag(table("public"), ROLE), severity=LOW, reaction=REVERTED),
    Change(row="aws.route-table.tag.name", act=tag(table("private"), "Name", "x"), severity=LOW, reaction=REVERTED),
    Change(row="aws.route-table.tags", act=tag(table("private"), "team", "x"), severity=LOW, reaction=REVERTED),
    Change(
        row="aws.vpc-endpoint.route-tables",
        act=lambda at: at.ec2.modify_vpc_endpoint(
            VpcEndpointId=endpoint(at), RemoveRouteTableIds=[table("private")(at)]
        ),
        cluster="rich",
        severity=MEDIUM,
        reaction=REVERTED,
    ),
    Change(
        row="aws.vpc-endpoint.tag.owned",
        act=untag(endpoint, f"{TAG}c1"),
        cluster="rich",
        severity=MEDIUM,
        reaction=IGNORED,
    ),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.row} {change.note}".strip())
def test_one_change_in_ec2_is_one_fact(aws_endpoint: AwsEndpoint, change: Change) -> None:
    built = world(aws_endpoint, CLUSTERS[change.cluster])
    change.act(built)

    facts = built.facts()

    assert [fact.row.id for fact in facts] == [change.row], told(facts)
    (fact,) = facts
    assert fact.link.object.kind == "AWSCluster"
    assert (fact.severity or fact.row.severity, fact.row.reaction.kind) == (change.severity, change.reaction)
    if change.path:
        assert fact.path == change.path


def told(facts: tuple[Fact, ...]) -> str:
    return "\n".join(f"{fact.row.id} {fact.link.resource} {fact.path} {fact.capi} {fact.cloud}" for fact in facts)


# What CAPA does not care about is nobody's finding.

HARMLESS: tuple[tuple[str, str, Act], ...] = (
    (
        "a route to a peering or a transit gateway",
        "plain",
        lambda at: at.ec2.create_route(
            RouteTableId=table("private")(at), DestinationCidrBlock="172.16.0.0/12", **transit_gateway(at)
        ),
    ),
    (
        "another secondary block",
        "rich",
        lambda at: at.ec2.associate_vpc_cidr_block(VpcId=vpc(at), CidrBlock="100.65.0.0/16"),
    ),
    (
        "another endpoint",
        "rich",
        lambda at: at.ec2.create_vpc_endpoint(VpcId=vpc(at), ServiceName="com.amazonaws.eu-west-1.dynamodb"),
    ),
    ("a further tag", "plain", tag(subnet("private"), "owner", "kim")),
    ("another subnet without tags", "plain", fill),
    ("rules of the default group that nobody asked to be empty", "plain", lambda at: permit(at, 443)),
    ("a route in a table that was brought", "brought", delete_route("private")),
    ("tags of a network that was brought", "brought", tag(table("private"), "Name", "theirs")),
    (
        "public addresses in a network that was brought",
        "brought",
        set_subnet("private", MapPublicIpOnLaunch={"Value": True}),
    ),
    (
        "DNS of a VPC that was brought",
        "brought",
        lambda at: at.ec2.modify_vpc_attribute(VpcId=vpc(at), EnableDnsHostnames={"Value": False}),
    ),
)


@pytest.mark.parametrize(("cluster", "act"), [row[1:] for row in HARMLESS], ids=[row[0] for row in HARMLESS])
def test_what_capa_leaves_to_others_is_silent(aws_endpoint: AwsEndpoint, cluster: str, act: Act) -> None:
    built = world(aws_endpoint, CLUSTERS[cluster])
    act(built)

    assert told(built.facts()) == ""
    assert built.correlation().leftovers == ()


def test_after_capa_has_adopted_it_a_public_subnet_is_still_told(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, PLAIN)
    private = subnet("private")(built)
    replace_route("private", lambda at: {"GatewayId": gateway(at)})(built)
    built.ec2.create_tags(
        Resources=[private], Tags=[{"Key": ROLE, "Value": "public"}, {"Key": "kubernetes.io/role/elb", "Value": "1"}]
    )
    built.ec2.create_tags(
        Resources=[table("private")(built)], Tags=[{"Key": "Name", "Value": "c1-rt-public-eu-west-1a"}]
    )
    infra = built.named("AWSCluster", "c1")
    subnets: Any = infra.at("spec", "network", "subnets")
    adopted = [{**each, "isPublic": True} for each in subnets]
    network = {**infra.spec["network"], "subnets": adopted}  # type: ignore[dict-item]

    (fact,) = built.facts(replaced(built.objects, changed(infra, spec={"network": network})))

    assert (fact.row.id, fact.link.resource.id) == ("aws.subnet.public-adopted", private)
    assert (fact.capi, fact.cloud) == (Present("private"), Present("public"))


def test_a_vpc_that_lost_its_tag_is_told_after_capa_has_copied_the_tags(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, PLAIN)
    untag(vpc, f"{TAG}c1")(built)
    infra = built.named("AWSCluster", "c1")
    network: Any = infra.spec["network"]
    copied = {**network, "vpc": {**network["vpc"], "tags": {"Name": "c1-vpc", ROLE: "common"}}}

    (fact,) = built.facts(replaced(built.objects, changed(infra, spec={"network": copied})))

    assert (fact.row.id, fact.cloud) == ("aws.vpc.tag.owned", ABSENT)


def test_in_a_vpc_that_lost_its_tag_nothing_is_put_back(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, PLAIN)
    untag(vpc, f"{TAG}c1")(built)
    replace_route("private", other_nat)(built)

    facts = {fact.row.id: fact for fact in built.facts()}

    assert set(facts) == {"aws.vpc.tag.owned", "aws.route-table.route-gateway"}
    reaction = facts["aws.route-table.route-gateway"].row.reaction
    assert reaction.kind is IGNORED
    assert "lost the cluster's tag" in reaction.detail


def test_a_paused_cluster_puts_nothing_back(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, PLAIN)
    untag(subnet("private"), ROLE)(built)
    paused = changed(built.named("Cluster", "c1"), spec={"paused": True})

    (fact,) = built.facts(replaced(built.objects, paused))

    assert fact.row.reaction.kind is IGNORED
    assert "paused" in fact.row.reaction.detail


def test_a_declared_subnet_that_was_never_made_is_told(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, PLAIN)
    infra = built.named("AWSCluster", "c1")
    network: Any = infra.spec["network"]
    further = {"id": "extra", "cidrBlock": "10.0.40.0/22", "availabilityZone": "eu-west-1b", "isPublic": False}
    declared = changed(infra, spec={"network": {**network, "subnets": [*network["subnets"], further]}})

    (fact,) = built.facts(replaced(built.objects, declared))
    built.ec2.create_subnet(VpcId=vpc(built), CidrBlock="10.0.40.0/22")

    assert (fact.row.id, fact.path) == ("aws.vpc.subnet-unbuilt", "spec.network.subnets[extra]")
    assert fact.row.reaction.kind is REVERTED
    assert built.facts(replaced(built.objects, declared)) == ()


def test_a_zone_whose_nat_gateway_capa_cannot_make_is_told(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, PLAIN)
    built.ec2.delete_nat_gateway(NatGatewayId=nat(built))
    infra = built.named("AWSCluster", "c1")
    network: Any = infra.spec["network"]
    emptied = [{key: value for key, value in each.items() if key != "natGatewayId"} for each in network["subnets"]]

    facts = built.facts(replaced(built.objects, changed(infra, spec={"network": {**network, "subnets": emptied}})))

    assert [(fact.row.id, fact.link.resource.id) for fact in facts] == [
        ("aws.subnet.nat-gateway", subnet("public")(built))
    ], told(facts)


def test_a_subnet_that_runs_full_is_a_hazard_before_it_is_full(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, PLAIN)
    small = built.ec2.create_subnet(VpcId=vpc(built), CidrBlock="10.0.63.0/26", AvailabilityZone="eu-west-1a")
    made = small["Subnet"]["SubnetId"]
    built.ec2.create_tags(Resources=[made], Tags=_subnet_tags())
    infra = built.named("AWSCluster", "c1")
    network: Any = infra.spec["network"]
    entry = {"id": made, "cidrBlock": "10.0.63.0/26", "availabilityZone": "eu-west-1a", "isPublic": False}
    objects = replaced(
        built.objects, changed(infra, spec={"network": {**network, "subnets": [*network["subnets"], entry]}})
    )
    table_id = built.ec2.describe_route_tables(RouteTableIds=[table("private")(built)])["RouteTables"][0]
    built.ec2.associate_route_table(RouteTableId=table_id["RouteTableId"], SubnetId=made)

    assert told(built.facts(objects)) == ""
    for _ in range(46):
        built.ec2.create_network_interface(SubnetId=made)
    (fact,) = built.facts(objects)

    assert (fact.row.id, fact.row.finding) == ("aws.subnet.free-addresses", FindingKind.HEALTH)
    assert (fact.capi, fact.cloud) == (Present("at least 14"), Present(13))


def _subnet_tags() -> list[dict[str, str]]:
    tags = {
        TAG + "c1": "owned",
        CCM + "c1": "owned",
        ROLE: "private",
        "kubernetes.io/role/internal-elb": "1",
        "Name": "c1-subnet-private-eu-west-1a",
        "team": "payments",
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]
