"""The marks that tools leave on the objects they apply, and whether those tools still know the objects."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace

from drift_audit.model.delivery import Delivery
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit.model.views import ClusterView

KUSTOMIZE_GROUP = "kustomize.toolkit.fluxcd.io"
HELM_GROUP = "helm.toolkit.fluxcd.io"
ARGO_GROUP = "argoproj.io"


def delivery_of(live: CapiObject, known: Iterable[Delivery]) -> Delivery | None:
    """The delivery that the marks on a live object name; `None` without a mark, or when it names none we know."""
    marked = marked_delivery(live)
    if marked is None:
        return None
    return next((delivery for delivery in known if _names(marked, delivery.object)), None)


def _names(marked: ObjectKey, owner: ObjectKey) -> bool:
    """True when the mark means this owner; a mark without a namespace means any of that name."""
    return marked == owner or (not marked.namespace and replace(owner, namespace="") == marked)


def marked_delivery(live: CapiObject) -> ObjectKey | None:
    """The GitOps object named by the marks on a live object, whether or not it exists.

    Argo CD first: its mark names the very object it stands on, and a copied object keeps the mark of its
    original, so that Argo CD itself counts no other (`isSelfReferencedObj`). Flux' labels say less.
    """
    labels = live.labels
    application = _application(live)
    if application is not None:
        return application
    for group, kind in ((KUSTOMIZE_GROUP, "Kustomization"), (HELM_GROUP, "HelmRelease")):
        if labels.get(f"{group}/name"):
            return ObjectKey(group, kind, labels.get(f"{group}/namespace", ""), labels[f"{group}/name"])
    return None


def _application(live: CapiObject) -> ObjectKey | None:
    tracking = live.annotations.get("argocd.argoproj.io/tracking-id", "").split(":", 2)
    if len(tracking) != 3:
        return None
    app, group_kind, namespaced_name = tracking
    if group_kind != f"{live.key.group}/{live.kind}" or namespaced_name != f"{live.namespace}/{live.name}":
        return None
    namespace, separator, name = app.partition("_")
    # Without a namespace the Application lives in Argo CD's own, which the mark does not name.
    return ObjectKey(ARGO_GROUP, "Application", namespace if separator else "", name or app)


def other_origin(live: CapiObject) -> str:
    """Who else made an object that no Git source has to declare: a Helm release, a Fleet bundle; or empty."""
    annotations = live.annotations
    release = annotations.get("meta.helm.sh/release-name")
    if release and live.labels.get("app.kubernetes.io/managed-by") == "Helm":
        return f"Helm release {annotations.get('meta.helm.sh/release-namespace', '')}/{release}"
    if any(key.startswith("objectset.rio.cattle.io/") for key in (*annotations, *live.labels)):
        return "a Rancher Fleet bundle"
    return ""


def is_gone(view: ClusterView, marked: ObjectKey) -> bool:
    """True when the GitOps object surely does not exist: were it there, the view would hold it."""
    if not view.listed(marked.group, marked.kind):
        return False
    if view.namespaces and marked.namespace not in view.namespaces:
        return False
    return not any(_names(marked, key) for key in view.objects if key.kind == marked.kind)


class Inventories:
    """What the GitOps objects of a management cluster say that they have applied, each read once."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        self._listed: dict[ObjectKey, Set[str | tuple[str, ...]]] = {}

    def knows(self, delivery: Delivery, live: CapiObject) -> bool | None:
        """True when the tool's own inventory lists the object, `None` when it keeps none."""
        owner = self._view.objects.get(delivery.object)
        if owner is None:
            return False
        if delivery.object not in self._listed:
            self._listed[delivery.object] = _of_flux(owner) if delivery.tool == "Flux" else _of_argo(owner)
        listed = self._listed[delivery.object]
        return _listed_as(live, delivery) in listed if listed else None


def _of_flux(owner: CapiObject) -> Set[str | tuple[str, ...]]:
    return {text(mapping(entry).get("id")) for entry in sequence(dig(owner.status, "inventory", "entries"))}


def _of_argo(owner: CapiObject) -> Set[str | tuple[str, ...]]:
    return {
        tuple(text(mapping(entry).get(part)) for part in ("group", "kind", "namespace", "name"))
        for entry in sequence(owner.status.get("resources"))
    }


def _listed_as(live: CapiObject, delivery: Delivery) -> str | tuple[str, ...]:
    """An object's name in an inventory; Flux writes `<namespace>_<name>_<group>_<kind>`, with `:` of RBAC names as
    `__`."""
    if delivery.tool == "Flux":
        return f"{live.namespace}_{live.name.replace(':', '__')}_{live.key.group}_{live.kind}"
    return live.key.group, live.kind, live.namespace, live.name
