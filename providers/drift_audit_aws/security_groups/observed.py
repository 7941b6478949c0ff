"""The rules that a security group shows, told apart by who looks after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drift_audit.model.values import Json, Observed, Present
from drift_audit.provider_kit.paths import cloud_value
from drift_audit_aws.security_groups.rules import EVERYWHERE, Rule, exploded
from drift_audit_aws.subject import Subject

ALWAYS_SENT = frozenset({"GroupName", "IpPermissions", "IpPermissionsEgress", "VpcId"})


def ingress_rules(subject: Subject) -> Observed:
    """The rules that CAPA looks at: those whose source is a CIDR or a group."""
    return _rules(subject, "IpPermissions", lambda rule: not rule.by_prefix_list)


def prefix_list_rules(subject: Subject) -> Observed:
    """The rules that CAPA does not see: its converter knows no prefix lists (ingressRulesFromSDKType)."""
    return _rules(subject, "IpPermissions", lambda rule: rule.by_prefix_list)


def egress_rules(subject: Subject) -> Observed:
    """Without the rule that AWS adds for IPv6 when the VPC has such a block while the group is made."""
    return _rules(subject, "IpPermissionsEgress", lambda rule: not _allows_all_ipv6(rule))


def _rules(subject: Subject, field: str, wanted: Callable[[Rule], bool]) -> Observed:
    match cloud_value(ALWAYS_SENT, subject.resource.attributes, field):
        case Present(value):
            return Present([rule.as_json() for rule in _chosen(value, wanted)])
        case other:
            return other


def _chosen(permissions: Json, wanted: Callable[[Rule], bool]) -> Iterator[Rule]:
    return (rule for rule in exploded(permissions) if wanted(rule))


def _allows_all_ipv6(rule: Rule) -> bool:
    return rule.protocol == "-1" and rule.source in EVERYWHERE and ":" in rule.source
