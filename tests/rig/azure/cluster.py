"""What CAPZ v1.26.0 makes of one AzureCluster with its machines, and what its webhooks make of their specs.

Sources: internal/api/v1beta1/azurecluster_default.go; azure/scope/{cluster,machine}.go; azure/services/*/spec.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.rig.azure.machine import build_machine
from tests.rig.azure.names import ROLE, Naming
from tests.rig.azure.world import SUBSCRIPTION, AzureWorld

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureMachineSpec:
    """A machine as its template declares it."""

    name: str
    role: str = "node"
    """`node` or `control-plane`."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureClusterSpec:
    """A cluster as it is declared."""

    name: str
    namespace: str = "default"
    subscription: str = SUBSCRIPTION
    location: str = "westeurope"
    tags: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[Mapping[str, Any]] = ()
    """Of the security group of the nodes."""
    service_endpoints: Sequence[Mapping[str, Any]] = ()
    internal: bool = False
    """True: the API server has a private address only."""
    brought: bool = False
    """True: the network was there before, without CAPZ's tag."""
    machines: Sequence[AzureMachineSpec] = ()

    @property
    def naming(self) -> Naming:
        return Naming(self.subscription, self.name)


def declared_cluster(cluster: AzureClusterSpec) -> Fields:
    """`AzureCluster.spec` with what the webhook fills in."""
    name, rules = cluster.name, [_ssh(), _api_server()]
    subnets = [
        {
            "name": f"{name}-controlplane-subnet",
            "role": "control-plane",
            "cidrBlocks": ["10.0.0.0/16"],
            "securityGroup": {"name": f"{name}-controlplane-nsg", "securityRules": rules},
            "routeTable": {"name": f"{name}-node-routetable"},
        },
        {
            "name": f"{name}-node-subnet",
            "role": "node",
            "cidrBlocks": ["10.1.0.0/16"],
            "securityGroup": {
                "name": f"{name}-node-nsg",
                **({"securityRules": [dict(rule) for rule in cluster.rules]} if cluster.rules else {}),
            },
            "routeTable": {"name": f"{name}-node-routetable"},
            "natGateway": {"name": f"{name}-node-natgw-1", "ip": {"name": f"pip-{name}-node-natgw-1"}},
            **(
                {"serviceEndpoints": [dict(one) for one in cluster.service_endpoints]}
                if cluster.service_endpoints
                else {}
            ),
        },
    ]
    return {
        "subscriptionID": cluster.subscription,
        "location": cluster.location,
        "resourceGroup": name,
        "azureEnvironment": "AzurePublicCloud",
        "controlPlaneEnabled": True,
        "identityRef": {"kind": "AzureClusterIdentity", "name": "fleet"},
        **({"additionalTags": dict(cluster.tags)} if cluster.tags else {}),
        "controlPlaneEndpoint": {"host": _host(cluster), "port": 6443},
        "networkSpec": {
            "vnet": {"name": f"{name}-vnet", "resourceGroup": name, "cidrBlocks": ["10.0.0.0/8"], **_seen(cluster)},
            "subnets": subnets,
            "apiServerLB": _balancer(cluster),
        },
    }


def _seen(cluster: AzureClusterSpec) -> Fields:
    """What CAPZ copies from the network that it found (azure/services/virtualnetworks/virtualnetworks.go)."""
    return {"id": cluster.naming.vnet, "tags": {} if cluster.brought else _vnet_tags(cluster)}


def _vnet_tags(cluster: AzureClusterSpec) -> Fields:
    return {**cluster.tags, cluster.naming.owned_tag: "owned", "Name": f"{cluster.name}-vnet", ROLE: "common"}


def _host(cluster: AzureClusterSpec) -> str:
    return "10.0.0.100" if cluster.internal else f"{cluster.name}-1a2b3c.{cluster.location}.cloudapp.azure.com"


def _balancer(cluster: AzureClusterSpec) -> Fields:
    name = f"{cluster.name}-internal-lb" if cluster.internal else f"{cluster.name}-public-lb"
    address: Fields = {"privateIP": "10.0.0.100"}
    if not cluster.internal:
        address = {"publicIP": {"name": f"pip-{cluster.name}-apiserver", "dnsName": _host(cluster)}}
    return {
        "name": name,
        "type": "Internal" if cluster.internal else "Public",
        "sku": "Standard",
        "idleTimeoutInMinutes": 4,
        "backendPool": {"name": f"{name}-backendPool"},
        "frontendIPs": [{"name": f"{name}-frontEnd", **address}],
    }


def _ssh() -> Fields:
    return _rule("allow_ssh", "Allow SSH", 2200, "22")


def _api_server() -> Fields:
    return _rule("allow_apiserver", "Allow K8s API Server", 2201, "6443")


def _rule(name: str, description: str, priority: int, port: str) -> Fields:
    return {
        "name": name,
        "description": description,
        "priority": priority,
        "protocol": "Tcp",
        "direction": "Inbound",
        "action": "Allow",
        "source": "*",
        "sourcePorts": "*",
        "destination": "*",
        "destinationPorts": port,
    }


