"""What a virtual machine consists of besides itself, as it names it."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, dig, mapping, sequence
from drift_audit_azure.arm_ids import resource_id
from drift_audit_azure.resource_types import DISK, NETWORK_INTERFACE


def parts_of(machine: CloudResource) -> Iterator[tuple[str, str]]:
    """(type, id) of the interfaces and the managed disks that a virtual machine names."""
    properties = mapping(machine.attributes.get("properties"))
    yield from _named(NETWORK_INTERFACE, dig(properties, "networkProfile", "networkInterfaces"), "id")
    yield from _named(DISK, [dig(properties, "storageProfile", "osDisk")], "managedDisk", "id")
    yield from _named(DISK, dig(properties, "storageProfile", "dataDisks"), "managedDisk", "id")


def _named(kind: str, items: Json, *steps: str) -> Iterator[tuple[str, str]]:
    for item in sequence(items):
        identifier = resource_id(dig(item, *steps))
        if identifier:
            yield kind, identifier
