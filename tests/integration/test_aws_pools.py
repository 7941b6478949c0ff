"""Machine pools as CAPA builds them are silent; one change of a group or of its launch template is one fact.

Real calls over HTTP to moto's server, which `tests.rig.moto_pools` teaches what it lacks.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Present
from tests.integration.aws_world import World, world
from tests.rig.aws_pools import BOOTSTRAP, PoolSpec
from tests.rig.aws_state import CCM, ROLE, TAG, AwsClusterSpec, aws_client
from tests.rig.moto_pools import end_refresh, fail_launches
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, changed, replaced

HOOK = {"name": "drain", "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "defaultResult": "CONTINUE"}
MP = PoolSpec(
    name="mp-0",
    spec={
        "minSize": 1,
        "maxSize": 6,
        "additionalTags": {"team": "data"},
        "suspendProcesses": {"processes": {"azRebalance": True}},
        "lifecycleHooks": [HOOK],
        "awsLaunchTemplate": {
            "instanceType": "m5.large",
            "instanceMetadataOptions": {"httpTokens": "required"},
            "rootVolume": {"size": 80, "type": "gp3", "encrypted": True},
        },
    },
)
MIXED = PoolSpec(
    name="mixed-0",
    spec={
        "maxSize": 4,
        "capacityRebalance": True,
        "awsLaunchTemplate": {"instanceType": "m5.large"},
        "mixedInstancesPolicy": {
            "overrides": [{"instanceType": "m5.large"}, {"instanceType": "m5.xlarge"}],
            "instancesDistribution": {
                "onDemandAllocationStrategy": "prioritized",
                "spotAllocationStrategy": "capacity-optimized",
                "onDemandBaseCapacity": 1,
                "onDemandPercentageAboveBaseCapacity": 100,
            },
        },
    },
)
P1 = AwsClusterSpec(name="p1", spec={"additionalTags": {"cost-centre": "42"}}, pools=(MP,))
P2 = AwsClusterSpec(name="p2", pools=(MIXED,))


@dataclass(frozen=True, slots=True)
class Pools:
    """One cluster with one machine pool."""

    world: World
    autoscaling: Any
    name: str

    @property
    def template(self) -> str:
        return self.world.state.pools[self.name].template_id

    @property
    def members(self) -> list[str]:
        return list(self.world.state.pools[self.name].instances)

    def update(self, **change: Any) -> None:
        self.autoscaling.update_auto_scaling_group(AutoScalingGroupName=self.name, **change)

    def new_version(self, **change: Any) -> None:
        """A version that a person makes of the newest one; `None` takes a field out."""
        ec2 = self.world.ec2
        newest = ec2.describe_launch_template_versions(LaunchTemplateId=self.template, Versions=["$Latest"])
        data = {**newest["LaunchTemplateVersions"][0]["LaunchTemplateData"], **change}
        kept = {name: value for name, value in data.items() if value is not None}
        ec2.create_launch_template_version(LaunchTemplateId=self.template, LaunchTemplateData=kept)

    def untag(self, key: str) -> None:
        self.autoscaling.delete_tags(Tags=[{"Key": key, "ResourceId": self.name, "ResourceType": "auto-scaling-group"}])

    def named(self, kind: str) -> CapiObject:
        return self.world.named(kind, self.name)


def build(endpoint: AwsEndpoint, spec: AwsClusterSpec) -> Pools:
    client = aws_client("autoscaling", endpoint.url, ACCOUNT, REGION)
    return Pools(world=world(endpoint, spec), autoscaling=client, name=spec.pools[0].name)


@pytest.fixture
def mp(aws_endpoint: AwsEndpoint) -> Pools:
    return build(aws_endpoint, P1)


@pytest.fixture
def mixed(aws_endpoint: AwsEndpoint) -> Pools:
    return build(aws_endpoint, P2)


def pool(**spec: Any) -> PoolSpec:
    return PoolSpec(name="mp-9", spec={"maxSize": 3, "awsLaunchTemplate": {"instanceType": "m5.large"}, **spec})


def template(**fields: Any) -> PoolSpec:
    return pool(awsLaunchTemplate={"instanceType": "m5.large", **fields})


UNTOUCHED = {
    "plain": pool(),
    "without an instance type, for which the mixed policy speaks": pool(
        awsLaunchTemplate={}, mixedInstancesPolicy={"overrides": [{"instanceType": "m5.large"}]}
    ),
    "spot": template(spotMarketOptions={}),
    "spot with a price": template(spotMarketOptions={"maxPrice": "0.10"}),
    "in zones": pool(availabilityZones=[f"{REGION}a"]),
    "in the private subnets of zones": pool(availabilityZones=[f"{REGION}a"], availabilityZoneSubnetType="private"),
    "no key at all": template(sshKeyName=""),
    "mixed with a distribution": MIXED,
    "with everything": MP,
    "bounds and no replicas of its own": replace(pool(), replicas=1),
}


@pytest.mark.parametrize("spec", UNTOUCHED.values(), ids=UNTOUCHED)
def test_a_pool_that_nobody_touched_is_silent(aws_endpoint: AwsEndpoint, spec: PoolSpec) -> None:
    built = build(aws_endpoint, AwsClusterSpec(name="p9", spec={"additionalTags": {"a": "b"}}, pools=(spec,)))

    correlation = built.world.correlation(later=timedelta(days=1))

    assert built.world.facts() == ()
    assert (correlation.gaps, correlation.absences, correlation.leftovers, correlation.undecided) == ((), (), (), ())


def test_members_of_a_pool_are_claimed_with_their_interfaces(mp: Pools) -> None:
    found = mp.world.correlation(later=timedelta(days=1))

    claimed = {(key.type, key.id) for key in found.claimed}
    assert {("instance", member) for member in mp.members} <= claimed
    assert {("auto-scaling-group", "mp-0"), ("launch-template", mp.template)} <= claimed
    assert ("launch-template-version", mp.template) in claimed
    assert {kind for kind, _ in claimed} >= {"lifecycle-hooks", "scaling-policies", "scheduled-actions"}
    assert found.leftovers == ()


def resized(built: Pools) -> None:
    built.autoscaling.set_desired_capacity(AutoScalingGroupName=built.name, DesiredCapacity=4)


def suspended(built: Pools) -> None:
    built.autoscaling.suspend_processes(AutoScalingGroupName=built.name, ScalingProcesses=["Launch"])


def resumed(built: Pools) -> None:
    built.autoscaling.resume_processes(AutoScalingGroupName=built.name, ScalingProcesses=["AZRebalance"])


def other_template(built: Pools) -> None:
    made = built.world.ec2.create_launch_template(
        LaunchTemplateName="by-hand", LaunchTemplateData={"ImageId": "ami-0123456789abcdef0"}
    )
    built.update(LaunchTemplate={"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"})


def fixed_version(built: Pools) -> None:
    built.update(LaunchTemplate={"LaunchTemplateId": built.template, "Version": "1"})


def hook(**change: Any) -> Callable[[Pools], None]:
    settings = {
        "LifecycleHookName": "drain",
        "LifecycleTransition": HOOK["lifecycleTransition"],
        "DefaultResult": "CONTINUE",
        "HeartbeatTimeout": 3600,
        **change,
    }
    return lambda built: built.autoscaling.put_lifecycle_hook(AutoScalingGroupName=built.name, **settings)


def hook_deleted(built: Pools) -> None:
    built.autoscaling.delete_lifecycle_hook(AutoScalingGroupName=built.name, LifecycleHookName="drain")


def scaling_policy(built: Pools) -> None:
    built.autoscaling.put_scaling_policy(
        AutoScalingGroupName=built.name,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
        },
    )


def scheduled_action(built: Pools) -> None:
    built.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName=built.name, ScheduledActionName="night", Recurrence="0 0 * * *", DesiredCapacity=0
    )


def protected(built: Pools) -> None:
    built.autoscaling.set_instance_protection(
        AutoScalingGroupName=built.name, InstanceIds=built.members[:1], ProtectedFromScaleIn=True
    )


def standby(built: Pools) -> None:
    """moto starts another one in its place where AWS waits; the size stays as it was."""
    built.autoscaling.enter_standby(
        AutoScalingGroupName=built.name, InstanceIds=built.members[:1], ShouldDecrementDesiredCapacity=False
    )


def failing(built: Pools) -> None:
    """The spec wants as many, so that the failure is all there is."""
    fail_launches(ACCOUNT, REGION, built.name, wanted=2, message="We currently do not have sufficient capacity.")
    built.autoscaling.set_instance_health(InstanceId=built.members[0], HealthStatus="Unhealthy")


def hand_made(**change: Any) -> Callable[[Pools], None]:
    return lambda built: built.new_version(**change)


def updated(**change: Any) -> Callable[[Pools], None]:
    return lambda built: built.update(**change)


def untagged(key: str) -> Callable[[Pools], None]:
    return lambda built: built.untag(key)


def template_untagged(key: str) -> Callable[[Pools], None]:
    return lambda built: built.world.ec2.delete_tags(Resources=[built.template], Tags=[{"Key": key}])


def specified(built: Pools, **change: Any) -> dict[str, Any]:
    """The group's own policy with some of its distribution replaced."""
    name = {"LaunchTemplateName": built.name, "Version": "$Latest"}
    overrides = [{"InstanceType": kind} for kind in ("m5.large", "m5.xlarge")]
    distribution = {
        "OnDemandAllocationStrategy": "prioritized",
        "SpotAllocationStrategy": "capacity-optimized",
        "OnDemandBaseCapacity": 1,
        "OnDemandPercentageAboveBaseCapacity": 100,
    }
    changed = {**distribution, **{key: value for key, value in change.items() if key != "Overrides"}}
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": name,
            "Overrides": change.get("Overrides", overrides),
        },
        "InstancesDistribution": changed,
    }


