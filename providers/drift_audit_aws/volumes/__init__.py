"""EBS volumes of instances: what the spec of an AWSMachine asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.findings import Severity
from drift_audit.model.values import mapping, sequence, text
from drift_audit_aws.family import Family, LeftoverRule, Named
from drift_audit_aws.fleet import Fleet
from drift_audit_aws.resource_types import KMS_ALIAS, VOLUME
from drift_audit_aws.volumes import expected, observed
from drift_audit_aws.volumes.comparers import COMPARERS
from drift_audit_aws.volumes.devices import reached_volumes
from drift_audit_aws.volumes.readers import KMS_ALIASES, VOLUMES


def named_aliases(fleet: Fleet) -> Iterator[Named]:
    """The KMS aliases that encrypt volumes; the volumes themselves no object names, instances lead to them."""
    for machine in fleet.machines.values():
        spec = machine.object.spec
        for volume in (mapping(spec.get("rootVolume")), *map(mapping, sequence(spec.get("nonRootVolumes")))):
            key = text(volume.get("encryptionKey"))
            alias = key if key.startswith("alias/") else key.partition(":alias/")[2]
            if alias:
                yield Named(
                    object=machine.object,
                    cluster=machine.cluster_key,
                    type=KMS_ALIAS,
                    id=f"alias/{alias.removeprefix('alias/')}",
                    path="spec.rootVolume.encryptionKey",
                )


FAMILY = Family(
    readers=(VOLUMES, KMS_ALIASES),
    names=named_aliases,
    reaches=reached_volumes,
    expectations=(
        expected.launched_owned_tag,
        expected.launched_tags,
        expected.spec_devices,
        expected.volume_deleted_with_instance,
        expected.volume_encrypted,
        expected.volume_iops,
        expected.volume_key,
        expected.volume_size,
        expected.volume_throughput,
        expected.volume_type,
    ),
    observations=(
        observed.attached_devices,
        observed.volume_deleted_with_instance,
        observed.volume_throughput,
    ),
    comparers=COMPARERS,
    leftovers=(
        LeftoverRule(
            type=VOLUME,
            severity=Severity.MEDIUM,
            next_steps=(
                "See what is on it before anything else: a volume is data. "
                "aws ec2 create-snapshot --region {region} --volume-id {id} keeps a copy.",
                "If nothing needs it: aws ec2 delete-volume --region {region} --volume-id {id}",
            ),
        ),
    ),
    always_sent={VOLUME: frozenset({"Encrypted", "Size", "State", "VolumeType"})},
)
