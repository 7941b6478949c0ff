"""Faults of a live fleet: a lever, what is done under it, and how the controllers show it.

Each leaves the cluster as it found it, so that one cluster serves all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.rig.capi import levers
from tests.rig.capi.declared import BOOTSTRAP, CONTROL_PLANE, CORE, INFRA, NEVER, LiveCluster, StartUp
from tests.rig.capi.fleet import FLUX, LiveFleet
from tests.rig.client import Json, reference

NAME = "plain"
DEPLOYMENT = f"{NAME}-md-0"
FOLLOWER = "topo"
"""A cluster that follows a ClusterClass."""
NEWCOMER = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A lever, what is done under it, the condition by which the controllers show it, and the cause that it is."""

    lever: Callable[[LiveFleet], AbstractContextManager[None]]
    then: Callable[[LiveFleet], object] = lambda fleet: None
    shown_by: Callable[[LiveFleet], Json]
    condition: str
    deprecated: bool = False
    """Among the conditions in the style of v1beta1; some errors are told only there."""
    status: str
    reason: str
    says: str = ""
    logged: tuple[str, str] = ("core", "")
    """A controller, and what its log says since."""
    within: float = 60.0
    signature: str
    """Of the cause that the audit has to name first."""
    on: Callable[[LiveFleet], Json] | None = None
    """Where it has to name it; `None`: at the object that shows it."""
    beside: frozenset[str] = frozenset()
    """Other signatures that are true at the same time."""
    after: timedelta
    """How long it has to last until the audit may speak of it."""


def name_of(item: Json) -> str:
    return str(item["metadata"]["name"])


def of_kind(kind: str, name: str, api_version: str = CORE) -> Callable[[LiveFleet], Json]:
    return lambda fleet: reference(api_version, kind, name, fleet.namespace)


def cluster_itself(fleet: LiveFleet) -> Json:
    return of_kind("Cluster", NAME)(fleet)


def deployment(fleet: LiveFleet) -> Json:
    return of_kind("MachineDeployment", DEPLOYMENT)(fleet)


def oldest_worker(fleet: LiveFleet) -> Json:
    """It stays the oldest for as long as it is being deleted."""
    return of_kind("Machine", name_of(fleet.machines(NAME)[0]))(fleet)


def first_worker(fleet: LiveFleet) -> Json:
    """By its name, as reports order what is alike."""
    return of_kind("Machine", min(map(name_of, fleet.machines(NAME))))(fleet)


def youngest_worker(fleet: LiveFleet) -> Json:
    fleet.await_that("a third worker", lambda: len(fleet.machines(NAME)) == 3)
    return of_kind("Machine", name_of(fleet.machines(NAME)[-1]))(fleet)


def oldest_infrastructure(fleet: LiveFleet) -> Json:
    return of_kind("DevMachine", name_of(fleet.machines(NAME)[0]), INFRA)(fleet)


def youngest_infrastructure(fleet: LiveFleet) -> Json:
    return of_kind("DevMachine", name_of(fleet.machines(NAME)[-1]), INFRA)(fleet)


def newest_set(fleet: LiveFleet) -> Json:
    sets = fleet.objects("MachineSet", NAME)
    newest = max(sets, key=lambda item: (item["metadata"]["creationTimestamp"], name_of(item)))
    return of_kind("MachineSet", name_of(newest))(fleet)


def second_set(fleet: LiveFleet) -> Json:
    fleet.await_that("a second MachineSet", lambda: len(fleet.objects("MachineSet", NAME)) == 2)
    return newest_set(fleet)


def control_plane_machine(fleet: LiveFleet) -> Json:
    return of_kind("Machine", name_of(fleet.machines(NAME, control_plane=True)[0]))(fleet)


def delete_worker(fleet: LiveFleet) -> None:
    fleet.management_cluster.human.delete(oldest_worker(fleet))


