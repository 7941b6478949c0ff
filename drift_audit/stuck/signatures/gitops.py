"""Layer 1: what delivers the fleet from Git has been switched off, or fails.

Nothing of the fleet waits for it, so that it is told as ill health: the difference from Git that it leaves is found by
the comparison, and this says why nobody applies it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Condition, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import FALSE
from drift_audit.stuck.graph import CORE
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.writing import field_written

_FLUX = {"Kustomization": "kustomize.toolkit.fluxcd.io", "HelmRelease": "helm.toolkit.fluxcd.io"}
_SOURCES = "source.toolkit.fluxcd.io"
_ARGO = "argoproj.io"
_SKIP = "argocd.argoproj.io/skip-reconcile"
_COMMANDS = {"GitRepository": "source git", "OCIRepository": "source oci", "Bucket": "source bucket"}
_APPLIED_ALL_THE_SAME = ("HealthCheckFailed", "Progressing", "DependencyNotReady")
"""Reasons of a Ready condition that is False although the objects were applied, or are about to be."""


def _suspended(case: Case) -> Sign | None:
    live = case.live
    if live.key.group in (_SOURCES, _FLUX.get(live.kind)) and live.spec.get("suspend") is True:
        since, writer = field_written(live, "spec", "suspend")
        return _stop(case, "spec.suspend is true", "spec.suspend", since, writer) if delivers_fleet(case) else None
    if live.key.group == _ARGO and live.annotations.get(_SKIP) == "true":
        since, writer = field_written(live, "metadata", "annotations", _SKIP)
        told = f"annotated {_SKIP}"
        return _stop(case, told, f'metadata.annotations["{_SKIP}"]', since, writer) if delivers_fleet(case) else None
    return None


def _stop(case: Case, told: str, path: str, since: str, writer: str) -> Sign:
    live = case.live
    at = f"{live.name} -n {live.namespace}"
    resume = f"flux resume {_COMMANDS.get(live.kind, live.kind.lower())} {at}"
    if live.key.group == _ARGO:
        resume = f"kubectl annotate applications.argoproj.io {at} {_SKIP}-"
    return Sign(
        fact=f"{told}: changes of Git do not reach what it delivers",
        since=since,
        proofs=(Proof("object", told + (f", written by {writer}" if writer else "")),),
        path=path,
        values=(("resume", resume),),
    )


def _failing(case: Case) -> Sign | None:
    live = case.live
    if _FLUX.get(live.kind) == live.key.group:
        ready = case.conditions.get("Ready")
        if ready is None or ready.status != FALSE or live.spec.get("suspend") is True:
            return None
        if ready.reason in _APPLIED_ALL_THE_SAME or not delivers_fleet(case):
            return None
        return _failure(ready)
    operation = mapping(live.status.get("operationState"))
    if live.key.group != _ARGO or operation.get("phase") not in ("Failed", "Error") or not delivers_fleet(case):
        return None
    told = text(operation.get("message")) or text(operation.get("phase"))
    return Sign(
        fact=f"its last sync failed: {told}",
        since=text(operation.get("startedAt")),
        proofs=(Proof("object", f"status.operationState.phase is {operation.get('phase')}: {told}"),),
        variant=text(operation.get("phase")),
    )


def _failure(ready: Condition) -> Sign:
    return Sign(
        fact=f"it does not apply what Git says: {ready.message or ready.reason}",
        since=ready.since,
        proofs=(said_by(ready).proof,),
        variant=ready.reason,
    )


def delivers_fleet(case: Case) -> bool:
    """Whether anything that the GitOps object delivers belongs to Cluster API, or is such an object itself."""
    if case.live.key.group == _SOURCES:
        return any(
            delivers_fleet(case.other(live)) for live in case.graph.of_kind("Kustomization") if _uses(live, case)
        )
    return any(_is_fleet(group) for group in _delivered(case))


def _uses(live: CapiObject, source: Case) -> bool:
    reference = mapping(live.spec.get("sourceRef"))
    named = (reference.get("kind"), text(reference.get("namespace")) or live.namespace, reference.get("name"))
    return named == (source.live.kind, source.live.namespace, source.live.name)


def _delivered(case: Case) -> Iterator[str]:
    """The API groups of what it delivers: by its own inventory, else by the labels that Flux leaves."""
    live = case.live
    for entry in map(mapping, sequence(dig(live.status, "inventory", "entries"))):
        # `namespace_name_group_kind`: kustomize-controller, cli-utils object.ObjMetadata.
        yield (text(entry.get("id")).split("_") + [""] * 4)[2]
    for entry in map(mapping, sequence(live.status.get("resources"))):
        yield text(entry.get("group"))
    if live.key.group in _FLUX.values() and not dig(live.status, "inventory", "entries"):
        name, namespace = f"{live.key.group}/name", f"{live.key.group}/namespace"
        for key, other in case.graph.view.objects.items():
            if other.labels.get(name) == live.name and other.labels.get(namespace) == live.namespace:
                yield key.group


def _is_fleet(group: str) -> bool:
    return group in (CORE, _ARGO, *_FLUX.values()) or group.endswith(f".{CORE}")


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="GITOPS-SUSPENDED",
        layer=Layer.INTENT,
        severity=Severity.MEDIUM,
        title="A GitOps object that delivers the fleet is suspended",
        kinds=("Kustomization", "HelmRelease", "Application", "GitRepository", "OCIRepository", "Bucket"),
        looks=_suspended,
        mechanism=(
            "Nothing that is committed reaches the cluster, and nothing that is edited there is put back: the fleet "
            "differs from Git although nobody touched it."
        ),
        next_steps=(
            "Ask who suspended it: `kubectl -n {namespace} get {kind} {name} -o yaml --show-managed-fields`.",
            "When nobody needs it any more: `{resume}`.",
        ),
        source="Flux kustomize-controller api/v1 (Suspend); Argo CD pkg/apis/application/v1alpha1 (skip-reconcile)",
        clock=Clock.GITOPS,
        everywhere=True,
        kind=FindingKind.HEALTH,
    ),
    Signature(
        id="GITOPS-FAILING",
        layer=Layer.INTENT,
        severity=Severity.MEDIUM,
        title="A GitOps object that delivers the fleet fails",
        kinds=("Kustomization", "HelmRelease", "Application"),
        looks=_failing,
        mechanism="What is committed since does not reach the cluster; what was applied before stays.",
        next_steps=(
            "Read what it says: `kubectl -n {namespace} describe {kind} {name}`.",
            "Mend the cause in Git; it is tried again by itself.",
        ),
        source="Flux kustomize-controller api/v1 (Ready), Argo CD status.operationState",
        clock=Clock.TOPOLOGY,
        everywhere=True,
        kind=FindingKind.HEALTH,
    ),
)
