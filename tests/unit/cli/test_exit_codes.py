"""The exit code says what the audit found out: 2 before 1 before 3 before 0."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.cli.exit_codes import exit_code, spelled
from drift_audit.model.findings import Confidence, Severity, Verdict
from drift_audit.model.result import AuditResult, Status
from tests.builders import finding, gap, result, suppression

HIGH: dict[str, Any] = {"severity": Severity.HIGH}


def audited(*findings: dict[str, Any], incomplete: bool = False, **changes: Any) -> AuditResult:
    return result(findings=[finding(**each) for each in findings], gaps=[gap()] if incomplete else [], **changes)


@pytest.mark.parametrize(
    ("case", "fail_on", "code", "detailed"),
    [
        (audited(), Severity.LOW, 0, 0),
        (audited(HIGH), Severity.LOW, 1, 2),
        (audited(HIGH), Severity.HIGH, 1, 2),
        (audited(HIGH), Severity.CRITICAL, 0, 0),
        (audited({"severity": Severity.INFO}), Severity.LOW, 0, 0),
        (audited({"severity": Severity.INFO}), Severity.INFO, 1, 2),
        (audited(incomplete=True), Severity.LOW, 3, 1),
        (audited(HIGH, incomplete=True), Severity.LOW, 1, 2),
        (audited(HIGH, incomplete=True), Severity.CRITICAL, 3, 1),
        (audited({**HIGH, "confidence": Confidence.POTENTIAL}), Severity.LOW, 0, 0),
        (audited({**HIGH, "confidence": Confidence.POTENTIAL}, incomplete=True), Severity.LOW, 3, 1),
        (audited({**HIGH, "suppressed": suppression()}), Severity.LOW, 0, 0),
        (audited({**HIGH, "suppressed": suppression()}, HIGH), Severity.LOW, 1, 2),
        (audited({**HIGH, "verdict": Verdict.RECONCILING}), Severity.LOW, 0, 0),
        (audited({**HIGH, "verdict": Verdict.UNDETERMINED}, incomplete=True), Severity.LOW, 3, 1),
        (audited(status=Status.ERROR), Severity.LOW, 2, 1),
        (audited(HIGH, incomplete=True, status=Status.ERROR), Severity.LOW, 2, 1),
    ],
)
def test_the_exit_code_follows_from_the_result(case: AuditResult, fail_on: Severity, code: int, detailed: int) -> None:
    assert exit_code(case, fail_on, False) == code
    assert exit_code(case, fail_on, True) == detailed


def test_a_signal_is_spelled_alike_in_both_ways() -> None:
    assert [spelled(code, detailed=True) for code in (130, 143)] == [130, 143]
