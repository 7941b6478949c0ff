"""Volumes as CAPA asks for them are silent; one change of a volume is one fact about that volume."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.values import ABSENT, Absent, Present, Unknown
from tests.integration.aws_world import World, world
from tests.rig.aws_state import TAG, AwsClusterSpec, MachineSpec, aws_client
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, changed, replaced

ROOT = {"size": 80, "type": "gp3", "encrypted": True}
DATA = {"deviceName": "/dev/sdf", "size": 100, "type": "io2", "iops": 3000, "encrypted": True}
SPEC = AwsClusterSpec(
    name="v1",
    spec={"additionalTags": {"team": "data"}},
    machines=(
        MachineSpec(name="db-0", spec={"instanceType": "m5.large", "rootVolume": ROOT, "nonRootVolumes": [DATA]}),
        MachineSpec(name="plain-0"),
    ),
)


@pytest.fixture
def v1(aws_endpoint: AwsEndpoint) -> World:
    return world(aws_endpoint, SPEC)


def volumes(built: World, machine: str = "db-0") -> dict[str, str]:
    """Volume id by device name."""
    instance = built.state.instances[machine]
    found = built.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return {mapped["DeviceName"]: mapped["Ebs"]["VolumeId"] for mapped in found["BlockDeviceMappings"]}


def modified(device: str, **change: Any) -> Callable[[World], None]:
    return lambda built: built.ec2.modify_volume(VolumeId=volumes(built)[device], **change)


def untagged(device: str, key: str) -> Callable[[World], None]:
    return lambda built: built.ec2.delete_tags(Resources=[volumes(built)[device]], Tags=[{"Key": key}])


def kept(built: World) -> None:
    built.ec2.modify_instance_attribute(
        InstanceId=built.state.instances["db-0"],
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"DeleteOnTermination": False}}],
    )


def detached(built: World) -> None:
    built.ec2.detach_volume(
        VolumeId=volumes(built)["/dev/sdf"], InstanceId=built.state.instances["db-0"], Device="/dev/sdf"
    )


def test_volumes_as_they_were_asked_for_are_silent(v1: World) -> None:
    assert v1.facts() == ()
    assert len([link for link in v1.correlation().links if link.resource.type == "volume"]) == 3


@pytest.mark.parametrize(
    ("change", "rule", "path", "severity"),
    [
        (modified("/dev/sda1", VolumeType="gp2"), "aws.volume.type", "spec.rootVolume.type", Severity.MEDIUM),
        (
            modified("/dev/sdf", Iops=16000),
            "aws.volume.iops",
            "spec.nonRootVolumes[deviceName=/dev/sdf].iops",
            Severity.MEDIUM,
        ),
        (untagged("/dev/sda1", "team"), "aws.volume.tags", "spec.additionalTags.team", Severity.LOW),
        (untagged("/dev/sdf", TAG + "v1"), "aws.volume.tag.owned", "tags[cluster]", Severity.MEDIUM),
        (kept, "aws.volume.kept", "deleteOnTermination", Severity.MEDIUM),
        (detached, "aws.volume.detached", "spec.nonRootVolumes[deviceName=/dev/sdf]", Severity.HIGH),
    ],
    ids=["type", "iops", "tag", "owned-tag", "kept", "detached"],
)
def test_one_change_is_one_fact(
    v1: World, change: Callable[[World], None], rule: str, path: str, severity: Severity
) -> None:
    change(v1)

    (fact,) = v1.facts()

    assert (fact.row.id, fact.path) == (rule, path)
    assert (fact.severity or fact.row.severity) is severity
    assert fact.row.reaction.kind is ReactionKind.IGNORED


def test_a_volume_that_was_enlarged_in_place_is_no_drift(v1: World) -> None:
    modified("/dev/sda1", Size=200)(v1)

    assert v1.facts() == ()


def test_a_volume_that_is_smaller_than_the_spec_is_told(v1: World) -> None:
    machine = v1.named("AWSMachine", "db-0")
    edited = changed(machine, spec={"rootVolume": {**ROOT, "size": 300}})

    (fact,) = v1.facts(replaced(v1.objects, edited))

    assert (fact.row.id, fact.capi, fact.cloud) == ("aws.volume.size", Present(300), Present(80))


def test_a_throughput_that_the_spec_asked_for_is_compared(v1: World) -> None:
    machine = v1.named("AWSMachine", "db-0")
    edited = changed(machine, spec={"rootVolume": {**ROOT, "throughput": 500}})
    modified("/dev/sda1", Throughput=250)(v1)

    (fact,) = v1.facts(replaced(v1.objects, edited))

    assert (fact.row.id, fact.capi, fact.cloud) == ("aws.volume.throughput", Present(500), Present(250))


def test_a_volume_that_nobody_encrypted_is_critical(v1: World) -> None:
    machine = v1.named("AWSMachine", "plain-0")
    edited = changed(machine, spec={"rootVolume": {"size": 8, "encrypted": True}})

    facts = {fact.row.id: fact for fact in v1.facts(replaced(v1.objects, edited))}

    assert facts["aws.volume.encrypted"].row.severity is Severity.CRITICAL
    assert facts["aws.volume.encrypted"].cloud == Present(False)


def test_a_volume_of_a_persistent_volume_claim_is_nobodys_business(v1: World) -> None:
    volume = v1.ec2.create_volume(
        AvailabilityZone=f"{REGION}a",
        Size=10,
        TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": "ebs.csi.aws.com/cluster", "Value": "true"}]},
        ],
    )["VolumeId"]
    v1.ec2.attach_volume(VolumeId=volume, InstanceId=v1.state.instances["db-0"], Device="/dev/xvdaa")

    assert v1.facts() == ()
    assert v1.correlation(later=timedelta(days=1)).leftovers == ()


def test_a_volume_that_lost_all_its_tags_is_still_found_by_its_instance(v1: World) -> None:
    volume = volumes(v1)["/dev/sda1"]
    tags = v1.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"]
    v1.ec2.delete_tags(Resources=[volume], Tags=[{"Key": tag["Key"]} for tag in tags])

    assert {fact.row.id for fact in v1.facts()} == {"aws.volume.tags", "aws.volume.tag.owned"}


def test_a_tagged_volume_that_no_instance_has_is_left_over(v1: World) -> None:
    detached(v1)

    (leftover,) = v1.correlation(later=timedelta(days=1)).leftovers

    assert (leftover.resource.type, leftover.claimed) == ("volume", "v1")
    assert leftover.created_at
    assert "create-snapshot" in leftover.next_steps[0]


@pytest.mark.parametrize("spelled", ["id", "arn", "alias", "alias-arn"])
def test_a_key_is_the_same_however_the_spec_spells_it(aws_endpoint: AwsEndpoint, spelled: str) -> None:
    kms = aws_client("kms", aws_endpoint.url, ACCOUNT, REGION)
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/nodes", TargetKeyId=key["KeyId"])
    arn = key["Arn"]
    spelling = {
        "id": key["KeyId"],
        "arn": arn,
        "alias": "alias/nodes",
        "alias-arn": f"{arn.rpartition(':')[0]}:alias/nodes",
    }[spelled]
    made = {"size": 20, "encrypted": True, "encryptionKey": arn}
    built = world(
        aws_endpoint,
        AwsClusterSpec(
            name="k1", machines=(MachineSpec(name="k-0", spec={"instanceType": "m5.large", "rootVolume": made}),)
        ),
    )
    declared = changed(built.named("AWSMachine", "k-0"), spec={"rootVolume": {**made, "encryptionKey": spelling}})

    assert built.facts(replaced(built.objects, declared)) == ()


def test_an_alias_that_leads_nowhere_is_unknown_and_not_in_sync(v1: World) -> None:
    machine = v1.named("AWSMachine", "db-0")
    edited = changed(machine, spec={"rootVolume": {**ROOT, "encryptionKey": "alias/gone"}})

    (fact,) = [fact for fact in v1.facts(replaced(v1.objects, edited)) if fact.row.id == "aws.volume.key"]

    assert fact.capi == Unknown("KMS alias gone could not be resolved to a key")
    assert not isinstance(fact.cloud, Absent) or fact.cloud == ABSENT
