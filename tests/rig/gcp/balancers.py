"""The load balancers of an API server, as CAPG makes them: health check to forwarding rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.rig.gcp.cloud import HOST, Cloud

if TYPE_CHECKING:
    from tests.rig.gcp.capg import GcpClusterSpec

EXTERNAL_ADDRESS = "203.0.113.10"
INTERNAL_ADDRESS = "10.0.0.10"
_CHECK: dict[str, Any] = {
    "type": "HTTPS",
    "httpsHealthCheck": {
        "port": 6443,
        "portSpecification": "USE_FIXED_PORT",
        "requestPath": "/readyz",
        "proxyHeader": "NONE",
    },
    "checkIntervalSec": 5,
    "timeoutSec": 5,
    "healthyThreshold": 1,
    "unhealthyThreshold": 6,
}


def build_external(cloud: Cloud, cluster: GcpClusterSpec, groups: list[str]) -> tuple[str, dict[str, Any]]:
    """The address of the API server, and the part of `status.network` about its global proxy load balancer."""
    name = f"{cluster.name}-apiserver"
    place = f"projects/{cluster.project}/global"
    check = cloud.add(f"{place}/healthChecks/{name}", **_CHECK)
    connection = {"balancingMode": "CONNECTION", "maxConnections": 1000}
    utilization = {"balancingMode": "UTILIZATION", "maxUtilization": 0.8}
    mode = connection if cluster.balancer_type == "InternalExternal" else utilization
    backend = cloud.add(
        f"{place}/backendServices/{name}",
        loadBalancingScheme="EXTERNAL",
        protocol="TCP",
        portName="apiserver",
        port=80,
        timeoutSec=600,
        sessionAffinity="NONE",
        connectionDraining={"drainingTimeoutSec": 0},
        healthChecks=[check],
        backends=[{"group": group, "capacityScaler": 1, **mode} for group in groups],
    )
    proxy = cloud.add(f"{place}/targetTcpProxies/{name}", service=backend, proxyHeader="NONE")
    address = cloud.add(
        f"{place}/addresses/{name}",
        address=EXTERNAL_ADDRESS,
        addressType="EXTERNAL",
        ipVersion="IPV4",
        networkTier="PREMIUM",
        status="IN_USE",
        users=[f"{HOST}{place}/forwardingRules/{name}"],
    )
    labels = dict(cluster.spec.get("additionalLabels", {}))
    rule = cloud.add(
        f"{place}/forwardingRules/{name}",
        IPAddress=EXTERNAL_ADDRESS,
        IPProtocol="TCP",
        loadBalancingScheme="EXTERNAL",
        networkTier="PREMIUM",
        portRange="443-443",
        target=proxy,
        **({"labels": labels} if labels else {}),
    )
    return EXTERNAL_ADDRESS, {
        "apiServerHealthCheck": check,
        "apiServerBackendService": backend,
        "apiServerTargetProxy": proxy,
        "apiServerIpAddress": address,
        "apiServerForwardingRule": rule,
    }


def build_internal(cloud: Cloud, cluster: GcpClusterSpec, groups: list[str]) -> tuple[str, dict[str, Any]]:
    """The same for the regional passthrough load balancer, which has no proxy."""
    declared = cluster.spec.get("loadBalancer", {}).get("internalLoadBalancer", {})
    name = f"{cluster.name}-{declared.get('name', 'api-internal')}"
    place = f"projects/{cluster.project}/regions/{cluster.region}"
    address = declared.get("ipAddress", INTERNAL_ADDRESS)
    subnets = cluster.network.get("subnets", ())
    wanted = declared.get("subnet") or (subnets[0]["name"] if subnets else "default")
    subnet = f"{HOST}projects/{cluster.network_project}/regions/{cluster.region}/subnetworks/{wanted}"
    check = cloud.add(f"{place}/healthChecks/{name}", **_CHECK)
    backend = cloud.add(
        f"{place}/backendServices/{name}",
        loadBalancingScheme="INTERNAL",
        protocol="TCP",
        timeoutSec=600,
        sessionAffinity="NONE",
        network=HOST + cluster.network_path,
        healthChecks=[check],
        backends=[{"group": group, "balancingMode": "CONNECTION"} for group in groups],
    )
    reserved = cloud.add(
        f"{place}/addresses/{name}",
        address=address,
        addressType="INTERNAL",
        purpose="GCE_ENDPOINT",
        subnetwork=subnet,
        status="IN_USE",
        users=[f"{HOST}{place}/forwardingRules/{name}"],
    )
    labels = dict(cluster.spec.get("additionalLabels", {}))
    rule = cloud.add(
        f"{place}/forwardingRules/{name}",
        IPAddress=address,
        IPProtocol="TCP",
        loadBalancingScheme="INTERNAL",
        ports=["443", "22623"],
        backendService=backend,
        network=HOST + cluster.network_path,
        subnetwork=subnet,
        allowGlobalAccess=declared.get("internalAccess") == "Global",
        **({"labels": labels} if labels else {}),
    )
    return address, {
        "apiInternalHealthCheck": check,
        "apiInternalBackendService": backend,
        "apiInternalIpAddress": reserved,
        "apiInternalForwardingRule": rule,
    }
