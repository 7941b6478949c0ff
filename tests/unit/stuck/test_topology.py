"""ClusterClasses, their patches and hooks, upgrades, and topologies that never come to rest."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Certainty, Severity
from drift_audit.model.health import Event
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    AWS,
    CORE,
    NAMESPACE,
    ago,
    cluster,
    condition,
    control_plane,
    deployment,
    fleet_with,
    judged,
    log,
    machine,
    made,
    rules,
)

TOPOLOGY = {"topology": {"classRef": {"name": "base"}, "version": "v1.34.1"}}
OLDER = {"topology": {"class": "base", "version": "v1.34.1"}}
CLASS = ("cluster.x-k8s.io", "ClusterClass")
NO_TEMPLATE = (
    "error reading the ClusterClass: failed to get infrastructure machine template for ClusterClass fleet/base, "
    'MachineDeployment class "workers": failed to retrieve AWSMachineTemplate fleet/base-workers: '
    'awsmachinetemplates.infrastructure.cluster.x-k8s.io "base-workers" not found'
)
PATCH = (
    "error computing the desired state of the Cluster topology: failed to apply patches: failed to generate patches "
    'for patch "region": failed to render value: variable "region" missing'
)
INVALID = (
    'Cluster.cluster.x-k8s.io "one" is invalid: spec.topology.variables[region]: Required value: required variable '
    '"region" must be set'
)
DRY_RUN = (
    "error reconciling the Cluster topology: failed to create patch helper for AWSMachineTemplate fleet/one-x: server "
    "side apply dry-run failed for modified object: admission webhook "
    '"validation.awsmachinetemplate.infrastructure.x-k8s.io" denied the request: AWSMachineTemplate "one-x" is '
    "invalid: spec: Forbidden: AWSMachineTemplateSpec is immutable"
)
EXTENSION = (
    "error computing the desired state of the Cluster topology: failed to apply patches: failed to generate patches "
    'for patch "external": failed to call extension handler "generate-patches.quotas": http call failed: Post '
    '"https://quotas.ext.svc/hooks": dial tcp: connect: connection refused'
)
UNREADY = (
    'ClusterClass is not successfully reconciled: status of VariablesReady condition on ClusterClass must be "True"'
)


def _told(
    message: str, reason: str = "ReconcileFailed", *, since: float = 90, name: str = "one", spec: Any = TOPOLOGY
) -> CapiObject:
    told = [condition("TopologyReconciled", False, reason, message, since=since), condition("ControlPlaneInitialized")]
    if name == "one":
        return cluster(*told, spec=spec)
    return made(CORE, "Cluster", name, spec=spec, status={"phase": "Provisioned"}, conditions=told)


def _class(*conditions: Any, generation: int = 1, seen: int = 1) -> CapiObject:
    well = (condition("VariablesReady"), condition("RefVersionsUpToDate"))
    return made(
        CORE,
        "ClusterClass",
        "base",
        status={"observedGeneration": seen},
        generation=generation,
        conditions=conditions or well,
    )


@pytest.mark.parametrize(
    ("objects", "found", "variant"),
    [
        pytest.param([_told(NO_TEMPLATE)], ["TOPO-CLASS"], "fleet/base", id="template-gone"),
        pytest.param([_told(NO_TEMPLATE, spec=OLDER)], ["TOPO-CLASS"], "fleet/base", id="template-gone-v1beta1"),
        pytest.param(
            [_told('failed to retrieve ClusterClass fleet/base: clusterclasses "base" not found')],
            ["TOPO-CLASS"],
            "fleet/base",
            id="class-gone",
        ),
        pytest.param([_told(UNREADY), _class()], ["TOPO-CLASS"], "fleet/base", id="class-not-reconciled"),
        pytest.param(
            [_told("ClusterClass not reconciled. If this ...", "ClusterClassNotReconciled"), _class(generation=3)],
            ["TOPO-CLASS"],
            "fleet/base",
            id="class-not-reconciled-of-old",
        ),
        pytest.param([_told(NO_TEMPLATE, since=10)], [], "", id="class-since-minutes"),
        pytest.param([_told(PATCH)], ["TOPO-PATCH"], "fleet/base patch region", id="patch"),
        pytest.param(
            [_told(PATCH, "TopologyReconcileFailed", spec=OLDER)],
            ["TOPO-PATCH"],
            "fleet/base patch region",
            id="patch-v1beta1",
        ),
        pytest.param([_told(INVALID)], ["TOPO-PATCH"], "fleet/base variables", id="variables"),
        pytest.param([_told(PATCH, since=10)], [], "", id="patch-since-minutes"),
        pytest.param(
            [_told(DRY_RUN)],
            ["TOPO-IMMUTABLE"],
            "validation.awsmachinetemplate.infrastructure.x-k8s.io",
            id="dry-run-denied",
        ),
        pytest.param(
            [_told("server side apply dry-run failed for modified object: etcdserver: request timed out")],
            ["TOPO-FAILED"],
            "",
            id="dry-run-that-failed-otherwise",
        ),
        pytest.param([_told(EXTENSION)], ["TOPO-EXTENSION"], "quotas", id="extension"),
        pytest.param([_told("something new")], ["TOPO-FAILED"], "", id="anything-else"),
    ],
)
def test_an_error_of_the_topology_is_named(objects: list[CapiObject], found: list[str], variant: str) -> None:
    said = judged(*fleet_with(*objects))

    assert rules(said) == found
    assert [finding.variant for finding in said] == [variant] * len(found)


def test_a_class_that_fails_is_one_finding_on_the_class_for_all_its_clusters() -> None:
    broken = _class(
        condition("VariablesReady", False, "VariableDiscoveryFailed", "VariableDiscovery failed: x", since=90)
    )

    found = judged(*fleet_with(_told(UNREADY), _told(UNREADY, name="two"), broken))

    assert rules(found) == ["TOPO-CLASS"]
    assert found[0].object is not None and found[0].object.kind == "ClusterClass"
    assert found[0].affected == ("Cluster/fleet/one", "Cluster/fleet/two")
    assert found[0].severity is Severity.CRITICAL


def test_a_class_that_does_not_exist_is_certain() -> None:
    gone = _told("failed to retrieve ClusterClass fleet/base: not found")

    found = judged(*fleet_with(gone), listed=[CLASS])[0]

    assert found.certainty is Certainty.HIGH
    assert f"ClusterClass/{NAMESPACE}/base does not exist" in found.evidence


def test_an_extension_that_was_not_found_is_told_once_on_its_configuration() -> None:
    config = made(
        "runtime.cluster.x-k8s.io/v1beta2",
        "ExtensionConfig",
        "quotas",
        namespace="",
        conditions=[condition("Discovered", False, "NotDiscovered", "Failed to discover extension", since=90)],
    )

    found = judged(*fleet_with(_told(EXTENSION), config))

    assert rules(found) == ["TOPO-EXTENSION"]
    assert found[0].object is not None and found[0].object.kind == "ExtensionConfig"
    assert found[0].affected == ("Cluster/fleet/one",)
    assert found[0].certainty is Certainty.HIGH


def test_old_versions_in_a_class_are_a_low_finding() -> None:
    old = condition("RefVersionsUpToDate", False, "RefVersionsNotUpToDate", "Ref ... should be v1beta2", since=90)

    found = judged(*fleet_with(_class(condition("VariablesReady"), old)))

    assert [(finding.rule, finding.severity) for finding in found] == [("stuck.TOPO-CLASS-REFS", Severity.LOW)]


HOOK = "Following hooks are blocking upgrade: BeforeClusterUpgrade: backup is running"
GATE = "before-upgrade.hook.cluster.cluster.x-k8s.io/backup"
GATED = f"Following hooks are blocking upgrade: BeforeClusterUpgrade: annotation {GATE} is set"
UPGRADING = "Cluster is upgrading to v1.35.0\n  * KubeadmControlPlane upgrading to version v1.35.0"
DEFERRED = (
    "Cluster is upgrading to v1.35.0\n  * MachineDeployment md-0 upgrade to version v1.35.0 deferred using "
    "defer-upgrade or hold-upgrade-sequence annotations"
)
DAY = 24 * 60.0


def _upgrading(message: str, since: float, reason: str = "ClusterUpgrading", **more: Any) -> CapiObject:
    told = condition("TopologyReconciled", False, reason, message, since=since)
    return cluster(told, condition("ControlPlaneInitialized"), spec=TOPOLOGY, **more)


def _old_machines() -> list[CapiObject]:
    head = machine(name="one-cp-1", owner=control_plane(), age=90_000, entered=90_000)
    return [head, machine(age=90_000, entered=90_000)]


@pytest.mark.parametrize(
    ("live", "found"),
    [
        pytest.param(_upgrading(f"Cluster is upgrading to v1.35.0\n  * {HOOK}", 90), ["TOPO-HOOK"], id="hook"),
        pytest.param(_upgrading(f"Cluster is upgrading to v1.35.0\n  * {HOOK}", 40), [], id="hook-for-a-while"),
        pytest.param(
            _upgrading(f"Cluster is upgrading to v1.35.0\n  * {GATED}", 90, annotations={GATE: ""}),
            ["TOPO-HOOK"],
            id="gate",
        ),
        pytest.param(
            _upgrading(HOOK.replace("upgrade", "Cluster topology creation"), 90, "ClusterCreating"),
            ["TOPO-HOOK"],
            id="creation",
        ),
        pytest.param(_upgrading(UPGRADING, 90), ["TOPO-UPGRADE-STUCK"], id="upgrade"),
        pytest.param(_upgrading(UPGRADING, 40), [], id="upgrade-for-a-while"),
        pytest.param(
            _upgrading("", 90, "MachineDeploymentsUpgradePending"), ["TOPO-UPGRADE-STUCK"], id="upgrade-of-old"
        ),
        pytest.param(
            _upgrading(DEFERRED, 8 * DAY, "MachineDeploymentsUpgradeDeferred"), ["TOPO-UPGRADE-DEFERRED"], id="deferred"
        ),
        pytest.param(_upgrading(DEFERRED, DAY, "MachineDeploymentsUpgradeDeferred"), [], id="deferred-since-yesterday"),
    ],
)
def test_an_upgrade_that_is_held_is_told_by_who_holds_it(live: CapiObject, found: list[str]) -> None:
    assert rules(judged(*fleet_with(live, *_old_machines()))) == found


def test_a_gate_is_named_with_its_annotation() -> None:
    live = _upgrading(f"Cluster is upgrading to v1.35.0\n  * {GATED}", 90, annotations={GATE: ""})

    found = judged(*fleet_with(live, *_old_machines()))[0]

    assert (found.path, found.certainty) == (f'metadata.annotations["{GATE}"]', Certainty.HIGH)


def test_an_upgrade_in_which_machines_come_and_go_is_silent() -> None:
    fresh = machine(name="one-md-0-abc-2", age=15, entered=5)

    assert judged(*fleet_with(_upgrading(UPGRADING, 200), *_old_machines(), fresh)) == []


def test_who_is_being_upgraded_and_is_not_well_is_to_blame_for_the_upgrade() -> None:
    stuck = control_plane(condition("RollingOut", True, since=90), condition("Available"))

    found = judged(*fleet_with(_upgrading(UPGRADING, 90), stuck, *_old_machines()))

    assert [finding.object and finding.object.kind for finding in found] == ["KubeadmControlPlane"]


@pytest.mark.parametrize(("since", "found"), [(40, ["TOPO-DELETE-HOOK"]), (5, [])])
def test_a_hook_that_holds_a_deletion_is_told(since: float, found: list[str]) -> None:
    live = cluster(
        condition("Deleting", True, "WaitingForBeforeDeleteHook", "Waiting for BeforeClusterDelete hook", since=since),
        condition(
            "TopologyReconciled",
            False,
            "Deleting",
            "Cluster is deleting. Following hooks are blocking delete: BeforeClusterDelete: archive is running",
            since=since,
        ),
        phase="Deleting",
        deleting=since,
        spec=TOPOLOGY,
    )

    said = judged(*fleet_with(live))

    assert rules(said) == found
    assert all("archive is running" in finding.chain[0].fact for finding in said)


ROLLING = condition("RollingOut", True, since=15)


def _templates(*ages: float) -> list[CapiObject]:
    return [
        made(
            AWS,
            "AWSMachineTemplate",
            f"one-md-0-{number}",
            owner=cluster(),
            age=age,
            labels={"topology.cluster.x-k8s.io/owned": "", "topology.cluster.x-k8s.io/deployment-name": "md-0"},
        )
        for number, age in enumerate(ages)
    ]


@pytest.mark.parametrize(
    ("ages", "found"),
    [
        pytest.param((5, 15, 25, 35), ["TOPO-SLICE-LOOP"], id="four-in-half-an-hour"),
        pytest.param((5, 15, 25), [], id="three"),
        pytest.param((5, 100, 200, 300), [], id="four-in-hours"),
    ],
)
def test_templates_that_are_replaced_again_and_again_are_a_loop(ages: tuple[float, ...], found: list[str]) -> None:
    labelled = deployment(ROLLING, condition("Available"), labels={"topology.cluster.x-k8s.io/deployment-name": "md-0"})

    assert rules(judged(*fleet_with(labelled, *_templates(*ages)))) == found


def _rotation(number: int, since: float, prefix: str = "one-cp") -> Event:
    message = (
        f'Created AWSMachineTemplate "fleet/{prefix}-{number}" as a replacement for "{prefix}-0" (template rotation)'
    )
    return Event(
        object=cluster().key, type="Normal", reason="TopologyCreate", message=message, first=ago(since), last=ago(since)
    )


@pytest.mark.parametrize(
    ("events", "found"),
    [
        pytest.param([_rotation(n, 10.0 * n) for n in range(1, 5)], ["TOPO-SLICE-LOOP"], id="one-control-plane"),
        pytest.param([_rotation(n, 10, f"one-md-{n}") for n in range(1, 9)], [], id="eight-deployments-once"),
    ],
)
def test_rotations_that_only_events_tell_are_counted_by_what_they_are_of(events: list[Event], found: list[str]) -> None:
    assert rules(judged(*fleet_with(_upgrading(UPGRADING, 30)), events=events)) == found


def test_an_extension_that_only_the_log_tells_of_is_found() -> None:
    told = log(cluster(), EXTENSION)

    assert rules(judged(*fleet_with(_upgrading(UPGRADING, 30)), logs=[told])) == ["TOPO-EXTENSION"]
