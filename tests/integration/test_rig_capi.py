"""Cluster API's own controllers keep real clusters, and every lever breaks what it says it breaks.

Each case prints what the controllers wrote (`pytest -rP`): other tests are built on these shapes.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.capi import levers
from tests.rig.capi.declared import (
    BOOTSTRAP,
    CORE,
    INFRA,
    NEVER,
    LiveCluster,
    StartUp,
)
from tests.rig.capi.fleet import LiveFleet
from tests.rig.capi.live import LiveRig, fresh_live_fleet
from tests.rig.capi.ports import held_ports
from tests.rig.capi.processes import ProcessFailed
from tests.rig.capi.shapes import changed, shapes, text
from tests.rig.client import ApiRefused, Json, reference

pytestmark = pytest.mark.rig
NAME = "plain"
DEPLOYMENT = f"{NAME}-md-0"


@pytest.fixture(scope="module")
def shared_fleet(live_rig: LiveRig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveFleet]:
    """One plain cluster for all cases with a lever; each leaves it as it found it."""
    with fresh_live_fleet(live_rig, tmp_path_factory.mktemp("live-fleet")) as fleet:
        fleet.add(LiveCluster(name=NAME))
        yield fleet


@pytest.fixture
def fleet(shared_fleet: LiveFleet) -> LiveFleet:
    """The shared fleet with its cluster at rest."""
    shared_fleet.await_available(NAME)
    return shared_fleet


def test_a_cluster_comes_up_scales_rolls_and_leaves_nothing_behind(live_fleet: LiveFleet) -> None:
    live_fleet.add(LiveCluster(name=NAME))
    up = live_fleet.await_available(NAME)
    first = live_fleet.machines(NAME)
    nodes = {node["metadata"]["name"]: node for node in live_fleet.workload(NAME).list("v1", "Node")}
    for machine in [*first, *live_fleet.machines(NAME, control_plane=True)]:
        node = nodes[machine["status"]["nodeRef"]["name"]]
        assert machine["status"]["phase"] == "Running"
        assert machine["spec"]["providerID"] == node["spec"]["providerID"]
        assert node["status"]["nodeInfo"]["kubeletVersion"] == machine["spec"]["version"]

    live_fleet.change(NAME, workers=3)
    scaled = live_fleet.await_available(NAME)
    assert {name_of(machine) for machine in first} < {name_of(machine) for machine in live_fleet.machines(NAME)}

    live_fleet.change(NAME, worker_template="b", version="v1.35.0")
    rolled = live_fleet.await_available(NAME)
    machines = live_fleet.machines(NAME)
    assert {machine["spec"]["version"] for machine in machines} == {"v1.35.0"}
    assert not {name_of(machine) for machine in first} & {name_of(machine) for machine in machines}

    began = time.monotonic()
    live_fleet.remove(NAME)
    assert live_fleet.remains() == []
    print(f"up {up:.0f} s, scaled {scaled:.0f} s, upgraded {rolled:.0f} s, gone {time.monotonic() - began:.0f} s")


def test_a_cluster_follows_its_class_until_a_patch_of_the_class_fails(live_fleet: LiveFleet) -> None:
    live_fleet.declare_class()
    live_fleet.add(LiveCluster(name="topo", topology="in-memory", workers=1, health_check=None))
    live_fleet.await_available("topo")
    target = reference(CORE, "Cluster", "topo", live_fleet.namespace)
    before = shapes(live_fleet)

    with levers.failing_class_patch(live_fleet):
        found = live_fleet.await_condition(target, "TopologyReconciled", "False", "ReconcileFailed")
        print(text(changed(before, shapes(live_fleet))))
    assert "failed to apply patches" in found["message"]

    live_fleet.await_condition(target, "TopologyReconciled", "True")
    live_fleet.remove("topo")
    assert live_fleet.remains() == []


def test_the_admission_and_conversion_of_the_managers_is_at_work(fleet: LiveFleet) -> None:
    check = reference(CORE, "MachineHealthCheck", "everything", fleet.namespace)
    empty_selector = {**check, "spec": {"clusterName": NAME, "selector": {}, "checks": {}}}

    with pytest.raises(ApiRefused, match="selector"):
        fleet.client.create(empty_selector)

    machine = fleet.client.get(fleet.machines(NAME)[0], version="v1beta1")
    assert machine["spec"]["infrastructureRef"]["apiVersion"] == INFRA
    assert "v1beta2" in machine["status"], "new conditions live under status.v1beta2 there"


def test_every_writer_is_told_by_its_field_manager(fleet: LiveFleet) -> None:
    machine, cluster = fleet.machines(NAME)[0], fleet.cluster(NAME)

    assert managers_of(machine) >= {"capi-machineset", "manager"}
    assert managers_of(cluster) >= {"kustomize-controller", "manager"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A lever, what is done under it, and the condition by which the controllers show it."""

    fault: Callable[[LiveFleet], AbstractContextManager[None]]
    shown_by: Callable[[LiveFleet], Json]
    condition: str
    deprecated: bool = False
    """Among the conditions in the style of v1beta1; some errors are told only there."""
    status: str
    reason: str
    says: str = ""
    logged: tuple[str, str] = ("core", "")
    """A controller, and what its log says since."""
    then: Callable[[LiveFleet], object] = lambda fleet: None
    within: float = 60.0