def distributed(**change: Any) -> Callable[[Pools], None]:
    return lambda built: built.update(MixedInstancesPolicy=specified(built, **change))


REVERTED, IGNORED, BREAKS = ReactionKind.REVERTED, ReactionKind.IGNORED, ReactionKind.BREAKS
METADATA = {"HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1, "InstanceMetadataTags": "disabled"}
OTHER_DATA = base64.b64encode(b"#!/bin/sh\ncurl evil").decode()

CHANGES: tuple[tuple[str, str, Callable[[Pools], None], ReactionKind, Severity | None], ...] = (
    ("aws.auto-scaling-group.desired-capacity", "spec.replicas", resized, REVERTED, Severity.MEDIUM),
    ("aws.auto-scaling-group.min-size", "spec.minSize", updated(MinSize=2), REVERTED, Severity.HIGH),
    ("aws.auto-scaling-group.max-size", "spec.maxSize", updated(MaxSize=60), REVERTED, Severity.HIGH),
    (
        "aws.auto-scaling-group.capacity-rebalance",
        "spec.capacityRebalance",
        updated(CapacityRebalance=True),
        REVERTED,
        Severity.LOW,
    ),
    ("aws.auto-scaling-group.suspended-processes", "spec.suspendProcesses", suspended, REVERTED, Severity.HIGH),
    ("aws.auto-scaling-group.suspended-processes", "spec.suspendProcesses", resumed, REVERTED, Severity.HIGH),
    (
        "aws.auto-scaling-group.default-cooldown",
        "spec.defaultCoolDown",
        updated(DefaultCooldown=60),
        IGNORED,
        Severity.LOW,
    ),
    (
        "aws.auto-scaling-group.default-warmup",
        "spec.defaultInstanceWarmup",
        updated(DefaultInstanceWarmup=60),
        IGNORED,
        Severity.LOW,
    ),
    (
        "aws.auto-scaling-group.health-check-type",
        "healthCheckType",
        updated(HealthCheckType="ELB"),
        IGNORED,
        Severity.MEDIUM,
    ),
    (
        "aws.auto-scaling-group.health-check-grace",
        "healthCheckGracePeriod",
        updated(HealthCheckGracePeriod=900),
        IGNORED,
        Severity.LOW,
    ),
    (
        "aws.auto-scaling-group.termination-policies",
        "terminationPolicies",
        updated(TerminationPolicies=["NewestInstance"]),
        IGNORED,
        Severity.MEDIUM,
    ),
    (
        "aws.auto-scaling-group.scale-in-protection",
        "newInstancesProtectedFromScaleIn",
        updated(NewInstancesProtectedFromScaleIn=True),
        IGNORED,
        Severity.MEDIUM,
    ),
    (
        "aws.auto-scaling-group.max-lifetime",
        "maxInstanceLifetime",
        updated(MaxInstanceLifetime=86400),
        IGNORED,
        Severity.MEDIUM,
    ),
    (
        "aws.auto-scaling-group.warm-pool",
        "warmPool",
        lambda built: built.autoscaling.put_warm_pool(AutoScalingGroupName=built.name, MinSize=1),
        IGNORED,
        Severity.MEDIUM,
    ),
    (
        "aws.auto-scaling-group.launch-template",
        "status.launchTemplateID",
        other_template,
        IGNORED,
        Severity.CRITICAL,
    ),
    (
        "aws.auto-scaling-group.launch-template-version",
        "launchTemplate.version",
        fixed_version,
        IGNORED,
        Severity.CRITICAL,
    ),
    ("aws.auto-scaling-group.members.protected", "instances[protected]", protected, IGNORED, Severity.LOW),
    ("aws.auto-scaling-group.members.standby", "instances[standby]", standby, IGNORED, Severity.MEDIUM),
    ("aws.auto-scaling-group.tag.owned", "tags[cluster]", untagged(TAG + "p1"), IGNORED, Severity.MEDIUM),
    ("aws.auto-scaling-group.tag.cloud-provider", "tags[cloud-provider]", untagged(CCM + "p1"), IGNORED, Severity.LOW),
    ("aws.auto-scaling-group.tag.role", "tags[role]", untagged(ROLE), IGNORED, Severity.LOW),
    ("aws.auto-scaling-group.tag.name", "tags[Name]", untagged("Name"), IGNORED, Severity.LOW),
    ("aws.auto-scaling-group.tags", "spec.additionalTags.team", untagged("team"), IGNORED, Severity.LOW),
    ("aws.lifecycle-hooks", "spec.lifecycleHooks[drain]", hook_deleted, REVERTED, Severity.MEDIUM),
    (
        "aws.lifecycle-hooks",
        "spec.lifecycleHooks[drain].heartbeatTimeout",
        hook(HeartbeatTimeout=60),
        REVERTED,
        Severity.MEDIUM,
    ),
    (
        "aws.lifecycle-hooks",
        "spec.lifecycleHooks[drain].defaultResult",
        hook(DefaultResult="ABANDON"),
        REVERTED,
        Severity.MEDIUM,
    ),
    (
        "aws.lifecycle-hooks",
        "spec.lifecycleHooks[mine]",
        hook(LifecycleHookName="mine"),
        REVERTED,
        Severity.MEDIUM,
    ),
    ("aws.scaling-policies", "scalingPolicies", scaling_policy, IGNORED, Severity.MEDIUM),
    ("aws.scheduled-actions", "scheduledActions", scheduled_action, IGNORED, Severity.MEDIUM),
    ("aws.scaling-activities.failed", "scalingActivities", failing, IGNORED, Severity.HIGH),
    ("aws.launch-template.version", "status.launchTemplateVersion", hand_made(), IGNORED, Severity.HIGH),
    ("aws.launch-template.tag.owned", "tags[cluster]", template_untagged(TAG + "p1"), IGNORED, Severity.MEDIUM),
    ("aws.launch-template.tag.cloud-provider", "tags[cloud-provider]", template_untagged(CCM + "p1"), IGNORED, None),
    ("aws.launch-template.tag.role", "tags[role]", template_untagged(ROLE), IGNORED, Severity.LOW),
    ("aws.launch-template.tag.name", "tags[Name]", template_untagged("Name"), IGNORED, Severity.LOW),
    ("aws.launch-template.tags", "spec.additionalTags.team", template_untagged("team"), IGNORED, Severity.LOW),
    (
        "aws.launch-template-version.type",
        "spec.awsLaunchTemplate.instanceType",
        hand_made(InstanceType="m5.8xlarge"),
        REVERTED,
        Severity.HIGH,
    ),
    (
        "aws.launch-template-version.profile",
        "spec.awsLaunchTemplate.iamInstanceProfile",
        hand_made(IamInstanceProfile={"Name": "admin"}),
        REVERTED,
        Severity.CRITICAL,
    ),
    (
        "aws.launch-template-version.key",
        "spec.awsLaunchTemplate.sshKeyName",
        hand_made(KeyName="mine"),
        REVERTED,
        Severity.MEDIUM,
    ),
    (
        "aws.launch-template-version.security-groups",
        "spec.awsLaunchTemplate.additionalSecurityGroups",
        lambda built: built.new_version(SecurityGroupIds=[built.world.state.security_groups["controlplane"]]),
        REVERTED,
        Severity.CRITICAL,
    ),
    (
        "aws.launch-template-version.metadata",
        "spec.awsLaunchTemplate.instanceMetadataOptions.httpTokens",
        hand_made(MetadataOptions={**METADATA, "HttpTokens": "optional"}),
        REVERTED,
        Severity.CRITICAL,
    ),
    (
        "aws.launch-template-version.metadata",
        "spec.awsLaunchTemplate.instanceMetadataOptions.httpPutResponseHopLimit",
        hand_made(MetadataOptions={**METADATA, "HttpTokens": "required", "HttpPutResponseHopLimit": 3}),
        REVERTED,
        Severity.CRITICAL,
    ),
    (
        "aws.launch-template-version.metadata",
        "spec.awsLaunchTemplate.instanceMetadataOptions",
        hand_made(MetadataOptions=None),
        REVERTED,
        None,
    ),
    (
        "aws.launch-template-version.enclave",
        "spec.awsLaunchTemplate.enclaveOptions.enabled",
        hand_made(EnclaveOptions={"Enabled": True}),
        REVERTED,
        Severity.MEDIUM,
    ),
    (
        "aws.launch-template-version.market",
        "spec.awsLaunchTemplate.marketType",
        hand_made(InstanceMarketOptions={"MarketType": "spot"}),
        REVERTED,
        Severity.MEDIUM,
    ),
    (
        "aws.launch-template-version.reservation",
        "spec.awsLaunchTemplate.capacityReservationId",
        hand_made(
            CapacityReservationSpecification={"CapacityReservationTarget": {"CapacityReservationId": "cr-0123456789"}}
        ),
        REVERTED,
        Severity.LOW,
    ),
    (
        "aws.launch-template-version.private-dns",
        "spec.awsLaunchTemplate.privateDnsName",
        hand_made(PrivateDnsNameOptions={"HostnameType": "resource-name"}),
        REVERTED,
        Severity.LOW,
    ),
    (
        "aws.launch-template-version.volumes",
        "spec.awsLaunchTemplate.rootVolume.size",
        hand_made(
            BlockDeviceMappings=[
                {
                    "DeviceName": "/dev/sda1",
                    "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True},
                }
            ]
        ),
        IGNORED,
        Severity.HIGH,
    ),
    (
        "aws.launch-template-version.user-data",
        "userData",
        hand_made(UserData=OTHER_DATA),
        REVERTED,
        Severity.CRITICAL,
    ),
    (
        "aws.launch-template-version.user-data",
        "userData",
        hand_made(UserData=None),
        REVERTED,
        Severity.CRITICAL,
    ),
    (
        "aws.launch-template-version.more",
        "launchTemplate.DisableApiTermination",
        hand_made(DisableApiTermination=True),
        IGNORED,
        Severity.MEDIUM,
    ),
)

MIXED_CHANGES: tuple[tuple[str, Callable[[Pools], None], ReactionKind], ...] = (
    (
        "aws.auto-scaling-group.mixed.overrides",
        distributed(Overrides=[{"InstanceType": "m5.large"}]),
        REVERTED,
    ),
    (
        "aws.auto-scaling-group.mixed.on-demand-strategy",
        distributed(OnDemandAllocationStrategy="lowest-price"),
        REVERTED,
    ),
    (
        "aws.auto-scaling-group.mixed.spot-strategy",
        distributed(SpotAllocationStrategy="price-capacity-optimized"),
        REVERTED,
    ),
    ("aws.auto-scaling-group.mixed.on-demand-base", distributed(OnDemandBaseCapacity=3), REVERTED),
    (
        "aws.auto-scaling-group.mixed.on-demand-percentage",
        distributed(OnDemandPercentageAboveBaseCapacity=10),
        REVERTED,
    ),
    (
        "aws.auto-scaling-group.mixed.unreadable-strategy",
        distributed(SpotAllocationStrategy="diversified"),
        BREAKS,
    ),
    ("aws.auto-scaling-group.mixed.overrides", fixed_version, REVERTED),
)


@pytest.mark.parametrize(
    ("rule", "path", "change", "reaction", "severity"), CHANGES, ids=[f"{each[0]}-{each[1]}" for each in CHANGES]
)
def test_one_change_is_one_fact(
    mp: Pools,
    rule: str,
    path: str,
    change: Callable[[Pools], None],
    reaction: ReactionKind,
    severity: Severity | None,
) -> None:
    change(mp)

    (fact,) = mp.world.facts()

    assert (fact.row.id, fact.path, fact.row.reaction.kind) == (rule, path, reaction)
    assert severity in (None, fact.severity or fact.row.severity)


@pytest.mark.parametrize(
    ("rule", "change", "reaction"),
    MIXED_CHANGES,
    ids=[f"{number}-{each[0]}" for number, each in enumerate(MIXED_CHANGES)],
)
def test_one_change_of_a_mixed_policy_is_one_fact(
    mixed: Pools, rule: str, change: Callable[[Pools], None], reaction: ReactionKind
) -> None:
    change(mixed)

    facts = [fact for fact in mixed.world.facts() if fact.row.id != "aws.auto-scaling-group.launch-template-version"]

    assert [(fact.row.id, fact.row.reaction.kind) for fact in facts] == [(rule, reaction)]


def test_a_group_in_another_subnet_is_told(mp: Pools) -> None:
    mp.update(VPCZoneIdentifier=mp.world.state.subnet_ids["public"])

    (fact,) = mp.world.facts()

    assert (fact.row.id, fact.path) == ("aws.auto-scaling-group.subnets", "spec.subnets")
    assert (fact.capi, fact.cloud) == (
        Present([mp.world.state.subnet_ids["private"]]),
        Present([mp.world.state.subnet_ids["public"]]),
    )


def test_the_size_is_a_fact_about_the_machine_pool(mp: Pools) -> None:
    resized(mp)

    (fact,) = mp.world.facts()

    assert (fact.link.object.kind, fact.capi_path) == ("MachinePool", ("spec", "replicas"))
    assert fact.note == "the group has 4 instances"


@pytest.mark.parametrize(("value", "facts"), [("external-autoscaler", 0), ("", 0), ("false", 1)])
def test_a_size_that_others_manage_is_no_drift(mp: Pools, value: str, facts: int) -> None:
    annotated = changed(
        mp.named("MachinePool"),
        metadata={"annotations": {"cluster.x-k8s.io/replicas-managed-by": value}},
    )
    resized(mp)

    found = mp.world.facts(replaced(mp.world.objects, annotated))

    assert len(found) == facts


@pytest.mark.parametrize("change", [scaling_policy, scheduled_action])
def test_who_lets_others_scale_is_not_warned_of_it(mp: Pools, change: Callable[[Pools], None]) -> None:
    annotated = changed(
        mp.named("MachinePool"), metadata={"annotations": {"cluster.x-k8s.io/replicas-managed-by": "asg"}}
    )
    change(mp)

    assert mp.world.facts(replaced(mp.world.objects, annotated)) == ()


def test_policies_and_actions_are_hazards_and_failures_are_health(mp: Pools) -> None:
    scaling_policy(mp)
    scheduled_action(mp)
    failing(mp)

    found = {fact.row.id: fact.row.finding for fact in mp.world.facts()}

    assert found == {
        "aws.scaling-policies": FindingKind.HAZARD,
        "aws.scheduled-actions": FindingKind.HAZARD,
        "aws.scaling-activities.failed": FindingKind.HEALTH,
    }


def test_a_failed_launch_tells_what_aws_said(mp: Pools) -> None:
    failing(mp)

    (fact,) = mp.world.facts()

    assert fact.cloud == Present(["We currently do not have sufficient capacity."])
    assert "in response to a difference between desired and actual capacity" in fact.note


def test_a_hand_made_version_says_who_made_it(mp: Pools) -> None:
    mp.new_version()

    (fact,) = mp.world.facts()

    assert (fact.capi, fact.cloud) == (Present(1), Present(2))
    assert fact.note.startswith(f"version 2 was made by arn:aws:iam::{ACCOUNT}:")


def test_a_failed_refresh_is_told_while_members_lag_behind(mp: Pools) -> None:
    mp.new_version()
    mp.autoscaling.start_instance_refresh(AutoScalingGroupName="mp-0")
    noted = changed(mp.named("AWSMachinePool"), status={"launchTemplateVersion": "2"})
    objects = replaced(mp.world.objects, noted)
    running = mp.world.facts(objects)
    end_refresh(ACCOUNT, REGION, "mp-0", "Failed", "instances never became healthy")

    (fact,) = mp.world.facts(objects)

    assert running == ()
    assert (fact.row.id, fact.cloud) == ("aws.instance-refresh.failed", Present(["Failed"]))
    assert fact.note == "instances never became healthy; 2 of 2 instances run an older version than 2"


@pytest.mark.parametrize("status", ["Successful", "InProgress", "Pending", "Cancelling", "Baking"])
def test_members_on_an_older_version_are_no_drift_by_themselves(mp: Pools, status: str) -> None:
    """CAPA makes a version for each new bootstrap token and starts no refresh for that."""
    mp.new_version()
    mp.autoscaling.start_instance_refresh(AutoScalingGroupName="mp-0")
    end_refresh(ACCOUNT, REGION, "mp-0", status)
    noted = changed(mp.named("AWSMachinePool"), status={"launchTemplateVersion": "2"})

    assert mp.world.facts(replaced(mp.world.objects, noted)) == ()


def test_an_instance_that_was_attached_by_hand_is_told(mp: Pools) -> None:
    """moto gives every member the group's template, so the attached one is taken out of the answer's mouth."""
    views, clouds = mp.world.read()
    group = clouds[0].resources["auto-scaling-group", "mp-0"]
    members: list[Mapping[str, Any]] = [dict(each) for each in group.attributes["Instances"]]  # type: ignore[union-attr, arg-type]
    stranger = {name: value for name, value in members[0].items() if name != "LaunchTemplate"}
    attributes = {**group.attributes, "Instances": [stranger, *members[1:]]}
    seen = {**clouds[0].resources, ("auto-scaling-group", "mp-0"): replace(group, attributes=attributes)}

    (fact,) = mp.world.compared(views, [replace(clouds[0], resources=seen)])

    assert fact.row.id == "aws.auto-scaling-group.members.attached"
    assert fact.cloud == Present([stranger["InstanceId"]])


def test_a_deleted_group_is_missing_and_its_members_are_not_left_over(mp: Pools) -> None:
    mp.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="mp-0", ForceDelete=True)

    found = mp.world.correlation(later=timedelta(days=1))

    assert [(each.link.resource.type, each.severity) for each in found.absences] == [
        ("auto-scaling-group", Severity.CRITICAL)
    ]
    assert found.absences[0].path == "spec.providerID"
    assert found.leftovers == ()


