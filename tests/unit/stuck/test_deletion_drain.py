"""Machines that are being deleted, and whose Pods or volumes do not go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from drift_audit.model.findings import Certainty, Severity
from drift_audit.model.health import Event
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import WorkloadView
from tests.unit.stuck.stage import ago, cluster, condition, deployment, event, fleet_with, judged, machine, rules
from tests.unit.stuck.workload import attachment, budget, node, workload

STARTED = f"Drain not completed yet (started at {ago(70)}):"
BUDGET = "cannot evict pod as it would violate the pod's disruption budget."
NEEDS = f"{BUDGET} The disruption budget web needs 2 healthy pods and has 2 currently"
NOT_GONE = "deletionTimestamp set, but still not removed from the Node"


def _draining(*lines: str, minutes: float = 70, more: Sequence[dict[str, Any]] = (), **others: Any) -> CapiObject:
    message = "\n".join((f"Drain not completed yet (started at {ago(minutes)}):", *lines))
    return machine(
        condition("Deleting", True, "DrainingNode", message, since=minutes + 1),
        condition("Ready", False, "Deleting", since=minutes + 1),
        *more,
        phase="Deleting",
        deleting=minutes + 1,
        finalizers=["machine.cluster.x-k8s.io"],
        status={"deletion": {"nodeDrainStartTime": ago(minutes)}, "nodeRef": {"name": "one-md-0-abc-1"}},
        spec={"providerID": "aws:///eu-central-1a/i-one-md-0-abc-1"},
        **others,
    )


def _detaching(*lines: str, minutes: float = 40) -> CapiObject:
    message = "\n".join((f"Waiting for Node volumes to be detached (started at {ago(minutes)})", *lines))
    return machine(
        condition("Deleting", True, "WaitingForVolumeDetach", message, since=90),
        phase="Deleting",
        deleting=90,
        status={
            "deletion": {"nodeDrainStartTime": ago(89), "waitForNodeVolumeDetachStartTime": ago(minutes)},
            "nodeRef": {"name": "one-md-0-abc-1"},
        },
    )


SILENT = condition("NodeReady", "Unknown", "NodeReadyUnknown", "* Node.Ready: Kubelet stopped posting node status.")


@pytest.mark.parametrize(
    ("sick", "seen", "events", "expected", "variant", "fact"),
    [
        pytest.param(
            _draining(f"* Pods shop/web-1, shop/web-2: {NEEDS}"),
            None,
            (),
            "DEL-DRAIN-PDB",
            "shop/web",
            "PodDisruptionBudget shop/web does not let go of Pods shop/web-1, shop/web-2; without nodeDrainTimeout",
            id="a budget, named by the API server",
        ),
        pytest.param(
            _draining(f"* Pod shop/web-1: {BUDGET}"),
            workload(budget("web"), budget("idle", allowed=1), budget("web", namespace="other")),
            (),
            "DEL-DRAIN-PDB",
            "shop/web",
            "PodDisruptionBudget shop/web",
            id="a budget that only the workload cluster names",
        ),
        pytest.param(
            _draining(f"* Pod shop/web-1: {BUDGET}"),
            workload(budget("web"), budget("api")),
            (),
            "DEL-DRAIN-PDB",
            "",
            "a PodDisruptionBudget does not let go of Pod shop/web-1",
            id="two budgets that may be it: none is named",
        ),
        pytest.param(
            _draining(f"* Pod batch/job-1: {NOT_GONE}", f"* Pod shop/web-1: {NEEDS}"),
            None,
            (),
            "DEL-DRAIN-PDB",
            "shop/web",
            "shop/web-1",
            id="a budget, and a Pod that ends",
        ),
        pytest.param(
            _draining(f"* Pod shop/web-1: {NEEDS}", more=[SILENT]),
            None,
            (),
            "DEL-DRAIN-UNREACHABLE",
            "",
            "Pod shop/web-1 on a Node whose kubelet is silent",
            id="a Node that is not heard of",
        ),
        pytest.param(
            _draining(f"* Pod shop/web-1: {NOT_GONE}"),
            workload(node(condition("Ready", "Unknown", "NodeStatusUnknown", since=80))),
            (),
            "DEL-DRAIN-UNREACHABLE",
            "",
            "kubelet is silent",
            id="a Node that is not heard of, by the workload cluster",
        ),
        pytest.param(
            _draining(f"* Pods batch/job-1, batch/job-2, batch/job-3, ... (4 more): {NOT_GONE}"),
            workload(node()),
            (),
            "DEL-POD-STUCK",
            "",
            "Pods batch/job-1, batch/job-2, batch/job-3 that were told to end",
            id="Pods that do not end",
        ),
        pytest.param(
            _draining("* Pod shop/web-1: failed to evict Pod, admission webhook denied the request"),
            None,
            (),
            "DEL-EVICT-ERROR",
            "",
            "admission webhook denied the request",
            id="evictions that are refused",
        ),
        pytest.param(
            _draining("* Pod batch/train-1: waiting for completion"),
            None,
            (),
            "DEL-DRAIN-WAITS",
            "",
            "batch/train-1 that may end by themselves",
            id="a job that may finish",
        ),
        pytest.param(
            machine(
                condition(
                    "Deleting",
                    True,
                    "DrainingNode",
                    "Error draining Node, please check controller logs for errors",
                    since=71,
                ),
                phase="Deleting",
                deleting=71,
                status={"deletion": {"nodeDrainStartTime": ago(70)}},
            ),
            None,
            (
                event(
                    machine(),
                    "FailedDrainNode",
                    'error draining Machine\'s node "one-md-0-abc-1": failed to cordon Node',
                ),
            ),
            "DEL-DRAIN-ERROR",
            "",
            "the drain fails: failed to cordon Node",
            id="a drain that fails",
        ),
        pytest.param(
            machine(
                condition(
                    "DrainingSucceeded",
                    False,
                    "Draining",
                    f"{STARTED}\n* Pod shop/web-1: {NEEDS}",
                    since=70,
                    severity="Info",
                ),
                condition("PreDrainDeleteHookSucceeded", since=70),
                phase="Deleting",
                deleting=71,
            ),
            None,
            (),
            "DEL-DRAIN-PDB",
            "shop/web",
            "shop/web-1",
            id="a budget, v1beta1 conditions alone",
        ),
        pytest.param(
            _detaching("* PersistentVolumeClaims: shop/data-0"),
            None,
            (),
            "DEL-VOLUME",
            "",
            "volumes are not detached: PersistentVolumeClaims: shop/data-0",
            id="volumes",
        ),
        pytest.param(
            _detaching("* PersistentVolumeClaims: shop/data-0"),
            workload(
                attachment(detachError={"message": "rpc error: DeadlineExceeded"}), attachment("other", on="elsewhere")
            ),
            (),
            "DEL-VOLUME",
            "ebs.csi.aws.com",
            "rpc error: DeadlineExceeded",
            id="volumes, with the driver's error",
        ),
        pytest.param(
            machine(
                condition(
                    "Deleting", True, "WaitingForVolumeDetach", "Error waiting for volumes to be detached", since=90
                ),
                phase="Deleting",
                deleting=90,
            ),
            None,
            (
                event(
                    machine(),
                    "FailedWaitForVolumeDetach",
                    'error waiting for node volumes detaching, Machine\'s node "one-md-0-abc-1": no PersistentVolume',
                ),
            ),
            "DEL-VOLUME",
            "",
            "volumes are not detached: no PersistentVolume",
            id="volumes that cannot be looked up",
        ),
    ],
)
def test_what_holds_a_node_is_named(
    sick: CapiObject, seen: WorkloadView | None, events: Sequence[Event], expected: str, variant: str, fact: str
) -> None:
    growing = deployment(condition("ScalingDown", True, "ScalingDown", since=80))

    found = judged(*fleet_with(sick, growing), workload=seen, events=events)

    assert rules(found) == [expected]
    assert found[0].variant == variant
    assert fact in found[0].chain[0].fact
    assert "MachineDeployment/fleet/one-md-0" in found[0].affected


@pytest.mark.parametrize(
    "sick",
    [
        pytest.param(_draining(f"* Pod shop/web-1: {NEEDS}", minutes=10), id="ten minutes of draining"),
        pytest.param(_detaching("* PersistentVolumeClaims: shop/data-0", minutes=5), id="five minutes of detaching"),
    ],
)
def test_a_deletion_within_its_time_is_silent(sick: CapiObject) -> None:
    assert judged(*fleet_with(sick)) == []


def test_a_drain_that_says_nothing_is_not_explained() -> None:
    assert rules(judged(*fleet_with(_draining()))) == ["UNEXPLAINED"]


def test_severity_rises_within_the_hour_and_the_budget_itself_makes_it_certain() -> None:
    lines = f"* Pod shop/web-1: {NEEDS}"

    early = judged(*fleet_with(_draining(lines, minutes=30)))
    late = judged(*fleet_with(_draining(lines)), workload=workload(budget("web")))

    assert [(f.severity, f.certainty) for f in (*early, *late)] == [
        (Severity.MEDIUM, Certainty.MEDIUM),
        (Severity.HIGH, Certainty.HIGH),
    ]


def test_a_budget_that_has_opened_since_makes_it_less_certain() -> None:
    found = judged(*fleet_with(_draining(f"* Pod shop/web-1: {NEEDS}")), workload=workload(budget("web", allowed=1)))

    assert [finding.certainty for finding in found] == [Certainty.MEDIUM]


def test_a_drain_with_a_timeout_is_not_said_to_wait_for_ever() -> None:
    limited = _draining(f"* Pod shop/web-1: {NEEDS}")
    limited.raw["spec"]["deletion"] = {"nodeDrainTimeoutSeconds": 7200}  # type: ignore[index]

    assert "for ever" not in judged(*fleet_with(limited))[0].chain[0].fact


def test_a_drain_that_fails_for_want_of_a_connection_is_not_to_blame() -> None:
    failing = machine(
        condition(
            "Deleting", True, "DrainingNode", "Error draining Node, please check controller logs for errors", since=71
        ),
        phase="Deleting",
        deleting=71,
        status={"deletion": {"nodeDrainStartTime": ago(70)}},
    )
    away = cluster(
        condition("RemoteConnectionProbe", False, "ProbeFailed", since=69), condition("ControlPlaneInitialized")
    )

    assert "DEL-DRAIN-ERROR" not in rules(judged(*fleet_with(failing, away)))


def test_next_steps_name_the_budget() -> None:
    found = judged(*fleet_with(_draining(f"* Pod shop/web-1: {NEEDS}")))

    assert "kubectl -n shop get poddisruptionbudget web -o yaml" in found[0].next_steps[0]
