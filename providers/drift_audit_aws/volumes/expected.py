"""What CAPA asked for when it made a volume with its instance; nothing of it is sent again later.

Source: CAPA v2.13.0 pkg/cloud/services/ec2/instances.go, volumeToBlockDeviceMapping.
"""

from __future__ import annotations

from drift_audit.model.values import Observed, Present, Unknown, mapping, sequence, text
from drift_audit_aws.ownership import OWNED
from drift_audit_aws.resource_types import KMS_ALIAS
from drift_audit_aws.subject import Subject
from drift_audit_aws.tagging import additional_tags
from drift_audit_aws.volumes.devices import launched, spec_of


def volume_size(subject: Subject) -> Observed | None:
    return _asked(subject, "size")


def volume_type(subject: Subject) -> Observed | None:
    return _asked(subject, "type")


def volume_iops(subject: Subject) -> Observed | None:
    """Not set: EC2 chooses by type and size."""
    return _asked(subject, "iops")


def volume_throughput(subject: Subject) -> Observed | None:
    return _asked(subject, "throughput")


def volume_encrypted(subject: Subject) -> Observed | None:
    """Only what must be encrypted: an account may encrypt every volume by default."""
    spec = spec_of(subject)
    return Present(True) if spec.get("encrypted") is True or spec.get("encryptionKey") else None


def volume_key(subject: Subject) -> Observed | None:
    """The last part of the key's ARN, whether the spec has the id, the ARN or an alias of it."""
    asked = text(spec_of(subject).get("encryptionKey"))
    if not asked:
        return None
    name = asked.partition(":alias/")[2] or (asked.removeprefix("alias/") if asked.startswith("alias/") else "")
    if not name:
        return Present(asked.rpartition("/")[2])
    alias = subject.cloud.resources.get((KMS_ALIAS, f"alias/{name}"))
    target = text(alias.attributes.get("TargetKeyId")) if alias is not None else ""
    return Present(target) if target else Unknown(f"KMS alias {name} could not be resolved to a key")


def volume_deleted_with_instance(subject: Subject) -> Observed | None:
    """CAPA asks for it for every volume that the spec names."""
    return Present(True) if spec_of(subject) else None


def launched_owned_tag(subject: Subject) -> Observed | None:
    """Of a volume that was made with the instance: it carries the instance's tags."""
    return Present(OWNED) if launched(subject) else None


def launched_tags(subject: Subject) -> Observed | None:
    return additional_tags(subject) if launched(subject) else None


def spec_devices(subject: Subject) -> Observed | None:
    """The device names that the spec gives; the root volume needs none."""
    declared = map(mapping, sequence(subject.object.spec.get("nonRootVolumes")))
    names = sorted(text(entry.get("deviceName")) for entry in declared)
    return Present(names) if names else None


def _asked(subject: Subject, field: str) -> Observed | None:
    value = spec_of(subject).get(field)
    return Present(value) if value not in (None, 0, "") else None
