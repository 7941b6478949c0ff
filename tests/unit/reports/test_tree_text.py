"""`-o tree`: a table that fits the terminal, whatever the names are, and its JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import AuditResult
from drift_audit.model.tree import ClusterTree, NodeState, TreeNode
from drift_audit.model.views import View
from drift_audit_reports.eliding import width
from drift_audit_reports.tree_guides import guides_of
from drift_audit_reports.tree_text import TreeJsonReport, TreeReport
from tests.builders import cluster_entry, cluster_key, finding, result
from tests.unit.reports.hostile import ATTACK


def node(depth: int, kind: str, name: str = "a", **changes: object) -> TreeNode:
    defaults = TreeNode(depth=depth, view=View.CAPI, kind=kind, name=name, state=NodeState.OK)
    return replace(defaults, **changes)  # type: ignore[arg-type]


DRIFTED = finding()
NODES = (
    node(0, "Cluster", "eu-1", since="2026-11-20T01:00:41Z"),
    node(1, "AWSCluster", "eu-1", since="2026-11-17T00:00:41Z"),
    node(1, "MachineDeployment", "md"),
    node(2, "Machine", "md-a"),
    node(
        3,
        "instance",
        "i-1",
        view=View.CLOUD,
        state=NodeState.DRIFTED,
        message="Instance type changed outside Cluster API: cluster m5.large, cloud m5.4xlarge (spec.instanceType)",
        findings=(DRIFTED.id,),
    ),
    node(2, "Machine", "md-b", count=1200),
    node(1, "", "not owned", message="nothing owns these"),
    node(2, "Machine", "", state=NodeState.UNKNOWN, message="HTTP 403"),
)


def shown(*nodes: TreeNode, width: int = 100, **changes: object) -> str:
    tree = ClusterTree(cluster=cluster_key(), nodes=nodes or NODES)
    return TreeReport().render(with_trees(tree, **changes), RenderOptions(width=width))


def with_trees(*trees: ClusterTree, **changes: object) -> AuditResult:
    return result(findings=[DRIFTED], trees=trees, clusters=[cluster_entry()], **changes)  # type: ignore[arg-type]


def test_a_tree_is_a_table_with_state_age_and_message() -> None:
    assert shown() == (
        "prod/fleet/eu-1  6 machines, AWSCluster, as of 2026-11-20 02:00:41 UTC\n"
        "  NAME                             STATE    SINCE  MESSAGE\n"
        "  Cluster/eu-1                     ok       60m\n"
        "  ├─ AWSCluster/eu-1               ok       3d2h\n"
        "  ├─ MachineDeployment/md          ok\n"
        "  │  ├─ Machine/md-a               ok\n"
        "■ │  │  └─ instance/i-1            DRIFTED         Instance type changed outside Cluster API:\n"
        "  │  │                                             cluster m5.large, cloud m5.4xlarge\n"
        "  │  │                                             (spec.instanceType)\n"
        "  │  └─ 1,200 × Machine (md-b, …)  ok\n"
        "  └─ not owned                     ok              nothing owns these\n"
        "?    └─ Machine                    UNKNOWN         HTTP 403\n"
        "1 drifted, 1 unknown, 1,205 ok\n"
    )


@pytest.mark.parametrize("columns", [20, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_or_eighty_columns(columns: int) -> None:
    wide = node(4, "Machine", "寿司" * 60, state=NodeState.STUCK, message="長い" * 200 + " " + "x" * 300)

    lines = shown(*NODES[:4], wide, width=columns).splitlines()

    assert max(map(width, lines[1:])) <= max(columns, 80)


def test_a_message_without_an_end_is_cut() -> None:
    endless = node(1, "Machine", state=NodeState.STUCK, message="word " * 500)

    lines = shown(NODES[0], endless).splitlines()

    assert len(lines) == 8
    assert lines[-2].endswith("…")


def test_hostile_names_and_messages_do_nothing() -> None:
    nodes = [node(at, text, text, state=NodeState.MISSING, message=text) for at, text in enumerate([ATTACK] * 3)]

    told = shown(*nodes)

    assert [sign for sign in told if not sign.isprintable() and sign != "\n"] == []


def test_ten_thousand_levels_are_drawn_as_twelve() -> None:
    told = shown(*(node(depth, "MachineSet", f"n{depth}") for depth in range(10_000)))

    assert max(map(width, told.splitlines())) <= 100
    assert "…9999 " in told


def test_guides_join_siblings_over_the_children_between_them() -> None:
    nodes = [node(depth, "x") for depth in (0, 1, 2, 2, 1, 2)]

    assert [each.first for each in guides_of(nodes)] == ["", "├─ ", "│  ├─ ", "│  └─ ", "└─ ", "   └─ "]
    assert guides_of(nodes)[1].below == "│  │  "
    assert guides_of(()) == []


def test_colour_only_where_it_is_wanted() -> None:
    tree = ClusterTree(cluster=cluster_key(), nodes=NODES)

    assert "\x1b[" in TreeReport().render(with_trees(tree), RenderOptions(color=True))
    assert "\x1b[" not in TreeReport().render(with_trees(tree), RenderOptions())


def test_without_a_finding_there_is_no_tree_and_that_is_no_green_of_an_incomplete_audit() -> None:
    whole = TreeReport().render(result(), RenderOptions())
    half = TreeReport().render(result(complete=False), RenderOptions())

    assert whole == "no cluster has a finding\n"
    assert "not everything could be read" in half


def test_a_cluster_without_a_view_says_so() -> None:
    told = TreeReport().render(with_trees(ClusterTree(cluster=cluster_key(), nodes=())), RenderOptions())

    assert "its management cluster was not read" in told


def test_json_holds_the_trees_and_their_findings_as_the_document_does() -> None:
    tree = ClusterTree(cluster=cluster_key(), nodes=NODES)

    told = json.loads(TreeJsonReport().render(with_trees(tree), RenderOptions()))

    assert told["schema_version"] == "1"
    assert [entry["id"] for entry in told["findings"]] == [DRIFTED.id]
    assert told["trees"][0]["cluster"]["name"] == "eu-1"
    assert told["trees"][0]["nodes"][4]["state"] == "drifted"
    assert told["trees"][0]["nodes"][5]["count"] == 1200


def test_what_hangs_below_several_nodes_counts_once() -> None:
    """As in the folded tree, where it stands below one node for all of them."""
    shared = node(2, "target-group", "tg-1", view=View.CLOUD)
    unread = node(2, "volume", "", state=NodeState.UNKNOWN)

    told = shown(
        node(0, "Cluster", "eu-1"),
        *(part for name in ("a", "b") for part in (node(1, "Machine", name), shared, unread)),
    )

    assert told.splitlines()[-1] == "2 unknown, 4 ok"
