"""What somebody stopped on purpose: found when it is forgotten, and silent before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drift_audit.clock import stamp
from drift_audit.model.findings import Certainty, Severity
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach, WorkloadView
from tests.unit.stuck.stage import (
    CLUSTER,
    NOW,
    ago,
    cluster,
    condition,
    control_plane,
    deployment,
    fleet_with,
    infra_machine,
    judged,
    machine,
    machine_set,
    rules,
    wrote,
)

PAUSED = "cluster.x-k8s.io/paused"
ANNOTATED: dict[str, Any] = {"annotations": {PAUSED: "true"}}
BY_FIELD = ("spec", "paused")
BY_ANNOTATION = ("metadata", "annotations", PAUSED)


def _paused(since: float, message: str = "Cluster spec.paused is set to true") -> dict[str, str]:
    return condition("Paused", True, "Paused", message, since=since)


def _ends_in(days: float) -> dict[str, str]:
    return {"certificatesExpiryDate": stamp(NOW + timedelta(days=days))}


def _head(days: float) -> CapiObject:
    return machine(name="one-cp-1", owner=control_plane(), status=_ends_in(days))


def _worker(version: str, **more: Any) -> CapiObject:
    return machine(spec={"version": version}, **more)


ROLLING = (condition("RollingOut", True, since=200), condition("MachinesUpToDate", False, "NotUpToDate", since=200))


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param([cluster(_paused(300), spec={"paused": True})], ["PAUSE-CLUSTER"], id="cluster"),
        pytest.param([cluster(_paused(200), spec={"paused": True})], [], id="cluster-since-three-hours"),
        pytest.param(
            [cluster(spec={"paused": True}, written=[wrote("kubectl-edit", 300, *BY_FIELD)])],
            ["PAUSE-CLUSTER"],
            id="cluster-without-a-condition",
        ),
        pytest.param(
            [cluster(spec={"paused": True}, written=[wrote("kubectl-edit", 100, *BY_FIELD)])],
            [],
            id="old-cluster-paused-lately-without-a-condition",
        ),
        pytest.param([cluster(spec={"paused": False})], [], id="cluster-with-the-field-false"),
        pytest.param(
            [infra_machine(_paused(300, "AWSMachine has the cluster.x-k8s.io/paused annotation"), **ANNOTATED)],
            ["PAUSE-OBJECT"],
            id="object",
        ),
        pytest.param(
            [infra_machine(**ANNOTATED, written=[wrote("kubectl-annotate", 300, *BY_ANNOTATION)])],
            ["PAUSE-OBJECT"],
            id="object-of-an-old-provider",
        ),
        pytest.param(
            [infra_machine(**ANNOTATED, written=[wrote("kubectl-annotate", 100, *BY_ANNOTATION)])],
            [],
            id="object-of-an-old-provider-lately",
        ),
        pytest.param(
            [deployment(*ROLLING, spec={"paused": True}, written=[wrote("kubectl-edit", 300, *BY_FIELD)])],
            ["PAUSE-MD"],
            id="rollout",
        ),
        pytest.param(
            [deployment(*ROLLING, spec={"paused": True}, written=[wrote("kubectl-edit", 100, *BY_FIELD)])],
            [],
            id="rollout-that-was-held-a-while-ago",
        ),
        pytest.param(
            [
                deployment(spec={"paused": True}, written=[wrote("kubectl-edit", 300, *BY_FIELD)]),
                _worker("v1.31.2"),
            ],
            ["PAUSE-MD-SKEW"],
            id="rollout-three-minors-behind",
        ),
        pytest.param(
            [
                deployment(spec={"paused": True}, written=[wrote("kubectl-edit", 300, *BY_FIELD)]),
                _worker("v1.32.2"),
            ],
            ["PAUSE-MD"],
            id="rollout-two-minors-behind",
        ),
        pytest.param(
            [cluster(_paused(300), spec={"paused": True}), _head(20)], ["PAUSE-CERTIFICATES"], id="certificates"
        ),
        pytest.param(
            [cluster(_paused(300), spec={"paused": True}), _head(40)], ["PAUSE-CLUSTER"], id="certificates-ok"
        ),
        pytest.param([_head(20)], ["CP-CERT-DUE"], id="certificates-of-a-cluster-that-nobody-paused"),
        pytest.param(
            [control_plane(_paused(300), **ANNOTATED), _head(20)],
            ["CP-CERT-DUE", "PAUSE-CP-CERTIFICATES"],
            id="control-plane",
        ),
        pytest.param(
            [cluster(_paused(100), spec={"paused": True}, deleting=70, phase="Deleting")],
            ["PAUSE-DELETION"],
            id="deletion-of-a-paused-cluster",
        ),
        pytest.param(
            [cluster(_paused(100), spec={"paused": True}, deleting=5, phase="Deleting")],
            [],
            id="deletion-that-has-just-begun",
        ),
        pytest.param(
            [machine(_paused(100), **ANNOTATED, deleting=70, phase="Deleting")],
            ["PAUSE-DELETION"],
            id="deletion-of-a-paused-machine",
        ),
    ],
)
def test_a_stop_is_found_when_it_is_forgotten(changed: list[CapiObject], found: list[str]) -> None:
    assert rules(judged(*fleet_with(*changed))) == found


def test_a_pause_of_an_hour_excuses_what_it_delays() -> None:
    paused = cluster(_paused(60), spec={"paused": True})
    late = machine(condition("Ready", False, since=50), phase="Provisioned", entered=50)

    assert judged(*fleet_with(paused, late)) == []


def test_an_old_failure_is_told_although_somebody_paused_the_cluster_since() -> None:
    paused = cluster(_paused(60), spec={"paused": True})
    denied = condition("Ready", False, "Failed", "UnauthorizedOperation: ec2:RunInstances", since=300, severity="Error")
    late = machine(condition("Ready", False, since=300), phase="Provisioning", entered=300)

    assert rules(judged(*fleet_with(paused, late, infra_machine(denied)))) == ["IDENT-IAM-DENIED"]


def test_a_forgotten_pause_names_its_field_its_writer_and_its_beginning() -> None:
    paused = cluster(_paused(1500), spec={"paused": True}, written=[wrote("kubectl-edit", 1510, *BY_FIELD)])

    found = judged(*fleet_with(paused))[0]

    assert (found.path, found.since, found.severity) == ("spec.paused", ago(1500), Severity.HIGH)
    assert found.evidence[0] == "spec.paused is true, written by kubectl-edit"
    assert found.certainty is Certainty.HIGH


def test_of_two_that_wrote_the_pause_the_earlier_one_began_it() -> None:
    writers = [wrote("flux", 10, *BY_FIELD, operation="Apply"), wrote("kubectl-edit", 300, *BY_FIELD)]

    found = judged(*fleet_with(cluster(spec={"paused": True}, written=writers)))

    assert [finding.since for finding in found] == [ago(300)]


def test_a_kubeconfig_that_ends_counts_as_a_certificate() -> None:
    workload = WorkloadView(cluster=CLUSTER, reach=Reach.REACHED, certificate_expires=stamp(NOW + timedelta(days=3)))

    found = judged(*fleet_with(cluster(_paused(1500), spec={"paused": True})), workload=workload)

    assert rules(found) == ["PAUSE-CERTIFICATES"]
    assert found[0].severity is Severity.CRITICAL


def test_what_is_paused_and_deleted_is_measured_from_the_later_of_the_two() -> None:
    paused_late = cluster(_paused(10), spec={"paused": True}, deleting=70, phase="Deleting")

    assert judged(*fleet_with(paused_late)) == []


def test_a_paused_machine_set_explains_the_deployment_above_it() -> None:
    paused = machine_set(_paused(300), condition("ScalingUp", True, since=300), **ANNOTATED)

    found = judged(*fleet_with(paused, deployment(condition("ScalingUp", True, since=300))))

    assert rules(found) == ["PAUSE-OBJECT"]
    assert found[0].affected == ("MachineDeployment/fleet/one-md-0",)
