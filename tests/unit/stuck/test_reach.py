"""Workload clusters that cannot be reached, and what is then known of what is inside."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Certainty, Finding
from drift_audit.model.health import Feasible, Topic
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach, WorkloadView
from tests.unit.stuck.insides import seen, unseen
from tests.unit.stuck.machines import answer
from tests.unit.stuck.stage import (
    ago,
    cluster,
    condition,
    control_plane,
    fleet_with,
    infra_cluster,
    infra_machine,
    judged,
    log,
    machine,
    rules,
    with_status,
)

EXPIRED = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"


def _cut_off(since: float = 30) -> CapiObject:
    return cluster(
        condition("Available", False, "NotAvailable", "* RemoteConnectionProbe: ...", since=since),
        condition("ControlPlaneInitialized"),
        condition(
            "RemoteConnectionProbe",
            False,
            "ProbeFailed",
            f"Remote connection probe failed, probe last succeeded at {ago(since + 1)}",
            since=since,
        ),
        spec={"controlPlaneEndpoint": {"host": "one.example", "port": 6443}},
    )


def _stale(name: str = "one-md-0-abc-1", **more: Any) -> CapiObject:
    told = f"Last successful probe at {ago(31)}"
    return machine(condition("NodeHealthy", "Unknown", "ConnectionDown", told, since=26), name=name, **more)


def _judged(workload: WorkloadView | None = None, *changed: CapiObject) -> list[Finding]:
    head = _stale("one-cp-1", owner=control_plane())
    above = control_plane(
        condition("EtcdClusterHealthy", "Unknown", "ConnectionDown", "Remote connection down", since=26)
    )
    return judged(*fleet_with(_cut_off(), _stale(), head, above, *changed), workload=workload)


@pytest.mark.parametrize(
    ("workload", "rule", "certainty"),
    [
        pytest.param(None, "CP-UNREACHABLE", Certainty.MEDIUM, id="by the probe alone"),
        pytest.param(unseen(Reach.NO_CONNECTION, "timed out"), "CP-UNREACHABLE", Certainty.HIGH, id="no answer"),
        pytest.param(unseen(Reach.NO_ADDRESS, "no such host"), "CP-UNREACHABLE", Certainty.HIGH, id="no address"),
        pytest.param(unseen(Reach.FAILING, "500"), "CP-UNREACHABLE", Certainty.HIGH, id="errors"),
        pytest.param(unseen(Reach.NO_KUBECONFIG), "CP-KUBECONFIG", Certainty.HIGH, id="no kubeconfig"),
        pytest.param(unseen(Reach.BAD_KUBECONFIG, "no value"), "CP-KUBECONFIG", Certainty.HIGH, id="bad kubeconfig"),
        pytest.param(unseen(Reach.REFUSED, "401"), "CP-KUBECONFIG", Certainty.HIGH, id="refused"),
        pytest.param(unseen(Reach.BAD_CERTIFICATE, EXPIRED), "CP-CERT-EXPIRED", Certainty.HIGH, id="expired"),
        pytest.param(
            unseen(Reach.BAD_CERTIFICATE, "x509: certificate is valid for a, not b"),
            "CP-CERT-MISFIT",
            Certainty.HIGH,
            id="another name",
        ),
    ],
)
def test_how_far_the_connection_came_says_why(workload: WorkloadView | None, rule: str, certainty: Certainty) -> None:
    found = _judged(workload)

    assert rules(found) == [rule]
    assert found[0].certainty is certainty
    assert found[0].since == ago(30)


def test_what_is_said_of_nodes_is_a_consequence() -> None:
    found = _judged(unseen(Reach.NO_CONNECTION, "timed out"))

    assert {"Machine/fleet/one-md-0-abc-1", "Machine/fleet/one-cp-1", "KubeadmControlPlane/fleet/one-cp"} <= set(
        found[0].affected
    )


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        pytest.param(
            "Connect failed: error creating REST config: error getting kubeconfig secret: "
            'Secret "one-kubeconfig" not found',
            "CP-KUBECONFIG",
            id="kubeconfig",
        ),
        pytest.param(
            "Connect failed: error creating HTTP client and mapper: "
            f'cluster is not reachable: Get "https://x": {EXPIRED}',
            "CP-CERT-EXPIRED",
            id="certificate",
        ),
        pytest.param("Connect failed: cluster is not reachable: i/o timeout", "CP-UNREACHABLE", id="timeout"),
    ],
)
def test_the_log_of_the_core_controller_says_why_where_nobody_else_tried(message: str, rule: str) -> None:
    lost = _cut_off()

    found = judged(*fleet_with(lost, _stale()), logs=[log(lost, message)])

    assert rules(found) == [rule]


def test_recorded_certificates_that_ended_explain_an_api_server_that_does_not_answer() -> None:
    head = with_status(_stale("one-cp-1", owner=control_plane()), certificatesExpiryDate=ago(60))

    found = _judged(unseen(Reach.NO_CONNECTION, "connection refused"), head)

    assert rules(found) == ["CP-CERT-EXPIRED"]
    assert f"certificates of Machine one-cp-1 ended {ago(60)}" in found[0].evidence


def test_instances_of_the_control_plane_that_are_gone_come_first() -> None:
    head = _stale("one-cp-1", owner=control_plane())
    gone = infra_machine(condition("InstanceReady", False, "InstanceTerminated", since=32, severity="Error"), of=head)

    found = _judged(unseen(Reach.NO_CONNECTION, "timed out"), gone)

    assert rules(found) == ["MACH-INSTANCE-GONE"]
    assert "Cluster/fleet/one" in [link.object for link in found[0].chain]
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


def test_a_broken_load_balancer_comes_first() -> None:
    broken = infra_cluster(condition("LoadBalancerReady", False, "LoadBalancerFailed", since=40, severity="Error"))

    assert "CP-UNREACHABLE" not in rules(_judged(None, broken))


def test_targets_that_are_not_healthy_agree() -> None:
    lost = _cut_off()

    found = judged(
        *fleet_with(lost),
        answers=[answer(infra_cluster(), Topic.TARGET_HEALTH, Feasible.IMPOSSIBLE, "0 of 3 targets are healthy")],
    )

    assert "0 of 3 targets are healthy" in found[0].evidence
    assert found[0].certainty is Certainty.HIGH


def test_a_cluster_that_only_the_management_cluster_does_not_reach_is_told_so() -> None:
    found = _judged(seen())

    assert rules(found) == ["CP-UNREACHABLE"]
    assert found[0].certainty is Certainty.MEDIUM
    assert found[0].evidence[-1] == "against it: https://one.example:6443 answers to us"


def test_a_cluster_that_only_we_do_not_reach_is_no_finding() -> None:
    late = machine(condition("NodeHealthy", False, "NodeNotHealthy", since=60))

    assert "CP-UNREACHABLE" not in rules(judged(*fleet_with(late), workload=unseen(Reach.NO_CONNECTION, "timed out")))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(_cut_off(since=1), id="a minute ago"),
        pytest.param(
            cluster(
                condition("Available", False, "NotAvailable", since=10),
                condition("ControlPlaneInitialized", False, "NotInitialized", since=10),
                condition(
                    "RemoteConnectionProbe", False, "ProbeFailed", "Remote connection not established yet", since=10
                ),
                age=10,
            ),
            id="never there yet",
        ),
        pytest.param(
            cluster(
                condition("ControlPlaneInitialized"),
                condition("RemoteConnectionProbe", False, "ProbeFailed", since=10),
                condition("Deleting", True, "WaitingForControlPlaneDeletion", since=4),
                deleting=4,
            ),
            id="on its way out",
        ),
    ],
)
def test_a_cluster_that_may_be_unreachable_is_silent(changed: CapiObject) -> None:
    assert judged(*fleet_with(changed)) == []


def test_a_cluster_of_an_older_release_without_a_probe_counts_where_we_do_not_reach_it_either() -> None:
    older = cluster(
        condition("ControlPlaneReady", False, "x", since=60, severity="Warning"), condition("ControlPlaneInitialized")
    )

    found = judged(*fleet_with(older), workload=unseen(Reach.NO_CONNECTION, "timed out"))

    assert rules(found) == ["CP-UNREACHABLE"]


def test_etcd_that_nobody_reaches_is_no_cause_while_the_cluster_is_not_reached() -> None:
    told = "Failed to connect to etcd: failed to get etcd status: context deadline exceeded"
    head = machine(
        condition("EtcdMemberHealthy", "Unknown", "InspectionFailed", told, since=4),
        name="one-cp-1",
        owner=control_plane(),
    )

    assert rules(judged(*fleet_with(_cut_off(4), head))) == ["CP-UNREACHABLE"]
