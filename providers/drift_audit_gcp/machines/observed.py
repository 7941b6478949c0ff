"""What an instance shows, where that takes more than reading one field, and when nothing of it can be compared."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import ABSENT, JsonObject, Observed, Present, Unknown, mapping, observed, sequence, text
from drift_audit_gcp.links import id_of, last
from drift_audit_gcp.machines.expected import ROLE_LABEL, TELLING_KEYS
from drift_audit_gcp.resource_types import DISK, INSTANCE
from drift_audit_gcp.subject import Subject

_PENDING = frozenset({"PENDING", "PROVISIONING", "STAGING"})
_CSI = ("storage.gke.io/created-by", "kubernetes.io/created-for/")


def _interfaces(subject: Subject) -> list[JsonObject]:
    return [mapping(each) for each in sequence(subject.at("networkInterfaces"))]


def _link_of(subject: Subject, field: str) -> Observed:
    interfaces = _interfaces(subject)
    link = subject.plain(interfaces[0].get(field)) if interfaces else ""
    return Present(link) if link else ABSENT


def seen_network(subject: Subject) -> Observed:
    return _link_of(subject, "network")


def seen_subnet(subject: Subject) -> Observed:
    return _link_of(subject, "subnetwork")


def interface_count(subject: Subject) -> Observed:
    return Present(len(_interfaces(subject)))


def has_public_address(subject: Subject) -> Observed:
    found = _interfaces(subject)
    return Present(any(each.get("accessConfigs") or each.get("ipv6AccessConfigs") for each in found))


def forwards(subject: Subject) -> Observed:
    return Present(subject.at("canIpForward") is True)


def account_email(subject: Subject) -> Observed:
    accounts = sequence(subject.at("serviceAccounts"))
    return observed(mapping(accounts[0]).get("email")) if accounts else ABSENT


def account_scopes(subject: Subject) -> Observed:
    accounts = sequence(subject.at("serviceAccounts"))
    return Present(sorted(map(text, sequence(mapping(accounts[0]).get("scopes"))))) if accounts else ABSENT


def seen_labels(subject: Subject) -> Observed:
    return Present(dict(subject.resource.tags))


def owned_label(subject: Subject) -> Observed:
    return observed(subject.resource.tags.get(subject.cluster.owner_mark))


def role_label(subject: Subject) -> Observed:
    return observed(subject.resource.tags.get(ROLE_LABEL))


def seen_tags(subject: Subject) -> Observed:
    return Present(sorted(map(text, sequence(subject.at("tags", "items")))))


def _keys(subject: Subject) -> set[str]:
    return {text(mapping(item).get("key")) for item in sequence(subject.at("metadata", "items"))}


def seen_keys(subject: Subject) -> Observed:
    return Present(sorted(_keys(subject)))


def seen_telling_keys(subject: Subject) -> Observed:
    return Present(sorted(TELLING_KEYS & _keys(subject)))


def seen_provisioning(subject: Subject) -> Observed:
    scheduling = mapping(subject.at("scheduling"))
    if scheduling.get("provisioningModel") == "SPOT":
        return Present("SPOT")
    return Present("PREEMPTIBLE" if scheduling.get("preemptible") is True else "STANDARD")


def seen_accelerators(subject: Subject) -> Observed:
    found = map(mapping, sequence(subject.at("guestAccelerators")))
    return Present(sorted(f"{last(each.get('acceleratorType'))} x {each.get('acceleratorCount')}" for each in found))


def seen_secure_boot(subject: Subject) -> Observed:
    return Present(subject.at("shieldedInstanceConfig", "enableSecureBoot") is True)


def seen_virtual_tpm(subject: Subject) -> Observed:
    return Present(subject.at("shieldedInstanceConfig", "enableVtpm") is True)


def seen_integrity_monitoring(subject: Subject) -> Observed:
    return Present(subject.at("shieldedInstanceConfig", "enableIntegrityMonitoring") is True)


def seen_confidential(subject: Subject) -> Observed:
    return Present(subject.at("confidentialInstanceConfig", "enableConfidentialCompute") is True)


def protected(subject: Subject) -> Observed:
    return Present(subject.at("deletionProtection") is True)


def seen_alias_ranges(subject: Subject) -> Observed:
    """With the prefix length alone where the spec leaves the addresses to Google."""
    declared = [mapping(each) for each in sequence(subject.object.spec.get("aliasIPRanges"))]
    open_names = {
        text(each.get("subnetworkRangeName")) for each in declared if text(each.get("ipCidrRange")).startswith("/")
    }
    found = [mapping(each) for entry in _interfaces(subject)[:1] for each in sequence(entry.get("aliasIpRanges"))]
    return Present(sorted(_alias(each, open_names) for each in found))


def _alias(found: JsonObject, open_names: set[str]) -> str:
    name, block = text(found.get("subnetworkRangeName")), text(found.get("ipCidrRange"))
    return f"{name} /{block.rpartition('/')[2]}" if name in open_names else f"{name} {block}"


def seen_disks(subject: Subject) -> Observed:
    """All but the boot disk and the volumes of pods."""
    found: list[str] = []
    for attached in map(mapping, sequence(subject.at("disks"))):
        if attached.get("boot") is True:
            continue
        if attached.get("type") == "SCRATCH":
            found.append(f"local-ssd {attached.get('diskSizeGb')} GB")
            continue
        disk = subject.cloud.resources.get((DISK, id_of(attached.get("source"))))
        if disk is None:
            return Unknown(f"disk {last(attached.get('source'))} of the instance was not read")
        if not is_volume(disk):
            found.append(f"{last(disk.attributes.get('type'))} {disk.attributes.get('sizeGb')} GB")
    return Present(sorted(found))


def is_volume(disk: CloudResource) -> bool:
    """True for what a CSI driver made for a persistent volume.

    Source: gcp-compute-persistent-disk-csi-driver pkg/parameters/constants.go.
    """
    description = text(disk.attributes.get("description"))
    return last(disk.key.id).startswith("pvc-") or any(mark in description for mark in _CSI)


def source_image(subject: Subject) -> Observed:
    image = subject.plain(subject.at("sourceImage"))
    return Present(image) if image else Unknown("Google does not tell the image any more: it was deleted")


def disk_key(subject: Subject) -> Observed:
    """Without the version, which turns by itself."""
    return observed(text(subject.at("diskEncryptionKey", "kmsKeyName")).partition("/cryptoKeyVersions/")[0] or None)


def is_registered(subject: Subject) -> Observed:
    members = {id_of(link) for link in sequence(subject.at("members"))}
    return Present(subject.machine is not None and subject.machine.instance_id in members)


def _instances(subject: Subject) -> Iterator[CloudResource]:
    if subject.machine is not None:
        found = subject.cloud.resources.get((INSTANCE, subject.machine.instance_id))
        if found is not None:
            yield found


def instance_pending(subject: Subject) -> bool:
    return subject.at("status") in _PENDING


def not_the_boot_disk(subject: Subject) -> bool:
    for instance in _instances(subject):
        for attached in map(mapping, sequence(instance.attributes.get("disks"))):
            if attached.get("boot") is True and id_of(attached.get("source")) == subject.resource.key.id:
                return False
    return True


def instance_not_running(subject: Subject) -> bool:
    """Asked of the group: CAPG puts only running machines into it."""
    return not any(instance.attributes.get("status") == "RUNNING" for instance in _instances(subject))


OBSERVATIONS = (
    account_email,
    account_scopes,
    disk_key,
    forwards,
    has_public_address,
    interface_count,
    is_registered,
    owned_label,
    protected,
    role_label,
    seen_accelerators,
    seen_alias_ranges,
    seen_confidential,
    seen_disks,
    seen_integrity_monitoring,
    seen_keys,
    seen_labels,
    seen_network,
    seen_provisioning,
    seen_secure_boot,
    seen_subnet,
    seen_tags,
    seen_telling_keys,
    seen_virtual_tpm,
    source_image,
)
CONDITIONS = (instance_not_running, instance_pending, not_the_boot_disk)
