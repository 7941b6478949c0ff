"""Ids of Azure Resource Manager (ARM). They have no case, and each service writes them in its own: ours is lower."""

from __future__ import annotations

from drift_audit.model.values import Json, text


def resource_id(value: Json) -> str:
    """The one spelling: lower case, without the `azure://` of a providerID; empty for anything that is no id."""
    found = text(value).removeprefix("azure://").rstrip("/").casefold()
    return found if found.startswith("/subscriptions/") else ""


def subscription_of(identifier: str) -> str:
    """The subscription of an id; empty when it has none."""
    parts = identifier.split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""


def group_of(identifier: str) -> str:
    """The resource group; empty for a subscription."""
    parts = identifier.split("/")
    return parts[4] if len(parts) > 4 and parts[3] == "resourcegroups" else ""


def name_of(identifier: str) -> str:
    return identifier.rpartition("/")[2]


def arm_type_of(identifier: str) -> str:
    """`microsoft.network/virtualnetworks/subnets`, in lower case."""
    _, provided, rest = identifier.casefold().rpartition("/providers/")
    if not provided:
        return "microsoft.resources/resourcegroups" if group_of(identifier.casefold()) else ""
    namespace, *steps = rest.split("/")
    return "/".join((namespace, *steps[::2]))


def location_of(value: Json) -> str:
    """`West Europe` and `westeurope` are one."""
    return text(value).casefold().replace(" ", "")
