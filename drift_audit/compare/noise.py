"""Fields that are nobody's intent: dropped from both sides before comparing (rules N)."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.keys import FieldPath
from drift_audit.model.values import JsonObject, mapping

_METADATA = (
    "managedFields",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
    "name",
    "namespace",
    "ownerReferences",
)

_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "cluster.x-k8s.io/conversion-data",
        "machinedeployment.clusters.x-k8s.io/revision",
        "crd-migration.cluster.x-k8s.io/observed-generation",
        "config.kubernetes.io/origin",
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/installation-id",
    }
)
_ANNOTATION_PREFIXES = (
    "internal.config.kubernetes.io/",
    "alpha.config.kubernetes.io/",
    "argocd.argoproj.io/refresh",
    "meta.helm.sh/",
    "reconcile.fluxcd.io/",
)
_LABELS = frozenset(
    {
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "helm.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/namespace",
        # The API server labels every Namespace with its own name.
        "kubernetes.io/metadata.name",
    }
)
_NAMESPACE_FINALIZERS = ("spec", "finalizers")
"""Set by the API server when a Namespace is created, and owned by whoever created it."""


_ALWAYS = frozenset(("metadata", name) for name in _METADATA)


def noise_of(*sides: JsonObject) -> frozenset[FieldPath]:
    """The subtrees to leave out of a comparison of these objects: paths of two or three steps."""
    return _ALWAYS.union(_noise(sides))


def _noise(sides: tuple[JsonObject, ...]) -> Iterator[FieldPath]:
    for side in sides:
        if side.get("kind") == "Namespace":
            yield _NAMESPACE_FINALIZERS
        metadata = mapping(side.get("metadata"))
        for name in mapping(metadata.get("annotations")):
            if name in _ANNOTATIONS or name.startswith(_ANNOTATION_PREFIXES):
                yield ("metadata", "annotations", name)
        for name in mapping(metadata.get("labels")):
            if name in _LABELS:
                yield ("metadata", "labels", name)
