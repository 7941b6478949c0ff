"""The volumes that a launch template gives to new instances. CAPA sends them and never compares them again."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.values import Json, Observed, Present, dig, mapping, sequence, text
from drift_audit_aws.subject import Subject

_FIELDS = {
    "size": "VolumeSize",
    "type": "VolumeType",
    "iops": "Iops",
    "throughput": "Throughput",
    "encrypted": "Encrypted",
    "encryptionKey": "KmsKeyId",
    "deleteOnTermination": "DeleteOnTermination",
}


def template_volumes(subject: Subject) -> Observed | None:
    """What the spec sets, by device; nothing while CAPA has not noted the device of the root volume.

    Source: CAPA v2.13.0 pkg/cloud/services/ec2/launchtemplate.go, volumeToLaunchTemplateBlockDeviceMappingRequest.
    """
    if subject.pool is None:
        return None
    template = subject.pool.template
    root = template.get("rootVolume")
    volumes = [*([mapping(root)] if root is not None else []), *map(mapping, sequence(template.get("nonRootVolumes")))]
    if any(not volume.get("deviceName") for volume in volumes):
        return None
    return Present({text(volume.get("deviceName")): _sent(volume) for volume in volumes})


def _sent(volume: Mapping[str, Json]) -> Mapping[str, Json]:
    """The settings that CAPA sends: an absent or zero one it leaves to AWS; a key switches encryption on."""
    sent = {name: volume[name] for name in _FIELDS if volume.get(name) not in (None, "", 0)}
    key = {"encrypted": True} if volume.get("encryptionKey") else {}
    return {**sent, **key, "deleteOnTermination": True}


def volumes_shown(subject: Subject) -> Observed:
    mappings = map(mapping, sequence(dig(subject.resource.attributes, "LaunchTemplateData", "BlockDeviceMappings")))
    return Present({text(each.get("DeviceName")): _shown(mapping(each.get("Ebs"))) for each in mappings})


def _shown(ebs: Mapping[str, Json]) -> Mapping[str, Json]:
    return {name: ebs[field] for name, field in _FIELDS.items() if ebs.get(field) is not None}
