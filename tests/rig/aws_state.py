"""AWS as CAPA would have made it: real boto3 calls over HTTP against moto's server.

    state = build_cluster(aws_endpoint.url, "111122223333", "eu-west-1", AwsClusterSpec(name="c1", machines=(...)))

`build_cluster` makes the VPC, its subnets, a NAT gateway, the security groups with their rules and tags, and one
instance per machine. `cluster_spec`, `cluster_status` and `machine_spec` then give what the controller would write
into the AWSCluster and the AWSMachines.

The rules and tags are written down here a second time, from CAPA v2.13.0 (pkg/cloud/services/securitygroup,
pkg/cloud/services/ec2, api/v1beta2/tags.go), and not taken from the provider that the tests are about.
moto keeps the accounts apart by the role that a caller assumed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from botocore.exceptions import ClientError

TAG = "sigs.k8s.io/cluster-api-provider-aws/cluster/"
CCM = "kubernetes.io/cluster/"
ROLE = "sigs.k8s.io/cluster-api-provider-aws/role"
AMI = "ami-0123456789abcdef0"

VPC_CIDR = "10.0.0.0/16"
_SUBNETS = {"public": "10.0.0.0/20", "private": "10.0.64.0/18"}
_ROLES = ("apiserver-lb", "lb", "controlplane", "node")
_DEFAULT_CNI = (
    {"description": "bgp (calico)", "protocol": "tcp", "fromPort": 179, "toPort": 179},
    {"description": "IP-in-IP (calico)", "protocol": "4", "fromPort": -1, "toPort": 65535},
)
_METADATA = {
    "httpEndpoint": "enabled",
    "httpProtocolIpv6": "disabled",
    "httpPutResponseHopLimit": 1,
    "httpTokens": "optional",
    "instanceMetadataTags": "disabled",
}
_METADATA_KEYS = {
    "httpEndpoint": "HttpEndpoint",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpTokens": "HttpTokens",
    "instanceMetadataTags": "InstanceMetadataTags",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSpec:
    """One AWSMachine with the Machine that owns it."""

    name: str
    """Of the AWSMachine."""
    spec: Mapping[str, Any] = field(default_factory=lambda: {"instanceType": "m5.large"})
    """`AWSMachine.spec` as the template gave it."""
    role: str = "node"
    """`node` or `control-plane`."""
    machine: str = ""
    """Name of the Machine; empty: the same."""

    @property
    def machine_name(self) -> str:
        return self.machine or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsClusterSpec:
    """One Cluster with its AWSCluster and machines, as they were declared."""

    name: str
    namespace: str = "default"
    spec: Mapping[str, Any] = field(default_factory=dict)
    """`AWSCluster.spec` as declared; `region` may be left out."""
    machines: Sequence[MachineSpec] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsClusterState:
    """What AWS has of the cluster."""

    account: str
    region: str
    vpc_id: str
    subnet_ids: Mapping[str, str]
    """By `public` and `private`."""
    security_groups: Mapping[str, str]
    """Group id by role."""
    instances: Mapping[str, str]
    """Instance id by name of the AWSMachine."""
    zone: str
    nat_address: str

    def cluster_spec(self, cluster: AwsClusterSpec) -> dict[str, Any]:
        """`AWSCluster.spec` with what webhook and controller fill in."""
        declared = dict(cluster.spec)
        network = dict(declared.get("network", {}))
        vpc = {
            "cidrBlock": VPC_CIDR,
            "availabilityZoneSelection": "Ordered",
            "availabilityZoneUsageLimit": 3,
            **network.get("vpc", {}),
            "id": self.vpc_id,
            "tags": {TAG + cluster.name: "owned", ROLE: "common", "Name": f"{cluster.name}-vpc"},
        }
        subnets = [
            {
                "id": f"{cluster.name}-subnet-{role}-{self.zone}",
                "resourceID": subnet,
                "cidrBlock": _SUBNETS[role],
                "availabilityZone": self.zone,
                "isPublic": role == "public",
            }
            for role, subnet in self.subnet_ids.items()
        ]
        return {
            "region": self.region,
            "identityRef": {"kind": "AWSClusterControllerIdentity", "name": "default"},
            "controlPlaneLoadBalancer": {"loadBalancerType": "classic", "scheme": "internet-facing"},
            "bastion": {"enabled": False, "allowedCIDRBlocks": ["0.0.0.0/0", "::/0"]},
            "controlPlaneEndpoint": {"host": f"{cluster.name}.elb.{self.region}.amazonaws.com", "port": 6443},
            **declared,
            "network": {
                "cni": {"cniIngressRules": [dict(rule) for rule in _DEFAULT_CNI]},
                **network,
                "vpc": vpc,
                "subnets": subnets,
            },
        }

    def cluster_status(self, cluster: AwsClusterSpec) -> dict[str, Any]:
        """`AWSCluster.status` of a cluster that is ready."""
        groups = {role: {"id": group, "name": f"{cluster.name}-{role}"} for role, group in self.security_groups.items()}
        return {
            "ready": True,
            "networkStatus": {"securityGroups": groups, "natGatewaysIPs": [self.nat_address]},
            "failureDomains": {self.zone: {"controlPlane": True}},
        }

    def machine_spec(self, machine: MachineSpec) -> dict[str, Any]:
        """`AWSMachine.spec` with what webhook and controller fill in."""
        instance = self.instances[machine.name]
        return {
            **machine.spec,
            "instanceMetadataOptions": {**_METADATA, **machine.spec.get("instanceMetadataOptions", {})},
            "instanceID": instance,
            "providerID": f"aws:///{self.zone}/{instance}",
        }

    def machine_status(self) -> dict[str, Any]:
        """`AWSMachine.status` of a machine that is ready."""
        return {"ready": True, "instanceState": "running"}


def aws_client(service: str, endpoint: str, account: str, region: str) -> Any:
    """A client that acts in that account as a person with all rights would."""
    session = _session()
    sts = session.client("sts", endpoint_url=endpoint, region_name=region)
    role = f"arn:aws:iam::{account}:role/rig"
    credentials = sts.assume_role(RoleArn=role, RoleSessionName="rig")["Credentials"]
    sts.close()
    return session.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


@functools.cache
def _session() -> Any:
    """One for all clients: a new session reads the service models again."""
    return boto3.Session(aws_access_key_id="rig", aws_secret_access_key="rig")


def build_cluster(endpoint: str, account: str, region: str, cluster: AwsClusterSpec) -> AwsClusterState:
    """Makes everything that CAPA would have made for the cluster, and says what it is called."""
    ec2 = aws_client("ec2", endpoint, account, region)
    zone = f"{region}a"
    vpc = ec2.create_vpc(CidrBlock=VPC_CIDR)["Vpc"]["VpcId"]
    _tag(ec2, [vpc], _tags(cluster, f"{cluster.name}-vpc", "common"))
    subnets = {role: _subnet(ec2, cluster, vpc, zone, role) for role in _SUBNETS}
    address = _nat(ec2, cluster, subnets["public"])
    groups = _groups(ec2, cluster, vpc, address)
    state = AwsClusterState(
        account=account,
        region=region,
        vpc_id=vpc,
        subnet_ids=subnets,
        security_groups=groups,
        instances={},
        zone=zone,
        nat_address=address,
    )
    iam = aws_client("iam", endpoint, account, region)
    instances = {machine.name: run_machine(ec2, iam, cluster, machine, state) for machine in cluster.machines}
    ec2.close()
    iam.close()
    return replace(state, instances=instances)


def run_machine(ec2: Any, iam: Any, cluster: AwsClusterSpec, machine: MachineSpec, state: AwsClusterState) -> str:
    """The id of the instance made for one machine (pkg/cloud/services/ec2/instances.go, CreateInstance)."""
    spec = machine.spec
    tags = instance_tags(cluster, machine)
    public = spec.get("publicIP") is True
    chosen = spec.get("subnet", {}).get("id")
    request: dict[str, Any] = {
        "ImageId": spec.get("ami", {}).get("id", AMI),
        "InstanceType": spec["instanceType"],
        "MinCount": 1,
        "MaxCount": 1,
        "NetworkInterfaces": [
            {
                "DeviceIndex": 0,
                "SubnetId": chosen or state.subnet_ids["public" if public else "private"],
                "Groups": machine_groups(machine, state),
                "AssociatePublicIpAddress": public,
            }
        ],
        "MetadataOptions": {
            _METADATA_KEYS[key]: value
            for key, value in {**_METADATA, **spec.get("instanceMetadataOptions", {})}.items()
        },
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    }
    key = _key_name(cluster, machine)
    if key:
        _existing(ec2.create_key_pair, KeyName=key)
        request["KeyName"] = key
    if spec.get("iamInstanceProfile"):
        _existing(iam.create_instance_profile, InstanceProfileName=spec["iamInstanceProfile"])
        request["IamInstanceProfile"] = {"Name": spec["iamInstanceProfile"]}
    if spec.get("spotMarketOptions") is not None or spec.get("marketType") == "Spot":
        request["InstanceMarketOptions"] = {"MarketType": "spot"}
    instance = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    described = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    interfaces = [interface["NetworkInterfaceId"] for interface in described["NetworkInterfaces"]]
    _tag(ec2, interfaces, tags)
    return str(instance)


def machine_groups(machine: MachineSpec, state: AwsClusterState) -> list[str]:
    """Ids of the groups that CAPA puts on the machine's interface."""
    roles = ("node", "lb", "controlplane") if machine.role == "control-plane" else ("node", "lb")
    overrides = machine.spec.get("securityGroupOverrides", {})
    core = [overrides.get(role) or state.security_groups[role] for role in roles]
    additional = [entry["id"] for entry in machine.spec.get("additionalSecurityGroups", ()) if "id" in entry]
    return sorted({*core, *additional})


