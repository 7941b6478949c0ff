"""Which device of which instance a volume is, and what the spec says of that device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drift_audit.interfaces import Link
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.resource_types import INSTANCE, VOLUME
from drift_audit_aws.subject import CloudIndex, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One block device of an instance."""

    name: str
    root: bool
    delete_on_termination: Json


def devices_by_volume(view: CloudScopeView) -> Mapping[str, Device]:
    """The device that each volume is; of one that is attached to several instances, the first's."""
    found: dict[str, Device] = {}
    for (kind, _), resource in view.resources.items():
        if kind == INSTANCE:
            for volume, device in _devices(resource):
                found.setdefault(volume, device)
    return found


def _devices(instance: CloudResource) -> Iterator[tuple[str, Device]]:
    root = text(instance.attributes.get("RootDeviceName"))
    for mapped in map(mapping, sequence(instance.attributes.get("BlockDeviceMappings"))):
        name = text(mapped.get("DeviceName"))
        ebs = mapping(mapped.get("Ebs"))
        if name and ebs:
            yield (
                text(ebs.get("VolumeId")),
                Device(name=name, root=name == root, delete_on_termination=ebs.get("DeleteOnTermination")),
            )


def device_of(subject: Subject) -> Device | None:
    return subject.index.ask(devices_by_volume).get(subject.resource.key.id)


def spec_of(subject: Subject) -> JsonObject:
    """The `rootVolume` or the entry of `nonRootVolumes` that the volume was made by; empty for any other volume.

    Other volumes are nobody's business here: the CSI driver attaches those of persistent volumes.
    """
    device = device_of(subject)
    if device is None:
        return {}
    if device.root:
        return mapping(subject.object.spec.get("rootVolume"))
    declared = map(mapping, sequence(subject.object.spec.get("nonRootVolumes")))
    return next((entry for entry in declared if entry.get("deviceName") == device.name), {})


def launched(subject: Subject) -> bool:
    """True for the volumes that were made together with the instance."""
    device = device_of(subject)
    return device is not None and (device.root or bool(spec_of(subject)))


def spec_path(subject: Subject, field: str) -> tuple[str, tuple[str, ...]]:
    """(the path to show, the plain path that declares it) of a field of the volume's spec."""
    device = device_of(subject)
    if device is None or device.root:
        return f"spec.rootVolume.{field}", ("spec", "rootVolume", field)
    return f"spec.nonRootVolumes[deviceName={device.name}].{field}", ("spec", "nonRootVolumes")


def reached_volumes(link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """The listed volumes of a linked instance."""
    if link.resource.type != INSTANCE:
        return
    instance = index.view.resources[INSTANCE, link.resource.id]
    for mapped in sequence(instance.attributes.get("BlockDeviceMappings")):
        key = VOLUME, text(dig(mapped, "Ebs", "VolumeId"))
        if key in index.view.resources:
            yield key
