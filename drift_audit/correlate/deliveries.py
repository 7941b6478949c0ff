"""The GitOps objects of a management cluster: what they applied, and whether they still work.

Flux: kustomize-controller `api/v1`, source-controller `api/v1`; Argo CD: `pkg/apis/application/v1alpha1`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate

from drift_audit.correlate.marks import ARGO_GROUP, KUSTOMIZE_GROUP
from drift_audit.correlate.repositories import commit_of
from drift_audit.model.delivery import Delivery, IgnoreRule
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit.model.views import ClusterView

SOURCE_GROUP = "source.toolkit.fluxcd.io"

_INTERVAL_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
_ARGO_INTERVAL = 180
"""Argo CD's default `timeout.reconciliation`; the setting itself lives in a ConfigMap that is not read."""


def deliveries(view: ClusterView) -> tuple[Delivery, ...]:
    """Every Flux Kustomization and Argo CD Application that applies to this management cluster."""
    found: list[Delivery] = []
    for key, item in sorted(view.objects.items()):
        reader = _READERS.get((key.group, key.kind))
        if reader is not None:
            delivery = reader(view, item)
            if delivery is not None:
                found.append(delivery)
    return tuple(found)


# Flux

_FLUX_REWRITES = ("patches", "images", "components", "namePrefix", "nameSuffix", "commonMetadata")
"""`postBuild` is not among them: it only fills in `${}`, which the Git view marks field by field."""
_APPLIED_ALL_THE_SAME = "HealthCheckFailed"
"""Flux applies, then waits until the objects are healthy: this failure stops no correction."""


def _flux(view: ClusterView, item: CapiObject) -> Delivery | None:
    if item.spec.get("kubeConfig"):
        return None
    source = _flux_source(view, item)
    run = mapping(next(iter(sequence(item.status.get("history"))), None))
    succeeded = text(run.get("lastReconciledStatus")) == "ReconciliationSucceeded"
    suspended = item.spec.get("suspend") is True
    source_suspended = source is not None and source.spec.get("suspend") is True
    revisions = (text(item.status.get(name)) for name in ("lastAppliedRevision", "lastAppliedOriginRevision"))
    return Delivery(
        tool="Flux",
        object=item.key,
        applier="kustomize-controller",
        applied_revision=next(filter(None, map(commit_of, revisions)), ""),
        suspended=suspended or source_suspended,
        resume=_flux_resume(item if suspended else source) if suspended or source_suspended else "",
        failing=not_ready(item) or (not_ready(source) if source else ""),
        corrects=not suspended,
        last_success=text(run.get("lastReconciled")) if succeeded else "",
        interval_seconds=_interval(text(item.spec.get("interval"))),
        repo=text(source.spec.get("url")) if source and source.kind == "GitRepository" else "",
        path=text(item.spec.get("path")),
        namespace=text(item.spec.get("targetNamespace")),
        namespace_wins=True,
        rewrites=_rewrites(item, item.spec, _FLUX_REWRITES, "spec"),
        ignores=tuple(map(_flux_ignore, map(mapping, sequence(item.spec.get("ignore"))))),
    )


_FLUX_COMMANDS = {
    "Kustomization": "kustomization",
    "GitRepository": "source git",
    "OCIRepository": "source oci",
    "Bucket": "source bucket",
}


def _flux_resume(item: CapiObject | None) -> str:
    if item is None:
        return ""
    namespace = f" -n {item.namespace}" if item.namespace else ""
    return f"resume it: flux resume {_FLUX_COMMANDS.get(item.kind, item.kind.lower())} {item.key.name}{namespace}"


def _flux_ignore(rule: JsonObject) -> IgnoreRule:
    """One item of `spec.ignore` (kustomize-controller 1.9): its target has regular expressions, anchored."""
    target = mapping(rule.get("target"))
    selected = [name for name in ("labelSelector", "annotationSelector", "version") if target.get(name)]
    return IgnoreRule(
        group=text(target.get("group")) or ".*",
        kind=text(target.get("kind")) or ".*",
        namespace=text(target.get("namespace")) or ".*",
        name=text(target.get("name")) or ".*",
        pointers=tuple(map(text, sequence(rule.get("paths")))),
        condition=", ".join(f"{name} {text(target.get(name))}" for name in selected),
    )


def _flux_source(view: ClusterView, item: CapiObject) -> CapiObject | None:
    reference = mapping(item.spec.get("sourceRef"))
    namespace = text(reference.get("namespace")) or item.namespace
    return view.objects.get(
        ObjectKey(SOURCE_GROUP, text(reference.get("kind")), namespace, text(reference.get("name")))
    )


# Argo CD

_ARGO_REWRITES = ("kustomize", "helm", "plugin")
_SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"
_IN_CLUSTER = "https://kubernetes.default.svc"


