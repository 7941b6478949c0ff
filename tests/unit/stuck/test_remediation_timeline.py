"""What became of Machines that were found unhealthy: only what is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from drift_audit.config.settings import StuckThresholds
from drift_audit.model.health import Event
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.remediation import Remediation, Step, StepState
from drift_audit.model.views import ClusterView, KindListing, SuspectView, Views, WorkloadView
from drift_audit.stuck.remediation_timeline import remediations
from tests.unit.stuck.stage import (
    CLUSTER,
    CORE,
    MANAGEMENT,
    NOW,
    ago,
    condition,
    control_plane,
    fleet_with,
    healthy_fleet,
    machine,
    made,
)
from tests.unit.stuck.workload import node, node_event, workload

FAILED = condition(
    "HealthCheckSucceeded",
    False,
    "UnhealthyNode",
    "Health check failed:\n  * Condition Ready on Node is reporting status Unknown with reason NodeStatusUnknown for "
    "more than 5m0s",
    since=60,
)
GOING = condition("OwnerRemediated", False, "MachineDeleting", "Machine is deleting", since=59)
REPLACES = "controlplane.cluster.x-k8s.io/remediation-for"
IN_PROGRESS = "controlplane.cluster.x-k8s.io/remediation-in-progress"


def _timeline(
    *objects: CapiObject,
    events: Sequence[Event] = (),
    seen: WorkloadView | None = None,
    whole: bool = True,
) -> list[Remediation]:
    listing = KindListing(
        group="cluster.x-k8s.io",
        kind="Machine",
        plural="machines",
        version="v1beta2",
        served=("v1beta2",),
        namespaced=True,
        complete=whole,
    )
    view = ClusterView(
        management_cluster=MANAGEMENT,
        server_version="v1.34.1",
        objects={live.key: live for live in objects},
        kinds={("cluster.x-k8s.io", "Machine"): listing},
    )
    views = Views(
        clusters=(view,),
        suspects=(SuspectView(management_cluster=MANAGEMENT, events=tuple(events)),),
        workloads=(seen,) if seen else (),
    )
    cluster_of = {MANAGEMENT: {live.key: CLUSTER for live in objects}}
    return list(remediations(views, cluster_of, StuckThresholds(), NOW))


def _said(about: str, reason: str, message: str = "", *, since: float) -> Event:
    key = ObjectKey("cluster.x-k8s.io", "Machine", "fleet", about)
    return Event(object=key, type="Normal", reason=reason, message=message, first=ago(since), last=ago(since))


def _going(reason: str, message: str = "", *, deletion: dict[str, str] | None = None, **more: Any) -> CapiObject:
    status = {"deletion": deletion or {}, "nodeRef": {"name": "one-md-0-abc-1"}}
    sick = condition("NodeReady", "Unknown", "NodeReadyUnknown", since=66)
    told = (FAILED, GOING, sick, condition("Deleting", True, reason, message, since=58))
    return machine(*told, phase="Deleting", deleting=58, status=status, **more)


def _check(*told: dict[str, Any]) -> CapiObject:
    spec = {"clusterName": "one", "selector": {"matchLabels": {"cluster.x-k8s.io/cluster-name": "one"}}}
    return made(CORE, "MachineHealthCheck", "workers", spec=spec, conditions=told or (condition("RemediationAllowed"),))


def _states(found: Remediation) -> list[str]:
    return [each.state.value for each in found.steps]


def test_a_fleet_without_remediations_has_none() -> None:
    checked = machine(condition("Ready"), condition("HealthCheckSucceeded"))

    assert _timeline(*healthy_fleet()) == []
    assert _timeline(*fleet_with(checked, _check())) == []


def test_a_machine_that_was_found_unhealthy_a_moment_ago() -> None:
    marked = condition("OwnerRemediated", False, "WaitingForRemediation", "Waiting for remediation", since=60)

    found = _timeline(*fleet_with(machine(FAILED, marked), _check()))

    assert [_states(each) for each in found] == [["done", "pending", "pending", "pending", "pending"]]
    assert found[0].at(Step.DETECTED).ended == ago(60)
    assert found[0].reason.startswith("UnhealthyNode: Condition Ready on Node is reporting status Unknown")
    assert found[0].checks == ("workers",)
    assert found[0].owner == "MachineSet/one-md-0-abc"
    assert found[0].at(Step.DELETED).waited_for == "WaitingForRemediation: Waiting for remediation"


def test_a_drain_in_progress_says_what_it_waits_for_and_since_when() -> None:
    blocked = "cannot evict pod as it would violate the pod's disruption budget."
    lines = f"Drain not completed yet (started at x):\n* Pod shop/web-1: {blocked}"
    draining = _going("DrainingNode", lines, deletion={"nodeDrainStartTime": ago(57)})

    found = _timeline(*fleet_with(draining))[0]

    assert _states(found) == ["done", "done", "in_progress", "in_progress", "pending"]
    assert found.at(Step.DETECTED).began == ago(66)
    drained = found.at(Step.DRAINED)
    assert (drained.began, drained.ended) == (ago(57), "")
    assert drained.waited_for.startswith("Pod shop/web-1: cannot evict")
    assert found.at(Step.CORDONED).ended == ""
    assert found.at(Step.DELETED).began == ago(58)


def test_a_drain_is_over_when_volumes_are_waited_for() -> None:
    detaching = _going(
        "WaitingForVolumeDetach",
        "Waiting for Node volumes to be detached (started at x)",
        deletion={"nodeDrainStartTime": ago(57), "waitForNodeVolumeDetachStartTime": ago(50)},
    )

    found = _timeline(*fleet_with(detaching))[0]

    assert _states(found) == ["done", "done", "done", "in_progress", "pending"]
    assert (found.at(Step.DRAINED).ended, found.at(Step.DRAINED).source) == (
        ago(50),
        "status.deletion.waitForNodeVolumeDetachStartTime",
    )
    assert found.at(Step.DELETED).waited_for.startswith("WaitingForVolumeDetach")


def test_events_tell_when_a_node_was_cordoned_and_drained() -> None:
    going = _going(
        "WaitingForInfrastructureDeletion",
        "Waiting for AWSMachine to be deleted",
        deletion={"nodeDrainStartTime": ago(57)},
    )
    events = [_said("one-md-0-abc-1", "SuccessfulDrainNode", since=52)]
    seen = workload(node(spec={"unschedulable": True}), events=[node_event("NodeNotSchedulable", "", since=56.5)])

    found = _timeline(*fleet_with(going), events=events, seen=seen)[0]

    assert found.at(Step.CORDONED).ended == ago(56.5)
    assert (found.at(Step.DRAINED).ended, found.at(Step.DRAINED).source) == (ago(52), "event SuccessfulDrainNode")


def test_a_drain_that_left_no_time_is_done_without_one() -> None:
    going = _going("WaitingForInfrastructureDeletion", deletion={"nodeDrainStartTime": ago(57)})

    drained = _timeline(*fleet_with(going))[0].at(Step.DRAINED)

    assert (drained.state, drained.began, drained.ended) == (StepState.DONE, ago(57), "")


@pytest.mark.parametrize(
    ("going", "cordoned", "drained"),
    [
        pytest.param(_going("WaitingForInfrastructureDeletion"), "skipped", "skipped", id="no drain was begun"),
        pytest.param(
            _going("InternalError", "Please check controller logs for errors"), "unknown", "unknown", id="an error"
        ),
        pytest.param(_going("Deleting", "Deletion started"), "pending", "pending", id="the first moment"),
        pytest.param(
            _going("WaitingForPreDrainHook", "Waiting for pre-drain hooks to succeed (hooks: x)"),
            "pending",
            "pending",
            id="a hook",
        ),
        pytest.param(
            machine(
                FAILED,
                condition("DrainingSucceeded", since=40),
                condition("OwnerRemediated"),
                phase="Deleting",
                deleting=58,
                status={"nodeRef": {"name": "one-md-0-abc-1"}},
            ),
            "done",
            "done",
            id="v1beta1 conditions alone",
        ),
    ],
)
def test_what_nobody_can_know_is_not_guessed(going: CapiObject, cordoned: str, drained: str) -> None:
    found = _timeline(*fleet_with(going))[0]

    assert (found.at(Step.CORDONED).state, found.at(Step.DRAINED).state) == (cordoned, drained)


def test_a_machine_that_never_had_a_node_is_not_drained() -> None:
    going = machine(
        condition(
            "HealthCheckSucceeded", False, "NodeStartupTimeout", "Node failed to report startup in 10m0s", since=20
        ),
        condition("Deleting", True, "WaitingForInfrastructureDeletion", since=19),
        phase="Deleting",
        deleting=19,
    )

    assert _states(_timeline(*fleet_with(going))[0]) == ["done", "skipped", "skipped", "in_progress", "pending"]


def _replaced_by(*told: dict[str, Any], retries: int = 0, minutes: float = 50, **more: Any) -> CapiObject:
    record = {"machine": "one-cp-1", "timestamp": ago(minutes), "retryCount": retries}
    return machine(
        *told, name="one-cp-4", owner=control_plane(), annotations={REPLACES: json.dumps(record)}, age=45, **more
    )


def test_the_replacement_that_a_control_plane_recorded_ends_the_remediation() -> None:
    new = _replaced_by(condition("Ready", since=40), condition("Available", since=39))
    events = [
        _said(
            "one-cp-1",
            "MachineMarkedUnhealthy",
            "Machine fleet/one-cp-1 has been marked as unhealthy by fleet/cp",
            since=52,
        )
    ]

    found = _timeline(*fleet_with(new, without=[machine(name="one-cp-1").key]), events=events)

    assert [each.machine.name for each in found] == ["one-cp-1"]
    assert _states(found[0]) == ["done", "unknown", "unknown", "done", "done"]
    assert found[0].replacement == "one-cp-4"
    assert found[0].owner == "KubeadmControlPlane/one-cp"
    assert (found[0].at(Step.DELETED).began, found[0].at(Step.DELETED).ended) == (ago(50), "")
    assert found[0].repair_seconds == (52 - 39) * 60
    assert found[0].loop == ""


def test_without_the_event_the_repair_time_is_unknown() -> None:
    new = _replaced_by(condition("Available", since=39))

    found = _timeline(*fleet_with(new, without=[machine(name="one-cp-1").key]))

    assert (found[0].at(Step.DETECTED).state, found[0].repair_seconds) == (StepState.UNKNOWN, None)


def test_a_replacement_that_starts_is_in_progress_although_it_says_ready() -> None:
    new = _replaced_by(condition("Ready"), phase="Provisioned", entered=5)

    replaced = _timeline(*fleet_with(new, without=[machine(name="one-cp-1").key]))[0].at(Step.REPLACED)

    assert (replaced.state, replaced.began) == (StepState.IN_PROGRESS, ago(45))
    assert "phase Provisioned" in replaced.waited_for


def test_yesterdays_remediation_is_forgotten_and_nobody_is_gone_where_machines_were_not_all_read() -> None:
    old = _replaced_by(condition("Available", since=3000), minutes=3010)
    new = _replaced_by(condition("Available", since=39))
    gone = [machine(name="one-cp-1").key]

    assert _timeline(*fleet_with(old, without=gone)) == []
    assert _timeline(*fleet_with(new, without=gone), whole=False) == []


def test_a_control_plane_that_has_not_made_the_next_machine_yet() -> None:
    record = json.dumps({"machine": "one-cp-1", "timestamp": ago(5), "retryCount": 2})
    remembering = control_plane(annotations={IN_PROGRESS: record})

    found = _timeline(*fleet_with(remembering, without=[machine(name="one-cp-1").key]))[0]

    assert found.at(Step.REPLACED).state is StepState.PENDING
    assert (found.attempt, found.loop) == (2, "2 before it in its place failed as well")


def test_a_replacement_that_fails_too_is_a_loop() -> None:
    failed = condition(
        "HealthCheckSucceeded", False, "NodeStartupTimeout", "Node failed to report startup in 10m0s", since=4
    )
    new = _replaced_by(failed, phase="Provisioned", entered=14)

    found = {each.machine.name: each for each in _timeline(*fleet_with(new, without=[machine(name="one-cp-1").key]))}

    assert found["one-cp-1"].loop == "its replacement one-cp-4 is unhealthy too"
    assert found["one-cp-4"].loop == "it was made instead of one-cp-1, which was unhealthy too"
    assert found["one-cp-4"].attempt == 1


def test_the_only_machine_that_a_machine_set_made_since_is_the_replacement_and_of_two_none_is() -> None:
    gone = _said("one-md-0-abc-zzzzz", "MachineMarkedUnhealthy", since=40)
    one, two = (
        machine(condition("Ready", since=20), name="one-md-0-abc-2", age=30),
        machine(name="one-md-0-abc-3", age=25),
    )

    single = _timeline(*fleet_with(one), events=[gone])[0]
    several = _timeline(*fleet_with(one, two), events=[gone])[0]

    assert (single.owner, single.replacement, single.repair_seconds) == (
        "MachineSet/one-md-0-abc",
        "one-md-0-abc-2",
        20 * 60,
    )
    assert (several.replacement, several.at(Step.REPLACED).state) == ("", StepState.UNKNOWN)


@pytest.mark.parametrize(
    ("more", "check", "said"),
    [
        pytest.param(
            (),
            _check(
                condition("RemediationAllowed", False, "TooManyUnhealthy", "unhealthy: 3, maxUnhealthy: 40%", since=50)
            ),
            "MachineHealthCheck workers: TooManyUnhealthy",
            id="short-circuited",
        ),
        pytest.param(
            (
                condition(
                    "OwnerRemediated",
                    False,
                    "CannotBeRemediated",
                    "Machine won't be remediated because it is pending",
                    since=9,
                ),
            ),
            _check(),
            "CannotBeRemediated: Machine won't be remediated",
            id="put off",
        ),
    ],
)
def test_what_stops_it_is_called_out(more: Sequence[dict[str, Any]], check: CapiObject, said: str) -> None:
    assert said in _timeline(*fleet_with(machine(FAILED, *more), check))[0].blocked_by


def test_a_machine_that_is_scaled_down_is_no_remediation_although_its_node_is_missed() -> None:
    """As the controllers write it: the health check fails once the Node of a Machine that is being deleted is gone."""
    missed = "Health check failed:\n  * Node one-md-0-abc-1 has been deleted"
    going = machine(
        condition("HealthCheckSucceeded", False, "NodeDeleted", missed, since=2),
        condition("Deleting", True, "WaitingForInfrastructureDeletion", since=5),
        phase="Deleting",
        deleting=5,
    )

    assert _timeline(*fleet_with(going)) == []


def test_a_machine_that_is_well_again_is_no_remediation() -> None:
    again = machine(condition("HealthCheckSucceeded"), condition("OwnerRemediated", False, "WaitingForRemediation"))

    assert _timeline(*fleet_with(again)) == []


@pytest.mark.parametrize("annotated", ["", "{", "[]", '"x"', '{"machine": 3}', '{"machine": "", "retryCount": true}'])
def test_an_annotation_that_somebody_broke_tells_nothing(annotated: str) -> None:
    assert _timeline(*fleet_with(control_plane(annotations={IN_PROGRESS: annotated}))) == []
