"""What CAPA keeps of a security group."""

from __future__ import annotations

from drift_audit.model.values import Observed, Present, Unknown, text
from drift_audit_aws.security_groups.expected_rules import NotYetKnown, default_egress, expected_ingress
from drift_audit_aws.security_groups.roles import group_role
from drift_audit_aws.subject import Subject
from drift_audit_aws.tagging import chosen_name


def ingress_rules(subject: Subject) -> Observed | None:
    try:
        return Present([rule.as_json() for rule in expected_ingress(subject.cluster, group_role(subject))])
    except NotYetKnown as reason:
        return Unknown(str(reason))


def egress_rules(subject: Subject) -> Observed | None:
    return Present([rule.as_json() for rule in default_egress()])


def no_rules(subject: Subject) -> Observed | None:
    return Present([])


def group_name_tag(subject: Subject) -> Observed | None:
    return chosen_name(subject) or Present(text(subject.resource.attributes.get("GroupName")))


def group_role_tag(subject: Subject) -> Observed | None:
    return Present(group_role(subject))
