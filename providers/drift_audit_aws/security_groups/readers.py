"""Security groups with their rules in both directions. Rules come with the group: no second call."""

from __future__ import annotations

from drift_audit_aws.reading import PagedReader
from drift_audit_aws.resource_types import SECURITY_GROUP

SECURITY_GROUPS = PagedReader(
    type=SECURITY_GROUP,
    operation="describe_security_groups",
    actions=("ec2:DescribeSecurityGroups",),
    id_field="GroupId",
    id_filter="group-id",
    items=lambda page: page.get("SecurityGroups", ()),
    vpc_filter="vpc-id",
)
