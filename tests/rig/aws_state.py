"""AWS as CAPA would have made it: real boto3 calls over HTTP against moto's server.

    state = build_cluster(aws_endpoint.url, "111122223333", "eu-west-1", AwsClusterSpec(name="c1", machines=(...)))

`build_cluster` makes the VPC, its subnets, a NAT gateway, the security groups with their rules and tags, one
instance per machine, and the load balancers of the API server. `cluster_spec`, `cluster_status` and `machine_spec`
then give what the controller would write into the AWSCluster and the AWSMachines.

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
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.rig import aws_network
from tests.rig.aws_load_balancers import Balancer, Site, balancer_status, build_balancers
from tests.rig.aws_network import VPC_CIDR, NetworkPlan, NetworkState, build_network
from tests.rig.aws_pools import PoolPlace, PoolSpec, PoolState, build_pool

TAG, CCM, ROLE = aws_network.TAG, aws_network.CCM, aws_network.ROLE
AMI = "ami-0123456789abcdef0"

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
    zones: int = 1
    brought: bool = False
    """True: somebody made the network before, and CAPA only uses it."""
    pools: Sequence[PoolSpec] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsClusterState:
    """What AWS has of the cluster."""

    account: str
    region: str
    vpc_id: str
    subnet_ids: Mapping[str, str]
    """By `public` and `private`: those of the first zone."""
    security_groups: Mapping[str, str]
    """Group id by role."""
    instances: Mapping[str, str]
    """Instance id by name of the AWSMachine."""
    zone: str
    nat_address: str
    bastion_id: str = ""
    network: NetworkState | None = None
    """`None` for a state that was written down and not built."""
    pools: Mapping[str, PoolState] = field(default_factory=dict)
    """By name of the AWSMachinePool."""
    balancers: Mapping[str, Balancer] = field(default_factory=dict)
    """By the field of the spec; none: the cluster was made without."""

    def cluster_spec(self, cluster: AwsClusterSpec) -> dict[str, Any]:
        """`AWSCluster.spec` with what webhook and controller fill in."""
        declared = dict(cluster.spec)
        network = dict(declared.get("network", {}))
        return {
            "region": self.region,
            "identityRef": {"kind": "AWSClusterControllerIdentity", "name": "default"},
            "controlPlaneLoadBalancer": {
                "loadBalancerType": "classic" if self.balancers else "disabled",
                "scheme": "internet-facing",
            },
            "bastion": {"enabled": False, "allowedCIDRBlocks": ["0.0.0.0/0", "::/0"]},
            "controlPlaneEndpoint": {"host": self._endpoint(cluster), "port": 6443},
            **declared,
            "network": {
                "cni": {"cniIngressRules": [dict(rule) for rule in _DEFAULT_CNI]},
                **network,
                "vpc": self._vpc_spec(cluster, network.get("vpc", {})),
                "subnets": self._subnet_specs(cluster),
            },
        }

    def _vpc_spec(self, cluster: AwsClusterSpec, declared: Mapping[str, Any]) -> dict[str, Any]:
        if self.network is not None:
            return self.network.vpc_spec(declared)
        return {
            "cidrBlock": VPC_CIDR,
            **declared,
            "id": self.vpc_id,
            "tags": {TAG + cluster.name: "owned", ROLE: "common", "Name": f"{cluster.name}-vpc"},
        }

    def _subnet_specs(self, cluster: AwsClusterSpec) -> list[dict[str, Any]]:
        if self.network is not None:
            return self.network.subnet_specs()
        return [
            {
                "id": f"{cluster.name}-subnet-{role}-{self.zone}",
                "resourceID": subnet,
                "cidrBlock": _SUBNETS[role],
                "availabilityZone": self.zone,
                "isPublic": role == "public",
            }
            for role, subnet in self.subnet_ids.items()
        ]

    def _endpoint(self, cluster: AwsClusterSpec) -> str:
        primary = self.balancers.get("controlPlaneLoadBalancer")
        return primary.dns_name if primary is not None else f"{cluster.name}.example.com"

    def cluster_status(self, cluster: AwsClusterSpec) -> dict[str, Any]:
        """`AWSCluster.status` of a cluster that is ready."""
        groups = {role: {"id": group, "name": f"{cluster.name}-{role}"} for role, group in self.security_groups.items()}
        return {
            "ready": True,
            **({"bastion": {"id": self.bastion_id}} if self.bastion_id else {}),
            "networkStatus": {
                "securityGroups": groups,
                "natGatewaysIPs": list(self._nat_addresses()),
                **balancer_status(self.balancers),
            },
            "failureDomains": {self.zone: {"controlPlane": True}},
        }

    def _nat_addresses(self) -> Sequence[str]:
        return self.network.addresses if self.network is not None else (self.nat_address,)

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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a call comes from, as far as it shows: role, session name, and the tool's own agent."""

    role: str = "rig"
    session: str = "rig"
    agent: str | None = None