def lose_connection(fleet: LiveFleet) -> None:
    """The workload cluster is away until the core manager gives its connection up (five probes, 10 s apart)."""
    log = fleet.controllers["core"].log
    before = log.stat().st_size
    with levers.unreachable_workload(fleet, NAME):
        fleet.await_that("core disconnects", lambda: '"Disconnected"' in log.read_text()[before:], within=150.0)


def third_worker(fleet: LiveFleet) -> None:
    """A person scales up; the next declaration takes it back."""
    fleet.management_cluster.human.scale(deployment(fleet), 3, "kubectl")


def deleted_template(kind: str, api_version: str) -> Callable[[LiveFleet], AbstractContextManager[None]]:
    return lambda fleet: levers.deleted(fleet, of_kind(kind, f"{DEPLOYMENT}-a", api_version)(fleet))


def sick_pod(component: str) -> Callable[[LiveFleet], AbstractContextManager[None]]:
    def unready(pod: Json) -> Json:
        said = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{component}]"}
        return {**pod, "status": {**pod["status"], "conditions": [{"type": "Ready", "status": "False", **said}]}}

    def lever(fleet: LiveFleet) -> AbstractContextManager[None]:
        machine = name_of(fleet.machines(NAME, control_plane=True)[0])
        pod = reference("v1", "Pod", f"{component}-{machine}", "kube-system")
        return levers.changed_in_workload(fleet, NAME, pod, unready)

    return lever


def node_with_volume(fleet: LiveFleet) -> AbstractContextManager[None]:
    volume = {"name": "kubernetes.io/csi/ebs.csi.aws.com^vol-1", "devicePath": ""}
    node = reference("v1", "Node", name_of(fleet.machines(NAME)[0]))
    return levers.changed_in_workload(
        fleet, NAME, node, lambda found: {**found, "status": {**found["status"], "volumesAttached": [volume]}}
    )


def flipped_oldest(fleet: LiveFleet) -> AbstractContextManager[None]:
    return levers.flipped_node(fleet, NAME, name_of(fleet.machines(NAME)[0]))


def without_health_check(fleet: LiveFleet) -> AbstractContextManager[None]:
    """It would replace what is broken."""
    return levers.deleted(fleet, of_kind("MachineHealthCheck", f"{NAME}-workers")(fleet))


@contextmanager
def deleted_infrastructure(fleet: LiveFleet) -> Iterator[None]:
    """Of the oldest worker, which nothing replaces until the end."""
    worker = oldest_worker(fleet)
    with without_health_check(fleet):
        try:
            fleet.management_cluster.human.delete(oldest_infrastructure(fleet))
            yield
        finally:
            if fleet.client.find(worker):
                fleet.client.delete(worker)


@contextmanager
def paused_and_deleted(fleet: LiveFleet) -> Iterator[None]:
    worker = oldest_worker(fleet)
    with levers.paused_object(fleet, worker):
        fleet.await_condition(worker, "Paused", "True")
        fleet.management_cluster.human.delete(worker)
        yield


@contextmanager
def node_down(fleet: LiveFleet) -> Iterator[None]:
    with without_health_check(fleet), flipped_oldest(fleet):
        yield


def full_disk(fleet: LiveFleet) -> AbstractContextManager[None]:
    return levers.flipped_node(
        fleet,
        NAME,
        name_of(fleet.machines(NAME)[0]),
        condition="DiskPressure",
        status="True",
        reason="KubeletHasDiskPressure",
        message="kubelet has disk pressure",
    )


def newcomer(**fields: Any) -> Callable[[LiveFleet], AbstractContextManager[None]]:
    """One more cluster that does not come up."""
    return lambda fleet: levers.newcomer(fleet, LiveCluster(name=NEWCOMER, workers=0, health_check=None, **fields))


def kustomization(fleet: LiveFleet) -> Json:
    return reference(f"{FLUX}/v1", "Kustomization", fleet.name, fleet.namespace)


def webhook_configuration(name: str) -> Callable[[LiveFleet], Json]:
    return lambda fleet: reference("admissionregistration.k8s.io/v1", name.rpartition("/")[0], name.rpartition("/")[2])


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


