"""Which shapes of the AWS API a resource is made of: what a field map may name under `cloud`.

The models are botocore's. Where it is not installed nothing can be said, and nothing is read from AWS either.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

SHAPES: Mapping[str, tuple[str, ...]] = {
    "instance": ("ec2", "Instance"),
    "security-group": ("ec2", "SecurityGroup"),
    "volume": ("ec2", "Volume"),
    "image": ("ec2", "Image"),
    "key-pair": ("ec2", "KeyPairInfo"),
    "instance-profile": ("iam", "InstanceProfile"),
    "default-security-group": ("ec2", "SecurityGroup"),
    "vpc": ("ec2", "Vpc"),
    "vpc-attributes": ("ec2", "DescribeVpcAttributeResult"),
    "subnet": ("ec2", "Subnet"),
    "route-table": ("ec2", "RouteTable"),
    "internet-gateway": ("ec2", "InternetGateway"),
    "egress-only-internet-gateway": ("ec2", "EgressOnlyInternetGateway"),
    "carrier-gateway": ("ec2", "CarrierGateway"),
    "nat-gateway": ("ec2", "NatGateway"),
    "elastic-ip": ("ec2", "Address"),
    "vpc-endpoint": ("ec2", "VpcEndpoint"),
    "auto-scaling-group": ("autoscaling", "AutoScalingGroup"),
    "instance-refresh": ("autoscaling", "DescribeInstanceRefreshesAnswer"),
    "launch-template": ("ec2", "LaunchTemplate"),
    "launch-template-version": ("ec2", "LaunchTemplateVersion"),
    "lifecycle-hooks": ("autoscaling", "DescribeLifecycleHooksAnswer"),
    "scaling-activities": ("autoscaling", "ActivitiesType"),
    "scaling-policies": ("autoscaling", "PoliciesType"),
    "scheduled-actions": ("autoscaling", "ScheduledActionsType"),
    "classic-load-balancer": (
        "elb",
        "LoadBalancerDescription",
        "LoadBalancerAttributes",
        "DescribeEndPointStateOutput",
        "TagDescription",
    ),
    "load-balancer": (
        "elbv2",
        "LoadBalancer",
        "DescribeLoadBalancerAttributesOutput",
        "DescribeListenersOutput",
        "TagDescription",
    ),
    "eks-cluster": ("eks", "Cluster"),
    "eks-node-group": ("eks", "Nodegroup"),
    "eks-fargate-profile": ("eks", "FargateProfile"),
    "eks-addon": ("eks", "Addon"),
    "eks-access-entry": ("eks", "AccessEntry", "ListAssociatedAccessPoliciesResponse"),
    "eks-identity-provider": ("eks", "OidcIdentityProviderConfig"),
    "target-group": (
        "elbv2",
        "TargetGroup",
        "DescribeTargetGroupAttributesOutput",
        "DescribeTargetHealthOutput",
        "TagDescription",
    ),
}
"""By resource type: the service, and the shape of one resource in its model, with those of further answers about it."""


def is_field(resource: str, path: str) -> bool:
    """False where no answer of AWS about such a resource can have the field."""
    shapes = _shapes(resource)
    return not shapes or any(_unknown_step(shape, path) is None for shape in shapes)


def closest_field(resource: str, path: str) -> str:
    """The path with the name mended that no answer knows; empty where nothing looks like it."""
    return next((mended for shape in _shapes(resource) for mended in _mended(shape, path)), "")


@functools.cache
def _shapes(resource: str) -> tuple[Any, ...]:
    """Empty for a type that nobody compares, and where botocore is not installed."""
    service, *names = SHAPES.get(resource, ("",))
    try:
        import botocore.session
    except ModuleNotFoundError:
        return ()
    model = botocore.session.get_session().get_service_model(service) if names else None
    return tuple(model.shape_for(name) for name in names) if model is not None else ()


def _unknown_step(shape: Any, path: str) -> tuple[Any, int] | None:
    """(the shape that lacks it, its place) of the first step that the shape does not have."""
    for place, step in enumerate(path.split(".")):
        name = step.removesuffix("[]")
        if shape.type_name != "structure" or name not in shape.members:
            return shape, place
        inner = shape.members[name]
        if step.endswith("[]") and inner.type_name != "list":
            return shape, place
        shape = inner.member if step.endswith("[]") else inner
    return None


def _mended(shape: Any, path: str) -> Iterator[str]:
    unknown = _unknown_step(shape, path)
    if unknown is None or unknown[0].type_name != "structure":
        return
    steps = path.split(".")
    lacking, place = unknown
    name = steps[place].removesuffix("[]")
    for known in get_close_matches(name, list(lacking.members), n=1):
        brackets = "[]" if lacking.members[known].type_name == "list" else ""
        yield ".".join((*steps[:place], known + brackets, *steps[place + 1 :]))
