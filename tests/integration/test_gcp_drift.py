"""Every row of the field maps: what nobody touched is silent, and what somebody changed is exactly one finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Severity
from drift_audit_gcp.provider import GcpProvider
from tests.integration.gcp_world import FULL, PLAIN, World, world
from tests.rig.gcp.capg import PROJECT, GcpClusterSpec, GcpMachineSpec
from tests.rig.gcp.cloud import HOST, REGION, Cloud
from tests.rig.gcp.server import GcpServer
from tests.unit.gcp.builders import settings

P = f"projects/{PROJECT}"
NODE = f"{P}/zones/europe-west3-b/instances/c1-md-0"
CONTROL = f"{P}/zones/europe-west3-a/instances/c1-cp-0"
BOOT = f"{P}/zones/europe-west3-b/disks/c1-md-0"
GROUP = f"{P}/zones/europe-west3-a/instanceGroups/c1-apiserver-europe-west3-a"
NETWORK = f"{P}/global/networks/fleet"
ROUTER = f"{P}/regions/{REGION}/routers/fleet-router"
SUBNET = f"{P}/regions/{REGION}/subnetworks/nodes"
RULE = f"{P}/global/firewalls/c1-ssh"
CHECK = f"{P}/global/healthChecks/c1-apiserver"
BACKEND = f"{P}/global/backendServices/c1-apiserver"
PROXY = f"{P}/global/targetTcpProxies/c1-apiserver"
OUTER = f"{P}/global/forwardingRules/c1-apiserver"
INNER = f"{P}/regions/{REGION}/forwardingRules/c1-inside"

Change = Callable[[Cloud], object]


def to(path: str, **fields: Any) -> Change:
    return lambda cloud: cloud.change(path, **fields)


def merged(path: str, field: str, **inner: Any) -> Change:
    """Fields inside of one field of the resource."""
    return lambda cloud: cloud.change(path, **{field: {**cloud.body(path)[field], **inner}})


def first(path: str, field: str, **inner: Any) -> Change:
    """Fields of the first item of a list."""

    def change(cloud: Cloud) -> None:
        items = cloud.body(path)[field]
        changed = {key: value for key, value in {**items[0], **inner}.items() if value is not None}
        cloud.change(path, **{field: [changed, *items[1:]]})

    return change


def keys(cloud: Cloud, *names: str, lost: str = "") -> None:
    items = [item for item in cloud.body(NODE)["metadata"]["items"] if item["key"] != lost]
    cloud.change(NODE, metadata={"items": [*items, *({"key": name, "value": "x"} for name in names)]})


def second_interface(cloud: Cloud) -> None:
    found = cloud.body(NODE)["networkInterfaces"]
    cloud.change(NODE, networkInterfaces=[*found, {"name": "nic1", "network": f"{HOST}{P}/global/networks/other"}])


def detached(cloud: Cloud) -> None:
    cloud.change(NODE, disks=[disk for disk in cloud.body(NODE)["disks"] if disk.get("index") != 1])


def foreign_rule(cloud: Cloud) -> None:
    cloud.add(
        f"{P}/global/firewalls/hole",
        network=HOST + NETWORK,
        direction="INGRESS",
        allowed=[{"IPProtocol": "tcp", "ports": ["22"]}],
        sourceRanges=["0.0.0.0/0"],
        targetTags=["c1-node"],
    )


def without(path: str, *names: str) -> Change:
    return lambda cloud: cloud.change(
        path, labels={key: value for key, value in cloud.body(path)["labels"].items() if key not in names}
    )


NIC, DISK_KEY = "networkInterfaces", "projects/p/locations/l/keyRings/r/cryptoKeys/other/cryptoKeyVersions/1"
NAT_OFF = "LIST_OF_SUBNETWORKS"
ELSEWHERE = f"{HOST}{P}/global/networks/other"

FLIPS: Mapping[str, Change] = {
    "gcp.instance.status": to(NODE, status="TERMINATED"),
    "gcp.instance.machine-type": to(NODE, machineType=f"{HOST}{P}/zones/europe-west3-b/machineTypes/e2-micro"),
    "gcp.instance.network": first(NODE, NIC, network=ELSEWHERE),
    "gcp.instance.subnet": first(NODE, NIC, subnetwork=f"{HOST}{P}/regions/{REGION}/subnetworks/other"),
    "gcp.instance.interfaces": second_interface,
    "gcp.instance.public-address": first(NODE, NIC, accessConfigs=[{"type": "ONE_TO_ONE_NAT", "natIP": "203.0.113.7"}]),
    "gcp.instance.ip-forwarding": to(NODE, canIpForward=False),
    "gcp.instance.service-account": first(NODE, "serviceAccounts", email="owner@other.iam.gserviceaccount.com"),
    "gcp.instance.scopes": first(NODE, "serviceAccounts", scopes=["https://www.googleapis.com/auth/logging.write"]),
    "gcp.instance.labels": merged(NODE, "labels", stage="test"),
    "gcp.instance.owned-label": without(NODE, "capg-cluster-c1"),
    "gcp.instance.role-label": merged(NODE, "labels", **{"capg-role": "control-plane"}),
    "gcp.instance.network-tags": to(NODE, tags={"items": ["c1", "web"]}),
    "gcp.instance.metadata-keys": lambda cloud: keys(cloud, lost="color"),
    "gcp.instance.telling-metadata": lambda cloud: keys(cloud, "startup-script"),
    "gcp.instance.provisioning": merged(CONTROL, "scheduling", provisioningModel="SPOT"),
    "gcp.instance.host-maintenance": merged(NODE, "scheduling", onHostMaintenance="MIGRATE"),
    "gcp.instance.secure-boot": merged(NODE, "shieldedInstanceConfig", enableSecureBoot=False),
    "gcp.instance.vtpm": merged(NODE, "shieldedInstanceConfig", enableVtpm=False),
    "gcp.instance.integrity-monitoring": merged(NODE, "shieldedInstanceConfig", enableIntegrityMonitoring=False),
    "gcp.instance.confidential": merged(NODE, "confidentialInstanceConfig", enableConfidentialCompute=False),
    "gcp.instance.confidential-type": merged(NODE, "confidentialInstanceConfig", confidentialInstanceType="TDX"),
    "gcp.instance.accelerators": first(NODE, "guestAccelerators", acceleratorCount=2),
    "gcp.instance.deletion-protection": to(NODE, deletionProtection=True),
    "gcp.instance.alias-ranges": first(
        NODE, NIC, aliasIpRanges=[{"subnetworkRangeName": "pods", "ipCidrRange": "10.5.0.0/20"}]
    ),
    "gcp.instance.disks": detached,
    "gcp.boot-disk.size": to(BOOT, sizeGb="80"),
    "gcp.boot-disk.type": to(BOOT, type=f"{HOST}{P}/zones/europe-west3-b/diskTypes/pd-balanced"),
    "gcp.boot-disk.image": to(BOOT, sourceImage=f"{HOST}projects/debian-cloud/global/images/debian-12"),
    "gcp.boot-disk.key": to(BOOT, diskEncryptionKey={"kmsKeyName": DISK_KEY}),
    "gcp.machine.registered": lambda cloud: cloud.members[GROUP].clear(),
    "gcp.network.mark": to(NETWORK, description="ours now"),
    "gcp.network.mtu": to(NETWORK, mtu=1460),
    "gcp.network.auto-subnets": to(NETWORK, autoCreateSubnetworks=True),
    "gcp.network.foreign-rules": foreign_rule,
    "gcp.router.nat": to(ROUTER, nats=[]),
    "gcp.router.nat-addresses": first(ROUTER, "nats", natIpAllocateOption="MANUAL_ONLY"),
    "gcp.router.nat-subnets": first(ROUTER, "nats", sourceSubnetworkIpRangesToNat=NAT_OFF),
    "gcp.router.nat-ports": first(ROUTER, "nats", minPortsPerVm=64),
    "gcp.subnet.cidr": to(SUBNET, ipCidrRange="10.0.0.0/15"),
    "gcp.subnet.secondary-ranges": to(SUBNET, secondaryIpRanges=[{"rangeName": "pods", "ipCidrRange": "10.8.0.0/14"}]),
    "gcp.subnet.google-access": to(SUBNET, privateIpGoogleAccess=False),
    "gcp.subnet.flow-logs": to(SUBNET, enableFlowLogs=None, logConfig=None),
    "gcp.subnet.purpose": to(SUBNET, purpose="PRIVATE_NAT"),
    "gcp.subnet.stack": to(SUBNET, stackType="IPV4_IPV6"),
    "gcp.subnet.description": to(SUBNET, description="mine", purpose="PRIVATE"),
    "gcp.subnet.network": to(SUBNET, network=ELSEWHERE),
    "gcp.firewall.disabled": to(RULE, disabled=True),
    "gcp.firewall.direction": to(RULE, direction="EGRESS"),
    "gcp.firewall.priority": to(RULE, priority=100),
    "gcp.firewall.allowed": to(RULE, allowed=[{"IPProtocol": "tcp", "ports": ["22", "23"]}]),
    "gcp.firewall.denied": to(
        f"{P}/global/firewalls/c1-no-mail", denied=[{"IPProtocol": "tcp", "ports": ["25", "465"]}]
    ),
    "gcp.firewall.sources": to(RULE, sourceRanges=["10.9.0.0/24", "0.0.0.0/0"]),
    "gcp.firewall.source-tags": to(f"{P}/global/firewalls/allow-c1-cluster", sourceTags=["c1-control-plane"]),
    "gcp.firewall.target-tags": to(RULE, targetTags=["c1-node", "db"]),
    "gcp.firewall.destinations": to(f"{P}/global/firewalls/c1-no-mail", destinationRanges=[]),
    "gcp.firewall.network": to(RULE, network=ELSEWHERE),
    "gcp.instance-group.ports": to(GROUP, namedPorts=[{"name": "apiserver", "port": 8443}]),
    "gcp.health-check.type": to(CHECK, type="TCP"),
    "gcp.health-check.port": merged(CHECK, "httpsHealthCheck", port=443),
    "gcp.health-check.path": merged(CHECK, "httpsHealthCheck", requestPath="/"),
    "gcp.health-check.interval": to(CHECK, checkIntervalSec=60),
    "gcp.health-check.timeout": to(CHECK, timeoutSec=60),
    "gcp.health-check.healthy": to(CHECK, healthyThreshold=2),
    "gcp.health-check.unhealthy": to(CHECK, unhealthyThreshold=2),
    "gcp.backend.groups": lambda cloud: cloud.change(BACKEND, backends=cloud.body(BACKEND)["backends"][1:]),
    "gcp.backend.mode": lambda cloud: cloud.change(
        BACKEND, backends=[{**each, "balancingMode": "UTILIZATION"} for each in cloud.body(BACKEND)["backends"]]
    ),
    "gcp.backend.capacity": first(BACKEND, "backends", capacityScaler=0),
    "gcp.backend.health-check": to(BACKEND, healthChecks=[f"{HOST}{P}/global/healthChecks/other"]),
    "gcp.backend.timeout": to(BACKEND, timeoutSec=30),
    "gcp.backend.port-name": to(BACKEND, portName="http"),
    "gcp.backend.network": to(f"{P}/regions/{REGION}/backendServices/c1-inside", network=ELSEWHERE),
    "gcp.target-proxy.service": to(PROXY, service=f"{HOST}{P}/global/backendServices/other"),
    "gcp.target-proxy.header": to(PROXY, proxyHeader="PROXY_V1"),
    "gcp.forwarding-rule.target": to(OUTER, target=f"{HOST}{P}/global/targetTcpProxies/other"),
    "gcp.forwarding-rule.backend": to(INNER, backendService=f"{HOST}{P}/regions/{REGION}/backendServices/other"),
    "gcp.forwarding-rule.address": to(OUTER, IPAddress="203.0.113.77"),
    "gcp.forwarding-rule.port": to(OUTER, portRange="6443-6443"),
    "gcp.forwarding-rule.ports": to(INNER, ports=["443"]),
    "gcp.forwarding-rule.global-access": to(INNER, allowGlobalAccess=False),
    "gcp.forwarding-rule.labels": to(OUTER, labels={"team": "core", "cost": "42"}),
}
"""By row: what somebody does to the cluster `c1`."""

IN_OBJECTS = frozenset({"gcp.instance.stale-failure", "gcp.address.endpoint"})
"""Rows whose difference comes from what CAPG wrote down, and not from a change in Google Cloud."""


@pytest.fixture
def full(gcp_server: GcpServer) -> World:
    return world(gcp_server, FULL, PLAIN)


def told(found: World, **objects: Any) -> list[tuple[str, str]]:
    return [(fact.row.id, fact.path) for fact in found.facts(**objects)]


def test_a_fleet_that_nobody_touched_is_silent(full: World) -> None:
    correlation = full.correlation()

    assert told(full) == []
    assert (correlation.absences, correlation.leftovers, correlation.undecided, correlation.gaps) == ((), (), (), ())
    assert len(correlation.links) == 42


def test_every_row_is_flipped_here() -> None:
    assert FLIPS.keys() | IN_OBJECTS == {row.id for row in GcpProvider(settings()).rows()}


@pytest.mark.parametrize("rule", FLIPS)
def test_a_change_by_hand_is_exactly_one_finding(full: World, rule: str) -> None:
    FLIPS[rule](full.cloud)

    assert [found for found, _ in told(full)] == [rule]


@pytest.mark.parametrize("rule", ["gcp.instance.machine-type", "gcp.firewall.disabled", "gcp.backend.capacity"])
def test_put_back_it_is_none(full: World, rule: str) -> None:
    before = {path: full.cloud.body(path) for path in full.cloud.resources}

    FLIPS[rule](full.cloud)
    full.cloud.resources.update(before)

    assert told(full) == []


def test_what_lets_the_internet_in_is_critical(full: World) -> None:
    for rule in ("gcp.network.foreign-rules", "gcp.firewall.sources", "gcp.instance.public-address"):
        FLIPS[rule](full.cloud)

    assert {fact.severity for fact in full.facts()} == {Severity.CRITICAL}


def test_a_machine_that_runs_again_is_still_called_failed(full: World) -> None:
    message = "GCPMachine instance state TERMINATED is unexpected"
    objects = full.with_changed(
        "GCPMachine", "c1-md-0", status={"failureReason": "UpdateError", "failureMessage": message}
    )

    assert [rule for rule, _ in told(full, objects=objects)] == ["gcp.instance.stale-failure"]


def test_an_address_that_was_lost_leaves_the_endpoint_behind(full: World) -> None:
    endpoint = {"controlPlaneEndpoint": {"host": "198.51.100.9", "port": 443}}
    objects = full.with_changed("GCPCluster", "c1", spec=endpoint)

    assert [rule for rule, _ in told(full, objects=objects)] == ["gcp.address.endpoint"]


def test_backends_are_put_back_by_their_number_and_left_when_they_were_swapped(full: World) -> None:
    FLIPS["gcp.backend.groups"](full.cloud)
    (fewer,) = full.facts()
    other = f"{HOST}{P}/zones/europe-west3-a/instanceGroups/plain-apiserver-europe-west3-a"
    full.cloud.change(
        BACKEND, backends=[*full.cloud.body(BACKEND)["backends"], {"group": other, "balancingMode": "CONNECTION"}]
    )
    swapped = full.facts()

    assert (fewer.row.reaction.kind, fewer.row.reaction.within_minutes) == (ReactionKind.REVERTED, 10)
    assert {fact.row.reaction.kind for fact in swapped} == {ReactionKind.IGNORED}
    assert len(swapped) == 2


def test_nothing_is_put_back_while_the_cluster_is_paused(full: World) -> None:
    FLIPS["gcp.forwarding-rule.labels"](full.cloud)

    (fact,) = full.facts(full.with_changed("Cluster", "c1", spec={"paused": True}))

    assert fact.row.reaction.kind is ReactionKind.IGNORED
    assert "paused" in fact.row.reaction.detail


def test_what_others_put_onto_an_instance_is_their_business(full: World) -> None:
    """A label of a cost tool, a key of the guest agent, a volume of a pod, a rule of the cloud provider."""
    merged(NODE, "labels", **{"goog-ops": "x", "cost": "7"})(full.cloud)
    keys(full.cloud, "created-by-hand")
    place = f"{P}/zones/europe-west3-b"
    volume = full.cloud.add(
        f"{place}/disks/pvc-1",
        sizeGb="20",
        type=f"{HOST}{place}/diskTypes/pd-ssd",
        description='{"storage.gke.io/created-by":"pd.csi.storage.gke.io"}',
    )
    full.cloud.change(
        NODE, disks=[*full.cloud.body(NODE)["disks"], {"boot": False, "source": volume, "type": "PERSISTENT"}]
    )
    full.cloud.add(
        f"{P}/global/firewalls/k8s-fw-a1b2",
        network=HOST + NETWORK,
        direction="INGRESS",
        allowed=[{"IPProtocol": "tcp", "ports": ["80"]}],
        sourceRanges=["0.0.0.0/0"],
        targetTags=["c1-node"],
    )

    assert told(full) == []


def test_a_link_with_the_number_of_the_project_is_the_same_link(full: World) -> None:
    for path in (NODE, CONTROL):
        link = full.cloud.body(path)[NIC][0]["network"].replace(PROJECT, "123456789012")
        first(path, NIC, network=link)(full.cloud)

    assert told(full) == []


def test_clusters_that_share_a_network_are_silent_together(gcp_server: GcpServer) -> None:
    """The first one made it; the others found it there, and have no router of their own."""
    guests = (GcpClusterSpec(name=name, machines=(GcpMachineSpec(name=f"{name}-md-0"),)) for name in ("a", "b"))
    found = world(gcp_server, PLAIN, *guests)

    assert told(found) == []
    gcp_server.cloud.change(f"{P}/global/networks/default", mtu=8896)
    assert [rule for rule, _ in told(found)] == ["gcp.network.mtu"]


def test_one_block_in_two_spellings_is_one_block(gcp_server: GcpServer) -> None:
    rule = {
        "name": "one",
        "allowed": [{"IPProtocol": "TCP", "ports": ["22"]}],
        "sourceRanges": ["10.9.0.7", "10.8.0.9/24"],
        "targetTags": ["c9-node"],
    }
    spec = GcpClusterSpec(name="c9", spec={"network": {"firewall": {"firewallRules": [rule]}}})
    found = world(gcp_server, spec)
    gcp_server.cloud.change(f"{P}/global/firewalls/c9-one", sourceRanges=["10.9.0.7/32", "10.8.0.0/24"])

    assert told(found) == []


def test_a_network_that_somebody_brought_is_compared_with_what_the_spec_says_only(gcp_server: GcpServer) -> None:
    network = {"name": "brought", "subnets": [{"name": "nodes", "cidrBlock": "10.0.0.0/24"}]}
    spec = GcpClusterSpec(
        name="guest", brought=True, spec={"network": network}, machines=(GcpMachineSpec(name="guest-md-0"),)
    )
    found = world(gcp_server, spec)
    subnet = f"{P}/regions/{REGION}/subnetworks/nodes"
    gcp_server.cloud.change(f"{P}/global/networks/brought", mtu=8896, autoCreateSubnetworks=False)
    gcp_server.cloud.change(subnet, description="of the network team", privateIpGoogleAccess=True)

    assert told(found) == []
    gcp_server.cloud.change(subnet, ipCidrRange="10.0.0.0/23")
    assert [rule for rule, _ in told(found)] == ["gcp.subnet.cidr"]