def aws_client(service: str, endpoint: str, account: str, region: str, caller: Caller = Caller()) -> Any:
    """A client that acts in that account as a person with all rights would."""
    session = _session()
    sts = session.client("sts", endpoint_url=endpoint, region_name=region)
    role = f"arn:aws:iam::{account}:role/{caller.role}"
    credentials = sts.assume_role(RoleArn=role, RoleSessionName=caller.session)["Credentials"]
    sts.close()
    return session.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=Config(user_agent=caller.agent) if caller.agent else None,
    )


@functools.cache
def _session() -> Any:
    """One for all clients: a new session reads the service models again."""
    return boto3.Session(aws_access_key_id="rig", aws_secret_access_key="rig")


def build_cluster(endpoint: str, account: str, region: str, cluster: AwsClusterSpec) -> AwsClusterState:
    """Makes everything that CAPA would have made for the cluster, and says what it is called."""
    ec2 = aws_client("ec2", endpoint, account, region)
    zone = f"{region}a"
    network = build_network(
        ec2,
        NetworkPlan(
            cluster=cluster.name, region=region, spec=cluster.spec, zones=cluster.zones, brought=cluster.brought
        ),
    )
    groups = _groups(ec2, cluster, network)
    _bucket(endpoint, account, region, cluster)
    state = AwsClusterState(
        account=account,
        region=region,
        vpc_id=network.vpc,
        subnet_ids={role: network.subnet(role).id for role in _SUBNETS},
        security_groups=groups,
        instances={},
        zone=zone,
        nat_address=network.addresses[0],
        network=network,
    )
    iam = aws_client("iam", endpoint, account, region)
    instances = {machine.name: run_machine(ec2, iam, cluster, machine, state) for machine in cluster.machines}
    bastion = run_bastion(ec2, cluster, state) if "bastion" in groups else ""
    autoscaling = aws_client("autoscaling", endpoint, account, region) if cluster.pools else None
    for pool in cluster.pools:
        _make_supplies(ec2, iam, pool.spec["awsLaunchTemplate"])
    pools = {pool.name: build_pool(ec2, autoscaling, pool, _place(cluster, pool, state)) for pool in cluster.pools}
    ec2.close()
    iam.close()
    state = replace(state, instances=instances, bastion_id=bastion, pools=pools)
    return replace(state, balancers=_balancers(endpoint, cluster, state))


def _make_supplies(ec2: Any, iam: Any, template: Mapping[str, Any]) -> None:
    """The key and the profile of a launch template, which somebody else made before."""
    if template.get("sshKeyName"):
        _existing(ec2.create_key_pair, KeyName=template["sshKeyName"])
    if template.get("iamInstanceProfile"):
        _profile(iam, template["iamInstanceProfile"])


def _place(cluster: AwsClusterSpec, pool: PoolSpec, state: AwsClusterState) -> PoolPlace:
    """What a pool takes from its cluster."""
    return PoolPlace(
        tags={
            **cluster.spec.get("additionalTags", {}),
            **pool.spec.get("additionalTags", {}),
            CCM + cluster.name: "owned",
            TAG + cluster.name: "owned",
            ROLE: "node",
        },
        groups=[state.security_groups["node"], state.security_groups["lb"]],
        subnets=state.subnet_ids,
        namespace=cluster.namespace,
        image=AMI,
    )


