"""Google Cloud through the whole of an audit: verdicts, what is incomplete, and a recording judged without settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drift_audit.audit import judge
from drift_audit.clock import now
from drift_audit.config.settings import Config, ManagementClusterSettings
from drift_audit.model.findings import Verdict
from drift_audit.model.objects import CapiObject
from drift_audit.model.result import AuditResult, ClusterStatus, Status
from drift_audit.model.views import Views
from drift_audit_gcp.provider import GcpProvider
from drift_audit_gcp.settings import GcpSettings
from tests.integration.gcp_world import FULL, HOST_PROJECT, PLAIN, SHARED, World, world
from tests.rig.gcp.capg import PROJECT
from tests.rig.gcp.server import GcpServer
from tests.unit.gcp.builders import INFRA, capi_object, view

NODE = f"projects/{PROJECT}/zones/europe-west3-b/instances/c1-md-0"
CONFIG = Config(management_clusters=(ManagementClusterSettings(name="mgmt"),), digest="")


@pytest.fixture
def full(gcp_server: GcpServer) -> World:
    return world(gcp_server, FULL, PLAIN)


def audit(found: World, *more: CapiObject) -> AuditResult:
    """Read, and the suspects once more, as `run_audit` does."""
    fleet = view([*found.objects, *more])
    plan = found.provider.plan([fleet])
    (request,) = plan.requests
    cloud = found.provider.collect(request, lambda step: None)
    views = Views(clusters=(fleet,), clouds=(cloud,), gaps=plan.gaps)
    suspects = [finding.resource for finding in judged(views, found.provider).findings if finding.resource]
    again = found.provider.reread(request, cloud, suspects)
    return judged(replace(views, clouds=(again,)), found.provider)


def judged(views: Views, provider: GcpProvider) -> AuditResult:
    return judge(views, CONFIG, providers={"gcp": provider}, clock=now, started_at=now())


def of_cloud(result: AuditResult) -> list[tuple[str, Verdict]]:
    return [(finding.rule, finding.verdict) for finding in result.findings if finding.resource is not None]


def test_a_fleet_that_nobody_touched_has_no_finding_in_the_cloud(full: World) -> None:
    result = audit(full)

    assert of_cloud(result) == []
    assert not [gap for gap in result.coverage.gaps if gap.scope.startswith("gcp/")]


def test_an_edit_in_the_cloud_is_one_confirmed_finding(full: World) -> None:
    full.cloud.change(NODE, deletionProtection=True)

    result = audit(full)

    assert of_cloud(result) == [("gcp.instance.deletion-protection", Verdict.EDITED_IN_CLOUD)]
    assert result.status is not Status.IN_SYNC


def test_what_is_gone_is_missing(full: World) -> None:
    full.cloud.remove(NODE)

    ((_, verdict),) = of_cloud(audit(full))

    assert verdict is Verdict.MISSING


def test_a_listing_that_was_refused_makes_the_audit_incomplete_and_nothing_missing(full: World) -> None:
    full.cloud.denied.add((PROJECT, "compute.instances.list"))

    result = audit(full)

    assert Verdict.MISSING not in {verdict for _, verdict in of_cloud(result)}
    assert (result.status, result.complete) == (Status.INCOMPLETE, False)
    assert any("compute.instances.list is not allowed" in gap.reason for gap in result.coverage.gaps)


def test_a_host_project_that_was_refused_leaves_its_guests_half_seen(gcp_server: GcpServer) -> None:
    found = world(gcp_server, SHARED, projects=[PROJECT, HOST_PROJECT])
    gcp_server.cloud.denied.add((HOST_PROJECT, "compute.subnetworks.list"))
    fleet, clouds = found.read()

    result = judged(Views(clusters=tuple(fleet), clouds=tuple(clouds)), found.provider)

    assert [cluster.status for cluster in result.clusters] == [ClusterStatus.INCOMPLETE]
    assert not of_cloud(result)


def test_what_is_not_audited_yet_makes_the_audit_incomplete(full: World) -> None:
    result = audit(full, capi_object(INFRA, "GCPManagedControlPlane", "gke"))

    assert (result.status, result.complete) == (Status.INCOMPLETE, False)


def test_the_views_alone_are_judged_alike_without_any_settings(full: World, tmp_path: Path) -> None:
    full.cloud.change(NODE, deletionProtection=True)
    fleet = view(full.objects)
    (request,) = full.provider.plan([fleet]).requests
    views = Views(clusters=(fleet,), clouds=(full.provider.collect(request, lambda step: None),))

    assert of_cloud(judged(views, GcpProvider(GcpSettings()))) == of_cloud(judged(views, full.provider)) != []
