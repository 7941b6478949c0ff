"""Whether all of a management cluster's GitOps objects have applied one commit, so that nothing of it waits.

Flux: kustomize-controller `api/v1`; Argo CD: `pkg/apis/application/v1alpha1`.
"""

from __future__ import annotations

from collections.abc import Callable

from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text
from drift_audit.model.views import ClusterView


def applied_by_all(view: ClusterView, revision: str) -> bool:
    """False when one of them lags behind, or does not say what it applied.

    One that applies another repository counts as lagging: whose objects are whose is not known here, and to
    read a history for nothing costs little.
    """
    return all(
        revision in applied(item)
        for key, item in view.objects.items()
        if (applied := _APPLIED.get((key.group, key.kind))) is not None
    )


def _of_flux(item: CapiObject) -> str:
    return f"{item.at('status', 'lastAppliedRevision')} {item.at('status', 'lastAppliedOriginRevision')}"


def _of_argo(item: CapiObject) -> str:
    operation = mapping(item.status.get("operationState"))
    result = mapping(operation.get("syncResult"))
    if operation.get("phase") != "Succeeded":
        return ""
    return " ".join(map(text, (result.get("revision"), *sequence(result.get("revisions")))))


_APPLIED: dict[tuple[str, str], Callable[[CapiObject], str]] = {
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _of_flux,
    ("argoproj.io", "Application"): _of_argo,
}