def instance_tags(cluster: AwsClusterSpec, machine: MachineSpec) -> list[dict[str, str]]:
    """The tags of an instance, its volumes and its interface."""
    tags = {
        "Name": machine.name,
        **cluster.spec.get("additionalTags", {}),
        **machine.spec.get("additionalTags", {}),
        CCM + cluster.name: "owned",
        "MachineName": f"{cluster.namespace}/{machine.machine_name}",
        TAG + cluster.name: "owned",
        ROLE: machine.role,
    }
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _key_name(cluster: AwsClusterSpec, machine: MachineSpec) -> str:
    for spec in (machine.spec, cluster.spec):
        if spec.get("sshKeyName") is not None:
            return str(spec["sshKeyName"])
    return "default"


def _subnet(ec2: Any, cluster: AwsClusterSpec, vpc: str, zone: str, role: str) -> str:
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=_SUBNETS[role], AvailabilityZone=zone)["Subnet"]["SubnetId"]
    tags = _tags(cluster, f"{cluster.name}-subnet-{role}-{zone}", role)
    _tag(ec2, [subnet], [*tags, {"Key": CCM + cluster.name, "Value": "owned"}])
    if role == "public":
        ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    return str(subnet)


def _nat(ec2: Any, cluster: AwsClusterSpec, subnet: str) -> str:
    """The public address of the NAT gateway."""
    address = ec2.allocate_address(Domain="vpc")
    _tag(ec2, [address["AllocationId"]], _tags(cluster, f"{cluster.name}-eip-common", "common"))
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"])["NatGateway"]
    _tag(ec2, [gateway["NatGatewayId"]], _tags(cluster, f"{cluster.name}-nat", "common"))
    return str(address["PublicIp"])


