"""Deletions, down to the object that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from drift_audit.model.findings import Certainty, FindingKind
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach
from tests.unit.stuck.stage import (
    CORE,
    ago,
    cluster,
    condition,
    control_plane,
    deployment,
    event,
    fleet_with,
    healthy_fleet,
    infra_cluster,
    infra_machine,
    judged,
    log,
    machine,
    machine_set,
    made,
    rules,
)
from tests.unit.stuck.workload import node, workload

LISTED = tuple(
    (group, kind)
    for group, kind in (
        ("cluster.x-k8s.io", "Machine"),
        ("infrastructure.cluster.x-k8s.io", "AWSCluster"),
    )
)
TERMINATION = (
    "operation error EC2: TerminateInstances, https response error StatusCode: 400, RequestID: 1, api error "
    "OperationNotPermitted: The instance 'i-1' may not be terminated. Modify its 'disableApiTermination' instance "
    "attribute"
)


def _going(reason: str, message: str = "", *, minutes: float = 100, **more: Any) -> CapiObject:
    more.setdefault("finalizers", ["machine.cluster.x-k8s.io"])
    return machine(
        condition("Deleting", True, reason, message, since=minutes), phase="Deleting", deleting=minutes, **more
    )


def _infra(*told: dict[str, Any], minutes: float = 99, **more: Any) -> CapiObject:
    more.setdefault("finalizers", ["awsmachine.infrastructure.cluster.x-k8s.io"])
    return infra_machine(*(told or (condition("Ready"),)), deleting=minutes, **more)


WAITS_FOR_INFRA = _going("WaitingForInfrastructureDeletion", "Waiting for AWSMachine to be deleted")


def test_the_deepest_object_is_the_cause_and_its_parents_only_wait() -> None:
    """Cluster -> MachineDeployment -> MachineSet -> Machine -> AWSMachine, all with a deletionTimestamp."""
    gone = 130
    whole = (
        cluster(
            condition("Deleting", True, "WaitingForWorkersDeletion", "* MachineDeployments: one-md-0", since=gone),
            phase="Deleting",
            deleting=gone,
            finalizers=["cluster.cluster.x-k8s.io"],
        ),
        deployment(
            condition("Deleting", True, "Deleting", since=gone),
            deleting=gone,
            finalizers=["cluster.x-k8s.io/machinedeployment"],
        ),
        machine_set(
            condition("Deleting", True, "Deleting", since=gone),
            deleting=gone,
            finalizers=["cluster.x-k8s.io/machineset"],
        ),
        WAITS_FOR_INFRA,
        _infra(condition("InstanceReady", False, "DeletingFailed", TERMINATION, since=95, severity="Warning")),
    )

    found = judged(
        *fleet_with(*whole),
        events=[event(_infra(), "FailedTerminate", f'Failed to terminate instance "i-1": {TERMINATION}')],
    )

    assert rules(found) == ["DEL-INFRA"]
    assert found[0].variant == "OperationNotPermitted"
    assert found[0].certainty is Certainty.HIGH
    assert [link.object.partition("/")[0] for link in found[0].chain] == [
        "AWSMachine",
        "Machine",
        "MachineSet",
        "MachineDeployment",
        "Cluster",
    ]


@pytest.mark.parametrize(
    ("sick", "expected", "kind", "fact"),
    [
        pytest.param(
            [WAITS_FOR_INFRA, _infra()],
            "DEL-INFRA",
            "AWSMachine",
            "nothing that was read says why",
            id="a silent provider",
        ),
        pytest.param(
            [
                _going(
                    "WaitingForPreDrainHook",
                    "Waiting for pre-drain hooks to succeed",
                    annotations={"pre-drain.delete.hook.machine.cluster.x-k8s.io/migrate": "vm-operator"},
                )
            ],
            "DEL-PREDRAIN-HOOK",
            "Machine",
            "pre-drain.delete.hook.machine.cluster.x-k8s.io/migrate",
            id="a pre-drain hook",
        ),
        pytest.param(
            [
                machine(
                    condition(
                        "PreTerminateDeleteHookSucceeded", False, "WaitingExternalHook", since=90, severity="Info"
                    ),
                    condition("DrainingSucceeded", since=95),
                    phase="Deleting",
                    deleting=100,
                    annotations={"pre-terminate.delete.hook.machine.cluster.x-k8s.io/backup": ""},
                )
            ],
            "DEL-PREDRAIN-HOOK",
            "Machine",
            "pre-terminate.delete.hook.machine.cluster.x-k8s.io/backup",
            id="a pre-terminate hook, v1beta1",
        ),
        pytest.param(
            [_going("DeletionCompleted", "Deletion completed", finalizers=["velero.io/backup"])],
            "DEL-FOREIGN-FINALIZER",
            "Machine",
            "velero.io/backup holds it",
            id="a finalizer of somebody else",
        ),
        pytest.param(
            [WAITS_FOR_INFRA, _infra(finalizers=["velero.io/backup"])],
            "DEL-FOREIGN-FINALIZER",
            "AWSMachine",
            "velero.io/backup holds it",
            id="a finalizer of somebody else on what the provider has deleted",
        ),
        pytest.param(
            [
                WAITS_FOR_INFRA,
                _infra(finalizers=["awsmachine.infrastructure.cluster.x-k8s.io", "velero.io/backup"]),
            ],
            "DEL-INFRA",
            "AWSMachine",
            "nothing that was read says why",
            id="a finalizer of somebody else beside the provider's",
        ),
        pytest.param(
            [
                cluster(
                    condition(
                        "Deleting",
                        True,
                        "WaitingForInfrastructureDeletion",
                        "Waiting for AWSCluster to be deleted",
                        since=120,
                    ),
                    phase="Deleting",
                    deleting=120,
                ),
                infra_cluster(
                    condition(
                        "VpcReady",
                        False,
                        "DeletingFailed",
                        "api error DependencyViolation: The vpc 'vpc-1' has dependencies and cannot be deleted.",
                        since=110,
                        severity="Warning",
                    ),
                    deleting=115,
                    finalizers=["awscluster.infrastructure.cluster.x-k8s.io"],
                ),
            ],
            "DEL-DEPENDENCY",
            "AWSCluster",
            "DependencyViolation",
            id="a network in use",
        ),
        pytest.param(
            [
                cluster(
                    condition(
                        "Deleting", True, "WaitingForWorkersDeletion", "* MachineDeployments: one-md-0", since=120
                    ),
                    phase="Deleting",
                    deleting=120,
                )
            ],
            "DEL-NOT-STARTED",
            "Cluster",
            "MachineDeployment one-md-0",
            id="workers that nobody deletes",
        ),
    ],
)
def test_what_holds_a_deletion_is_named(sick: Sequence[CapiObject], expected: str, kind: str, fact: str) -> None:
    found = judged(*fleet_with(*sick))

    assert rules(found) == [expected]
    assert found[0].object is not None and found[0].object.kind == kind
    assert fact in found[0].chain[0].fact


@pytest.mark.parametrize(
    "going",
    [
        pytest.param([_going("WaitingForInfrastructureDeletion", minutes=5), _infra(minutes=5)], id="five minutes"),
        pytest.param(
            [
                cluster(
                    condition("Deleting", True, "WaitingForWorkersDeletion", since=20), phase="Deleting", deleting=20
                ),
                deployment(deleting=20),
                machine_set(deleting=20),
                _going("WaitingForInfrastructureDeletion", minutes=4),
                _infra(minutes=3),
            ],
            id="a cluster that comes down in order",
        ),
        pytest.param(
            [
                _going(
                    "WaitingForPreTerminateHook",
                    minutes=14,
                    annotations={"pre-terminate.delete.hook.machine.cluster.x-k8s.io/backup": ""},
                    status={
                        "deletion": {"nodeDrainStartTime": ago(14)},
                        "deprecated": {
                            "v1beta1": {
                                "conditions": [
                                    condition(
                                        "PreTerminateDeleteHookSucceeded",
                                        False,
                                        "WaitingExternalHook",
                                        since=1,
                                        severity="Info",
                                    )
                                ]
                            }
                        },
                    },
                )
            ],
            id="a hook after a long drain, without its own time: only v1beta1 conditions tell",
        ),
        pytest.param(
            [
                _going(
                    "WaitingForInfrastructureDeletion", minutes=14, status={"deletion": {"nodeDrainStartTime": ago(14)}}
                ),
                _infra(minutes=1),
            ],
            id="an instance that ends after a long drain",
        ),
        pytest.param(
            [
                cluster(
                    condition("Deleting", True, "WaitingForControlPlaneDeletion", since=25),
                    phase="Deleting",
                    deleting=25,
                )
            ],
            id="a control plane whose turn has come only now, after the workers",
        ),
        pytest.param(
            [_going("DeletionCompleted", minutes=1, finalizers=["velero.io/backup"])], id="a finalizer, for a minute"
        ),
    ],
)
def test_deletions_in_progress_are_silent(going: Sequence[CapiObject]) -> None:
    assert judged(*fleet_with(*going)) == []


def test_machines_whose_cluster_infrastructure_went_first() -> None:
    gone = infra_cluster().key
    objects = fleet_with(WAITS_FOR_INFRA, _infra(), without=[gone])

    read = judged(*objects, listed=LISTED)
    unread = judged(*objects)

    assert [f.rule for f in read if f.object and f.object.kind == "AWSMachine"] == ["stuck.DEL-ORDER"]
    assert [f.rule for f in unread if f.object and f.object.kind == "AWSMachine"] == ["stuck.DEL-INFRA"]


KCP_HOOK = {"pre-terminate.delete.hook.machine.cluster.x-k8s.io/kcp-cleanup": ""}
AT_CLEANUP = machine(
    condition("Deleting", True, "WaitingForPreTerminateHook", "Waiting for pre-terminate hooks to succeed", since=100),
    name="one-cp-1",
    owner=control_plane(),
    phase="Deleting",
    deleting=100,
    annotations=KCP_HOOK,
    status={"deletion": {"waitForPreTerminateHookStartTime": ago(90)}},
)


def test_the_control_plane_that_holds_its_machine_is_named_with_its_log() -> None:
    told = "Cannot delete control plane Machine fleet/one-cp-1, the operation can lead to etcd quorum loss."

    found = judged(*fleet_with(AT_CLEANUP), logs=[log(control_plane(), told)])

    assert rules(found) == ["DEL-KCP-CLEANUP"]
    assert "etcd quorum loss" in found[0].chain[0].fact
    assert found[0].since == ago(90)


def test_a_sick_sibling_is_the_cause_and_not_the_hook() -> None:
    sick = machine(
        condition("Ready", False, since=200),
        condition("NodeReady", False, "NodeNotReady", "* Node.Ready: PLEG is not healthy", since=200),
        condition("APIServerPodHealthy", False, "Failed", "Missing Node", since=200),
        name="one-cp-2",
        owner=control_plane(),
    )

    found = judged(*fleet_with(AT_CLEANUP, sick))

    assert rules(found) == ["NODE-NOTREADY"]
    assert "Machine/fleet/one-cp-1" in found[0].affected


def test_a_pool_whose_kubeconfig_is_gone() -> None:
    pool = made(
        CORE,
        "MachinePool",
        "one-mp-0",
        owner=cluster(),
        status={"phase": "Deleting"},
        deleting=100,
        finalizers=["machinepool.cluster.x-k8s.io"],
        spec={"clusterName": "one"},
    )

    found = judged(*fleet_with(pool), workload=workload(reach=Reach.NO_KUBECONFIG, listed=()))

    assert rules(found) == ["DEL-MACHINEPOOL"]
    assert "DEL-MACHINEPOOL" not in rules(judged(*fleet_with(pool), workload=workload(node())))


def test_a_controller_that_fails_is_named_with_its_error_and_not_without_one() -> None:
    failing = _going("InternalError", "Please check controller logs for errors")

    assert rules(judged(*fleet_with(failing))) == ["UNEXPLAINED"]
    found = judged(
        *fleet_with(failing), logs=[log(failing, "failed to check if Kubernetes Node deletion is allowed: boom")]
    )
    assert rules(found) == ["DEL-ERROR"]
    assert "boom" in found[0].chain[0].fact


def test_nodes_that_outlived_their_machines() -> None:
    def left(name: str, machine_name: str, age: float = 900) -> CapiObject:
        live = node(name=name, age=age)
        annotations = {"cluster.x-k8s.io/machine": machine_name, "cluster.x-k8s.io/cluster-namespace": "fleet"}
        return CapiObject(
            api_version="v1",
            kind="Node",
            namespace="",
            name=name,
            raw={**live.raw, "metadata": {**live.metadata, "annotations": annotations}},
        )

    seen = workload(
        left("old", "one-md-0-gone"),
        left("young", "one-md-0-new", age=3),
        left("mine", "one-md-0-abc-1"),
        node(name="plain"),
    )

    found = judged(*healthy_fleet(), workload=seen, listed=LISTED)

    assert rules(found) == ["DEL-NODE"]
    assert found[0].kind is FindingKind.HEALTH
    assert "1 Node whose Machine is gone: old" in found[0].chain[0].fact
    assert judged(*healthy_fleet(), workload=seen) == [], "not every Machine was listed"
    held = workload(left("young", "one-md-0-new", age=3), left("mine", "one-md-0-abc-1"), node(name="plain"))
    assert judged(*healthy_fleet(), workload=held, listed=LISTED) == []
