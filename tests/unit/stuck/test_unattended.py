"""Objects that nobody looks at, because somebody said that another one does."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Certainty
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    AWS,
    cluster,
    condition,
    fleet_with,
    infra_cluster,
    judged,
    machine,
    made,
    rules,
    with_status,
)

PROVIDER = {"cluster.x-k8s.io/provider": "infrastructure-aws"}
LABELS = {("infrastructure.cluster.x-k8s.io", "AWSMachine"): PROVIDER}
FILTER = "cluster.x-k8s.io/watch-filter"


def _unseen(labels: dict[str, str], age: float = 30) -> CapiObject:
    live = made(AWS, "AWSMachine", "one-md-0-abc-1", owner=machine(), labels=labels, age=age)
    return CapiObject(
        api_version=live.api_version,
        kind=live.kind,
        namespace=live.namespace,
        name=live.name,
        raw={**live.raw, "status": {}},
    )


def _manager(*arguments: str) -> CapiObject:
    return made(
        "apps/v1",
        "Deployment",
        "capa-controller-manager",
        namespace="capa-system",
        labels=PROVIDER,
        spec={"template": {"spec": {"containers": [{"name": "manager", "args": [*arguments]}]}}},
        status={"availableReplicas": 1},
    )


@pytest.mark.parametrize(
    ("labels", "age", "managers", "found"),
    [
        pytest.param({FILTER: "blue"}, 30, [], ["WATCH-FILTER"], id="labelled"),
        pytest.param({FILTER: "blue"}, 3, [], [], id="labelled-and-young"),
        pytest.param({FILTER: "blue"}, 30, [_manager("--watch-filter=green")], ["WATCH-FILTER"], id="for-another"),
        pytest.param({FILTER: "blue"}, 30, [_manager("--watch-filter=blue")], ["UNEXPLAINED"], id="for-this-one"),
        pytest.param({FILTER: "blue"}, 30, [_manager("--v=2")], ["UNEXPLAINED"], id="for-one-without-a-filter"),
        pytest.param({}, 30, [_manager("--watch-filter=green")], ["WATCH-FILTER"], id="not-labelled"),
        pytest.param({}, 30, [], ["UNEXPLAINED"], id="not-labelled-and-nothing-known"),
    ],
)
def test_an_object_that_no_controller_may_see_is_told_by_its_label(
    labels: dict[str, str], age: float, managers: list[CapiObject], found: list[str]
) -> None:
    said = judged(*fleet_with(_unseen(labels, age)), beside=managers, crd_labels=LABELS)

    assert rules(said) == found


def test_a_filter_that_was_read_makes_it_certain() -> None:
    beside = [_manager("--watch-filter=green")]

    found = judged(*fleet_with(_unseen({FILTER: "blue"})), beside=beside, crd_labels=LABELS)[0]

    assert found.certainty is Certainty.HIGH
    assert found.evidence[1] == "capa-system/capa-controller-manager has --watch-filter=green"


def _external(ready: bool, age: float = 40, manager: str = "terraform", **more: Any) -> CapiObject:
    live = infra_cluster(annotations={"cluster.x-k8s.io/managed-by": manager}, age=age, **more)
    return with_status(live, ready=ready)


@pytest.mark.parametrize(
    ("infrastructure", "found"),
    [
        pytest.param(_external(False), ["INFRA-MANAGED-BY"], id="not-ready"),
        pytest.param(_external(False, manager=""), ["INFRA-MANAGED-BY"], id="by-nobody-named"),
        pytest.param(_external(False, age=10), [], id="not-ready-and-young"),
        pytest.param(_external(True), [], id="ready"),
        pytest.param(with_status(infra_cluster(age=40), ready=False), ["UNEXPLAINED"], id="managed-here"),
    ],
)
def test_infrastructure_that_is_managed_elsewhere_is_that_ones_matter(
    infrastructure: CapiObject, found: list[str]
) -> None:
    waiting = cluster(condition("InfrastructureReady", False, "NotReady", since=5), phase="Provisioning", age=40)
    objects = fleet_with(infrastructure, *([waiting] if found else []))

    assert rules(judged(*objects)) == found
