"""What an instance should have, by its GCPMachine and GCPCluster. Source: CAPG v1.13.1 cloud/scope/machine.go."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.values import Json, JsonObject, Observed, Present, Unknown, mapping, sequence, text
from drift_audit_gcp.resource_types import PROJECT
from drift_audit_gcp.subject import Subject

_CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_CONFIDENTIAL = {
    "AMDEncryptedVirtualization": "SEV",
    "AMDEncryptedVirtualizationNestedPaging": "SEV_SNP",
    "IntelTrustedDomainExtensions": "TDX",
}
ROLE_LABEL = "capg-role"
_LOCAL_SSD = "local-ssd"


def running(subject: Subject) -> Observed | None:
    return Present("RUNNING")


def no_failure(subject: Subject) -> Observed | None:
    """The failure that CAPG wrote down when the instance stood still, and that nothing takes away again."""
    message = text(subject.object.status.get("failureMessage"))
    told = "instance state" in message and "is unexpected" in message
    return Present(message) if told and subject.at("status") == "RUNNING" else None


def cluster_network(subject: Subject) -> Observed | None:
    return Present(subject.cluster.network_link)


def machine_subnet(subject: Subject) -> Observed | None:
    subnet, cluster = text(subject.object.spec.get("subnet")), subject.cluster
    if not subnet:
        return None
    return Present(f"projects/{cluster.network_project}/regions/{cluster.region}/subnetworks/{subnet}")


def one_interface(subject: Subject) -> Observed | None:
    return Present(1)


def public_address(subject: Subject) -> Observed | None:
    return Present(subject.object.spec.get("publicIP") is True)


def ip_forwarding(subject: Subject) -> Observed | None:
    return Present(subject.object.spec.get("ipForwarding") != "Disabled")


def service_account(subject: Subject) -> Observed | None:
    declared = subject.object.spec.get("serviceAccounts")
    email = text(mapping(declared).get("email")) if declared is not None else "default"
    if not email:
        return None
    if email != "default":
        return Present(email)
    project = subject.cloud.resources.get((PROJECT, subject.resource.key.account))
    known = text(project.attributes.get("defaultServiceAccount")) if project is not None else ""
    return Present(known) if known else Unknown("nobody knows the default service account of the project")


def service_scopes(subject: Subject) -> Observed | None:
    declared = subject.object.spec.get("serviceAccounts")
    if declared is None:
        return Present([_CLOUD_PLATFORM])
    return Present(sorted(map(_scope, sequence(mapping(declared).get("scopes")))))


def _scope(scope: Json) -> str:
    name = text(scope)
    return name if "://" in name else f"https://www.googleapis.com/auth/{name}"


def labels(subject: Subject) -> Observed | None:
    """In small letters, as CAPG writes them on instances (api/v1beta1/labels.go, Build)."""
    merged = {**subject.cluster.labels, **_declared_labels(subject)}
    reserved = (subject.cluster.owner_mark, ROLE_LABEL)
    found = {key.lower(): value.lower() for key, value in merged.items() if key.lower() not in reserved}
    return Present(found) if found else None


def _declared_labels(subject: Subject) -> Mapping[str, str]:
    return {key: text(value) for key, value in mapping(subject.object.spec.get("additionalLabels")).items()}


def owned(subject: Subject) -> Observed | None:
    return Present("owned")


def role(subject: Subject) -> Observed | None:
    return Present(subject.machine.role) if subject.machine is not None and subject.machine.role else None


def network_tags(subject: Subject) -> Observed | None:
    name = subject.cluster.name
    if subject.machine is None or not subject.machine.role:
        return None
    declared = map(text, sequence(subject.object.spec.get("additionalNetworkTags")))
    return Present(sorted({*declared, name, f"{name}-{subject.machine.role}"}))


def metadata_keys(subject: Subject) -> Observed | None:
    return Present(sorted({*_metadata(subject), "user-data"}))


def _metadata(subject: Subject) -> list[str]:
    return [text(mapping(item).get("key")) for item in sequence(subject.object.spec.get("additionalMetadata"))]


def telling_keys(subject: Subject) -> Observed | None:
    return Present(sorted(TELLING_KEYS.intersection(_metadata(subject))))


TELLING_KEYS = frozenset(
    {
        "block-project-ssh-keys",
        "enable-oslogin",
        "serial-port-enable",
        "shutdown-script",
        "shutdown-script-url",
        "ssh-keys",
        "sshKeys",
        "startup-script",
        "startup-script-url",
    }
)
"""Keys that open an instance to somebody, or that run something on it."""


def provisioning(subject: Subject) -> Observed | None:
    spec = subject.object.spec
    if spec.get("provisioningModel") == "Spot":
        return Present("SPOT")
    return Present("PREEMPTIBLE" if spec.get("preemptible") is True else "STANDARD")


def host_maintenance(subject: Subject) -> Observed | None:
    spec = subject.object.spec
    if sequence(spec.get("guestAccelerators")) or provisioning(subject) != Present("STANDARD"):
        return Present("TERMINATE")
    declared = text(spec.get("onHostMaintenance"))
    return Present(declared.upper()) if declared else None


def secure_boot(subject: Subject) -> Observed | None:
    shielded = _shielded(subject)
    return None if shielded is None else Present(shielded.get("secureBoot") == "Enabled")


def virtual_tpm(subject: Subject) -> Observed | None:
    shielded = _shielded(subject)
    return None if shielded is None else Present(shielded.get("virtualizedTrustedPlatformModule") != "Disabled")


def integrity_monitoring(subject: Subject) -> Observed | None:
    shielded = _shielded(subject)
    return None if shielded is None else Present(shielded.get("integrityMonitoring") != "Disabled")


def _shielded(subject: Subject) -> JsonObject | None:
    """`None`: without the block CAPG sends nothing, and what the platform chooses is not compared."""
    found = subject.object.spec.get("shieldedInstanceConfig")
    return None if found is None else mapping(found)


def confidential(subject: Subject) -> Observed | None:
    declared = subject.object.spec.get("confidentialCompute")
    return None if declared is None else Present(declared != "Disabled")


def confidential_type(subject: Subject) -> Observed | None:
    kind = _CONFIDENTIAL.get(text(subject.object.spec.get("confidentialCompute")))
    return Present(kind) if kind else None


def accelerators(subject: Subject) -> Observed | None:
    declared = map(mapping, sequence(subject.object.spec.get("guestAccelerators")))
    return Present(sorted(f"{text(each.get('type')).rpartition('/')[2]} x {each.get('count')}" for each in declared))


def unprotected(subject: Subject) -> Observed | None:
    return Present(False)


def alias_ranges(subject: Subject) -> Observed | None:
    """`None` without any in the spec: the cloud provider in the cluster may hand out ranges by itself."""
    declared = [mapping(each) for each in sequence(subject.object.spec.get("aliasIPRanges"))]
    ranges = sorted(f"{text(each.get('subnetworkRangeName'))} {text(each.get('ipCidrRange'))}" for each in declared)
    return Present(ranges) if ranges else None


def further_disks(subject: Subject) -> Observed | None:
    declared = map(mapping, sequence(subject.object.spec.get("additionalDisks")))
    return Present(sorted(_disk(text(each.get("deviceType")), each.get("size", 30)) for each in declared))


def _disk(kind: str, size: Json) -> str:
    return f"{kind} {375 if kind == _LOCAL_SSD else size} GB"


def boot_disk_size(subject: Subject) -> Observed | None:
    size = subject.object.spec.get("rootDeviceSize")
    return Present(size) if size else None


def boot_image(subject: Subject) -> Observed | None:
    """`None` for a family, whose newest image is another one every week."""
    image = text(subject.object.spec.get("image"))
    if not image or "/family/" in image:
        return None
    return Present(subject.plain(image))


def registered(subject: Subject) -> Observed | None:
    """CAPG puts running control plane machines into the group of their zone."""
    if subject.machine is None or subject.machine.role != "control-plane":
        return None
    return Present(True)


EXPECTATIONS = (
    accelerators,
    alias_ranges,
    boot_disk_size,
    boot_image,
    cluster_network,
    confidential,
    confidential_type,
    further_disks,
    host_maintenance,
    integrity_monitoring,
    ip_forwarding,
    labels,
    machine_subnet,
    metadata_keys,
    network_tags,
    no_failure,
    one_interface,
    owned,
    provisioning,
    public_address,
    registered,
    role,
    running,
    secure_boot,
    service_account,
    service_scopes,
    telling_keys,
    unprotected,
    virtual_tpm,
)
