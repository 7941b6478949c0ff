"""The word for what keeps a Pod from being well."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from drift_audit.clock import stamp
from drift_audit.collect.cluster.parsing import PageParser
from drift_audit.collect.workload.pods import trouble_of, well_at_a_glance

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ago(minutes: float) -> str:
    return stamp(NOW - timedelta(minutes=minutes))


def pod(age: float = 60, deleted: float | None = None, **status: Any) -> dict[str, Any]:
    metadata = {"name": "a", "creationTimestamp": ago(age)}
    if deleted is not None:
        metadata["deletionTimestamp"] = ago(deleted)
    return {"metadata": metadata, "status": status}


def waiting(reason: str) -> list[dict[str, Any]]:
    return [{"name": "main", "state": {"waiting": {"reason": reason}}}]


def condition(kind: str, status: str, reason: str = "", since: float = 60) -> list[dict[str, Any]]:
    return [{"type": kind, "status": status, "reason": reason, "lastTransitionTime": ago(since)}]


READY = condition("Ready", "True")


PODS = pytest.mark.parametrize(
    ("found", "trouble"),
    [
        pytest.param(pod(phase="Running", conditions=READY), "", id="well"),
        pytest.param(pod(phase="Succeeded"), "", id="done"),
        pytest.param(pod(phase="Failed", reason="Evicted"), "Evicted", id="evicted"),
        pytest.param(pod(phase="Failed"), "Failed", id="failed"),
        pytest.param(pod(phase="Unknown", reason="NodeLost"), "NodeLost", id="lost"),
        pytest.param(
            pod(phase="Running", containerStatuses=waiting("CrashLoopBackOff")), "CrashLoopBackOff", id="crash"
        ),
        pytest.param(
            pod(age=1, phase="Pending", initContainerStatuses=waiting("ImagePullBackOff")),
            "ImagePullBackOff",
            id="init",
        ),
        pytest.param(pod(age=1, phase="Pending", containerStatuses=waiting("ContainerCreating")), "", id="young"),
        pytest.param(
            pod(phase="Pending", containerStatuses=waiting("ContainerCreating")),
            "ContainerCreating",
            id="creating long",
        ),
        pytest.param(
            pod(phase="Pending", conditions=condition("PodScheduled", "False", "Unschedulable")),
            "Unschedulable",
            id="no",
        ),
        pytest.param(
            pod(age=2, phase="Pending", conditions=condition("PodScheduled", "False", "Unschedulable")), "", id="no yet"
        ),
        pytest.param(pod(phase="Pending"), "Pending", id="pending"),
        pytest.param(pod(phase="Running", conditions=condition("Ready", "False")), "NotReady", id="not ready"),
        pytest.param(pod(phase="Running", conditions=condition("Ready", "False", since=1)), "", id="just not ready"),
        pytest.param(pod(phase="Running", deleted=-1), "", id="going"),
        pytest.param(pod(phase="Running", deleted=10), "Terminating", id="not going"),
        pytest.param({"metadata": "odd", "status": []}, "", id="nonsense"),
    ],
)


@PODS
def test_the_trouble_of_a_pod(found: dict[str, Any], trouble: str) -> None:
    assert trouble_of(found, NOW) == trouble


def raw(found: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(found).encode())


@PODS
def test_no_pod_with_a_trouble_is_well_at_a_glance(found: dict[str, Any], trouble: str) -> None:
    assert not (trouble and well_at_a_glance(raw(found)))


def test_pods_that_are_well_are_not_parsed_and_still_counted() -> None:
    well, done = pod(phase="Running", conditions=READY), pod(phase="Succeeded")
    sick, going = pod(phase="Failed"), pod(phase="Running", deleted=-1, conditions=READY)
    for number, each in enumerate((well, done, sick, going)):
        each["metadata"] |= {"name": f"p-{number}", "namespace": "shop"}
    page = json.dumps({"metadata": {"resourceVersion": "7", "continue": "t"}, "items": [well, done, sick, going]})

    found = PageParser(glance=well_at_a_glance).page(page.encode())

    assert found.passed == [("shop", "p-0"), ("shop", "p-1")]
    assert found.objects == [sick, going]
    assert (found.resource_version, found.continue_token) == ("7", "t")


@pytest.mark.parametrize("odd", [{"status": {}}, [], None, {"metadata": {"name": 7}}, {"metadata": {}}])
def test_what_is_no_pod_is_left_to_the_parser_to_refuse(odd: object) -> None:
    page = json.dumps({"metadata": {}, "items": [odd]}).encode()

    with pytest.raises(ValueError, match=r"not a page of objects|without a name|no text"):
        PageParser(glance=well_at_a_glance).page(page)
