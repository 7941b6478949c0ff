"""One instance with its disks, as CAPG makes them of a GCPMachine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.rig.gcp.cloud import HOST, Cloud

if TYPE_CHECKING:
    from tests.rig.gcp.capg import GcpClusterSpec, GcpMachineSpec

_CONFIDENTIAL = {
    "AMDEncryptedVirtualization": "SEV",
    "AMDEncryptedVirtualizationNestedPaging": "SEV_SNP",
    "IntelTrustedDomainExtensions": "TDX",
}


def build_machine(cloud: Cloud, cluster: GcpClusterSpec, machine: GcpMachineSpec) -> str:
    """The path of the instance."""
    spec, place = machine.spec, f"projects/{cluster.project}/zones/{machine.zone}"
    path = f"{place}/instances/{machine.name}"
    account = spec.get("serviceAccounts", {})
    accelerators = [
        {"acceleratorType": f"{HOST}{place}/acceleratorTypes/{each['type']}", "acceleratorCount": each["count"]}
        for each in spec.get("guestAccelerators", ())
    ]
    spot = spec.get("provisioningModel") == "Spot"
    preemptible = bool(spec.get("preemptible")) or spot
    maintenance = "TERMINATE" if preemptible or accelerators else spec.get("onHostMaintenance", "Migrate").upper()
    shielded = spec.get("shieldedInstanceConfig", {})
    labels = {**cluster.spec.get("additionalLabels", {}), **spec.get("additionalLabels", {})}
    cloud.add(
        path,
        machineType=f"{HOST}{place}/machineTypes/{spec['instanceType']}",
        status="RUNNING",
        cpuPlatform="Intel Ice Lake",
        labels={
            **{key.lower(): value.lower() for key, value in labels.items()},
            f"capg-cluster-{cluster.name}": "owned",
            "capg-role": machine.role,
        },
        labelFingerprint="AAAA",
        tags={
            "items": sorted([*spec.get("additionalNetworkTags", ()), f"{cluster.name}-{machine.role}", cluster.name]),
            "fingerprint": "AAAA",
        },
        metadata={
            "kind": "compute#metadata",
            "fingerprint": "AAAA",
            "items": [
                *spec.get("additionalMetadata", ()),
                {"key": "user-data", "value": "token: abcdef.0123456789abcdef"},
            ],
        },
        networkInterfaces=[_interface(cluster, spec)],
        serviceAccounts=[
            {
                "email": account.get("email", f"{cluster.number}-compute@developer.gserviceaccount.com"),
                "scopes": account.get("scopes", ["https://www.googleapis.com/auth/cloud-platform"]),
            }
        ],
        scheduling={
            "automaticRestart": not preemptible,
            "onHostMaintenance": maintenance,
            "preemptible": preemptible,
            "provisioningModel": "SPOT" if spot else "STANDARD",
        },
        disks=_disks(cloud, cluster, machine, path),
        canIpForward=spec.get("ipForwarding", "Enabled") == "Enabled",
        shieldedInstanceConfig={
            "enableSecureBoot": shielded.get("secureBoot") == "Enabled",
            "enableVtpm": shielded.get("virtualizedTrustedPlatformModule") != "Disabled",
            "enableIntegrityMonitoring": shielded.get("integrityMonitoring") != "Disabled",
        },
        deletionProtection=False,
        startRestricted=False,
        **({"guestAccelerators": accelerators} if accelerators else {}),
        **_confidential(spec),
    )
    return path


def _confidential(spec: Any) -> dict[str, Any]:
    wanted = spec.get("confidentialCompute")
    if wanted is None:
        return {}
    kind = _CONFIDENTIAL.get(wanted)
    told = {"confidentialInstanceType": kind} if kind else {}
    return {"confidentialInstanceConfig": {"enableConfidentialCompute": wanted != "Disabled", **told}}


def _interface(cluster: GcpClusterSpec, spec: Any) -> dict[str, Any]:
    subnet = spec.get("subnet") or "default"
    public = {
        "accessConfigs": [
            {
                "kind": "compute#accessConfig",
                "name": "External NAT",
                "type": "ONE_TO_ONE_NAT",
                "natIP": "203.0.113.99",
                "networkTier": "PREMIUM",
            }
        ]
    }
    ranges = [
        {**({"subnetworkRangeName": name} if (name := each.get("subnetworkRangeName")) else {}), "ipCidrRange": cidr}
        for each in spec.get("aliasIPRanges", ())
        for cidr in [f"10.1.2.0{each['ipCidrRange']}" if each["ipCidrRange"].startswith("/") else each["ipCidrRange"]]
    ]
    return {
        "kind": "compute#networkInterface",
        "name": "nic0",
        "network": HOST + cluster.network_path,
        "subnetwork": f"{HOST}projects/{cluster.network_project}/regions/{cluster.region}/subnetworks/{subnet}",
        "networkIP": "10.0.0.5",
        "stackType": "IPV4_ONLY",
        "fingerprint": "AAAA",
        **(public if spec.get("publicIP") else {}),
        **({"aliasIpRanges": ranges} if ranges else {}),
    }


def _disks(cloud: Cloud, cluster: GcpClusterSpec, machine: GcpMachineSpec, instance: str) -> list[dict[str, Any]]:
    spec, place = machine.spec, f"projects/{cluster.project}/zones/{machine.zone}"
    key = spec.get("rootDiskEncryptionKey", {}).get("managedKey", {}).get("kmsKeyName", "")
    encrypted = {"diskEncryptionKey": {"kmsKeyName": f"{key}/cryptoKeyVersions/1"}} if key else {}
    labels = {**cluster.spec.get("additionalLabels", {}), **spec.get("additionalLabels", {})}
    common = {"status": "READY", "users": [HOST + instance], "physicalBlockSizeBytes": "4096"}
    boot = cloud.add(
        f"{place}/disks/{machine.name}",
        sizeGb=str(spec.get("rootDeviceSize") or 10),
        type=f"{HOST}{place}/diskTypes/{spec.get('rootDeviceType', 'pd-standard')}",
        sourceImage=HOST + str(spec.get("image", f"projects/{cluster.project}/global/images/family-head")),
        **common,
        **({"labels": labels} if labels else {}),
        **encrypted,
    )
    shape = {"kind": "compute#attachedDisk", "mode": "READ_WRITE", "autoDelete": True}
    attached: list[dict[str, Any]] = [
        {**shape, "boot": True, "index": 0, "deviceName": "persistent-disk-0", "source": boot, "type": "PERSISTENT"}
    ]
    for number, disk in enumerate(spec.get("additionalDisks", ()), start=1):
        entry = {**shape, "boot": False, "index": number, "deviceName": f"persistent-disk-{number}"}
        if disk["deviceType"] == "local-ssd":
            attached.append({**entry, "type": "SCRATCH", "interface": "NVME", "diskSizeGb": "375"})
            continue
        size = str(disk.get("size", 30))
        made = cloud.add(
            f"{place}/disks/{machine.name}-{number}",
            sizeGb=size,
            type=f"{HOST}{place}/diskTypes/{disk['deviceType']}",
            **common,
        )
        attached.append({**entry, "type": "PERSISTENT", "interface": "SCSI", "diskSizeGb": size, "source": made})
    return attached
