"""When a second look needs no second judgement: what is stuck still is, and nobody edited anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.audit import findings_stand
from drift_audit.model.findings import Finding, FindingKind, Verdict
from drift_audit.model.views import ClusterView, Gap, View, Views
from tests.builders import capi_object, finding, resource_key

MACHINE = capi_object("Machine", "m", status={"phase": "Provisioning"})
RUNNING = capi_object("Machine", "m", status={"phase": "Running"})
OTHER = capi_object("Machine", "n")
GAP = Gap(view=View.CAPI, scope="prod/second look", subject="", reason="no answer", remedy="wait")


def view(*objects: Any, **changes: Any) -> Views:
    held = {live.key: live for live in objects}
    found = ClusterView(management_cluster="prod", server_version="", objects=held, read_at="2026-11-20T02:00:00Z")
    return Views(clusters=(replace(found, **changes),))


def stuck(**changes: Any) -> Finding:
    return finding(**{"kind": FindingKind.STUCK, "verdict": Verdict.STUCK, "resource": None, **changes})


FIRST = view(MACHINE, OTHER)
AGAIN = view(capi_object("Machine", "m", status={"phase": "Provisioning"}), OTHER, read_at="2026-11-20T02:00:09Z")


def test_what_is_stuck_as_before_is_not_judged_again() -> None:
    assert findings_stand([stuck()], FIRST, AGAIN)


@pytest.mark.parametrize(
    "second",
    [view(RUNNING, OTHER), view(OTHER), view(MACHINE, OTHER, gaps=(GAP,))],
    ids=["it recovered", "it is gone", "it could not be read again"],
)
def test_whatever_changed_meanwhile_is_judged_again(second: Views) -> None:
    assert not findings_stand([stuck()], FIRST, second)


@pytest.mark.parametrize(
    "other",
    [finding(resource=None), finding(), stuck(resource=resource_key())],
    ids=["drift", "drift in the cloud", "health of something in the cloud"],
)
def test_what_a_second_look_confirms_is_judged_again(other: Finding) -> None:
    assert not findings_stand([stuck(), other], FIRST, AGAIN)
