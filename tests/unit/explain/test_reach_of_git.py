"""`doctor` says of Git what `check` says."""

from __future__ import annotations

from drift_audit.classify.unreadable import uncompared_gaps
from drift_audit.explain.reach import describe_reach
from drift_audit.model.views import ClusterView, GitSourceView, Rendering, Views

CLUSTER = ClusterView(management_cluster="prod", server_version="v1.35.0", objects={}, kinds={}, read_at="")
SOURCE = GitSourceView(
    management_cluster="prod",
    source="fleet",
    repo="https://git.example.com/fleet",
    ref="main",
    path="README",
    flavor="plain",
    applier="",
    head=Rendering(revision="a" * 40, committed_at="2026-11-20T02:00:00Z", renderer="plain", declarations=()),
)


def test_a_source_without_objects_is_not_well() -> None:
    views = Views(git=(SOURCE,), clusters=(CLUSTER,))

    told = describe_reach(views, uncompared_gaps(views))

    assert "  partly prod: fleet" in told
    assert "declares no object below 'README' at main" in told
    assert "Everything" not in told


def test_a_management_cluster_without_git_is_told() -> None:
    views = Views(clusters=(CLUSTER,))

    assert "management cluster prod has no Git source" in describe_reach(views, uncompared_gaps(views))
