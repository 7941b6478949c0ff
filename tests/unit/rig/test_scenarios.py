"""What is told of a scenario is held to its golden file, without what is random in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drift_audit.model.findings import FindingKind, Severity, Verdict
from tests import builders
from tests.scenarios import LIVE, Told, scenario_of, stuck_in

STUCK = builders.finding(
    kind=FindingKind.STUCK,
    verdict=Verdict.STUCK,
    rule="stuck.JOIN-NO-NODE",
    object=builders.object_ref("Machine", "one-md-0-x7k2p-9w5zz"),
    evidence=(
        "condition NodeHealthy is Unknown since 2026-11-20T12:00:00Z",
        "dial 127.0.0.1:20017 of fleet/one-md-0-x7k2p-9w5zz",
        "instance i-0a1b2c3d4e5f60718",
        "a fourth line",
    ),
)


def take_down(told: Told, evidence: tuple[str, ...] = STUCK.evidence, seconds: float = 1.0) -> None:
    told(replace(STUCK, evidence=evidence), scenario="A node never joins", proved_on=LIVE, seconds=seconds)


def test_what_is_random_in_a_run_is_not_taken_down() -> None:
    found = scenario_of(STUCK, scenario="A node never joins", proved_on=LIVE, seconds=1.234)

    assert found.file == "a-node-never-joins.json"
    assert (found.signature, found.object, found.seconds) == ("JOIN-NO-NODE", "Machine/one-md-0-…", 1.2)
    assert found.evidence == (
        "condition NodeHealthy is Unknown since …",
        "dial 127.0.0.1:… of …/one-md-0-…",
        "instance i-…",
    )


def test_words_and_declared_names_are_kept() -> None:
    text = "cluster.x-k8s.io/paused on prod-1-control-plane, v1.34.2, backoff of etcd-member after 10m0s, 123456789012"

    assert scenario_of(replace(STUCK, evidence=(text,)), scenario="x", proved_on=LIVE, seconds=0).evidence == (text,)


def test_a_scenario_may_take_another_time_and_say_nothing_else(tmp_path: Path) -> None:
    take_down(Told(True, tmp_path))

    take_down(Told(False, tmp_path), seconds=7)
    with pytest.raises(AssertionError):
        take_down(Told(False, tmp_path), evidence=("another fact",))


def test_a_scenario_without_a_golden_file_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="--update-golden"):
        take_down(Told(False, tmp_path))


def test_an_update_leaves_the_file_of_what_has_not_changed(tmp_path: Path) -> None:
    take_down(Told(True, tmp_path), seconds=1)

    take_down(Told(True, tmp_path), seconds=9)

    assert '"seconds": 1' in (tmp_path / "a-node-never-joins.json").read_text()


def test_what_is_stuck_comes_in_the_order_of_the_causes() -> None:
    edit = builders.finding(id="edit", severity=Severity.LOW)
    because = replace(STUCK, id="because", severity=Severity.HIGH)
    alone = replace(STUCK, id="alone", severity=Severity.MEDIUM)
    joined, second = (edit, because), (alone,)

    found = stuck_in(builders.result([(builders.cause(joined), joined), (builders.cause(second), second)]))

    assert [finding.id for finding in found] == ["because", "alone"]
