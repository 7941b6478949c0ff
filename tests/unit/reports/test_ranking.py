"""What is told first, what is folded, and that nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.model.findings import Confidence, Finding, FindingKind, Severity, Verdict
from drift_audit.model.result import Coverage, Status
from drift_audit.model.views import ScopeStatus
from drift_audit_reports.ranking import Fold, fold_of, overview_of
from drift_audit_reports.summary import gaps_title, headline, result_line, unnamed_gaps
from tests.builders import (
    cause,
    cluster_key,
    finding,
    gap,
    result,
    scope_read,
    shown_values,
    suppression,
    unknown,
)
from tests.unit.reports.fleets import half_read_fleet, healthy_fleet, troubled_fleet, with_opaque_fields

SCOPE = scope_read()
NOTHING_EXPECTED = Coverage(expected=0, read=0, percent=100.0, scopes=(), gaps=())
ONE_UNREAD = Coverage(expected=2, read=1, percent=50.0, scopes=(SCOPE,), gaps=())
SILENT_FAILURE = Coverage(
    expected=1, read=1, percent=100.0, scopes=(replace(SCOPE, status=ScopeStatus.FAILED, reason="timed out"),), gaps=()
)


@pytest.mark.parametrize(
    ("changes", "fold"),
    [
        ({}, Fold.OPEN),
        ({"severity": Severity.INFO}, Fold.OPEN),
        ({"confidence": Confidence.POTENTIAL}, Fold.POTENTIAL),
        ({"verdict": Verdict.RECONCILING}, Fold.RECONCILING),
        ({"verdict": Verdict.UNDETERMINED, "confidence": Confidence.POTENTIAL}, Fold.UNDETERMINED),
        ({"suppressed": suppression(), "verdict": Verdict.RECONCILING}, Fold.SUPPRESSED),
    ],
)
def test_each_finding_has_one_fold(changes: dict[str, Any], fold: Fold) -> None:
    assert fold_of(finding(**changes)) is fold


def test_the_worst_cause_stands_first_then_what_is_down_then_the_widest() -> None:
    low = finding(path="a", severity=Severity.LOW, title="low")
    drift = finding(path="b", title="drift")
    missing = finding(path="c", title="missing", kind=FindingKind.MISSING)
    wide = [finding(path="d", title="wide drift", cluster=cluster_key(name)) for name in ("eu-1", "eu-2")]
    wide = [replace(one, id=f"{number:016x}") for number, one in enumerate(wide)]

    overview = overview_of(result([(cause(group), group) for group in ([low], [drift], wide, [missing])]))

    assert [ranked.cause.title for ranked in overview.causes] == ["missing", "wide drift", "drift", "low"]


def test_a_finding_without_a_cause_becomes_one() -> None:
    lonely = finding(title="nobody grouped me", cause="")

    (ranked,) = overview_of(result(findings=[lonely])).causes

    assert (ranked.cause.title, ranked.findings) == ("nobody grouped me", (lonely,))


def test_a_finding_that_names_an_unknown_cause_is_told() -> None:
    assert len(overview_of(result(findings=[finding(cause="gone")])).causes) == 1


def test_a_cause_counts_only_what_is_open() -> None:
    open_one = finding(path="a", severity=Severity.LOW)
    hidden = finding(path="b", severity=Severity.CRITICAL, suppressed=suppression(), cluster=cluster_key("eu-2"))

    (ranked,) = overview_of(result([(cause([open_one, hidden]), [open_one, hidden])])).causes

    assert ranked.cause.severity is Severity.LOW
    assert ranked.cause.clusters == (cluster_key("eu-1"),)


def test_a_cause_is_as_severe_as_the_worst_of_what_is_open() -> None:
    members = [finding(path=severity, severity=severity) for severity in (Severity.LOW, Severity.HIGH, Severity.MEDIUM)]

    (ranked,) = overview_of(result([(cause(members, severity=Severity.INFO), members)])).causes

    assert ranked.cause.severity is Severity.HIGH


def test_a_cause_that_is_wholly_suppressed_is_folded() -> None:
    hidden = finding(suppressed=suppression())

    overview = overview_of(result([(cause([hidden]), [hidden])]))

    assert overview.causes == ()
    assert len(overview.folded[Fold.SUPPRESSED]) == 1


def test_a_cause_whose_findings_nobody_sent_is_still_told() -> None:
    orphaned = cause([finding()])

    (ranked,) = overview_of(result([(orphaned, [])])).causes

    assert ranked.cause == orphaned


def test_every_finding_is_in_exactly_one_fold() -> None:
    audit = troubled_fleet()

    overview = overview_of(audit)

    folded = [one.id for findings in overview.folded.values() for one in findings]
    shown = [one.id for ranked in overview.causes for one in ranked.findings]
    assert sorted(folded) == sorted(one.id for one in audit.findings)
    assert sorted(shown) == sorted(one.id for one in overview.open)


def test_findings_of_one_cause_with_other_values_are_told_apart() -> None:
    (variants,) = [ranked.variants for ranked in overview_of(troubled_fleet()).causes if len(ranked.findings) == 5]

    assert [len(variant.findings) for variant in variants] == [4, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"gaps": [gap()]},
        {"complete": False},
        {"status": Status.INCOMPLETE},
        {"status": Status.ERROR},
        {"coverage": NOTHING_EXPECTED},
        {"coverage": ONE_UNREAD},
        {"coverage": SILENT_FAILURE},
    ],
)
def test_no_hint_of_an_unread_scope_lets_a_report_say_in_sync(changes: dict[str, Any]) -> None:
    overview = overview_of(result(**changes))

    assert not overview.complete
    assert "in sync" not in headline(overview).lower()
    assert "in_sync" not in result_line(overview)
    assert "incomplete=yes" in result_line(overview)


@pytest.mark.parametrize("severity", list(Severity))
def test_an_open_finding_is_never_called_in_sync(severity: Severity) -> None:
    below_threshold = result(findings=[finding(severity=severity)], status=Status.IN_SYNC)

    assert "in sync" not in headline(overview_of(below_threshold))


def test_a_value_that_could_not_be_decided_is_not_called_in_sync() -> None:
    undecided = finding(verdict=Verdict.UNDETERMINED, confidence=Confidence.POTENTIAL)

    assert headline(overview_of(result(findings=[undecided]))) == "nothing found, but 1 finding could not be decided"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"confidence": Confidence.POTENTIAL}, "1 potential finding"),
        ({"verdict": Verdict.RECONCILING}, "1 difference within its time"),
        ({"suppressed": suppression()}, "1 suppressed finding"),
    ],
)
def test_what_is_only_folded_still_is_no_agreement(changes: dict[str, Any], told: str) -> None:
    overview = overview_of(result(findings=[finding(**changes)]))

    assert headline(overview) == f"nothing that fails a run, but {told}"


def test_fields_that_git_does_not_tell_are_no_agreement() -> None:
    overview = overview_of(with_opaque_fields(healthy_fleet(), 14))

    assert headline(overview) == ("nothing that fails a run, but 14 fields of Git not compared: templated or encrypted")
    assert " not-compared=14 " in result_line(overview)


def test_findings_below_the_threshold_are_counted_by_severity() -> None:
    findings = [finding(path=name, severity=Severity.INFO) for name in "abc"]

    assert headline(overview_of(result(findings=findings, status=Status.IN_SYNC))) == (
        "nothing that fails a run: 3 info"
    )


def test_what_could_not_be_decided_is_the_reason_of_an_incomplete_result_without_a_gap() -> None:
    undecided = finding(
        verdict=Verdict.UNDETERMINED,
        confidence=Confidence.POTENTIAL,
        values=shown_values("a", "b", unknown("the reading was cut short")),
    )

    overview = overview_of(result(findings=[undecided], status=Status.INCOMPLETE, complete=False))

    assert unnamed_gaps(overview, 12) == ["the reading was cut short (1 finding)"]
    assert gaps_title(overview) == "1 finding could not be decided"


def test_very_many_reasons_are_counted() -> None:
    undecided = [
        finding(path=str(number), verdict=Verdict.UNDETERMINED, values=shown_values("a", "b", unknown(f"no {number}")))
        for number in range(5)
    ]

    told = unnamed_gaps(overview_of(result(findings=undecided, complete=False)), 3)

    assert told[-1] == "and 2 more reasons: see the JSON report"
    assert len(told) == 4


def test_a_healthy_fleet_is_in_sync() -> None:
    assert headline(overview_of(healthy_fleet())) == "in sync: Git, management clusters and cloud agree"


def test_the_result_line_counts_what_the_report_shows() -> None:
    line = result_line(overview_of(troubled_fleet()))

    assert line.startswith("result: drift findings=14 causes=5 clusters=6 critical=6 high=7 medium=1 low=0 info=0 ")
    assert line.endswith(
        "undetermined=1 potential=3 reconciling=1 suppressed=1 not-compared=0 gaps=0 "
        "incomplete=no exit-severity=critical coverage=100%"
    )


@pytest.mark.parametrize("percent", [99.999, 100.0])
def test_one_unread_scope_of_many_is_never_rounded_to_the_whole(percent: float) -> None:
    nearly = Coverage(expected=100_000, read=99_999, percent=percent, scopes=(), gaps=(gap(),))

    assert "coverage=99.9%" in result_line(overview_of(result(coverage=nearly)))


def test_the_result_line_of_a_half_read_fleet_says_so() -> None:
    line = result_line(overview_of(half_read_fleet()))

    assert "gaps=5 incomplete=yes" in line
    assert line.startswith("result: drift ")


def test_inputs_are_left_as_they_were() -> None:
    audit = troubled_fleet()
    before: tuple[Finding, ...] = audit.findings

    overview_of(audit)

    assert audit == troubled_fleet()
    assert audit.findings is before
