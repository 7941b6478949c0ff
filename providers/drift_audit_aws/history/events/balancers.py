"""Calls that change load balancers of both generations, their listeners, targets and health checks."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit_aws.history.events.row import RESPONSE, Effect, EventRow, event_row


def balancer_events() -> Iterator[EventRow]:
    lb = ("loadBalancerArn", "loadBalancerName")
    yield event_row(
        "elasticloadbalancing:CreateLoadBalancer",
        Effect.CREATE,
        (RESPONSE + "loadBalancers[].loadBalancerArn", "loadBalancerName", "name"),
    )
    yield event_row("elasticloadbalancing:DeleteLoadBalancer", Effect.DESTROY, lb)
    yield event_row("elasticloadbalancing:CreateTargetGroup", Effect.CREATE, RESPONSE + "targetGroups[].targetGroupArn")
    yield event_row("elasticloadbalancing:DeleteTargetGroup", Effect.DESTROY, "targetGroupArn")
    groups = {"SecurityGroups": "securityGroups[]"}
    yield event_row(
        "elasticloadbalancing:SetSecurityGroups",
        Effect.SET,
        lb,
        groups,
        undone_by=("elasticloadbalancing:SetSecurityGroups",),
    )
    yield event_row(
        "elasticloadbalancing:ApplySecurityGroupsToLoadBalancer",
        Effect.SET,
        lb,
        groups,
        undone_by=("elasticloadbalancing:ApplySecurityGroupsToLoadBalancer",),
    )
    yield event_row(
        "elasticloadbalancing:SetSubnets",
        Effect.SET,
        lb,
        {"AvailabilityZones": "", "Subnets": "subnets[]"},
        undone_by=("elasticloadbalancing:SetSubnets",),
    )
    for name, effect, back in (
        ("AttachLoadBalancerToSubnets", Effect.ADD, "DetachLoadBalancerFromSubnets"),
        ("DetachLoadBalancerFromSubnets", Effect.REMOVE, "AttachLoadBalancerToSubnets"),
    ):
        yield event_row(
            f"elasticloadbalancing:{name}",
            effect,
            lb,
            {"Subnets": "", "AvailabilityZones": ""},
            undone_by=(f"elasticloadbalancing:{back}",),
        )
    yield event_row("elasticloadbalancing:SetIpAddressType", Effect.SET, lb, {"IpAddressType": "ipAddressType"})
    yield event_row(
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        Effect.SET,
        lb,
        {"Attributes": "attributes", "LoadBalancerAttributes": "loadBalancerAttributes"},
        undone_by=("elasticloadbalancing:ModifyLoadBalancerAttributes",),
    )
    yield event_row(
        "elasticloadbalancing:ConfigureHealthCheck",
        Effect.SET,
        lb,
        {f"HealthCheck.{name}": f"healthCheck.{name[0].lower()}{name[1:]}" for name in _HEALTH},
        undone_by=("elasticloadbalancing:ConfigureHealthCheck",),
    )
    for name, effect in (("CreateLoadBalancerListeners", Effect.ADD), ("DeleteLoadBalancerListeners", Effect.REMOVE)):
        yield event_row(f"elasticloadbalancing:{name}", effect, lb, {"ListenerDescriptions": "", "Listeners": ""})
    for name, effect in (
        ("CreateListener", Effect.ADD),
        ("ModifyListener", Effect.SET),
        ("DeleteListener", Effect.REMOVE),
    ):
        yield event_row(
            f"elasticloadbalancing:{name}",
            effect,
            ("loadBalancerArn", "listenerArn"),
            {"Listeners": "", "Port": "port", "Protocol": "protocol"},
        )
    yield event_row(
        "elasticloadbalancing:ModifyTargetGroup",
        Effect.SET,
        "targetGroupArn",
        {name: name[0].lower() + name[1:] for name in _TARGET_HEALTH},
    )
    yield event_row(
        "elasticloadbalancing:ModifyTargetGroupAttributes", Effect.SET, "targetGroupArn", {"Attributes": "attributes"}
    )
    for name, effect in (("RegisterTargets", Effect.ADD), ("DeregisterTargets", Effect.REMOVE)):
        yield event_row(
            f"elasticloadbalancing:{name}", effect, "targetGroupArn", {"Targets": "", "TargetHealthDescriptions": ""}
        )
    for name, effect in (
        ("RegisterInstancesWithLoadBalancer", Effect.ADD),
        ("DeregisterInstancesFromLoadBalancer", Effect.REMOVE),
    ):
        yield event_row(f"elasticloadbalancing:{name}", effect, lb, {"Instances": ""})


_HEALTH = ("Target", "Interval", "Timeout", "UnhealthyThreshold", "HealthyThreshold")
_TARGET_HEALTH = (
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckPath",
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
)
