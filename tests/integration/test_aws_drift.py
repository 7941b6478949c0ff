"""An AWS fleet built as CAPA builds it is silent; one change in EC2 is one fact.

Everything is read by the provider over HTTP from moto's server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.values import ABSENT, Present
from tests.integration.aws_world import World, world
from tests.rig.aws_state import CCM, TAG, AwsClusterSpec, MachineSpec
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import (
    changed,
    replaced,
)

C1 = AwsClusterSpec(
    name="c1",
    spec={
        "sshKeyName": "fleet",
        "additionalTags": {"team": "payments", "cost.example.com/center": "42"},
        "network": {
            "additionalControlPlaneIngressRules": [
                {
                    "description": "metrics",
                    "protocol": "tcp",
                    "fromPort": 9100,
                    "toPort": 9100,
                    "sourceSecurityGroupRoles": ["node"],
                }
            ]
        },
    },
    machines=(
        MachineSpec(
            name="cp-0",
            role="control-plane",
            spec={
                "instanceType": "m5.xlarge",
                "iamInstanceProfile": "control-plane.cluster-api-provider-aws.sigs.k8s.io",
                "ami": {"id": "ami-0aaaaaaaaaaaaaaaa"},
                "instanceMetadataOptions": {"httpTokens": "required"},
            },
        ),
        MachineSpec(
            name="md-0",
            machine="md-0-x7k2p",
            spec={
                "instanceType": "m5.large",
                "iamInstanceProfile": "nodes.cluster-api-provider-aws.sigs.k8s.io",
                "additionalTags": {"team": "checkout"},
            },
        ),
        MachineSpec(name="spot-0", spec={"instanceType": "m5.large", "spotMarketOptions": {}, "sshKeyName": ""}),
    ),
)
NLB = AwsClusterSpec(
    name="c2",
    spec={
        "controlPlaneLoadBalancer": {"loadBalancerType": "nlb", "scheme": "internal"},
        "bastion": {"enabled": True, "allowedCIDRBlocks": ["192.0.2.0/24"]},
        "network": {"cni": {"cniIngressRules": []}, "nodePortIngressRuleCidrBlocks": ["10.0.0.0/8"]},
    },
    machines=(MachineSpec(name="c2-md-0"),),
)


@pytest.fixture
def c1(aws_endpoint: AwsEndpoint) -> World:
    return world(aws_endpoint, C1)


@pytest.mark.parametrize("spec", [C1, NLB], ids=lambda spec: spec.name)
def test_an_untouched_cluster_is_silent(aws_endpoint: AwsEndpoint, spec: AwsClusterSpec) -> None:
    built = world(aws_endpoint, spec)

    facts = built.facts()
    correlation = built.correlation()

    assert facts == ()
    kinds = Counter(link.resource.type for link in correlation.links)
    assert kinds["instance"] == len(spec.machines) + bool(built.state.bastion_id)
    assert kinds["security-group"] == len(built.state.security_groups)
    assert not (correlation.absences or correlation.leftovers or correlation.undecided or correlation.gaps)


def _metadata(**change: Any) -> Callable[[World], None]:
    """All five at once: moto forgets those that are left out."""
    options = {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "HttpProtocolIpv6": "disabled",
        "InstanceMetadataTags": "disabled",
        **change,
    }
    return lambda at: at.ec2.modify_instance_metadata_options(InstanceId=at.state.instances["cp-0"], **options)


def _stop_and(machine: str, **attribute: Any) -> Callable[[World], None]:
    def change(at: World) -> None:
        instance = at.state.instances[machine]
        at.ec2.stop_instances(InstanceIds=[instance])
        at.ec2.modify_instance_attribute(InstanceId=instance, **attribute)
        at.ec2.start_instances(InstanceIds=[instance])

    return change


def _tag(key: str, value: str, machine: str = "md-0") -> Callable[[World], None]:
    return lambda at: at.ec2.create_tags(Resources=[at.state.instances[machine]], Tags=[{"Key": key, "Value": value}])


def _untag(key: str, machine: str = "md-0") -> Callable[[World], None]:
    return lambda at: at.ec2.delete_tags(Resources=[at.state.instances[machine]], Tags=[{"Key": key}])


def _tag_group(role: str, key: str, value: str) -> Callable[[World], None]:
    return lambda at: at.ec2.create_tags(
        Resources=[at.state.security_groups[role]], Tags=[{"Key": key, "Value": value}]
    )


def _untag_group(role: str, key: str) -> Callable[[World], None]:
    return lambda at: at.ec2.delete_tags(Resources=[at.state.security_groups[role]], Tags=[{"Key": key}])


def _interface(at: World, machine: str) -> str:
    found = at.ec2.describe_instances(InstanceIds=[at.state.instances[machine]])
    interface: str = found["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
    return interface


def _groups(machine: str, *roles: str) -> Callable[[World], None]:
    return lambda at: at.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=_interface(at, machine), Groups=[at.state.security_groups[role] for role in roles]
    )


def _permission(protocol: str, start: int, end: int, cidr: str, description: str = "") -> dict[str, Any]:
    said = {"Description": description} if description else {}
    return {"IpProtocol": protocol, "FromPort": start, "ToPort": end, "IpRanges": [{"CidrIp": cidr, **said}]}


def _authorize(role: str, *permissions: dict[str, Any]) -> Callable[[World], None]:
    return lambda at: at.ec2.authorize_security_group_ingress(
        GroupId=at.state.security_groups[role], IpPermissions=list(permissions)
    )


def _revoke(role: str, source: str, port: int, description: str) -> Callable[[World], None]:
    def change(at: World) -> None:
        pair = {"GroupId": at.state.security_groups[source], "Description": description}
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [pair]}
        group = at.state.security_groups[role]
        at.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])

    return change


def _rename(at: World) -> None:
    group = at.state.security_groups["node"]
    old = _permission("tcp", 30000, 32767, "0.0.0.0/0", "Node Port Services")
    at.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[old])
    new = _permission("tcp", 30000, 32767, "0.0.0.0/0", "node ports, ask Kim")
    at.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[new])


def _prefix_list(at: World) -> None:
    created = at.ec2.create_managed_prefix_list(PrefixListName="office", MaxEntries=2, AddressFamily="IPv4")
    prefix_list = created["PrefixList"]["PrefixListId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": prefix_list}]}
    group = at.state.security_groups["node"]
    at.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def _egress(at: World) -> None:
    group = at.state.security_groups["controlplane"]
    allowed = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    at.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[allowed])


def _profile(at: World) -> None:
    instance = at.state.instances["md-0"]
    found = at.ec2.describe_iam_instance_profile_associations(Filters=[{"Name": "instance-id", "Values": [instance]}])[
        "IamInstanceProfileAssociations"
    ][0]["AssociationId"]
    control_plane = "control-plane.cluster-api-provider-aws.sigs.k8s.io"
    # moto's replace_iam_instance_profile_association leaves the instance as it was.
    at.ec2.disassociate_iam_instance_profile(AssociationId=found)
    at.ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile={"Name": control_plane})


def _public(at: World) -> None:
    address = at.ec2.allocate_address(Domain="vpc")["AllocationId"]
    at.ec2.associate_address(AllocationId=address, InstanceId=at.state.instances["md-0"])


REVERTED, IGNORED, BREAKS = ReactionKind.REVERTED, ReactionKind.IGNORED, ReactionKind.BREAKS
CHANGES: tuple[tuple[str, Callable[[World], None], str, str, Severity, ReactionKind], ...] = (
    (
        "aws.instance.state",
        lambda at: at.ec2.stop_instances(InstanceIds=[at.state.instances["cp-0"]]),
        "status.instanceState",
        "cp-0",
        Severity.CRITICAL,
        IGNORED,
    ),
    (
        "aws.instance.type",
        _stop_and("md-0", InstanceType={"Value": "m5.4xlarge"}),
        "spec.instanceType",
        "md-0",
        Severity.HIGH,
        IGNORED,
    ),
    (
        "aws.instance.source-dest-check",
        lambda at: at.ec2.modify_instance_attribute(
            InstanceId=at.state.instances["md-0"], SourceDestCheck={"Value": False}
        ),
        "sourceDestCheck",
        "md-0",
        Severity.MEDIUM,
        IGNORED,
    ),
    (
        "aws.instance.metadata.http-tokens",
        _metadata(HttpTokens="optional"),
        "spec.instanceMetadataOptions.httpTokens",
        "cp-0",
        Severity.CRITICAL,
        REVERTED,
    ),
    (
        "aws.instance.metadata.http-endpoint",
        _metadata(HttpEndpoint="disabled"),
        "spec.instanceMetadataOptions.httpEndpoint",
        "cp-0",
        Severity.MEDIUM,
        REVERTED,
    ),
    (
        "aws.instance.metadata.hop-limit",
        _metadata(HttpPutResponseHopLimit=3),
        "spec.instanceMetadataOptions.httpPutResponseHopLimit",
        "cp-0",
        Severity.CRITICAL,
        REVERTED,
    ),
    (
        "aws.instance.metadata.ipv6",
        _metadata(HttpProtocolIpv6="enabled"),
        "spec.instanceMetadataOptions.httpProtocolIpv6",
        "cp-0",
        Severity.MEDIUM,
        REVERTED,
    ),
    (
        "aws.instance.metadata.tags",
        _metadata(InstanceMetadataTags="enabled"),
        "spec.instanceMetadataOptions.instanceMetadataTags",
        "cp-0",
        Severity.MEDIUM,
        REVERTED,
    ),
    ("aws.instance.profile", _profile, "spec.iamInstanceProfile", "md-0", Severity.CRITICAL, IGNORED),
    ("aws.instance.public-address", _public, "spec.publicIP", "md-0", Severity.HIGH, IGNORED),
    (
        "aws.instance.security-groups",
        _groups("md-0", "node", "lb", "controlplane"),
        "securityGroups",
        "md-0",
        Severity.CRITICAL,
        REVERTED,
    ),
    ("aws.instance.security-groups", _groups("md-0", "lb"), "securityGroups", "md-0", Severity.HIGH, REVERTED),
    ("aws.instance.tags", _tag("team", "mine"), "spec.additionalTags.team", "md-0", Severity.LOW, IGNORED),
    (
        "aws.instance.tags",
        _untag("cost.example.com/center"),
        'spec.additionalTags["cost.example.com/center"]',
        "md-0",
        Severity.LOW,
        IGNORED,
    ),
    ("aws.instance.tag.owned", _untag(f"{TAG}c1"), "tags[cluster]", "md-0", Severity.HIGH, IGNORED),
    ("aws.instance.tag.cloud-provider", _untag(f"{CCM}c1"), "tags[cloud-provider]", "md-0", Severity.HIGH, IGNORED),
    (
        "aws.instance.tag.role",
        _tag("sigs.k8s.io/cluster-api-provider-aws/role", "bastion"),
        "tags[role]",
        "md-0",
        Severity.MEDIUM,
        IGNORED,
    ),
    ("aws.instance.tag.name", _tag("Name", "my node"), "tags[Name]", "md-0", Severity.LOW, IGNORED),
    (
        "aws.instance.tag.machine-name",
        _tag("MachineName", "default/other"),
        "tags[MachineName]",
        "md-0",
        Severity.LOW,
        IGNORED,
    ),
    (
        "aws.security-group.ingress",
        _authorize("node", _permission("tcp", 22, 22, "0.0.0.0/0")),
        "ingress[tcp 22 from 0.0.0.0/0]",
        "c1",
        Severity.CRITICAL,
        REVERTED,
    ),
    (
        "aws.security-group.ingress",
        _authorize("controlplane", _permission("tcp", 9000, 9010, "198.51.100.0/24", "vendor")),
        "ingress[tcp 9000-9010 from 198.51.100.0/24]",
        "c1",
        Severity.HIGH,
        REVERTED,
    ),
    (
        "aws.security-group.ingress",
        _revoke("controlplane", "node", 9100, "metrics"),
        "ingress[tcp 9100 from node]",
        "c1",
        Severity.HIGH,
        REVERTED,
    ),
    (
        "aws.security-group.ingress",
        _rename,
        "ingress[tcp 30000-32767 from 0.0.0.0/0].description",
        "c1",
        Severity.LOW,
        REVERTED,
    ),
    (
        "aws.security-group.egress",
        _egress,
        "egress[all to 0.0.0.0/0]",
        "c1",
        Severity.HIGH,
        IGNORED,
    ),
    (
        "aws.security-group.tag.owned",
        _untag_group("node", f"{TAG}c1"),
        "tags[cluster]",
        "c1",
        Severity.CRITICAL,
        BREAKS,
    ),
    (
        "aws.security-group.tag.cloud-provider",
        _untag_group("lb", f"{CCM}c1"),
        "tags[cloud-provider]",
        "c1",
        Severity.HIGH,
        REVERTED,
    ),
    (
        "aws.security-group.tag.protection-off",
        _tag_group("node", f"{CCM}c1", "owned"),
        "tags[cloud-provider]",
        "c1",
        Severity.HIGH,
        IGNORED,
    ),
    (
        "aws.security-group.tag.role",
        _untag_group("node", "sigs.k8s.io/cluster-api-provider-aws/role"),
        "tags[role]",
        "c1",
        Severity.MEDIUM,
        REVERTED,
    ),
    ("aws.security-group.tag.name", _tag_group("node", "Name", "x"), "tags[Name]", "c1", Severity.LOW, REVERTED),
    (
        "aws.security-group.tags",
        _tag_group("node", "team", "x"),
        "spec.additionalTags.team",
        "c1",
        Severity.LOW,
        REVERTED,
    ),
)


@pytest.mark.parametrize(
    ("rule", "change", "path", "name", "severity", "reaction"),
    CHANGES,
    ids=[f"{number}-{change[0]}" for number, change in enumerate(CHANGES)],
)
def test_one_change_in_ec2_is_one_fact(
    c1: World,
    rule: str,
    change: Callable[[World], None],
    path: str,
    name: str,
    severity: Severity,
    reaction: ReactionKind,
) -> None:
    change(c1)

    facts = c1.facts()

    assert [(fact.row.id, fact.path, fact.link.object.name) for fact in facts] == [(rule, path, name)]
    assert (facts[0].severity or facts[0].row.severity) is severity
    assert facts[0].row.reaction.kind is reaction


def test_a_rule_by_prefix_list_is_seen_although_capa_does_not_see_it(c1: World) -> None:
    _prefix_list(c1)

    facts = c1.facts()

    assert [fact.row.id for fact in facts] == ["aws.security-group.ingress.prefix-list"]
    assert facts[0].path.startswith("ingress[tcp 22 from pl-")
    assert facts[0].row.reaction.kind is IGNORED


def test_the_rules_of_a_group_outside_capas_protection_are_still_compared(c1: World) -> None:
    _tag_group("node", f"{CCM}c1", "owned")(c1)
    _authorize("node", _permission("tcp", 22, 22, "0.0.0.0/0"))(c1)

    facts = c1.facts()

    rule = next(fact for fact in facts if fact.row.id == "aws.security-group.ingress")
    assert len(facts) == 2
    assert rule.row.reaction.kind is IGNORED
    assert "cloud provider's tag" in rule.row.reaction.detail


def test_an_extra_rule_names_where_it_would_be_declared(c1: World) -> None:
    _authorize("controlplane", _permission("tcp", 22, 22, "0.0.0.0/0", "tmp"))(c1)

    (fact,) = c1.facts()

    assert fact.capi == ABSENT
    assert fact.cloud == Present('tcp 22 from 0.0.0.0/0 "tmp"')
    assert fact.capi_path == ("spec", "network", "additionalControlPlaneIngressRules")
    assert fact.note == "security group of role controlplane; opens SSH to the whole internet"


def test_a_further_tag_is_nobodys_business(c1: World) -> None:
    _tag("backup.example.com/plan", "daily")(c1)
    _tag_group("node", "owner", "kim")(c1)

    assert c1.facts() == ()


def test_a_secondary_interface_of_the_cni_is_left_out(c1: World) -> None:
    group = c1.ec2.create_security_group(GroupName="pods", Description="pods", VpcId=c1.state.vpc_id)["GroupId"]
    interface = c1.ec2.create_network_interface(
        SubnetId=c1.state.subnet_ids["private"], Groups=[group], Description="aws-K8S-i-1"
    )["NetworkInterface"]["NetworkInterfaceId"]
    c1.ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=c1.state.instances["md-0"], DeviceIndex=1)

    assert c1.facts() == ()


def test_a_secondary_interface_with_the_clusters_tag_is_compared(c1: World) -> None:
    group = c1.state.security_groups["bastion" if "bastion" in c1.state.security_groups else "controlplane"]
    interface = c1.ec2.create_network_interface(SubnetId=c1.state.subnet_ids["private"], Groups=[group])
    interface_id = interface["NetworkInterface"]["NetworkInterfaceId"]
    c1.ec2.create_tags(Resources=[interface_id], Tags=[{"Key": f"{TAG}c1", "Value": "owned"}])
    c1.ec2.attach_network_interface(
        NetworkInterfaceId=interface_id, InstanceId=c1.state.instances["md-0"], DeviceIndex=1
    )

    assert [fact.path for fact in c1.facts()] == [f"securityGroups[{interface_id}]"]


def test_capa_does_not_repair_an_interface_without_the_clusters_tag(c1: World) -> None:
    c1.ec2.delete_tags(Resources=[_interface(c1, "md-0")], Tags=[{"Key": f"{TAG}c1"}])
    _groups("md-0", "node", "lb", "controlplane")(c1)

    (fact,) = c1.facts()

    assert fact.row.reaction.kind is IGNORED
    assert "lacks the cluster's tag" in fact.row.reaction.detail


def test_nothing_is_put_back_while_the_cluster_is_paused(c1: World) -> None:
    _metadata(HttpTokens="optional")(c1)
    paused = changed(c1.named("Cluster", "c1"), spec={"paused": True})

    (fact,) = c1.facts(replaced(c1.objects, paused))

    assert fact.row.reaction.kind is IGNORED
    assert fact.row.reaction.detail.startswith("Cluster is paused")


def test_a_tag_that_capa_has_not_applied_yet_is_on_its_way(c1: World) -> None:
    machine = c1.named("AWSMachine", "md-0")
    annotations = {"sigs.k8s.io/cluster-api-provider-aws-last-applied-tags": '{"team":"checkout"}'}
    edited = changed(machine, spec={"additionalTags": {"team": "search"}}, metadata={"annotations": annotations})

    fact, of_volume = sorted(c1.facts(replaced(c1.objects, edited)), key=lambda fact: fact.row.id)

    assert (fact.capi, fact.cloud) == (Present("search"), Present("checkout"))
    assert fact.row.reaction.kind is REVERTED
    assert (of_volume.row.id, of_volume.row.reaction.kind) == ("aws.volume.tags", IGNORED)


def test_a_machine_on_its_way_out_is_not_compared(c1: World) -> None:
    _metadata(HttpTokens="optional")(c1)
    leaving = changed(c1.named("AWSMachine", "cp-0"), metadata={"deletionTimestamp": "2026-11-20T00:00:00Z"})

    assert c1.facts(replaced(c1.objects, leaving)) == ()


def test_groups_chosen_by_filters_are_found_among_the_listed_ones(c1: World) -> None:
    group = c1.ec2.create_security_group(GroupName="extra", Description="x", VpcId=c1.state.vpc_id)["GroupId"]
    c1.ec2.create_tags(Resources=[group], Tags=[{"Key": "purpose", "Value": "backup"}])
    filters = [{"filters": [{"name": "tag:purpose", "values": ["back*"]}]}]
    edited = changed(c1.named("AWSMachine", "md-0"), spec={"additionalSecurityGroups": filters})

    (fact,) = c1.facts(replaced(c1.objects, edited))

    assert fact.note == f"missing: {group}"


def test_a_filter_that_is_not_evaluated_makes_the_groups_unknown(c1: World) -> None:
    filters = [{"filters": [{"name": "owner-id", "values": ["x"]}]}]
    edited = changed(c1.named("AWSMachine", "md-0"), spec={"additionalSecurityGroups": filters})

    (fact,) = c1.facts(replaced(c1.objects, edited))

    assert "owner-id" in getattr(fact.capi, "reason", "")
