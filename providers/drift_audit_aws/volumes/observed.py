"""What a volume and the devices of an instance show, where that takes more than one field of EC2's answer."""

from __future__ import annotations

from drift_audit.model.values import ABSENT, Observed, Present, Unknown, dig, sequence, text
from drift_audit_aws.subject import Subject
from drift_audit_aws.volumes.devices import device_of


def volume_deleted_with_instance(subject: Subject) -> Observed:
    device = device_of(subject)
    if device is None or not isinstance(device.delete_on_termination, bool):
        return Unknown("the answer of EC2 does not say whether the volume goes with its instance")
    return Present(device.delete_on_termination)


def volume_throughput(subject: Subject) -> Observed:
    """Sent for gp3 alone."""
    value = subject.resource.attributes.get("Throughput")
    if value is not None:
        return Present(value)
    is_gp3 = subject.resource.attributes.get("VolumeType") == "gp3"
    return Unknown("the answer of EC2 has no Throughput") if is_gp3 else ABSENT


def attached_devices(subject: Subject) -> Observed:
    mappings = subject.resource.attributes.get("BlockDeviceMappings")
    if mappings is None:
        return Unknown("the answer of EC2 has no BlockDeviceMappings")
    return Present(sorted(text(dig(mapped, "DeviceName")) for mapped in sequence(mappings)))
