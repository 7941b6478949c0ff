"""The resource types that are read: our short word, ARM's name, and the version of the API that they are read in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VIRTUAL_MACHINE = "virtual-machine"
NETWORK_INTERFACE = "network-interface"
DISK = "disk"
VIRTUAL_NETWORK = "virtual-network"
SUBNET = "subnet"
SECURITY_GROUP = "network-security-group"
ROUTE_TABLE = "route-table"
LOAD_BALANCER = "load-balancer"
PUBLIC_IP = "public-ip"
NAT_GATEWAY = "nat-gateway"
RESOURCE_GROUP = "resource-group"


@dataclass(frozen=True, slots=True)
class ArmType:
    """One type."""

    word: str
    name: str
    """As ARM writes it, `Microsoft.Compute/virtualMachines`."""
    api_version: str
    expand: str = ""
    """What a single one has to be asked for besides."""

    @property
    def action(self) -> str:
        """The right that reading takes."""
        return f"{self.name}/read"


_COMPUTE, _NETWORK = "2024-07-01", "2024-05-01"

INDEXED: tuple[ArmType, ...] = (
    ArmType(VIRTUAL_MACHINE, "Microsoft.Compute/virtualMachines", _COMPUTE, expand="instanceView"),
    ArmType(NETWORK_INTERFACE, "Microsoft.Network/networkInterfaces", _NETWORK),
    ArmType(DISK, "Microsoft.Compute/disks", "2024-03-02"),
    ArmType(VIRTUAL_NETWORK, "Microsoft.Network/virtualNetworks", _NETWORK),
    ArmType(SECURITY_GROUP, "Microsoft.Network/networkSecurityGroups", _NETWORK),
    ArmType(ROUTE_TABLE, "Microsoft.Network/routeTables", _NETWORK),
    ArmType(LOAD_BALANCER, "Microsoft.Network/loadBalancers", _NETWORK),
    ArmType(PUBLIC_IP, "Microsoft.Network/publicIPAddresses", _NETWORK),
    ArmType(NAT_GATEWAY, "Microsoft.Network/natGateways", _NETWORK),
)
"""Those that stand in Resource Graph by themselves, and that a subscription can be listed for."""

GROUPS = ArmType(RESOURCE_GROUP, "Microsoft.Resources/subscriptions/resourceGroups", "2021-04-01")
SUBNETS = ArmType(SUBNET, "Microsoft.Network/virtualNetworks/subnets", _NETWORK)
"""Never listed: a virtual network tells its subnets."""

TYPES: tuple[ArmType, ...] = (*INDEXED, SUBNETS, GROUPS)
BY_WORD: Mapping[str, ArmType] = {each.word: each for each in TYPES}
BY_ARM_NAME: Mapping[str, ArmType] = {
    **{each.name.casefold(): each for each in TYPES},
    "microsoft.resources/resourcegroups": GROUPS,
}