def _argo(view: ClusterView, item: CapiObject) -> Delivery | None:
    destination = mapping(item.spec.get("destination"))
    server, name = text(destination.get("server")), text(destination.get("name"))
    if server not in ("", _IN_CLUSTER) or name not in ("", "in-cluster"):
        return None
    operation = mapping(item.status.get("operationState"))
    phase = text(operation.get("phase"))
    automated = dig(item.spec, "syncPolicy", "automated")
    automatic = automated is not None and mapping(automated).get("enabled") is not False
    skipped = item.annotations.get(_SKIP_RECONCILE) == "true"
    index, source = _argo_source(item)
    return Delivery(
        tool="Argo CD",
        object=item.key,
        applier="argocd-controller",
        applied_revision=commit_of(_synced(item, operation, index)),
        suspended=not automatic or skipped,
        resume=_argo_resume(item, skipped=skipped) if skipped or not automatic else "",
        failing=(text(operation.get("message")) or phase) if phase in ("Failed", "Error") else "",
        corrects=automatic and mapping(automated).get("selfHeal") is True,
        last_success=text(operation.get("finishedAt")) if phase == "Succeeded" else "",
        interval_seconds=_ARGO_INTERVAL,
        repo=text(source.get("repoURL")),
        path=text(source.get("path")),
        namespace=text(destination.get("namespace")),
        rewrites=_rewrites(item, source, _ARGO_REWRITES, "spec.source"),
        ignores=tuple(map(_argo_ignore, map(mapping, sequence(item.spec.get("ignoreDifferences"))))),
    )


def _argo_resume(item: CapiObject, *, skipped: bool) -> str:
    if skipped:
        return f"remove the annotation {_SKIP_RECONCILE} from {item.key}"
    return f"sync it, or enable automated sync of {item.key}: argocd app sync {item.namespace}/{item.key.name}"


def _argo_ignore(rule: JsonObject) -> IgnoreRule:
    """One item of `spec.ignoreDifferences`: globs for group and kind, exact names (`diff_normalizer.go`)."""
    name, namespace = text(rule.get("name")), text(rule.get("namespace"))
    return IgnoreRule(
        group=translate(text(rule.get("group"))),
        kind=translate(text(rule.get("kind"))),
        namespace=re.escape(namespace) if namespace else ".*",
        name=re.escape(name) if name else ".*",
        pointers=tuple(map(text, sequence(rule.get("jsonPointers")))),
        managers=tuple(map(text, sequence(rule.get("managedFieldsManagers")))),
        expressions=tuple(map(text, sequence(rule.get("jqPathExpressions")))),
    )


def _argo_source(item: CapiObject) -> tuple[int, JsonObject]:
    """(its place, the source that holds the manifests); of several, the first that is no chart and has a path."""
    several = [mapping(source) for source in sequence(item.spec.get("sources"))]
    sources = several or [mapping(item.spec.get("source"))]
    for index, source in enumerate(sources):
        if source.get("path") and not source.get("chart"):
            return index, source
    return 0, sources[0]


def _synced(item: CapiObject, operation: JsonObject, index: int) -> str:
    """The revision of the last successful sync; earlier ones are in the history, newest last."""
    if text(operation.get("phase")) == "Succeeded":
        return _revision(mapping(operation.get("syncResult")), index)
    history = sequence(item.status.get("history"))
    return _revision(mapping(history[-1]), index) if history else ""


def _revision(of: JsonObject, index: int) -> str:
    several = sequence(of.get("revisions"))
    return text(several[index]) if index < len(several) else text(of.get("revision"))


_READERS: dict[tuple[str, str], Callable[[ClusterView, CapiObject], Delivery | None]] = {
    (KUSTOMIZE_GROUP, "Kustomization"): _flux,
    (ARGO_GROUP, "Application"): _argo,
}


# Both


def _rewrites(item: CapiObject, settings: JsonObject, names: tuple[str, ...], where: str) -> str:
    """The settings that change the objects between Git and the cluster, for people; empty when there are none."""
    used = [f"{where}.{name}" for name in names if settings.get(name)]
    return f"{', '.join(used)} of {item.key}" if used else ""


def not_ready(item: CapiObject) -> str:
    """Why a Flux object does not apply: `Reason: message` of a Ready condition that is False; empty when it does."""
    condition = _condition(item.status, "Ready")
    if text(condition.get("status")) != "False" or condition.get("reason") == _APPLIED_ALL_THE_SAME:
        return ""
    said = ": ".join(part for part in (text(condition.get("reason")), text(condition.get("message"))) if part)
    return said or "not ready"


def _condition(status: JsonObject, condition_type: str) -> JsonObject:
    found = (mapping(entry) for entry in sequence(status.get("conditions")))
    return next((entry for entry in found if entry.get("type") == condition_type), {})


def _interval(spelled: str) -> int:
    return int(sum(float(number) * _SECONDS[unit] for number, unit in _INTERVAL_PART.findall(spelled)))