def name_of(item: Json) -> str:
    return str(item["metadata"]["name"])


def managers_of(item: Json) -> set[str]:
    return {entry["manager"] for entry in item["metadata"]["managedFields"]}


def of_kind(kind: str, name: str, api_version: str = CORE) -> Callable[[LiveFleet], Json]:
    return lambda fleet: reference(api_version, kind, name, fleet.namespace)


def cluster_itself(fleet: LiveFleet) -> Json:
    return of_kind("Cluster", NAME)(fleet)


def deployment(fleet: LiveFleet) -> Json:
    return of_kind("MachineDeployment", DEPLOYMENT)(fleet)


def oldest_worker(fleet: LiveFleet) -> Json:
    """It stays the oldest for as long as it is being deleted."""
    return of_kind("Machine", name_of(fleet.machines(NAME)[0]))(fleet)


def youngest_worker(fleet: LiveFleet) -> Json:
    fleet.await_that("a third worker", lambda: len(fleet.machines(NAME)) == 3)
    return of_kind("Machine", name_of(fleet.machines(NAME)[-1]))(fleet)


def oldest_infrastructure(fleet: LiveFleet) -> Json:
    return of_kind("DevMachine", name_of(fleet.machines(NAME)[0]), INFRA)(fleet)


def newest_set(fleet: LiveFleet) -> Json:
    return of_kind("MachineSet", name_of(fleet.objects("MachineSet", NAME)[-1]))(fleet)


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