def _bucket(endpoint: str, account: str, region: str, cluster: AwsClusterSpec) -> None:
    """The bucket of bootstrap data, where the cluster has one (pkg/cloud/services/s3/s3.go)."""
    if "s3Bucket" in cluster.spec:
        s3 = aws_client("s3", endpoint, account, region)
        name, place = cluster.spec["s3Bucket"]["name"], {"LocationConstraint": region}
        _existing(s3.create_bucket, Bucket=name, CreateBucketConfiguration=place)
        s3.close()


def _subnets_by_role(state: AwsClusterState) -> Mapping[str, Sequence[str]]:
    """One for each zone."""
    made = state.network.subnets if state.network is not None else ()
    return {role: [subnet.id for subnet in made if subnet.role == role] for role in _SUBNETS}


def _balancers(endpoint: str, cluster: AwsClusterSpec, state: AwsClusterState) -> dict[str, Balancer]:
    elb, elbv2 = (aws_client(service, endpoint, state.account, state.region) for service in ("elb", "elbv2"))
    site = Site(
        namespace=cluster.namespace,
        name=cluster.name,
        spec=cluster.spec,
        vpc_id=state.vpc_id,
        subnets=_subnets_by_role(state),
        group=state.security_groups["apiserver-lb"],
        control_plane=[state.instances[each.name] for each in cluster.machines if each.role == "control-plane"],
    )
    made = build_balancers(elb, elbv2, site)
    elb.close()
    elbv2.close()
    return made


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
    devices = [_device(volume) for volume in _volumes(spec)]
    if devices:
        request["BlockDeviceMappings"] = devices
    key = _key_name(cluster, machine)
    if key:
        _existing(ec2.create_key_pair, KeyName=key)
        request["KeyName"] = key
    if spec.get("iamInstanceProfile"):
        _profile(iam, spec["iamInstanceProfile"])
        request["IamInstanceProfile"] = {"Name": spec["iamInstanceProfile"]}
    if spec.get("spotMarketOptions") is not None or spec.get("marketType") == "Spot":
        request["InstanceMarketOptions"] = {"MarketType": "spot"}
    instance = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    described = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    _provision(ec2, described, _volumes(spec))
    interfaces = [interface["NetworkInterfaceId"] for interface in described["NetworkInterfaces"]]
    _tag(ec2, interfaces, tags)
    return str(instance)


def run_bastion(ec2: Any, cluster: AwsClusterSpec, state: AwsClusterState) -> str:
    """The id of the bastion (pkg/cloud/services/ec2/bastion.go, getDefaultBastion)."""
    tags = _tags(cluster, f"{cluster.name}-bastion", "bastion")
    bastion = cluster.spec["bastion"]
    _existing(ec2.create_key_pair, KeyName=cluster.spec.get("sshKeyName") or "default")
    made = ec2.run_instances(
        ImageId=bastion.get("ami", AMI),
        InstanceType=bastion.get("instanceType", "t3.micro"),
        KeyName=cluster.spec.get("sshKeyName") or "default",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": state.subnet_ids["public"],
                "Groups": [state.security_groups["bastion"]],
                "AssociatePublicIpAddress": True,
            }
        ],
        TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    )
    return str(made["Instances"][0]["InstanceId"])


def _profile(iam: Any, name: str) -> None:
    """An instance profile with a role, as `clusterawsadm bootstrap iam` makes both."""
    _existing(iam.create_instance_profile, InstanceProfileName=name)
    _existing(iam.create_role, RoleName=name, AssumeRolePolicyDocument="{}")
    _existing(iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName=name)


def _volumes(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    root = [{"deviceName": "/dev/sda1", **spec["rootVolume"]}] if "rootVolume" in spec else []
    return [*root, *spec.get("nonRootVolumes", ())]


def _provision(ec2: Any, described: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]]) -> None:
    """What moto's RunInstances does not take: its volumes get IOPS, throughput and their io types afterwards."""
    ids = {mapped["DeviceName"]: mapped["Ebs"]["VolumeId"] for mapped in described["BlockDeviceMappings"]}
    for volume in volumes:
        asked = {"VolumeType": volume.get("type"), "Iops": volume.get("iops"), "Throughput": volume.get("throughput")}
        if volume.get("iops") or volume.get("throughput"):
            change = {key: value for key, value in asked.items() if value is not None}
            ec2.modify_volume(VolumeId=ids[volume["deviceName"]], **change)


