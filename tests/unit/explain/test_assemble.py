"""The result document: what its status, coverage and clusters say, and above all what they never say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from drift_audit.explain.assemble import Judged, assemble
from drift_audit.interfaces import Correlation
from drift_audit.model.findings import Confidence, Finding, FindingKind, Severity, Verdict
from drift_audit.model.keys import CloudScope, ClusterKey, ResourceKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.result import AuditResult
from drift_audit.model.views import (
    CloudScopeView,
    ClusterView,
    Gap,
    GitSourceView,
    KindListing,
    Rendering,
    ScopeRead,
    ScopeStatus,
    View,
    Views,
)
from tests.builders import capi_object, cloud_resource, cluster_key, declaration, finding, scope_read, suppression

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLUSTER = capi_object("Cluster", "eu-1", spec={"infrastructureRef": {"kind": "AWSCluster", "name": "eu-1"}})
GIT_GAP = Gap(view=View.GIT, scope="fleet@main:clusters", subject="a.yaml", reason="not YAML", remedy="mend it")
CAPI_GAP = Gap(view=View.CAPI, scope="prod/Machine", subject="", reason="HTTP 403", remedy="allow it")
CLOUD_GAP = Gap(view=View.CLOUD, scope="aws/1/eu-west-1", subject="", reason="denied", remedy="allow it")


def listing(*, complete: bool = True, served: tuple[str, ...] = ("v1beta2",)) -> KindListing:
    return KindListing(
        group="cluster.x-k8s.io",
        kind="Cluster",
        plural="clusters",
        version="v1beta2",
        served=served,
        namespaced=True,
        complete=complete,
    )


def cluster_view(*objects: CapiObject, kind: KindListing | None = None, **changes: Any) -> ClusterView:
    known = kind or listing()
    defaults = ClusterView(
        management_cluster="prod",
        server_version="v1.34.0",
        objects={each.key: each for each in objects},
        kinds={(known.group, known.kind): known},
        reads=(scope_read("prod/Cluster"), scope_read("prod/Machine")),
    )
    return replace(defaults, **changes)


def git_view(*gaps: Gap, head: bool = True) -> GitSourceView:
    rendering = Rendering(revision="0" * 40, renderer="plain", declarations=(declaration(),), gaps=gaps if head else ())
    return GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo="https://git.example.com/fleet.git",
        ref="main",
        path="clusters",
        flavor="kustomize",
        applier="",
        head=rendering if head else None,
        gaps=() if head else gaps,
    )


def cloud_view(*gaps: Gap) -> CloudScopeView:
    scope = CloudScope("aws", "1", "eu-west-1")
    status = ScopeStatus.FAILED if gaps else ScopeStatus.COMPLETE
    read = ScopeRead(view=View.CLOUD, scope=f"{scope}/instance", status=status)
    return CloudScopeView(scope=scope, clusters=(cluster_key(),), identity="1", resources={}, gaps=gaps, reads=(read,))


WHOLE = Views(git=(git_view(),), clusters=(cluster_view(CLUSTER),), clouds=(cloud_view(),))


def assembled(
    views: Views = WHOLE,
    *findings: Finding,
    gaps: tuple[Gap, ...] = (),
    fail_on: Severity = Severity.LOW,
    unread: frozenset[ClusterKey] = frozenset(),
) -> AuditResult:
    judged = Judged(
        views=views,
        gaps=(*views.all_gaps(), *gaps),
        findings=findings,
        causes=(),
        suppressions=(),
        cluster_of={"prod": {}},
        unread_clusters=unread,
    )
    return assemble(judged, started_at=NOW, finished_at=NOW, config_digest="", recording_digest=None, fail_on=fail_on)


def test_a_whole_audit_without_findings_is_in_sync() -> None:
    result = assembled()

    assert (result.status, result.complete, result.coverage.percent) == ("in_sync", True, 100.0)
    assert (result.coverage.expected, result.coverage.read) == (4, 4)
    assert [cluster.status for cluster in result.clusters] == ["ok"]


@pytest.mark.parametrize(
    ("changes", "fail_on", "status"),
    [
        ({}, Severity.LOW, "drift"),
        ({}, Severity.HIGH, "drift"),
        ({}, Severity.CRITICAL, "in_sync"),
        ({"confidence": Confidence.POTENTIAL}, Severity.LOW, "in_sync"),
        ({"suppressed": suppression()}, Severity.LOW, "in_sync"),
        ({"verdict": Verdict.RECONCILING}, Severity.INFO, "in_sync"),
        ({"verdict": Verdict.EDITED_AND_REVERTED}, Severity.INFO, "in_sync"),
        ({"verdict": Verdict.UNDETERMINED}, Severity.INFO, "incomplete"),
        ({"verdict": Verdict.UNDETERMINED, "suppressed": suppression()}, Severity.INFO, "incomplete"),
    ],
)
def test_only_a_confirmed_finding_of_that_severity_fails_a_run(
    changes: dict[str, Any], fail_on: Severity, status: str
) -> None:
    assert assembled(WHOLE, finding(**changes), fail_on=fail_on).status == status


@pytest.mark.parametrize(
    "views",
    [
        replace(WHOLE, git=(git_view(GIT_GAP),)),
        replace(WHOLE, git=(git_view(GIT_GAP, head=False),)),
        replace(WHOLE, clusters=(cluster_view(CLUSTER, gaps=(CAPI_GAP,)),)),
        replace(WHOLE, clouds=(cloud_view(CLOUD_GAP),)),
    ],
    ids=["a file", "a repository", "a kind", "an account"],
)
def test_whatever_was_not_read_makes_audit_and_clusters_incomplete(views: Views) -> None:
    result = assembled(views)

    assert (result.status, result.complete) == ("incomplete", False)
    assert result.coverage.percent < 100
    assert [(cluster.status, cluster.complete) for cluster in result.clusters] == [("incomplete", False)]


def test_a_read_that_is_not_complete_makes_the_audit_incomplete_even_without_a_gap() -> None:
    partial = scope_read("prod/Machine", status=ScopeStatus.PARTIAL)

    result = assembled(replace(WHOLE, clusters=(cluster_view(CLUSTER, reads=(partial,)),)))

    assert (result.status, result.complete) == ("incomplete", False)


def test_a_history_that_could_not_be_read_is_told_and_leaves_the_audit_complete() -> None:
    gap = Gap(view=View.HISTORY, scope="aws/1/eu-west-1/change-history", subject="", reason="denied", remedy="allow it")
    read = ScopeRead(view=View.HISTORY, scope=gap.scope, status=ScopeStatus.FAILED, reason="denied", calls=2)
    cloud = replace(cloud_view(), gaps=(gap,), reads=(read,))

    result = assembled(replace(WHOLE, clouds=(cloud,)))

    assert (result.status, result.complete, result.coverage.percent) == ("in_sync", True, 100.0)
    assert [(entry.view, entry.reason) for entry in result.coverage.gaps] == [("history", "denied")]
    assert read in result.coverage.scopes
    assert all(cluster.complete for cluster in result.clusters)


def test_evidence_about_one_cluster_that_could_not_be_had_leaves_every_cluster_complete() -> None:
    scope = f"{cluster_key()}/kubeconfig"
    gap = Gap(view=View.EVIDENCE, scope=scope, subject="", reason="denied", remedy="allow it")

    result = assembled(gaps=(gap,))

    assert (result.complete, [cluster.complete for cluster in result.clusters]) == (True, [True])


def test_a_cluster_whose_cloud_nobody_could_read_is_incomplete() -> None:
    result = assembled(unread=frozenset({cluster_key()}), gaps=(CLOUD_GAP,))

    assert [cluster.status for cluster in result.clusters] == ["incomplete"]


def test_the_gap_of_another_management_cluster_with_a_longer_name_is_not_ours() -> None:
    other = replace(CAPI_GAP, scope="prod-eu/Machine")

    assert [cluster.status for cluster in assembled(gaps=(other,)).clusters] == ["ok"]


@pytest.mark.parametrize(
    "clusters",
    [
        (),
        (cluster_view(kinds={}, reads=()),),
        (cluster_view(kind=listing(complete=False)),),
        (cluster_view(kind=listing(served=())),),
    ],
    ids=["none", "out of reach", "nothing listed", "nothing served"],
)
def test_an_audit_that_saw_no_management_cluster_is_an_error(clusters: tuple[ClusterView, ...]) -> None:
    assert assembled(replace(WHOLE, clusters=clusters), gaps=(CAPI_GAP,)).status == "error"


@pytest.mark.parametrize(("scopes", "percent"), [(2, 50.0), (3, 66.6), (999, 99.8), (10_000, 99.9), (1_000_000, 99.9)])
def test_coverage_is_rounded_down_so_that_100_means_all(scopes: int, percent: float) -> None:
    reads = tuple(scope_read(f"prod/{number}") for number in range(scopes - 1))
    failed = scope_read("prod/last", status=ScopeStatus.FAILED)
    views = Views(clusters=(cluster_view(CLUSTER, reads=(*reads, failed)),))

    assert assembled(views).coverage.percent == percent


def test_a_git_source_with_gaps_counts_once() -> None:
    result = assembled(replace(WHOLE, git=(git_view(GIT_GAP, replace(GIT_GAP, subject="b.yaml")),)))

    assert (result.coverage.expected, result.coverage.read) == (4, 3)


def test_a_scope_that_was_never_begun_counts_as_expected() -> None:
    result = assembled(gaps=(CLOUD_GAP,))

    assert (result.coverage.expected, result.coverage.read, result.coverage.percent) == (5, 4, 80.0)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "drifted"),
        ({"severity": Severity.INFO}, "ok"),
        ({"confidence": Confidence.POTENTIAL}, "ok"),
        ({"suppressed": suppression()}, "ok"),
        ({"kind": FindingKind.STUCK}, "stuck"),
        ({"verdict": Verdict.UNDETERMINED}, "incomplete"),
        ({"cluster": cluster_key("eu-2")}, "ok"),
    ],
)
def test_a_cluster_has_the_status_of_its_own_findings(changes: dict[str, Any], status: str) -> None:
    (cluster,) = assembled(WHOLE, finding(**changes)).clusters

    assert cluster.status == status
    assert cluster.infrastructure == "AWSCluster"


def test_the_cost_is_the_sum_of_all_reads() -> None:
    result = assembled()

    assert result.cost.calls == sum(read.calls for read in result.coverage.scopes) == 6


def test_what_objects_account_for_is_counted_for_each_scope() -> None:
    seen = replace(
        cloud_view(), resources={("instance", "i-1"): cloud_resource(), ("instance", "i-2"): cloud_resource()}
    )
    known = frozenset({ResourceKey("aws", "1", "eu-west-1", "instance", name) for name in ("i-1", "i-gone")})
    judged = Judged(
        views=replace(WHOLE, clouds=(seen,)),
        gaps=(),
        findings=(),
        causes=(),
        suppressions=(),
        cluster_of={"prod": {}},
        correlations=(Correlation(claimed=known),),
    )

    result = assemble(
        judged, started_at=NOW, finished_at=NOW, config_digest="", recording_digest=None, fail_on=Severity.LOW
    )

    (entry,) = result.views.cloud
    assert (entry.claimed, entry.resources) == (1, 2)
