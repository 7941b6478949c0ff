"""Calls that change Auto Scaling groups and launch templates."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit_aws.history.events.row import Effect, EventRow, event_row


def pool_events() -> Iterator[EventRow]:
    asg = "autoScalingGroupName"
    yield event_row("autoscaling:CreateAutoScalingGroup", Effect.CREATE, asg)
    yield event_row("autoscaling:DeleteAutoScalingGroup", Effect.DESTROY, asg)
    yield event_row(
        "autoscaling:UpdateAutoScalingGroup",
        Effect.SET,
        asg,
        {
            "MinSize": "minSize",
            "MaxSize": "maxSize",
            "DesiredCapacity": "desiredCapacity",
            "DefaultCooldown": "defaultCooldown",
            "CapacityRebalance": "capacityRebalance",
            "VPCZoneIdentifier": "vPCZoneIdentifier",
            "LaunchTemplate": "launchTemplate",
            "MixedInstancesPolicy": "mixedInstancesPolicy",
        },
        undone_by=("autoscaling:UpdateAutoScalingGroup",),
    )
    yield event_row(
        "autoscaling:SetDesiredCapacity",
        Effect.SET,
        asg,
        {"DesiredCapacity": "desiredCapacity"},
        undone_by=("autoscaling:UpdateAutoScalingGroup", "autoscaling:SetDesiredCapacity"),
    )
    for name, effect, back in (
        ("SuspendProcesses", Effect.ADD, "ResumeProcesses"),
        ("ResumeProcesses", Effect.REMOVE, "SuspendProcesses"),
    ):
        yield event_row(
            f"autoscaling:{name}",
            effect,
            asg,
            {"SuspendedProcesses": "scalingProcesses[]"},
            undone_by=(f"autoscaling:{back}",),
        )
    for name, effect in (("AttachInstances", Effect.ADD), ("DetachInstances", Effect.REMOVE)):
        yield event_row(f"autoscaling:{name}", effect, (asg, "instanceIds[]"), {"Instances": ""})
    yield event_row("autoscaling:TerminateInstanceInAutoScalingGroup", Effect.DESTROY, "instanceId")
    for name, effect in (("PutLifecycleHook", Effect.SET), ("DeleteLifecycleHook", Effect.REMOVE)):
        yield event_row(f"autoscaling:{name}", effect, asg, {"LifecycleHooks": ""})
    for name in ("PutScalingPolicy", "PutScheduledUpdateGroupAction"):
        yield event_row(f"autoscaling:{name}", Effect.ADD, asg, {"DesiredCapacity": "", "MinSize": "", "MaxSize": ""})
    templates = ("launchTemplateId", "launchTemplateName")
    yield event_row(
        "ec2:CreateLaunchTemplateVersion", Effect.SET, templates, {"LaunchTemplateData": "", "LatestVersionNumber": ""}
    )
    yield event_row(
        "ec2:ModifyLaunchTemplate",
        Effect.SET,
        templates,
        {"DefaultVersionNumber": "setDefaultVersion", "LaunchTemplateData": ""},
    )
    yield event_row(
        "ec2:DeleteLaunchTemplateVersions",
        Effect.REMOVE,
        templates,
        {"LaunchTemplateData": "", "LatestVersionNumber": ""},
    )
