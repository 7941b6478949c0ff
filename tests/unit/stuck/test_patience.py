"""How long a Machine may take to start: the class of its infrastructure, and the MachineHealthCheck that selects it."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.objects import CapiObject
from drift_audit.stuck.patience import duration, selects
from tests.unit.stuck.stage import CORE, condition, fleet_with, judged, machine, made

POOL = {"pool": "workers"}


def _slow(minutes: float, *, kind: str = "AWSMachine", **labels: str) -> CapiObject:
    """A Machine whose instance stands, and whose Node has not joined for so long."""
    name = "one-md-0-abc-1"
    reference = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": kind, "name": name}
    return machine(
        condition("Ready", False, "NotReady", since=minutes),
        name=name,
        phase="Provisioned",
        entered=minutes,
        labels={**POOL, **labels},
        spec={"infrastructureRef": reference},
    )


def _check(selector: dict[str, Any], cluster: str = "one", namespace: str = "fleet", **spec: Any) -> CapiObject:
    return made(
        CORE,
        "MachineHealthCheck",
        "workers",
        spec={"clusterName": cluster, "selector": selector, **spec},
        namespace=namespace,
        conditions=[condition("RemediationAllowed")],
    )


def _late(*objects: CapiObject) -> bool:
    return bool(judged(*fleet_with(*objects)))


@pytest.mark.parametrize(
    ("kind", "early", "late"),
    [
        pytest.param("AWSMachine", 9, 12, id="virtual machine"),
        pytest.param("DockerMachine", 2, 6, id="container"),
        pytest.param("Metal3Machine", 25, 45, id="bare metal"),
    ],
)
def test_a_class_of_machines_has_its_own_time(kind: str, early: float, late: float) -> None:
    assert not _late(_slow(early, kind=kind))
    assert _late(_slow(late, kind=kind))


def test_a_machine_with_gpus_has_more_time() -> None:
    assert _late(_slow(12))
    assert not _late(_slow(12, **{"nvidia.com/gpu.present": "true"}))


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"checks": {"nodeStartupTimeoutSeconds": 3600}}, id="v1beta2"),
        pytest.param({"nodeStartupTimeout": "1h0m0s"}, id="v1beta1"),
    ],
)
def test_the_limit_of_the_health_check_that_selects_it_counts_for_a_machine(limit: dict[str, Any]) -> None:
    check = _check({"matchLabels": POOL}, **limit)

    assert not _late(_slow(40), check)
    assert _late(_slow(50), check), "four fifths of an hour"


def test_a_health_check_without_a_limit_has_the_default_of_cluster_api() -> None:
    assert not _late(_slow(7), _check({"matchLabels": POOL}))
    assert _late(_slow(9), _check({"matchLabels": POOL})), "four fifths of ten minutes"


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(_check({"matchLabels": {"pool": "other"}}, nodeStartupTimeout="1h"), id="another pool"),
        pytest.param(_check({"matchLabels": POOL}, cluster="two", nodeStartupTimeout="1h"), id="another cluster"),
        pytest.param(_check({"matchLabels": POOL}, namespace="x", nodeStartupTimeout="1h"), id="another namespace"),
        pytest.param(_check({}, nodeStartupTimeout="1h"), id="nothing"),
        pytest.param(_check({"matchLabels": POOL}, checks={"nodeStartupTimeoutSeconds": 0}), id="switched off"),
        pytest.param(_check({"matchLabels": POOL}, nodeStartupTimeout="soon"), id="no duration"),
    ],
)
def test_a_health_check_that_does_not_look_after_it_changes_nothing(check: CapiObject) -> None:
    assert _late(_slow(12), check)
    assert not _late(_slow(9), check)


@pytest.mark.parametrize(
    ("operator", "values", "matches"),
    [
        ("In", ["workers", "gpu"], True),
        ("In", ["gpu"], False),
        ("NotIn", ["gpu"], True),
        ("NotIn", ["workers"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Near", [], False),
    ],
)
def test_selectors_are_those_of_kubernetes(operator: str, values: list[str], matches: bool) -> None:
    expression = {"key": "pool", "operator": operator, "values": values}

    assert selects({"matchExpressions": [expression]}, _slow(1)) is matches


@pytest.mark.parametrize(
    ("told", "minutes"), [("90s", 1.5), ("1h30m", 90.0), ("0.5h", 30.0), ("", None), ("0s", None), ("5", None)]
)
def test_durations_are_those_of_go(told: str, minutes: float | None) -> None:
    found = duration(told)

    assert (found.total_seconds() / 60 if found else None) == minutes
