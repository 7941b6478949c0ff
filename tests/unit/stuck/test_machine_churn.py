"""Machines that are replaced again and again, told from one look."""

from __future__ import annotations

from dataclasses import replace

from drift_audit.model.findings import FindingKind
from drift_audit.model.health import Event
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    CORE,
    ago,
    condition,
    deployment,
    event,
    fleet_with,
    judged,
    machine,
    machine_set,
    made,
    rules,
)

CHECK = made(
    CORE,
    "MachineHealthCheck",
    "check",
    spec={
        "clusterName": "one",
        "selector": {"matchLabels": {"pool": "md-0"}},
        "checks": {"nodeStartupTimeoutSeconds": 600},
    },
    conditions=(condition("RemediationAllowed"),),
)


def _set(since: float) -> CapiObject:
    return machine_set(condition("MachinesReady", False, "NotReady", "* Machine one-md-0-abc-1", since=since))


def _young(age: float) -> CapiObject:
    return machine(
        condition("Ready", False, "NotReady", since=age),
        phase="Provisioning",
        entered=age,
        age=age,
        labels={"pool": "md-0"},
    )


def _created(times: int, minutes_ago: float = 1) -> Event:
    made_event = event(machine_set(), "SuccessfulCreate", "Created Machine", since=50, last=minutes_ago, count=times)
    return replace(made_event, type="Normal")


def test_machines_that_never_grow_old_while_the_set_is_not_ready_are_replaced() -> None:
    found = judged(*fleet_with(_set(90), _young(4), CHECK))

    assert [(finding.rule, finding.kind) for finding in found] == [("stuck.MACH-CHURN", FindingKind.HEALTH)]
    assert found[0].since == ago(90)
    assert "no Machine without a Node is older than 4 min" in found[0].evidence[0]


def test_machines_as_old_as_the_trouble_were_not_replaced() -> None:
    assert "MACH-CHURN" not in rules(judged(*fleet_with(_set(90), _young(88), CHECK)))


def test_a_set_that_waits_for_its_first_machines_is_in_time() -> None:
    assert judged(*fleet_with(_set(6), _young(6), CHECK)) == []


def test_without_a_health_check_nothing_replaces_machines() -> None:
    assert "MACH-CHURN" not in rules(judged(*fleet_with(_set(90), _young(4))))


def test_more_creations_than_replicas_within_an_hour_prove_it_without_a_health_check() -> None:
    found = judged(*fleet_with(_set(90), _young(4), deployment()), events=[_created(7)])

    assert "MACH-CHURN" in rules(found)


def test_a_rollout_creates_each_replica_once() -> None:
    assert judged(*fleet_with(_set(8), _young(4), CHECK), events=[_created(4)]) == []


def test_creations_of_yesterday_prove_nothing() -> None:
    assert judged(*fleet_with(_set(8), _young(4), CHECK), events=[_created(9, minutes_ago=300)]) == []


def test_machines_that_joined_before_the_set_became_unready_were_replaced_by_somebody_else() -> None:
    """A person or an autoscaler made many of them, and the last one is only young."""
    assert judged(*fleet_with(_set(3), _young(3), CHECK), events=[_created(14, minutes_ago=4)]) == []