CASES = {
    "cluster paused": Case(
        fault=lambda fleet: levers.paused_cluster(fleet, NAME),
        shown_by=oldest_worker,
        condition="Paused",
        status="True",
        reason="Paused",
        says="Cluster spec.paused is set to true",
    ),
    "machine paused": Case(
        fault=lambda fleet: levers.paused_object(fleet, oldest_worker(fleet)),
        shown_by=oldest_worker,
        condition="Paused",
        status="True",
        reason="Paused",
        says="Machine has the cluster.x-k8s.io/paused annotation",
    ),
    "rollout paused": Case(
        fault=lambda fleet: levers.paused_rollout(fleet, DEPLOYMENT),
        then=lambda fleet: fleet.change(NAME, worker_template="paused"),
        shown_by=deployment,
        condition="RollingOut",
        status="True",
        reason="RollingOut",
        says="DevMachine is not up-to-date",
    ),
    "machine template deleted": Case(
        fault=deleted_template("DevMachineTemplate", INFRA),
        then=third_worker,
        shown_by=deployment,
        condition="ScalingUp",
        status="True",
        reason="ScalingUp",
        says="is blocked because DevMachineTemplate does not exist",
    ),
    "bootstrap template deleted": Case(
        fault=deleted_template("KubeadmConfigTemplate", BOOTSTRAP),
        then=third_worker,
        shown_by=deployment,
        condition="ScalingUp",
        status="True",
        reason="ScalingUp",
        says="is blocked because KubeadmConfigTemplate does not exist",
    ),
    "workers newer than the control plane": Case(
        fault=lambda fleet: levers.declared(fleet, NAME, worker_version="v1.36.0"),
        shown_by=deployment,
        condition="RollingOut",
        status="True",
        reason="RollingOut",
        says="Version v1.34.2, v1.36.0 required",
    ),
    "infrastructure that never starts": Case(
        fault=lambda fleet: levers.declared(fleet, NAME, worker_template="never", worker_start_up=StartUp(vm=NEVER)),
        shown_by=youngest_worker,
        condition="InfrastructureReady",
        status="False",
        reason="NotReady",
        says="VMProvisioned: WaitingForStartupTimeout",
    ),
    "a node that never joins": Case(
        fault=lambda fleet: levers.declared(
            fleet, NAME, worker_template="no-node", worker_start_up=StartUp(node=NEVER)
        ),
        shown_by=youngest_worker,
        condition="NodeHealthy",
        status="Unknown",
        reason="InspectionFailed",
        says="Waiting for a Node with spec.providerID",
    ),
    "a node flips": Case(
        fault=flipped_oldest,
        shown_by=oldest_worker,
        condition="HealthCheckSucceeded",
        status="False",
        reason="UnhealthyNode",
        says="Condition Ready on Node is reporting status False with reason KubeletNotReady for more than 10s",
    ),
    "remediation held back": Case(
        fault=lambda fleet: levers.short_circuited(fleet, NAME),
        shown_by=of_kind("MachineHealthCheck", f"{NAME}-workers"),
        condition="RemediationAllowed",
        status="False",
        reason="TooManyUnhealthy",
        says="total: 2, unhealthy: 2, maxUnhealthy: 0%",
        within=90.0,
    ),
    "machine with a foreign finalizer": Case(
        fault=lambda fleet: levers.blocked_deletion(fleet, oldest_worker(fleet)),
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="DeletionCompleted",
    ),
    "infrastructure with a foreign finalizer": Case(
        fault=lambda fleet: levers.blocked_deletion(fleet, oldest_infrastructure(fleet)),
        then=delete_worker,
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForInfrastructureDeletion",
    ),
    "pre-drain hook": Case(
        fault=lambda fleet: levers.held_by_hook(fleet, name_of(oldest_worker(fleet))),
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForPreDrainHook",
        says="pre-drain.delete.hook.machine.cluster.x-k8s.io/rig",
    ),
    "pre-terminate hook": Case(
        fault=lambda fleet: levers.held_by_hook(fleet, name_of(oldest_worker(fleet)), "pre-terminate"),
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForPreTerminateHook",
    ),
    "attached volume": Case(
        fault=node_with_volume,
        then=delete_worker,
        shown_by=oldest_worker,
        condition="Deleting",
        status="True",
        reason="WaitingForVolumeDetach",
    ),
    "static pod not ready": Case(
        fault=sick_pod("etcd"),
        shown_by=control_plane_machine,
        condition="EtcdPodHealthy",
        status="False",
        reason="Provisioning",
        says="Waiting for startup or readiness probes",
        within=90.0,
    ),
    "bootstrap manager frozen": Case(
        fault=lambda fleet: levers.frozen(fleet, "bootstrap"),
        then=third_worker,
        shown_by=newest_set,
        condition="MachinesCreated",
        deprecated=True,
        status="False",
        reason="BootstrapTemplateCloningFailed",
        says="failed calling webhook",
    ),
    "bootstrap manager down": Case(
        fault=lambda fleet: levers.down(fleet, "bootstrap"),
        then=third_worker,
        shown_by=newest_set,
        condition="MachinesCreated",
        deprecated=True,
        status="False",
        reason="BootstrapTemplateCloningFailed",
        says="connection refused",
    ),
    "webhook of the infrastructure down": Case(
        fault=lambda fleet: levers.unreachable_webhooks(fleet, "infrastructure"),
        then=third_worker,
        shown_by=newest_set,
        condition="MachinesCreated",
        deprecated=True,
        status="False",
        reason="InfrastructureTemplateCloningFailed",
        says="connection refused",
    ),
    "infrastructure manager without rights": Case(
        fault=lambda fleet: levers.without_rights(fleet, "infrastructure"),
        then=third_worker,
        shown_by=youngest_worker,
        condition="InfrastructureReady",
        status="False",
        reason="NotReady",
        says="DevMachine status.initialization.provisioned is false",
        logged=("infrastructure", "is forbidden"),
    ),
    "kubeconfig lost, and the connection once": Case(
        fault=lambda fleet: levers.lost_kubeconfig(fleet, NAME),
        then=lose_connection,
        shown_by=cluster_itself,
        condition="RemoteConnectionProbe",
        status="False",
        reason="ProbeFailed",
        logged=("core", "error getting kubeconfig secret"),
    ),
    "workload API gone": Case(
        fault=lambda fleet: levers.unreachable_workload(fleet, NAME),
        shown_by=cluster_itself,
        condition="RemoteConnectionProbe",
        status="False",
        reason="ProbeFailed",
        within=150.0,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_lever_shows_in_the_conditions_and_leaves_nothing(fleet: LiveFleet, case: Case) -> None:
    wanted = fleet.clusters[NAME]
    before = shapes(fleet)
    controller, words = case.logged
    log = fleet.controllers[controller].log
    logged_before = log.stat().st_size

    with ExitStack() as stack:
        stack.enter_context(case.fault(fleet))
        case.then(fleet)
        target = case.shown_by(fleet)
        began = time.monotonic()
        found = fleet.await_condition(
            target,
            case.condition,
            case.status,
            case.reason,
            says=case.says,
            deprecated=case.deprecated,
            within=case.within,
        )
        print(f"after {time.monotonic() - began:.0f} s: {found}\n{text(changed(before, shapes(fleet)))}")
        fleet.await_that(f"{controller} logs {words}", lambda: words in log.read_text()[logged_before:])

    fleet.add(wanted)
    print(f"at rest again after {fleet.await_available(NAME):.0f} s")


def test_a_webhook_that_is_down_refuses_every_write_to_its_kinds(fleet: LiveFleet) -> None:
    target = deployment(fleet)

    with levers.unreachable_webhooks(fleet, "core"), pytest.raises(ApiRefused, match="connection refused") as refusal:
        fleet.management_cluster.human.merge_patch(target, {"spec": {"replicas": 3}}, "kubectl-edit")

    assert refusal.value.status == 500
    fleet.management_cluster.human.merge_patch(target, {"spec": {"replicas": 2}}, "kubectl-edit")


def test_a_suspended_kustomization_says_so(fleet: LiveFleet) -> None:
    kustomization = fleet.deliver()
    assert kustomization["spec"]["suspend"] is False

    with levers.suspended_gitops(fleet):
        assert fleet.client.get(kustomization)["spec"]["suspend"] is True

    assert fleet.client.get(kustomization)["spec"]["suspend"] is False


def test_controllers_are_told_apart_and_come_back(live_rig: LiveRig) -> None:
    core = live_rig.controllers["core"]
    first = core.process_id

    core.kill()
    with pytest.raises(ProcessFailed, match="core is not running"):
        core.freeze()
    core.restart()

    assert core.process_id != first
    assert {log.name for log in live_rig.controllers.logs.values()} == {
        *("core.log", "bootstrap.log", "control-plane.log", "infrastructure.log"),
        "kube-controller-manager.log",
    }
    assert all(log.stat().st_size for log in live_rig.controllers.logs.values())


def test_no_controller_outlives_a_test_run_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import subprocess, time\n"
        "from tests.rig.capi.processes import guarded_group\n"
        "with guarded_group() as group:\n"
        "    print(subprocess.Popen(['sleep', '600'], process_group=group).pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        controller = int(run.stdout.readline())
        run.kill()
        run.wait()

        deadline = time.monotonic() + 10
        while is_running(controller) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_running(controller)


def test_held_ports_are_free_for_a_server_and_for_no_second_rig() -> None:
    with held_ports(3) as ports:
        with socket.socket() as another_rig, pytest.raises(OSError):
            another_rig.bind(("127.0.0.1", ports[0]))
        with socket.create_server(("", ports[0])):
            pass


def is_running(process_id: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
