"""What an answer about orphans rests on, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.explain.orphans import only_orphans
from drift_audit.model.findings import FindingKind, Verdict
from drift_audit.model.result import AuditResult, CloudViewEntry, GapEntry, ViewEntries
from drift_audit.model.views import ScopeRead, ScopeStatus, View
from tests.builders import finding, gap, result, scope_read

READ = ViewEntries(
    git=(),
    capi=(),
    cloud=(CloudViewEntry(provider="aws", account="1", region="eu-west-1", resources=3, read_at=""),),
)
ORPHAN = finding(kind=FindingKind.ORPHAN, verdict=Verdict.ORPHAN)


def narrowed(*reads: ScopeRead, gaps: tuple[GapEntry, ...] = (), views: ViewEntries = READ) -> AuditResult:
    whole = result(findings=[finding(), ORPHAN], gaps=gaps, views=views)
    return only_orphans(replace(whole, coverage=replace(whole.coverage, scopes=reads)))


def test_other_findings_are_left_out() -> None:
    assert narrowed().findings == (ORPHAN,)
    assert narrowed().complete


@pytest.mark.parametrize("view", [View.GIT, View.HISTORY, View.EVIDENCE, View.WORKLOAD])
def test_a_gap_of_what_does_not_tell_whose_a_resource_is_does_not_matter(view: View) -> None:
    assert narrowed(gaps=(gap("fleet@main:clusters", view),)).complete
    assert narrowed(scope_read("fleet@main:clusters", view, status=ScopeStatus.FAILED)).complete


@pytest.mark.parametrize("view", [View.CAPI, View.CLOUD])
def test_a_gap_of_the_clusters_or_the_clouds_does(view: View) -> None:
    assert not narrowed(gaps=(gap(view=view),)).complete


def test_a_scope_that_failed_without_a_gap_is_told() -> None:
    told = narrowed(scope_read("aws/1/x/instance", View.CLOUD, status=ScopeStatus.PARTIAL))

    assert not told.complete
    assert [each.scope for each in told.coverage.gaps] == ["aws/1/x/instance"]


def test_an_audit_that_read_no_cloud_cannot_say_that_nothing_is_left() -> None:
    told = narrowed(views=ViewEntries(git=(), capi=(), cloud=()))

    assert not told.complete
    assert "no cloud scope was read" in told.coverage.gaps[0].reason
