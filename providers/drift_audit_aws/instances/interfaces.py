"""The network interfaces of an instance, and for which of them CAPA answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drift_audit.model.values import Json, dig, mapping, sequence, text
from drift_audit_aws.ownership import owned_tag
from drift_audit_aws.resource_types import NETWORK_INTERFACE
from drift_audit_aws.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One network interface of an instance."""

    id: str
    primary: bool
    tagged: bool | None
    """Whether it has the cluster's tag, without which CAPA leaves its groups alone; `None`: could not be listed."""
    groups: tuple[str, ...] | None


def interfaces(subject: Subject) -> tuple[Interface, ...]:
    """The interfaces whose groups CAPA answers for: the primary one, and every tagged one."""
    known = subject.cloud.listed(NETWORK_INTERFACE)
    entries = sequence(subject.resource.attributes.get("NetworkInterfaces"))
    found = (_interface(subject, entry, known) for entry in entries)
    return tuple(interface for interface in found if interface.primary or interface.tagged is not False)


def untold_interfaces(subject: Subject) -> tuple[str, ...]:
    """Secondary interfaces of which nobody can say whether CAPA answers for them."""
    return tuple(each.id for each in interfaces(subject) if not each.primary and each.tagged is None)


def primary_interface(subject: Subject) -> Mapping[str, Json] | None:
    """The attributes of the interface with device index 0; `None` when the response has none."""
    for entry in map(mapping, sequence(subject.resource.attributes.get("NetworkInterfaces"))):
        if dig(entry, "Attachment", "DeviceIndex") == 0:
            return entry
    return None


def _interface(subject: Subject, entry: Json, known: bool) -> Interface:
    attributes = mapping(entry)
    interface_id = text(attributes.get("NetworkInterfaceId"))
    listed = subject.cloud.resources.get((NETWORK_INTERFACE, interface_id))
    tagged = listed is not None and owned_tag(subject.cluster.key.name) in listed.tags
    groups = attributes.get("Groups")
    return Interface(
        id=interface_id,
        primary=dig(attributes, "Attachment", "DeviceIndex") == 0,
        tagged=tagged if known else None,
        groups=None if groups is None else tuple(sorted(text(dig(group, "GroupId")) for group in sequence(groups))),
    )
