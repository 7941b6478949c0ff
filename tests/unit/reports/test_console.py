"""The console report: what it says first, what it never hides, and how it fits a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import FindingKind, Severity, Verdict
from drift_audit.model.result import AuditResult
from drift_audit_reports.console import ConsoleReport
from drift_audit_reports.eliding import width as columns
from tests.builders import cause, cluster_key, finding, gap, resource_key, result, shown_values
from tests.unit.reports.conftest import Golden
from tests.unit.reports.fleets import (
    half_read_fleet,
    healthy_fleet,
    lesser_findings,
    stuck_fleet,
    stuck_machine,
    troubled_fleet,
    with_opaque_fields,
)
from tests.unit.reports.hostile import hostile_finding, hostile_result

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def render(audit: AuditResult, width: int = 100, *, color: bool = False, verbose: bool = False) -> str:
    return ConsoleReport().render(audit, RenderOptions(width=width, color=color, verbose=verbose))


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_troubled_fleet_reads_as_reviewed(width: int, golden: Golden) -> None:
    golden(f"troubled-{width}.txt", render(troubled_fleet(), width))


def test_the_verbose_report_reads_as_reviewed(golden: Golden) -> None:
    golden("troubled-verbose.txt", render(troubled_fleet(), verbose=True))


@pytest.mark.parametrize("verbose", [False, True])
def test_the_stuck_fleet_reads_as_reviewed(verbose: bool, golden: Golden) -> None:
    golden("stuck-verbose.txt" if verbose else "stuck.txt", render(stuck_fleet(), verbose=verbose))


def test_what_is_stuck_shows_no_table_of_values() -> None:
    text = render(result([stuck_machine()]))

    assert "  git " not in text and "no counterpart" not in text


def test_forty_machines_of_one_cause_are_told_once_with_their_count() -> None:
    text = render(stuck_fleet())

    assert text.count("0 of 640 vCPUs") == 2, "as the explanation and in the chain"
    assert "likewise on 39 more" in text
    assert "40 findings" in text


def test_a_run_about_stuck_things_alone_is_not_called_drift() -> None:
    assert "stuck: 1 cause, 1 finding" in render(result([stuck_machine()]))
    assert "drift and stuck: 3 causes" in render(stuck_fleet())


def test_the_half_read_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("half-read.txt", render(half_read_fleet()))


def test_the_healthy_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("healthy.txt", render(healthy_fleet()))


def test_a_hostile_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("hostile.txt", render(hostile_finding()))


def test_a_healthy_fleet_takes_four_lines() -> None:
    assert len(render(healthy_fleet()).splitlines()) == 4


def test_gaps_stand_before_the_first_cause() -> None:
    text = render(half_read_fleet())

    assert text.index("INCOMPLETE") < text.index("403 Forbidden") < text.index("deploy/rbac.yaml") < text.index("■")


def test_an_incomplete_audit_never_says_in_sync() -> None:
    text = render(result(gaps=[gap()])).lower()

    assert "in sync" not in text and "in_sync" not in text
    assert "incomplete=yes" in text


def test_the_result_line_is_the_last_and_is_never_broken() -> None:
    for width in (60, 80, 200):
        last = render(troubled_fleet(), width).splitlines()[-1]

        assert last.startswith("result: drift findings=14 ")
        assert last.endswith(" exit-severity=critical coverage=100%")


@pytest.mark.parametrize("audit", [troubled_fleet(), half_read_fleet(), healthy_fleet(), hostile_result()])
@pytest.mark.parametrize("width", [60, 72, 80, 100, 140, 200])
def test_no_other_line_is_wider_than_the_terminal(audit: AuditResult, width: int) -> None:
    *lines, _ = render(audit, width, verbose=True).splitlines()

    assert [line for line in lines if columns(line) > width] == []


def test_no_line_ends_in_white_space() -> None:
    lines = render(troubled_fleet(), verbose=True).splitlines()

    assert [line for line in lines if line != line.rstrip()] == []


def test_colour_changes_no_word() -> None:
    colored = render(troubled_fleet(), color=True)

    assert "\x1b[" in colored
    assert ANSI.sub("", colored) == render(troubled_fleet())


def test_without_colour_there_is_no_escape_sequence() -> None:
    assert "\x1b" not in render(troubled_fleet())


@pytest.mark.parametrize("color", [False, True])
def test_no_hostile_character_reaches_the_terminal(color: bool) -> None:
    text = ANSI.sub("", render(hostile_result(), color=color, verbose=True))

    categories = {unicodedata.category(character) for character in text.replace("\n", "")}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_any_text_anywhere_leaves_the_report_printable(attack: str) -> None:
    text = render(hostile_result(attack), verbose=True)

    assert all(character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs") for character in text)
    assert text.splitlines()[-1].startswith("result: drift ")


def test_the_three_values_stand_with_their_places() -> None:
    text = render(troubled_fleet())

    assert "  git      m5.large    platform/fleet//clusters/eu-1/machines.yaml:17\n" in text
    assert "  cluster  m5.large    AWSMachine/fleet/eu-1-md-0-x1k7f\n" in text
    assert "≠ cloud    m5.4xlarge  instance i-0a1b2c3d4e5f60711 in aws/123456789012/eu-west-1\n" in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_terminal_loses_no_file_line_or_identifier(width: int) -> None:
    text = " ".join(render(troubled_fleet(), width).split())

    for key in ("clusters/eu-1/machines.yaml:17", "i-0a1b2c3d4e5f60711", "sg-00a1b2c3d4e5f6071", "m5.4xlarge"):
        assert key in text


def test_every_resource_of_a_cause_is_listed_and_very_many_are_folded() -> None:
    members = [finding(resource=resource_key(id=f"i-{number:02}")) for number in range(20)]
    audit = result([(cause(members), members)])

    assert all(f"(i-{number:02})" in render(audit, verbose=True) for number in range(20))
    assert "and 8 more: see --verbose or -o json" in render(audit)


def test_verbose_names_every_finding() -> None:
    text = render(troubled_fleet(), verbose=True)

    shown = [one for one in troubled_fleet().findings if one.suppressed is None]
    assert [one.id for one in shown if one.id not in text] == []


def test_folded_findings_are_counted_and_never_dropped() -> None:
    text = render(result(findings=lesser_findings()))

    assert "3 potential, never fail a run: A label that Git does not declare (3)" in text
    assert "1 could not be decided: The value in Git is templated" in text
    assert "1 reconciling, within their time: A rollout is under way" in text
    assert "1 finding suppressed" in text


def test_equal_values_are_not_shown_as_a_difference() -> None:
    same = finding(verdict=Verdict.EDITED_IN_CLUSTER, values=shown_values("***", "***", None))

    text = render(result([(cause([same]), [same])]))

    assert "≠ cluster" not in text
    assert "git and cluster are equal as they reached this report" in text


def test_a_number_and_its_text_are_told_apart() -> None:
    typed = finding(verdict=Verdict.EDITED_IN_CLUSTER, values=shown_values("1", 1, None))

    text = render(result([(cause([typed]), [typed])]))

    assert '  git      "1"' in text
    assert "≠ cluster  1 " in text


def test_a_finding_about_a_whole_cluster_has_a_subject() -> None:
    whole = finding(
        kind=FindingKind.HEALTH,
        verdict=Verdict.HAZARD,
        object=None,
        resource=None,
        path="",
        values=shown_values(None, None, None),
        cluster=cluster_key("eu-9"),
    )

    assert "  on       prod/fleet/eu-9\n" in render(result([(cause([whole]), [whole])]))


def test_a_recording_is_named() -> None:
    audit = healthy_fleet()

    text = render(replace(audit, run=replace(audit.run, recording_digest="0123456789abcdef")), 140)

    assert "from recording 0123456789ab" in text


def test_beyond_fifty_causes_the_rest_are_counted() -> None:
    lonely = [finding(path=f"spec.field{number}", severity=Severity.LOW) for number in range(52)]
    worst = finding(path="spec.worst", severity=Severity.CRITICAL, title="The worst")
    audit = result(findings=[*lonely, worst])

    text = render(audit)

    assert text.count("■") == 50
    assert text.index("The worst") < text.index("■ LOW")
    assert "and 3 more causes (3 low): see --verbose or -o json" in text
    assert render(audit, verbose=True).count("■") == 53


def test_a_monstrous_name_leaves_the_rest_on_the_screen() -> None:
    text = render(hostile_result("x" * 100_000))

    assert len(text.splitlines()) < 1_000


def test_it_is_what_the_interface_asks_for() -> None:
    assert isinstance(ConsoleReport(), ReportFormat)


def test_rich_is_not_imported_before_something_is_printed() -> None:
    program = "import sys, drift_audit_reports.console; sys.exit('rich' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0


def test_a_fleet_in_sync_tells_what_was_not_compared() -> None:
    text = render(with_opaque_fields(healthy_fleet(), 14))

    assert "agree" not in text
    assert "14 fields of Git not compared" in text
    assert "not-compared=14" in text.splitlines()[-1]
