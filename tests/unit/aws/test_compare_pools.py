"""Rows about machine pools that moto cannot show: groups and templates as AWS sends them, checked by the model.

- one name for two pools, or for a stranger's group, is a hazard and nothing else is said of it
- a member's AWSMachine is compared for what CAPA keeps of it
- what CAPA never gets to equal is a hazard of the spec alone
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import ABSENT, Present, Unknown
from drift_audit.model.views import ResourceListing
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_pools import PoolPlace, PoolSpec, PoolState, template_data
from tests.rig.aws_state import CCM, ROLE, TAG, AwsClusterSpec, AwsClusterState
from tests.unit.aws.builders import (
    ACCOUNT,
    INFRA,
    REGION,
    SCOPE,
    capi_object,
    changed,
    cloud,
    cluster_objects,
    correlated,
    pool_objects,
    replaced,
    resource,
    settings,
    view,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARN = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/mp-0"
TAGS = {"Name": "mp-0", CCM + "c1": "owned", TAG + "c1": "owned", ROLE: "node"}
STATE = AwsClusterState(
    account=ACCOUNT,
    region=REGION,
    vpc_id="vpc-1",
    subnet_ids={"public": "subnet-1", "private": "subnet-2"},
    security_groups={"node": "sg-node", "lb": "sg-lb"},
    instances={},
    zone=f"{REGION}a",
    nat_address="192.0.2.1",
    pools={"mp-0": PoolState(group_arn=ARN, template_id="lt-1", instances={"i-1": f"{REGION}a"})},
)
PLACE = PoolPlace(
    tags={key: value for key, value in TAGS.items() if key != "Name"},
    groups=["sg-node", "sg-lb"],
    subnets=STATE.subnet_ids,
    namespace="default",
    image="ami-1",
)
GROUP: dict[str, Any] = {
    "AutoScalingGroupName": "mp-0",
    "AutoScalingGroupARN": ARN,
    "MinSize": 1,
    "MaxSize": 3,
    "DesiredCapacity": 1,
    "DefaultCooldown": 300,
    "DefaultInstanceWarmup": 300,
    "AvailabilityZones": [f"{REGION}a"],
    "HealthCheckType": "EC2",
    "HealthCheckGracePeriod": 0,
    "CreatedTime": NOW,
    "VPCZoneIdentifier": "subnet-2",
    "TerminationPolicies": ["Default"],
    "NewInstancesProtectedFromScaleIn": False,
    "LaunchTemplate": {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "mp-0", "Version": "$Latest"},
    "SuspendedProcesses": [],
    "Instances": [
        {
            "InstanceId": "i-1",
            "AvailabilityZone": f"{REGION}a",
            "LifecycleState": "InService",
            "HealthStatus": "Healthy",
            "LaunchTemplate": {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "mp-0", "Version": "1"},
            "ProtectedFromScaleIn": False,
        }
    ],
}
SERVICES = {
    "auto-scaling-group": ("autoscaling", "AutoScalingGroup"),
    "launch-template-version": ("ec2", "LaunchTemplateVersion"),
}
REQUIRED: Mapping[str, Mapping[str, Any]] = {"auto-scaling-group": GROUP}
"""What the model wants to be there, for the answers in which something is missing."""


def of_model(kind: str, resource_id: str, attributes: Mapping[str, Any], **more: Any) -> CloudResource:
    """A resource whose attributes AWS could have sent; `None` takes one out."""
    kept = {name: value for name, value in attributes.items() if value is not None}
    service, shape = SERVICES[kind]
    model = botocore.session.get_session().get_service_model(service).shape_for(shape)
    report = ParamValidator().validate({**REQUIRED.get(kind, {}), **kept}, model)
    assert not report.has_errors(), report.generate_report()
    return resource(kind, resource_id, **kept, **more)


def group(tags: Mapping[str, str] = TAGS, **changes: Any) -> CloudResource:
    return of_model("auto-scaling-group", "mp-0", {**GROUP, **changes}, tags=dict(tags))


def template(latest: int = 1) -> CloudResource:
    return resource(
        "launch-template",
        "lt-1",
        LaunchTemplateId="lt-1",
        LaunchTemplateName="mp-0",
        LatestVersionNumber=latest,
        tags=TAGS,
    )


def version(pool: PoolSpec, **changes: Any) -> CloudResource:
    data = {**template_data(pool, PLACE), "UserData": "user-data:sha256-noted:60", **changes}
    kept = {name: value for name, value in data.items() if value is not None}
    attributes = {"LaunchTemplateId": "lt-1", "VersionNumber": 1, "CreatedBy": "arn:x", "LaunchTemplateData": kept}
    return of_model("launch-template-version", "lt-1", attributes)


def hanging(kind: str, field: str, items: list[Any] | None = None) -> CloudResource:
    attributes: dict[str, Any] = {"AutoScalingGroupName": "mp-0", field: items or []}
    return resource(kind, "mp-0", **attributes)


def pool_of(**awslt: Any) -> PoolSpec:
    return PoolSpec(
        name="mp-0", spec={"maxSize": 3, "awsLaunchTemplate": {"instanceType": "m5.large", **awslt}}, replicas=1
    )


POOL = pool_of()


def judged(
    pool: PoolSpec = POOL,
    *resources: CloudResource,
    edit: Mapping[str, Mapping[str, Any]] = {},
    infra: Mapping[str, Mapping[str, Any]] = {},
    owner: Mapping[str, Mapping[str, Any]] = {},
    more: tuple[CapiObject, ...] = (),
    without: tuple[str, ...] = (),
    incomplete: tuple[str, ...] = (),
) -> tuple[Correlation, tuple[Fact, ...]]:
    """What is said of a cluster with one pool, whose AWS is untouched but for the given resources."""
    cluster = AwsClusterSpec(name="c1", pools=(pool,))
    objects = [found for found in cluster_objects(cluster, STATE) if found.kind not in without]
    edits = {"AWSMachinePool": edit, "AWSCluster": infra, "MachinePool": owner}
    objects = replaced(objects, *(changed(each, **edits[each.kind]) for each in objects if edits.get(each.kind)))
    world = {
        found.key.type: found
        for found in (
            group(),
            template(),
            version(pool),
            hanging("lifecycle-hooks", "LifecycleHooks"),
            hanging("scaling-policies", "ScalingPolicies"),
            hanging("scheduled-actions", "ScheduledUpdateGroupActions"),
        )
    }
    others = [found for found in resources if found.key.type not in SERVICES]
    world |= {found.key.type: found for found in resources if found.key.type in SERVICES or found.key.type in world}
    views = [view([*objects, *more])]
    account = AwsAccount(account=ACCOUNT, identities=("AWSClusterControllerIdentity/default",))
    provider = AwsProvider(settings(account))
    asked = next(request for request in provider.plan(views).requests if request.scope == SCOPE)
    groups = [resource("security-group", found, VpcId="vpc-1") for found in STATE.security_groups.values()]
    scope = cloud([*world.values(), *groups, *others], incomplete=incomplete)
    subnets = ResourceListing(type="subnet", complete="subnet" not in incomplete)
    clouds = [replace(scope, clusters=asked.clusters, listings={**scope.listings, "subnet": subnets})]
    correlation = correlated(provider, views, clouds, NOW)
    links = [link for link in correlation.links if link.resource.type != "security-group"]
    return correlation, tuple(provider.compare(provider.rows(), views, clouds, links))


def rules(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.row.id for fact in facts]


def test_an_untouched_pool_is_silent() -> None:
    correlation, facts = judged()

    assert (facts, correlation.undecided, correlation.gaps, correlation.leftovers) == ((), (), (), ())


SPECS: tuple[tuple[str, PoolSpec, dict[str, Any], str], ...] = (
    (
        "aws.launch-template-version.image",
        pool_of(ami={"id": "ami-7"}),
        {"ImageId": "ami-8"},
        "spec.awsLaunchTemplate.ami.id",
    ),
    (
        "aws.launch-template-version.image",
        pool_of(ami={"id": "ami-7"}),
        {"ImageId": None},
        "spec.awsLaunchTemplate.ami.id",
    ),
    (
        "aws.launch-template-version.profile",
        pool_of(iamInstanceProfile="nodes"),
        {"IamInstanceProfile": {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/team/nodes"}},
        "spec.awsLaunchTemplate.iamInstanceProfile",
    ),
    (
        "aws.launch-template-version.key",
        pool_of(sshKeyName="team"),
        {"KeyName": None},
        "spec.awsLaunchTemplate.sshKeyName",
    ),
    (
        "aws.launch-template-version.spot-price",
        pool_of(spotMarketOptions={"maxPrice": "0.10"}),
        {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.50"}}},
        "spec.awsLaunchTemplate.spotMarketOptions.maxPrice",
    ),
    (
        "aws.launch-template-version.market",
        pool_of(spotMarketOptions={"maxPrice": ""}),
        {"InstanceMarketOptions": None},
        "spec.awsLaunchTemplate.marketType",
    ),
    (
        "aws.launch-template-version.reservation-preference",
        pool_of(capacityReservationPreference="None"),
        {"CapacityReservationSpecification": {"CapacityReservationPreference": "open"}},
        "spec.awsLaunchTemplate.capacityReservationPreference",
    ),
    (
        "aws.launch-template-version.private-dns",
        pool_of(privateDnsName={"hostnameType": "resource-name"}),
        {"PrivateDnsNameOptions": {"HostnameType": "ip-name"}},
        "spec.awsLaunchTemplate.privateDnsName.hostnameType",
    ),
    (
        "aws.launch-template-version.instance-tags",
        POOL,
        {
            "TagSpecifications": [
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items() if key != TAG + "c1"],
                }
            ]
        },
        f"launchTemplate.instanceTags[{TAG}c1]",
    ),
    (
        "aws.launch-template-version.more",
        POOL,
        {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]},
        "launchTemplate.NetworkInterfaces",
    ),
    (
        "aws.launch-template-version.volumes",
        pool_of(rootVolume={"size": 80, "encrypted": True}),
        {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 80, "DeleteOnTermination": True}}]},
        "spec.awsLaunchTemplate.rootVolume.encrypted",
    ),
    (
        "aws.launch-template-version.volumes",
        POOL,
        {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 80}}]},
        "spec.awsLaunchTemplate.nonRootVolumes[deviceName=/dev/sdf]",
    ),
)


@pytest.mark.parametrize(("rule", "pool", "change", "path"), SPECS, ids=[f"{each[0]}-{each[3]}" for each in SPECS])
def test_one_difference_of_a_version_is_one_fact(rule: str, pool: PoolSpec, change: dict[str, Any], path: str) -> None:
    base = (
        {"CapacityReservationSpecification": {"CapacityReservationPreference": "none"}} if "Pref" in str(pool) else {}
    )
    base |= {"PrivateDnsNameOptions": {"HostnameType": "resource-name"}} if "privateDnsName" in str(pool) else {}

    _, untouched = judged(pool, version(pool, **base))
    _, facts = judged(pool, version(pool, **{**base, **change}))

    assert untouched == ()
    assert [(fact.row.id, fact.path.replace('"', "")) for fact in facts] == [(rule, path)]


def test_unencrypted_new_volumes_are_critical() -> None:
    pool = pool_of(rootVolume={"size": 80, "encrypted": True})
    plain = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 80, "DeleteOnTermination": True, "Encrypted": False}}

    _, (fact,) = judged(pool, version(pool, BlockDeviceMappings=[plain]))

    assert fact.severity is Severity.CRITICAL
    assert fact.capi_path == ("spec", "awsLaunchTemplate", "rootVolume", "encrypted")


@pytest.mark.parametrize(
    "spelled",
    [
        {"IamInstanceProfile": {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/nodes"}},
        {"IamInstanceProfile": {"Name": "nodes"}},
        {"IamInstanceProfile": {"Name": "nodes"}, "EbsOptimized": False, "LicenseSpecifications": []},
        {"IamInstanceProfile": {"Name": "nodes"}, "EnclaveOptions": {"Enabled": False}},
        {"IamInstanceProfile": {"Name": "nodes"}, "SecurityGroupIds": ["sg-lb", "sg-node"]},
    ],
)
def test_the_same_spelled_differently_is_equal(spelled: dict[str, Any]) -> None:
    pool = pool_of(iamInstanceProfile="nodes")

    _, facts = judged(pool, version(pool, **spelled))

    assert facts == ()


@pytest.mark.parametrize(
    ("mark", "edit", "facts"),
    [
        ("user-data:sha256-noted:60", {}, 0),
        ("user-data:sha256-other:99", {}, 1),
        ("user-data:no-note:99", {}, 0),
        ("user-data:pointer:99", {}, 0),
        ("user-data:pointer:99", {"ignition": {"storageType": "ClusterObjectStore"}}, 0),
        ("user-data:pointer:99", {"ignition": {"storageType": "UnencryptedUserData"}}, 1),
    ],
)
def test_user_data_is_judged_where_its_own_hash_was_noted(mark: str, edit: dict[str, Any], facts: int) -> None:
    _, found = judged(POOL, version(POOL, UserData=mark), edit={"spec": edit})

    assert rules(found) == ["aws.launch-template-version.user-data"] * facts


def test_user_data_that_nothing_compared_is_unknown() -> None:
    _, (fact,) = judged(POOL, version(POOL, UserData="c2VjcmV0"))

    assert isinstance(fact.cloud, Unknown)


HAZARDS = (
    {"instanceMetadataOptions": {"httpProtocolIpv6": "enabled"}},
    {"enclaveOptions": {"enabled": False}},
    {"privateDnsName": {"enableResourceNameDnsARecord": True}},
)


@pytest.mark.parametrize("field", HAZARDS, ids=[next(iter(field)) for field in HAZARDS])
def test_a_field_that_capa_never_sees_again_is_a_hazard(field: dict[str, Any]) -> None:
    pool = pool_of(**field)
    sent = {"PrivateDnsNameOptions": {"EnableResourceNameDnsARecord": True}} if "privateDnsName" in field else {}

    _, (fact,) = judged(pool, version(pool, **sent))

    assert (fact.row.id, fact.row.finding) == ("aws.launch-template-version.endless", FindingKind.HAZARD)
    assert fact.row.reaction.kind is ReactionKind.BREAKS


def test_two_pools_of_one_name_in_one_account_are_a_hazard_and_nothing_else() -> None:
    """A second namespace of the same cluster's account and region: CAPA finds one group for both."""
    other = AwsClusterSpec(name="c2", namespace="team-b")
    twin = [
        *cluster_objects(other, STATE),
        *pool_objects(other, POOL, STATE.pools["mp-0"]),
    ]

    _, facts = judged(POOL, group(MinSize=7, MaxSize=9), more=tuple(twin))

    assert rules(facts) == ["aws.auto-scaling-group.shared"] * 2
    assert facts[0].row.finding is FindingKind.HAZARD
    assert facts[0].capi == Present(["AWSMachinePool default/mp-0"])
    assert facts[0].cloud == Present(["AWSMachinePool default/mp-0", "AWSMachinePool mgmt/team-b/mp-0"])


