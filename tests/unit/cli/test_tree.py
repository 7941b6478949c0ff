"""`tree` as a user starts it: names, formats, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Program
from tests.unit.cli.installed import ROOT

DEMO = str(ROOT / "drift_audit" / "demo" / "fleet.dar")


@pytest.mark.parametrize("written", ["web", "prod/web", "prod-eu/prod/web"])
def test_a_cluster_of_the_demo_is_shown_down_to_its_instance(program: Program, written: str) -> None:
    done = program("tree", written, "--from", DEMO)

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("prod-eu/prod/web  11 machines, AWSCluster")
    (drifted,) = [line for line in lines if "DRIFTED" in line]
    assert re.match(r"■ .*─ instance/i-[0-9a-f]+ ", drifted)
    assert any("7 × Machine (web-md-0-" in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_show_all_folds_nothing(program: Program) -> None:
    done = program("tree", "web", "--from", DEMO, "--show-all")

    assert done.returncode == 0
    assert "×" not in done.stdout
    assert done.stdout.count(" Machine/") + done.stdout.count("─ Machine/") >= 11


def test_json_has_the_same_nodes_and_the_findings(program: Program) -> None:
    done = program("tree", "web", "--from", DEMO, "-o", "json")

    document = json.loads(done.stdout)
    (tree,) = document["trees"]
    assert (done.returncode, tree["cluster"]["name"], tree["nodes"][0]["depth"]) == (0, "web", 0)
    assert "aws.instance.type" in {finding["rule"] for finding in document["findings"]}
    assert {finding["id"] for finding in document["findings"]} == {
        finding for node in tree["nodes"] for finding in node["findings"]
    }


def test_an_unknown_name_is_answered_with_candidates_and_exit_code_2(program: Program) -> None:
    done = program("tree", "wbe", "--from", DEMO)

    assert (done.returncode, done.stdout) == (2, "")
    assert "no cluster of this audit is called 'wbe'; did you mean prod-eu/prod/web?" in done.stderr


def test_a_format_that_is_none_costs_no_audit(program: Program) -> None:
    done = program("tree", "web", "--from", "no-such.dar", "-o", "html")

    assert done.returncode == 2
    assert "'html' is not one of" in done.stderr


def test_check_writes_the_trees_of_all_clusters_with_findings(program: Program, tmp_path: Path) -> None:
    done = program("check", "--from", DEMO, "-q", "-o", f"tree={tmp_path / 'trees.txt'}")

    assert done.returncode == 1
    told = (tmp_path / "trees.txt").read_text()
    assert [line.partition("  ")[0] for line in told.splitlines() if "machines, AWSCluster" in line] == [
        "prod-eu/prod/payments",
        "prod-eu/prod/search",
        "prod-eu/prod/web",
        "prod-us/prod/batch",
        "prod-us/prod/checkout",
        "prod-us/prod/media",
    ]
