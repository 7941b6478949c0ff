"""What keeps CAPA from putting the security groups of an interface back."""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit_aws.instances.interfaces import interfaces
from drift_audit_aws.parts import Hindrance, Part
from drift_audit_aws.subject import Subject


def _untagged_interface(subject: Subject, row: FieldRow, part: Part) -> str:
    untagged = {interface.id for interface in interfaces(subject) if interface.tagged is False}
    if row.comparer != "interfaces" or part.item not in untagged:
        return ""
    return "the network interface lacks the cluster's tag: CAPA does not change the groups of such an interface"


HINDRANCES = (Hindrance(why=_untagged_interface),)
