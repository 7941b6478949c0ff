"""The table of Machines that were found unhealthy: there only where there are any, and escaped like everything."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import ObjectRef
from drift_audit.model.remediation import Remediation, RemediationStep, Step, StepState
from drift_audit.model.result import AuditResult
from drift_audit_reports.console import ConsoleReport
from drift_audit_reports.document import from_document, in_document_order
from drift_audit_reports.html_report.report import HtmlReport
from drift_audit_reports.json_report import JsonReport
from drift_audit_reports.markdown import MOST_BYTES, MarkdownReport
from drift_audit_reports.remediations import TITLE, counted_text, lines_of
from tests.builders import cluster_key
from tests.unit.reports.fleets import healthy_fleet
from tests.unit.reports.hostile import ATTACK
from tests.unit.reports.test_document import valid

VERBOSE = RenderOptions(verbose=True)


def _step(step: Step, state: StepState, began: str = "", ended: str = "", waited_for: str = "") -> RemediationStep:
    return RemediationStep(step=step, state=state, began=began, ended=ended, waited_for=waited_for)


def _remediation(name: str = "us-2-md-1-7hk2p", *, repair_seconds: float | None = None, loop: str = "") -> Remediation:
    return Remediation(
        management_cluster="prod",
        cluster=cluster_key("us-2"),
        machine=ObjectRef(api_version="cluster.x-k8s.io/v1beta2", kind="Machine", namespace="fleet", name=name),
        owner="MachineSet/us-2-md-1",
        reason="UnhealthyNode: Condition Ready on Node is reporting status Unknown",
        steps=(
            _step(Step.DETECTED, StepState.DONE, "", "2026-11-20T02:00:00Z"),
            _step(Step.CORDONED, StepState.DONE),
            _step(Step.DRAINED, StepState.DONE, "2026-11-20T02:01:00Z", "2026-11-20T02:13:00Z"),
            _step(Step.DELETED, StepState.IN_PROGRESS, "2026-11-20T02:00:10Z", waited_for="WaitingForVolumeDetach: x"),
            _step(Step.REPLACED, StepState.PENDING),
        ),
        repair_seconds=repair_seconds,
        loop=loop,
    )


def _with(*remediations: Remediation) -> AuditResult:
    return replace(healthy_fleet(), remediations=remediations)


def test_a_line_tells_each_step_with_what_is_known() -> None:
    line = lines_of(_with(_remediation(repair_seconds=1500, loop="one before it in its place failed as well")))[0]

    assert line.machine == "Machine/fleet/us-2-md-1-7hk2p"
    assert line.steps == (
        "2026-11-20 02:00:00 UTC",
        "done",
        "2026-11-20 02:13:00 UTC, after 12 min",
        "in progress, begun 2026-11-20 02:00:10 UTC",
        "not yet",
    )
    assert line.repaired == "25 min"
    assert line.remarks.startswith("one before it in its place failed as well; waits: WaitingForVolumeDetach: x")


def test_the_counts_call_out_loops() -> None:
    assert counted_text(_with(_remediation(), _remediation("b", loop="again"))) == "2 Machines, 1 in a loop"


@pytest.mark.parametrize("report", [ConsoleReport(), MarkdownReport(), HtmlReport()])
def test_the_table_is_there_only_where_there_are_any(report: ReportFormat) -> None:
    assert TITLE in report.render(_with(_remediation()), VERBOSE)
    assert TITLE not in report.render(healthy_fleet(), VERBOSE)


def test_the_console_has_it_when_asked_for_more() -> None:
    assert TITLE not in ConsoleReport().render(_with(_remediation()), RenderOptions())


def test_the_document_holds_every_step_and_comes_back() -> None:
    audit = _with(_remediation("b"), _remediation("a", repair_seconds=12.5))

    document = json.loads(JsonReport().render(audit, RenderOptions()))

    valid(document)
    assert [each["machine"]["name"] for each in document["remediations"]] == ["a", "b"]
    assert from_document(document) == in_document_order(audit)


@pytest.mark.parametrize("report", [ConsoleReport(), MarkdownReport(), HtmlReport()])
def test_names_and_messages_of_others_are_escaped(report: ReportFormat) -> None:
    audit = _with(replace(_remediation(ATTACK), reason=ATTACK, loop=ATTACK))

    text = report.render(audit, VERBOSE)

    assert "\x1b]" not in text and "\u202e" not in text
    assert not isinstance(report, HtmlReport) or "<script>alert" not in text


def test_thousands_of_them_leave_a_comment_within_its_limit() -> None:
    audit = _with(*(_remediation(f"machine-{number}") for number in range(3000)))

    text = MarkdownReport().render(audit, RenderOptions())

    assert len(text.encode()) < MOST_BYTES
    assert "more Machines not shown" in text