def test_a_pool_of_that_name_in_another_region_is_nobodys_business() -> None:
    elsewhere = AwsClusterSpec(name="c2", namespace="team-b", spec={"region": "us-east-1"})
    twin = [*cluster_objects(elsewhere, STATE), *pool_objects(elsewhere, POOL, STATE.pools["mp-0"])]
    twin = [changed(each, spec={"region": "us-east-1"}) if each.kind == "AWSCluster" else each for each in twin]

    _, facts = judged(more=tuple(twin))

    assert [fact for fact in facts if fact.link.cluster.name == "c1"] == []


def test_a_group_that_a_strangers_tag_claims_is_a_hazard_and_nothing_else() -> None:
    _, (fact,) = judged(POOL, group({**TAGS, TAG + "c1": "shared", TAG + "theirs": "owned"}, MinSize=2))

    assert fact.row.id == "aws.auto-scaling-group.shared"
    assert fact.cloud == Present(["AWSMachinePool default/mp-0", "cluster theirs, by the group's tag"])


def test_a_field_that_auto_scaling_always_sends_and_did_not_is_unknown() -> None:
    _, (fact,) = judged(POOL, group(MinSize=None))

    assert (fact.row.id, isinstance(fact.cloud, Unknown)) == ("aws.auto-scaling-group.min-size", True)


