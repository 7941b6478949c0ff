"""Calls that change the rules of security groups."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit_aws.history.events.row import Effect, EventRow, event_row

_RULES_BACK = ("ec2:RevokeSecurityGroup{0}", "ec2:AuthorizeSecurityGroup{0}")


def rule_events() -> Iterator[EventRow]:
    for direction, attribute in (("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress")):
        revoke, authorize = (pattern.format(direction) for pattern in _RULES_BACK)
        rules = {attribute: "ipPermissions"}
        yield event_row(authorize, Effect.ADD, "groupId", rules, undone_by=(revoke,))
        yield event_row(revoke, Effect.REMOVE, "groupId", rules, undone_by=(authorize,))
        yield event_row(
            f"ec2:UpdateSecurityGroupRuleDescriptions{direction}",
            Effect.SET,
            "groupId",
            rules,
            undone_by=(revoke, authorize),
        )
    # The console edits rules by their ids; whether inbound or outbound, the record does not tell.
    yield event_row(
        "ec2:ModifySecurityGroupRules",
        Effect.SET,
        "groupId",
        {"IpPermissions": "securityGroupRule", "IpPermissionsEgress": "securityGroupRule"},
        undone_by=tuple(pattern.format(way) for way in ("Ingress", "Egress") for pattern in _RULES_BACK),
    )
