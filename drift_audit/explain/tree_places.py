"""Where each object of a cluster hangs in its tree: under what names it, else under what owns it.

References of Cluster API are the stronger sign: a template is owned by the Cluster and used by one MachineDeployment.
Owners: CAPI `docs/book/src/reference/api/owner-references.md`. An owner reference that does not hold (another uid, an
object that is gone) is no place, and neither is a circle of owners: both are told, and nothing is left out for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from drift_audit.explain.tree_parts import CORE_GROUP, ClusterParts
from drift_audit.model.keys import ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject, OwnerReference
from drift_audit.model.values import JsonObject, dig, mapping, text
from drift_audit.model.views import ClusterView

NOT_OWNED = ObjectKey("", "", "", "not owned")
"""Stands for the place of objects that name the cluster and hang on nothing."""

_TEMPLATE = ("spec", "template", "spec")
_NAMED_BY_KIND: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Cluster": (("spec", "infrastructureRef"), ("spec", "controlPlaneRef")),
    "Machine": (("spec", "infrastructureRef"), ("spec", "bootstrap", "configRef")),
    "MachinePool": ((*_TEMPLATE, "infrastructureRef"), (*_TEMPLATE, "bootstrap", "configRef")),
    "MachineDeployment": ((*_TEMPLATE, "infrastructureRef"), (*_TEMPLATE, "bootstrap", "configRef")),
}
_NAMED_BY_CONTROL_PLANE = (
    ("spec", "machineTemplate", "spec", "infrastructureRef"),
    ("spec", "machineTemplate", "infrastructureRef"),
)
"""Where a control plane names its template: the v1beta2 contract, then v1beta1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one object hangs."""

    parent: ObjectKey
    doubt: str = ""
    """Why nobody can be sure whom it belongs to."""
    remark: str = ""
    """What is worth knowing about its place, and no reason for doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Something that is named by an object of the cluster, and that is not in the view."""

    parent: ObjectKey
    gone: bool
    """True when its kind was listed completely; False when nobody can say whether it exists."""
    message: str


@dataclass(slots=True, kw_only=True)
class Places:
    """Every object of a cluster and everything that they name, each in one place; the Cluster itself has none."""

    objects: dict[ObjectKey, Place] = field(default_factory=dict)
    absent: dict[ObjectKey, Absent] = field(default_factory=dict)


def places_of(parts: ClusterParts) -> Places:
    """All places; following parents upwards from any of them leads to the Cluster or to `NOT_OWNED`."""
    places = Places()
    named_by: dict[ObjectKey, list[ObjectKey]] = defaultdict(list)
    for key, live in sorted(parts.objects.items()):
        # What only the configuration knows of is drawn where it is, and never missed where it is not.
        declared = (target for target in parts.needs.get(key, ()) if target in parts.view.objects)
        for target in (*named_objects(live), *declared):
            if target != parts.root and key not in named_by[target]:
                named_by[target].append(key)
    for target, referrers in named_by.items():
        if target not in parts.objects:
            _place_stranger(parts, places, target, referrers[0])
    for key, live in sorted(parts.objects.items()):
        if key != parts.root:
            places.objects[key] = _place(parts, places, live, named_by.get(key, ()))
    _break_circles(places, parts.root)
    return places


def infrastructure_of(parts: ClusterParts) -> ObjectKey:
    """The infrastructure cluster that the Cluster names; the Cluster itself while it names none."""
    live = parts.objects.get(parts.root)
    reference = mapping(live.spec.get("infrastructureRef")) if live is not None else {}
    named = text(reference.get("kind")) and text(reference.get("name"))
    return _referenced(reference, parts.cluster.namespace) if named else parts.root


def named_objects(live: CapiObject) -> Iterator[ObjectKey]:
    """What hangs on the object because its spec names it."""
    group = live.key.group
    if group == CORE_GROUP:
        paths = _NAMED_BY_KIND.get(live.kind, ())
    else:
        paths = _NAMED_BY_CONTROL_PLANE if group == f"controlplane.{CORE_GROUP}" else ()
    for path in paths:
        reference = mapping(dig(live.raw, *path))
        if text(reference.get("kind")) and text(reference.get("name")):
            yield _referenced(reference, live.namespace)
    if live.kind == "Cluster":
        yield from _named_class(live)


def _referenced(reference: JsonObject, namespace: str) -> ObjectKey:
    group = text(reference.get("apiGroup")) or split_api_version(text(reference.get("apiVersion")))[0]
    own_namespace = text(reference.get("namespace")) or namespace
    return ObjectKey(group, text(reference.get("kind")), own_namespace, text(reference.get("name")))


def _named_class(cluster: CapiObject) -> Iterator[ObjectKey]:
    topology = mapping(cluster.at("spec", "topology"))
    reference = mapping(topology.get("classRef"))
    name = text(reference.get("name")) or text(topology.get("class"))
    namespace = text(reference.get("namespace")) or text(topology.get("classNamespace")) or cluster.namespace
    if name:
        yield ObjectKey(CORE_GROUP, "ClusterClass", namespace, name)


def _place_stranger(parts: ClusterParts, places: Places, target: ObjectKey, referrer: ObjectKey) -> None:
    """Places what an object names and what is not one of the cluster's own."""
    if target in parts.view.objects:
        other = parts.cluster_of.get(target)
        remark = f"belongs to cluster {other.namespace}/{other.name}" if other and other != parts.cluster else ""
        places.objects[target] = Place(parent=referrer, remark=remark)
        return
    unread = why_unread(parts.view, target)
    leaving = parts.objects[referrer].deleting
    gone = "it is gone before the object that names it" if leaving else f"{referrer} names it, and it does not exist"
    places.absent[target] = Absent(parent=referrer, gone=not unread, message=unread or gone)


