"""What is not well yet and still has time, and what belongs to an object."""

from __future__ import annotations

from drift_audit.config.settings import StuckThresholds
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView
from drift_audit.stuck.outlook import below, pending_of
from tests.unit.stuck.stage import (
    CLUSTER,
    MANAGEMENT,
    NOW,
    ago,
    cluster,
    condition,
    deployment,
    fleet_with,
    healthy_fleet,
    machine,
)


def seen(*objects: CapiObject) -> ClusterView:
    return ClusterView(management_cluster=MANAGEMENT, server_version="", objects={live.key: live for live in objects})


def test_a_young_machine_has_time_until_its_clock_runs_out() -> None:
    young = machine(condition("Ready", False, since=4), phase="Provisioned", entered=4)
    view = seen(*fleet_with(young))

    found = pending_of(view, [young.key], dict.fromkeys(view.objects, CLUSTER), StuckThresholds(), NOW)

    assert {(one.fact.partition(":")[0], one.since, one.until, one.late) for one in found} == {
        ("phase Provisioned", ago(4), ago(-6), False),
        ("Ready is False", ago(4), ago(-6), False),
    }


def test_a_healthy_fleet_has_nothing_pending() -> None:
    view = seen(*healthy_fleet())

    assert pending_of(view, view.objects, dict.fromkeys(view.objects, CLUSTER), StuckThresholds(), NOW) == []


def test_a_deployment_has_its_machines_below_it_and_a_cluster_everything() -> None:
    view = seen(*healthy_fleet())
    of = dict.fromkeys(view.objects, CLUSTER)

    assert {key.kind for key in below(view, deployment().key, of)} >= {"MachineSet", "Machine", "AWSMachine"}
    assert below(view, cluster().key, of) == set(view.objects) - {cluster().key}
    assert below(view, machine(name="gone").key, of) == set()
