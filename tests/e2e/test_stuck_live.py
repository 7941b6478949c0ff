"""Cluster API's own controllers keep a fleet: the audit is silent while it is well, and names what broke it.

Each fault prints what the controllers wrote (`pytest -rP`): other tests are built on these shapes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from drift_audit.model.result import AuditResult
from tests.rig.capi import levers
from tests.rig.capi.audited import Look, looker_at
from tests.rig.capi.declared import LiveCluster
from tests.rig.capi.faults import FAULTS, FOLLOWER, NAME, Fault, name_of
from tests.rig.capi.fleet import LiveFleet
from tests.rig.capi.live import LiveRig, fresh_live_fleet
from tests.rig.capi.shapes import changed, shapes, text
from tests.scenarios import LIVE, Told, stuck_in

pytestmark = pytest.mark.rig
_LOOK_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Audited:
    """A fleet, and the way to audit it."""

    fleet: LiveFleet
    look: Callable[..., Look]


@pytest.fixture(scope="module")
def shared_fleet(live_rig: LiveRig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """A plain cluster and one that follows a class, for all faults; each leaves them as it found them."""
    with fresh_live_fleet(live_rig, tmp_path_factory.mktemp("live-fleet")) as fleet:
        fleet.declare_class()
        fleet.add(LiveCluster(name=NAME))
        fleet.add(LiveCluster(name=FOLLOWER, topology="in-memory", workers=1, health_check=None))
        yield Audited(fleet, looker_at(fleet, tmp_path_factory.mktemp("audits")))


@pytest.fixture
def audited(shared_fleet: Audited) -> Audited:
    """The shared fleet with its clusters at rest."""
    for name in (NAME, FOLLOWER):
        shared_fleet.fleet.await_available(name)
    return shared_fleet


def said(result: AuditResult) -> list[str]:
    """Everything that is told, for the text of a failing test."""
    return [
        f"{finding.rule} of {finding.object} {finding.path} since {finding.since}: {finding.title} {finding.evidence}"
        for finding in result.findings
    ]


@contextmanager
def silence(look: Callable[..., Look]) -> Iterator[None]:
    """Audits again and again while the block runs; whatever any of them says fails the test at its end."""
    done = threading.Event()
    told: list[list[str]] = []
    failed: list[BaseException] = []

    def watch() -> None:
        try:
            while not done.is_set():
                told.append(said(look().result))
                done.wait(_LOOK_EVERY_SECONDS)
        except BaseException as error:
            failed.append(error)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    assert not failed, failed
    assert told
    assert [findings for findings in told if findings] == []
    print(f"{len(told)} audits, all silent")


def test_a_healthy_fleet_is_silent_while_it_comes_up_scales_rolls_is_remediated_and_goes(
    live_fleet: LiveFleet, tmp_path: Path
) -> None:
    look = looker_at(live_fleet, tmp_path / "audits")
    with silence(look):
        live_fleet.add(LiveCluster(name=NAME))
        up = live_fleet.await_available(NAME)
        first = live_fleet.machines(NAME)
        nodes = {node["metadata"]["name"]: node for node in live_fleet.workload(NAME).list("v1", "Node")}
        for machine in [*first, *live_fleet.machines(NAME, control_plane=True)]:
            node = nodes[machine["status"]["nodeRef"]["name"]]
            assert machine["status"]["phase"] == "Running"
            assert machine["spec"]["providerID"] == node["spec"]["providerID"]
            assert node["status"]["nodeInfo"]["kubeletVersion"] == machine["spec"]["version"]

        live_fleet.change(NAME, workers=3)
        scaled = live_fleet.await_available(NAME)
        assert names(first) < names(live_fleet.machines(NAME))

        live_fleet.change(NAME, worker_template="b", version="v1.35.0")
        rolled = live_fleet.await_available(NAME)
        machines = live_fleet.machines(NAME)
        assert {machine["spec"]["version"] for machine in machines} == {"v1.35.0"}
        assert not names(first) & names(machines)

        sick = name_of(machines[0])
        with levers.flipped_node(live_fleet, NAME, sick):
            live_fleet.await_that("remediation", lambda: sick not in names(live_fleet.machines(NAME)))
        remediated = live_fleet.await_available(NAME)

        live_fleet.await_that("only one MachineSet", lambda: len(live_fleet.objects("MachineSet", NAME)) == 1)
        assert said(look(timedelta(hours=5)).result) == []

        began = time.monotonic()
        live_fleet.remove(NAME)
    assert live_fleet.remains() == []
    print(
        f"up {up:.0f} s, scaled {scaled:.0f} s, upgraded {rolled:.0f} s, remediated {remediated:.0f} s, "
        f"gone {time.monotonic() - began:.0f} s"
    )


def names(machines: list[dict[str, object]]) -> set[str]:
    return set(map(name_of, machines))


@pytest.mark.parametrize(("scenario", "fault"), FAULTS.items(), ids=FAULTS)
def test_a_fault_shows_in_the_conditions_and_is_named_first(
    audited: Audited, told: Told, scenario: str, fault: Fault
) -> None:
    fleet, look = audited.fleet, audited.look
    wanted = fleet.clusters[NAME]
    before = shapes(fleet)
    controller, words = fault.logged
    log = fleet.controllers[controller].log
    logged_before = log.stat().st_size

    with ExitStack() as stack:
        stack.enter_context(fault.lever(fleet))
        fault.then(fleet)
        target = fault.shown_by(fleet)
        began = time.monotonic()
        found = fleet.await_condition(
            target,
            fault.condition,
            fault.status,
            fault.reason,
            says=fault.says,
            deprecated=fault.deprecated,
            within=fault.within,
        )
        print(f"after {time.monotonic() - began:.0f} s: {found}\n{text(changed(before, shapes(fleet)))}")
        fleet.await_that(f"{controller} logs {words}", lambda: words in log.read_text()[logged_before:])
        blamed = fault.on(fleet) if fault.on else target

        looked = look(fault.after)

    fleet.add(wanted)
    print(f"at rest again after {fleet.await_available(NAME):.0f} s")
    causes = stuck_in(looked.result)
    rules = [finding.rule.removeprefix("stuck.") for finding in causes]
    assert rules[:1] == [fault.signature], said(looked.result)
    assert set(rules[1:]) == fault.beside, said(looked.result)
    named = causes[0].object
    assert named is not None
    assert (named.kind, named.name) == (blamed["kind"], blamed["metadata"]["name"])
    told(causes[0], scenario=scenario, proved_on=LIVE, seconds=looked.seconds)
