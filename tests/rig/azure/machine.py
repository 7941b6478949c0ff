"""What CAPZ makes of one AzureMachine: a virtual machine with its disks and its network interface.

Sources: azure/services/{virtualmachines,networkinterfaces}/spec.go of CAPZ v1.26.0. Disks are made by Azure inside of
the request for the machine, and so have no tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.rig.azure.names import CLOUD_PROVIDER, CREATED, ROLE, Naming
from tests.rig.azure.world import AzureWorld

Fields = dict[str, Any]
IMAGE = {"communityGalleryImageId": "/CommunityGalleries/ClusterAPI-f72ceb4f/Images/capi-ubun2-2404/Versions/1.34.1"}


def build_machine(
    world: AzureWorld,
    at: Naming,
    location: str,
    cluster_tags: Mapping[str, str],
    name: str,
    role: str,
    zone: str,
    spec: Mapping[str, Any],
) -> None:
    """The machine, its disks and its interfaces, in the world."""
    vm_id, nic_id = at.compute("virtualMachines", name), at.network("networkInterfaces", f"{name}-nic")
    tags = {**cluster_tags, **spec.get("additionalTags", {}), f"{CLOUD_PROVIDER}{at.cluster}": "owned", "Name": name}
    _interface(world, at, location, tags, nic_id, vm_id, role, spec)
    zones: Fields = {"zones": [zone]} if zone else {}
    os_disk = _os_disk(world, at, location, zones, vm_id, name, spec["osDisk"])
    data_disks = [_data_disk(world, at, location, zones, vm_id, name, disk) for disk in spec.get("dataDisks", ())]
    image = spec.get("image", {})
    world.add(
        vm_id,
        location=location,
        tags={**tags, ROLE: role},
        **zones,
        **_identity(spec),
        properties={
            "provisioningState": "Succeeded",
            "vmId": f"00000000-0000-4000-8000-{abs(hash(vm_id)) % 10**12:012}",
            "timeCreated": CREATED,
            "hardwareProfile": {"vmSize": spec["vmSize"]},
            "storageProfile": {
                "imageReference": _image(image) if image else IMAGE,
                "osDisk": os_disk,
                "dataDisks": data_disks,
                "diskControllerType": "SCSI",
            },
            "osProfile": {
                "computerName": name,
                "adminUsername": "capi",
                "allowExtensionOperations": not spec.get("disableExtensionOperations", False),
                "requireGuestProvisionSignal": True,
                "secrets": [],
            },
            "networkProfile": {"networkInterfaces": [{"id": nic_id}]},
            **_security(spec),
            **_spot(spec),
            **_diagnostics(spec),
        },
    )


def _image(image: Mapping[str, Any]) -> Fields:
    if "id" in image:
        return {"id": image["id"]}
    marketplace = image["marketplace"]
    version = marketplace["version"]
    exact = "24.04.202611010" if version == "latest" else version
    return {
        "publisher": marketplace["publisher"],
        "offer": marketplace["offer"],
        "sku": marketplace["sku"],
        "version": version,
        "exactVersion": exact,
    }


def _identity(spec: Mapping[str, Any]) -> Fields:
    if spec.get("identity") == "SystemAssigned":
        return {"identity": {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"}}
    if spec.get("identity") == "UserAssigned":
        assigned = {
            one["providerID"].removeprefix("azure://"): {"principalId": "p", "clientId": "c"}
            for one in spec["userAssignedIdentities"]
        }
        return {"identity": {"type": "UserAssigned", "userAssignedIdentities": assigned}}
    return {}


def _security(spec: Mapping[str, Any]) -> Fields:
    return {"securityProfile": dict(spec["securityProfile"])} if spec.get("securityProfile") else {}


def _spot(spec: Mapping[str, Any]) -> Fields:
    spot = spec.get("spotVMOptions")
    if spot is None:
        return {}
    price = float(spot.get("maxPrice", -1))
    return {
        "priority": "Spot",
        "evictionPolicy": spot.get("evictionPolicy", "Deallocate"),
        "billingProfile": {"maxPrice": price},
    }


def _diagnostics(spec: Mapping[str, Any]) -> Fields:
    """Managed, unless the spec turns it off (converters/diagnostics.go; the webhook fills it in)."""
    boot = spec.get("diagnostics", {}).get("boot", {}).get("storageAccountType", "Managed")
    return {"diagnosticsProfile": {"bootDiagnostics": {"enabled": boot != "Disabled"}}}


def _interface(
    world: AzureWorld,
    at: Naming,
    location: str,
    tags: Mapping[str, str],
    nic_id: str,
    vm_id: str,
    role: str,
    spec: Mapping[str, Any],
) -> None:
    declared = spec["networkInterfaces"][0]
    properties: Fields = {
        "provisioningState": "Succeeded",
        "primary": True,
        "privateIPAddressVersion": "IPv4",
        "privateIPAllocationMethod": "Dynamic",
        "privateIPAddress": "10.1.0.4",
        "subnet": {"id": at.subnet(declared["subnetName"])},
    }
    if role == "control-plane":
        balancer = next(key for key in world.resources if "/loadbalancers/" in key and at.cluster in key)
        pools = world.resources[balancer]["properties"]["backendAddressPools"]
        properties["loadBalancerBackendAddressPools"] = [{"id": pool["id"]} for pool in pools]
    world.add(
        nic_id,
        location=location,
        tags={key: value for key, value in tags.items() if key != "Name"} | {"Name": nic_id.rpartition("/")[2]},
        etag='W/"1"',
        properties={
            "provisioningState": "Succeeded",
            "enableAcceleratedNetworking": declared.get("acceleratedNetworking", True),
            "enableIPForwarding": spec.get("enableIPForwarding", False),
            "dnsSettings": {"dnsServers": list(spec.get("dnsServers", ())), "appliedDnsServers": []},
            "primary": True,
            "virtualMachine": {"id": vm_id},
            "ipConfigurations": [
                {"id": f"{nic_id}/ipConfigurations/pipConfig", "name": "pipConfig", "properties": properties}
            ],
            "nicType": "Standard",
        },
    )


def _os_disk(
    world: AzureWorld, at: Naming, location: str, zones: Fields, vm_id: str, name: str, declared: Mapping[str, Any]
) -> Fields:
    disk_name = f"{name}_OSDisk"
    managed = _managed(world, at, location, zones, vm_id, disk_name, declared, "Linux")
    return {
        "name": disk_name,
        "osType": declared["osType"],
        "createOption": "FromImage",
        "caching": declared.get("cachingType", "None"),
        "diskSizeGB": declared["diskSizeGB"],
        "managedDisk": managed,
        "deleteOption": "Detach",
    }


def _data_disk(
    world: AzureWorld, at: Naming, location: str, zones: Fields, vm_id: str, name: str, declared: Mapping[str, Any]
) -> Fields:
    disk_name = f"{name}_{declared['nameSuffix']}"
    managed = _managed(world, at, location, zones, vm_id, disk_name, declared, None)
    return {
        "name": disk_name,
        "lun": declared["lun"],
        "createOption": "Empty",
        "caching": declared.get("cachingType", "None"),
        "diskSizeGB": declared["diskSizeGB"],
        "managedDisk": managed,
        "deleteOption": "Detach",
        "toBeDetached": False,
    }


def _managed(
    world: AzureWorld,
    at: Naming,
    location: str,
    zones: Fields,
    vm_id: str,
    disk_name: str,
    declared: Mapping[str, Any],
    os_type: str | None,
) -> Fields:
    """The disk itself, and how the machine refers to it."""
    disk_id = at.compute("disks", disk_name)
    sku = declared.get("managedDisk", {}).get("storageAccountType", "Premium_LRS")
    key = declared.get("managedDisk", {}).get("diskEncryptionSet", {}).get("id")
    encryption: Fields = {"type": "EncryptionAtRestWithPlatformKey"}
    if key:
        encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": key}
    world.add(
        disk_id,
        location=location,
        managedBy=vm_id,
        sku={"name": sku, "tier": "Premium"},
        **zones,
        properties={
            "provisioningState": "Succeeded",
            "diskState": "Attached",
            "diskSizeGB": declared["diskSizeGB"],
            "timeCreated": CREATED,
            "creationData": {"createOption": "FromImage" if os_type else "Empty"},
            "encryption": encryption,
            **({"osType": os_type} if os_type else {}),
        },
    )
    return {"id": disk_id, "storageAccountType": sku, **({"diskEncryptionSet": {"id": key}} if key else {})}
