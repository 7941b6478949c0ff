"""Which object stands below which: owner references and the references of specs, in both directions.

Sorted only when somebody asks, which nobody does for a fleet that is well. The edges are those of CAPI's own ownership
(docs/book, owner-references) and the refs that no owner reference shows; templates hang at what uses them, so that a
missing one is found from there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from drift_audit.model.keys import ClusterKey, ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, dig, mapping, text
from drift_audit.model.views import ClusterView

CORE = "cluster.x-k8s.io"
CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"

_REFS: Sequence[tuple[str, ...]] = (
    ("infrastructureRef",),
    ("controlPlaneRef",),
    ("bootstrap", "configRef"),
    ("template", "spec", "infrastructureRef"),
    ("template", "spec", "bootstrap", "configRef"),
    ("machineTemplate", "infrastructureRef"),
    ("machineTemplate", "spec", "infrastructureRef"),
)
"""Where in their specs objects of CAPI name what they are made of, in v1beta1 and in v1beta2."""
_FIRST_STEPS = frozenset(steps[0] for steps in _REFS)


class ObjectGraph:
    """The objects of one management cluster, and how they hang together."""

    def __init__(
        self,
        view: ClusterView,
        cluster_of: Mapping[ObjectKey, ClusterKey | None],
        needs: Mapping[ObjectKey, Sequence[ObjectKey]] | None = None,
    ) -> None:
        self.view = view
        self.needs = needs or {}
        """What objects need besides, as the configuration declares it."""
        self._cluster_of = cluster_of

    @cached_property
    def _children(self) -> Mapping[ObjectKey, list[CapiObject]]:
        found: dict[ObjectKey, list[CapiObject]] = defaultdict(list)
        for live in self.view.objects.values():
            for owner in live.owners:
                found[_owner_key(owner.api_version, owner.kind, owner.name, live.namespace)].append(live)
        return found

    @cached_property
    def _used_by(self) -> Mapping[ObjectKey, list[CapiObject]]:
        found: dict[ObjectKey, list[CapiObject]] = defaultdict(list)
        for live in self.view.objects.values():
            for target in (*references(live), *self.needs.get(live.key, ())):
                found[target].append(live)
        return found

    @cached_property
    def _kinds(self) -> Mapping[str, list[CapiObject]]:
        found: dict[str, list[CapiObject]] = defaultdict(list)
        for live in self.view.objects.values():
            found[live.kind].append(live)
        return found

    def get(self, key: ObjectKey) -> CapiObject | None:
        return self.view.objects.get(key)

    def named(self, kind: str, namespace: str, name: str, group: str = CORE) -> CapiObject | None:
        return self.get(ObjectKey(group, kind, namespace, name))

    def of_kind(self, kind: str) -> Iterator[CapiObject]:
        """Every object of a kind, whatever its group."""
        return iter(self._kinds.get(kind, ()))

    def kinds(self) -> Iterable[str]:
        """Every kind that there is an object of."""
        return self._kinds

    def children(self, live: CapiObject, *kinds: str) -> list[CapiObject]:
        """What names the object as an owner, of these kinds or of any."""
        return [child for child in self._children.get(live.key, ()) if not kinds or child.kind in kinds]

    def users(self, key: ObjectKey) -> Sequence[CapiObject]:
        """What names it in its spec, such as the MachineDeployments of a template; it need not exist."""
        return self._used_by.get(key, ())

    def below(self, live: CapiObject) -> list[CapiObject]:
        """What the object needs to be well: what its spec names, without templates, then what it owns."""
        keys = dict.fromkeys((*references(live), *self.needs.get(live.key, ())))
        named = [found for key in keys if not is_template(key) and (found := self.get(key))]
        owned = [child for child in self.children(live) if not is_template(child.key) and _is_controlled(child, live)]
        return [*named, *(child for child in owned if child not in named)]

    def above(self, live: CapiObject) -> CapiObject | None:
        """What the object belongs to: its controlling owner; the object whose spec names it; its Cluster."""
        for owner in sorted(live.owners, key=lambda owner: not owner.controller):
            found = self.get(_owner_key(owner.api_version, owner.kind, owner.name, live.namespace))
            if found is not None:
                return found
        if live.kind == "Cluster" and live.key.group == CORE and not self.needs:
            # The top of nearly every way; who uses what takes a look at every object.
            return None
        users = self.users(live.key)
        if users:
            return users[0]
        cluster = self.cluster(live)
        return None if cluster is None or cluster is live else cluster

    def way_up(self, live: CapiObject) -> list[CapiObject]:
        """The object and all that it belongs to, up to its Cluster."""
        way = [live]
        while (owner := self.above(way[-1])) is not None and owner not in way:
            way.append(owner)
        return way

    def cluster_key(self, live: CapiObject) -> ClusterKey | None:
        return self._cluster_of.get(live.key)

    def cluster(self, live: CapiObject) -> CapiObject | None:
        """The Cluster that the object belongs to; of a Cluster itself."""
        key = self.cluster_key(live)
        return self.named("Cluster", key.namespace, key.name) if key else None

    def infrastructure(self, cluster: CapiObject | None) -> CapiObject | None:
        """What a Cluster's `infrastructureRef` names."""
        return self._named_by(cluster, "spec", "infrastructureRef")

    def control_plane(self, cluster: CapiObject | None) -> CapiObject | None:
        return self._named_by(cluster, "spec", "controlPlaneRef")

    def machine(self, live: CapiObject) -> CapiObject | None:
        """The Machine that the object is, or stands below."""
        if live.kind == "Machine" and live.key.group == CORE:
            return live
        return next((each for each in self.way_up(live) if each.kind == "Machine" and each.key.group == CORE), None)

    def infrastructure_machine(self, machine: CapiObject) -> CapiObject | None:
        return self._named_by(machine, "spec", "infrastructureRef")

    def bootstrap(self, machine: CapiObject) -> CapiObject | None:
        return self._named_by(machine, "spec", "bootstrap", "configRef")

    def _named_by(self, live: CapiObject | None, *steps: str) -> CapiObject | None:
        if live is None:
            return None
        key = reference_key(live.at(*steps), live.namespace)
        return self.get(key) if key else None


