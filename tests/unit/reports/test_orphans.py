"""Orphans as a table, as JSON and as CSV; what could not be judged is in each of them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from drift_audit.interfaces import RenderOptions
from drift_audit.model.findings import Confidence, Finding, FindingKind, ShownValue, ValueState, Verdict
from drift_audit.model.result import AuditResult, CloudViewEntry, ViewEntries
from drift_audit.model.views import View
from drift_audit_reports.eliding import width
from drift_audit_reports.orphans import listed_scopes, orphans_of, unjudged
from drift_audit_reports.orphans_text import OrphansCsvReport, OrphansJsonReport, OrphansReport
from tests.builders import cluster_key, finding, gap, resource_key, result, shown_values, suppression
from tests.unit.reports.hostile import ATTACK

PLAIN = RenderOptions()
REPORTS = (OrphansReport, OrphansJsonReport, OrphansCsvReport)


def orphan(name: str = "i-1", claim: str = "eu-1", **changes: Any) -> Finding:
    cloud = ShownValue(state=ValueState.PRESENT, value=name, reason=f"claims cluster {claim}")
    return finding(
        **{
            "kind": FindingKind.ORPHAN,
            "verdict": Verdict.ORPHAN,
            "object": None,
            "resource": resource_key("instance", name),
            "path": "",
            "values": shown_values(None, None, cloud),
            "since": "2026-11-17T00:00:41Z",
            "evidence": ("no object of the audited management clusters names it",),
            "next_steps": (f"terminate {name}",),
            **changes,
        }
    )


def told(*findings: Finding, **changes: Any) -> AuditResult:
    entry = CloudViewEntry(
        provider="aws", account="123456789012", region="eu-west-1", resources=30, read_at="", claimed=29
    )
    views = ViewEntries(git=(), capi=(), cloud=(entry,))
    return result(findings=findings, **{"views": views, **changes})


def test_orphans_are_grouped_by_scope_and_claimed_cluster() -> None:
    shown = OrphansReport().render(
        told(orphan(), orphan("i-2", "gone", cluster=None, confidence=Confidence.POTENTIAL)), PLAIN
    )

    assert shown == (
        "2 orphans in 1 cloud scope\n"
        "\n"
        "aws/123456789012/eu-west-1  claim cluster gone, which no audited management cluster surely has\n"
        "  KIND      ID                     AGE   SEVERITY  WHY\n"
        "? instance  i-2                    3d2h  high      not sure: no object of the audited management\n"
        "                                                   clusters names it\n"
        "  →        terminate i-2\n"
        "\n"
        "aws/123456789012/eu-west-1  claim cluster prod/fleet/eu-1\n"
        "  KIND      ID                     AGE   SEVERITY  WHY\n"
        "■ instance  i-1                    3d2h  high      no object of the audited management clusters\n"
        "                                                   names it\n"
        "  →        terminate i-1\n"
        "\n"
        "  SCOPE                       LISTED  CLAIMED  COVERAGE  ORPHANS\n"
        "  aws/123456789012/eu-west-1  30      29       96.6%     2\n"
    )


def test_an_empty_list_with_a_gap_is_no_green() -> None:
    blind = told(gaps=[gap()])

    table = OrphansReport().render(blind, PLAIN)
    document = json.loads(OrphansJsonReport().render(blind, PLAIN))
    lines = list(csv.DictReader(io.StringIO(OrphansCsvReport().render(blind, PLAIN))))

    assert table.startswith("no orphans in 1 cloud scope, and not everything could be judged\n")
    assert "UnauthorizedOperation" in table
    assert (document["orphans"], document["complete"]) == ([], False)
    assert document["not_judged"][0]["remedy"].startswith("Allow ec2:DescribeSecurityGroups")
    assert [(line["state"], line["id"]) for line in lines] == [
        ("not judged", "aws/123456789012/eu-west-1/security-group")
    ]


def test_a_fleet_without_a_read_cloud_says_so() -> None:
    shown = OrphansReport().render(told(views=ViewEntries(git=(), capi=(), cloud=())), PLAIN)

    assert shown == "no orphans: no cloud scope was read\n"


@pytest.mark.parametrize("view", [View.GIT, View.HISTORY, View.EVIDENCE, View.WORKLOAD])
def test_what_does_not_tell_whose_a_resource_is_does_not_matter_here(view: View) -> None:
    assert unjudged(told(gaps=[gap("fleet@main:clusters", view)])) == []


def test_a_suppressed_orphan_is_shown_and_not_counted() -> None:
    hidden = told(orphan(suppressed=suppression()))

    assert OrphansReport().render(hidden, PLAIN).startswith("no orphans, 1 suppressed in 1 cloud scope\n")
    assert "suppressed by known-bastion: " in OrphansReport().render(hidden, PLAIN)
    assert [scope.orphans for scope in listed_scopes(hidden)] == [0]


def test_the_oldest_comes_first_and_alike_next_steps_are_said_once() -> None:
    several = told(orphan("i-new", since="2026-11-19T00:00:00Z"), orphan("i-old", since="2026-01-01T00:00:00Z"))

    assert [each.id for each in orphans_of(several)] == ["i-old", "i-new"]
    assert "terminate i-old (likewise i-new)" in OrphansReport().render(several, PLAIN)


def test_an_age_that_nobody_knows_is_left_empty() -> None:
    (found,) = orphans_of(told(orphan(since="")))

    assert (found.age, found.created_at) == ("", "")


@pytest.mark.parametrize("report", REPORTS)
def test_hostile_text_does_nothing(report: type[OrphansReport]) -> None:
    nasty = told(orphan(ATTACK, ATTACK, evidence=(ATTACK,), next_steps=(ATTACK,)), gaps=[gap(reason=ATTACK)])

    shown = report().render(nasty, PLAIN)

    assert [sign for sign in shown if not sign.isprintable() and sign != "\n"] == []


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(start: str) -> None:
    shown = OrphansCsvReport().render(told(orphan(start, start, evidence=(start,), next_steps=(start,))), PLAIN)

    for line in csv.reader(io.StringIO(shown)):
        assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("columns", [60, 100, 160])
def test_no_line_is_wider_than_the_page(columns: int) -> None:
    long = told(orphan("i-" + "x" * 200, evidence=("word " * 200,)))

    shown = OrphansReport().render(long, RenderOptions(width=columns))

    assert max(map(width, shown.splitlines())) <= max(columns, 80)


def test_coverage_is_rounded_down_and_nothing_listed_is_no_division_by_zero() -> None:
    entries = tuple(
        CloudViewEntry(provider="aws", account="1", region=str(at), resources=listed, read_at="", claimed=claimed)
        for at, (listed, claimed) in enumerate([(100_000, 99_999), (0, 0)])
    )

    scopes = listed_scopes(told(views=ViewEntries(git=(), capi=(), cloud=entries)))

    assert [scope.percent for scope in scopes] == [99.9, None]


def test_a_scope_of_which_nothing_was_listed_is_not_covered() -> None:
    """Nor is the one beside it whose name begins alike."""
    entries = tuple(
        CloudViewEntry(provider="aws", account="1", region=region, resources=listed, read_at="", claimed=listed)
        for region, listed in (("eu-west-1", 0), ("eu-west-2", 8), ("eu-west-3", 0), ("eu-west-20", 8))
    )
    gaps = [gap("aws/1/eu-west-1", reason="expired"), gap("aws/1/eu-west-2/instance")]

    told_all = told(views=ViewEntries(git=(), capi=(), cloud=entries), gaps=gaps)
    table = OrphansReport().render(told_all, PLAIN).partition("COVERAGE")[2]

    told_of = {line.split()[0]: " ".join(line.split()[3:-1]) for line in table.splitlines() if "  aws/1/" in line}
    assert told_of == {
        "aws/1/eu-west-1": "not read",
        "aws/1/eu-west-2": "100%, not all listed",
        "aws/1/eu-west-20": "100%",
        "aws/1/eu-west-3": "nothing listed",
    }


def test_what_was_not_judged_for_one_reason_is_told_once() -> None:
    gaps = [gap(f"aws/1/eu-west-1/{kind}", reason="expired", remedy="log in") for kind in "abcdef"]

    shown = OrphansReport().render(told(gaps=gaps), PLAIN)

    assert (shown.count("expired"), shown.count("→        log in")) == (1, 1)
    assert "aws/1/eu-west-1/a security-group (failed)" in shown
    assert "and 3 more" in shown


def test_orphans_of_another_management_cluster_keep_its_name() -> None:
    (found,) = orphans_of(told(orphan(cluster=cluster_key("web", management_cluster="prod-us"))))

    assert (found.cluster, found.claims) == ("prod-us/fleet/web", "eu-1")
