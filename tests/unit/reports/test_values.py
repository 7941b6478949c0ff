"""Three values as text: what differs looks different, what is equal is not dressed up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.model.findings import FindingKind, Verdict
from drift_audit.model.keys import canonical_json
from drift_audit.model.views import View
from drift_audit_reports.eliding import elide, width
from drift_audit_reports.escaping import visible
from drift_audit_reports.values import equality_remark, value_rows
from tests.builders import ABSENT, finding, present, shown_values, unknown
from tests.unit.reports.strategies import json_values


def texts(git: Any, capi: Any, cloud: Any, room: int = 60) -> list[str]:
    return [row.text for row in value_rows(finding(values=shown_values(git, capi, cloud)), room)]


def marked(verdict: Verdict, git: Any, capi: Any, cloud: Any) -> set[View]:
    rows = value_rows(finding(verdict=verdict, values=shown_values(git, capi, cloud)), 60)
    return {row.view for row in rows if row.marked}


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("m5.large", "m5.xlarge", ["m5.large", "m5.xlarge"]),
        ("1", 1, ['"1"', "1"]),
        ("true", True, ['"true"', "true"]),
        ("a", "a ", ['"a"', '"a "']),
        ("a", "a\u200b", ["a", r'"a\u200b"']),
        ("a", "\u0430", [r'"a"', r'"\u0430"']),
        ("é", "e\u0301", [r'"\u00e9"', r'"e\u0301"']),
        ("a b", "a  b", ['"a b"', r'"a\u0020\u0020b"']),
        ("(absent)", "x", ['"(absent)"', "x"]),
        ("", "x", ['""', "x"]),
        ("東京", "大阪", ["東京", "大阪"]),
        ([1, 2], ["1", "2"], ["[1,2]", '["1","2"]']),
        ({"b": 1, "a": 2}, {"a": 2}, ['{"a":2,"b":1}', '{"a":2}']),
    ],
)
def test_values_that_differ_look_different(one: Any, other: Any, shown: list[str]) -> None:
    assert texts(one, other, present(other))[:2] == shown


@given(json_values, json_values, st.integers(min_value=20, max_value=80))
def test_no_two_different_values_share_a_text(one: Any, other: Any, room: int) -> None:
    first, second, third = texts(present(one), present(other), present(one), room)

    assert (first == second) == (canonical_json(one) == canonical_json(other))
    assert first == third


@given(st.lists(st.text(max_size=300), min_size=3, max_size=3), st.integers(min_value=24, max_value=100))
def test_a_value_keeps_to_its_room_and_hides_nothing(values: list[str], room: int) -> None:
    git, capi, cloud = map(present, values)

    for text in texts(git, capi, cloud, room):
        assert width(text) <= room
        assert visible(text) == text


def test_long_values_show_the_place_where_they_differ() -> None:
    common = "x" * 300

    first, second, _ = texts(f"{common}OLD{common}", f"{common}NEW{common}", ABSENT)

    assert "OLD" in first and "NEW" in second


def test_three_long_values_differ_even_where_no_window_shows_it() -> None:
    long = "x" * 300

    shown = texts(f"A{long}y{long}", f"A{long}z{long}", f"B{long}y{long}")

    assert len(set(shown)) == 3


def test_absence_and_ignorance_are_said_in_words() -> None:
    assert texts(None, unknown("403 Forbidden"), unknown("")) == [
        "(absent)",
        "unknown: 403 Forbidden",
        "unknown: no reason given",
    ]


def test_a_long_reason_is_not_cut_to_the_room_of_a_value() -> None:
    reason = "403 Forbidden: the role drift-audit may not call ec2:DescribeSecurityGroups in eu-west-1"

    assert texts(None, unknown(reason), None, room=20)[1] == f"unknown: {reason}"


def test_a_finding_about_no_value_has_no_rows() -> None:
    assert texts(None, None, None) == []


@pytest.mark.parametrize(
    ("verdict", "values", "at_fault"),
    [
        (Verdict.EDITED_IN_CLOUD, ("a", "a", "b"), {View.CLOUD}),
        (Verdict.EDITED_IN_CLUSTER, ("a", "b", "b"), {View.CAPI}),
        (Verdict.NOT_APPLIED, ("b", "a", "a"), {View.CAPI}),
        (Verdict.ADOPTED, ("a", "b", "b"), {View.CAPI, View.CLOUD}),
        (Verdict.CONFLICT, ("a", "b", "c"), {View.GIT, View.CAPI, View.CLOUD}),
        (Verdict.UNDETERMINED, ("a", "b", "c"), set()),
        (Verdict.EDITED_IN_CLOUD, ("a", "a", "a"), set()),
        (Verdict.EDITED_IN_CLOUD, ("a", "a", unknown("403")), set()),
    ],
)
def test_only_a_value_that_differs_is_marked(
    verdict: Verdict, values: tuple[Any, Any, Any], at_fault: set[View]
) -> None:
    assert marked(verdict, *values) == at_fault


def test_equal_values_of_a_drift_are_admitted() -> None:
    same = finding(verdict=Verdict.EDITED_IN_CLUSTER, values=shown_values("***", "***", None))

    assert "git and cluster are equal as they reached this report" in equality_remark(same)


@pytest.mark.parametrize(
    "honest",
    [
        finding(),
        finding(values=shown_values("a", unknown("403"), "a")),
        finding(kind=FindingKind.STUCK, verdict=Verdict.NOT_RECONCILED, values=shown_values(None, None, None)),
        finding(verdict=Verdict.MISSING, kind=FindingKind.MISSING, values=shown_values(None, None, None)),
    ],
)
def test_other_findings_carry_no_such_remark(honest: Any) -> None:
    assert equality_remark(honest) == ""


def test_the_middle_of_a_name_goes_before_its_ends() -> None:
    assert elide("prod-eu-west-1-workers-abcdef", 15) == "prod-eu…-abcdef"


@given(st.text(), st.integers(min_value=5, max_value=40))
def test_an_elided_text_is_never_wider_than_its_room(text: str, room: int) -> None:
    assert width(elide(text, room)) <= room
