"""When a controller is still at work, when it fails, and when it is told to keep its hands off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drift_audit.classify.transition import in_transition, paused_by, unreconciled
from drift_audit.model.values import JsonObject
from tests.builders import capi_object
from tests.unit.classify.cases import NOW, machine

HALF_AN_HOUR = timedelta(minutes=30)
YOUNG, OLD = "2026-11-20T11:40:00Z", "2026-11-20T11:20:00Z"


@pytest.mark.parametrize(
    ("metadata", "status", "says"),
    [
        ({"creationTimestamp": YOUNG}, {}, "being created"),
        ({"creationTimestamp": YOUNG}, {"ready": False}, "being created"),
        ({"creationTimestamp": YOUNG}, {"ready": True}, ""),
        ({"creationTimestamp": YOUNG}, {"initialization": {"provisioned": True}}, ""),
        ({"creationTimestamp": OLD}, {}, ""),
        ({"creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": YOUNG}, {"ready": True}, "being deleted"),
        ({"creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": OLD}, {"ready": True}, ""),
        ({}, {}, ""),
        ({"creationTimestamp": "yesterday"}, {}, ""),
    ],
)
def test_creating_and_deleting_excuse_a_difference_for_a_while(
    metadata: JsonObject, status: JsonObject, says: str
) -> None:
    found = in_transition(machine(metadata=metadata, status=status), NOW, HALF_AN_HOUR)

    assert (says in found) if says else (found == "")


def condition(**changes: str) -> JsonObject:
    return {"type": "Ready", "status": "False", "severity": "Error", "reason": "Failed", **changes}


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"observedGeneration": 3}, ""),
        ({"observedGeneration": 2}, "the controller has seen generation 2 of 3"),
        ({"conditions": [condition()]}, "Ready: Failed"),
        ({"conditions": [condition(severity="Warning")]}, ""),
        ({"conditions": [condition(status="True")]}, ""),
        ({"conditions": [condition(reason="InstanceStopped")]}, ""),
        ({"conditions": ["odd", None]}, ""),
        ({}, ""),
    ],
)
def test_an_unseen_spec_and_an_error_are_not_reconciled(status: JsonObject, says: str) -> None:
    assert unreconciled(machine(metadata={"generation": 3}, status=status)) == says


@pytest.mark.parametrize(
    ("spec", "annotations", "says"),
    [
        ({"paused": True}, {}, "has spec.paused"),
        ({"paused": False}, {}, ""),
        ({}, {"cluster.x-k8s.io/paused": "false"}, "is annotated cluster.x-k8s.io/paused"),
        ({}, {}, ""),
    ],
)
def test_a_pause_is_a_field_or_the_presence_of_an_annotation(
    spec: JsonObject, annotations: JsonObject, says: str
) -> None:
    cluster = capi_object("Cluster", "eu-1", spec=spec, metadata={"annotations": annotations})

    found = paused_by(None, cluster)

    assert found == (f"Cluster/fleet/eu-1 {says}" if says else "")
