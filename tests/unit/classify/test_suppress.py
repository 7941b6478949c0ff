"""Accepted findings stay visible, for as long as somebody accepts them."""

from __future__ import annotations

from datetime import date

import pytest

from drift_audit.classify.suppress import matches, suppress
from drift_audit.config.settings import SuppressionMatch, SuppressionRule
from tests.builders import finding, suppression

TODAY = date(2026, 11, 20)


def rule(expires: date = TODAY, name: str = "known", **match: str) -> SuppressionRule:
    wanted = SuppressionMatch(**(match or {"kind": "AWSMachine"}))
    return SuppressionRule(name=name, owner="platform", reason="because", expires=expires, match=wanted)


def test_a_valid_rule_marks_the_finding_and_leaves_it_in() -> None:
    (marked,), (use,) = suppress([finding()], [rule()], TODAY)

    assert marked.suppressed == suppression("known", owner="platform", reason="because", expires="2026-11-20")
    assert marked.id == finding().id
    assert (use.rule, use.matched, use.expires_in_days) == ("known", 1, 0)


def test_an_expired_rule_hides_nothing_and_is_counted() -> None:
    (marked,), (use,) = suppress([finding()], [rule(date(2026, 11, 19))], TODAY)

    assert marked.suppressed is None
    assert (use.matched, use.expires_in_days) == (0, -1)
    assert (use.owner, use.reason, use.expires) == ("platform", "because", "2026-11-19")
    assert use.counted_again == 1


def test_the_first_rule_that_fits_counts() -> None:
    (marked,), uses = suppress([finding()], [rule(), rule(name="second")], TODAY)

    assert marked.suppressed is not None and marked.suppressed.rule == "known"
    assert [use.matched for use in uses] == [1, 0]


@pytest.mark.parametrize(
    "match",
    [
        {"id": finding().id},
        {"rule": "aws.*"},
        {"verdict": "edited_in_cloud"},
        {"management_cluster": "prod"},
        {"cluster": "fleet/eu-*"},
        {"namespace": "fleet", "name": "eu-1-md-0-*"},
        {"resource": "aws/*/instance/i-*"},
        {"path": "spec.instance*"},
    ],
)
def test_patterns_are_those_of_a_shell(match: dict[str, str]) -> None:
    assert matches(SuppressionMatch(**match), finding())


@pytest.mark.parametrize(
    "match", [{"kind": "awsmachine"}, {"kind": "AWSMachine", "path": "spec.other"}, {"rule": "aws"}]
)
def test_every_pattern_has_to_fit_and_case_matters(match: dict[str, str]) -> None:
    assert not matches(SuppressionMatch(**match), finding())


def test_a_finding_without_object_fits_no_pattern_for_objects() -> None:
    assert not matches(rule(kind="?*").match, finding(object=None))