def test_a_pool_whose_owner_was_not_read_is_told_and_not_guessed() -> None:
    correlation, facts = judged(without=("MachinePool",))

    assert [gap.subject for gap in correlation.gaps] == ["AWSMachinePool/default/mp-0"]
    assert {fact.row.id for fact in facts} == {
        "aws.auto-scaling-group.desired-capacity",
        "aws.auto-scaling-group.subnets",
    }
    assert all(isinstance(fact.capi, Unknown) for fact in facts)


def test_a_pool_that_was_never_built_is_undecided() -> None:
    correlation, facts = judged(edit={"spec": {"providerID": ""}})

    assert facts == ()
    assert "CAPA has not built it" in correlation.undecided[0].reason


def test_a_pool_that_was_just_declared_is_given_time() -> None:
    young = {"spec": {"providerID": ""}, "metadata": {"creationTimestamp": "2026-11-20T11:58:00Z"}}

    correlation, facts = judged(edit=young)

    assert (facts, correlation.undecided, correlation.gaps) == ((), (), ())


@pytest.mark.parametrize("section", [{"metadata": {"deletionTimestamp": "2026-11-20T11:58:00Z"}}])
def test_a_pool_that_is_being_deleted_is_left_alone(section: dict[str, Any]) -> None:
    _, facts = judged(POOL, group(MinSize=2), edit=section)

    assert facts == ()


