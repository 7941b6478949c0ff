"""What a virtual machine should have and has, where that takes more than reading one field.

Source, where no other is named: CAPZ v1.26.0 azure/services/virtualmachines/spec.go.
"""

from __future__ import annotations

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_azure.arm_ids import name_of, resource_id
from drift_audit_azure.ownership import OWNED, ROLE_TAG, cloud_provider_tag, owned_tag, tag
from drift_audit_azure.resource_types import DISK
from drift_audit_azure.subject import Subject

_GALLERY = "/subscriptions/{0}/resourcegroups/{1}/providers/microsoft.compute/galleries/{2}/images/{3}/versions/{4}"
_COMMUNITY = "/communitygalleries/{0}/images/{1}/versions/{2}"
_LATEST = "latest"


def running(subject: Subject) -> Observed | None:
    return Present("running")


def power_state(subject: Subject) -> Observed:
    """`running`, `deallocated`, ...: Resource Graph, a listing and a single answer tell it in three places."""
    codes = [text(dig(status, "code")) for status in sequence(subject.shown("instanceView", "statuses"))]
    codes.append(text(subject.shown("extended", "instanceView", "powerState", "code")))
    told = next((code for code in codes if code.casefold().startswith("powerstate/")), "")
    return Present(told.partition("/")[2]) if told else Unknown("Azure did not tell the state of power")


def provisioned(subject: Subject) -> Observed | None:
    return Present("Succeeded")


def still_provisioning(subject: Subject) -> bool:
    """Only a failure is one: everything else is on its way."""
    return text(subject.shown("provisioningState")) not in ("Failed", "Succeeded")


def starting(subject: Subject) -> bool:
    state = power_state(subject)
    return isinstance(state, Present) and state.value in ("starting", "unknown")


def wanted_image(subject: Subject) -> Observed | None:
    """The image in one spelling; without one in the spec CAPZ takes the newest for the Kubernetes version."""
    image = mapping(subject.object.spec.get("image"))
    gallery = mapping(image.get("computeGallery") or image.get("sharedGallery"))
    if image.get("id"):
        return Present({"id": text(image["id"]).casefold()})
    if gallery:
        parts = [text(gallery.get(name)) for name in ("subscriptionID", "resourceGroup", "gallery", "name", "version")]
        pattern = _GALLERY.format(*parts) if parts[0] and parts[1] else _COMMUNITY.format(*parts[2:])
        return _with_version({"id": pattern.casefold()})
    marketplace = mapping(image.get("marketplace"))
    if not marketplace:
        return None
    return _with_version(
        {name: text(marketplace.get(name)).casefold() for name in ("publisher", "offer", "sku", "version")}
    )


def _with_version(image: dict[str, Json]) -> Observed | None:
    """`latest` is whatever was newest that day: nothing to compare a version with."""
    if image.get("version") == _LATEST:
        del image["version"]
    return None if text(image.get("id")).endswith(f"/versions/{_LATEST}") else Present(image)


def image(subject: Subject) -> Observed:
    """As far as `wanted_image` has an opinion."""
    shown, wanted = mapping(subject.shown("storageProfile", "imageReference")), wanted_image(subject)
    if not shown:
        return ABSENT
    names = mapping(wanted.value) if isinstance(wanted, Present) else {}
    ids = (shown.get(name) for name in ("id", "communityGalleryImageId", "sharedGalleryImageId"))
    if "id" in names:
        return Present({"id": next((text(one).casefold() for one in ids if one), "")})
    version = shown.get("exactVersion") if shown.get("version") == _LATEST else shown.get("version")
    told = {**{name: shown.get(name) for name in ("publisher", "offer", "sku")}, "version": version}
    return Present({name: text(told.get(name)).casefold() for name in names})


def os_disk_size(subject: Subject) -> Observed:
    """A deallocated machine does not tell it; its disk does."""
    told = subject.shown("storageProfile", "osDisk", "diskSizeGB")
    if told is None:
        told = dig(_disk(subject, subject.shown("storageProfile", "osDisk")), "properties", "diskSizeGB")
    return Unknown("neither the machine nor its disk tells the size") if told is None else Present(told)


def os_disk_type(subject: Subject) -> Observed:
    return _sku(subject, subject.shown("storageProfile", "osDisk"))


