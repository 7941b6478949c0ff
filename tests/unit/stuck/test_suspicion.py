"""Who is looked at more closely, and that a fleet in good order is not."""

from __future__ import annotations

import pytest

from drift_audit.config.settings import ClockLimits, StuckThresholds
from drift_audit.model.health import Clock, Suspicion
from drift_audit.model.keys import ClusterKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView, Views
from drift_audit.stuck.suspicion import suspicion_of, with_samples
from tests.unit.stuck import stage


def views_of(*objects: CapiObject, name: str = stage.MANAGEMENT) -> Views:
    view = ClusterView(management_cluster=name, server_version="v1.34.1", objects={live.key: live for live in objects})
    return Views(clusters=(view,))


def suspicion(*objects: CapiObject, thresholds: StuckThresholds | None = None) -> Suspicion:
    return suspicion_of(views_of(*objects), thresholds or StuckThresholds(), stage.NOW)


def names(found: Suspicion) -> set[str]:
    return {f"{key.kind}/{key.name}" for key in found.objects.get(stage.MANAGEMENT, ())}


def sick_machine(since: float = 30) -> CapiObject:
    return stage.machine(stage.condition("Ready", False, since=since))


def test_a_healthy_fleet_is_not_looked_at() -> None:
    found = suspicion(*stage.healthy_fleet())

    assert not found
    assert found == Suspicion()


def test_a_suspect_brings_what_it_belongs_to_and_what_it_names() -> None:
    found = suspicion(*stage.fleet_with(sick_machine()))

    assert names(found) == {
        "Machine/one-md-0-abc-1",
        "AWSMachine/one-md-0-abc-1",
        "KubeadmConfig/one-md-0-abc-1",
        "MachineSet/one-md-0-abc",
        "MachineDeployment/one-md-0",
        "Cluster/one",
        "AWSCluster/one",
        "KubeadmControlPlane/one-cp",
    }
    assert found.clusters == {stage.CLUSTER}


@pytest.mark.parametrize(("minutes", "wanted"), [(1, False), (3, True)])
def test_the_shortest_clock_of_all_has_to_pass(minutes: float, wanted: bool) -> None:
    assert bool(suspicion(*stage.fleet_with(sick_machine(since=minutes)))) is wanted


def test_the_configuration_can_stretch_that_clock() -> None:
    patient = StuckThresholds(clocks={Clock.AT_ONCE: ClockLimits(warn=60, critical=90)})

    assert not suspicion(*stage.fleet_with(sick_machine(since=30)), thresholds=patient)


@pytest.mark.parametrize(("hours", "wanted"), [(1, False), (5, True)])
def test_a_pause_is_left_alone_for_as_long_as_a_pause_may_last(hours: float, wanted: bool) -> None:
    paused = stage.cluster(stage.condition("Paused", True, since=hours * 60), spec={"paused": True})

    assert bool(suspicion(*stage.fleet_with(paused))) is wanted


def test_a_moment_that_nobody_can_read_excuses_nothing() -> None:
    odd = stage.machine({"type": "Ready", "status": "False", "lastTransitionTime": "yesterday"})

    assert suspicion(*stage.fleet_with(odd))


def test_a_suspect_of_a_cluster_that_is_not_there_has_none() -> None:
    alone = stage.made(stage.CORE, "Machine", "alone", conditions=[stage.condition("Ready", False)])

    found = suspicion(alone)

    assert names(found) == {"Machine/alone"}
    assert found.clusters == frozenset()


def test_a_sample_is_taken_where_nobody_is_suspect() -> None:
    quiet, sick = views_of(*stage.healthy_fleet(), name="quiet"), views_of(*stage.fleet_with(sick_machine()))
    views = Views(clusters=(*quiet.clusters, *sick.clusters))

    found = with_samples(suspicion_of(views, StuckThresholds(), stage.NOW), views)

    assert {key.kind for key in found.objects["quiet"]} == {"Cluster"}
    assert len(found.objects[stage.MANAGEMENT]) == 8
    assert found.clusters == {ClusterKey("quiet", stage.NAMESPACE, "one"), stage.CLUSTER}