def test_a_group_that_is_being_deleted_is_missing() -> None:
    correlation, _ = judged(POOL, group(Status="Delete in progress"))

    (absence,) = (each for each in correlation.absences if each.link.resource.type == "auto-scaling-group")
    assert (absence.link.resource.id, absence.detail) == ("mp-0", "Delete in progress")


@pytest.mark.parametrize(("incomplete", "missing"), [((), 1), (("launch-template",), 0)])
def test_what_is_not_in_an_unfinished_listing_is_undecided_and_not_missing(
    incomplete: tuple[str, ...], missing: int
) -> None:
    correlation, _ = judged(edit={"status": {"launchTemplateID": "lt-2"}}, incomplete=incomplete)

    gone = [each.link.resource for each in correlation.absences]
    assert [each.id for each in gone if each.type == "launch-template"] == ["lt-2"] * missing
    assert len(correlation.undecided) == 1 - missing


@pytest.mark.parametrize(
    ("owner", "edit", "changes", "says"),
    [
        (
            {"spec": {"replicas": 9}},
            {},
            {},
            "AWS refuses CAPA's update: 9 replicas lie outside minSize 1 and maxSize 3",
        ),
        ({}, {"status": {"failureReason": "UpdateError"}}, {"MaxSize": 5}, "has failed for good"),
        (
            {},
            {"metadata": {"annotations": {"cluster.x-k8s.io/paused": "true"}}},
            {"MaxSize": 5},
            "AWSMachinePool is paused",
        ),
        (
            {},
            {"spec": {"mixedInstancesPolicy": {"overrides": [{"instanceType": "m5.large"}]}}},
            {},
            "CAPA fails on a group without the policy",
        ),
    ],
)
def test_what_keeps_capa_from_putting_it_back_is_told(
    owner: dict[str, Any], edit: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    annotations = {"labels": {"cluster.x-k8s.io/cluster-name": "c1"}, "name": "mp-0", "namespace": "default"}
    owners = [{"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachinePool", "name": "mp-0", "uid": "u"}]
    if "metadata" in edit:
        edit = {"metadata": {**annotations, "ownerReferences": owners, **edit["metadata"]}}

    _, (fact,) = judged(POOL, group(**changes), owner=owner, edit=edit)

    assert fact.row.reaction.kind is ReactionKind.IGNORED
    assert says in fact.row.reaction.detail


def test_an_unreadable_strategy_keeps_capa_from_everything() -> None:
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1", "Version": "$Latest"},
            "Overrides": [{"InstanceType": "m5.large"}],
        },
        "InstancesDistribution": {"OnDemandAllocationStrategy": "prioritized", "SpotAllocationStrategy": "new-one"},
    }
    mixed = {"spec": {"mixedInstancesPolicy": {"overrides": [{"instanceType": "m5.large"}]}}}

    _, facts = judged(POOL, group(LaunchTemplate=None, MixedInstancesPolicy=policy, MaxSize=5), edit=mixed)

    assert sorted(rules(facts)) == [
        "aws.auto-scaling-group.max-size",
        "aws.auto-scaling-group.mixed.unreadable-strategy",
    ]
    assert "allocation strategy new-one" in facts[0].row.reaction.detail


