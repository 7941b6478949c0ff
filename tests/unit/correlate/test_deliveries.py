"""What Flux and Argo CD say about themselves: what they applied, and whether they still work.

- Flux: suspended, failing, remote, rewriting, revisions, history
- Argo CD: destinations, self-heal, failed syncs, several sources
- marks on objects, and inventories
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from drift_audit.correlate.deliveries import deliveries
from drift_audit.correlate.marks import Inventories, delivery_of, is_gone, marked_delivery, other_origin
from drift_audit.model.delivery import Delivery, IgnoreRule
from drift_audit.model.objects import CapiObject
from tests.builders import capi_object
from tests.unit.correlate.fleet import (
    ARGO,
    FLUX,
    HEAD,
    OLD,
    REPO,
    application,
    flux_labels,
    git_repository,
    key,
    kustomization,
    listing,
    tracking,
    view,
)


def flux(*others: CapiObject, **changes: Any) -> Delivery:
    (found,) = deliveries(view(kustomization(**changes), *(others or (git_repository(),))))
    return found


def argo(**changes: Any) -> Delivery:
    (found,) = deliveries(view(application(**changes)))
    return found


def ready(status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": status, "reason": reason, "message": message}]}


# Flux


def test_a_healthy_kustomization() -> None:
    run = {"lastReconciled": "2026-11-20T01:00:00Z", "lastReconciledStatus": "ReconciliationSucceeded"}

    found = flux(status={"history": [run], **ready("True")})

    assert found == Delivery(
        tool="Flux",
        object=key("Kustomization", "fleet", "flux-system", FLUX),
        applier="kustomize-controller",
        applied_revision=HEAD,
        suspended=False,
        failing="",
        corrects=True,
        last_success="2026-11-20T01:00:00Z",
        interval_seconds=600,
        repo=REPO,
        path="./clusters",
        namespace_wins=True,
    )


def test_a_suspended_kustomization_corrects_nothing() -> None:
    found = flux(spec={"suspend": True})

    assert (found.suspended, found.corrects) == (True, False)


def test_a_suspended_source_stops_news_and_not_corrections() -> None:
    found = flux(git_repository(suspend=True))

    assert (found.suspended, found.corrects) == (True, True)


@pytest.mark.parametrize(
    ("status", "failing"),
    [
        (ready("False", "BuildFailed", "no such file"), "BuildFailed: no such file"),
        (ready("False", "ReconciliationFailed"), "ReconciliationFailed"),
        (ready("False"), "not ready"),
        (ready("False", "HealthCheckFailed", "timeout"), ""),
        (ready("Unknown", "Progressing"), ""),
        (ready("True"), ""),
        ({}, ""),
    ],
)
def test_why_a_kustomization_does_not_apply(status: dict[str, Any], failing: str) -> None:
    assert flux(status=status).failing == failing


def test_a_source_that_fails_is_a_failure_too() -> None:
    broken = git_repository()
    broken = replace(broken, raw={**broken.raw, "status": ready("False", "GitOperationFailed", "timeout")})

    assert flux(broken).failing == "GitOperationFailed: timeout"


@pytest.mark.parametrize(
    ("status", "revision"),
    [
        ({"lastAppliedRevision": f"main@sha1:{OLD}"}, OLD),
        ({"lastAppliedRevision": f"main/{OLD}"}, OLD),
        ({"lastAppliedRevision": "latest@sha256:" + "a" * 64, "lastAppliedOriginRevision": f"main@sha1:{OLD}"}, OLD),
        ({"lastAppliedRevision": "latest@sha256:" + "a" * 64}, ""),
        ({"lastAppliedRevision": ""}, ""),
    ],
)
def test_the_applied_revision_of_flux(status: dict[str, Any], revision: str) -> None:
    assert flux(status=status).applied_revision == revision


def test_a_failed_run_proves_nothing() -> None:
    run = {"lastReconciled": "2026-11-20T01:00:00Z", "lastReconciledStatus": "ReconciliationFailed"}

    assert flux(status={"history": [run]}).last_success == ""


@pytest.mark.parametrize(
    ("interval", "seconds"), [("10m", 600), ("1h0m0s", 3600), ("1h30m", 5400), ("500ms", 0), ("90s", 90), ("", 0)]
)
def test_intervals(interval: str, seconds: int) -> None:
    assert flux(spec={"interval": interval}).interval_seconds == seconds


def test_a_kustomization_for_another_cluster_is_none_of_ours() -> None:
    remote = kustomization(spec={"kubeConfig": {"secretRef": {"name": "one"}}})

    assert deliveries(view(remote)) == ()


@pytest.mark.parametrize("setting", ["patches", "images", "components", "namePrefix", "commonMetadata"])
def test_what_flux_changes_on_the_way_is_said(setting: str) -> None:
    assert flux(spec={setting: ["x"]}).rewrites == f"spec.{setting} of Kustomization/flux-system/fleet"


def test_substitution_is_no_rewriting() -> None:
    """The Git view marks every `${}` by itself."""
    assert flux(spec={"postBuild": {"substitute": {"A": "b"}}}).rewrites == ""


def test_a_bucket_is_no_repository() -> None:
    bucket = capi_object("Bucket", "fleet", "flux-system", api_version="source.toolkit.fluxcd.io/v1", spec={"url": "x"})

    assert flux(bucket, spec={"sourceRef": {"kind": "Bucket", "name": "fleet"}}).repo == ""


def test_a_source_in_another_namespace() -> None:
    elsewhere = replace(git_repository(), namespace="sources")

    assert (
        flux(elsewhere, spec={"sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "sources"}}).repo
        == REPO
    )


# Argo CD


def test_a_synced_application() -> None:
    operation = {"phase": "Succeeded", "finishedAt": "2026-11-20T01:00:00Z", "syncResult": {"revision": HEAD}}

    found = argo(spec={"syncPolicy": {"automated": {"selfHeal": True}}}, status={"operationState": operation})

    assert found == Delivery(
        tool="Argo CD",
        object=key("Application", "fleet", "argocd", ARGO),
        applier="argocd-controller",
        applied_revision=HEAD,
        suspended=False,
        failing="",
        corrects=True,
        last_success="2026-11-20T01:00:00Z",
        interval_seconds=180,
        repo=REPO,
        path="clusters",
    )


@pytest.mark.parametrize(
    ("policy", "suspended", "corrects"),
    [
        (None, True, False),
        ({}, True, False),
        ({"automated": {}}, False, False),
        ({"automated": {"selfHeal": True}}, False, True),
        ({"automated": {"selfHeal": True, "enabled": False}}, True, False),
        ({"automated": {"enabled": True, "prune": True}}, False, False),
    ],
)
def test_when_argo_cd_acts_by_itself(policy: Any, suspended: bool, corrects: bool) -> None:
    found = argo(spec={"syncPolicy": policy})

    assert (found.suspended, found.corrects) == (suspended, corrects)


def test_a_frozen_application_is_suspended() -> None:
    frozen = {"argocd.argoproj.io/skip-reconcile": "true"}

    assert argo(spec={"syncPolicy": {"automated": {}}}, annotations=frozen).suspended


def test_after_a_failed_sync_the_last_success_counts() -> None:
    status = {
        "operationState": {"phase": "Failed", "message": "one object failed", "syncResult": {"revision": HEAD}},
        "history": [{"revision": "0" * 40}, {"revision": OLD}],
    }

    found = argo(status=status)

    assert (found.applied_revision, found.failing, found.last_success) == (OLD, "one object failed", "")


def test_of_several_sources_the_one_with_the_manifests_counts() -> None:
    sources = [{"repoURL": "https://charts.example.com", "chart": "x"}, {"repoURL": REPO, "path": "clusters"}]
    operation = {"phase": "Succeeded", "syncResult": {"revisions": ["1.2.3", HEAD]}}

    found = argo(spec={"sources": sources, "source": None}, status={"operationState": operation})

    assert (found.repo, found.applied_revision) == (REPO, HEAD)


@pytest.mark.parametrize(
    "destination", [{"server": "https://elsewhere.example.com"}, {"name": "workload-1"}, {"server": "", "name": "eu"}]
)
def test_an_application_for_another_cluster_is_none_of_ours(destination: Any) -> None:
    assert deliveries(view(application(spec={"destination": destination}))) == ()


@pytest.mark.parametrize("destination", [{}, {"name": "in-cluster"}, {"server": "https://kubernetes.default.svc"}])
def test_spellings_of_this_very_cluster(destination: Any) -> None:
    assert len(deliveries(view(application(spec={"destination": destination})))) == 1


def test_what_argo_cd_changes_on_the_way_is_said() -> None:
    found = argo(spec={"source": {"repoURL": REPO, "path": "clusters", "kustomize": {"namePrefix": "x-"}}})

    assert found.rewrites == "spec.source.kustomize of Application/argocd/fleet"


# Marks


def test_flux_marks_with_two_labels() -> None:
    live = capi_object(metadata=flux_labels())

    assert marked_delivery(live) == key("Kustomization", "fleet", "flux-system", FLUX)


def test_a_helm_release_marks_with_two_labels() -> None:
    group = "helm.toolkit.fluxcd.io"
    live = capi_object(metadata={"labels": {f"{group}/name": "a", f"{group}/namespace": "b"}})

    assert marked_delivery(live) == key("HelmRelease", "a", "b", group)


@pytest.mark.parametrize(
    ("app", "namespace", "name"), [("fleet", "", "fleet"), ("argocd_fleet", "argocd", "fleet"), ("a_b_c", "a", "b_c")]
)
def test_argo_cd_marks_with_one_annotation(app: str, namespace: str, name: str) -> None:
    live = capi_object()

    assert marked_delivery(capi_object(metadata=tracking(live, app))) == key("Application", name, namespace, ARGO)


@pytest.mark.parametrize(
    "mark",
    [
        "fleet:cluster.x-k8s.io/Machine:fleet/another",
        "fleet:cluster.x-k8s.io/Machine:elsewhere/eu-1-md-0-abc",
        "fleet:cluster.x-k8s.io/Cluster:fleet/eu-1-md-0-abc",
        "fleet:apps/Machine:fleet/eu-1-md-0-abc",
        "fleet:cluster.x-k8s.io/Machine",
        "fleet",
        "",
    ],
)
def test_a_copied_mark_counts_for_nothing(mark: str) -> None:
    assert marked_delivery(capi_object(metadata={"annotations": {"argocd.argoproj.io/tracking-id": mark}})) is None


def test_the_mark_of_argo_cd_goes_before_the_labels_of_flux() -> None:
    both = capi_object(metadata=flux_labels() | tracking(capi_object()))

    marked = marked_delivery(both)

    assert marked is not None
    assert marked.kind == "Application"


def test_a_mark_without_a_namespace_means_the_application_of_that_name() -> None:
    live = capi_object(metadata=tracking(capi_object()))
    known = deliveries(view(application("other"), application()))

    found = delivery_of(live, known)

    assert found is not None
    assert found.object == key("Application", "fleet", "argocd", ARGO)
    assert delivery_of(live, deliveries(view(application("other")))) is None


def test_a_label_names_one_namespace_only() -> None:
    elsewhere = capi_object(metadata=flux_labels(namespace="elsewhere"))

    assert delivery_of(elsewhere, deliveries(view(kustomization()))) is None


@pytest.mark.parametrize(
    ("metadata", "origin"),
    [
        (
            {
                "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "a", "meta.helm.sh/release-namespace": "b"},
            },
            "Helm release b/a",
        ),
        ({"annotations": {"meta.helm.sh/release-name": "a"}}, ""),
        ({"labels": {"objectset.rio.cattle.io/hash": "x"}}, "a Rancher Fleet bundle"),
        ({}, ""),
    ],
)
def test_other_tools_leave_marks_too(metadata: Any, origin: str) -> None:
    assert other_origin(capi_object(metadata=metadata)) == origin


# Inventories


def inventory(*ids: str) -> dict[str, Any]:
    return {"inventory": {"entries": [{"id": each, "v": "v1beta2"} for each in ids]}}


@pytest.mark.parametrize(
    ("entries", "known"),
    [
        (("fleet_eu-1-md-0-abc_cluster.x-k8s.io_Machine",), True),
        (("fleet_other_cluster.x-k8s.io_Machine",), False),
        (("fleet_eu-1-md-0-abc_cluster.x-k8s.io_Cluster",), False),
        ((), None),
    ],
)
def test_flux_lists_what_it_applied(entries: tuple[str, ...], known: bool | None) -> None:
    seen = view(kustomization(status=inventory(*entries)))

    assert Inventories(seen).knows(deliveries(seen)[0], capi_object()) is known


def test_names_with_colons_are_escaped_in_the_inventory() -> None:
    role = capi_object("ClusterRole", "system:auth", "", api_version="rbac.authorization.k8s.io/v1")
    seen = view(kustomization(status=inventory("_system__auth_rbac.authorization.k8s.io_ClusterRole")))

    assert Inventories(seen).knows(deliveries(seen)[0], role) is True


@pytest.mark.parametrize(("name", "known"), [("eu-1-md-0-abc", True), ("other", False)])
def test_argo_cd_lists_what_it_applied(name: str, known: bool) -> None:
    resource = {"group": "cluster.x-k8s.io", "kind": "Machine", "namespace": "fleet", "name": name}
    seen = view(application(status={"resources": [resource]}))

    assert Inventories(seen).knows(deliveries(seen)[0], capi_object()) is known


def test_an_application_without_a_list_says_nothing() -> None:
    seen = view(application())

    assert Inventories(seen).knows(deliveries(seen)[0], capi_object()) is None


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, True),
        ({"listings": (listing(FLUX, "Kustomization", complete=False),)}, False),
        ({"namespaces": ("fleet",)}, False),
        ({"namespaces": ("fleet", "flux-system")}, True),
    ],
)
def test_a_gitops_object_is_gone_only_where_it_would_have_been_seen(changes: Any, gone: bool) -> None:
    assert is_gone(view(**changes), key("Kustomization", "old", "flux-system", FLUX)) is gone


def test_an_application_for_another_cluster_is_not_gone() -> None:
    remote = application(spec={"destination": {"name": "workload"}})

    assert not is_gone(view(remote), key("Application", "fleet", "", ARGO))


# What is left alone, and how work is resumed


def test_flux_ignore_rules_are_read_with_their_targets() -> None:
    rules = [
        {"paths": ["/spec/replicas"], "target": {"kind": "MachineDeployment", "name": "eu-.*", "labelSelector": "a=b"}},
        {"paths": ["/spec/paused"]},
    ]

    found = flux(spec={**kustomization().spec, "ignore": rules})

    assert found.ignores == (
        IgnoreRule(kind="MachineDeployment", name="eu-.*", pointers=("/spec/replicas",), condition="labelSelector a=b"),
        IgnoreRule(pointers=("/spec/paused",)),
    )


def test_argo_ignore_rules_are_globs_and_exact_names() -> None:
    rule = {
        "group": "*.cluster.x-k8s.io",
        "kind": "*",
        "name": "a.b",
        "jsonPointers": ["/spec/replicas"],
        "jqPathExpressions": [".spec.x"],
        "managedFieldsManagers": ["autoscaler"],
    }

    (found,) = argo(spec={**application().spec, "ignoreDifferences": [rule]}).ignores

    assert re.fullmatch(found.group, "infrastructure.cluster.x-k8s.io")
    assert not re.fullmatch(found.group, "apps")
    assert re.fullmatch(found.kind, "AWSCluster")
    assert re.fullmatch(found.name, "a.b") and not re.fullmatch(found.name, "axb")
    assert (found.pointers, found.expressions, found.managers) == (("/spec/replicas",), (".spec.x",), ("autoscaler",))


def test_how_to_resume_is_said_for_what_is_suspended_only() -> None:
    suspended = flux(spec={**kustomization().spec, "suspend": True})
    manual = argo(spec={**application().spec, "syncPolicy": {}})

    assert flux().resume == ""
    assert suspended.resume.startswith("resume it: flux resume kustomization ")
    assert manual.suspended and "sync" in manual.resume
