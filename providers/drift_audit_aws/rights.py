"""The IAM policy that an audit takes: the actions of all readers, and nothing that changes or reveals anything."""

from __future__ import annotations

from drift_audit.model.values import JsonObject
from drift_audit_aws.constraints.answering import ASKING
from drift_audit_aws.families import READERS
from drift_audit_aws.history.records import ACTION as HISTORY_ACTION

STANDING_ACTIONS = (HISTORY_ACTION, "sts:GetCallerIdentity")
"""What no reader of resources takes: who changed something, and who we are, which is allowed to everybody."""


def actions() -> tuple[str, ...]:
    """Every IAM action that reading takes, sorted."""
    reading = (action for reader in READERS for action in reader.actions)
    asking = (action for each in ASKING.values() for action in each.actions)
    return tuple(sorted({*STANDING_ACTIONS, *reading, *asking}))


def policy() -> JsonObject:
    """The policy document: `deploy/aws/read-only-policy.json`. The describing actions know no resources."""
    statement = {"Sid": "DriftAuditReads", "Effect": "Allow", "Action": list(actions()), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
