"""Nodes that are there and not well."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from drift_audit.model.findings import Certainty, Severity
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import WorkloadView
from tests.unit.stuck.stage import (
    CORE,
    cluster,
    condition,
    control_plane,
    deployment,
    fleet_with,
    infra_machine,
    judged,
    machine,
    machine_set,
    made,
    rules,
)
from tests.unit.stuck.workload import node, workload

ADDONS = "addons.cluster.x-k8s.io/v1beta2"
KUBELET_DOWN = "Kubelet stopped posting node status."
NO_CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


def _sick(*told: dict[str, object], **more: object) -> CapiObject:
    return machine(condition("Ready", False, "NotReady", since=30), *told, **more)  # type: ignore[arg-type]


def _node_unhealthy(message: str, status: bool | str = False, reason: str = "NodeNotHealthy") -> dict[str, object]:
    return condition("NodeHealthy", status, reason, message, since=30)


def _set(*told: dict[str, object]) -> CapiObject:
    return made(ADDONS, "ClusterResourceSet", "cni", conditions=told)


@pytest.mark.parametrize(
    ("sick", "seen", "expected", "fact"),
    [
        pytest.param(
            [
                _sick(
                    condition("NodeReady", False, "NodeNotReady", f"* Node.Ready: {NO_CNI}", since=30),
                    _node_unhealthy(f"* Node.Ready: {NO_CNI}"),
                )
            ],
            None,
            "NODE-CNI",
            "cni plugin not initialized",
            id="no CNI, as the Machine repeats it",
        ),
        pytest.param(
            [
                _sick(
                    condition(
                        "NodeHealthy",
                        False,
                        "NodeConditionsFailed",
                        "Node condition Ready is False",
                        since=30,
                        severity="Warning",
                    )
                )
            ],
            workload(node(condition("Ready", False, "KubeletNotReady", NO_CNI, since=30))),
            "NODE-CNI",
            "NetworkPluginNotReady",
            id="no CNI, v1beta1: only the Node has the words",
        ),
        pytest.param(
            [_sick(condition("NodeReady", False, "NodeNotReady", "* Node.Ready: PLEG is not healthy", since=30))],
            None,
            "NODE-NOTREADY",
            "PLEG is not healthy",
            id="not ready, by NodeReady",
        ),
        pytest.param(
            [_sick(_node_unhealthy(f"* Node.AllConditions: {KUBELET_DOWN}", "Unknown", "NodeHealthUnknown"))],
            None,
            "NODE-NOTREADY",
            KUBELET_DOWN,
            id="silent kubelet: CAPI folds all conditions of one text into one line",
        ),
        pytest.param(
            [
                _sick(
                    condition(
                        "NodeHealthy",
                        "Unknown",
                        "NodeConditionsFailed",
                        "Node condition MemoryPressure is Unknown. Node condition Ready is Unknown",
                        since=30,
                    )
                )
            ],
            None,
            "NODE-NOTREADY",
            "the kubelet is silent",
            id="silent kubelet, v1beta1",
        ),
        pytest.param(
            [_sick(_node_unhealthy("* Node.DiskPressure: kubelet has disk pressure"))],
            None,
            "NODE-PRESSURE",
            "DiskPressure: kubelet has disk pressure",
            id="pressure",
        ),
        pytest.param(
            [
                _sick(
                    condition(
                        "NodeHealthy",
                        False,
                        "NodeConditionsFailed",
                        "Node condition PIDPressure is True",
                        since=30,
                        severity="Warning",
                    )
                )
            ],
            None,
            "NODE-PRESSURE",
            "PIDPressure",
            id="pressure, v1beta1",
        ),
        pytest.param(
            [
                _sick(
                    _node_unhealthy(
                        "Node one-md-0-abc-1 has been deleted while the Machine still exists", reason="NodeDeleted"
                    )
                )
            ],
            workload(),
            "NODE-DELETED",
            "Node one-md-0-abc-1 is gone",
            id="Node deleted",
        ),
        pytest.param(
            [_sick(condition("NodeHealthy", False, "NodeNotFound", since=30, severity="Error"))],
            None,
            "NODE-DELETED",
            "is gone",
            id="Node deleted, v1beta1",
        ),
        pytest.param(
            [
                machine(
                    condition("Ready", False, since=30),
                    condition("SchedulerPodHealthy", False, "Failed", "CrashLoopBackOff", since=30),
                    name="one-cp-1",
                    owner=control_plane(),
                )
            ],
            None,
            "NODE-IMAGE-PULL",
            "the Scheduler Pod does not start: CrashLoopBackOff",
            id="static Pod that crashes",
        ),
        pytest.param(
            [
                machine(
                    condition("Ready", False, since=30),
                    condition("EtcdPodHealthy", False, "PodProvisioning", "ErrImagePull", since=30, severity="Info"),
                    name="one-cp-1",
                    owner=control_plane(),
                )
            ],
            None,
            "NODE-IMAGE-PULL",
            "ErrImagePull",
            id="image that cannot be pulled, v1beta1: as Info",
        ),
        pytest.param(
            [
                _set(
                    condition(
                        "ResourcesApplied",
                        False,
                        "WrongSecretType",
                        "Secret type of resource cni is not supported",
                        since=30,
                    )
                )
            ],
            None,
            "NODE-CRS-NOTAPPLIED",
            "Secret type of resource cni is not supported",
            id="ClusterResourceSet with a Secret of the wrong type",
        ),
        pytest.param(
            [
                _set(
                    condition(
                        "ResourcesApplied",
                        False,
                        "ApplyFailed",
                        "admission webhook denied",
                        since=30,
                        severity="Warning",
                    )
                )
            ],
            None,
            "NODE-CRS-NOTAPPLIED",
            "ApplyFailed: admission webhook denied",
            id="ClusterResourceSet that is refused, v1beta1",
        ),
    ],
)
def test_a_node_that_is_not_well_is_named_with_what_it_says(
    sick: Sequence[CapiObject], seen: WorkloadView | None, expected: str, fact: str
) -> None:
    found = judged(*fleet_with(*sick), workload=seen)

    assert rules(found) == [expected]
    assert fact in found[0].chain[0].fact


@pytest.mark.parametrize(
    ("objects", "seen"),
    [
        pytest.param(
            [
                machine(
                    condition("Ready", False, since=3),
                    condition("NodeReady", False, "NodeNotReady", "* Node.Ready: x", since=3),
                )
            ],
            None,
            id="a Node that has been unready for three minutes",
        ),
        pytest.param(
            [machine(condition("Ready"), condition("NodeHealthy"), condition("NodeReady"))],
            workload(node(condition("Ready", False, "KubeletNotReady", "PLEG is not healthy", since=30))),
            id="a Machine that looks well is not asked about its Node's readiness",
        ),
        pytest.param(
            [
                made(
                    ADDONS,
                    "ClusterResourceSet",
                    "cni",
                    conditions=[
                        condition(
                            "ResourcesApplied",
                            False,
                            "InternalError",
                            "Please check controller logs for errors",
                            since=14,
                        )
                    ],
                ),
                cluster(condition("Available", False, since=14), condition("ControlPlaneInitialized", False, since=14)),
                control_plane(condition("Available", False, since=14), status={"initialization": {}}),
            ],
            None,
            id="a ClusterResourceSet that waits for the control plane of a young cluster",
        ),
        pytest.param(
            [
                machine(
                    condition("Ready", False, since=1),
                    condition("APIServerPodHealthy", False, "PodProvisioning", "ContainerCreating", since=1),
                    name="one-cp-1",
                    owner=control_plane(),
                )
            ],
            None,
            id="a static Pod that is being created",
        ),
    ],
)
def test_what_only_looks_like_it_is_no_finding(objects: Sequence[CapiObject], seen: WorkloadView | None) -> None:
    assert judged(*fleet_with(*objects), workload=seen) == []


def test_a_kubelet_without_a_running_instance_is_not_to_blame() -> None:
    sick = _sick(_node_unhealthy(f"* Node.AllConditions: {KUBELET_DOWN}", "Unknown", "NodeHealthUnknown"))
    stopped = infra_machine(condition("InstanceReady", False, "InstanceStopped", since=31, severity="Error"), of=sick)

    found = judged(*fleet_with(sick, stopped))

    assert "NODE-NOTREADY" not in rules(found)
    assert {finding.object.kind for finding in found if finding.object} == {"AWSMachine"}


def test_nobody_calls_a_node_unready_through_a_connection_that_is_lost() -> None:
    sick = _sick(_node_unhealthy("* Node.Ready: PLEG is not healthy"))
    away = cluster(
        condition("RemoteConnectionProbe", False, "ProbeFailed", "Remote connection probe failed", since=29),
        condition("ControlPlaneInitialized"),
    )

    found = judged(*fleet_with(sick, away))

    assert "NODE-NOTREADY" not in rules(found)


def test_a_lost_connection_alone_says_nothing_about_the_node() -> None:
    unknown = "Last successful probe at 2026-11-20T11:00:00Z"
    sick = _sick(condition("NodeReady", "Unknown", "ConnectionDown", unknown, since=30))

    assert "NODE-NOTREADY" not in rules(judged(*fleet_with(sick)))


def test_the_node_itself_makes_it_certain() -> None:
    sick = _sick(condition("NodeReady", False, "NodeNotReady", "* Node.Ready: PLEG is not healthy", since=30))
    ready = condition("Ready", False, "KubeletNotReady", "PLEG is not healthy", since=30)

    alone = judged(*fleet_with(sick))
    together = judged(*fleet_with(sick), workload=workload(node(ready)))

    assert [finding.certainty for finding in (*alone, *together)] == [Certainty.MEDIUM, Certainty.HIGH]
    assert together[0].severity is Severity.HIGH


def test_what_the_owners_repeat_is_a_consequence() -> None:
    sick = _sick(condition("NodeReady", False, "NodeNotReady", "* Node.Ready: PLEG is not healthy", since=30))
    echo = "* Machine one-md-0-abc-1: NodeHealthy: Node.Ready: PLEG is not healthy"
    owners = (
        machine_set(condition("MachinesReady", False, "NotReady", echo, since=30)),
        deployment(condition("MachinesReady", False, "NotReady", echo, since=30)),
    )

    found = judged(*fleet_with(sick, *owners))

    assert rules(found) == ["NODE-NOTREADY"]
    assert [link.object.partition("/")[0] for link in found[0].chain] == ["Machine", "MachineSet", "MachineDeployment"]


def test_the_group_of_a_node_is_the_core_one() -> None:
    """Something else that is called Node does not answer for a Machine."""
    sick = _sick(condition("NodeHealthy", False, "NodeNotFound", since=30, severity="Error"))
    other = made(CORE, "Node", sick.name)

    assert rules(judged(*fleet_with(sick), workload=workload(other))) == ["NODE-DELETED"]