SUBNETS = [
    {"id": "a", "resourceID": "subnet-1", "availabilityZone": "z1", "isPublic": True},
    {"id": "b", "resourceID": "subnet-2", "availabilityZone": "z1", "isPublic": False},
    {"id": "subnet-3", "availabilityZone": "z2", "isPublic": False},
    {"id": "d", "resourceID": "subnet-4", "availabilityZone": "z2", "isPublic": False, "zoneType": "local-zone"},
    {
        "id": "e",
        "resourceID": "subnet-5",
        "availabilityZone": "z1",
        "isPublic": False,
        "tags": {"sigs.k8s.io/cluster-api-provider-aws/association": "secondary"},
    },
]
TAGGED = resource("subnet", "subnet-9", SubnetId="subnet-9", VpcId="vpc-1", AvailabilityZone="z1", tags={"tier": "gpu"})


@pytest.mark.parametrize(
    ("spec", "failure_domains", "wanted"),
    [
        ({}, [], ["subnet-2", "subnet-3"]),
        ({}, ["z2"], ["subnet-3"]),
        ({"availabilityZones": ["z1"]}, ["z2"], ["subnet-1", "subnet-2", "subnet-5"]),
        ({"availabilityZones": ["z1"], "availabilityZoneSubnetType": "all"}, [], ["subnet-1", "subnet-2", "subnet-5"]),
        ({"availabilityZones": ["z1", "z2"], "availabilityZoneSubnetType": "private"}, [], ["subnet-2", "subnet-3"]),
        ({"availabilityZones": ["z1"], "availabilityZoneSubnetType": "public"}, [], ["subnet-1"]),
        ({"subnets": [{"id": "subnet-7"}], "availabilityZones": ["z1"]}, [], ["subnet-7"]),
        ({"subnets": [{"filters": [{"name": "tag:tier", "values": ["g*"]}]}]}, [], ["subnet-9"]),
        (
            {"subnets": [{"filters": [{"name": "tag:tier", "values": ["gpu"]}]}, {"id": "subnet-7"}]},
            [],
            ["subnet-7", "subnet-9"],
        ),
    ],
)
def test_subnets_are_chosen_as_capa_chooses_them(
    spec: dict[str, Any], failure_domains: list[str], wanted: list[str]
) -> None:
    network = {"network": {"vpc": {"id": "vpc-1"}, "subnets": SUBNETS}}

    _, facts = judged(
        POOL,
        group(VPCZoneIdentifier="subnet-none"),
        TAGGED,
        edit={"spec": spec},
        infra={"spec": network},
        owner={"spec": {"failureDomains": failure_domains}},
    )

    assert [(fact.row.id, fact.capi) for fact in facts] == [("aws.auto-scaling-group.subnets", Present(wanted))]


