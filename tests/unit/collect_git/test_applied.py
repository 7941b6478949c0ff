"""A history is read unless every GitOps object of the cluster is known to have applied the head."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.collect.applied import applied_by_all
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject
from drift_audit.model.views import ClusterView

HEAD, OLD = "2" * 40, "1" * 40


def flux(name: str, **status: Any) -> CapiObject:
    raw = {"status": status}
    version = "kustomize.toolkit.fluxcd.io/v1"
    return CapiObject(api_version=version, kind="Kustomization", namespace="flux-system", name=name, raw=raw)


def argo(name: str, phase: str, **result: Any) -> CapiObject:
    raw: JsonObject = {"status": {"operationState": {"phase": phase, "syncResult": result}}}
    return CapiObject(api_version="argoproj.io/v1alpha1", kind="Application", namespace="argocd", name=name, raw=raw)


def view(*objects: CapiObject) -> ClusterView:
    return ClusterView(management_cluster="prod", server_version="v1", objects={each.key: each for each in objects})


@pytest.mark.parametrize(
    ("other", "nothing_waits"),
    [
        (flux("b", lastAppliedRevision=f"main@sha1:{HEAD}"), True),
        (flux("b", lastAppliedRevision="oci@sha256:1", lastAppliedOriginRevision=f"main@sha1:{HEAD}"), True),
        (flux("b", lastAppliedRevision=f"main@sha1:{OLD}", lastAttemptedRevision=f"main@sha1:{HEAD}"), False),
        (flux("b"), False),
        (argo("b", "Succeeded", revision=HEAD), True),
        (argo("b", "Succeeded", revisions=[OLD, HEAD]), True),
        (argo("b", "Failed", revision=HEAD), False),
        (argo("b", "Succeeded", revision=OLD), False),
    ],
)
def test_one_that_lags_behind_is_enough_for_something_to_wait(other: CapiObject, nothing_waits: bool) -> None:
    cluster = view(flux("a", lastAppliedRevision=f"main@sha1:{HEAD}"), other)

    assert applied_by_all(cluster, HEAD) is nothing_waits
