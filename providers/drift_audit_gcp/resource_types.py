"""Our short words for the resource types of Compute Engine: the first half of a resource's key."""

from __future__ import annotations

from collections.abc import Mapping

PROJECT = "project"
INSTANCE = "instance"
DISK = "disk"
INSTANCE_GROUP = "instance-group"
GROUP_MEMBERS = "group-members"
"""Which instances an instance group has; under the id of the group."""
GROUP_MANAGER = "instance-group-manager"
FORWARDING_RULE = "forwarding-rule"
BACKEND_SERVICE = "backend-service"
HEALTH_CHECK = "health-check"
TARGET_PROXY = "target-tcp-proxy"
ADDRESS = "address"
NETWORK = "network"
SUBNETWORK = "subnetwork"
ROUTER = "router"
FIREWALL = "firewall"

COLLECTIONS: Mapping[str, str] = {
    INSTANCE: "instances",
    DISK: "disks",
    INSTANCE_GROUP: "instanceGroups",
    GROUP_MANAGER: "instanceGroupManagers",
    FORWARDING_RULE: "forwardingRules",
    BACKEND_SERVICE: "backendServices",
    HEALTH_CHECK: "healthChecks",
    TARGET_PROXY: "targetTcpProxies",
    ADDRESS: "addresses",
    NETWORK: "networks",
    SUBNETWORK: "subnetworks",
    ROUTER: "routers",
    FIREWALL: "firewalls",
}
"""The word that Google's paths have for them."""
