"""Which findings belong together: by their objects, by what those name, by their clusters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from drift_audit.explain.drift_effects import Relation
from drift_audit.model.findings import Finding, ObjectRef
from drift_audit.model.keys import ClusterKey, ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, JsonObject, mapping, text
from drift_audit.model.views import ClusterView

Name = tuple[str, str]
"""Management cluster, and `Kind/namespace/name` as chains of causes write it."""

_CLONED_FROM = "cluster.x-k8s.io/cloned-from-"
_SHORTEST_ID = 6
"""A shorter id of a resource may be a word of any message."""


class Relations:
    """The drift of a fleet and what is stuck in it, sorted by what each is about."""

    def __init__(
        self,
        drift: Iterable[Finding],
        stuck: Iterable[Finding],
        views: Sequence[ClusterView],
        delivered: Mapping[str, Mapping[ObjectKey, ObjectKey]],
    ) -> None:
        self._delivered = delivered
        self._views = {view.management_cluster: view for view in views}
        self._lives: dict[str, dict[str, CapiObject]] = {}
        self._drift_by_name: dict[Name, list[Finding]] = defaultdict(list)
        self._drift_by_cluster: dict[ClusterKey, list[Finding]] = defaultdict(list)
        self._stuck_by_name: dict[Name, list[Finding]] = defaultdict(list)
        self._stuck_by_cluster: dict[ClusterKey, list[Finding]] = defaultdict(list)
        for finding in drift:
            if finding.object is not None:
                self._drift_by_name[_name_of(finding)].append(finding)
            if finding.cluster is not None:
                self._drift_by_cluster[finding.cluster].append(finding)
        for finding in stuck:
            for name in {*_way(finding), *finding.affected}:
                self._stuck_by_name[finding.management_cluster, name].append(finding)
            if finding.cluster is not None:
                self._stuck_by_cluster[finding.cluster].append(finding)

    def drift_of(self, relation: Relation, stuck: Finding) -> Iterable[Finding]:
        """The drift that stands in this relation to something stuck."""
        own = self._drift_by_name.get(_name_of(stuck), ())
        match relation:
            case Relation.SAME_OBJECT:
                return own
            case Relation.SAME_FIELD:
                return [drift for drift in own if _same_field(drift.path, stuck.path)]
            case Relation.ON_THE_WAY:
                names = {*_way(stuck), *self._named_by(stuck, [_own_name(stuck)], origins=False)}
                return self._drift_on(stuck.management_cluster, names)
            case Relation.NAMED:
                names = set(self._named_by(stuck, _way(stuck), origins=True))
                return self._drift_on(stuck.management_cluster, names)
            case Relation.SAME_CLUSTER:
                return self._of_cluster(stuck)
            case Relation.MENTIONED:
                told = " ".join((*stuck.evidence, *(link.fact for link in stuck.chain[:1])))
                return [drift for drift in self._of_cluster(stuck) if _mentions(told, drift)]
            case Relation.DELIVERS:
                return ()

    def stuck_of(self, relation: Relation, differing: Finding) -> Iterable[Finding]:
        """What is stuck and stands in this relation to a difference."""
        match relation:
            case Relation.SAME_OBJECT:
                return [one for one in self._stuck_on(_name_of(differing)) if _own_name(one) == _own_name(differing)]
            case Relation.ON_THE_WAY:
                return self._stuck_on(_name_of(differing))
            case Relation.SAME_CLUSTER:
                return self._stuck_by_cluster.get(differing.cluster, ()) if differing.cluster is not None else ()
            case Relation.DELIVERS if differing.object is not None:
                brings = self._delivered.get(differing.management_cluster, {}).get(_key(differing.object))
                if brings is None:
                    return ()
                found = self._stuck_on((differing.management_cluster, str(brings)))
                return [one for one in found if _own_name(one) == str(brings)]
            case _:
                return ()

    def _stuck_on(self, name: Name) -> Sequence[Finding]:
        return self._stuck_by_name.get(name, ())

    def _drift_on(self, management_cluster: str, names: Iterable[str]) -> list[Finding]:
        return [drift for name in sorted(names) for drift in self._drift_by_name.get((management_cluster, name), ())]

    def _of_cluster(self, stuck: Finding) -> Sequence[Finding]:
        return self._drift_by_cluster.get(stuck.cluster, ()) if stuck.cluster is not None else ()

    def _named_by(self, stuck: Finding, names: Iterable[str], *, origins: bool) -> Iterator[str]:
        """What these objects name in their specs, and what they were cut from where that is wanted."""
        for name in names:
            live = self._live(stuck.management_cluster, name)
            if live is not None:
                yield from named_in(live)
                yield from _origin(live) if origins else ()

    def _live(self, management_cluster: str, name: str) -> CapiObject | None:
        if management_cluster not in self._lives:
            view = self._views.get(management_cluster)
            self._lives[management_cluster] = {str(key): live for key, live in (view.objects if view else {}).items()}
        return self._lives[management_cluster].get(name)


def named_in(live: CapiObject) -> Iterator[str]:
    """Every object that a spec names by kind and name, as `Kind/namespace/name`, with and without the namespace.

    References to objects of the whole cluster, such as identities, carry no namespace; neither do most of the others.
    """
    for kind, namespace, name in _references(live.spec):
        yield f"{kind}/{namespace or live.namespace}/{name}"
        if not namespace:
            yield f"{kind}/{name}"


def _references(value: Json) -> Iterator[tuple[str, str, str]]:
    found = mapping(value)
    kind, name = text(found.get("kind")), text(found.get("name"))
    if kind and name:
        yield kind, text(found.get("namespace")), name
    for key, inner in found.items():
        yield from _by_place(key, inner)
        yield from _references(inner)
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _references(item)


_KIND_OF_PLACE = {"classRef": "ClusterClass", "secret": "Secret", "secretRef": "Secret"}
"""References whose kind is told by where they stand."""


def _by_place(key: str, inner: Json) -> Iterator[tuple[str, str, str]]:
    if key == "class" and isinstance(inner, str):
        yield "ClusterClass", "", inner
    found: JsonObject = mapping(inner)
    if key in _KIND_OF_PLACE and text(found.get("name")):
        yield _KIND_OF_PLACE[key], text(found.get("namespace")), text(found.get("name"))


def _origin(live: CapiObject) -> Iterator[str]:
    """The template that an object was cut from."""
    name = live.annotations.get(f"{_CLONED_FROM}name", "")
    kind = live.annotations.get(f"{_CLONED_FROM}groupkind", "").partition(".")[0]
    if name and kind:
        yield f"{kind}/{live.namespace}/{name}"


def _way(stuck: Finding) -> list[str]:
    """The object and all between it and the alarm."""
    return [_own_name(stuck), *(link.object for link in stuck.chain)]


def _own_name(finding: Finding) -> str:
    return str(_key(finding.object)) if finding.object is not None else ""


def _name_of(finding: Finding) -> Name:
    return finding.management_cluster, _own_name(finding)


def _key(target: ObjectRef) -> ObjectKey:
    return ObjectKey(split_api_version(target.api_version)[0], target.kind, target.namespace, target.name)


def _same_field(one: str, other: str) -> bool:
    """True for equal paths, and where one lies inside the other."""
    if not one or not other:
        return False
    return one == other or any(a.startswith((f"{b}.", f"{b}[")) for a, b in ((one, other), (other, one)))


def _mentions(told: str, drift: Finding) -> bool:
    id = drift.resource.id if drift.resource is not None else ""
    return len(id) >= _SHORTEST_ID and re.search(rf"(?<![\w-]){re.escape(id)}(?![\w-])", told) is not None
