"""The word for what keeps a Pod from being well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drift_audit.clock import stamp
from drift_audit.collect.workload.pods import trouble_of

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


@pytest.mark.parametrize(
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
def test_the_trouble_of_a_pod(found: dict[str, Any], trouble: str) -> None:
    assert trouble_of(found, NOW) == trouble