def why_unread(view: ClusterView, key: ObjectKey) -> str:
    """Why the object may exist although it is not in the view; empty when its absence is certain."""
    listing = view.kinds.get((key.group, key.kind))
    if listing is None:
        return f"{key.kind} is no kind that was read"
    if not listing.complete:
        return f"not read: {listing.reason}" if listing.reason else "its kind was not read completely"
    if key in view.left_out:
        return "left out by the label selector"
    looked = listing.namespaces or view.namespaces
    if listing.namespaced and looked and key.namespace not in looked:
        return f"namespace {key.namespace} was not read"
    return ""


def _place(parts: ClusterParts, places: Places, live: CapiObject, referrers: Iterable[ObjectKey]) -> Place:
    known = list(referrers)
    owners = list(_owners_in_order(live.owners))
    held = [key for key in (_holding(parts.view, live, owner) for owner in owners) if key is not None]
    doubt = _broken(parts.view, live, owners, held) if len(held) < len(owners) else ""
    if known:
        parent = next((key for key in known if key in held), known[0])
        others = [str(key) for key in known if key != parent]
        told = f"also named by {_some(others)}" if others else ""
        shared = live.kind.endswith("Template") or live.kind == "ClusterClass"
        return Place(parent=parent, doubt=doubt or ("" if shared else told), remark=told)
    own = [key for key in held if key in parts.objects]
    if own:
        return Place(parent=own[0], doubt=doubt)
    if held:
        return Place(parent=parts.root)
    for owner in owners:
        key = _possible_keys(parts.view, live, owner)[0]
        unread = why_unread(parts.view, key)
        if unread:
            places.absent.setdefault(key, Absent(parent=parts.root, gone=False, message=unread))
            return Place(parent=key)
    # Only what Cluster API's controllers look after has to have an owner.
    needs_owner = doubt or live.key.group == CORE_GROUP or live.key.group.endswith(f".{CORE_GROUP}")
    return Place(parent=NOT_OWNED if needs_owner else parts.root, doubt=doubt)


def _owners_in_order(owners: Iterable[OwnerReference]) -> list[OwnerReference]:
    """The controller first, then whoever stands nearer than the Cluster."""
    return sorted(owners, key=lambda owner: (not owner.controller, owner.kind == "Cluster"))


def _possible_keys(view: ClusterView, live: CapiObject, owner: OwnerReference) -> tuple[ObjectKey, ...]:
    """The owner stands in the same namespace, or in none."""
    group = split_api_version(owner.api_version)[0]
    listing = view.kinds.get((group, owner.kind))
    if listing is None:
        places = tuple(dict.fromkeys((live.namespace, "")))
    else:
        places = (live.namespace if listing.namespaced else "",)
    return tuple(ObjectKey(group, owner.kind, namespace, owner.name) for namespace in places)


def _holding(view: ClusterView, live: CapiObject, owner: OwnerReference) -> ObjectKey | None:
    """The object that an owner reference means; `None` where there is none, or only a namesake."""
    for key in _possible_keys(view, live, owner):
        found = view.objects.get(key)
        if found is not None and (not owner.uid or not found.uid or found.uid == owner.uid):
            return key
    return None


def _broken(view: ClusterView, live: CapiObject, owners: Iterable[OwnerReference], held: list[ObjectKey]) -> str:
    """The first owner reference that provably means nothing any more."""
    for owner in owners:
        keys = _possible_keys(view, live, owner)
        if any(key in held for key in keys):
            continue
        if any(key in view.objects for key in keys):
            return f"its owner reference means an earlier {owner.kind}/{owner.name} (another uid)"
        if not any(why_unread(view, key) for key in keys):
            return f"its owner {owner.kind}/{owner.name} does not exist"
    return ""


def _break_circles(places: Places, root: ObjectKey) -> None:
    """Takes one object out of every circle of parents, so that each way up has an end."""
    settled = {root, NOT_OWNED}
    for start in sorted(places.objects):
        way: dict[ObjectKey, None] = {}
        key = start
        while key not in settled and key not in way:
            way[key] = None
            key = _parent(places, key)
        if key in way:
            circle = list(way)[list(way).index(key) :]
            first = min(member for member in circle if member in places.objects)
            doubt = f"a circle of owners: {_some([str(member) for member in circle])}"
            places.objects[first] = Place(parent=NOT_OWNED, doubt=doubt)
        settled.update(way)


def _parent(places: Places, key: ObjectKey) -> ObjectKey:
    if key in places.objects:
        return places.objects[key].parent
    return places.absent[key].parent if key in places.absent else NOT_OWNED


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