FAULTS = {
    "A person paused a Cluster": Fault(
        lever=lambda fleet: levers.paused_cluster(fleet, NAME),
        shown_by=oldest_worker,
        condition="Paused",
        status="True",
        reason="Paused",
        says="Cluster spec.paused is set to true",
        signature="PAUSE-CLUSTER",
        on=cluster_itself,
        after=timedelta(hours=5),
    ),
    "A person annotated a Machine as paused": Fault(
        lever=lambda fleet: levers.paused_object(fleet, oldest_worker(fleet)),
        shown_by=oldest_worker,
        condition="Paused",
        status="True",
        reason="Paused",
        says="Machine has the cluster.x-k8s.io/paused annotation",
        signature="PAUSE-OBJECT",
        after=timedelta(hours=5),
    ),
    "A Machine that is paused was deleted": Fault(
        lever=paused_and_deleted,
        shown_by=oldest_worker,
        condition="Paused",
        status="True",
        reason="Paused",
        signature="PAUSE-DELETION",
        after=minutes(70),
    ),
    "A person paused a MachineDeployment, then its template changed": Fault(
        lever=lambda fleet: levers.paused_rollout(fleet, DEPLOYMENT),
        then=lambda fleet: fleet.change(NAME, worker_template="paused"),
        shown_by=deployment,
        condition="RollingOut",
        status="True",
        reason="RollingOut",
        says="DevMachine is not up-to-date",
        signature="PAUSE-MD",
        after=timedelta(hours=5),
    ),
    "The machine template of a MachineDeployment was deleted": Fault(
        lever=deleted_template("DevMachineTemplate", INFRA),
        then=third_worker,
        shown_by=deployment,
        condition="ScalingUp",
        status="True",
        reason="ScalingUp",
        says="is blocked because DevMachineTemplate does not exist",
        signature="MACH-TEMPLATE-GONE",
        on=newest_set,
        after=minutes(6),
    ),
    "The bootstrap template of a MachineDeployment was deleted": Fault(
        lever=deleted_template("KubeadmConfigTemplate", BOOTSTRAP),
        then=third_worker,
        shown_by=deployment,
        condition="ScalingUp",
        status="True",
        reason="ScalingUp",
        says="is blocked because KubeadmConfigTemplate does not exist",
        signature="MACH-TEMPLATE-GONE",
        on=newest_set,
        after=minutes(6),
    ),
    "Workers are declared newer than their control plane": Fault(
        lever=lambda fleet: levers.declared(fleet, NAME, worker_version="v1.36.0"),
        shown_by=second_set,
        condition="ScalingUp",
        status="True",
        reason="ScalingUp",
        says="MachineSet version is higher than ControlPlane version",
        signature="JOIN-PREFLIGHT-SKEW",
        after=minutes(45),
    ),
    "The infrastructure of a Machine never starts": Fault(
        lever=lambda fleet: levers.declared(fleet, NAME, worker_template="never", worker_start_up=StartUp(vm=NEVER)),
        shown_by=youngest_worker,
        condition="InfrastructureReady",
        status="False",
        reason="NotReady",
        says="VMProvisioned: WaitingForStartupTimeout",
        signature="MACH-STARTING",
        on=youngest_infrastructure,
        after=minutes(25),
    ),
    "A machine starts, and its Node never joins": Fault(
        lever=lambda fleet: levers.declared(
            fleet, NAME, worker_template="no-node", worker_start_up=StartUp(node=NEVER)
        ),
        shown_by=youngest_worker,
        condition="NodeHealthy",
        status="Unknown",
        reason="InspectionFailed",
        says="Waiting for a Node with spec.providerID",
        signature="JOIN-NO-NODE",
        after=minutes(25),
    ),
    "A new cluster names an infrastructure object that nobody declared": Fault(
        lever=newcomer(without=frozenset({"DevCluster"})),
        shown_by=of_kind("Cluster", NEWCOMER),
        condition="InfrastructureReady",
        status="False",
        reason="ObjectDoesNotExist",
        signature="INFRA-NEVER-MADE",
        after=minutes(20),
    ),
    "The control plane of a new cluster names a template that nobody declared": Fault(
        lever=newcomer(without=frozenset({"DevMachineTemplate"})),
        shown_by=of_kind("KubeadmControlPlane", f"{NEWCOMER}-control-plane", CONTROL_PLANE),
        condition="ScalingUp",
        status="True",
        reason="ScalingUp",
        says="DevMachineTemplate does not exist",
        signature="MACH-TEMPLATE-GONE",
        after=minutes(6),
    ),
    "A Node is not ready, and no health check looks at it": Fault(
        lever=node_down,
        shown_by=oldest_worker,
        condition="NodeHealthy",
        status="False",
        reason="NodeNotHealthy",
        signature="NODE-NOTREADY",
        beside=frozenset({"MHC-MISSING"}),
        after=minutes(20),
    ),
    "The disk of a Node is full": Fault(
        lever=full_disk,
        shown_by=oldest_worker,
        condition="NodeHealthy",
        status="False",
        reason="NodeNotHealthy",
        signature="NODE-PRESSURE",
        beside=frozenset({"MHC-BLIND"}),
        after=minutes(20),
    ),
    "A person deleted the infrastructure object of a Machine": Fault(
        lever=deleted_infrastructure,
        shown_by=oldest_worker,
        condition="InfrastructureReady",
        status="False",
        reason="ObjectDeleted",
        signature="INFRA-DELETED-OOB",
        after=minutes(6),
    ),
    "All Nodes are down, and the health check may repair none": Fault(
        lever=lambda fleet: levers.short_circuited(fleet, NAME),
        shown_by=of_kind("MachineHealthCheck", f"{NAME}-workers"),
        condition="RemediationAllowed",
        status="False",
        reason="TooManyUnhealthy",
        says="total: 2, unhealthy: 2, maxUnhealthy: 0%",
        within=90.0,
        signature="NODE-NOTREADY",
        on=first_worker,
        beside=frozenset({"MHC-SHORT-CIRCUIT"}),
        after=minutes(20),
    ),
    "A finalizer that nobody serves holds a Machine": Fault(
        lever=lambda fleet: levers.blocked_deletion(fleet, oldest_worker(fleet)),
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="DeletionCompleted",
        signature="DEL-FOREIGN-FINALIZER",
        after=minutes(70),
    ),
    "A finalizer that nobody serves holds the infrastructure of a Machine": Fault(
        lever=lambda fleet: levers.blocked_deletion(fleet, oldest_infrastructure(fleet)),
        then=delete_worker,
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForInfrastructureDeletion",
        signature="DEL-FOREIGN-FINALIZER",
        on=oldest_infrastructure,
        after=minutes(70),
    ),
    "Nobody takes the pre-drain hook of a Machine away": Fault(
        lever=lambda fleet: levers.held_by_hook(fleet, name_of(oldest_worker(fleet))),
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForPreDrainHook",
        says="pre-drain.delete.hook.machine.cluster.x-k8s.io/rig",
        signature="DEL-PREDRAIN-HOOK",
        after=minutes(35),
    ),
    "Nobody takes the pre-terminate hook of a Machine away": Fault(
        lever=lambda fleet: levers.held_by_hook(fleet, name_of(oldest_worker(fleet)), "pre-terminate"),
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForPreTerminateHook",
        signature="DEL-PREDRAIN-HOOK",
        after=minutes(35),
    ),
    "A volume stays attached to the Node of a Machine that is to go": Fault(
        lever=node_with_volume,
        then=delete_worker,
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForVolumeDetach",
        signature="DEL-VOLUME",
        after=minutes(35),
    ),
    "etcd does not become ready on its Node": Fault(
        lever=sick_pod("etcd"),
        shown_by=control_plane_machine,
        condition="EtcdPodHealthy",
        status="False",
        reason="Provisioning",
        says="Waiting for startup or readiness probes",
        within=90.0,
        signature="CP-COMPONENT",
        after=minutes(25),
    ),
    "The kubeadm bootstrap manager hangs": Fault(
        lever=lambda fleet: levers.frozen(fleet, "bootstrap"),
        then=third_worker,
        shown_by=newest_set,
        condition="MachinesCreated",
        deprecated=True,
        status="False",
        reason="BootstrapTemplateCloningFailed",
        says="failed calling webhook",
        signature="MGMT-WEBHOOK-DOWN",
        on=webhook_configuration(
            "ValidatingWebhookConfiguration/capi-kubeadm-bootstrap-validating-webhook-configuration"
        ),
        after=minutes(6),
    ),
    "The kubeadm bootstrap manager has crashed": Fault(
        lever=lambda fleet: levers.down(fleet, "bootstrap"),
        then=third_worker,
        shown_by=newest_set,
        condition="MachinesCreated",
        deprecated=True,
        status="False",
        reason="BootstrapTemplateCloningFailed",
        says="connection refused",
        signature="MGMT-WEBHOOK-DOWN",
        on=webhook_configuration(
            "ValidatingWebhookConfiguration/capi-kubeadm-bootstrap-validating-webhook-configuration"
        ),
        after=minutes(6),
    ),
    "The webhooks of the infrastructure provider lead nowhere": Fault(
        lever=lambda fleet: levers.unreachable_webhooks(fleet, "infrastructure"),
        then=third_worker,
        shown_by=newest_set,
        condition="MachinesCreated",
        deprecated=True,
        status="False",
        reason="InfrastructureTemplateCloningFailed",
        says="connection refused",
        signature="MGMT-WEBHOOK-DOWN",
        on=webhook_configuration("MutatingWebhookConfiguration/capd-mutating-webhook-configuration"),
        after=minutes(6),
    ),
    "The infrastructure provider has lost its ClusterRoleBinding": Fault(
        lever=lambda fleet: levers.without_rights(fleet, "infrastructure"),
        then=third_worker,
        shown_by=youngest_worker,
        condition="InfrastructureReady",
        status="False",
        reason="NotReady",
        says="DevMachine status.initialization.provisioned is false",
        logged=("infrastructure", "is forbidden"),
        signature="MGMT-RBAC",
        on=youngest_infrastructure,
        after=minutes(6),
    ),
    "The kubeconfig of a workload cluster was deleted, and the connection broke": Fault(
        lever=lambda fleet: levers.lost_kubeconfig(fleet, NAME),
        then=lose_connection,
        shown_by=cluster_itself,
        condition="RemoteConnectionProbe",
        status="False",
        reason="ProbeFailed",
        logged=("core", "error getting kubeconfig secret"),
        signature="CP-KUBECONFIG",
        after=minutes(16),
    ),
    "The API server of a workload cluster is gone": Fault(
        lever=lambda fleet: levers.unreachable_workload(fleet, NAME),
        shown_by=cluster_itself,
        condition="RemoteConnectionProbe",
        status="False",
        reason="ProbeFailed",
        within=150.0,
        signature="CP-UNREACHABLE",
        after=minutes(16),
    ),
    "A patch of a ClusterClass cannot be applied": Fault(
        lever=levers.failing_class_patch,
        shown_by=of_kind("Cluster", FOLLOWER),
        condition="TopologyReconciled",
        status="False",
        reason="ReconcileFailed",
        says="failed to apply patches",
        signature="TOPO-PATCH",
        after=minutes(70),
    ),
    "The Kustomization that delivers the fleet is suspended": Fault(
        lever=levers.suspended_gitops,
        shown_by=kustomization,
        condition="Ready",
        status="True",
        reason="ReconciliationSucceeded",
        signature="GITOPS-SUSPENDED",
        after=timedelta(hours=25),
    ),
    "The core manager has crashed": Fault(
        lever=levers.crashed_core,
        then=delete_worker,
        shown_by=lambda fleet: reference("apps/v1", "Deployment", "capi-controller-manager", "capi-system"),
        condition="Available",
        status="False",
        reason="MinimumReplicasUnavailable",
        signature="MGMT-CONTROLLER-STALLED",
        after=minutes(20),
    ),
}
