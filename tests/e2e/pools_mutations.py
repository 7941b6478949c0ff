"""Single changes around a machine pool: its objects, its Auto Scaling group, its launch template."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from drift_audit.model.findings import Severity, Verdict
from tests.e2e.mutations import CLOUD, NAME, Mutation, commit, ec2, group, patch
from tests.rig.aws_pools import PoolState
from tests.rig.aws_state import CCM, TAG
from tests.rig.client import Json
from tests.rig.controllers import CORE, INFRA
from tests.rig.fleet import Fleet, Workload
from tests.rig.moto_pools import end_refresh, fail_launches

POOL = f"{NAME}-mp-0"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
POOLED = Workload(
    name=NAME,
    flavour="machinepool",
    infra={"additionalTags": {"cost-centre": "42"}},
    pools={
        "lifecycleHooks": [{"name": "warm", "lifecycleTransition": LAUNCHING, "defaultResult": "CONTINUE"}],
        "awsLaunchTemplate": {
            "iamInstanceProfile": "nodes.cluster-api-provider-aws.sigs.k8s.io",
            "instanceType": "m6i.xlarge",
            "instanceMetadataOptions": {"httpTokens": "required"},
            "rootVolume": {"size": 80, "encrypted": True},
        },
    },
)


def state(fleet: Fleet) -> PoolState:
    return fleet.states[NAME].pools[POOL]


def scaling(fleet: Fleet) -> Any:
    return fleet.aws_client("autoscaling", NAME)


def updated(**change: Any) -> Callable[[Fleet], Any]:
    return lambda fleet: scaling(fleet).update_auto_scaling_group(AutoScalingGroupName=POOL, **change)


def resized(fleet: Fleet) -> None:
    scaling(fleet).set_desired_capacity(AutoScalingGroupName=POOL, DesiredCapacity=5)


def processes(verb: str, *names: str) -> Callable[[Fleet], Any]:
    return lambda fleet: getattr(scaling(fleet), f"{verb}_processes")(
        AutoScalingGroupName=POOL, ScalingProcesses=list(names)
    )


def hook(name: str, **change: Any) -> Callable[[Fleet], Any]:
    settings = {"LifecycleTransition": LAUNCHING, "DefaultResult": "CONTINUE", "HeartbeatTimeout": 3600, **change}
    return lambda fleet: scaling(fleet).put_lifecycle_hook(
        AutoScalingGroupName=POOL, LifecycleHookName=name, **settings
    )


def no_hook(fleet: Fleet) -> None:
    scaling(fleet).delete_lifecycle_hook(AutoScalingGroupName=POOL, LifecycleHookName="warm")


def policy(fleet: Fleet) -> None:
    scaling(fleet).put_scaling_policy(
        AutoScalingGroupName=POOL,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
        },
    )


def action(fleet: Fleet) -> None:
    scaling(fleet).put_scheduled_update_group_action(
        AutoScalingGroupName=POOL, ScheduledActionName="night", Recurrence="0 20 * * *", DesiredCapacity=0
    )


def new_version(**change: Any) -> Callable[[Fleet], Any]:
    """A version that a person makes of the newest one; `None` takes a field out."""

    def act(fleet: Fleet) -> None:
        template = state(fleet).template_id
        found = ec2(fleet).describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Latest"])
        data = {**found["LaunchTemplateVersions"][0]["LaunchTemplateData"], **change}
        kept = {name: value for name, value in data.items() if value is not None}
        ec2(fleet).create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=kept)

    return act


def opened(fleet: Fleet) -> None:
    new_version(SecurityGroupIds=[group(fleet, role) for role in ("node", "lb", "controlplane")])(fleet)


def pinned(fleet: Fleet) -> None:
    updated(LaunchTemplate={"LaunchTemplateId": state(fleet).template_id, "Version": "1"})(fleet)


def swapped(fleet: Fleet) -> None:
    made = ec2(fleet).create_launch_template(
        LaunchTemplateName="by-hand", LaunchTemplateData={"ImageId": "ami-0123456789abcdef0"}
    )
    updated(LaunchTemplate={"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Latest"})(
        fleet
    )


def subnet(fleet: Fleet) -> None:
    updated(VPCZoneIdentifier=fleet.states[NAME].subnet_ids["private"])(fleet)


def untagged(key: str) -> Callable[[Fleet], Any]:
    tag = {"Key": key, "ResourceId": POOL, "ResourceType": "auto-scaling-group"}
    return lambda fleet: scaling(fleet).delete_tags(Tags=[tag])


def template_untagged(fleet: Fleet) -> None:
    ec2(fleet).delete_tags(Resources=[state(fleet).template_id], Tags=[{"Key": f"{TAG}{NAME}"}])


def standby(fleet: Fleet) -> None:
    scaling(fleet).enter_standby(
        AutoScalingGroupName=POOL,
        InstanceIds=list(state(fleet).instances)[:1],
        ShouldDecrementDesiredCapacity=False,
    )


def protect(fleet: Fleet) -> None:
    scaling(fleet).set_instance_protection(
        AutoScalingGroupName=POOL, InstanceIds=list(state(fleet).instances)[:1], ProtectedFromScaleIn=True
    )


def no_capacity(fleet: Fleet) -> None:
    """A replacement that AWS cannot give: the size is as declared, and one member is missing."""
    workload = fleet.workloads[NAME]
    scaling(fleet).set_instance_health(InstanceId=next(iter(state(fleet).instances)), HealthStatus="Unhealthy")
    fail_launches(workload.account, workload.region, POOL, wanted=2, message="InsufficientInstanceCapacity")


def failed_refresh(fleet: Fleet) -> None:
    """CAPA made a version and started a refresh that failed."""
    workload = fleet.workloads[NAME]
    new_version()(fleet)
    target = {"apiVersion": INFRA, "kind": "AWSMachinePool", "metadata": {"name": POOL, "namespace": fleet.namespace}}
    fleet.management_cluster.client.as_manager("manager").status(target, {"launchTemplateVersion": "2"})
    scaling(fleet).start_instance_refresh(AutoScalingGroupName=POOL)
    end_refresh(workload.account, workload.region, POOL, "Failed", "instances did not become healthy")


def delete_group(fleet: Fleet) -> None:
    scaling(fleet).delete_auto_scaling_group(AutoScalingGroupName=POOL, ForceDelete=True)


def delete_template(fleet: Fleet) -> None:
    ec2(fleet).delete_launch_template(LaunchTemplateId=state(fleet).template_id)


def leave_group(fleet: Fleet) -> None:
    """A group that CAPA made, with an instance, and that no AWSMachinePool names."""
    tags = {f"{TAG}{NAME}": "owned", f"{CCM}{NAME}": "owned", "Name": "gone"}
    described = [{"Key": key, "Value": value} for key, value in tags.items()]
    made = ec2(fleet).create_launch_template(
        LaunchTemplateName="somebodys",
        LaunchTemplateData={
            "ImageId": "ami-0123456789abcdef0",
            "InstanceType": "m6i.large",
            "TagSpecifications": [{"ResourceType": "instance", "Tags": described}],
        },
    )
    scaling(fleet).create_auto_scaling_group(
        AutoScalingGroupName=f"{NAME}-gone",
        MinSize=1,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=fleet.states[NAME].subnet_ids["private"],
        LaunchTemplate={"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"]},
        Tags=[
            {**tag, "ResourceId": f"{NAME}-gone", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
            for tag in described
        ],
    )


def cloud(name: str, act: Callable[[Fleet], Any], path: str, severity: Severity, says: str, **more: Any) -> Mutation:
    return Mutation(
        name=f"machine pool: {name}",
        act=act,
        path=path,
        severity=severity,
        says=says,
        workload=POOLED,
        **{"verdict": CLOUD, "kind": "AWSMachinePool", **more},
    )


def cluster(name: str, act: Callable[[Fleet], Any], kind: str, path: str, **more: Any) -> Mutation:
    return Mutation(
        name=f"machine pool: {name}",
        act=act,
        kind=kind,
        path=path,
        workload=POOLED,
        **{"verdict": Verdict.EDITED_IN_CLUSTER, **more},
    )


def pool_spec(body: Json) -> Callable[[Fleet], Any]:
    return patch("kubectl-edit", INFRA, "AWSMachinePool", POOL, {"spec": body})


_SCRIPT = base64.b64encode(b"#!/bin/sh").decode()
_ROOT = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 80, "Encrypted": False, "DeleteOnTermination": True}}
_OPEN_METADATA = {"HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1, "HttpTokens": "optional"}
_REVERTS, _STAYS = "reverts within 10 min", "nothing will repair this"
_LOW, _MEDIUM, _HIGH, _CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
_TEMPLATE = "spec.awsLaunchTemplate"

POOL_EDITS = (
    cluster(
        "scaled by kubectl, and the group did not follow",
        patch("kubectl-scale", CORE, "MachinePool", POOL, {"spec": {"replicas": 4}}),
        "MachinePool",
        "spec.replicas",
        actor="kubectl-scale",
        line="replicas: 2",
    ),
    cluster(
        "largest size edited in the cluster",
        pool_spec({"maxSize": 90}),
        "AWSMachinePool",
        "spec.maxSize",
        actor="kubectl-edit",
        line="maxSize: 10",
    ),
    cluster(
        "instance type edited in the cluster",
        pool_spec({"awsLaunchTemplate": {"instanceType": "m6i.metal"}}),
        "AWSMachinePool",
        f"{_TEMPLATE}.instanceType",
        line="instanceType: m6i.xlarge",
    ),
    cluster(
        "smallest size changed in Git and not applied",
        lambda fleet: commit(fleet, ("minSize: 1", "minSize: 2")),
        "AWSMachinePool",
        "spec.minSize",
        verdict=Verdict.NOT_APPLIED,
        line="minSize: 2",
    ),
    cloud("group resized", resized, "spec.replicas", _MEDIUM, _REVERTS, kind="MachinePool", line="replicas: 2"),
    cloud("smallest size set to none", updated(MinSize=0), "spec.minSize", _HIGH, _REVERTS, line="minSize: 1"),
    cloud("largest size raised", updated(MaxSize=80), "spec.maxSize", _HIGH, _REVERTS, line="maxSize: 10"),
    cloud("moved to fewer subnets", subnet, "spec.subnets", _HIGH, _REVERTS),
    cloud("rebalancing switched on", updated(CapacityRebalance=True), "spec.capacityRebalance", _LOW, _REVERTS),
    cloud("launching suspended", processes("suspend", "Launch"), "spec.suspendProcesses", _HIGH, _REVERTS),
    cloud("cooldown changed", updated(DefaultCooldown=30), "spec.defaultCoolDown", _LOW, _STAYS),
    cloud("warm-up changed", updated(DefaultInstanceWarmup=30), "spec.defaultInstanceWarmup", _LOW, _STAYS),
    cloud("health checks changed", updated(HealthCheckType="ELB"), "healthCheckType", _MEDIUM, _STAYS),
    cloud(
        "termination policy changed",
        updated(TerminationPolicies=["OldestInstance"]),
        "terminationPolicies",
        _MEDIUM,
        _STAYS,
    ),
    cloud("lifetime limited", updated(MaxInstanceLifetime=86400), "maxInstanceLifetime", _MEDIUM, _STAYS),
    cloud("launch template swapped", swapped, "status.launchTemplateID", _CRITICAL, _STAYS),
    cloud("launch template version pinned", pinned, "launchTemplate.version", _CRITICAL, _STAYS),
    cloud("member put on standby", standby, "instances[standby]", _MEDIUM, _STAYS),
    cloud("member protected", protect, "instances[protected]", _LOW, _STAYS),
    cloud("group lost the tag of its cluster", untagged(f"{TAG}{NAME}"), "tags[cluster]", _MEDIUM, _STAYS),
    cloud("group lost a declared tag", untagged("cost-centre"), "spec.additionalTags.cost-centre", _LOW, _STAYS),
    cloud("template lost the tag of its cluster", template_untagged, "tags[cluster]", _MEDIUM, _STAYS),
    cloud("declared hook deleted", no_hook, "spec.lifecycleHooks[warm]", _MEDIUM, _REVERTS),
    cloud("further hook", hook("mine"), "spec.lifecycleHooks[mine]", _MEDIUM, _REVERTS),
    cloud(
        "hook waits less",
        hook("warm", HeartbeatTimeout=30),
        "spec.lifecycleHooks[warm].heartbeatTimeout",
        _MEDIUM,
        _REVERTS,
    ),
    cloud("scaling policy", policy, "scalingPolicies", _MEDIUM, _STAYS, verdict=Verdict.HAZARD),
    cloud("scheduled action", action, "scheduledActions", _MEDIUM, _STAYS, verdict=Verdict.HAZARD),
    cloud("launches fail", no_capacity, "scalingActivities", _HIGH, _STAYS, verdict=Verdict.HAZARD),
    cloud("instance refresh failed", failed_refresh, "instanceRefresh", _MEDIUM, _STAYS, verdict=Verdict.HAZARD),
    cloud("version made by hand", new_version(), "status.launchTemplateVersion", _HIGH, _STAYS),
    cloud(
        "instance type in a version made by hand",
        new_version(InstanceType="m6i.8xlarge"),
        f"{_TEMPLATE}.instanceType",
        _HIGH,
        _REVERTS,
        line="instanceType: m6i.xlarge",
    ),
    cloud(
        "another profile in a version made by hand",
        new_version(IamInstanceProfile={"Name": "admin"}),
        f"{_TEMPLATE}.iamInstanceProfile",
        _CRITICAL,
        _REVERTS,
    ),
    cloud(
        "another key in a version made by hand",
        new_version(KeyName="mine"),
        f"{_TEMPLATE}.sshKeyName",
        _MEDIUM,
        _REVERTS,
    ),
    cloud(
        "further security group in a version made by hand",
        opened,
        f"{_TEMPLATE}.additionalSecurityGroups",
        _CRITICAL,
        _REVERTS,
    ),
    cloud(
        "tokens optional in a version made by hand",
        new_version(MetadataOptions=_OPEN_METADATA),
        f"{_TEMPLATE}.instanceMetadataOptions.httpTokens",
        _CRITICAL,
        _REVERTS,
        line="httpTokens: required",
    ),
    cloud(
        "spot market in a version made by hand",
        new_version(InstanceMarketOptions={"MarketType": "spot"}),
        f"{_TEMPLATE}.marketType",
        _MEDIUM,
        _REVERTS,
    ),
    cloud(
        "open volume in a version made by hand",
        new_version(BlockDeviceMappings=[_ROOT]),
        f"{_TEMPLATE}.rootVolume.encrypted",
        _CRITICAL,
        _STAYS,
    ),
    cloud("user data replaced", new_version(UserData=_SCRIPT), "userData", _CRITICAL, _REVERTS),
    cloud(
        "public address in a version made by hand",
        new_version(NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]),
        "launchTemplate.NetworkInterfaces",
        _HIGH,
        _STAYS,
    ),
    cloud("group deleted", delete_group, "spec.providerID", _CRITICAL, "new group", verdict=Verdict.MISSING),
    cloud("template deleted", delete_template, "status.launchTemplateID", _HIGH, "new id", verdict=Verdict.MISSING),
    cloud("group that no object names", leave_group, "", _HIGH, "", verdict=Verdict.ORPHAN, kind=""),
)
