"""What somebody may change in Azure, one change for each row of the field map, and what is nobody's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drift_audit.model.fields import ReactionKind
from tests.rig.azure.fleets import C1
from tests.rig.azure.world import AzureWorld

Change = Callable[[AzureWorld], None]

AT = C1.naming
CONTROL_PLANE = AT.compute("virtualMachines", "c1-cp-0")
NODE = AT.compute("virtualMachines", "c1-md-0")
SPOT = AT.compute("virtualMachines", "c1-spot-0")
NODE_NIC = AT.network("networkInterfaces", "c1-md-0-nic")
NODE_SUBNET = AT.subnet("c1-node-subnet")
NODE_RULES = AT.network("networkSecurityGroups", "c1-node-nsg")
BALANCER = AT.network("loadBalancers", "c1-public-lb")


def put(resource_id: str, *path: str | int, to: Any) -> Change:
    """Sets one field; the path begins below the resource."""

    def change(azure: AzureWorld) -> None:
        value: Any = azure.at(resource_id)
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


def drop(resource_id: str, *path: str | int) -> Change:
    """Takes one field or item away."""

    def change(azure: AzureWorld) -> None:
        value: Any = azure.at(resource_id)
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return change


def add(resource_id: str, *path: str | int, item: Any) -> Change:
    """Adds one item to a list."""

    def change(azure: AzureWorld) -> None:
        value: Any = azure.at(resource_id)
        for step in path:
            value = value[step]
        value.append(item)

    return change


def power(resource_id: str, state: str) -> Change:
    return lambda azure: azure.power.__setitem__(resource_id.casefold(), state)


def _disk_type(azure: AzureWorld) -> None:
    """As Azure tells it: the disk and the machine that it is attached to."""
    azure.at(AT.compute("disks", "c1-md-0_OSDisk"))["sku"]["name"] = "Standard_LRS"
    azure.at(NODE)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["storageAccountType"] = "Standard_LRS"


def _other_interface(azure: AzureWorld) -> None:
    other = AT.network("networkInterfaces", "extra")
    azure.add(other, location="westeurope", properties={"ipConfigurations": [], "virtualMachine": {"id": NODE}})
    azure.at(NODE)["properties"]["networkProfile"]["networkInterfaces"].append({"id": other})


def rule(name: str, **fields: Any) -> dict[str, Any]:
    """A rule of a security group that lets everybody in."""
    properties = {
        "access": "Allow",
        "direction": "Inbound",
        "protocol": "Tcp",
        "priority": 100,
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    return {"name": name, "properties": {**properties, **fields}}


_NIC = ("properties", "ipConfigurations", 0, "properties")
_UEFI = ("properties", "securityProfile", "uefiSettings")
_ANOTHER = AT.network("publicIPAddresses", "other")
_OWNED = AT.owned_tag

FLIPS: Mapping[str, Change] = {
    "azure.vm.power": power(NODE, "deallocated"),
    "azure.vm.provisioning": put(NODE, "properties", "provisioningState", to="Failed"),
    "azure.vm.size": put(NODE, "properties", "hardwareProfile", "vmSize", to="Standard_D4s_v3"),
    "azure.vm.image": put(CONTROL_PLANE, "properties", "storageProfile", "imageReference", "version", to="133.9"),
    "azure.vm.os-disk-size": put(NODE, "properties", "storageProfile", "osDisk", "diskSizeGB", to=256),
    "azure.vm.os-disk-caching": put(NODE, "properties", "storageProfile", "osDisk", "caching", to="None"),
    "azure.vm.os-disk-storage": _disk_type,
    "azure.vm.os-disk-encryption": put(
        NODE, "properties", "storageProfile", "osDisk", "managedDisk", "diskEncryptionSet", "id", to=f"{NODE}/x"
    ),
    "azure.vm.data-disks": drop(CONTROL_PLANE, "properties", "storageProfile", "dataDisks", 0),
    "azure.vm.identity": put(NODE, "identity", to={"type": "SystemAssigned"}),
    "azure.vm.user-assigned-identities": put(CONTROL_PLANE, "identity", "userAssignedIdentities", to={}),
    "azure.vm.zone": put(NODE, "zones", to=["3"]),
    "azure.vm.tags": put(NODE, "tags", "team", to="somebody"),
    "azure.vm.owned-tag": drop(NODE, "tags", _OWNED),
    "azure.vm.name-tag": put(NODE, "tags", "Name", to="x"),
    "azure.vm.role-tag": put(NODE, "tags", "sigs.k8s.io_cluster-api-provider-azure_role", to="control-plane"),
    "azure.vm.priority": drop(SPOT, "properties", "priority"),
    "azure.vm.eviction-policy": put(SPOT, "properties", "evictionPolicy", to="Deallocate"),
    "azure.vm.max-price": put(SPOT, "properties", "billingProfile", "maxPrice", to=1.5),
    "azure.vm.encryption-at-host": put(NODE, "properties", "securityProfile", "encryptionAtHost", to=False),
    "azure.vm.security-type": put(NODE, "properties", "securityProfile", "securityType", to="Standard"),
    "azure.vm.secure-boot": put(NODE, *_UEFI, "secureBootEnabled", to=False),
    "azure.vm.vtpm": put(NODE, *_UEFI, "vTpmEnabled", to=False),
    "azure.vm.boot-diagnostics": put(
        CONTROL_PLANE, "properties", "diagnosticsProfile", "bootDiagnostics", "enabled", to=False
    ),
    "azure.vm.extension-operations": put(NODE, "properties", "osProfile", "allowExtensionOperations", to=False),
    "azure.vm.interfaces": _other_interface,
    "azure.nic.subnet": put(NODE_NIC, *_NIC, "subnet", "id", to=AT.subnet("c1-controlplane-subnet")),
    "azure.nic.accelerated-networking": put(NODE_NIC, "properties", "enableAcceleratedNetworking", to=False),
    "azure.nic.ip-forwarding": put(NODE_NIC, "properties", "enableIPForwarding", to=True),
    "azure.nic.dns-servers": put(NODE_NIC, "properties", "dnsSettings", "dnsServers", to=[]),
    "azure.nic.addresses": add(
        NODE_NIC, "properties", "ipConfigurations", item={"name": "second", "properties": {"primary": False}}
    ),
    "azure.nic.public-address": put(NODE_NIC, *_NIC, "publicIPAddress", to={"id": _ANOTHER}),
    "azure.nic.security-group": put(NODE_NIC, "properties", "networkSecurityGroup", to={"id": NODE_RULES}),
    "azure.nic.pools": put(
        AT.network("networkInterfaces", "c1-cp-0-nic"), *_NIC, "loadBalancerBackendAddressPools", to=[]
    ),
    "azure.vnet.address-space": put(AT.vnet, "properties", "addressSpace", "addressPrefixes", to=["10.0.0.0/9"]),
    "azure.vnet.owned-tag": drop(AT.vnet, "tags", _OWNED),
    "azure.subnet.address-prefixes": put(NODE_SUBNET, "properties", "addressPrefix", to="10.1.0.0/17"),
    "azure.subnet.security-group": drop(NODE_SUBNET, "properties", "networkSecurityGroup"),
    "azure.subnet.route-table": drop(NODE_SUBNET, "properties", "routeTable"),
    "azure.subnet.nat-gateway": drop(NODE_SUBNET, "properties", "natGateway"),
    "azure.subnet.service-endpoints": drop(NODE_SUBNET, "properties", "serviceEndpoints", 0),
    "azure.nsg.rules": add(NODE_RULES, "properties", "securityRules", item=rule("open")),
    "azure.routes.foreign": add(
        AT.network("routeTables", "c1-node-routetable"),
        "properties",
        "routes",
        item={"name": "out", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}},
    ),
    "azure.nat-gateway.addresses": put(
        AT.network("natGateways", "c1-node-natgw-1"), "properties", "publicIpAddresses", to=[{"id": _ANOTHER}]
    ),
    "azure.public-ip.dns-name": drop(AT.network("publicIPAddresses", "pip-c1-apiserver"), "properties", "dnsSettings"),
    "azure.lb.frontends": put(
        BALANCER, "properties", "frontendIPConfigurations", 0, "properties", "publicIPAddress", to={"id": _ANOTHER}
    ),
    "azure.lb.rules": put(BALANCER, "properties", "loadBalancingRules", 0, "properties", "backendPort", to=443),
    "azure.lb.probes": put(BALANCER, "properties", "probes", 0, "properties", "requestPath", to="/"),
    "azure.lb.pools": put(BALANCER, "properties", "backendAddressPools", 0, "name", to="x"),
    "azure.lb.sku": put(BALANCER, "sku", "name", to="Basic"),
    "azure.lb.owned-tag": drop(BALANCER, "tags", _OWNED),
}
"""By the row that has to find it."""

UNFLIPPED = frozenset({"azure.vm.os-disk-confidential", "azure.vm.capacity-reservation", "azure.vm.ultra-ssd"})
"""Rows of fields that no machine of the fleet declares; they have a fleet of their own."""

NOBODYS: Mapping[str, Change] = {
    "a tag of somebody": put(NODE, "tags", "cost-center", to="42"),
    "a volume of Kubernetes": add(
        NODE,
        "properties",
        "storageProfile",
        "dataDisks",
        item={"name": "pvc-1", "lun": 5, "createOption": "Attach", "diskSizeGB": 8},
    ),
    "a rule of a Service": add(
        NODE_RULES, "properties", "securityRules", item=rule("k8s-azure-lb_allow_IPv4_0a", priority=500)
    ),
    "the route of a node": add(
        AT.network("routeTables", "c1-node-routetable"),
        "properties",
        "routes",
        item={
            "name": "c1-md-0",
            "properties": {
                "addressPrefix": "192.168.1.0/24",
                "nextHopType": "VirtualAppliance",
                "nextHopIpAddress": "10.1.0.4",
            },
        },
    ),
    "a pool of a Service": put(
        NODE_NIC, *_NIC, "loadBalancerBackendAddressPools", to=[{"id": f"{BALANCER}/backendAddressPools/kubernetes"}]
    ),
    "the size in capitals": put(NODE, "properties", "hardwareProfile", "vmSize", to="STANDARD_D2S_V3"),
    "the id in capitals": put(NODE_NIC, *_NIC, "subnet", "id", to=NODE_SUBNET.upper().replace("/SUB", "/sub", 1)),
    "both spellings of a subnet": put(NODE_SUBNET, "properties", "addressPrefixes", to=["10.1.0.0/16"]),
    "the order of a rule's sources": put(
        NODE_RULES,
        "properties",
        "securityRules",
        0,
        "properties",
        "sourceAddressPrefixes",
        to=["10.2.0.0/16", "10.0.0.0/16"],
    ),
    "a tag key in another case": lambda azure: azure.at(NODE)["tags"].update(TEAM=azure.at(NODE)["tags"].pop("team")),
    "a name server that was applied": put(
        NODE_NIC, "properties", "dnsSettings", "appliedDnsServers", to=["168.63.129.16"]
    ),
}

REACTIONS: Mapping[str, tuple[Change, str, ReactionKind]] = {
    "a rule that is gone comes back": (
        drop(NODE_RULES, "properties", "securityRules", 0),
        "azure.nsg.rules",
        ReactionKind.REVERTED,
    ),
    "a rule with another port breaks": (
        put(NODE_RULES, "properties", "securityRules", 0, "properties", "destinationPortRange", to="1-65535"),
        "azure.nsg.rules",
        ReactionKind.BREAKS,
    ),
    "a rule with a wider source stays": (
        put(NODE_RULES, "properties", "securityRules", 0, "properties", "sourceAddressPrefixes", to=["0.0.0.0/0"]),
        "azure.nsg.rules",
        ReactionKind.IGNORED,
    ),
    "one identity more stays": (
        lambda azure: azure.at(CONTROL_PLANE)["identity"]["userAssignedIdentities"].update(
            {f"{AT.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x": {}}
        ),
        "azure.vm.user-assigned-identities",
        ReactionKind.IGNORED,
    ),
    "an identity that is gone breaks": (
        put(CONTROL_PLANE, "identity", "userAssignedIdentities", to={}),
        "azure.vm.user-assigned-identities",
        ReactionKind.BREAKS,
    ),
    "a subnet without its group gets it again": (
        drop(NODE_SUBNET, "properties", "networkSecurityGroup"),
        "azure.subnet.security-group",
        ReactionKind.REVERTED,
    ),
}
