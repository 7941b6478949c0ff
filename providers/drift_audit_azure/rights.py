"""The role that an audit takes: reading of every type that is read, and nothing that changes or reveals anything."""

from __future__ import annotations

from drift_audit.model.values import JsonObject
from drift_audit_azure.resource_types import TYPES

SUBSCRIPTION_ACTION = "Microsoft.Resources/subscriptions/read"
GRAPH_ACTION = "Microsoft.ResourceGraph/resources/read"
ROLE_NAME = "drift-audit reader"


def actions() -> tuple[str, ...]:
    """Every action of ARM that reading takes, sorted."""
    return tuple(sorted({SUBSCRIPTION_ACTION, GRAPH_ACTION, *(kind.action for kind in TYPES)}))


def role() -> JsonObject:
    """The role definition, as `az role definition create` takes it: `deploy/azure/read-only-role.json`."""
    return {
        "Name": ROLE_NAME,
        "Description": "Reads what drift-audit compares with Cluster API, and nothing else.",
        "IsCustom": True,
        "Actions": list(actions()),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": ["/subscriptions/00000000-0000-0000-0000-000000000000"],
    }
