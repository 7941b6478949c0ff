"""How reports tell who it was: a name with its proof, or why there is none; and what of the history is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import Actor, Between, Grade, Verdict
from drift_audit.model.result import GapEntry, Status
from drift_audit_reports.console import ConsoleReport
from drift_audit_reports.markdown import MarkdownReport
from drift_audit_reports.ranking import overview_of
from drift_audit_reports.wording import actor_text, actors_text
from tests.builders import actor, finding, result

NOBODY = Actor(
    who="",
    how="",
    actor_class="unknown",
    between=Between(after="", before=""),
    source="CloudTrail",
    grade=Grade.E,
    reason="CloudTrail of eu-west-1 was not read",
)
DENIED = GapEntry(
    view="history",
    scope="aws/123456789012/eu-west-1/change-history",
    subject="change-history",
    status="failed",
    reason="LookupEvents is not allowed",
    remedy="Allow LookupEvents.",
)
REPORTS = [ConsoleReport(), MarkdownReport()]


def test_nobody_has_a_reason_and_a_doubt_follows_the_name() -> None:
    doubted = replace(actor("alice", "AWS console"), reason="it can also have been bob")

    assert actor_text(NOBODY) == "unknown, because CloudTrail of eu-west-1 was not read"
    assert actor_text(doubted).endswith("; it can also have been bob")


def test_among_several_findings_the_one_with_a_name_speaks() -> None:
    findings = [finding(actor=NOBODY), finding(actor=actor("alice", "AWS console"))]

    assert actors_text(findings).startswith("alice (AWS console)")


@pytest.mark.parametrize("view", ["history", "evidence"])
@pytest.mark.parametrize("report", REPORTS)
def test_what_only_proves_is_told_without_calling_the_audit_incomplete(report: ReportFormat, view: str) -> None:
    audit = result()
    audit = replace(audit, coverage=replace(audit.coverage, gaps=(replace(DENIED, view=view),)))

    text = report.render(audit, RenderOptions(width=200)).replace("\\", "")

    assert "ncomplete:" not in text and "INCOMPLETE" not in text
    assert "LookupEvents is not allowed" in text
    assert "Allow LookupEvents." in text


@pytest.mark.parametrize("report", REPORTS)
def test_an_edit_that_was_put_back_is_shown_and_does_not_read_as_drift(report: ReportFormat) -> None:
    audit = replace(result(findings=[finding(verdict=Verdict.EDITED_AND_REVERTED)]), status=Status.IN_SYNC)

    text = report.render(audit, RenderOptions(width=200))

    assert "put back" in text
    assert overview_of(audit).worst is None
    assert "drift:" not in text