def _groups(ec2: Any, cluster: AwsClusterSpec, vpc: str, nat_address: str) -> dict[str, str]:
    bastion = cluster.spec.get("bastion", {}).get("enabled") is True
    roles = (*_ROLES, "bastion") if bastion else _ROLES
    overrides = cluster.spec.get("network", {}).get("securityGroupOverrides", {})
    groups = {role: overrides.get(role) or _group(ec2, cluster, vpc, role) for role in roles}
    for role in roles:
        permissions = _permissions(cluster, role, groups, nat_address)
        if permissions and role not in overrides:
            ec2.authorize_security_group_ingress(GroupId=groups[role], IpPermissions=permissions)
    return groups


def _group(ec2: Any, cluster: AwsClusterSpec, vpc: str, role: str) -> str:
    name = f"{cluster.name}-{role}"
    tags = _tags(cluster, name, role)
    if role == "lb":
        tags = [*tags, {"Key": CCM + cluster.name, "Value": "owned"}]
    return str(
        ec2.create_security_group(
            VpcId=vpc,
            GroupName=name,
            Description=f"Kubernetes cluster {cluster.name}: {role}",
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )["GroupId"]
    )


def _permissions(
    cluster: AwsClusterSpec, role: str, groups: Mapping[str, str], nat_address: str
) -> list[dict[str, Any]]:
    """The permissions of one group, in the form in which CAPA sends them."""
    network = cluster.spec.get("network", {})
    cni = [
        _from_groups(rule["protocol"], rule["fromPort"], rule["toPort"], rule["description"], groups, members)
        for rule in network.get("cni", {"cniIngressRules": _DEFAULT_CNI}).get("cniIngressRules", ())
        for members in (("controlplane", "node"),)
    ]
    ssh = [_from_groups("tcp", 22, 22, "SSH", groups, ("bastion",))] if "bastion" in groups else []
    balancer = cluster.spec.get("controlPlaneLoadBalancer", {})
    match role:
        case "controlplane":
            return [
                *cni,
                _from_groups("tcp", 6443, 6443, "Kubernetes API", groups, ("apiserver-lb", "controlplane", "node")),
                _from_groups("tcp", 2379, 2379, "etcd", groups, ("controlplane",)),
                _from_groups("tcp", 2380, 2380, "etcd peer", groups, ("controlplane",)),
                *ssh,
                *(_declared(rule, groups) for rule in network.get("additionalControlPlaneIngressRules", ())),
            ]
        case "node":
            blocks = network.get("nodePortIngressRuleCidrBlocks", ["0.0.0.0/0"])
            return [
                *cni,
                _from_cidrs("tcp", 30000, 32767, "Node Port Services", blocks),
                _from_groups("tcp", 10250, 10250, "Kubelet API", groups, ("controlplane", "node")),
                *ssh,
                *(_declared(rule, groups) for rule in network.get("additionalNodeIngressRules", ())),
            ]
        case "apiserver-lb":
            inside = VPC_CIDR if balancer.get("scheme") == "internal" else f"{nat_address}/32"
            custom = [_declared(rule, groups) for rule in balancer.get("ingressRules", ())]
            everywhere = [_from_cidrs("tcp", 6443, 6443, "Kubernetes API", ["0.0.0.0/0"])]
            return [_from_cidrs("tcp", 6443, 6443, "Kubernetes API", [inside]), *(custom or everywhere)]
        case "bastion":
            blocks = cluster.spec["bastion"].get("allowedCIDRBlocks", ["0.0.0.0/0"])
            return [_from_cidrs("tcp", 22, 22, "SSH", [block for block in blocks if ":" not in block])]
        case _:
            nlb = "Allow NLB traffic to the control plane instances."
            return (
                [_from_cidrs("tcp", 6443, 6443, nlb, [VPC_CIDR])] if balancer.get("loadBalancerType") == "nlb" else []
            )


