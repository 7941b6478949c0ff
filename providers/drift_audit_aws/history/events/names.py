"""Calls that change tags, and roles and profiles of IAM."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit_aws.history.events.row import Effect, EventRow, event_row


def tag_events() -> Iterator[EventRow]:
    for name, effect in (("CreateTags", Effect.ADD), ("DeleteTags", Effect.REMOVE)):
        yield event_row(f"ec2:{name}", effect, "resourcesSet[].resourceId", {"Tags": "tagSet"})
    for name, effect, where in (("AddTags", Effect.ADD, "tags"), ("RemoveTags", Effect.REMOVE, "tagKeys")):
        ids = ("resourceArns[]", "loadBalancerNames[]")
        yield event_row(f"elasticloadbalancing:{name}", effect, ids, {"Tags": where})
    for name, effect in (("CreateOrUpdateTags", Effect.ADD), ("DeleteTags", Effect.REMOVE)):
        yield event_row(f"autoscaling:{name}", effect, "tags[].resourceId", {"Tags": "tags"})
    for name, effect, where in (("TagRole", Effect.ADD, "tags"), ("UntagRole", Effect.REMOVE, "tagKeys")):
        yield event_row(f"iam:{name}", effect, "roleName", {"Tags": where})


def iam_events() -> Iterator[EventRow]:
    role, profile = "roleName", "instanceProfileName"
    yield event_row("iam:CreateRole", Effect.CREATE, role)
    yield event_row("iam:DeleteRole", Effect.DESTROY, role)
    yield event_row("iam:CreateInstanceProfile", Effect.CREATE, profile)
    yield event_row("iam:DeleteInstanceProfile", Effect.DESTROY, profile)
    for name, effect in (("AttachRolePolicy", Effect.ADD), ("DetachRolePolicy", Effect.REMOVE)):
        yield event_row(
            f"iam:{name}", effect, role, {"AttachedPolicies": "policyArn", "AttachedManagedPolicies": "policyArn"}
        )
    for name, effect in (("PutRolePolicy", Effect.SET), ("DeleteRolePolicy", Effect.REMOVE)):
        yield event_row(f"iam:{name}", effect, role, {"RolePolicyList": "", "InlinePolicies": ""})
    yield event_row("iam:UpdateAssumeRolePolicy", Effect.SET, role, {"AssumeRolePolicyDocument": ""})
    yield event_row("iam:PutRolePermissionsBoundary", Effect.SET, role, {"PermissionsBoundary": "permissionsBoundary"})
    for name, effect in (("AddRoleToInstanceProfile", Effect.ADD), ("RemoveRoleFromInstanceProfile", Effect.REMOVE)):
        yield event_row(f"iam:{name}", effect, (profile, role), {"Roles": "roleName"})
