"""Where a machine is meant to be, and of what it is meant to be made: what tells causes on machines apart.

Forty Machines of one pool that fail alike are one cause; the same error in another zone, or for another type, is
another. The names of the fields are those of CAPA v2.13.0 `AWSMachineSpec`, CAPZ v1.26.0 `AzureMachineSpec` and CAPG
v1.13.1 `GCPMachineSpec`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit.stuck.case import Case

_TYPES = (("instanceType",), ("vmSize",), ("template", "vmSize"), ("awsLaunchTemplate", "instanceType"))
_SUBNETS = (("subnet", "id"), ("subnet",), ("subnetName",))
_IMAGES = (("ami", "id"), ("image", "id"), ("image",), ("imageFamily",))
_REGIONS = (("region",), ("location",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """As far as the objects say; empty where a provider chooses by itself."""

    type: str = ""
    zone: str = ""
    """The failure domain; zones of Azure are numbers."""
    region: str = ""
    """That of the cluster."""
    subnet: str = ""
    image: str = ""

    @property
    def words(self) -> str:
        """`m5.large in eu-central-1a, subnet-1, ami-2`."""
        zone = f"{self.region} {self.zone}".strip() if self.zone.isdigit() else self.zone or self.region
        there = f"in {zone}" if zone else ""
        return ", ".join(filter(None, (" ".join(filter(None, (self.type, there))), self.subnet, self.image)))


def placement_of(case: Case) -> Placement:
    """Of the machine or the pool of machines that the case is about."""
    machine = case.machine
    infra = infrastructure_of(case)
    spec = infra.spec if infra else {}
    return Placement(
        type=_first(spec, _TYPES),
        zone=_zone(machine, infra),
        region=_first(case.infrastructure.spec, _REGIONS) if case.infrastructure else "",
        subnet=_first(spec, _SUBNETS) or _subnet_of_interfaces(spec),
        image=_first(spec, _IMAGES) or _named_image(spec),
    )


def infrastructure_of(case: Case) -> CapiObject | None:
    """The infrastructure machine, or pool, that the case is about: itself, or that of its Machine."""
    if case.live.key.group.startswith("infrastructure."):
        return case.live
    return case.graph.infrastructure_machine(case.machine) if case.machine else None


def _zone(machine: CapiObject | None, infra: CapiObject | None) -> str:
    wanted = text(machine.spec.get("failureDomain")) if machine else ""
    return wanted or (text(infra.spec.get("failureDomain")) if infra else "")


def _subnet_of_interfaces(spec: JsonObject) -> str:
    """Azure machines name subnets by network interface."""
    interfaces = sequence(spec.get("networkInterfaces"))
    return text(mapping(interfaces[0]).get("subnetName")) if interfaces else ""


def _named_image(spec: JsonObject) -> str:
    """Azure images that have no id: of a marketplace, or of a gallery."""
    image = mapping(spec.get("image"))
    for place, names in (("marketplace", ("offer", "sku", "version")), ("computeGallery", ("name", "version"))):
        if found := mapping(image.get(place)):
            return " ".join(filter(None, (text(found.get(name)) for name in names)))
    return ""


def _first(spec: JsonObject, places: Sequence[tuple[str, ...]]) -> str:
    return next((found for steps in places if (found := text(dig(spec, *steps)))), "")