def build_cluster(world: AzureWorld, cluster: AzureClusterSpec) -> None:
    """Everything that CAPZ makes of it, in the world."""
    spec, at = declared_cluster(cluster), cluster.naming
    tags = {**cluster.tags, at.owned_tag: "owned"}
    place: Fields = {"location": cluster.location}
    group = world.add(
        at.group_id, **place, tags={**tags, ROLE: "common"}, properties={"provisioningState": "Succeeded"}
    )
    group["type"] = "Microsoft.Resources/resourceGroups"
    for subnet in spec["networkSpec"]["subnets"]:
        security = subnet["securityGroup"]
        world.add(
            at.network("networkSecurityGroups", security["name"]),
            **place,
            tags={} if cluster.brought else {**tags, "Name": security["name"]},
            etag='W/"1"',
            properties={
                "provisioningState": "Succeeded",
                "securityRules": [
                    _security_rule(at, security["name"], rule) for rule in security.get("securityRules", ())
                ],
                "subnets": [{"id": at.subnet(subnet["name"])}],
            },
        )
    routes = f"{cluster.name}-node-routetable"
    world.add(
        at.network("routeTables", routes),
        **place,
        tags={} if cluster.brought else {**tags, "Name": routes},
        properties={"provisioningState": "Succeeded", "disableBgpRoutePropagation": False, "routes": []},
    )
    _addresses(world, cluster, spec, tags)
    _egress(world, cluster, tags)
    _network(world, cluster, spec, tags)
    _balancer_built(world, cluster, spec, tags)
    for machine in cluster.machines:
        build_machine(
            world,
            at,
            cluster.location,
            tags,
            machine.name,
            machine.role,
            machine.zone,
            declared_machine(cluster, machine),
        )


def declared_machine(cluster: AzureClusterSpec, machine: AzureMachineSpec) -> Fields:
    """`AzureMachine.spec` with what the webhook and the controller fill in."""
    role = "controlplane" if machine.role == "control-plane" else "node"
    return {
        "vmSize": "Standard_D2s_v3",
        "osDisk": {
            "osType": "Linux",
            "diskSizeGB": 128,
            "cachingType": "None",
            "managedDisk": {"storageAccountType": "Premium_LRS"},
        },
        "identity": "None",
        "sshPublicKey": "c3NoLXJzYSBBQUFB",
        "networkInterfaces": [{"subnetName": f"{cluster.name}-{role}-subnet", "privateIPConfigs": 1}],
        **({"failureDomain": machine.zone} if machine.zone else {}),
        "providerID": f"azure://{cluster.naming.compute('virtualMachines', machine.name)}",
        **machine.spec,
    }


def _security_rule(at: Naming, group: str, rule: Mapping[str, Any]) -> Fields:
    """azure/converters/rules.go, SecurityRuleToSDK."""
    some = {"sourceAddressPrefixes": list(rule["sources"])} if rule.get("sources") else {}
    one = {"sourceAddressPrefix": rule["source"]} if rule.get("source") else {}
    return {
        "id": f"{at.network('networkSecurityGroups', group)}/securityRules/{rule['name']}",
        "name": rule["name"],
        "etag": 'W/"1"',
        "properties": {
            "provisioningState": "Succeeded",
            "description": rule["description"],
            "protocol": "*" if rule["protocol"] == "*" else rule["protocol"],
            "access": rule.get("action", "Allow"),
            "direction": rule["direction"],
            "priority": rule["priority"],
            "sourcePortRange": rule.get("sourcePorts", "*"),
            **one,
            **some,
            "destinationAddressPrefix": rule.get("destination", "*"),
            "destinationPortRange": rule["destinationPorts"],
        },
    }


def _addresses(world: AzureWorld, cluster: AzureClusterSpec, spec: Fields, tags: Fields) -> None:
    names: dict[str, Fields] = {f"pip-{cluster.name}-node-natgw-1": {}}
    if not cluster.internal:
        host = spec["controlPlaneEndpoint"]["host"]
        names[f"pip-{cluster.name}-apiserver"] = {
            "dnsSettings": {"domainNameLabel": host.partition(".")[0], "fqdn": host}
        }
    for number, (name, more) in enumerate(names.items()):
        world.add(
            cluster.naming.network("publicIPAddresses", name),
            location=cluster.location,
            zones=["1", "2", "3"],
            sku={"name": "Standard", "tier": "Regional"},
            tags={**tags, "Name": name},
            properties={
                "provisioningState": "Succeeded",
                "ipAddress": f"203.0.113.{number + 10}",
                "publicIPAddressVersion": "IPv4",
                "publicIPAllocationMethod": "Static",
                "idleTimeoutInMinutes": 4,
                **more,
            },
        )