def test_subnets_by_filters_are_unknown_while_subnets_are_not_listed() -> None:
    spec = {"subnets": [{"filters": [{"name": "tag:tier", "values": ["gpu"]}]}]}

    _, (fact,) = judged(POOL, TAGGED, edit={"spec": spec}, incomplete=("subnet",))

    assert isinstance(fact.capi, Unknown)


@pytest.mark.parametrize("name", ["availability-zone", "state"])
def test_filters_that_nothing_passes_or_nobody_knows_are_unknown(name: str) -> None:
    spec = {"subnets": [{"filters": [{"name": name, "values": ["z2"]}]}]}

    _, (fact,) = judged(POOL, TAGGED, edit={"spec": spec})

    assert isinstance(fact.capi, Unknown)


def member(**sections: Mapping[str, Any]) -> CapiObject:
    """The AWSMachine that CAPA writes for a member, with the feature MachinePoolMachines."""
    found = capi_object(
        INFRA,
        "AWSMachine",
        "mp-0-abcde",
        metadata={
            "labels": {"cluster.x-k8s.io/cluster-name": "c1", "cluster.x-k8s.io/pool-name": "mp-0"},
            "ownerReferences": [{"apiVersion": INFRA, "kind": "AWSMachinePool", "name": "mp-0", "uid": "u"}],
        },
        spec={
            "providerID": f"aws:///{REGION}a/i-1",
            "instanceID": "i-1",
            "instanceType": "m5.large",
            "instanceMetadataOptions": {"httpTokens": "required"},
        },
        status={"ready": True},
    )
    return changed(found, **sections)


