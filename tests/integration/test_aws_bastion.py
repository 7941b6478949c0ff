"""A bastion as CAPA makes it is silent; what is done to it is told, because CAPA does not look."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drift_audit.model.fields import ReactionKind
from tests.integration.aws_world import World, world
from tests.rig.aws_state import ROLE, TAG, AwsClusterSpec
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import changed, replaced

SPEC = AwsClusterSpec(name="b1", spec={"bastion": {"enabled": True, "ami": "ami-0123456789abcdef0"}})


@pytest.fixture
def b1(aws_endpoint: AwsEndpoint) -> World:
    return world(aws_endpoint, SPEC)


def another_type(built: World) -> None:
    built.ec2.stop_instances(InstanceIds=[built.state.bastion_id])
    built.ec2.modify_instance_attribute(InstanceId=built.state.bastion_id, InstanceType={"Value": "m6i.large"})


def node_group(built: World) -> None:
    groups = [built.state.security_groups[role] for role in ("bastion", "node")]
    found = built.ec2.describe_instances(InstanceIds=[built.state.bastion_id])["Reservations"][0]["Instances"][0]
    built.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=found["NetworkInterfaces"][0]["NetworkInterfaceId"], Groups=groups
    )


def untagged(key: str) -> Callable[[World], None]:
    return lambda built: built.ec2.delete_tags(Resources=[built.state.bastion_id], Tags=[{"Key": key}])


def test_an_untouched_bastion_is_silent(b1: World) -> None:
    assert b1.facts() == ()
    assert b1.correlation().absences == ()


@pytest.mark.parametrize(
    ("change", "rule", "reaction"),
    [
        (another_type, "aws.bastion.type", ReactionKind.IGNORED),
        (node_group, "aws.bastion.groups", ReactionKind.IGNORED),
        (untagged(TAG + "b1"), "aws.bastion.tag.owned", ReactionKind.BREAKS),
        (untagged(ROLE), "aws.bastion.tag.role", ReactionKind.BREAKS),
    ],
    ids=["type", "groups", "owned-tag", "role-tag"],
)
def test_one_change_is_one_fact(b1: World, change: Callable[[World], None], rule: str, reaction: ReactionKind) -> None:
    change(b1)

    (fact,) = b1.facts()

    assert (fact.row.id, fact.row.reaction.kind) == (rule, reaction)


def test_another_image_is_told_where_the_spec_names_one(b1: World) -> None:
    cluster = b1.named("AWSCluster", "b1")
    pinned = changed(cluster, spec={"bastion": {"enabled": True, "ami": "ami-0eeeeeeeeeeeeeeee"}})
    newest = changed(cluster, spec={"bastion": {"enabled": True}})

    assert [fact.row.id for fact in b1.facts(replaced(b1.objects, pinned))] == ["aws.bastion.image"]
    assert b1.facts(replaced(b1.objects, newest)) == ()


def test_a_terminated_bastion_is_missing_and_comes_back(b1: World) -> None:
    b1.ec2.terminate_instances(InstanceIds=[b1.state.bastion_id])

    (absence,) = b1.correlation().absences

    assert absence.path == "status.bastion.id"
    assert absence.reaction.startswith("CAPA makes a new bastion")


def test_a_bastion_that_was_switched_off_is_on_its_way_out(b1: World) -> None:
    another_type(b1)
    cluster = b1.named("AWSCluster", "b1")
    off = changed(cluster, spec={"bastion": {"enabled": False}})

    facts = b1.facts(replaced(b1.objects, off))

    assert [fact for fact in facts if fact.link.resource.type == "instance"] == []
