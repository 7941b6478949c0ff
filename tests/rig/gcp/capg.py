"""What Cluster API Provider GCP makes of one cluster, and what it then writes into its objects.

    state = build_cluster(cloud, GcpClusterSpec(name="c1", machines=(GcpMachineSpec(name="c1-md-0"),)))

Written down a second time from CAPG v1.13.1 (cloud/scope/{cluster,machine,firewall}.go, cloud/services/compute), and
not taken from the provider that the tests are about. Defaults of Google's own are those of its API reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.rig.gcp.balancers import build_external, build_internal
from tests.rig.gcp.cloud import HOST, REGION, ZONES, Cloud
from tests.rig.gcp.machines import build_machine
from tests.rig.gcp.networks import build_network

PROJECT = "fleet-project"
NUMBER = "123456789012"
IMAGE = f"projects/{PROJECT}/global/images/ubuntu-2404"
MACHINE_SPEC: Mapping[str, Any] = {"instanceType": "n2-standard-2", "image": IMAGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpMachineSpec:
    """One GCPMachine with the Machine that owns it."""

    name: str
    role: str = "node"
    zone: str = ZONES[0]
    spec: Mapping[str, Any] = field(default_factory=lambda: dict(MACHINE_SPEC))
    """`GCPMachine.spec` as the template gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpClusterSpec:
    """One Cluster with its GCPCluster and machines, as they were declared."""

    name: str
    namespace: str = "default"
    project: str = PROJECT
    number: str = NUMBER
    region: str = REGION
    spec: Mapping[str, Any] = field(default_factory=dict)
    """`GCPCluster.spec` as declared; project and region may be left out."""
    machines: Sequence[GcpMachineSpec] = ()
    zones: Sequence[str] = ZONES
    brought: bool = False
    """True: somebody made the network before, and CAPG only uses it."""

    @property
    def network(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.spec.get("network", {})
        return found

    @property
    def network_name(self) -> str:
        return str(self.network.get("name", "default"))

    @property
    def network_project(self) -> str:
        return str(self.network.get("hostProject", self.project))

    @property
    def network_path(self) -> str:
        return f"projects/{self.network_project}/global/networks/{self.network_name}"

    @property
    def balancer_type(self) -> str:
        return str(self.spec.get("loadBalancer", {}).get("loadBalancerType", "External"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpClusterState:
    """What CAPG wrote down about the cluster."""

    endpoint: str
    status: Mapping[str, Any]

    def cluster_spec(self, cluster: GcpClusterSpec) -> dict[str, Any]:
        """`GCPCluster.spec` with what the controller fills in."""
        return {
            "project": cluster.project,
            "region": cluster.region,
            "network": {},
            **cluster.spec,
            "controlPlaneEndpoint": {"host": self.endpoint, "port": 443},
        }

    @staticmethod
    def machine_spec(cluster: GcpClusterSpec, machine: GcpMachineSpec) -> dict[str, Any]:
        return {**machine.spec, "providerID": f"gce://{cluster.project}/{machine.zone}/{machine.name}"}


def build_cluster(cloud: Cloud, cluster: GcpClusterSpec) -> GcpClusterState:
    """Makes everything that CAPG would have made for the cluster, and says what it wrote down."""
    for project, number in ((cluster.project, cluster.number), (cluster.network_project, "210987654321")):
        if f"projects/{project}" not in cloud.resources:
            cloud.project(project, number)
    network = build_network(cloud, cluster)
    groups = {zone: _group(cloud, cluster, zone) for zone in cluster.zones}
    for machine in cluster.machines:
        path = build_machine(cloud, cluster, machine)
        if machine.role == "control-plane":
            cloud.members[groups[machine.zone]].append(path)
    links = {zone: HOST + path for zone, path in groups.items()}
    status: dict[str, Any] = {**network, "apiServerInstanceGroups": links}
    endpoint = ""
    if cluster.balancer_type != "Internal":
        endpoint, found = build_external(cloud, cluster, list(links.values()))
        status |= found
    if cluster.balancer_type != "External":
        address, found = build_internal(cloud, cluster, list(links.values()))
        endpoint, status = endpoint or address, status | found
    domains = {zone: {"controlPlane": True} for zone in cluster.zones}
    return GcpClusterState(endpoint=endpoint, status={"ready": True, "network": status, "failureDomains": domains})


def _group(cloud: Cloud, cluster: GcpClusterSpec, zone: str) -> str:
    tag = cluster.spec.get("loadBalancer", {}).get("apiServerInstanceGroupTagOverride", "apiserver")
    path = f"projects/{cluster.project}/zones/{zone}/instanceGroups/{cluster.name}-{tag}-{zone}"
    port = cluster.network.get("loadBalancerBackendPort", 6443)
    cloud.add(path, namedPorts=[{"name": "apiserver", "port": port}], size=0)
    cloud.members[path] = []
    return path
