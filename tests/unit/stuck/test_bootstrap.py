"""Bootstrap data that is not made, does not fit, or has to wait."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Certainty
from drift_audit.model.health import Feasible, Topic
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.machines import answer
from tests.unit.stuck.stage import (
    bootstrap,
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
)

INFRA = "Waiting for Cluster status.infrastructureReady to be true"


def _pending(*conditions: dict[str, Any], minutes: float = 30, **more: Any) -> CapiObject:
    told = conditions or (condition("Ready", False, "NotReady", since=minutes),)
    return machine(*told, phase="Pending", entered=minutes, **more)


def _config(message: str, reason: str = "NotAvailable", severity: str = "", since: float = 30) -> CapiObject:
    return bootstrap(
        condition("DataSecretAvailable", False, reason, message, since=since, severity=severity), of=_pending()
    )


@pytest.mark.parametrize(
    ("config", "variant"),
    [
        pytest.param(
            _config("Failed to prepare spec.files: failed to resolve file source: secret not found: fleet/registry: x"),
            "fleet/registry",
            id="v1.14",
        ),
        pytest.param(
            _config("Failed to read content from secrets for spec.files"),
            "NotAvailable: Failed to read content from secrets for spec.files",
            id="v1.10",
        ),
        pytest.param(
            _config("secret not found: fleet/registry", "DataSecretGenerationFailed", "Warning"),
            "fleet/registry",
            id="v1beta1",
        ),
        pytest.param(
            _config("Failed to read password from secrets for spec.users"),
            "NotAvailable: Failed to read password from secrets for spec.users",
            id="passwords",
        ),
    ],
)
def test_a_secret_that_bootstrap_data_needs_is_named(config: CapiObject, variant: str) -> None:
    found = judged(*fleet_with(_pending(), config))

    assert [(finding.rule, finding.variant) for finding in found] == [("stuck.BOOT-FILES", variant)]
    assert found[0].chain[0].object == "KubeadmConfig/fleet/one-md-0-abc-1"


def test_certificates_that_cannot_be_read_stop_the_bootstrap_unless_the_control_plane_says_why() -> None:
    config = bootstrap(
        condition("CertificatesAvailable", "Unknown", "InternalError", "Please check controller logs", since=30),
        of=_pending(),
    )
    told = "Cluster certificate for ca is not available, please check cluster certificate secrets"
    above = control_plane(condition("CertificatesAvailable", False, "NotAvailable", told, since=40))

    assert rules(judged(*fleet_with(_pending(), config))) == ["BOOT-CERTIFICATES"]
    assert rules(judged(*fleet_with(_pending(), config, above))) == ["CP-CERT-MISSING"]


@pytest.mark.parametrize(
    "waits",
    [
        pytest.param([_pending(), _config(INFRA)], id="v1beta2 config"),
        pytest.param([_pending(), _config("", "WaitingForClusterInfrastructure", "Info")], id="v1beta1 config"),
        pytest.param(
            [
                machine(
                    condition("Ready", False, since=30),
                    condition(
                        "NodeHealthy", "Unknown", "InspectionFailed", INFRA.replace("Ready", "Provisioned"), since=30
                    ),
                    phase="Provisioning",
                    entered=30,
                ),
                infra_machine(condition("Ready", False, "WaitingForClusterInfrastructure", since=30), of=_pending()),
            ],
            id="infrastructure machine of a v1beta2 provider",
        ),
    ],
)
def test_who_waits_for_the_network_is_not_to_blame(waits: list[CapiObject]) -> None:
    broken = infra_cluster(condition("VpcReady", False, "VpcReconciliationFailed", "x", since=60, severity="Error"))
    starting = cluster(
        condition("InfrastructureReady", False, since=60),
        condition("ControlPlaneInitialized", False, "NotInitialized", since=60),
        phase="Provisioning",
        age=60,
    )

    found = judged(*fleet_with(*waits, broken, starting))

    assert {finding.object.kind for finding in found if finding.object} == {"AWSCluster"}
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


WAITS_FOR_DATA = condition(
    "BootstrapConfigReady", False, "NotReady", "status.initialization.dataSecretCreated is false"
)


def _without_data(minutes: float = 30) -> CapiObject:
    """A Machine whose bootstrap object has nothing wrong with it, and no data either."""
    told = {**WAITS_FOR_DATA, "lastTransitionTime": condition("x", since=minutes)["lastTransitionTime"]}
    return machine(condition("Ready", False, since=minutes), told, phase="Pending", entered=minutes)


def test_bootstrap_data_of_a_cluster_that_starts_waits_for_its_network() -> None:
    broken = infra_cluster(condition("VpcReady", False, "VpcReconciliationFailed", "x", since=60, severity="Error"))
    starting = cluster(
        condition("InfrastructureReady", False, since=60),
        condition("ControlPlaneInitialized", False, "NotInitialized", since=60),
        phase="Provisioning",
        age=60,
    )

    found = judged(*fleet_with(_without_data(), broken, starting))

    assert {finding.object.kind for finding in found if finding.object} == {"AWSCluster"}
    assert "Machine/fleet/one-md-0-abc-1" in found[0].affected


def test_bootstrap_data_of_a_cluster_that_runs_waits_for_nothing_of_it() -> None:
    limping = infra_cluster(condition("VpcReady", False, "VpcReconciliationFailed", "x", since=60, severity="Error"))

    found = judged(*fleet_with(_without_data(), limping))

    assert {finding.object.kind for finding in found if finding.object} == {"AWSCluster", "Machine"}


def test_waiting_for_something_that_is_well_is_no_explanation() -> None:
    assert rules(judged(*fleet_with(_pending(), _config(INFRA)))) == ["UNEXPLAINED"]


def test_a_lock_whose_holder_is_gone_is_told_and_one_whose_holder_is_there_waits_for_it() -> None:
    head = _pending(name="one-cp-2", owner=control_plane())
    config = bootstrap(condition("DataSecretAvailable", False, "NotAvailable", "", since=30), of=head)
    starting = cluster(condition("ControlPlaneInitialized", False, "NotInitialized", since=40))
    lost = [log(config, "Waiting for Machine one-cp-0 to initialize")]
    held = [log(config, "Waiting for Machine one-cp-1 to initialize")]
    holder = machine(
        condition("Ready", False, since=40), name="one-cp-1", owner=control_plane(), phase="Provisioned", entered=40
    )

    assert "BOOT-INIT-LOCK" in rules(judged(*fleet_with(head, config, starting), logs=lost))
    assert rules(judged(*fleet_with(head, config, starting, holder), logs=held)) == ["CP-INIT"]


def test_a_lock_of_a_cluster_that_runs_means_nothing() -> None:
    config = _config("")

    found = judged(*fleet_with(_pending(), config), logs=[log(config, "Waiting for Machine one-cp-0 to initialize")])

    assert "BOOT-INIT-LOCK" not in rules(found)


def _joining(minutes: float = 30, **more: Any) -> CapiObject:
    told = "Waiting for a Node with spec.providerID aws:///eu-central-1a/i-1 to exist"
    return machine(
        condition("NodeHealthy", "Unknown", "InspectionFailed", told, since=minutes),
        phase="Provisioned",
        entered=minutes,
        **more,
    )


@pytest.mark.parametrize(
    ("console", "rule"),
    [
        pytest.param(
            "couldn't validate the identity of the API Server: could not find a JWS signature", "BOOT-TOKEN", id="token"
        ),
        pytest.param("x509: certificate signed by unknown authority", "BOOT-CA-MISMATCH", id="authority"),
        pytest.param("cloud-init: disk full", "JOIN-NO-NODE", id="something else"),
    ],
)
def test_the_console_of_a_machine_that_does_not_join_says_why(console: str, rule: str) -> None:
    told = answer(infra_machine(of=_joining()), Topic.CONSOLE, Feasible.IMPOSSIBLE, console)

    found = judged(*fleet_with(_joining()), answers=[told])

    assert rules(found) == [rule]
    assert found[0].certainty is Certainty.HIGH


def test_a_console_speaks_for_the_machines_beside_it_whose_consoles_nobody_read() -> None:
    waiting = [_joining(name=f"one-md-0-abc-{number}") for number in range(1, 4)]
    below = [infra_machine(of=each) for each in waiting]
    console = "couldn't validate the identity of the API Server: could not find a JWS signature"

    found = judged(
        *fleet_with(*waiting, *below), answers=[answer(below[1], Topic.CONSOLE, Feasible.IMPOSSIBLE, console)]
    )

    assert rules(found) == ["BOOT-TOKEN"] * 3


def test_a_token_that_could_not_be_refreshed_is_told_by_the_log() -> None:
    config = _config("", since=30)
    told = "failed to get bootstrap token secret in order to refresh it: not found"

    assert rules(judged(*fleet_with(_pending(), config), logs=[log(config, told)])) == ["BOOT-TOKEN"]
    assert "BOOT-TOKEN" not in rules(judged(*fleet_with(_pending(), config), logs=[log(config, "Refreshing token")]))
