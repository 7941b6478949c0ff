"""Every fault at every target: the audit ends, says what it did not see and why, and accuses nobody of anything.

The cells of one target run side by side, because many of them wait for a timeout.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import SimpleQueue

import pytest

from tests.faults.bench import FAIL_ON, LIVE, RECORDED, WITHIN_SECONDS, Lane, Stage, Told
from tests.faults.matrix import AWS_ACTIONS, TARGETS, Cell, cells
from tests.faults.spoils import FAULTS

CELLS = {cell.name: cell for cell in cells()}
CLUSTERS = ("one", "two", "three")
HARMLESS = ("undetermined", "reconciling")
NEVER_GUESSED = ("missing", "orphan", "in_sync", "unmanaged")
"""Not even a potential finding may say so of what was not read; other differences may stay potential."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs cells ahead of the tests that ask for them."""

    lanes: Sequence[Lane]
    selected: frozenset[str]
    pool: ThreadPoolExecutor
    free: SimpleQueue[Lane] = field(default_factory=SimpleQueue)
    begun: dict[str, Future[Told]] = field(default_factory=dict)

    def of(self, cell: Cell) -> Told:
        for name, other in CELLS.items():
            if other.target is cell.target and name in self.selected | {cell.name} and name not in self.begun:
                self.begun[name] = self.pool.submit(self._run, other)
        return self.begun[cell.name].result()

    def _run(self, cell: Cell) -> Told:
        lane = self.free.get()
        try:
            return run(lane, cell)
        finally:
            self.free.put(lane)


def run(lane: Lane, cell: Cell, *arguments: str) -> Told:
    lane.reset()
    fault = cell.target.proxy(lane).spoil(cell.target.spoil(cell.fault), when=cell.target.hits)
    started = time.monotonic()
    told = lane.check(*arguments, over_https=cell.target.over_https)
    assert fault.spoiled, f"{cell.name}: nothing was asked of {cell.target.name}"
    return replace(told, seconds=time.monotonic() - started)


@pytest.fixture(scope="module")
def runs(lanes: Sequence[Lane], request: pytest.FixtureRequest) -> Iterator[Runs]:
    selected = frozenset(
        item.callspec.params["cell"].name
        for item in request.session.items
        if hasattr(item, "callspec") and isinstance(item.callspec.params.get("cell"), Cell)
    )
    with ThreadPoolExecutor(len(lanes)) as pool:
        prepared = Runs(lanes, selected, pool)
        for lane in lanes:
            prepared.free.put(lane)
        yield prepared
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def faultless(stage: Stage, lanes: Sequence[Lane]) -> dict[bool, Told]:
    """The run without faults, by whether Git is fetched over HTTPS."""
    lane = lanes[0]
    lane.reset()
    return {over_https: lane.check(over_https=over_https) for over_https in (False, True)}


def test_the_fleet_is_read_wholly_and_shows_only_what_was_planted(faultless: dict[bool, Told]) -> None:
    for told in faultless.values():
        assert told.code == 0, told.gaps
        assert told.gaps == []
        assert told.ended.err == ""
        assert {entry["name"]: entry["complete"] for entry in told.document["clusters"]} == dict.fromkeys(
            CLUSTERS, True
        )
        planted = [{found["verdict"] for found in told.findings(LIVE, name).values()} for name in ("one", "two")]
        # A Machine of `two` is unwell; the kubeconfig that is then read is the rig's, and soon runs out.
        edited = {"edited_in_cloud", "edited_in_cluster"}
        assert planted == [edited, edited | {"stuck", "hazard"}]
        assert len(told.findings(RECORDED, "three")) == 1


ABOUT_LIMITS = {"ec2:DescribeInstanceStatus"}
"""Asked about the unwell Machine alone; refused, it is an answer that nobody knows (test_aws_constraints)."""


def test_every_call_to_aws_is_a_target(lanes: Sequence[Lane], faultless: dict[bool, Told]) -> None:
    """A collector that is not in the matrix, or that this fleet does not make work, would go untested."""
    lane = lanes[0]
    lane.reset()
    lane.check()

    asked = {each.aws_action for each in lane.cloud.asked}

    assert asked - {"sts:AssumeRole", "sts:GetCallerIdentity"} - ABOUT_LIMITS == set(AWS_ACTIONS)


def test_every_combination_is_a_cell_or_has_a_reason() -> None:
    named = [(target.name, fault) for target in TARGETS for fault in FAULTS]

    covered = {(cell.target.name, cell.fault) for cell in CELLS.values()}
    excused = {(target.name, fault) for target in TARGETS for fault, reason in target.senseless.items() if reason}

    assert covered | excused == set(named)
    assert not covered & excused


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
def test_a_fault_costs_its_scope_and_nothing_else(cell: Cell, runs: Runs, faultless: dict[bool, Told]) -> None:
    told, whole = runs.of(cell), faultless[cell.target.over_https]

    says_what_is_missing(cell, told)
    accuses_nobody_anew(cell, told, whole)
    calls_nothing_in_sync_that_was_not_seen(cell, told)
    leaves_the_rest_alone(cell, told, whole)


def says_what_is_missing(cell: Cell, told: Told) -> None:
    assert told.seconds < WITHIN_SECONDS
    assert told.ended.err == ""
    if cell.target.only_proves:
        assert (told.code, told.document["complete"]) == (0, True)
    else:
        assert told.code == 3
        assert (told.document["status"], told.document["complete"]) == ("incomplete", False)
        assert told.document["coverage"]["percent"] < 100
    assert [gap for gap in told.gaps if gap["scope"].startswith(cell.target.gap)], told.gaps
    for gap in told.gaps:
        assert gap["reason"] and gap["remedy"]
        assert "unexpected" not in gap["reason"] and "inside drift-audit" not in gap["reason"], gap


def accuses_nobody_anew(cell: Cell, told: Told, whole: Told) -> None:
    known = {found["id"] for found in whole.document["findings"]}
    new = [found for found in told.document["findings"] if found["id"] not in known]
    accused = [found for found in new if found["confidence"] == "confirmed" or found["verdict"] in NEVER_GUESSED]
    assert [(found["verdict"], found["rule"]) for found in accused if found["verdict"] not in HARMLESS] == []


def calls_nothing_in_sync_that_was_not_seen(cell: Cell, told: Told) -> None:
    for name in cell.target.suffering:
        entry = told.entry(name)
        assert entry is None or not entry["complete"], entry
        assert entry is None or entry["status"] != "ok"


def leaves_the_rest_alone(cell: Cell, told: Told, whole: Told) -> None:
    assert told.findings(RECORDED) == whole.findings(RECORDED)
    for name in set(CLUSTERS) - cell.target.suffering - cell.target.perhaps:
        cluster = RECORDED if name == "three" else LIVE
        assert told.findings(cluster, name) == whole.findings(cluster, name)
        assert told.entry(name) == whole.entry(name)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name.replace(" ", "_"))
def test_drift_elsewhere_wins_over_what_is_missing(
    target: object, stage: Stage, lanes: Sequence[Lane], faultless: dict[bool, Told]
) -> None:
    cell = next(cell for cell in CELLS.values() if cell.target is target)

    told = run(lanes[0], cell, "--fail-on", "low")

    assert told.code == 1
    assert (told.document["status"], told.document["complete"]) == ("drift", cell.target.only_proves)


assert FAIL_ON == "critical"
