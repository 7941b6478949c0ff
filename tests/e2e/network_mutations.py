"""Single changes of a cluster's network in AWS, and the one cause that each must surface as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drift_audit.model.findings import Severity, Verdict
from tests.e2e.mutations import CLOUD, NAME, WORKLOAD, Mutation, ec2
from tests.rig.aws_network import NetworkState
from tests.rig.aws_state import CCM, ROLE, TAG
from tests.rig.fleet import Fleet, Workload

RICH = Workload(
    name=NAME,
    infra={
        "s3Bucket": {"name": "bootstrap-of-prod-1"},
        "network": {
            "vpc": {
                "ipv6": {},
                "secondaryCidrBlocks": [{"ipv4CidrBlock": "100.64.0.0/16"}],
                "emptyRoutesDefaultVPCSecurityGroup": True,
            }
        },
    },
)

Target = Callable[[Fleet], str]
Act = Callable[[Fleet], Any]


def net(fleet: Fleet) -> NetworkState:
    found = fleet.states[NAME].network
    assert found is not None
    return found


def vpc(fleet: Fleet) -> str:
    return net(fleet).vpc


def subnet(role: str) -> Target:
    return lambda fleet: net(fleet).subnet(role).id


def table(role: str) -> Target:
    return lambda fleet: net(fleet).subnet(role).route_table


def gateway(fleet: Fleet) -> str:
    return net(fleet).internet_gateway


def nat(fleet: Fleet) -> str:
    return net(fleet).nat_gateways[0]


def tagged(target: Target, key: str, value: str) -> Act:
    return lambda fleet: ec2(fleet).create_tags(Resources=[target(fleet)], Tags=[{"Key": key, "Value": value}])


def untagged(target: Target, key: str) -> Act:
    return lambda fleet: ec2(fleet).delete_tags(Resources=[target(fleet)], Tags=[{"Key": key}])


def dns(**attribute: Any) -> Act:
    return lambda fleet: ec2(fleet).modify_vpc_attribute(VpcId=vpc(fleet), **attribute)


def routed(role: str, target: Callable[[Fleet], dict[str, str]]) -> Act:
    """The default route of a subnet turned elsewhere."""
    return lambda fleet: ec2(fleet).replace_route(
        RouteTableId=table(role)(fleet), DestinationCidrBlock="0.0.0.0/0", **target(fleet)
    )


def unrouted(role: str) -> Act:
    return lambda fleet: ec2(fleet).delete_route(RouteTableId=table(role)(fleet), DestinationCidrBlock="0.0.0.0/0")


def appliance(fleet: Fleet) -> dict[str, str]:
    made = ec2(fleet).create_network_interface(SubnetId=subnet("public")(fleet))
    return {"NetworkInterfaceId": made["NetworkInterface"]["NetworkInterfaceId"]}


def foreign_nat(fleet: Fleet) -> dict[str, str]:
    """A NAT gateway that somebody made in a subnet of his own."""
    made = ec2(fleet).create_subnet(VpcId=vpc(fleet), CidrBlock="10.0.48.0/24")["Subnet"]["SubnetId"]
    address = ec2(fleet).allocate_address(Domain="vpc")["AllocationId"]
    found = ec2(fleet).create_nat_gateway(SubnetId=made, AllocationId=address)["NatGateway"]
    return {"NatGatewayId": found["NatGatewayId"]}


def disassociated(fleet: Fleet) -> None:
    found = ec2(fleet).describe_route_tables(RouteTableIds=[table("private")(fleet)])["RouteTables"][0]
    ec2(fleet).disassociate_route_table(AssociationId=found["Associations"][0]["RouteTableAssociationId"])


def moved(fleet: Fleet) -> None:
    """To a table made by hand."""
    disassociated(fleet)
    made = ec2(fleet).create_route_table(VpcId=vpc(fleet))["RouteTable"]["RouteTableId"]
    ec2(fleet).associate_route_table(RouteTableId=made, SubnetId=subnet("private")(fleet))


def detached(fleet: Fleet) -> None:
    ec2(fleet).detach_internet_gateway(InternetGatewayId=gateway(fleet), VpcId=vpc(fleet))


def deleted_gateway(fleet: Fleet) -> None:
    detached(fleet)
    ec2(fleet).delete_internet_gateway(InternetGatewayId=gateway(fleet))


def set_subnet(role: str, **attribute: Any) -> Act:
    return lambda fleet: ec2(fleet).modify_subnet_attribute(SubnetId=subnet(role)(fleet), **attribute)


def dropped_block(fleet: Fleet) -> None:
    blocks = ec2(fleet).describe_vpcs(VpcIds=[vpc(fleet)])["Vpcs"][0]["CidrBlockAssociationSet"]
    found = next(each["AssociationId"] for each in blocks if each["CidrBlock"] == "100.64.0.0/16")
    ec2(fleet).disassociate_vpc_cidr_block(AssociationId=found)


def dropped_ipv6(fleet: Fleet) -> None:
    found = ec2(fleet).describe_vpcs(VpcIds=[vpc(fleet)])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
    ec2(fleet).disassociate_vpc_cidr_block(AssociationId=found["AssociationId"])


def opened_default_group(fleet: Fleet) -> None:
    filters = [{"Name": "vpc-id", "Values": [vpc(fleet)]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2(fleet).describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2(fleet).authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def claims(*, role: str = "common") -> list[dict[str, str]]:
    return [{"Key": f"{TAG}{NAME}", "Value": "owned"}, {"Key": ROLE, "Value": role}]


def left(kind: str, make: Callable[[Fleet], str]) -> Mutation:
    """A part of a network that says it is the cluster's and that no object names."""
    return Mutation(
        name=f"{kind} that no object names",
        act=lambda fleet: ec2(fleet).create_tags(Resources=[make(fleet)], Tags=claims()),
        verdict=Verdict.ORPHAN,
    )


