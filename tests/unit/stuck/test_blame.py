"""What is named as the cause, and what only suffers from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from drift_audit.config.settings import ClockLimits, StuckThresholds
from drift_audit.model.findings import Certainty, Confidence, Finding, FindingKind, Severity, Verdict
from drift_audit.model.health import Clock, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView, Views
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.findings import stuck_findings
from drift_audit.stuck.signature import Sign, Signature
from tests.unit.stuck.stage import (
    AWS,
    CLUSTER,
    MANAGEMENT,
    NOW,
    ago,
    bootstrap,
    cluster,
    condition,
    control_plane,
    deployment,
    fleet_with,
    healthy_fleet,
    infra_machine,
    judged,
    machine,
    machine_set,
    made,
    rules,
)


def test_a_healthy_fleet_is_silent() -> None:
    assert judged(*healthy_fleet()) == []


def test_a_machine_that_is_late_without_a_reason_is_named_with_its_chain_and_never_fails_a_run() -> None:
    late = machine(condition("Ready", False, "NotReady", since=25), phase="Provisioned", entered=25)
    owner = machine_set(condition("MachinesReady", False, "NotReady", "* Machine one-md-0-abc-1: not ready", since=25))
    above = deployment(condition("Available", False, "NotAvailable", since=25))

    found = judged(*fleet_with(late, owner, above))

    assert rules(found) == ["UNEXPLAINED"]
    assert found[0].object is not None and found[0].object.kind == "Machine"
    assert [link.object for link in found[0].chain] == [
        "Machine/fleet/one-md-0-abc-1",
        "MachineSet/fleet/one-md-0-abc",
        "MachineDeployment/fleet/one-md-0",
    ]
    assert (found[0].certainty, found[0].confidence) == (Certainty.LOW, Confidence.POTENTIAL)
    assert (found[0].kind, found[0].verdict) == (FindingKind.STUCK, Verdict.STUCK)


def test_a_machine_within_its_time_is_silent() -> None:
    young = machine(condition("Ready", False, "NotReady", since=5), phase="Provisioned", entered=5)
    above = deployment(condition("Available", False, "NotAvailable", since=5))

    assert judged(*fleet_with(young, above)) == []


def test_an_owner_is_as_late_as_the_last_step_of_its_machines() -> None:
    growing = deployment(condition("ScalingUp", True, "ScalingUp", since=50), condition("Available", since=900))
    fresh = machine(condition("Ready", False, since=3), phase="Provisioning", entered=3)

    assert judged(*fleet_with(growing, fresh)) == []


DUE = condition("UpToDate", False, "NotUpToDate", "* Version v1.34.1, v1.35.0 required", since=90)


def _rolls(since: float, **more: Any) -> list[CapiObject]:
    """A rollout that began so long ago, with an old Machine that waits its turn."""
    behind = condition("MachinesUpToDate", False, "NotUpToDate", "* Machine one-md-0-abc-1: old", since=since)
    rolling = condition("RollingOut", True, "RollingOut", since=since)
    return [
        cluster(
            rolling, condition("WorkerMachinesUpToDate", False, "NotUpToDate", since=since), condition("Available")
        ),
        deployment(rolling, behind, condition("Available"), **more),
        machine_set(behind),
        machine(DUE, condition("Ready"), condition("NodeHealthy")),
    ]


def test_an_old_machine_that_waits_its_turn_in_a_rollout_is_silent() -> None:
    fresh = machine(condition("Ready", False, since=3), name="one-md-0-new-1", phase="Provisioning", entered=3)

    assert judged(*fleet_with(*_rolls(90), fresh)) == []


def test_a_rollout_that_stands_still_is_told_once_at_whoever_rolls() -> None:
    found = judged(*fleet_with(*_rolls(90)))

    assert [(finding.rule, finding.object and finding.object.kind) for finding in found] == [
        ("stuck.UNEXPLAINED", "MachineDeployment")
    ]
    assert found[0].affected == ("Cluster/fleet/one",)


def test_a_rollout_that_waits_for_people_may_last_for_weeks() -> None:
    by_hand = {"rollout": {"strategy": {"type": "OnDelete"}}}

    assert judged(*fleet_with(*_rolls(20_000, spec=by_hand))) == []


@pytest.mark.parametrize(("minutes", "found"), [(8, []), (45, ["CP-COMPONENT"])])
def test_what_an_owner_repeats_of_its_child_waits_for_the_clock_of_that(minutes: float, found: list[str]) -> None:
    starting = condition(
        "EtcdPodHealthy", False, "Provisioning", "Waiting for startup or readiness probes", since=minutes
    )
    repeats = condition(
        "ControlPlaneComponentsHealthy",
        False,
        "NotHealthy",
        "* Machine one-cp-1:\n  * EtcdPodHealthy: Waiting for startup or readiness probes",
        since=minutes,
    )
    head = machine(starting, condition("NodeHealthy"), name="one-cp-1", owner=control_plane())

    assert rules(judged(*fleet_with(head, control_plane(repeats)))) == found


def test_an_owner_with_a_trouble_of_its_own_is_told_beside_a_child_that_is_in_time() -> None:
    starting = condition("EtcdPodHealthy", False, "Provisioning", "Waiting for startup or readiness probes", since=8)
    own = condition("EtcdClusterHealthy", False, "NotHealthy", "something about the whole", since=8)
    head = machine(starting, condition("NodeHealthy"), name="one-cp-1", owner=control_plane())

    assert rules(judged(*fleet_with(head, control_plane(own)))) == ["UNEXPLAINED"]


def test_limits_follow_the_configuration_and_the_annotation_of_an_owner() -> None:
    late = machine(condition("Ready", False, since=25), phase="Provisioned", entered=25)
    patient = deployment(annotations={"drift-audit.io/clock.machine_provisioned": "120"})
    relaxed = StuckThresholds(clocks={Clock.MACHINE_PROVISIONED: ClockLimits(warn=60, critical=120)})

    assert rules(judged(*fleet_with(late))) == ["UNEXPLAINED"]
    assert judged(*fleet_with(late, patient)) == []
    relaxed = StuckThresholds(
        clocks={
            clock: ClockLimits(warn=60, critical=120)
            for clock in (Clock.MACHINE_PROVISIONED, Clock.MACHINE_PROVISIONING)
        }
    )
    assert judged(*fleet_with(late), thresholds=relaxed) == []


QUOTA = re.compile("VcpuLimitExceeded")


def _quota(case: Case) -> Sign | None:
    said = case.said(QUOTA)
    if said is None:
        return None
    return Sign(fact="no vCPU is free", since=said[0].since, proofs=tuple(each.proof for each in case.all_said(QUOTA)))


def _waits_for_control_plane(case: Case) -> Sign | None:
    said = case.said(re.compile("Waiting for Cluster control plane"))
    above = case.control_plane
    return Sign(fact="it waits", waits_for=(above.key,)) if said and above else None


def _row(name: str, layer: Layer, looks: object, *kinds: str, **more: object) -> Signature:
    return Signature(
        id=name,
        layer=layer,
        severity=Severity.HIGH,
        title=name,
        kinds=kinds,
        looks=looks,  # type: ignore[arg-type]
        mechanism="",
        next_steps=("kubectl -n {namespace} get {kind} {name}",),
        source="",
        **more,  # type: ignore[arg-type]
    )


def test_who_waits_is_not_to_blame() -> None:
    head = machine(
        condition("Ready", False, since=40), phase="Provisioning", entered=40, name="one-cp-1", owner=control_plane()
    )
    failed = infra_machine(
        condition("Ready", False, "InstanceProvisionFailed", "VcpuLimitExceeded: ...", since=40, severity="Error"),
        of=head,
    )
    worker = machine(condition("Ready", False, since=40), phase="Pending", entered=40)
    config = bootstrap(
        condition("Ready", False, "NotReady", "Waiting for Cluster control plane to be initialized", since=40)
    )
    objects = fleet_with(
        head,
        failed,
        worker,
        config,
        control_plane(condition("Available", False, "NotAvailable", since=40)),
        cluster(condition("Available", False, since=40), condition("ControlPlaneInitialized", False, since=40)),
        deployment(condition("Available", False, since=40)),
    )
    table = (
        _row("QUOTA", Layer.MACHINE_INFRASTRUCTURE, _quota, "AWSMachine"),
        _row("WAITS", Layer.BOOTSTRAP, _waits_for_control_plane, "KubeadmConfig"),
    )
    view = ClusterView(management_cluster=MANAGEMENT, server_version="", objects={o.key: o for o in objects})

    found = stuck_findings(
        Views(clusters=(view,)), {MANAGEMENT: dict.fromkeys(view.objects, CLUSTER)}, StuckThresholds(), NOW, table
    )

    assert rules(found) == ["QUOTA"]
    assert found[0].chain[0].object == "AWSMachine/fleet/one-cp-1"
    assert found[0].chain[-1].object == "Cluster/fleet/one"
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected
    assert "MachineDeployment/fleet/one-md-0" in found[0].affected
    assert found[0].next_steps == ("kubectl -n fleet get awsmachine one-cp-1",)


def test_a_paused_cluster_covers_what_is_wrong_below_it() -> None:
    paused = cluster(condition("Paused", True, "Paused", since=3000), spec={"paused": True})
    late = machine(condition("Ready", False, since=2500), phase="Provisioned", entered=2500)

    found = judged(*fleet_with(paused, late))

    assert rules(found) == ["PAUSE-CLUSTER"]
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


@pytest.mark.parametrize(("minutes", "severity"), [(100, None), (300, Severity.MEDIUM), (1500, Severity.HIGH)])
def test_severity_rises_with_the_time(minutes: float, severity: Severity | None) -> None:
    paused = cluster(condition("Paused", True, "Paused", since=minutes), spec={"paused": True})

    found = judged(*fleet_with(paused))

    assert [finding.severity for finding in found] == ([severity] if severity else [])
    assert all(finding.since == ago(minutes) for finding in found)


@pytest.mark.parametrize("ready", [True, False])
def test_infrastructure_without_conditions_is_judged_by_whether_it_is_ready(ready: bool) -> None:
    late = machine(condition("Ready", False, since=30), phase="Provisioning", entered=30)
    silent = made(AWS, "AWSMachine", late.name, owner=late, status={"ready": ready}, age=30)

    found = judged(*fleet_with(late, silent))

    assert [finding.object.kind for finding in found if finding.object] == ["Machine" if ready else "AWSMachine"]


def test_what_speaks_against_a_cause_is_told_with_it() -> None:
    sick = machine(condition("Ready", False, since=40), phase="Provisioned", entered=40)
    sign = Sign(fact="it is", proofs=(Proof("log", "yes"),), contradicted_by=(Proof("cloud", "no"),))
    view = ClusterView(
        management_cluster=MANAGEMENT, server_version="", objects={live.key: live for live in fleet_with(sick)}
    )

    found = stuck_findings(
        Views(clusters=(view,)),
        {MANAGEMENT: dict.fromkeys(view.objects, CLUSTER)},
        StuckThresholds(),
        NOW,
        (_row("IT", Layer.NODE_JOIN, lambda case: sign, "Machine"),),
    )

    assert [finding.evidence for finding in found] == [("yes", "against it: no")]


def test_what_a_machine_shows_because_of_its_infrastructure_is_no_second_cause() -> None:
    sick = machine(condition("NodeHealthy", False, since=40), entered=400)
    gone = infra_machine(condition("Ready", False, "InstanceTerminated", since=40, severity="Error"), of=sick)
    view = ClusterView(
        management_cluster=MANAGEMENT, server_version="", objects={live.key: live for live in fleet_with(sick, gone)}
    )
    table = (
        _row("NODE", Layer.NODE_HEALTH, lambda case: Sign(fact="silent"), "Machine"),
        _row("GONE", Layer.MACHINE_INFRASTRUCTURE, lambda case: Sign(fact="gone"), "AWSMachine"),
    )

    found = stuck_findings(
        Views(clusters=(view,)), {MANAGEMENT: dict.fromkeys(view.objects, CLUSTER)}, StuckThresholds(), NOW, table
    )

    assert rules(found) == ["GONE"]
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(
            machine(
                condition("EtcdMemberHealthy", "Unknown", "InspectionFailed", "Waiting for a Node ...", since=25),
                name="one-cp-1",
                owner=control_plane(),
                phase="Provisioned",
                entered=6,
            ),
            id="a machine that boots",
        ),
        pytest.param(
            machine(
                condition("APIServerPodHealthy", False, "Provisioning", "Waiting for startup probes", since=5),
                condition(
                    "EtcdMemberHealthy", False, "NotHealthy", "Waiting for learner etcd member to be promoted", since=5
                ),
                name="one-cp-1",
                owner=control_plane(),
                entered=6,
            ),
            id="components that start",
        ),
    ],
)
def test_a_control_plane_that_grows_is_silent_while_its_new_machine_is_in_time(head: CapiObject) -> None:
    growing = control_plane(
        condition("EtcdClusterHealthy", False, "NotHealthy", "* Machine one-cp-1: ...", since=25),
        condition("ControlPlaneComponentsHealthy", "Unknown", "HealthUnknown", since=25),
        condition("RollingOut", True, "RollingOut", since=25),
    )
    above = cluster(condition("RollingOut", True, "RollingOut", since=25), condition("ControlPlaneInitialized"))

    assert judged(*fleet_with(head, growing, above)) == []


def test_a_control_plane_with_an_old_machine_that_fails_is_told() -> None:
    failing = control_plane(condition("ControlPlaneComponentsHealthy", False, "NotHealthy", since=25))

    assert rules(judged(*fleet_with(failing))) == ["UNEXPLAINED"]


def _waits_for(name: str) -> Callable[[Case], Sign | None]:
    """Waits for the Machine of that name."""

    def looks(case: Case) -> Sign | None:
        other = case.graph.named("Machine", case.live.namespace, name)
        return Sign(fact=f"it waits for {name}", waits_for=(other.key,)) if other is not None else None

    return looks


def _late(name: str) -> CapiObject:
    return machine(condition("Ready", False, "NotReady", since=60), name=name, phase="Provisioned", entered=60)


def _judged_by(*table: Signature, objects: Sequence[CapiObject]) -> list[Finding]:
    view = ClusterView(management_cluster=MANAGEMENT, server_version="", objects={o.key: o for o in objects})
    cluster_of = {MANAGEMENT: dict.fromkeys(view.objects, CLUSTER)}
    return stuck_findings(Views(clusters=(view,)), cluster_of, StuckThresholds(), NOW, table)


def _only(name: str, looks: Callable[[Case], Sign | None]) -> Callable[[Case], Sign | None]:
    return lambda case: looks(case) if case.live.name == name else None


def test_two_that_wait_for_each_other_are_both_told() -> None:
    table = (
        _row("FIRST", Layer.NODE_JOIN, _only("a", _waits_for("b")), "Machine"),
        _row("SECOND", Layer.NODE_JOIN, _only("b", _waits_for("a")), "Machine"),
    )

    found = _judged_by(*table, objects=fleet_with(_late("a"), _late("b")))

    assert rules(found) == ["FIRST", "SECOND"]


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a")])
def test_who_waits_for_somebody_who_waits_suffers_from_the_same_cause(names: tuple[str, str, str]) -> None:
    first, second, third = names
    cause = _only(third, lambda case: Sign(fact="it is broken"))
    table = (
        _row("WAITS", Layer.NODE_JOIN, _only(first, _waits_for(second)), "Machine"),
        _row("WAITS-TOO", Layer.NODE_JOIN, _only(second, _waits_for(third)), "Machine"),
        _row("CAUSE", Layer.NODE_JOIN, cause, "Machine"),
    )

    found = _judged_by(*table, objects=fleet_with(*map(_late, ("a", "b", "c"))))

    assert rules(found) == ["CAUSE"]
    assert {f"Machine/fleet/{first}", f"Machine/fleet/{second}"} <= set(found[0].affected)
