"""The CSV report: stable columns, no formulas, and no file that looks clean when something was not read."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import Commit
from drift_audit.model.result import AuditResult
from drift_audit_reports.csv_report import BYTE_ORDER_MARK, COLUMNS, FINDING_COLUMNS, LONGEST_CELL, CsvReport
from tests.builders import actor, cluster_key, declared_at, finding, gap, result, shown_values, suppression
from tests.unit.reports.conftest import Golden
from tests.unit.reports.fleets import half_read_fleet, healthy_fleet, stuck_fleet, troubled_fleet
from tests.unit.reports.hostile import hostile_finding, hostile_result
from tests.unit.reports.trees import half_read_and_pictured, troubled_and_pictured

FORMULA_SIGNS = set("=+-@\t\r\n＝＋－＠")


def render(audit: AuditResult) -> str:
    return CsvReport().render(audit, RenderOptions())


def lines_of(audit: AuditResult) -> list[dict[str, str]]:
    text = render(audit)
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""), strict=True))


@pytest.mark.parametrize(
    ("name", "audit"),
    [
        ("troubled.csv", troubled_and_pictured()),
        ("half-read.csv", half_read_and_pictured()),
        ("hostile.csv", hostile_finding()),
        ("stuck.csv", stuck_fleet()),
    ],
)
def test_the_file_reads_as_reviewed(name: str, audit: AuditResult, golden: Golden) -> None:
    golden(name, render(audit))


def test_every_finding_is_one_line_and_each_has_every_column() -> None:
    audit = troubled_fleet()

    lines = lines_of(audit)

    assert [line["record"] for line in lines] == ["finding"] * len(audit.findings)
    assert {line["id"] for line in lines} == {one.id for one in audit.findings}
    assert all(tuple(line) == COLUMNS and None not in line.values() for line in lines)


def test_an_incomplete_audit_without_findings_is_no_empty_file() -> None:
    (unread,) = lines_of(result(gaps=[gap()]))
    (unnamed,) = lines_of(result(complete=False))

    assert (unread["record"], unread["gap_remedy"], unread["complete"]) == ("gap", gap().remedy, "no")
    assert "does not say what is missing" in unnamed["gap_reason"]
    assert lines_of(healthy_fleet()) == []


def test_each_column_holds_what_its_name_says() -> None:
    commit = Commit(id="4be1d70c", author="Ada", date="2026-10-02T09:14:00Z")
    one = finding(
        values=shown_values(["a", 1], {"b": True}, None),
        declared_at=declared_at(exact=False, line_commit=commit, file_commit=commit),
        actor=actor(),
        suppressed=suppression(),
        evidence=("first", "second"),
    )

    (line,) = lines_of(result(findings=[one]))

    assert {name for name in FINDING_COLUMNS if not line[name]} == {
        "cloud_value", "since", "first_seen", "reaction", "owner",
    }  # fmt: skip
    assert (line["git_value"], line["cluster_value"], line["cloud_state"]) == ('["a", 1]', '{"b": true}', "absent")
    assert (line["line_exact"], line["line_author"], line["evidence"]) == ("no", "Ada", "first | second")
    assert (line["status"], line["actor_grade"], line["cluster"]) == ("suppressed", "B", "eu-1")


def test_credentials_in_an_address_stay_out() -> None:
    one = finding(declared_at=declared_at(repo="https://bot:s3cret@git.example.com/fleet.git"))

    assert "s3cret" not in render(result(findings=[one]))


@pytest.mark.parametrize("attack", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_no_cell_begins_a_formula(attack: str) -> None:
    one = finding(title=attack, path=attack, values=shown_values(attack, attack, attack), cluster=cluster_key(attack))

    (line,) = lines_of(result(findings=[one]))

    assert line["title"].startswith(("'", "\\"))
    assert all(cell.lstrip(" ")[:1] not in FORMULA_SIGNS for cell in line.values() if cell)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30))
def test_any_text_anywhere_stays_in_its_cell(attack: str) -> None:
    poisoned = hostile_result(attack)

    lines = lines_of(poisoned)

    assert len(lines) == len(poisoned.findings) + len(poisoned.coverage.gaps)
    assert all(cell.lstrip(" ")[:1] not in FORMULA_SIGNS for line in lines for cell in line.values() if cell)
    assert all(cell.isprintable() or not cell.isascii() for line in lines for cell in line.values())


def test_a_cell_that_no_spreadsheet_holds_is_cut_and_says_so() -> None:
    audit = hostile_result("x" * 200_000)

    longest = max((cell for line in lines_of(audit) for cell in line.values() if cell), key=len)

    assert len(longest) == LONGEST_CELL
    assert longest.endswith("(cut; the JSON report has all of it)")


def test_the_same_result_in_another_order_is_the_same_file() -> None:
    audit = half_read_fleet()
    gaps = replace(audit.coverage, gaps=tuple(reversed(audit.coverage.gaps)))

    assert render(replace(audit, coverage=gaps, findings=tuple(reversed(audit.findings)))) == render(audit)


def test_it_is_what_the_interface_asks_for() -> None:
    assert isinstance(CsvReport(), ReportFormat)


def test_the_documentation_names_every_column() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")

    assert [name for name in COLUMNS if f"`{name}`" not in text] == []
