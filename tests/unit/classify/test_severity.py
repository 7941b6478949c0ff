"""How much a field matters, and how much a waiting commit does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drift_audit.classify.not_applied import severity_of_waiting
from drift_audit.classify.severity import raised, severity_of
from drift_audit.clock import stamp
from drift_audit.config.settings import Thresholds
from drift_audit.model.delivery import Delivery
from drift_audit.model.findings import Severity
from drift_audit.model.keys import FieldPath, ItemKey
from tests.unit.classify.cases import DELIVERY, NOW, pair

ROWS: tuple[tuple[str, FieldPath, Severity], ...] = (
    ("Cluster", ("spec", "paused"), Severity.HIGH),
    ("Kustomization", ("spec", "suspend"), Severity.HIGH),
    ("CronJob", ("spec", "suspend"), Severity.MEDIUM),
    ("AWSCluster", ("spec", "identityRef", "name"), Severity.CRITICAL),
    ("AWSCluster", ("spec", "identityRef"), Severity.CRITICAL),
    ("AWSMachineTemplate", ("spec", "template", "spec", "iamInstanceProfile"), Severity.HIGH),
    ("AWSMachineTemplate", ("spec", "template", "spec", "instanceMetadataOptions", "httpTokens"), Severity.HIGH),
    ("AWSCluster", ("spec", "network", "additionalNodeIngressRules"), Severity.HIGH),
    ("AWSCluster", ("spec", "network", "securityGroupOverrides", "node"), Severity.HIGH),
    ("KubeadmConfigTemplate", ("spec", "template", "spec", "files"), Severity.HIGH),
    (
        "KubeadmConfigTemplate",
        ("spec", "template", "spec", "users", ItemKey.of({"name": "a"}), "passwd"),
        Severity.HIGH,
    ),
    ("KubeadmConfigTemplate", ("spec", "template", "spec", "preKubeadmCommands"), Severity.HIGH),
    ("KubeadmControlPlane", ("spec", "version"), Severity.HIGH),
    ("KubeadmControlPlane", ("spec", "kubeadmConfigSpec", "format"), Severity.HIGH),
    ("KubeadmControlPlane", ("spec", "machineTemplate", "infrastructureRef", "name"), Severity.HIGH),
    ("KubeadmControlPlane", ("spec", "machineTemplate", "spec", "infrastructureRef", "name"), Severity.HIGH),
    ("MachineDeployment", ("spec", "template", "spec", "version"), Severity.HIGH),
    ("MachineDeployment", ("spec", "template", "spec", "bootstrap", "configRef", "name"), Severity.HIGH),
    ("MachineDeployment", ("spec", "replicas"), Severity.MEDIUM),
    ("Cluster", ("spec", "topology", "version"), Severity.HIGH),
    ("Cluster", ("spec", "topology", "variables", ItemKey.of({"name": "size"})), Severity.HIGH),
    ("Cluster", ("spec", "controlPlaneEndpoint", "host"), Severity.HIGH),
    ("MachineHealthCheck", ("spec", "unhealthyConditions"), Severity.MEDIUM),
    ("Cluster", ("metadata", "labels", "team"), Severity.LOW),
    ("Cluster", ("metadata", "annotations", "team"), Severity.LOW),
    ("Cluster", ("metadata", "annotations", "cluster.x-k8s.io/paused"), Severity.HIGH),
    ("Cluster", ("metadata", "annotations", "kustomize.toolkit.fluxcd.io/reconcile"), Severity.HIGH),
    ("Machine", ("metadata", "annotations", "cluster.x-k8s.io/skip-remediation"), Severity.HIGH),
    ("Cluster", ("metadata", "finalizers"), Severity.MEDIUM),
    ("Anything", ("spec", "whatever"), Severity.MEDIUM),
    ("Anything", (), Severity.MEDIUM),
)


@pytest.mark.parametrize(("kind", "path", "severity"), ROWS)
def test_a_field_has_the_severity_of_its_row(kind: str, path: FieldPath, severity: Severity) -> None:
    found, why = severity_of(kind, path)

    assert found is severity
    assert why or severity.rank <= Severity.MEDIUM.rank


def test_nothing_is_worse_than_critical() -> None:
    assert [raised(severity) for severity in Severity] == [*list(Severity)[1:], Severity.CRITICAL]


@pytest.mark.parametrize(
    ("minutes", "delivery", "severity"),
    [
        (5, DELIVERY, Severity.INFO),
        (60, DELIVERY, Severity.INFO),
        (61, DELIVERY, Severity.MEDIUM),
        (5, None, Severity.INFO),
        (61, None, Severity.MEDIUM),
        (5, replace(DELIVERY, suspended=True), Severity.LOW),
        (5, replace(DELIVERY, failing="build failed"), Severity.LOW),
        (61, replace(DELIVERY, suspended=True), Severity.MEDIUM),
        (None, DELIVERY, Severity.LOW),
    ],
)
def test_a_waiting_commit_matters_more_with_age_and_when_something_blocks_it(
    minutes: int | None, delivery: Delivery | None, severity: Severity
) -> None:
    committed = stamp(NOW - timedelta(minutes=minutes)) if minutes is not None else ""
    waiting = pair(head_committed_at=committed, delivery=delivery)

    assert severity_of_waiting(waiting, Thresholds(not_applied_after_minutes=60), NOW) is severity
