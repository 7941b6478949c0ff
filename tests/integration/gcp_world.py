"""Clusters on Google Cloud as CAPG builds them, read by the provider over HTTP from the rig's double."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drift_audit.clock import now
from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView, ClusterView, Gap
from drift_audit_gcp.provider import GcpProvider
from tests.rig.gcp.capg import PROJECT, GcpClusterSpec, GcpMachineSpec, build_cluster
from tests.rig.gcp.cloud import Cloud
from tests.rig.gcp.server import GcpServer
from tests.unit.gcp.builders import changed, cluster_objects, quiet, settings, view

_KEY = f"projects/{PROJECT}/locations/europe/keyRings/fleet/cryptoKeys/disks"

FULL = GcpClusterSpec(
    name="c1",
    spec={
        "additionalLabels": {"team": "core"},
        "loadBalancer": {
            "loadBalancerType": "InternalExternal",
            "internalLoadBalancer": {"name": "inside", "subnet": "nodes", "internalAccess": "Global"},
        },
        "network": {
            "name": "fleet",
            "autoCreateSubnetworks": False,
            "mtu": 1500,
            "minPortsPerVm": 128,
            "subnets": [
                {
                    "name": "nodes",
                    "cidrBlock": "10.0.0.0/16",
                    "secondaryCidrBlocks": {"pods": "10.4.0.0/14"},
                    "privateGoogleAccess": True,
                    "enableFlowLogs": True,
                    "description": "where nodes live",
                }
            ],
            "firewall": {
                "firewallRules": [
                    {
                        "name": "ssh",
                        "direction": "Ingress",
                        "priority": 900,
                        "allowed": [{"IPProtocol": "TCP", "ports": ["22"]}],
                        "sourceRanges": ["10.9.0.0/24"],
                        "targetTags": ["c1-node"],
                    },
                    {"name": "no-mail", "direction": "Egress", "denied": [{"IPProtocol": "TCP", "ports": ["25"]}]},
                ]
            },
        },
    },
    machines=(
        GcpMachineSpec(name="c1-cp-0", role="control-plane"),
        GcpMachineSpec(
            name="c1-md-0",
            zone="europe-west3-b",
            spec={
                "instanceType": "n2d-standard-4",
                "image": f"projects/{PROJECT}/global/images/ubuntu-2404",
                "subnet": "nodes",
                "additionalLabels": {"Stage": "Prod"},
                "additionalNetworkTags": ["web"],
                "additionalMetadata": [{"key": "color", "value": "blue"}],
                "serviceAccounts": {
                    "email": f"nodes@{PROJECT}.iam.gserviceaccount.com",
                    "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
                },
                "rootDeviceSize": 50,
                "rootDeviceType": "pd-ssd",
                "rootDiskEncryptionKey": {"keyType": "Managed", "managedKey": {"kmsKeyName": _KEY}},
                "additionalDisks": [{"deviceType": "pd-ssd", "size": 100}, {"deviceType": "local-ssd"}],
                "aliasIPRanges": [{"ipCidrRange": "/24", "subnetworkRangeName": "pods"}],
                "shieldedInstanceConfig": {"secureBoot": "Enabled"},
                "confidentialCompute": "AMDEncryptedVirtualization",
                "onHostMaintenance": "Terminate",
                "guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 1}],
            },
        ),
    ),
)
"""One cluster that uses all that is compared."""

PLAIN = GcpClusterSpec(
    name="plain",
    machines=(GcpMachineSpec(name="plain-cp-0", role="control-plane"), GcpMachineSpec(name="plain-md-0")),
)
"""One cluster that leaves everything to its controller."""

HOST_PROJECT = "network-project"
SHARED = GcpClusterSpec(
    name="guest",
    spec={
        "network": {
            "name": "shared",
            "hostProject": HOST_PROJECT,
            "subnets": [{"name": "nodes", "cidrBlock": "10.0.0.0/24"}],
        }
    },
    machines=(GcpMachineSpec(name="guest-md-0"),),
)
"""One cluster in the network of another project."""


@dataclass(frozen=True, slots=True)
class World:
    """Clusters of the fleet in Google Cloud, and what their management cluster holds."""

    server: GcpServer
    provider: GcpProvider
    objects: list[CapiObject]

    @property
    def cloud(self) -> Cloud:
        return self.server.cloud

    def read(self, objects: Sequence[CapiObject] = ()) -> tuple[list[ClusterView], list[CloudScopeView]]:
        views = [view(objects or self.objects)]
        return views, [self.provider.collect(request, quiet) for request in self.provider.plan(views).requests]

    def facts(self, objects: Sequence[CapiObject] = ()) -> tuple[Fact, ...]:
        views, clouds = self.read(objects)
        assert not [gap for cloud in clouds for gap in cloud.gaps]
        links = self._correlated(views, clouds).links
        return tuple(self.provider.compare(self.provider.rows(), views, clouds, links))

    def correlation(self, objects: Sequence[CapiObject] = (), later: timedelta = timedelta()) -> Correlation:
        return self._correlated(*self.read(objects), later)

    def _correlated(
        self, views: Sequence[ClusterView], clouds: Sequence[CloudScopeView], later: timedelta = timedelta()
    ) -> Correlation:
        return self.provider.correlate(views, clouds, now() + later, timedelta(hours=1))

    def gaps(self) -> list[Gap]:
        """Of reading and of correlating."""
        views, clouds = self.read()
        return [gap for cloud in clouds for gap in cloud.gaps] + list(self._correlated(views, clouds).gaps)

    def named(self, kind: str, name: str) -> CapiObject:
        return next(found for found in self.objects if (found.kind, found.name) == (kind, name))

    def with_changed(self, kind: str, name: str, **sections: Mapping[str, object]) -> list[CapiObject]:
        """All objects, one of them with other fields."""
        wanted = self.named(kind, name)
        return [changed(found, **sections) if found is wanted else found for found in self.objects]


def world(server: GcpServer, *clusters: GcpClusterSpec, projects: Sequence[str] = (), **more: object) -> World:
    objects = [found for spec in clusters for found in cluster_objects(spec, build_cluster(server.cloud, spec))]
    chosen = {"endpoint_url": server.url, "of_project": {"credentials_file": str(server.key_file)}, **more}
    return World(server=server, provider=GcpProvider(settings(*projects, **chosen)), objects=objects)
