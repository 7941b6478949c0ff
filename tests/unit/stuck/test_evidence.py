"""What may count as evidence: events and log lines that are still being told, and how objects share a cause."""

from __future__ import annotations

import re

import pytest

from drift_audit.config.settings import StuckThresholds
from drift_audit.model.findings import Certainty, Finding, Severity
from drift_audit.model.health import Clock, Event, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView, SuspectView, Views
from drift_audit.stuck.case import Case
from drift_audit.stuck.findings import stuck_findings
from drift_audit.stuck.signature import Sign, Signature
from tests.unit.stuck.stage import (
    CLUSTER,
    MANAGEMENT,
    NOW,
    condition,
    event,
    fleet_with,
    infra_machine,
    log,
    machine,
    made,
    rules,
)

HOOK = made("apps/v1", "Deployment", "capi-controller-manager", namespace="capi-system")
DOWN = re.compile("webhook is down")


def _down(case: Case) -> Sign | None:
    found = case.said(DOWN)
    return Sign(fact="down", since=found[0].since, proofs=(found[0].proof,), variant="w") if found else None


def _down_at_its_deployment(case: Case) -> Sign | None:
    found = case.said(DOWN)
    return Sign(fact="down", since=found[0].since, proofs=(found[0].proof,), subject=HOOK) if found else None


def _row(looks: object, **more: object) -> Signature:
    return Signature(
        id="DOWN",
        layer=Layer.MANAGEMENT,
        severity=Severity.CRITICAL,
        title="down",
        kinds=("*",),
        looks=looks,  # type: ignore[arg-type]
        mechanism="",
        next_steps=(),
        source="",
        **more,  # type: ignore[arg-type]
    )


def _judged(row: Signature, *objects: CapiObject, events: tuple[Event, ...] = ()) -> list[Finding]:
    view = ClusterView(management_cluster=MANAGEMENT, server_version="", objects={o.key: o for o in objects})
    beside = SuspectView(management_cluster=MANAGEMENT, events=events)
    return stuck_findings(
        Views(clusters=(view,), suspects=(beside,)),
        {MANAGEMENT: dict.fromkeys(view.objects, CLUSTER)},
        StuckThresholds(),
        NOW,
        (row,),
    )


def _sick(name: str) -> list[CapiObject]:
    live = machine(condition("Ready", False, since=40), phase="Provisioning", entered=40, name=name)
    told = condition("Ready", False, "Failed", "the webhook is down", since=40)
    return [live, infra_machine(told, of=live)]


@pytest.mark.parametrize(("last", "found"), [(1, ["DOWN"]), (29, ["DOWN"]), (31, ["UNEXPLAINED"])])
def test_an_event_that_nobody_repeats_any_more_is_no_evidence(last: float, found: list[str]) -> None:
    late = machine(condition("Ready", False, since=40), phase="Provisioning", entered=40)
    told = event(late, "FailedCreate", "the webhook is down", since=50, last=last)

    assert rules(_judged(_row(_down), *fleet_with(late), events=(told,))) == found


def test_a_log_line_grows_old_like_an_event() -> None:
    late = machine(condition("Ready", False, since=40), phase="Provisioning", entered=40)
    view = ClusterView(management_cluster=MANAGEMENT, server_version="", objects={late.key: late})
    lines = tuple(log(late, "the webhook is down", since=50, last=last) for last in (45.0,))

    found = stuck_findings(
        Views(clusters=(view,), suspects=(SuspectView(management_cluster=MANAGEMENT, logs=lines),)),
        {MANAGEMENT: {}},
        StuckThresholds(),
        NOW,
        (_row(_down),),
    )

    assert rules(found) == ["UNEXPLAINED"]


def test_a_shared_cause_is_told_once_however_many_objects_show_it() -> None:
    apart = _judged(_row(_down), *_sick("a"), *_sick("b"))
    together = _judged(_row(_down, shared=True), *_sick("a"), *_sick("b"))

    assert rules(apart) == ["DOWN", "DOWN"]
    assert rules(together) == ["DOWN"]
    assert together[0].affected == ("AWSMachine/fleet/b", "Machine/fleet/a", "Machine/fleet/b")


def test_a_shared_cause_sits_on_what_it_names_and_its_chain_leads_to_the_alarm() -> None:
    found = _judged(_row(_down_at_its_deployment, shared=True), *_sick("a"), *_sick("b"))

    assert [link.object for link in found[0].chain] == [
        "Deployment/capi-system/capi-controller-manager",
        "AWSMachine/fleet/a",
        "Machine/fleet/a",
    ]
    assert found[0].object is not None and found[0].object.kind == "Deployment"
    assert found[0].cluster is None
    assert found[0].certainty is Certainty.MEDIUM
    assert len(found[0].affected) == 4


def test_a_row_that_is_asked_everywhere_competes_with_the_others_on_a_suspect() -> None:
    everywhere = _row(_down, everywhere=True)
    later = Signature(
        **{
            **{name: getattr(everywhere, name) for name in everywhere.__slots__},
            "id": "LATER",
            "layer": Layer.DELETION,
            "everywhere": False,
        }
    )
    objects = _sick("a")
    view = ClusterView(management_cluster=MANAGEMENT, server_version="", objects={o.key: o for o in objects})

    found = stuck_findings(Views(clusters=(view,)), {MANAGEMENT: {}}, StuckThresholds(), NOW, (later, everywhere))

    assert rules(found) == ["DOWN"]


def _stopped(case: Case) -> Sign | None:
    return Sign(fact="stopped", since=case.live.created_at)


@pytest.mark.parametrize(("layer", "found"), [(Layer.INTENT, []), (Layer.TOPOLOGY, ["UNEXPLAINED"])])
def test_what_somebody_stopped_on_purpose_is_not_late_as_long_as_the_stop_may_last(
    layer: Layer, found: list[str]
) -> None:
    late = machine(condition("Ready", False, since=40), phase="Provisioning", entered=40, age=100)
    stopped = Signature(
        **{
            **{name: getattr(_row(_stopped), name) for name in Signature.__slots__},
            "layer": layer,
            "clock": Clock.PAUSED,
        }
    )

    assert rules(_judged(stopped, late)) == found


@pytest.mark.parametrize(("last", "found"), [(9, ["DOWN"]), (11, ["UNEXPLAINED"])])
def test_what_was_logged_before_the_controller_got_further_is_over(last: float, found: list[str]) -> None:
    late = machine(condition("Ready", False, since=40), phase="Provisioning", entered=40)
    below = infra_machine(
        condition("Ready", False, "NotReady", since=10), condition("Paused", False, since=40), of=late
    )
    objects = {live.key: live for live in (late, below)}
    view = ClusterView(management_cluster=MANAGEMENT, server_version="", objects=objects)
    line = log(below, "the webhook is down", since=40, last=last)

    told = stuck_findings(
        Views(clusters=(view,), suspects=(SuspectView(management_cluster=MANAGEMENT, logs=(line,)),)),
        {MANAGEMENT: dict.fromkeys(objects, CLUSTER)},
        StuckThresholds(),
        NOW,
        (_row(_down),),
    )

    assert rules(told) == found