def os_disk_encryption_set(subject: Subject) -> Observed:
    disk = subject.shown("storageProfile", "osDisk")
    found = dig(disk, "managedDisk", "diskEncryptionSet", "id") or dig(
        _disk(subject, disk), "properties", "encryption", "diskEncryptionSetId"
    )
    return Present(found) if found else ABSENT


def _disk(subject: Subject, disk: Json) -> Json:
    """The managed disk itself, as the scope has it."""
    found = subject.other(DISK, resource_id(dig(disk, "managedDisk", "id")))
    return found.attributes if found is not None else None


def _sku(subject: Subject, disk: Json) -> Observed:
    """The disk's own word counts: the machine's copy may be older."""
    told = dig(_disk(subject, disk), "sku", "name") or dig(disk, "managedDisk", "storageAccountType")
    return Present(told) if told else Unknown("neither the machine nor its disk tells the type of storage")


def wanted_data_disks(subject: Subject) -> Observed | None:
    """By name; of each only what the spec says."""
    name = subject.object.name
    declared = map(mapping, sequence(subject.object.spec.get("dataDisks")))
    disks = [
        {
            "name": f"{name_of(subject.resource.key.id) or name}_{text(disk.get('nameSuffix'))}",
            "lun": disk.get("lun"),
            "diskSizeGB": disk.get("diskSizeGB"),
            "caching": disk.get("cachingType"),
            "storageAccountType": dig(disk, "managedDisk", "storageAccountType"),
            "diskEncryptionSet": dig(disk, "managedDisk", "diskEncryptionSet", "id"),
        }
        for disk in declared
    ]
    told: list[Json] = [{key: value for key, value in disk.items() if value is not None} for disk in disks]
    return Present(told) if told else None


def data_disks(subject: Subject) -> Observed:
    """Attached disks; those of Kubernetes volumes among them are nobody's business here."""
    told: list[Json] = []
    for disk in map(mapping, sequence(subject.shown("storageProfile", "dataDisks"))):
        found = _disk(subject, disk)
        size, sku = disk.get("diskSizeGB") or dig(found, "properties", "diskSizeGB"), _sku(subject, disk)
        told.append(
            {
                "name": disk.get("name"),
                "lun": disk.get("lun"),
                "diskSizeGB": size,
                "caching": disk.get("caching"),
                "storageAccountType": sku.value if isinstance(sku, Present) else None,
                "diskEncryptionSet": dig(disk, "managedDisk", "diskEncryptionSet", "id"),
            }
        )
    return Present(told)


def identity_type(subject: Subject) -> Observed:
    """`None` where there is none; both sorts at once are `SystemAssigned, UserAssigned`."""
    return Present(text(dig(subject.resource.attributes, "identity", "type")) or "None")


def wanted_identities(subject: Subject) -> Observed | None:
    declared = sequence(subject.object.spec.get("userAssignedIdentities"))
    ids = sorted(resource_id(dig(one, "providerID")) for one in declared)
    return Present(ids) if subject.object.spec.get("identity") == "UserAssigned" else None


def identities(subject: Subject) -> Observed:
    assigned = mapping(dig(subject.resource.attributes, "identity", "userAssignedIdentities"))
    ids = sorted(map(resource_id, assigned))
    return Present(ids)


def wanted_zone(subject: Subject) -> Observed | None:
    """The Machine's word counts before the AzureMachine's (azure/scope/machine.go, AvailabilityZone)."""
    machine = subject.machine.machine if subject.machine is not None else None
    asked = text(machine.spec.get("failureDomain")) if machine is not None else ""
    found = asked or text(subject.object.spec.get("failureDomain"))
    return Present(found) if found else None


def zone(subject: Subject) -> Observed:
    zones = sequence(subject.resource.attributes.get("zones"))
    return Present(text(zones[0])) if zones else ABSENT


def priority(subject: Subject) -> Observed:
    """A machine that says nothing is a regular one."""
    return Present(text(subject.shown("priority")) or "Regular")


def wanted_priority(subject: Subject) -> Observed | None:
    return Present("Regular" if subject.object.spec.get("spotVMOptions") is None else "Spot")


def wanted_max_price(subject: Subject) -> Observed | None:
    """Without one, whatever it costs on demand: -1."""
    spot = subject.object.spec.get("spotVMOptions")
    return None if spot is None else Present(dig(spot, "maxPrice") or -1)


