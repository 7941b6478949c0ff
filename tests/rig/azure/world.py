"""Subscriptions and their resources as Azure Resource Manager (ARM) writes them; changed in place like real ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.rig.azure.shapes import mistakes

TENANT = "72f98888-0000-4000-8000-00000000aaaa"
SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
VM = "microsoft.compute/virtualmachines"
SUBNET = "microsoft.network/virtualnetworks/subnets"

Body = dict[str, Any]


@dataclass(slots=True)
class AzureWorld:
    """Everything that the double knows."""

    tenants: dict[str, str] = field(default_factory=lambda: {SUBSCRIPTION: TENANT})
    """Tenant by subscription."""
    states: dict[str, str] = field(default_factory=dict)
    """Of subscriptions that are not `Enabled`."""
    resources: dict[str, Body] = field(default_factory=dict)
    """By the id in lower case. Subnets stand in their network only, as ARM has them."""
    power: dict[str, str] = field(default_factory=dict)
    """`deallocated`, by the id of a machine in lower case; running where nothing is said."""
    hidden: set[str] = field(default_factory=set)
    """Resource groups, in lower case, in which the caller may read nothing: listings leave them out without a word."""
    unindexed: set[str] = field(default_factory=set)
    """Ids in lower case that Resource Graph does not know yet: it lags behind."""

    def add(self, resource_id: str, **fields: Any) -> Body:
        """A resource with the name and the type that its id has."""
        name = resource_id.rpartition("/")[2]
        body = {"id": resource_id, "name": name, "type": type_of(resource_id), **copy.deepcopy(fields)}
        wrong = mistakes(body["type"], body)
        if wrong:
            raise ValueError(f"{resource_id}: {'; '.join(wrong)}")
        self.resources[resource_id.casefold()] = body
        return body

    def at(self, resource_id: str) -> Body:
        """The resource itself, to be changed; a subnet is found in its network."""
        key = resource_id.casefold()
        if type_of(key) == SUBNET:
            network, _, name = key.rpartition("/subnets/")
            subnets: list[Body] = self.resources[network]["properties"]["subnets"]
            return next(subnet for subnet in subnets if subnet["name"].casefold() == name)
        return self.resources[key]

    def find(self, resource_id: str) -> Body | None:
        try:
            return self.at(resource_id)
        except (KeyError, StopIteration):
            return None

    def remove(self, resource_id: str) -> None:
        del self.resources[resource_id.casefold()]

    def of(self, subscription: str) -> Iterator[Body]:
        """What the caller sees of a subscription, ordered by id."""
        for key, body in sorted(self.resources.items()):
            if key.startswith(f"/subscriptions/{subscription.casefold()}/") and group_of(key) not in self.hidden:
                yield body

    def check(self) -> list[str]:
        """What of all the bodies, with the changes made since, the SDK's models do not have."""
        return [f"{key}: {wrong}" for key, body in self.resources.items() for wrong in mistakes(body["type"], body)]

    def instance_view(self, key: str) -> Body:
        """Of a machine: how ARM tells its power."""
        power = self.power.get(key.casefold(), "running")
        return {
            "statuses": [
                {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"},
                {"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"},
            ]
        }


def with_instance_view(world: AzureWorld, body: Mapping[str, Any]) -> Body:
    """The machine as ARM tells it with `$expand=instanceView`."""
    told = copy.deepcopy(dict(body))
    told["properties"]["instanceView"] = world.instance_view(told["id"])
    return told


def type_of(resource_id: str) -> str:
    """`Microsoft.Network/virtualNetworks/subnets`; `Microsoft.Resources/resourceGroups` for a group."""
    _, provided, rest = resource_id.rpartition("/providers/")
    if not provided:
        return "Microsoft.Resources/resourceGroups"
    namespace, *steps = rest.split("/")
    return "/".join((namespace, *steps[::2]))


def group_of(resource_id: str) -> str:
    """The resource group in lower case."""
    parts = resource_id.casefold().split("/")
    return parts[4] if len(parts) > 4 else ""
