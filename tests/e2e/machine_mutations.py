"""Single changes of what stands beside an instance: its volumes, its supplies, the bastion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drift_audit.model.findings import Severity, Verdict
from tests.e2e.mutations import CLOUD, NAME, Mutation, ec2, instance
from tests.rig.aws_state import CCM, ROLE, TAG, aws_client
from tests.rig.fleet import Fleet, Workload

PROFILE = "nodes.cluster-api-provider-aws.sigs.k8s.io"
EQUIPPED = Workload(
    name=NAME,
    infra={"additionalTags": {"cost-centre": "42"}, "bastion": {"enabled": True, "instanceType": "t3.small"}},
    machines={
        "rootVolume": {"size": 80, "type": "gp3", "encrypted": True, "throughput": 250, "iops": 4000},
        "nonRootVolumes": [{"deviceName": "/dev/sdf", "size": 100, "type": "gp3", "encrypted": True}],
    },
)


def volume(fleet: Fleet, device: str) -> str:
    found = ec2(fleet).describe_instances(InstanceIds=[instance(fleet)])["Reservations"][0]["Instances"][0]
    devices = {mapped["DeviceName"]: mapped["Ebs"]["VolumeId"] for mapped in found["BlockDeviceMappings"]}
    return str(devices[device])


def modified(device: str, **change: Any) -> Callable[[Fleet], Any]:
    return lambda fleet: ec2(fleet).modify_volume(VolumeId=volume(fleet, device), **change)


def untagged(target: Callable[[Fleet], str], key: str) -> Callable[[Fleet], Any]:
    return lambda fleet: ec2(fleet).delete_tags(Resources=[target(fleet)], Tags=[{"Key": key}])


def bastion(fleet: Fleet) -> str:
    return fleet.states[NAME].bastion_id


def service(fleet: Fleet, name: str) -> Any:
    state = fleet.states[NAME]
    return aws_client(name, fleet.aws, state.account, state.region)


def kept_volume(fleet: Fleet) -> None:
    ebs = {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": False}}
    ec2(fleet).modify_instance_attribute(InstanceId=instance(fleet), BlockDeviceMappings=[ebs])


def left_volume(fleet: Fleet) -> None:
    tags = [{"Key": f"{TAG}{NAME}", "Value": "owned"}, {"Key": ROLE, "Value": "node"}]
    ec2(fleet).create_volume(
        AvailabilityZone=fleet.states[NAME].zone,
        Size=20,
        TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
    )


def bastion_type(fleet: Fleet) -> None:
    client = ec2(fleet)
    client.stop_instances(InstanceIds=[bastion(fleet)])
    client.modify_instance_attribute(InstanceId=bastion(fleet), InstanceType={"Value": "m6i.4xlarge"})
    client.start_instances(InstanceIds=[bastion(fleet)])


def bastion_groups(fleet: Fleet) -> None:
    found = ec2(fleet).describe_instances(InstanceIds=[bastion(fleet)])["Reservations"][0]["Instances"][0]
    groups = [fleet.states[NAME].security_groups[role] for role in ("bastion", "controlplane")]
    interface = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2(fleet).modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)


def profile_without_role(fleet: Fleet) -> None:
    service(fleet, "iam").remove_role_from_instance_profile(InstanceProfileName=PROFILE, RoleName=PROFILE)


def deleted_profile(fleet: Fleet) -> None:
    profile_without_role(fleet)
    service(fleet, "iam").delete_instance_profile(InstanceProfileName=PROFILE)


def left_role(fleet: Fleet) -> None:
    tags = [{"Key": f"{CCM}{NAME}", "Value": "owned"}]
    service(fleet, "iam").create_role(RoleName=f"{NAME}-nodegroup", AssumeRolePolicyDocument="{}", Tags=tags)


def left_secret(fleet: Fleet) -> None:
    service(fleet, "secretsmanager").create_secret(
        Name="aws.cluster.x-k8s.io/0f3c-0",
        SecretBinary=b"kubeadm join",
        Tags=[{"Key": f"{TAG}{NAME}", "Value": "owned"}, {"Key": "Name", "Value": f"{NAME}-gone"}],
    )


def _cloud(name: str, act: Callable[[Fleet], Any], path: str, **more: Any) -> Mutation:
    return Mutation(name=name, act=act, verdict=CLOUD, path=path, workload=EQUIPPED, **more)


def _orphan(name: str, act: Callable[[Fleet], Any], confidence: str = "potential") -> Mutation:
    return Mutation(name=name, act=act, verdict=Verdict.ORPHAN, confidence=confidence, workload=EQUIPPED)


MACHINE_EDITS = (
    _cloud("root volume of another type", modified("/dev/sda1", VolumeType="gp2"), "spec.rootVolume.type"),
    _cloud("root volume with fewer IOPS", modified("/dev/sda1", Iops=3000), "spec.rootVolume.iops"),
    _cloud("root volume slowed down", modified("/dev/sda1", Throughput=125), "spec.rootVolume.throughput"),
    _cloud(
        "data volume of another type",
        modified("/dev/sdf", VolumeType="gp2"),
        "spec.nonRootVolumes[deviceName=/dev/sdf].type",
        kind="AWSMachine",
    ),
    _cloud(
        "data volume detached",
        lambda fleet: ec2(fleet).detach_volume(
            VolumeId=volume(fleet, "/dev/sdf"), InstanceId=instance(fleet), Device="/dev/sdf"
        ),
        "spec.nonRootVolumes[deviceName=/dev/sdf]",
        severity=Severity.HIGH,
        findings=2,
        causes=2,
    ),
    _cloud("volume that will stay behind", kept_volume, "deleteOnTermination"),
    _cloud(
        "volume lost the tag of its cluster",
        untagged(lambda fleet: volume(fleet, "/dev/sda1"), f"{TAG}{NAME}"),
        "tags[cluster]",
    ),
    _cloud(
        "volume lost a declared tag",
        untagged(lambda fleet: volume(fleet, "/dev/sda1"), "cost-centre"),
        "spec.additionalTags.cost-centre",
        severity=Severity.LOW,
    ),
    _cloud("bastion enlarged", bastion_type, "spec.bastion.instanceType", kind="AWSCluster"),
    _cloud("bastion moved into the control plane's group", bastion_groups, "bastion.securityGroups"),
    _cloud(
        "bastion lost the tag of its cluster",
        untagged(bastion, f"{TAG}{NAME}"),
        "bastion.tags[cluster]",
        says="makes a second one",
    ),
    _cloud("bastion lost the tag of its role", untagged(bastion, ROLE), "bastion.tags[role]"),
    Mutation(
        name="bastion terminated",
        act=lambda fleet: ec2(fleet).terminate_instances(InstanceIds=[bastion(fleet)]),
        verdict=Verdict.MISSING,
        kind="AWSCluster",
        path="status.bastion.id",
        says="CAPA makes a new bastion",
        workload=EQUIPPED,
    ),
    Mutation(
        name="key pair deleted",
        act=lambda fleet: ec2(fleet).delete_key_pair(KeyName="fleet"),
        verdict=Verdict.MISSING,
        kind="AWSMachineTemplate",
        findings=2,
        says="the next one of this template cannot be made",
    ),
    Mutation(
        name="instance profile deleted",
        act=deleted_profile,
        verdict=Verdict.MISSING,
        kind="AWSMachineTemplate",
        path="spec.template.spec.iamInstanceProfile",
    ),
    Mutation(
        name="instance profile without its role",
        act=profile_without_role,
        verdict=CLOUD,
        kind="AWSMachineTemplate",
        severity=Severity.CRITICAL,
    ),
    _orphan("volume that no instance has", left_volume, "confirmed"),
    _orphan("role that no object names", left_role),
    _orphan("bootstrap secret that no machine names", left_secret, "confirmed"),
)