def test_a_deleted_launch_template_is_missing(mp: Pools) -> None:
    mp.world.ec2.delete_launch_template(LaunchTemplateId=mp.template)

    found = mp.world.correlation(later=timedelta(days=1))

    assert [each.link.resource.type for each in found.absences] == ["launch-template"]
    assert "can launch nothing" in found.absences[0].reaction


SUPPLIED = PoolSpec(
    name="mp-0",
    spec={"awsLaunchTemplate": {"instanceType": "m5.large", "sshKeyName": "team", "iamInstanceProfile": "pool-nodes"}},
    replicas=1,
)


@pytest.fixture
def supplied(aws_endpoint: AwsEndpoint) -> Pools:
    return build(aws_endpoint, AwsClusterSpec(name="p1", pools=(SUPPLIED,)))


def test_what_new_instances_are_made_with_is_there(supplied: Pools) -> None:
    found = supplied.world.correlation(later=timedelta(days=1))

    assert supplied.world.facts() == ()
    assert (found.absences, found.gaps) == ((), ())


def test_a_deleted_key_is_missing_before_the_next_launch_fails(supplied: Pools) -> None:
    supplied.world.ec2.delete_key_pair(KeyName="team")

    (absence,) = supplied.world.correlation(later=timedelta(days=1)).absences

    assert (absence.link.resource.type, absence.path) == ("key-pair", "spec.awsLaunchTemplate.sshKeyName")
    assert "not even as a replacement" in absence.reaction