def _egress(world: AzureWorld, cluster: AzureClusterSpec, tags: Fields) -> None:
    at, name = cluster.naming, f"{cluster.name}-node-natgw-1"
    world.add(
        at.network("natGateways", name),
        location=cluster.location,
        sku={"name": "Standard"},
        tags={**tags, "Name": name},
        properties={
            "provisioningState": "Succeeded",
            "idleTimeoutInMinutes": 4,
            "publicIpAddresses": [{"id": at.network("publicIPAddresses", f"pip-{name}")}],
            "subnets": [{"id": at.subnet(f"{cluster.name}-node-subnet")}],
        },
    )


def _network(world: AzureWorld, cluster: AzureClusterSpec, spec: Fields, tags: Fields) -> None:
    at = cluster.naming
    world.add(
        at.vnet,
        location=cluster.location,
        etag='W/"1"',
        tags={} if cluster.brought else _vnet_tags(cluster),
        properties={
            "provisioningState": "Succeeded",
            "addressSpace": {"addressPrefixes": spec["networkSpec"]["vnet"]["cidrBlocks"]},
            "subnets": [_subnet(at, subnet) for subnet in spec["networkSpec"]["subnets"]],
            "virtualNetworkPeerings": [],
            "enableDdosProtection": False,
        },
    )


def _subnet(at: Naming, subnet: Fields) -> Fields:
    gateway = subnet.get("natGateway", {}).get("name")
    return {
        "id": at.subnet(subnet["name"]),
        "name": subnet["name"],
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "etag": 'W/"1"',
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": subnet["cidrBlocks"][0],
            "networkSecurityGroup": {"id": at.network("networkSecurityGroups", subnet["securityGroup"]["name"])},
            "routeTable": {"id": at.network("routeTables", subnet["routeTable"]["name"])},
            **({"natGateway": {"id": at.network("natGateways", gateway)}} if gateway else {}),
            "serviceEndpoints": [
                {**one, "provisioningState": "Succeeded"} for one in subnet.get("serviceEndpoints", ())
            ],
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        },
    }


def _balancer_built(world: AzureWorld, cluster: AzureClusterSpec, spec: Fields, tags: Fields) -> None:
    at, declared = cluster.naming, spec["networkSpec"]["apiServerLB"]
    balancer_id = at.network("loadBalancers", declared["name"])
    front, pool = declared["frontendIPs"][0], declared["backendPool"]["name"]
    address: Fields = {"publicIPAddress": {"id": at.network("publicIPAddresses", f"pip-{cluster.name}-apiserver")}}
    if cluster.internal:
        subnet = {"id": at.subnet(f"{cluster.name}-controlplane-subnet")}
        address = {"privateIPAddress": front["privateIP"], "subnet": subnet}
    allocation = "Static" if cluster.internal else "Dynamic"
    front_id = f"{balancer_id}/frontendIPConfigurations/{front['name']}"
    pool_id, probe_id = f"{balancer_id}/backendAddressPools/{pool}", f"{balancer_id}/probes/HTTPSProbe"
    rule = {
        "provisioningState": "Succeeded",
        "protocol": "Tcp",
        "frontendPort": 6443,
        "backendPort": 6443,
        "idleTimeoutInMinutes": 4,
        "enableFloatingIP": False,
        "loadDistribution": "Default",
        "disableOutboundSnat": True,
        "frontendIPConfiguration": {"id": front_id},
        "backendAddressPool": {"id": pool_id},
        "probe": {"id": probe_id},
    }
    probe = {
        "provisioningState": "Succeeded",
        "protocol": "Https",
        "port": 6443,
        "requestPath": "/readyz",
        "intervalInSeconds": 15,
        "probeThreshold": 1,
    }
    outbound = {
        "provisioningState": "Succeeded",
        "protocol": "All",
        "idleTimeoutInMinutes": 4,
        "frontendIPConfigurations": [{"id": front_id}],
        "backendAddressPool": {"id": pool_id},
    }
    outbound_rule = {
        "id": f"{balancer_id}/outboundRules/OutboundNATAllProtocols",
        "name": "OutboundNATAllProtocols",
        "properties": outbound,
    }
    world.add(
        balancer_id,
        location=cluster.location,
        etag='W/"1"',
        sku={"name": "Standard", "tier": "Regional"},
        tags={**tags, ROLE: "apiserver"},
        properties={
            "provisioningState": "Succeeded",
            "frontendIPConfigurations": [
                {
                    "id": front_id,
                    "name": front["name"],
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateIPAllocationMethod": allocation,
                        **address,
                    },
                }
            ],
            "backendAddressPools": [{"id": pool_id, "name": pool, "properties": {"provisioningState": "Succeeded"}}],
            "loadBalancingRules": [
                {"id": f"{balancer_id}/loadBalancingRules/LBRuleHTTPS", "name": "LBRuleHTTPS", "properties": rule}
            ],
            "probes": [{"id": probe_id, "name": "HTTPSProbe", "properties": probe}],
            "outboundRules": [] if cluster.internal else [outbound_rule],
            "inboundNatRules": [],
        },
    )