def edit(
    name: str, act: Act, *, says: str = "reverts within 10 min", workload: Workload = WORKLOAD, **more: Any
) -> Mutation:
    return Mutation(name=name, act=act, verdict=CLOUD, kind="AWSCluster", says=says, workload=workload, **more)


NEVER = "nothing will repair this"

NETWORK_EDITS = (
    edit(
        "VPC lost the tag of its cluster",
        untagged(vpc, f"{TAG}{NAME}"),
        says=NEVER,
        severity=Severity.CRITICAL,
        path="tags[cluster]",
    ),
    edit("VPC renamed", tagged(vpc, "Name", "do-not-touch"), path="tags[Name]"),
    edit(
        "declared tag of the VPC edited",
        tagged(vpc, "cost-centre", "7"),
        path="spec.additionalTags.cost-centre",
        line="cost-centre",
    ),
    edit("DNS host names switched off", dns(EnableDnsHostnames={"Value": False}), severity=Severity.HIGH),
    edit("DNS support switched off", dns(EnableDnsSupport={"Value": False}), severity=Severity.HIGH),
    edit("secondary block disassociated", dropped_block, workload=RICH, path="secondaryCidrBlocks[100.64.0.0/16]"),
    edit("IPv6 block disassociated", dropped_ipv6, workload=RICH, says="copies the cloud's value"),
    edit("default group opened", opened_default_group, workload=RICH, says=NEVER),
    edit(
        "endpoint of the bucket deleted",
        lambda fleet: ec2(fleet).delete_vpc_endpoints(VpcEndpointIds=[net(fleet).endpoint]),
        workload=RICH,
        path="endpoints[s3]",
    ),
    edit(
        "endpoint of the bucket taken from a route table",
        lambda fleet: ec2(fleet).modify_vpc_endpoint(
            VpcEndpointId=net(fleet).endpoint, RemoveRouteTableIds=[table("private")(fleet)]
        ),
        workload=RICH,
    ),
    edit("internet gateway detached", detached, severity=Severity.CRITICAL, path="attachment"),
    edit("internet gateway lost the tag of its cluster", untagged(gateway, f"{TAG}{NAME}")),
    edit(
        "egress-only gateway lost the tag of its cluster",
        untagged(lambda fleet: net(fleet).egress_gateway, f"{TAG}{NAME}"),
        workload=RICH,
        says=NEVER,
    ),
    edit("NAT gateway renamed", tagged(nat, "Name", "x")),
    edit(
        "private subnet routed to the internet",
        routed("private", lambda fleet: {"GatewayId": gateway(fleet)}),
        says="copies the cloud's value",
        severity=Severity.CRITICAL,
        path="spec.network.subnets[].isPublic",
    ),
    edit(
        "private subnet given the role of a public one",
        tagged(subnet("private"), ROLE, "public"),
        says="copies the cloud's value",
        severity=Severity.CRITICAL,
    ),
    edit(
        "public addresses switched on in a private subnet",
        set_subnet("private", MapPublicIpOnLaunch={"Value": True}),
        says=NEVER,
        severity=Severity.HIGH,
    ),
    edit(
        "public addresses switched off in a public subnet",
        set_subnet("public", MapPublicIpOnLaunch={"Value": False}),
        says=NEVER,
        severity=Severity.MEDIUM,
    ),
    edit(
        "IPv6 addresses switched off in a subnet",
        set_subnet("private", AssignIpv6AddressOnCreation={"Value": False}),
        workload=RICH,
        says=NEVER,
    ),
    edit("subnet lost the tag of its cluster", untagged(subnet("private"), f"{TAG}{NAME}"), severity=Severity.HIGH),
    edit("subnet lost the tag of the cloud provider", untagged(subnet("public"), f"{CCM}{NAME}")),
    edit("subnet lost the tag of load balancers", untagged(subnet("public"), "kubernetes.io/role/elb")),
    edit("subnet renamed", tagged(subnet("private"), "Name", "x")),
    edit("subnet without a route table of its own", disassociated, severity=Severity.HIGH, path="routeTable"),
    edit("subnet with a foreign route table", moved, says="breaks reconciliation", path="routeTable"),
    edit(
        "default route of the private subnet deleted",
        unrouted("private"),
        says=NEVER,
        severity=Severity.CRITICAL,
        path="routes[0.0.0.0/0]",
    ),
    edit("default route of the public subnet deleted", unrouted("public"), says=NEVER, severity=Severity.CRITICAL),
    edit("default route turned to an appliance", routed("private", appliance), says=NEVER, severity=Severity.CRITICAL),
    edit("default route turned to another NAT gateway", routed("private", foreign_nat), severity=Severity.CRITICAL),
    edit("route table lost the tag of its cluster", untagged(table("private"), f"{TAG}{NAME}"), says="breaks"),
    edit("route table lost its role", untagged(table("public"), ROLE)),
    Mutation(
        name="NAT gateway deleted",
        act=lambda fleet: ec2(fleet).delete_nat_gateway(NatGatewayId=nat(fleet)),
        verdict=Verdict.MISSING,
        kind="AWSCluster",
        path="spec.network.subnets[].natGatewayId",
        says="makes a new NAT gateway",
    ),
    Mutation(
        name="internet gateway deleted",
        act=deleted_gateway,
        verdict=Verdict.MISSING,
        kind="AWSCluster",
        path="spec.network.vpc.internetGatewayId",
        severity=Severity.CRITICAL,
    ),
    left("address", lambda fleet: str(ec2(fleet).allocate_address(Domain="vpc")["AllocationId"])),
    left(
        "subnet",
        lambda fleet: str(ec2(fleet).create_subnet(VpcId=vpc(fleet), CidrBlock="10.0.50.0/24")["Subnet"]["SubnetId"]),
    ),
    left(
        "route table",
        lambda fleet: str(ec2(fleet).create_route_table(VpcId=vpc(fleet))["RouteTable"]["RouteTableId"]),
    ),
    left(
        "internet gateway",
        lambda fleet: str(ec2(fleet).create_internet_gateway()["InternetGateway"]["InternetGatewayId"]),
    ),
    left("NAT gateway", lambda fleet: foreign_nat(fleet)["NatGatewayId"]),
)