def max_price(subject: Subject) -> Observed:
    told = subject.shown("billingProfile", "maxPrice")
    return Present(-1 if told is None else told)


def encryption_at_host(subject: Subject) -> Observed:
    return Present(subject.shown("securityProfile", "encryptionAtHost") is True)


def wanted_boot_diagnostics(subject: Subject) -> Observed | None:
    """azure/converters/diagnostics.go"""
    boot = mapping(dig(subject.object.spec, "diagnostics", "boot"))
    kind = text(boot.get("storageAccountType"))
    if kind == "UserManaged":
        return Present(text(dig(boot, "userManaged", "storageAccountURI")))
    return Present(kind) if kind in ("Managed", "Disabled") else None


def boot_diagnostics(subject: Subject) -> Observed:
    boot = mapping(subject.shown("diagnosticsProfile", "bootDiagnostics"))
    if boot.get("enabled") is not True:
        return Present("Disabled")
    return Present(text(boot.get("storageUri")) or "Managed")


def extensions_allowed(subject: Subject) -> Observed:
    return Present(subject.shown("osProfile", "allowExtensionOperations") is not False)


def wanted_extensions_allowed(subject: Subject) -> Observed | None:
    return Present(subject.object.spec.get("disableExtensionOperations") is not True)


def wanted_interfaces(subject: Subject) -> Observed | None:
    """azure/defaults.go, GenerateNICName: numbered only where there are several."""
    count = len(sequence(subject.object.spec.get("networkInterfaces"))) or 1
    names = [f"{name_of(subject.resource.key.id)}-nic"]
    if count > 1:
        names = [f"{names[0]}-{number}" for number in range(count)]
    group = subject.resource.key.id.partition("/providers/")[0]
    ids: list[Json] = [f"{group}/providers/microsoft.network/networkinterfaces/{name}" for name in names]
    return Present(ids)


def interfaces(subject: Subject) -> Observed:
    told = sequence(subject.shown("networkProfile", "networkInterfaces"))
    ids: list[Json] = [resource_id(dig(one, "id")) for one in told]
    return Present(ids)


def machine_tags(subject: Subject) -> Observed | None:
    """azure/scope/machine.go, AdditionalTags: the cluster's, the machine's over them, and the cloud provider's."""
    declared = {**subject.cluster.additional_tags, **mapping(subject.object.spec.get("additionalTags"))}
    name = subject.cluster.key.name
    taken = {owned_tag(name), ROLE_TAG, "Name"}
    return Present(
        {**{key: value for key, value in declared.items() if key not in taken}, cloud_provider_tag(name): OWNED}
    )


def wanted_name_tag(subject: Subject) -> Observed | None:
    return Present(text(subject.resource.attributes.get("name")))


def wanted_role_tag(subject: Subject) -> Observed | None:
    if subject.machine is None or not subject.machine.role:
        return Unknown("the Machine that owns this AzureMachine was not read")
    return Present(subject.machine.role)


def owned(subject: Subject) -> Observed | None:
    return Present(OWNED)


def cluster_owned_tag(subject: Subject) -> Observed:
    return _tag(subject, owned_tag(subject.cluster.key.name))


def name_tag(subject: Subject) -> Observed:
    return _tag(subject, "Name")


def role_tag(subject: Subject) -> Observed:
    return _tag(subject, ROLE_TAG)


def tags(subject: Subject) -> Observed:
    return Present(dict(subject.tags))


def _tag(subject: Subject, key: str) -> Observed:
    value = tag(subject.tags, key)
    return ABSENT if value is None else Present(value)


EXPECTATIONS = (
    machine_tags,
    owned,
    provisioned,
    running,
    wanted_boot_diagnostics,
    wanted_data_disks,
    wanted_extensions_allowed,
    wanted_identities,
    wanted_image,
    wanted_interfaces,
    wanted_max_price,
    wanted_name_tag,
    wanted_priority,
    wanted_role_tag,
    wanted_zone,
)
OBSERVATIONS = (
    boot_diagnostics,
    cluster_owned_tag,
    data_disks,
    encryption_at_host,
    extensions_allowed,
    identities,
    identity_type,
    image,
    interfaces,
    max_price,
    name_tag,
    os_disk_encryption_set,
    os_disk_size,
    os_disk_type,
    power_state,
    priority,
    role_tag,
    tags,
    zone,
)
CONDITIONS = (starting, still_provisioning)
