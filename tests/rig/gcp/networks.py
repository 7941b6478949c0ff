"""Network, subnets, router with NAT, and firewall rules of one cluster, as CAPG makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.rig.gcp.cloud import HOST, Cloud

if TYPE_CHECKING:
    from tests.rig.gcp.capg import GcpClusterSpec


def build_network(cloud: Cloud, cluster: GcpClusterSpec) -> dict[str, Any]:
    """The part of `status.network` about it."""
    shared = cluster.network_project != cluster.project
    owned = not (cluster.brought or shared)
    link = HOST + cluster.network_path
    if cluster.network_path not in cloud.resources:
        cloud.add(
            cluster.network_path,
            autoCreateSubnetworks=cluster.network.get("autoCreateSubnetworks", True),
            mtu=cluster.network.get("mtu", 1460),
            routingConfig={"routingMode": "REGIONAL"},
            networkFirewallPolicyEnforcementOrder="AFTER_CLASSIC_FIREWALL",
            **({"description": f"capg-cluster-{cluster.name}"} if owned else {}),
        )
    for subnet in cluster.network.get("subnets", ()):
        _subnet(cloud, cluster, subnet, link)
    if not shared:
        for name, rule in _rules(cluster):
            _firewall(cloud, cluster, name, rule, link)
    made = cloud.resources[cluster.network_path].get("description") == f"capg-cluster-{cluster.name}"
    router = _router(cloud, cluster, link) if made else ""
    return {"selfLink": link, **({"router": router} if router else {})}


def _subnet(cloud: Cloud, cluster: GcpClusterSpec, subnet: dict[str, Any], network: str) -> None:
    region = subnet.get("region", cluster.region)
    path = f"projects/{cluster.network_project}/regions/{region}/subnetworks/{subnet['name']}"
    if path in cloud.resources:
        return
    blocks = subnet.get("secondaryCidrBlocks", {})
    flows = subnet.get("enableFlowLogs", False)
    cloud.add(
        path,
        network=network,
        ipCidrRange=subnet.get("cidrBlock", "10.0.0.0/24"),
        privateIpGoogleAccess=subnet.get("privateGoogleAccess", False),
        purpose={"PRIVATE_RFC_1918": "PRIVATE"}.get(purpose := subnet.get("purpose", "PRIVATE_RFC_1918"), purpose),
        stackType=subnet.get("stackType", "IPV4_ONLY"),
        description=subnet.get("description", f"capg-cluster-{cluster.name}"),
        **({"enableFlowLogs": True, "logConfig": {"enable": True}} if flows else {}),
        **({"secondaryIpRanges": [{"rangeName": k, "ipCidrRange": v} for k, v in blocks.items()]} if blocks else {}),
    )


def _router(cloud: Cloud, cluster: GcpClusterSpec, network: str) -> str:
    name = f"{cluster.network_name}-router"
    nat = {
        "name": f"{cluster.network_name}-nat",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        "minPortsPerVm": cluster.network.get("minPortsPerVm", 64),
        "enableEndpointIndependentMapping": False,
        "endpointTypes": ["ENDPOINT_TYPE_VM"],
    }
    return cloud.add(
        f"projects/{cluster.network_project}/regions/{cluster.region}/routers/{name}",
        network=network,
        description=f"capg-cluster-{cluster.name}",
        nats=[nat],
    )


def _rules(cluster: GcpClusterSpec) -> list[tuple[str, dict[str, Any]]]:
    firewall = cluster.network.get("firewall", {})
    control, node = f"{cluster.name}-control-plane", f"{cluster.name}-node"
    defaults: list[tuple[str, dict[str, Any]]] = [
        (
            f"allow-{cluster.name}-healthchecks",
            {
                "allowed": [{"IPProtocol": "tcp", "ports": ["6443"]}],
                "direction": "INGRESS",
                "sourceRanges": ["35.191.0.0/16", "130.211.0.0/22"],
                "targetTags": [control],
            },
        ),
        (
            f"allow-{cluster.name}-cluster",
            {
                "allowed": [{"IPProtocol": "all"}],
                "direction": "INGRESS",
                "sourceTags": [control, node],
                "targetTags": [control, node],
            },
        ),
    ]
    own = [_declared(cluster, rule) for rule in firewall.get("firewallRules", ())]
    return own if firewall.get("defaultRulesManagement") == "Unmanaged" else defaults + own


def _declared(cluster: GcpClusterSpec, rule: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    direction = rule.get("direction", "Ingress")
    name = rule.get("name") or f"{cluster.name}-{direction.lower()}"
    name = name if name.startswith(cluster.name) else f"{cluster.name}-{name}"
    verdicts = {
        verdict: [{**entry, "IPProtocol": entry["IPProtocol"].lower()} for entry in rule[verdict]]
        for verdict in ("allowed", "denied")
        if rule.get(verdict)
    }
    plain = {key: rule[key] for key in ("sourceRanges", "sourceTags", "targetTags") if rule.get(key)}
    if direction == "Egress":
        plain["destinationRanges"] = ["0.0.0.0/0"]
    elif not plain.keys() & {"sourceRanges", "sourceTags"}:
        plain["sourceRanges"] = ["0.0.0.0/0"]
    return name[:63].rstrip("-"), {
        **verdicts,
        **plain,
        "direction": direction.upper(),
        "priority": rule.get("priority", 1000),
        "description": rule.get("description", "Created by Cluster API GCP Provider"),
    }


def _firewall(cloud: Cloud, cluster: GcpClusterSpec, name: str, rule: dict[str, Any], network: str) -> None:
    path = f"projects/{cluster.network_project}/global/firewalls/{name}"
    defaults = {"priority": 1000, "disabled": False, "logConfig": {"enable": False}}
    cloud.add(path, network=network, **{**defaults, **rule})
