"""Security groups with their rules in both directions. Rules come with the group: no second call."""

from __future__ import annotations

from drift_audit_aws.listing import ResourceReader

SECURITY_GROUP = "security-group"

SECURITY_GROUPS = ResourceReader(
    type=SECURITY_GROUP,
    operation="describe_security_groups",
    action="ec2:DescribeSecurityGroups",
    id_field="GroupId",
    id_filter="group-id",
    items=lambda page: page.get("SecurityGroups", ()),
    by_vpc=True,
)
