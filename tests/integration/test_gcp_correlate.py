"""What belongs together, what is gone, and what is left over in Google Cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from drift_audit.clock import now
from drift_audit.interfaces import Correlation
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CapiObject
from drift_audit_gcp.fleet import read_fleet
from drift_audit_gcp.placing import places_in
from drift_audit_gcp.resource_types import INSTANCE
from tests.integration.gcp_world import FULL, HOST_PROJECT, PLAIN, SHARED, World, world
from tests.rig.gcp.capg import PROJECT, GcpClusterSpec, GcpMachineSpec
from tests.rig.gcp.cloud import HOST, REGION
from tests.rig.gcp.server import GcpServer
from tests.unit.gcp.builders import INFRA, capi_object, quiet, view

P = f"projects/{PROJECT}"
ZONE = f"{P}/zones/europe-west3-a"


@pytest.fixture
def full(gcp_server: GcpServer) -> World:
    return world(gcp_server, FULL, PLAIN)


def judged(found: World, objects: list[CapiObject], **of_view: object) -> Correlation:
    views = [view(objects, **of_view)]  # type: ignore[arg-type]
    clouds = [found.provider.collect(request, quiet) for request in found.provider.plan(views).requests]
    return found.provider.correlate(views, clouds, now(), timedelta(hours=1))


class TestGone:
    @pytest.mark.parametrize(
        ("path", "kind", "words"),
        [
            (f"{P}/zones/europe-west3-b/instances/c1-md-0", "GCPMachine", "same bootstrap secret"),
            (f"{P}/global/networks/fleet", "GCPCluster", "empty one of that name"),
            (f"{P}/regions/{REGION}/subnetworks/nodes", "GCPCluster", "makes it again"),
            (f"{P}/regions/{REGION}/routers/fleet-router", "GCPCluster", "makes it again"),
            (f"{P}/global/firewalls/allow-c1-cluster", "GCPCluster", "makes it again"),
            (f"{P}/global/firewalls/c1-ssh", "GCPCluster", "makes it again"),
            (f"{ZONE}/instanceGroups/c1-apiserver-europe-west3-a", "GCPCluster", "makes it again"),
            (f"{P}/global/healthChecks/c1-apiserver", "GCPCluster", "makes it again"),
            (f"{P}/global/backendServices/c1-apiserver", "GCPCluster", "makes it again"),
            (f"{P}/global/targetTcpProxies/c1-apiserver", "GCPCluster", "makes it again"),
            (f"{P}/global/addresses/c1-apiserver", "GCPCluster", "another address"),
            (f"{P}/regions/{REGION}/forwardingRules/c1-inside", "GCPCluster", "makes it again"),
        ],
    )
    def test_what_an_object_names_and_nobody_has_is_missing(
        self, full: World, path: str, kind: str, words: str
    ) -> None:
        full.cloud.remove(path)

        (lost,) = full.correlation().absences

        assert (lost.link.object.kind, lost.link.resource.id.rpartition("/")[2]) == (kind, path.rpartition("/")[2])
        assert words in lost.reaction
        assert not lost.transitional

    def test_a_cluster_that_is_being_deleted_misses_nothing(self, full: World) -> None:
        full.cloud.remove(f"{P}/global/firewalls/c1-ssh")
        objects = full.with_changed("Cluster", "c1", metadata={"deletionTimestamp": "2026-11-20T00:00:00Z"})

        (lost,) = full.correlation(objects).absences

        assert lost.transitional

    def test_what_was_just_declared_may_be_on_its_way(self, full: World) -> None:
        full.cloud.remove(f"{P}/zones/europe-west3-b/instances/c1-md-0")
        young = {"creationTimestamp": (now() - timedelta(minutes=2)).isoformat()}
        objects = full.with_changed("GCPMachine", "c1-md-0", metadata=young)

        (lost,) = full.correlation(objects).absences

        assert lost.transitional

    def test_a_cluster_that_was_never_built_misses_nothing(self, full: World) -> None:
        full.cloud.remove(f"{P}/global/firewalls/allow-plain-cluster")
        objects = full.with_changed("GCPCluster", "plain", status={"ready": False, "network": {}})

        assert not full.correlation(objects).absences


class TestDoubt:
    def test_a_provider_id_of_another_cloud_is_compared_with_nothing_and_told(self, full: World) -> None:
        objects = full.with_changed("GCPMachine", "c1-md-0", spec={"providerID": "aws:///eu-west-1a/i-1"})

        correlation = full.correlation(objects)

        assert [each.object.name for each in correlation.undecided] == ["c1-md-0"]
        assert [gap.subject for gap in correlation.gaps] == ["GCPMachine/default/c1-md-0"]

    def test_a_cluster_that_should_be_built_by_now_is_compared_with_nothing_and_told(self, full: World) -> None:
        objects = full.with_changed("GCPCluster", "plain", status={"ready": False, "network": {}})

        correlation = full.correlation(objects)

        assert [each.object.name for each in correlation.undecided] == ["plain"]
        assert "has no network in its status" in correlation.gaps[0].reason

    def test_a_load_balancer_that_should_be_built_by_now_is_told(self, full: World) -> None:
        network = dict(full.named("GCPCluster", "c1").status["network"])  # type: ignore[arg-type]
        del network["apiInternalForwardingRule"], network["apiServerBackendService"]
        objects = full.with_changed("GCPCluster", "c1", status={"network": network})

        (gap,) = full.correlation(objects).gaps

        assert "has no apiInternalForwardingRule, apiServerBackendService in its status" in gap.reason

    @pytest.mark.parametrize(
        "excuse",
        [
            {"annotations": {"cluster.x-k8s.io/managed-by": "terraform"}},
            {"deletionTimestamp": "2026-11-20T00:00:00Z"},
            {"creationTimestamp": now().isoformat()},
        ],
        ids=["managed elsewhere", "being deleted", "just declared"],
    )
    def test_some_have_a_reason_to_have_no_network(self, full: World, excuse: dict[str, object]) -> None:
        objects = full.with_changed("GCPCluster", "plain", status={"network": {}}, metadata=excuse)

        assert not full.correlation(objects).gaps

    def test_a_machine_without_its_machine_is_told(self, full: World) -> None:
        objects = [found for found in full.objects if (found.kind, found.name) != ("Machine", "c1-md-0")]

        assert "Machine that owns a GCPMachine was not read" in full.correlation(objects).gaps[0].reason

    @pytest.mark.parametrize(
        "kind", ["GCPMachinePool", "GCPManagedCluster", "GCPManagedControlPlane", "GCPManagedMachinePool"]
    )
    def test_a_kind_that_is_not_audited_yet_is_a_gap(self, full: World, kind: str) -> None:
        plan = full.provider.plan([view([*full.objects, capi_object(INFRA, kind, "later")])])

        assert full.provider.owns(kind)
        assert [(gap.scope, gap.subject) for gap in plan.gaps] == [(f"gcp/mgmt/{kind}", "default/later")]


class TestSharedNetwork:
    def test_the_host_project_is_read_for_its_network_alone(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, SHARED, projects=[PROJECT, HOST_PROJECT])

        _, clouds = found.read()

        listed = {cloud.scope.account: set(cloud.listings) for cloud in clouds}
        assert listed[HOST_PROJECT] == {"network", "subnetwork", "router", "firewall"}
        assert found.facts() == ()
        gcp_server.cloud.change(
            f"projects/{HOST_PROJECT}/regions/{REGION}/subnetworks/nodes", ipCidrRange="10.0.0.0/23"
        )
        assert [fact.row.id for fact in found.facts()] == ["gcp.subnet.cidr"]

    def test_a_guest_lives_in_its_own_project(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, SHARED, projects=[PROJECT, "aaa-project", HOST_PROJECT])
        gcp_server.cloud.project("aaa-project", "7")
        views, clouds = found.read()

        for order in (clouds, clouds[::-1]):
            places = places_in(read_fleet(views), order)
            assert {scope.account for scope in places.placed.values()} == {PROJECT}

    def test_a_host_project_that_nobody_configured_is_a_gap(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, SHARED)

        views, _ = found.read()
        plan, correlation = found.provider.plan(views), found.correlation()

        assert HOST_PROJECT in plan.gaps[0].reason
        assert not correlation.absences
        assert {each.object.kind for each in correlation.undecided} == {"GCPCluster"}

    def test_what_is_gone_there_is_never_made_again(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, SHARED, projects=[PROJECT, HOST_PROJECT])
        gcp_server.cloud.remove(f"projects/{HOST_PROJECT}/regions/{REGION}/subnetworks/nodes")

        (lost,) = found.correlation().absences

        assert "in a shared VPC it makes nothing" in lost.reaction


def instance(name: str, cluster: str = "c1", zone: str = "europe-west3-c", **body: object) -> Callable[[World], object]:
    path = f"{P}/zones/{zone}/instances/{name}"
    labels = {f"capg-cluster-{cluster}": "owned", "capg-role": "node", **body.pop("labels", {})}  # type: ignore[dict-item]
    return lambda found: found.cloud.add(
        path, status="RUNNING", machineType=f"{HOST}{P}/zones/{zone}/machineTypes/e2-small", labels=labels, **body
    )


class TestLeftOver:
    def test_an_instance_of_a_cluster_that_no_machine_names(self, full: World) -> None:
        instance("c1-md-9")(full)

        (left,) = full.correlation().leftovers

        assert (left.resource.type, left.resource.id) == (INSTANCE, "europe-west3-c/c1-md-9")
        assert left.cluster is not None and left.cluster.name == "c1"
        assert (left.potential, left.severity) == (False, Severity.HIGH)

    def test_a_second_instance_of_one_name_in_another_zone(self, full: World) -> None:
        """CAPG looks into the first zone, and makes another one there when a new zone sorts before it."""
        instance("c1-md-0")(full)

        (left,) = full.correlation().leftovers

        assert left.resource.id == "europe-west3-c/c1-md-0"
        assert any("another zone" in step for step in left.next_steps)

    @pytest.mark.parametrize(
        "made",
        [
            instance("c1-pool-x1", metadata={"items": [{"key": "created-by", "value": "mig"}]}),
            instance("c1-pool-x2", labels={"capg-config-hash": "abc"}),
            instance("gke-c1-pool-1234"),
            instance("c1-x", labels={"goog-k8s-cluster-name": "c1"}),
            instance("c1-y", creationTimestamp=now().isoformat()),
        ],
        ids=["of a managed group", "of a pool", "of GKE by its name", "of GKE by its label", "just made"],
    )
    def test_what_somebody_accounts_for_is_not_left_over(self, full: World, made: Callable[[World], object]) -> None:
        made(full)

        assert not full.correlation().leftovers

    def test_what_capg_is_about_to_record_is_not_left_over(self, full: World) -> None:
        objects = full.with_changed("GCPMachine", "c1-md-0", spec={"providerID": None})

        assert not full.correlation(objects).leftovers

    def test_a_cluster_that_nobody_here_knows_may_be_somebody_elses(self, full: World) -> None:
        instance("lost-md-0", cluster="lost")(full)
        full.cloud.add(f"{P}/global/networks/lost", description="capg-cluster-lost", autoCreateSubnetworks=True)

        left = full.correlation().leftovers

        assert {each.resource.type for each in left} == {"instance", "network"}
        assert all(each.potential and each.cluster is None for each in left)

    def test_an_audit_of_a_part_says_nothing_of_the_rest(self, full: World) -> None:
        instance("lost-md-0", cluster="lost")(full)
        instance("c1-md-9")(full)

        (left,) = judged(full, full.objects, namespaces=["default"]).leftovers

        assert (left.claimed, left.potential) == ("c1", True)

    def test_nothing_is_left_over_while_machines_were_not_read(self, full: World) -> None:
        instance("c1-md-9")(full)

        correlation = judged(full, full.objects, incomplete=["GCPMachine"])

        assert not correlation.leftovers
        assert [gap.subject for gap in correlation.gaps] == ["leftovers"]

    def test_a_cluster_without_a_known_place_may_live_here(self, full: World) -> None:
        instance("far-md-0", cluster="far")(full)
        cluster = replace(PLAIN, name="far", project="far-project", machines=())
        far = world(full.server, cluster, projects=[PROJECT])

        assert not far.correlation([*full.objects, *far.objects]).leftovers


def test_a_cluster_from_the_real_template_is_silent(gcp_server: GcpServer) -> None:
    from tests.rig.templates import template_objects

    declared = template_objects("gcp", "one", "default")
    by_kind = {entry["kind"]: entry for entry in declared}
    machine = next(entry for entry in declared if entry["kind"] == "GCPMachineTemplate")["spec"]["template"]["spec"]
    spec = GcpClusterSpec(
        name="one",
        project=by_kind["GCPCluster"]["spec"]["project"],
        region=by_kind["GCPCluster"]["spec"]["region"],
        spec=by_kind["GCPCluster"]["spec"],
        machines=(GcpMachineSpec(name="one-cp-0", role="control-plane", spec=machine),),
    )

    found = world(gcp_server, spec)

    assert found.facts() == ()
    assert len([link for link in found.correlation().links if link.resource.type == INSTANCE]) == 1
