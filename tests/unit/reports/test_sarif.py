"""The SARIF report: valid against the published schema, within GitHub's limits, and honest about what is missing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import Confidence, Severity, Verdict
from drift_audit.model.result import AuditResult
from drift_audit_reports.sarif_report import MOST_RESULTS, MOST_RUNS, SCHEMA, SarifReport
from tests.builders import declared_at, finding, gap, result, shown_values, suppression
from tests.conftest import required_parts
from tests.rig.modules import module_folder
from tests.unit.reports.conftest import Golden
from tests.unit.reports.fleets import half_read_fleet, healthy_fleet, stuck_fleet, troubled_fleet
from tests.unit.reports.hostile import hostile_finding, hostile_result
from tests.unit.reports.trees import troubled_and_pictured


@pytest.fixture(scope="session")
def published() -> Draft4Validator:
    """The schema as OASIS published it; a Go module carries it as a constant."""
    with required_parts():
        source = (module_folder("sarif-schema") / "pkg/report/v210/sarif/schema.go").read_text(encoding="utf-8")
    schema = json.loads(source.partition("`")[2].rpartition("`")[0])
    assert schema["id"] == SCHEMA
    # A format without a checker is passed over in silence.
    assert {"uri", "date-time"} <= Draft4Validator.FORMAT_CHECKER.checkers.keys()
    return Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)


def render(audit: AuditResult) -> str:
    return SarifReport().render(audit, RenderOptions())


def runs_of(audit: AuditResult) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(render(audit))["runs"]
    return runs


def notes_of(run: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (note["descriptor"]["id"], note["message"]["text"])
        for note in run["invocations"][0]["toolExecutionNotifications"]
    ]


@pytest.mark.parametrize(
    ("name", "audit"),
    [
        ("troubled.sarif", troubled_and_pictured()),
        ("half-read.sarif", half_read_fleet()),
        ("hostile.sarif", hostile_finding()),
        ("stuck.sarif", stuck_fleet()),
    ],
)
def test_the_file_reads_as_reviewed(name: str, audit: AuditResult, golden: Golden) -> None:
    golden(name, render(audit))


@pytest.mark.parametrize(
    "audit",
    [
        troubled_fleet(),
        troubled_and_pictured(),
        half_read_fleet(),
        healthy_fleet(),
        hostile_finding(),
        hostile_result(),
        result(findings=[finding(declared_at=replace(declared_at(), repo="./fleet-us"))]),
        result(findings=[finding(declared_at=replace(declared_at(), repo="/srv/git/fleet us"))]),
    ],
)
def test_it_is_valid_against_the_published_schema(audit: AuditResult, published: Draft4Validator) -> None:
    problems = [f"{list(error.path)}: {error.message}" for error in published.iter_errors(json.loads(render(audit)))]

    assert problems == []


@settings(max_examples=25, deadline=None)
@given(attack=st.text(max_size=30))
def test_it_is_valid_whatever_somebody_named_something(attack: str, published: Draft4Validator) -> None:
    published.validate(json.loads(render(hostile_result(attack))))


def test_a_finding_stands_at_the_line_that_declares_it() -> None:
    one = finding(declared_at=declared_at("clusters/eu 1/ö.yaml", 17))

    (run,) = runs_of(result(findings=[one]))
    place = run["results"][0]["locations"][0]["physicalLocation"]

    assert place["artifactLocation"] == {"uri": "clusters/eu%201/%C3%B6.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 17}
    assert run["versionControlProvenance"] == [
        {
            "repositoryUri": "https://git.example.com/platform/fleet.git",
            "revisionId": "8c1f2ab0" * 5,
            "mappedTo": {"uriBaseId": "SRCROOT"},
        }
    ]


def test_a_repository_without_an_address_of_its_own_is_named_and_not_addressed() -> None:
    (run,) = runs_of(result(findings=[finding(declared_at=replace(declared_at(), repo="./fleet-us"))]))

    assert "versionControlProvenance" not in run
    assert run["originalUriBaseIds"]["SRCROOT"]["description"]["text"] == "The root of ./fleet-us"
    assert run["properties"]["revision"] == "8c1f2ab0" * 5


def test_a_file_whose_line_is_not_known_is_pointed_at_its_beginning() -> None:
    (run,) = runs_of(result(findings=[finding(declared_at=declared_at(line=0))]))

    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_each_repository_has_a_run_of_its_own_category() -> None:
    findings = [
        finding(path=f"{number}", declared_at=declared_at(repo=f"git@github.com:platform/{name}.git"))
        for number, name in enumerate(("a", "b", "b"))
    ]

    runs = runs_of(result(findings=findings))

    assert [len(run["results"]) for run in runs] == [2, 1]
    assert [run["versionControlProvenance"][0]["repositoryUri"] for run in runs] == [
        "ssh://git@github.com/platform/b.git",
        "ssh://git@github.com/platform/a.git",
    ]
    assert len({run["automationDetails"]["id"] for run in runs}) == 2


@pytest.mark.parametrize("file", ["/etc/passwd", "../../other.yaml"])
def test_what_no_file_of_a_repository_declares_is_a_notification(file: str) -> None:
    orphan = finding(title="Left over", declared_at=None, path="a")
    outside = finding(title="Outside", declared_at=declared_at(file), path="b")

    (run,) = runs_of(result(findings=[orphan, outside]))

    assert run["results"] == []
    assert [name for name, _ in notes_of(run)] == ["undeclared", "undeclared"]
    assert "Left over" in notes_of(run)[0][1] + notes_of(run)[1][1]


def test_a_gap_is_told_and_the_execution_was_not_successful() -> None:
    (run,) = runs_of(result(gaps=[gap(reason="403", remedy="Ask")]))

    assert run["invocations"][0]["executionSuccessful"] is False
    assert [name for name, _ in notes_of(run)] == ["gap"]
    assert "403. Remedy: Ask" in notes_of(run)[0][1]
    assert runs_of(healthy_fleet())[0]["invocations"][0]["executionSuccessful"] is True


def test_an_incomplete_result_that_names_no_gap_is_not_successful_either() -> None:
    (run,) = runs_of(result(complete=False))

    assert run["invocations"][0]["executionSuccessful"] is False
    assert [name for name, _ in notes_of(run)] == ["gap"]


def test_kind_and_level_follow_the_fold_and_the_severity() -> None:
    place = declared_at()
    findings = [
        finding(path="1", severity=Severity.CRITICAL, declared_at=place),
        finding(path="2", severity=Severity.HIGH, declared_at=place, suppressed=suppression()),
        finding(path="3", severity=Severity.MEDIUM, declared_at=place),
        finding(path="4", severity=Severity.LOW, declared_at=place, confidence=Confidence.POTENTIAL),
        finding(path="5", severity=Severity.INFO, declared_at=place, verdict=Verdict.UNDETERMINED),
    ]

    (run,) = runs_of(result(findings=findings))

    told = [(one["kind"], one["level"]) for one in run["results"]]
    assert told == [("fail", "error"), ("fail", "error"), ("fail", "warning"), ("review", "none"), ("open", "none")]
    assert run["results"][1]["suppressions"][0]["justification"] == "bastion hosts need it"
    assert all(one["ruleId"] == run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] for one in run["results"])


def test_the_fingerprint_is_the_id_and_survives_a_moved_line() -> None:
    here, moved = (finding(declared_at=declared_at(line=line)) for line in (4, 40))

    prints = [runs_of(result(findings=[one]))[0]["results"][0]["partialFingerprints"] for one in (here, moved)]

    assert prints[0] == prints[1] == {"driftAuditFinding/v1": here.id, "primaryLocationLineHash": f"{here.id}:1"}


def test_nobody_writes_a_link_or_a_placeholder_into_a_message() -> None:
    one = finding(
        title="[x](https://evil.example) {0}", declared_at=declared_at(), values=shown_values("a", "b", "\\[")
    )

    text = runs_of(result(findings=[one]))[0]["results"][0]["message"]["text"]

    assert text.startswith(r"\[x\](https://evil.example) {{0}}")
    assert not re.search(r"(?<!\\)(\\\\)*\[", text)


def test_the_limits_of_github_are_kept_and_what_is_left_out_is_counted() -> None:
    many = [
        finding(
            id=f"{number:016x}",
            severity=Severity.CRITICAL if number == MOST_RESULTS else Severity.LOW,
            declared_at=declared_at(),
        )
        for number in range(MOST_RESULTS + 1)
    ]

    (run,) = runs_of(result(findings=many))

    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][0]["level"] == "error"
    assert ("limit", "1 more finding: see the JSON report") in notes_of(run)


def test_no_more_repositories_than_github_takes() -> None:
    findings = [
        finding(path=str(number), declared_at=declared_at(repo=f"https://github.com/platform/r{number}"))
        for number in range(MOST_RUNS + 2)
    ]

    runs = runs_of(result(findings=findings))

    assert len(runs) == MOST_RUNS
    assert [name for name, _ in notes_of(runs[0])] == ["undeclared", "undeclared"]


def test_it_is_what_the_interface_asks_for() -> None:
    assert isinstance(SarifReport(), ReportFormat)
