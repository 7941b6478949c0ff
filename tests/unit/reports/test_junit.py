"""The JUnit report: as CI systems read it, and never green for what was not judged."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import Severity
from drift_audit.model.result import AuditResult, ClusterStatus
from drift_audit_reports.junit_report import JunitReport
from tests.builders import cluster_entry, cluster_key, finding, gap, result
from tests.unit.reports.conftest import Golden
from tests.unit.reports.fleets import half_read_fleet, healthy_fleet, stuck_fleet, troubled_fleet
from tests.unit.reports.hostile import hostile_finding, hostile_result

# What Jenkins' xunit-plugin (junit-10.xsd) and windyroad's JUnit.xsd ask of each element: attributes, children.
COUNTS = {"tests", "failures", "errors"}
SCHEMA: dict[str, tuple[set[str], list[str]]] = {
    "testsuites": ({"name", *COUNTS, "time"}, ["testsuite"]),
    "testsuite": ({"name", *COUNTS, "skipped", "time", "timestamp", "hostname"}, ["properties", "testcase"]),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "classname", "time"}, ["failure", "error", "skipped"]),
    "failure": ({"message", "type"}, []),
    "error": ({"message", "type"}, []),
    "skipped": ({"message", "type"}, []),
}
OPTIONAL = {"type"}


def render(audit: AuditResult) -> str:
    return JunitReport().render(audit, RenderOptions())


def parsed(audit: AuditResult) -> Element:
    root = fromstring(render(audit))
    check(root)
    return root


def check(element: Element) -> None:
    attributes, children = SCHEMA[element.tag]
    assert attributes - OPTIONAL <= set(element.attrib) <= attributes
    order = [children.index(child.tag) for child in element]
    assert order == sorted(order)
    assert element.tag != "testcase" or len(order) <= 1
    if element.tag == "testsuite":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.attrib["timestamp"])
        for attribute, tag in (("tests", "."), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.attrib[attribute]) == len(element.findall(f"testcase/{tag}"))
    if element.tag == "testsuites":
        for attribute in COUNTS:
            assert int(element.attrib[attribute]) == sum(int(suite.attrib[attribute]) for suite in element)
    for child in element:
        check(child)


def outcomes(audit: AuditResult) -> dict[str, list[str]]:
    """By suite, the outcome of each test case in order."""
    return {
        suite.attrib["name"]: [case[0].tag if len(case) else "passed" for case in suite.iter("testcase")]
        for suite in parsed(audit)
    }


@pytest.mark.parametrize(
    ("name", "audit"),
    [
        ("troubled.junit.xml", troubled_fleet()),
        ("half-read.junit.xml", half_read_fleet()),
        ("healthy.junit.xml", healthy_fleet()),
        ("hostile.junit.xml", hostile_finding()),
        ("stuck.junit.xml", stuck_fleet()),
    ],
)
def test_the_file_reads_as_reviewed(name: str, audit: AuditResult, golden: Golden) -> None:
    parsed(audit)
    golden(name, render(audit))


def test_a_healthy_fleet_passes_with_a_case_for_each_cluster() -> None:
    told = outcomes(healthy_fleet())

    assert len(told) == 1 + 6
    assert all(cases == ["passed"] for cases in told.values())


def test_each_finding_is_a_case_of_its_cluster_with_the_outcome_of_its_fold() -> None:
    told = outcomes(troubled_fleet())

    assert told["coverage"] == ["passed"]
    assert told["prod/fleet/eu-2"] == ["failure"] * 3
    assert told["prod/fleet/eu-3"] == ["failure", "failure", "skipped"]
    assert told["prod/fleet/eu-4"] == ["failure", "failure", "error", "skipped"]
    assert told["stage/fleet/lab-1"] == ["passed"]


def test_nothing_of_an_unread_cluster_passes() -> None:
    audit = result(
        gaps=[gap()], clusters=[cluster_entry(complete=False), cluster_entry("eu-2", status=ClusterStatus.INCOMPLETE)]
    )

    told = outcomes(audit)

    assert told == {"coverage": ["error"], "prod/fleet/eu-1": ["error"], "prod/fleet/eu-2": ["error"]}
    assert outcomes(result(complete=False, clusters=[]))["coverage"] == ["error"]


def with_threshold(audit: AuditResult, fail_on: Severity) -> AuditResult:
    return replace(audit, run=replace(audit.run, fail_on=fail_on))


def test_findings_below_the_threshold_are_skipped_with_their_cluster() -> None:
    audit = with_threshold(result(findings=[finding(severity=Severity.HIGH)]), Severity.CRITICAL)

    assert outcomes(audit)["prod/fleet/eu-1"] == ["skipped", "skipped"]


def test_findings_from_the_threshold_on_fail() -> None:
    info = finding(severity=Severity.INFO, path="a")

    assert outcomes(with_threshold(result(findings=[info]), Severity.INFO))["prod/fleet/eu-1"] == ["failure", "failure"]
    assert outcomes(result(findings=[info, finding()]))["prod/fleet/eu-1"] == ["failure", "skipped", "failure"]


def test_a_finding_of_no_cluster_stands_under_its_management_cluster() -> None:
    assert outcomes(result(findings=[finding(cluster=None)], clusters=[]))["prod"] == ["failure"]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30))
def test_any_text_anywhere_is_well_formed(attack: str) -> None:
    parsed(hostile_result(attack))


@pytest.mark.parametrize("attack", ["\x00", "\x1b[31m", "\ufffe", "\uffff", "\ud800", "]]>", "<!--", "&#0;"])
def test_what_xml_cannot_hold_is_spelled_out(attack: str) -> None:
    one = finding(title=f"a{attack}b", cluster=cluster_key(f"c{attack}d"))

    text = render(result(findings=[one]))

    fromstring(text.encode())
    assert not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]", text)


def test_it_is_what_the_interface_asks_for() -> None:
    assert isinstance(JunitReport(), ReportFormat)