def test_a_profile_without_its_role_is_told(aws_endpoint: AwsEndpoint, supplied: Pools) -> None:
    iam = aws_client("iam", aws_endpoint.url, ACCOUNT, REGION)
    iam.remove_role_from_instance_profile(InstanceProfileName="pool-nodes", RoleName="pool-nodes")

    (fact,) = supplied.world.facts()

    assert fact.row.id == "aws.machine-pool.instance-profile.role"


def test_a_group_without_its_pool_is_left_over_once_with_its_members(mp: Pools) -> None:
    objects = [found for found in mp.world.objects if found.kind not in ("MachinePool", "AWSMachinePool")]

    found = mp.world.correlation(objects, later=timedelta(days=1))

    assert [(each.resource.type, each.resource.id, each.potential) for each in found.leftovers] == [
        ("auto-scaling-group", "mp-0", False),
        ("launch-template", mp.template, False),
    ]


def test_bootstrap_data_is_in_no_view(mp: Pools) -> None:
    _, clouds = mp.world.read()

    text = BOOTSTRAP.format(name="mp-0")
    seen = str(clouds)
    assert text.splitlines()[1] not in seen
    assert base64.b64encode(text.encode()).decode() not in seen
    assert f"user-data:sha256-noted:{len(text)}" in seen
