"""The whole judgement of an Azure fleet: what was read becomes findings, gaps and a status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drift_audit.audit import judge, suspects_of
from drift_audit.clock import now
from drift_audit.collect.masking import Masker
from drift_audit.collect.recording import read_recording, write_recording
from drift_audit.config.settings import Config, ManagementClusterSettings
from drift_audit.model.findings import Confidence, FindingKind, Severity, Verdict
from drift_audit.model.result import AuditResult, Status
from drift_audit.model.views import Views
from drift_audit_azure.provider import AzureProvider
from drift_audit_azure.settings import AzureSettings
from tests.integration.azure_flips import FLIPS, NODE, NODE_RULES
from tests.integration.azure_world import World, world
from tests.rig.azure.fleets import C1, PRIVATE
from tests.rig.azure.server import AzureEndpoint
from tests.unit.azure.builders import quiet, view

CONFIG = Config(management_clusters=(ManagementClusterSettings(name="mgmt", context="mgmt"),))


def audited(built: World) -> AuditResult:
    return _judged(built, read_twice(built))


def read_twice(built: World) -> Views:
    """As `run_audit` does it: read, judged, the suspects read once more."""
    views = [view(built.objects)]
    plan = built.provider.plan(views)
    masker = Masker("key")
    clouds = [built.provider.collect(request, quiet) for request in plan.requests]
    read = Views(clusters=tuple(views), clouds=tuple(masker.mask_scope(cloud) for cloud in clouds), gaps=plan.gaps)
    first = _judged(built, read)
    suspects = sorted(suspects_of(first.findings).resources)
    again = [
        masker.mask_scope(built.provider.reread(request, cloud, suspects), cloud)
        for request, cloud in zip(plan.requests, read.clouds, strict=True)
    ]
    return replace(read, clouds=tuple(again))


def _judged(built: World, views: Views) -> AuditResult:
    return judge(views, CONFIG, providers={"azure": built.provider}, clock=now, started_at=now())


def not_read(result: AuditResult) -> list[str]:
    """Of the cloud; the management cluster has no Git source here, and is told so."""
    return [gap.reason for gap in result.coverage.gaps if gap.view == "cloud"]


def test_an_untouched_fleet_is_silent_and_read_wholly(azure_endpoint: AzureEndpoint) -> None:
    result = audited(world(azure_endpoint, C1))

    assert result.findings == ()
    assert not_read(result) == []


def test_what_is_not_audited_yet_is_never_green(azure_endpoint: AzureEndpoint) -> None:
    result = audited(world(azure_endpoint, PRIVATE))

    assert result.findings == ()
    assert not_read(result) == ["the private DNS zone of the API server is not audited yet"]
    assert result.status is Status.INCOMPLETE


def test_a_change_is_confirmed_by_a_second_look(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    FLIPS["azure.subnet.security-group"](built.azure)

    (finding,) = audited(built).findings

    assert (finding.rule, finding.verdict) == ("azure.subnet.security-group", Verdict.EDITED_IN_CLOUD)
    assert (finding.confidence, finding.severity) == (Confidence.CONFIRMED, Severity.CRITICAL)
    assert finding.reaction.startswith("reverts within 60 min")
    assert finding.cluster is not None and finding.cluster.name == "c1"


def test_a_machine_that_is_gone_is_confirmed_missing(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    built.azure.remove(NODE)

    (finding,) = audited(built).findings

    assert (finding.kind, finding.confidence) == (FindingKind.MISSING, Confidence.CONFIRMED)
    assert finding.reaction.startswith("breaks reconciliation")


def test_what_may_not_be_read_is_undetermined_and_never_green(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    built.azure.hidden.add("c1")

    result = audited(built)

    assert {finding.verdict for finding in result.findings} == {Verdict.UNDETERMINED}
    assert result.status is Status.INCOMPLETE


def test_a_recording_is_judged_as_the_fleet_was_and_without_any_configuration(
    azure_endpoint: AzureEndpoint, tmp_path: Path
) -> None:
    built = world(azure_endpoint, C1, PRIVATE)
    FLIPS["azure.vm.size"](built.azure)
    built.azure.remove(NODE_RULES)
    views = read_twice(built)
    write_recording(views, tmp_path / "a.dar", tool_version="1", created_at="now", config_digest="x")
    azure_endpoint.asked.clear()

    replayed = read_recording(tmp_path / "a.dar").views
    unconfigured = {"azure": AzureProvider(AzureSettings())}
    judged = judge(replayed, CONFIG, providers=unconfigured, clock=now, started_at=now())

    told = [(finding.id, finding.rule) for finding in _judged(built, views).findings]
    assert sorted(rule for _, rule in told) == ["azure.network-security-group.missing", "azure.vm.size"]
    assert [(finding.id, finding.rule) for finding in judged.findings] == told
    assert azure_endpoint.asked == []
