"""The network that CAPA makes for a cluster, or that somebody made before: real boto3 calls against moto's server.

Written down a second time from CAPA v2.13.0 pkg/cloud/services/network, and not taken from the provider that the
tests are about: a VPC with DNS switched on, a public and a private subnet for each zone, each with a route table of
its own, an internet gateway, and a NAT gateway with an address in every public subnet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TAG = "sigs.k8s.io/cluster-api-provider-aws/cluster/"
CCM = "kubernetes.io/cluster/"
ROLE = "sigs.k8s.io/cluster-api-provider-aws/role"
BALANCER = {"public": "kubernetes.io/role/elb", "private": "kubernetes.io/role/internal-elb"}

VPC_CIDR = "10.0.0.0/16"
_BLOCKS = {
    "public": ("10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"),
    "private": ("10.0.64.0/18", "10.0.128.0/18", "10.0.192.0/18"),
}
_ANY4, _ANY6 = "0.0.0.0/0", "::/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """What the network is to be."""

    cluster: str
    region: str
    spec: Mapping[str, Any]
    """`AWSCluster.spec` as declared."""
    zones: int = 1
    brought: bool = False
    """True: it was there before, and CAPA only uses it."""
    cloud_name: str = ""
    """The name in the cloud provider's tags, where EKS gives the cluster another one; empty: the same."""

    @property
    def owner(self) -> str:
        return CCM + (self.cloud_name or self.cluster)

    @property
    def vpc(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.spec.get("network", {}).get("vpc", {})
        return found

    @property
    def ipv6(self) -> bool:
        return self.vpc.get("ipv6") is not None

    @property
    def zone_names(self) -> Sequence[str]:
        return [f"{self.region}{letter}" for letter in "abc"[: self.zones]]

    def tags(self, name: str, role: str, **further: str) -> dict[str, str]:
        """Those of api/v1beta2/tags.go, Build."""
        own = {TAG + self.cluster: "owned", ROLE: role}
        return {**({"Name": name} if name else {}), **self.spec.get("additionalTags", {}), **further, **own}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetState:
    """One subnet with what hangs on it."""

    name: str
    id: str
    role: str
    zone: str
    cidr: str
    cidr6: str
    route_table: str
    nat_gateway: str = ""

    def spec(self, *, brought: bool) -> dict[str, Any]:
        """The entry of `spec.network.subnets` after a reconcile."""
        named: dict[str, Any] = {"id": self.id} if brought else {"id": self.name, "tags": {"Name": self.name}}
        return {
            **named,
            "resourceID": self.id,
            "cidrBlock": self.cidr,
            "availabilityZone": self.zone,
            "zoneType": "availability-zone",
            "isPublic": self.role == "public",
            "routeTableId": self.route_table,
            **({"isIpv6": True, "ipv6CidrBlock": self.cidr6} if self.cidr6 else {}),
            **({"natGatewayId": self.nat_gateway} if self.nat_gateway else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkState:
    """What AWS has of the network."""

    vpc: str
    vpc_tags: Mapping[str, str]
    ipv6_cidr: str
    internet_gateway: str
    egress_gateway: str
    subnets: tuple[SubnetState, ...]
    addresses: tuple[str, ...]
    """The public ones of the NAT gateways, in the order of the zones."""
    allocations: tuple[str, ...]
    endpoint: str
    brought: bool

    def subnet(self, role: str, zone: int = 0) -> SubnetState:
        return [subnet for subnet in self.subnets if subnet.role == role][zone]

    @property
    def nat_gateways(self) -> list[str]:
        return [subnet.nat_gateway for subnet in self.subnets if subnet.nat_gateway]

    def vpc_spec(self, declared: Mapping[str, Any]) -> dict[str, Any]:
        """`spec.network.vpc` after a reconcile."""
        ipv6 = {"cidrBlock": self.ipv6_cidr, "poolId": "Amazon"}
        egress = {"egressOnlyInternetGatewayId": self.egress_gateway} if self.egress_gateway else {}
        return {
            "cidrBlock": VPC_CIDR,
            "availabilityZoneSelection": "Ordered",
            "availabilityZoneUsageLimit": 3,
            **declared,
            "id": self.vpc,
            **({"tags": dict(self.vpc_tags)} if self.vpc_tags else {}),
            **({} if self.brought else {"internetGatewayId": self.internet_gateway}),
            **({"ipv6": {**ipv6, **egress}} if self.ipv6_cidr else {}),
        }

    def subnet_specs(self) -> list[dict[str, Any]]:
        return [subnet.spec(brought=self.brought) for subnet in self.subnets]


def build_network(ec2: Any, plan: NetworkPlan) -> NetworkState:
    """Makes everything that CAPA would have made, in its order, and says what it is called."""
    vpc = ec2.create_vpc(CidrBlock=VPC_CIDR, AmazonProvidedIpv6CidrBlock=plan.ipv6)["Vpc"]["VpcId"]
    vpc_tags = {} if plan.brought else plan.tags(f"{plan.cluster}-vpc", "common")
    _tag(ec2, vpc, vpc_tags)
    if not plan.brought:
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    for block in plan.vpc.get("secondaryCidrBlocks", ()):
        ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=block["ipv4CidrBlock"])
    _default_group(ec2, vpc, empty=plan.vpc.get("emptyRoutesDefaultVPCSecurityGroup") is True)
    described = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
    ipv6 = next((each["Ipv6CidrBlock"] for each in described.get("Ipv6CidrBlockAssociationSet", ())), "")
    gateway = _gateway(ec2, plan, vpc)
    egress = _egress_gateway(ec2, plan, vpc) if plan.ipv6 else ""
    made = [
        (role, number, _subnet(ec2, plan, vpc, role, number, ipv6))
        for number in range(plan.zones)
        for role in ("public", "private")
    ]
    subnets: list[SubnetState] = []
    addresses: list[str] = []
    allocations: list[str] = []
    nats: dict[int, str] = {}
    for role, number, subnet in made:
        if role == "public":
            nats[number], address, allocation = _nat(ec2, plan, subnet)
            addresses.append(address)
            allocations.append(allocation)
    for role, number, subnet in made:
        target = {"GatewayId": gateway} if role == "public" else {"NatGatewayId": nats[number]}
        further = target if role == "public" else {"EgressOnlyInternetGatewayId": egress}
        table = _table(ec2, plan, vpc, role, plan.zone_names[number], subnet, target, further if plan.ipv6 else {})
        subnets.append(
            SubnetState(
                name=f"{plan.cluster}-subnet-{role}-{plan.zone_names[number]}",
                id=subnet,
                role=role,
                zone=plan.zone_names[number],
                cidr=_BLOCKS[role][number],
                cidr6=_block6(ipv6, role, number),
                route_table=table,
                nat_gateway=nats[number] if role == "public" else "",
            )
        )
    tables = [subnet.route_table for subnet in subnets]
    return NetworkState(
        vpc=vpc,
        vpc_tags=vpc_tags,
        ipv6_cidr=ipv6,
        internet_gateway=gateway,
        egress_gateway=egress,
        subnets=tuple(subnets),
        addresses=tuple(addresses),
        allocations=tuple(allocations),
        endpoint=_endpoint(ec2, plan, vpc, tables) if "s3Bucket" in plan.spec and not plan.brought else "",
        brought=plan.brought,
    )


def _default_group(ec2: Any, vpc: str, *, empty: bool) -> None:
    """The rules of a default group as AWS makes them: moto leaves out the one from the group itself."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    if empty:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
        return
    pair = {"GroupId": group["GroupId"]}
    everything = {"IpProtocol": "-1", "UserIdGroupPairs": [pair]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[everything])


def _gateway(ec2: Any, plan: NetworkPlan, vpc: str) -> str:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    if not plan.brought:
        _tag(ec2, gateway, plan.tags(f"{plan.cluster}-igw", "common"))
    return str(gateway)


def _egress_gateway(ec2: Any, plan: NetworkPlan, vpc: str) -> str:
    made = ec2.create_egress_only_internet_gateway(VpcId=vpc)
    gateway = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    if not plan.brought:
        _tag(ec2, gateway, plan.tags(f"{plan.cluster}-eigw", "common"))
    return str(gateway)


def _subnet(ec2: Any, plan: NetworkPlan, vpc: str, role: str, number: int, ipv6: str) -> str:
    zone = plan.zone_names[number]
    blocks = {"CidrBlock": _BLOCKS[role][number], **({"Ipv6CidrBlock": _block6(ipv6, role, number)} if ipv6 else {})}
    made = ec2.create_subnet(VpcId=vpc, AvailabilityZone=zone, **blocks)["Subnet"]["SubnetId"]
    discovery = {BALANCER[role]: "1", plan.owner: "shared" if plan.brought else "owned"}
    if plan.brought:
        _tag(ec2, made, {**plan.spec.get("additionalTags", {}), **discovery})
    else:
        name = f"{plan.cluster}-subnet-{role}-{zone}"
        _tag(ec2, made, {**plan.tags(name, role, **discovery), "Name": name})
    if role == "public":
        ec2.modify_subnet_attribute(SubnetId=made, MapPublicIpOnLaunch={"Value": True})
    if ipv6:
        ec2.modify_subnet_attribute(SubnetId=made, AssignIpv6AddressOnCreation={"Value": True})
    return str(made)


def _block6(ipv6: str, role: str, number: int) -> str:
    """A /64 of the VPC's /56 whose last byte tells the subnet."""
    if not ipv6:
        return ""
    start = ipv6.partition("::/")[0]
    return f"{start[:-2]}{2 * number + (role == 'private'):02x}::/64"


def _nat(ec2: Any, plan: NetworkPlan, subnet: str) -> tuple[str, str, str]:
    """(id, public address, its allocation). CAPA writes its tags on NAT gateways that were there before, too."""
    address = ec2.allocate_address(Domain="vpc")
    if not plan.brought:
        _tag(ec2, address["AllocationId"], plan.tags(f"{plan.cluster}-eip-common", "common"))
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"])["NatGateway"]["NatGatewayId"]
    _tag(ec2, made, plan.tags(f"{plan.cluster}-nat", "common"))
    return str(made), str(address["PublicIp"]), str(address["AllocationId"])


def _table(
    ec2: Any,
    plan: NetworkPlan,
    vpc: str,
    role: str,
    zone: str,
    subnet: str,
    target: Mapping[str, str],
    target6: Mapping[str, str],
) -> str:
    made = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    if not plan.brought:
        _tag(ec2, made, plan.tags(f"{plan.cluster}-rt-{role}-{zone}", "common", **{plan.owner: "owned"}))
    ec2.create_route(RouteTableId=made, DestinationCidrBlock=_ANY4, **target)
    if target6:
        ec2.create_route(RouteTableId=made, DestinationIpv6CidrBlock=_ANY6, **target6)
    ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
    return str(made)


def _endpoint(ec2: Any, plan: NetworkPlan, vpc: str, tables: Sequence[str]) -> str:
    service = f"com.amazonaws.{plan.region}.s3"
    made = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=service, RouteTableIds=list(tables), VpcEndpointType="Gateway"
    )["VpcEndpoint"]
    _tag(ec2, made["VpcEndpointId"], plan.tags("", "common"))
    return str(made["VpcEndpointId"])


def _tag(ec2: Any, resource: str, tags: Mapping[str, str]) -> None:
    if tags:
        pairs = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        ec2.create_tags(Resources=[resource], Tags=pairs)