def _declared(rule: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    blocks = rule.get("cidrBlocks", ())
    if blocks:
        return _from_cidrs(rule["protocol"], rule["fromPort"], rule["toPort"], rule["description"], blocks)
    ids = [
        *rule.get("sourceSecurityGroupIds", ()),
        *(groups[role] for role in rule.get("sourceSecurityGroupRoles", ())),
    ]
    permission = _permission(rule["protocol"], rule["fromPort"], rule["toPort"])
    pairs = [{"GroupId": group, "Description": rule["description"]} for group in ids or [groups["controlplane"]]]
    return {**permission, "UserIdGroupPairs": pairs}


def _from_groups(
    protocol: str, start: int, end: int, description: str, groups: Mapping[str, str], members: Sequence[str]
) -> dict[str, Any]:
    pairs = [{"GroupId": groups[member], "Description": description} for member in members]
    return {**_permission(protocol, start, end), "UserIdGroupPairs": pairs}


def _from_cidrs(protocol: str, start: int, end: int, description: str, blocks: Sequence[str]) -> dict[str, Any]:
    ranges = [{"CidrIp": block, "Description": description} for block in blocks]
    return {**_permission(protocol, start, end), "IpRanges": ranges}


def _permission(protocol: str, start: int, end: int) -> dict[str, Any]:
    """With ports also where CAPA sends none: moto fails on a protocol number without them."""
    return {"IpProtocol": protocol, "FromPort": start, "ToPort": end}


def _tags(cluster: AwsClusterSpec, name: str, role: str) -> list[dict[str, str]]:
    tags = {"Name": name, **cluster.spec.get("additionalTags", {}), TAG + cluster.name: "owned", ROLE: role}
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _tag(ec2: Any, resources: Sequence[str], tags: Sequence[Mapping[str, str]]) -> None:
    if resources:
        ec2.create_tags(Resources=list(resources), Tags=list(tags))


def _existing(create: Any, **arguments: str) -> None:
    """Makes something that may be there already."""
    try:
        create(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"EntityAlreadyExists", "InvalidKeyPair.Duplicate"}:
            raise