def test_of_a_member_only_what_capa_keeps_is_compared() -> None:
    """Its type follows from the launch template; its metadata options CAPA puts back to what it found."""
    instance = resource(
        "instance",
        "i-1",
        VpcId="vpc-1",
        SubnetId="subnet-2",
        InstanceType="m5.8xlarge",
        ImageId="ami-9",
        SourceDestCheck=True,
        State={"Name": "running"},
        MetadataOptions={
            "State": "applied",
            "HttpTokens": "optional",
            "HttpEndpoint": "enabled",
            "HttpPutResponseHopLimit": 1,
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "disabled",
        },
        NetworkInterfaces=[
            {
                "NetworkInterfaceId": "eni-1",
                "Attachment": {"DeviceIndex": 0},
                "Groups": [{"GroupId": "sg-lb"}, {"GroupId": "sg-node"}],
            }
        ],
        tags={"Name": "mp-0", TAG + "c1": "owned", "aws:autoscaling:groupName": "mp-0"},
    )

    _, facts = judged(POOL, instance, more=(member(),))

    compared = {fact.row.id for fact in facts}
    assert "aws.instance.metadata.http-tokens" in compared
    assert compared <= {"aws.instance.metadata.http-tokens", "aws.instance.security-groups"}


def test_what_is_not_in_the_answer_is_not_called_absent() -> None:
    """A group without a launch template at all uses a launch configuration."""
    _, (fact,) = judged(POOL, group(LaunchTemplate=None, LaunchConfigurationName="old"))

    assert (fact.row.id, fact.cloud) == ("aws.auto-scaling-group.launch-template", ABSENT)
