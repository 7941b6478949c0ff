"""How a person removes what is left over: the newer API wants an ARN, where people know a name."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit_aws.resource_types import BALANCER, CLASSIC_BALANCER, TARGET_GROUP

_NEWER = (
    "aws elbv2 delete-{kind} --region {{region}} --{kind}-arn $(aws elbv2 describe-{kind}s --region {{region}} "
    "--names {{id}} --query '{result}' --output text)"
)

REMOVAL: Mapping[str, str] = {
    CLASSIC_BALANCER: "aws elb delete-load-balancer --region {region} --load-balancer-name {id}",
    BALANCER: _NEWER.format(kind="load-balancer", result="LoadBalancers[0].LoadBalancerArn"),
    TARGET_GROUP: _NEWER.format(kind="target-group", result="TargetGroups[0].TargetGroupArn"),
}
"""By resource type, with `{id}` and `{region}`."""
