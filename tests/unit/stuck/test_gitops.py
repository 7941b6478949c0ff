"""What delivers the fleet from Git, switched off or failing."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import FindingKind, Severity, Verdict
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import ago, condition, healthy_fleet, judged, made, rules, wrote

KUSTOMIZE = "kustomize.toolkit.fluxcd.io/v1"
FLEET = {"inventory": {"entries": [{"id": "fleet_one_cluster.x-k8s.io_Cluster", "v": "v1beta2"}]}}
APPS = {"inventory": {"entries": [{"id": "apps_web_apps_Deployment", "v": "v1"}]}}
SUSPENDED = ("spec", "suspend")
SKIP = "argocd.argoproj.io/skip-reconcile"


def _flux(
    *conditions: Any, suspended: float | None = None, delivers: Any = FLEET, kind: str = "Kustomization", **more: Any
) -> CapiObject:
    api_version = KUSTOMIZE if kind == "Kustomization" else "helm.toolkit.fluxcd.io/v2"
    return made(
        api_version,
        kind,
        "fleet",
        namespace="flux-system",
        spec={
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            **({} if suspended is None else {"suspend": True}),
        },
        status=delivers,
        conditions=conditions or (condition("Ready", True, "ReconciliationSucceeded"),),
        written=[] if suspended is None else [wrote("kubectl-edit", suspended, *SUSPENDED)],
        age=90_000,
        **more,
    )


def _source(suspended: float) -> CapiObject:
    return made(
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        "fleet",
        namespace="flux-system",
        spec={"suspend": True},
        conditions=[condition("Ready")],
        written=[wrote("flux", suspended, *SUSPENDED)],
    )


def _argo(phase: str = "Succeeded", *, skipped: float | None = None, group: str = "cluster.x-k8s.io") -> CapiObject:
    return made(
        "argoproj.io/v1alpha1",
        "Application",
        "fleet",
        namespace="argocd",
        annotations={} if skipped is None else {SKIP: "true"},
        status={
            "resources": [{"group": group, "kind": "Cluster", "name": "one"}],
            "operationState": {"phase": phase, "message": "one or more objects failed to apply", "startedAt": ago(90)},
        },
        written=[] if skipped is None else [wrote("kubectl-annotate", skipped, "metadata", "annotations", SKIP)],
    )


def _labelled() -> CapiObject:
    labels = {"helm.toolkit.fluxcd.io/name": "fleet", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
    return made("cluster.x-k8s.io/v1beta2", "MachineHealthCheck", "one", labels=labels)


FAILED = condition("Ready", False, "BuildFailed", "kustomize build failed: no such file", since=90)


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        pytest.param([_flux(suspended=1500)], ["GITOPS-SUSPENDED"], id="suspended-since-a-day"),
        pytest.param([_flux(suspended=300)], [], id="suspended-since-hours"),
        pytest.param([_flux(suspended=1500, delivers=APPS)], [], id="suspended-and-no-concern-of-the-fleet"),
        pytest.param([_flux()], [], id="well"),
        pytest.param(
            [_flux(suspended=1500, kind="HelmRelease", delivers={}), _labelled()], ["GITOPS-SUSPENDED"], id="helm"
        ),
        pytest.param([_flux(suspended=1500, kind="HelmRelease", delivers={})], [], id="helm-of-something-else"),
        pytest.param([_flux(), _source(1500)], ["GITOPS-SUSPENDED"], id="source"),
        pytest.param([_flux(delivers=APPS), _source(1500)], [], id="source-of-something-else"),
        pytest.param([_argo(skipped=1500)], ["GITOPS-SUSPENDED"], id="argo-skipped"),
        pytest.param([_argo(skipped=300)], [], id="argo-skipped-since-hours"),
        pytest.param([_argo()], [], id="argo-synced-by-hand"),
        pytest.param([_flux(FAILED)], ["GITOPS-FAILING"], id="failing"),
        pytest.param([_flux(FAILED, suspended=300)], [], id="failing-and-suspended"),
        pytest.param([_flux(FAILED, delivers=APPS)], [], id="failing-elsewhere"),
        pytest.param(
            [_flux(condition("Ready", False, "HealthCheckFailed", "timeout waiting", since=90))],
            [],
            id="waits-for-health",
        ),
        pytest.param([_flux(condition("Ready", False, "BuildFailed", since=5))], [], id="failing-since-minutes"),
        pytest.param([_argo("Failed")], ["GITOPS-FAILING"], id="argo-failed"),
        pytest.param([_argo("Running")], [], id="argo-running"),
    ],
)
def test_gitops_objects_are_judged_by_what_they_deliver(objects: list[CapiObject], found: list[str]) -> None:
    assert rules(judged(*healthy_fleet(), *objects)) == found


def test_a_suspended_kustomization_is_ill_health_with_its_field_and_the_way_back() -> None:
    found = judged(*healthy_fleet(), _flux(suspended=1500))[0]

    assert (found.kind, found.verdict, found.severity) == (FindingKind.HEALTH, Verdict.UNHEALTHY, Severity.MEDIUM)
    assert (found.path, found.since) == ("spec.suspend", ago(1500))
    assert found.next_steps[1] == ("When nobody needs it any more: `flux resume kustomization fleet -n flux-system`.")