def references(live: CapiObject) -> list[ObjectKey]:
    """What the object's spec names."""
    spec = live.spec
    if not any(step in spec for step in _FIRST_STEPS):
        return []
    return [key for steps in _REFS if (key := reference_key(dig(spec, *steps), live.namespace))]


def reference_key(reference: Json, namespace: str) -> ObjectKey | None:
    """The object that a reference names; v1beta2 references carry `apiGroup`, older ones `apiVersion`."""
    found = mapping(reference)
    kind, name = text(found.get("kind")), text(found.get("name"))
    if not kind or not name:
        return None
    group = text(found.get("apiGroup")) or split_api_version(text(found.get("apiVersion")))[0]
    return ObjectKey(group, kind, text(found.get("namespace")) or namespace, name)


def is_template(key: ObjectKey) -> bool:
    return key.kind.endswith("Template")


def is_control_plane_machine(machine: CapiObject) -> bool:
    return CONTROL_PLANE_LABEL in machine.labels


def template_of(live: CapiObject) -> str:
    """The name of the template that the object was cloned from."""
    return text(dig(live.metadata, "annotations", "cluster.x-k8s.io/cloned-from-name"))


def _owner_key(api_version: str, kind: str, name: str, namespace: str) -> ObjectKey:
    return ObjectKey(split_api_version(api_version)[0], kind, namespace, name)


def _is_controlled(child: CapiObject, owner: CapiObject) -> bool:
    """True for what the owner is responsible for; a Cluster owns MachineDeployments without controlling them."""
    mine = [each for each in child.owners if each.name == owner.name and each.kind == owner.kind]
    if any(each.controller for each in mine):
        return True
    return bool(mine) and not any(each.controller for each in child.owners)
