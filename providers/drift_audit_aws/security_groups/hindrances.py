"""What keeps CAPA from putting the rules of a security group back."""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit_aws.parts import Hindrance, Part
from drift_audit_aws.security_groups.roles import left_to_cloud_provider
from drift_audit_aws.subject import Subject


def _left_to_cloud_provider(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.comparer != "rules" or not left_to_cloud_provider(subject):
        return ""
    return "the group has the cloud provider's tag: CAPA does not keep the rules of such a group"


HINDRANCES = (Hindrance(why=_left_to_cloud_provider),)