def _device(volume: Mapping[str, Any]) -> dict[str, Any]:
    """One volume as CAPA asks for it (pkg/cloud/services/ec2/instances.go, volumeToBlockDeviceMapping)."""
    plain = "gp3" if volume.get("iops") or volume.get("throughput") else volume.get("type")
    ebs = {
        "DeleteOnTermination": True,
        "VolumeSize": volume["size"],
        "VolumeType": plain,
        "Encrypted": True if volume.get("encryptionKey") else volume.get("encrypted"),
        "KmsKeyId": volume.get("encryptionKey"),
    }
    return {"DeviceName": volume["deviceName"], "Ebs": {key: value for key, value in ebs.items() if value is not None}}


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


def _groups(ec2: Any, cluster: AwsClusterSpec, network: NetworkState) -> dict[str, str]:
    bastion = cluster.spec.get("bastion", {}).get("enabled") is True
    roles = (*_ROLES, "bastion") if bastion else _ROLES
    overrides = cluster.spec.get("network", {}).get("securityGroupOverrides", {})
    groups = {role: overrides.get(role) or _group(ec2, cluster, network.vpc, role) for role in roles}
    for role in roles:
        permissions = _permissions(cluster, role, groups, network)
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
    cluster: AwsClusterSpec, role: str, groups: Mapping[str, str], state: NetworkState
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
            blocks = network.get("nodePortIngressRuleCidrBlocks", ["0.0.0.0/0", *(["::/0"] if state.ipv6_cidr else [])])
            return [
                *cni,
                _from_cidrs("tcp", 30000, 32767, "Node Port Services", blocks),
                _from_groups("tcp", 10250, 10250, "Kubelet API", groups, ("controlplane", "node")),
                *ssh,
                *(_declared(rule, groups) for rule in network.get("additionalNodeIngressRules", ())),
            ]
        case "apiserver-lb":
            internal = balancer.get("scheme") == "internal"
            inside = [VPC_CIDR] if internal else [f"{address}/32" for address in state.addresses]
            custom = [_declared(rule, groups) for rule in balancer.get("ingressRules", ())]
            everywhere = [_from_cidrs("tcp", 6443, 6443, "Kubernetes API", ["0.0.0.0/0"])]
            if state.ipv6_cidr:
                everywhere.append(_from_cidrs("tcp", 6443, 6443, "Kubernetes API IPv6", ["::/0"]))
            return [_from_cidrs("tcp", 6443, 6443, "Kubernetes API", inside), *(custom or everywhere)]
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
    ranges = [{"CidrIp": block, "Description": description} for block in blocks if ":" not in block]
    ranges6 = [{"CidrIpv6": block, "Description": description} for block in blocks if ":" in block]
    return {**_permission(protocol, start, end), "IpRanges": ranges, "Ipv6Ranges": ranges6}


def _permission(protocol: str, start: int, end: int) -> dict[str, Any]:
    """With ports also where CAPA sends none: moto fails on a protocol number without them."""
    return {"IpProtocol": protocol, "FromPort": start, "ToPort": end}


def _tags(cluster: AwsClusterSpec, name: str, role: str) -> list[dict[str, str]]:
    tags = {"Name": name, **cluster.spec.get("additionalTags", {}), TAG + cluster.name: "owned", ROLE: role}
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _tag(ec2: Any, resources: Sequence[str], tags: Sequence[Mapping[str, str]]) -> None:
    if resources:
        ec2.create_tags(Resources=list(resources), Tags=list(tags))


_THERE_ALREADY = frozenset(
    {"BucketAlreadyOwnedByYou", "EntityAlreadyExists", "InvalidKeyPair.Duplicate", "LimitExceeded"}
)


def _existing(create: Any, **arguments: Any) -> None:
    """Makes something that may be there already."""
    try:
        create(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE_ALREADY:
            raise
