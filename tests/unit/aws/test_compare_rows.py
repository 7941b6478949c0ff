"""Rows about fields that moto does not have: attributes as EC2 sends them, checked against botocore's model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from drift_audit.interfaces import Fact
from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import ABSENT, Present, Unknown
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_state import CCM, ROLE, TAG, AwsClusterSpec, AwsClusterState, MachineSpec
from tests.unit.aws.builders import (
    ACCOUNT,
    REGION,
    changed,
    cloud,
    cluster_objects,
    correlated,
    replaced,
    resource,
    settings,
    view,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STATE = AwsClusterState(
    account=ACCOUNT,
    region=REGION,
    vpc_id="vpc-1",
    subnet_ids={"public": "subnet-1", "private": "subnet-2"},
    security_groups={"node": "sg-node", "lb": "sg-lb"},
    instances={"md-0": "i-1", "md-1": "i-2"},
    zone=f"{REGION}a",
    nat_address="192.0.2.1",
)
ATTRIBUTES: dict[str, Any] = {
    "InstanceId": "i-1",
    "InstanceType": "m5.large",
    "ImageId": "ami-1",
    "KeyName": "default",
    "State": {"Code": 16, "Name": "running"},
    "StateTransitionReason": "",
    "SubnetId": "subnet-2",
    "VpcId": "vpc-1",
    "SourceDestCheck": True,
    "Placement": {"AvailabilityZone": f"{REGION}a", "GroupName": "", "Tenancy": "default"},
    "MetadataOptions": {
        "State": "applied",
        "HttpEndpoint": "enabled",
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 1,
        "HttpProtocolIpv6": "disabled",
        "InstanceMetadataTags": "disabled",
    },
    "PrivateDnsNameOptions": {
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": False,
    },
    "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
    "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
    "NetworkInterfaces": [
        {
            "NetworkInterfaceId": "eni-1",
            "InterfaceType": "interface",
            "Attachment": {"DeviceIndex": 0},
            "Groups": [{"GroupId": "sg-lb"}, {"GroupId": "sg-node"}],
            "Ipv6Addresses": [],
        }
    ],
}
SHAPE = botocore.session.get_session().get_service_model("ec2").shape_for("Instance")


def tags(machine: str) -> dict[str, str]:
    return {
        "Name": machine,
        "MachineName": f"default/{machine}",
        TAG + "c1": "owned",
        CCM + "c1": "owned",
        ROLE: "node",
    }


def ec2_instance(**changes: Any) -> CloudResource:
    """An instance of EC2 with every field that EC2 always sends; nested fields are merged, `None` takes one out."""
    merged: dict[str, Any] = dict(ATTRIBUTES)
    for name, value in changes.items():
        nested = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = {**merged[name], **value} if nested else value
    merged = {name: value for name, value in merged.items() if value is not None}
    report = ParamValidator().validate(merged, SHAPE)
    assert not report.has_errors(), report.generate_report()
    return resource("instance", "i-1", **merged, tags=tags("md-0"))


def facts(
    instance: CloudResource,
    spec: Mapping[str, Any] = {},
    *,
    more: tuple[CloudResource, ...] = (),
    edit: Mapping[str, Mapping[str, Any]] = {},
    cluster_edit: Mapping[str, Mapping[str, Any]] = {},
    incomplete: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> tuple[Fact, ...]:
    """The facts about the instance of AWSMachine md-0."""
    machine = MachineSpec(name="md-0", spec={"instanceType": "m5.large", **spec})
    cluster = AwsClusterSpec(name="c1", machines=(machine,))
    objects: list[CapiObject] = [found for found in cluster_objects(cluster, STATE) if found.kind not in without]
    news = [changed(found, **edit) for found in objects if found.kind == "AWSMachine"]
    news += [changed(found, **cluster_edit) for found in objects if found.kind == "AWSCluster"]
    interface = resource("network-interface", "eni-1", tags={TAG + "c1": "owned"})
    account = AwsAccount(account=ACCOUNT, identities=("AWSClusterControllerIdentity/default",))
    provider = AwsProvider(settings(account))
    views = [view(replaced(objects, *news))]
    clouds = [cloud([instance, interface, *more], incomplete=incomplete)]
    links = [link for link in correlated(provider, views, clouds, NOW).links if link.object.kind == "AWSMachine"]
    return tuple(provider.compare(provider.rows(), views, clouds, links))


SPECS: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("aws.instance.ami", {"ami": {"id": "ami-1"}}, {}, {"ImageId": "ami-2"}),
    ("aws.instance.subnet", {"subnet": {"id": "subnet-2"}}, {}, {"SubnetId": "subnet-1"}),
    ("aws.instance.subnet-of-cluster", {}, {}, {"SubnetId": "subnet-9"}),
    ("aws.instance.key-name", {}, {}, {"KeyName": "mine"}),
    ("aws.instance.key-name", {"sshKeyName": "team"}, {"KeyName": "team"}, {"KeyName": None}),
    ("aws.instance.key-name", {"sshKeyName": ""}, {"KeyName": None}, {"KeyName": "default"}),
    ("aws.instance.market", {}, {}, {"InstanceLifecycle": "spot"}),
    ("aws.instance.market", {"spotMarketOptions": {}}, {"InstanceLifecycle": "spot"}, {"InstanceLifecycle": None}),
    (
        "aws.instance.market",
        {"marketType": "CapacityBlock"},
        {"InstanceLifecycle": "capacity-block"},
        {"InstanceLifecycle": None},
    ),
    ("aws.instance.tenancy", {"tenancy": "dedicated"}, {"Placement": {"Tenancy": "dedicated"}}, {}),
    (
        "aws.instance.host",
        {"hostID": "h-1"},
        {"Placement": {"Tenancy": "host", "HostId": "h-1", "Affinity": "default"}},
        {"Placement": {"Tenancy": "host", "HostId": "h-2", "Affinity": "default"}},
    ),
    (
        "aws.instance.host-affinity",
        {"hostID": "h-1", "hostAffinity": "host"},
        {"Placement": {"Tenancy": "host", "HostId": "h-1", "Affinity": "host"}},
        {"Placement": {"Tenancy": "host", "HostId": "h-1", "Affinity": "default"}},
    ),
    (
        "aws.instance.placement-group",
        {"placementGroupName": "pg"},
        {"Placement": {"GroupName": "pg"}},
        {"Placement": {"GroupName": ""}},
    ),
    (
        "aws.instance.placement-partition",
        {"placementGroupName": "pg", "placementGroupPartition": 2},
        {"Placement": {"GroupName": "pg", "PartitionNumber": 2}},
        {"Placement": {"GroupName": "pg", "PartitionNumber": 1}},
    ),
    (
        "aws.instance.capacity-reservation",
        {"capacityReservationId": "cr-1"},
        {"CapacityReservationId": "cr-1"},
        {"CapacityReservationId": "cr-2"},
    ),
    (
        "aws.instance.capacity-reservation-preference",
        {"capacityReservationPreference": "None"},
        {"CapacityReservationSpecification": {"CapacityReservationPreference": "none"}},
        {"CapacityReservationSpecification": {"CapacityReservationPreference": "open"}},
    ),
    (
        "aws.instance.cpu.confidential",
        {"cpuOptions": {"confidentialCompute": "AMDEncryptedVirtualizationNestedPaging"}},
        {"CpuOptions": {"AmdSevSnp": "enabled"}},
        {"CpuOptions": {"AmdSevSnp": "disabled"}},
    ),
    (
        "aws.instance.cpu.nested-virtualization",
        {"cpuOptions": {"nestedVirtualization": "enabled"}},
        {"CpuOptions": {"NestedVirtualization": "enabled"}},
        {},
    ),
    (
        "aws.instance.private-dns.hostname-type",
        {"privateDnsName": {"hostnameType": "resource-name"}},
        {"PrivateDnsNameOptions": {"HostnameType": "resource-name"}},
        {},
    ),
    (
        "aws.instance.private-dns.a-record",
        {"privateDnsName": {"enableResourceNameDnsARecord": True}},
        {"PrivateDnsNameOptions": {"EnableResourceNameDnsARecord": True}},
        {},
    ),
    (
        "aws.instance.private-dns.aaaa-record",
        {"privateDnsName": {"enableResourceNameDnsAAAARecord": True}},
        {"PrivateDnsNameOptions": {"EnableResourceNameDnsAAAARecord": True}},
        {},
    ),
    (
        "aws.instance.interface-type",
        {"networkInterfaceType": "efa"},
        {"NetworkInterfaces": [{**ATTRIBUTES["NetworkInterfaces"][0], "InterfaceType": "efa"}]},
        {},
    ),
    (
        "aws.instance.primary-ipv6",
        {"assignPrimaryIPv6": "enabled"},
        {
            "NetworkInterfaces": [
                {
                    **ATTRIBUTES["NetworkInterfaces"][0],
                    "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1", "IsPrimaryIpv6": True}],
                }
            ]
        },
        {},
    ),
    ("aws.instance.public-address", {"publicIP": True}, {"PublicIpAddress": "192.0.2.9"}, {}),
)


@pytest.mark.parametrize(
    ("rule", "spec", "same", "other"), SPECS, ids=[f"{number}-{entry[0]}" for number, entry in enumerate(SPECS)]
)
def test_a_field_is_silent_while_equal_and_one_fact_when_not(
    rule: str, spec: dict[str, Any], same: dict[str, Any], other: dict[str, Any]
) -> None:
    assert facts(ec2_instance(**same), spec) == ()
    assert [fact.row.id for fact in facts(ec2_instance(**other), spec)] == [rule]


def test_a_subnet_of_another_network_is_shown_under_no_field_of_the_machine() -> None:
    (fact,) = facts(ec2_instance(SubnetId="subnet-9"))

    assert (fact.path, fact.capi_path) == ("subnet", ())
    assert fact.capi == Present(["subnet-1", "subnet-2"])


def test_what_ec2_never_changes_on_an_instance_is_marked_so() -> None:
    prefix = "aws.instance."
    rows = {row.id.removeprefix(prefix): row for row in AwsProvider(settings()).rows() if row.id.startswith(prefix)}

    assert {name for name, row in rows.items() if not row.changeable} == {
        "ami",
        "cpu.confidential",
        "interface-type",
        "key-name",
        "market",
        "subnet",
        "subnet-of-cluster",
        "tenancy",
    }


def test_every_row_is_held_down_by_a_test() -> None:
    """By its id: the tests of the rows name what they expect to see."""
    tests = Path(__file__).parents[2]
    texts = [path.read_text() for folder in ("unit/aws", "integration") for path in (tests / folder).glob("*.py")]

    rows = AwsProvider(settings()).rows()

    assert [row.id for row in rows if not any(f'"{row.id}"' in text for text in texts)] == []


@pytest.mark.parametrize("missing", ["MetadataOptions", "InstanceType", "SourceDestCheck", "NetworkInterfaces"])
def test_a_field_that_ec2_always_sends_and_did_not_is_unknown(missing: str) -> None:
    found = facts(ec2_instance(**{missing: None}))

    assert found
    assert all(isinstance(fact.cloud, Unknown) for fact in found)


def test_a_pending_instance_is_not_judged_by_what_is_not_filled_in_yet() -> None:
    pending = ec2_instance(State={"Name": "pending"}, MetadataOptions={"HttpTokens": "required"})

    assert facts(pending) == ()


def test_a_stopped_instance_says_why() -> None:
    stopped = ec2_instance(State={"Name": "stopped"}, StateTransitionReason="User initiated (2026-11-20)")

    (fact,) = facts(stopped)

    assert (fact.row.id, fact.note) == ("aws.instance.state", "User initiated (2026-11-20)")
    assert (fact.capi, fact.cloud) == (Present("running"), Present("stopped"))


def test_harder_metadata_is_less_bad_than_softer() -> None:
    (harder,) = facts(ec2_instance(MetadataOptions={"HttpTokens": "required"}))
    (softer,) = facts(ec2_instance(), {"instanceMetadataOptions": {"httpTokens": "required"}})

    assert (harder.severity or harder.row.severity) is Severity.MEDIUM
    assert softer.severity is Severity.CRITICAL


def test_a_missing_group_is_less_bad_than_an_extra_one() -> None:
    interface = ATTRIBUTES["NetworkInterfaces"][0]
    (missing,) = facts(ec2_instance(NetworkInterfaces=[{**interface, "Groups": [{"GroupId": "sg-lb"}]}]))
    more = [*interface["Groups"], {"GroupId": "sg-open"}]
    (extra,) = facts(ec2_instance(NetworkInterfaces=[{**interface, "Groups": more}]))

    assert (missing.severity, missing.note) == (Severity.HIGH, "missing: node")
    assert (extra.severity, extra.note) == (Severity.CRITICAL, "extra: sg-open")


@pytest.mark.parametrize(
    "edit",
    [
        {"metadata": {"deletionTimestamp": "2026-11-20T11:00:00Z"}},
        {"metadata": {"labels": {"cluster.x-k8s.io/cluster-name": "c1", "cluster.x-k8s.io/pool-name": "mp"}}},
    ],
    ids=["deleting", "in-a-pool"],
)
def test_what_is_leaving_or_kept_by_a_group_is_not_compared(edit: dict[str, Any]) -> None:
    assert facts(ec2_instance(InstanceType="m5.4xlarge"), edit=edit) == ()


@pytest.mark.parametrize(
    "changed_option",
    [
        {"HttpTokens": "required"},
        {"HttpEndpoint": "disabled"},
        {"HttpPutResponseHopLimit": 2},
        {"HttpProtocolIpv6": "enabled"},
        {"InstanceMetadataTags": "enabled"},
    ],
    ids=lambda option: next(iter(option)),
)
def test_every_metadata_option_waits_until_its_change_is_applied(changed_option: dict[str, Any]) -> None:
    starting = ec2_instance(State={"Name": "pending"}, MetadataOptions=changed_option)
    on_its_way = ec2_instance(MetadataOptions={**changed_option, "State": "pending"})
    applied = ec2_instance(MetadataOptions=changed_option)

    assert (facts(starting), facts(on_its_way)) == ((), ())
    assert len(facts(applied)) == 1


@pytest.mark.parametrize(
    ("edit", "cluster_edit", "why"),
    [
        ({"metadata": {"annotations": {"cluster.x-k8s.io/paused": ""}}}, {}, "AWSMachine is paused"),
        ({}, {"metadata": {"annotations": {"cluster.x-k8s.io/paused": ""}}}, ""),
    ],
    ids=["the-machine", "only-the-awscluster"],
)
def test_a_paused_object_is_not_repaired(edit: dict[str, Any], cluster_edit: dict[str, Any], why: str) -> None:
    softened = ec2_instance(MetadataOptions={"HttpPutResponseHopLimit": 2})

    (fact,) = facts(softened, edit=edit, cluster_edit=cluster_edit)

    assert fact.row.reaction.kind is (ReactionKind.IGNORED if why else ReactionKind.REVERTED)
    assert fact.row.reaction.detail.startswith(why)


def test_an_unexpected_profile_is_a_fact() -> None:
    profile = {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/path/admin", "Id": "x"}

    (fact,) = facts(ec2_instance(IamInstanceProfile=profile))

    assert (fact.capi, fact.cloud) == (ABSENT, Present("admin"))


def test_a_profile_with_a_path_is_the_same_profile() -> None:
    profile = {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/path/nodes", "Id": "x"}

    assert facts(ec2_instance(IamInstanceProfile=profile), {"iamInstanceProfile": "nodes"}) == ()


def test_a_failed_machine_is_not_repaired() -> None:
    softened = ec2_instance(MetadataOptions={"HttpPutResponseHopLimit": 2})

    (fact,) = facts(softened, edit={"status": {"failureReason": "UpdateError"}})

    assert fact.row.reaction.kind is ReactionKind.IGNORED
    assert "has failed for good" in fact.row.reaction.detail


def test_an_instance_whose_interfaces_could_not_be_listed_is_unknown_in_its_secondary_ones() -> None:
    secondary = {"NetworkInterfaceId": "eni-2", "Attachment": {"DeviceIndex": 1}, "Groups": [{"GroupId": "sg-x"}]}
    two = ec2_instance(NetworkInterfaces=[*ATTRIBUTES["NetworkInterfaces"], secondary])

    (fact,) = facts(two, incomplete=("network-interface",))

    assert fact.path == "securityGroups[eni-2]"
    assert isinstance(fact.cloud, Unknown)


def test_without_its_machine_the_role_of_an_instance_is_unknown() -> None:
    found = facts(ec2_instance(), without=("Machine",))

    assert {fact.row.id for fact in found} == {
        "aws.instance.security-groups",
        "aws.instance.tag.role",
        "aws.instance.tag.machine-name",
    }
    assert all(isinstance(fact.capi, Unknown) for fact in found)


def test_a_group_that_the_cluster_has_not_recorded_yet_is_unknown() -> None:
    (fact,) = facts(ec2_instance(), cluster_edit={"status": {"networkStatus": {}}})

    assert fact.row.id == "aws.instance.security-groups"
    assert isinstance(fact.capi, Unknown)


def test_the_cni_may_switch_the_source_check_off_everywhere() -> None:
    off = ec2_instance(SourceDestCheck=False)
    alike = resource("instance", "i-2", VpcId="vpc-1", SourceDestCheck=False, tags=tags("md-1"))
    other = resource("instance", "i-2", VpcId="vpc-1", SourceDestCheck=True, tags=tags("md-1"))

    assert facts(off, more=(alike,)) == ()
    assert [fact.row.id for fact in facts(off, more=(other,))] == ["aws.instance.source-dest-check"]


def test_an_externally_managed_cluster_expects_only_the_additional_groups() -> None:
    annotations = {"metadata": {"annotations": {"cluster.x-k8s.io/managed-by": "crossplane"}}}
    spec = {"additionalSecurityGroups": [{"id": "sg-lb"}, {"id": "sg-node"}], "sshKeyName": "default"}

    assert facts(ec2_instance(), spec, cluster_edit=annotations) == ()


def test_nothing_is_changed_in_what_was_given() -> None:
    instance = ec2_instance(SubnetId="subnet-9")
    before = repr(instance)

    facts(instance)

    assert repr(instance) == before
