"""Cluster API's own controllers are at work, and what the rig does to them holds.

What they keep and what each lever breaks is proven where the audit looks at it: `tests/e2e/test_stuck_live.py`.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.capi import levers
from tests.rig.capi.declared import CORE, INFRA, LiveCluster
from tests.rig.capi.faults import NAME, deployment
from tests.rig.capi.fleet import LiveFleet
from tests.rig.capi.live import LiveRig, fresh_live_fleet
from tests.rig.capi.ports import held_ports
from tests.rig.capi.processes import ProcessFailed
from tests.rig.client import ApiRefused, Json, reference

pytestmark = pytest.mark.rig


@pytest.fixture(scope="module")
def shared_fleet(live_rig: LiveRig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveFleet]:
    """One plain cluster; each test leaves it as it found it."""
    with fresh_live_fleet(live_rig, tmp_path_factory.mktemp("live-fleet")) as fleet:
        fleet.add(LiveCluster(name=NAME))
        yield fleet


@pytest.fixture
def fleet(shared_fleet: LiveFleet) -> LiveFleet:
    """The shared fleet with its cluster at rest."""
    shared_fleet.await_available(NAME)
    return shared_fleet


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


def managers_of(item: Json) -> set[str]:
    return {entry["manager"] for entry in item["metadata"]["managedFields"]}


def test_a_webhook_that_is_down_refuses_every_write_to_its_kinds(fleet: LiveFleet) -> None:
    target = deployment(fleet)

    with levers.unreachable_webhooks(fleet, "core"), pytest.raises(ApiRefused, match="connection refused") as refusal:
        fleet.management_cluster.human.merge_patch(target, {"spec": {"replicas": 3}}, "kubectl-edit")

    assert refusal.value.status == 500
    fleet.management_cluster.human.merge_patch(target, {"spec": {"replicas": 2}}, "kubectl-edit")


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
