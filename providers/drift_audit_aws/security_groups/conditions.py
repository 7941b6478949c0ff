"""When a field-map row does not apply to a security group."""

from __future__ import annotations

from drift_audit_aws.security_groups.roles import group_role, left_to_cloud_provider, overridden
from drift_audit_aws.subject import Subject


def group_of_others(subject: Subject) -> bool:
    """A group given as an override: CAPA uses it and touches nothing of it."""
    return overridden(subject)


def not_the_lb_group(subject: Subject) -> bool:
    return overridden(subject) or group_role(subject) != "lb"


def lb_group(subject: Subject) -> bool:
    return overridden(subject) or group_role(subject) == "lb"


def rules_of_others(subject: Subject) -> bool:
    """Also the group for load balancers, whose rules the in-cluster cloud provider keeps.

    Any other group with the cloud provider's tag stays in the comparison: the tag takes CAPA's protection
    away, and that must not make the rules invisible.
    """
    return overridden(subject) or (group_role(subject) == "lb" and left_to_cloud_provider(subject))
