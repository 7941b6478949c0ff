"""The clusters that several tests build: one with everything, one without public addresses, one in a network that
somebody brought."""

from __future__ import annotations

from tests.rig.azure.cluster import AzureClusterSpec, AzureMachineSpec
from tests.rig.azure.world import SUBSCRIPTION

KEYS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/security/providers/Microsoft.Compute/diskEncryptionSets/k1"
IDENTITY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/security/providers/Microsoft.ManagedIdentity"
    "/userAssignedIdentities/nodes"
)

C1 = AzureClusterSpec(
    name="c1",
    tags={"team": "payments"},
    rules=(
        {
            "name": "metrics",
            "description": "metrics",
            "priority": 2300,
            "protocol": "Tcp",
            "direction": "Inbound",
            "action": "Allow",
            "sources": ["10.0.0.0/16", "10.2.0.0/16"],
            "sourcePorts": "*",
            "destination": "*",
            "destinationPorts": "9100",
        },
    ),
    service_endpoints=({"service": "Microsoft.Storage", "locations": ["westeurope"]},),
    machines=(
        AzureMachineSpec(
            name="c1-cp-0",
            role="control-plane",
            zone="1",
            spec={
                "dataDisks": [
                    {
                        "nameSuffix": "etcddisk",
                        "diskSizeGB": 256,
                        "lun": 0,
                        "cachingType": "None",
                        "managedDisk": {"storageAccountType": "Premium_LRS"},
                    }
                ],
                "identity": "UserAssigned",
                "userAssignedIdentities": [{"providerID": f"azure://{IDENTITY}"}],
                "image": {
                    "marketplace": {"publisher": "cncf-upstream", "offer": "capi", "sku": "k8s", "version": "134.1"}
                },
                "diagnostics": {"boot": {"storageAccountType": "Managed"}},
            },
        ),
        AzureMachineSpec(
            name="c1-md-0",
            zone="2",
            spec={
                "additionalTags": {"team": "checkout"},
                "osDisk": {
                    "osType": "Linux",
                    "diskSizeGB": 128,
                    "cachingType": "ReadWrite",
                    "managedDisk": {"storageAccountType": "Premium_LRS", "diskEncryptionSet": {"id": KEYS}},
                },
                "securityProfile": {
                    "encryptionAtHost": True,
                    "securityType": "TrustedLaunch",
                    "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
                },
                "networkInterfaces": [
                    {"subnetName": "c1-node-subnet", "privateIPConfigs": 1, "acceleratedNetworking": True}
                ],
                "dnsServers": ["10.0.0.10", "10.0.0.11"],
            },
        ),
        AzureMachineSpec(name="c1-spot-0", spec={"spotVMOptions": {"maxPrice": "0.25", "evictionPolicy": "Delete"}}),
    ),
)
PRIVATE = AzureClusterSpec(
    name="p1",
    internal=True,
    machines=(AzureMachineSpec(name="p1-cp-0", role="control-plane"), AzureMachineSpec(name="p1-md-0")),
)
THEIRS = AzureClusterSpec(name="t1", brought=True, machines=(AzureMachineSpec(name="t1-md-0"),))
