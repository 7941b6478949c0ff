"""The GitOps objects of a management cluster: what they applied, and whether they still work.

Flux: kustomize-controller `api/v1`, source-controller `api/v1`; Argo CD: `pkg/apis/application/v1alpha1`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from drift_audit.model.delivery import Delivery
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit.model.views import ClusterView

KUSTOMIZE_GROUP = "kustomize.toolkit.fluxcd.io"
SOURCE_GROUP = "source.toolkit.fluxcd.io"
ARGO_GROUP = "argoproj.io"

_COMMIT = re.compile(r"(?:^|[@:/])(?:sha1:)?([0-9a-f]{40})$")
_INTERVAL_PART = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


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


def delivery_of(live: CapiObject, known: Iterable[Delivery]) -> Delivery | None:
    """The delivery that the marks on a live object name; `None` without a mark, or when it names none we know."""
    marked = marked_delivery(live)
    if marked is None:
        return None
    wild = replace(marked, namespace="")
    return next((d for d in known if d.object == marked or replace(d.object, namespace="") == marked == wild), None)


def marked_delivery(live: CapiObject) -> ObjectKey | None:
    """The GitOps object named by the marks on a live object, whether or not it exists.

    A copied object keeps its marks, so an Argo CD mark counts only when it speaks of this very object,
    as Argo CD itself requires (`isSelfReferencedObj`).
    """
    labels = live.labels
    name = labels.get(f"{KUSTOMIZE_GROUP}/name")
    if name:
        return ObjectKey(KUSTOMIZE_GROUP, "Kustomization", labels.get(f"{KUSTOMIZE_GROUP}/namespace", ""), name)
    tracking = live.annotations.get("argocd.argoproj.io/tracking-id", "").split(":", 2)
    if len(tracking) != 3:
        return None
    app, group_kind, namespaced_name = tracking
    if group_kind != f"{live.key.group}/{live.kind}" or namespaced_name != f"{live.namespace}/{live.name}":
        return None
    namespace, separator, app_name = app.partition("_")
    # Without a namespace the Application lives in Argo CD's own, which the mark does not name.
    return ObjectKey(ARGO_GROUP, "Application", namespace if separator else "", app_name or app)


def knows(view: ClusterView, delivery: Delivery, live: CapiObject) -> bool | None:
    """True when the tool's own inventory lists the object, `None` when it keeps none."""
    owner = view.objects.get(delivery.object)
    if owner is None:
        return False
    if delivery.tool == "Flux":
        entries = sequence(dig(owner.status, "inventory", "entries"))
        if not entries:
            return None
        return _inventory_id(live) in {text(mapping(entry).get("id")) for entry in entries}
    resources = sequence(owner.status.get("resources"))
    if not resources:
        return None
    wanted = (live.key.group, live.kind, live.namespace, live.name)
    return wanted in {
        tuple(text(mapping(entry).get(part)) for part in ("group", "kind", "namespace", "name")) for entry in resources
    }


def _inventory_id(live: CapiObject) -> str:
    """Flux's name for an object: `<namespace>_<name>_<group>_<kind>`, with `:` of RBAC names as `__`."""
    return f"{live.namespace}_{live.name.replace(':', '__')}_{live.key.group}_{live.kind}"


def _flux(view: ClusterView, item: CapiObject) -> Delivery | None:
    if item.spec.get("kubeConfig"):
        return None
    source = mapping(item.spec.get("sourceRef"))
    source_key = ObjectKey(
        SOURCE_GROUP,
        text(source.get("kind")),
        text(source.get("namespace")) or item.namespace,
        text(source.get("name")),
    )
    source_object = view.objects.get(source_key)
    run = mapping(next(iter(sequence(item.status.get("history"))), None))
    succeeded = text(run.get("lastReconciledStatus")) == "ReconciliationSucceeded"
    return Delivery(
        tool="Flux",
        object=item.key,
        applier="kustomize-controller",
        applied_revision=commit_of(text(item.status.get("lastAppliedRevision"))),
        suspended=item.spec.get("suspend") is True
        or (source_object is not None and source_object.spec.get("suspend") is True),
        failing=not_ready(item) or (not_ready(source_object) if source_object else ""),
        corrects=item.spec.get("suspend") is not True,
        last_success=text(run.get("lastReconciled")) if succeeded else "",
        interval_seconds=_interval(text(item.spec.get("interval"))),
    )


def _argo(view: ClusterView, item: CapiObject) -> Delivery | None:
    server = text(dig(item.spec, "destination", "server"))
    if server not in ("", "https://kubernetes.default.svc"):
        return None
    operation = mapping(item.status.get("operationState"))
    succeeded = text(operation.get("phase")) == "Succeeded"
    automated = dig(item.spec, "syncPolicy", "automated")
    automatic = automated is not None and mapping(automated).get("enabled") is not False
    applied = text(dig(operation, "syncResult", "revision")) if succeeded else _last_sync(item)
    return Delivery(
        tool="Argo CD",
        object=item.key,
        applier="argocd-controller",
        applied_revision=commit_of(applied),
        suspended=not automatic or item.annotations.get("argocd.argoproj.io/skip-reconcile") == "true",
        failing=text(operation.get("message")) if text(operation.get("phase")) in ("Failed", "Error") else "",
        corrects=automatic and mapping(automated).get("selfHeal") is True,
        last_success=text(operation.get("finishedAt")) if succeeded else "",
        interval_seconds=180,
        repo=text(dig(item.spec, "source", "repoURL")),
        path=text(dig(item.spec, "source", "path")),
    )


def _last_sync(item: CapiObject) -> str:
    history = sequence(item.status.get("history"))
    return text(mapping(history[-1]).get("revision")) if history else ""


_READERS: dict[tuple[str, str], Callable[[ClusterView, CapiObject], Delivery | None]] = {
    (KUSTOMIZE_GROUP, "Kustomization"): _flux,
    (ARGO_GROUP, "Application"): _argo,
}


def not_ready(item: CapiObject) -> str:
    """`Reason: message` of a Ready condition that is False; empty when it is anything else."""
    condition = _condition(item.status, "Ready")
    if text(condition.get("status")) != "False":
        return ""
    return ": ".join(part for part in (text(condition.get("reason")), text(condition.get("message"))) if part)


def _condition(status: JsonObject, condition_type: str) -> JsonObject:
    found = (mapping(entry) for entry in sequence(status.get("conditions")))
    return next((entry for entry in found if entry.get("type") == condition_type), {})


def commit_of(revision: str) -> str:
    """The commit id in Flux's or Argo CD's spelling of a revision; empty when there is none.

    Flux writes `main@sha1:<40 hex>` or `sha1:<40 hex>`, and once wrote `main/<40 hex>`.
    """
    match = _COMMIT.search(revision)
    return match[1] if match else ""


def _interval(spelled: str) -> int:
    return int(sum(float(number) * _SECONDS[unit] for number, unit in _INTERVAL_PART.findall(spelled)))


def same_repository(left: str, right: str) -> bool:
    """True when two clone URLs name one repository: scheme, user, port and `.git` do not matter."""
    return _repository(left) == _repository(right) != ""


def _repository(url: str) -> str:
    bare = re.sub(r"^[a-z+]+://", "", url.strip())
    bare = bare.rpartition("@")[2] if "@" in bare.split("/", 1)[0] else bare
    bare = re.sub(r"^([^/:]+):(\d+)?/?", r"\1/", bare) if ":" in bare.split("/", 1)[0] else bare
    host, separator, rest = bare.partition("/")
    return f"{host.lower()}{separator}{rest}".removesuffix("/").removesuffix(".git")
