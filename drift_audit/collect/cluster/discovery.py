"""What the API server serves: kinds, their plurals, scopes and versions.

Aggregated discovery (one answer for all groups, Kubernetes 1.30 and later), else the classic one, group by group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from drift_audit.collect.cluster.connection import JSON, Connection
from drift_audit.collect.cluster.faults import Ask, Unreadable
from drift_audit.collect.cluster.pacing import Tally

_AGGREGATED = f"{JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,{JSON}"


KindName = tuple[str, str]
"""(group, kind)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedKind:
    """A kind that can be listed."""

    group: str
    kind: str
    plural: str
    namespaced: bool
    versions: tuple[str, ...]
    """In the server's order: the preferred one first."""

    @property
    def api_version(self) -> str:
        """Of the preferred version: `apps/v1`, `v1`."""
        return f"{self.group}/{self.versions[0]}" if self.group else self.versions[0]

    def path(self, version: str, namespace: str = "") -> str:
        """The collection's path; without a namespace, that of all namespaces."""
        base = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        return f"{base}/namespaces/{namespace}/{self.plural}" if namespace else f"{base}/{self.plural}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The served kinds of the groups that were asked for."""

    kinds: tuple[ServedKind, ...]
    broken: dict[tuple[str, str], Unreadable] = field(default_factory=dict)
    """By (group, version): served by name, but what is in it could not be learned."""
    names: frozenset[KindName] = frozenset()
    """Every kind that the server told of, those of other groups too; a server of old tells of these only if asked."""


GroupFilter = Callable[[str], bool]


def discover(connection: Connection, wants: GroupFilter, tally: Tally) -> Discovery:
    """Every listable kind of the groups for which `wants` says yes; the core group is the empty string."""
    found = _Found()
    for root, group in (("/api", ""), ("/apis", None)):
        if group is not None and not wants(group):
            continue
        reply = connection.get(Ask(verb="get", path=root), root, tally, accept=_AGGREGATED)
        if "APIGroupDiscoveryList" in reply.content_type:
            _read_aggregated(_decoded(reply.body, _Aggregated, root), wants, found)
        elif group is not None:
            versions = _decoded(reply.body, _CoreVersions, root).versions
            _read_classic(connection, [(group, version) for version in versions], tally, found)
        else:
            groups = _decoded(reply.body, _Groups, root).groups
            served = [(entry.name, version.version) for entry in groups if wants(entry.name) for version in entry.order]
            _read_classic(connection, served, tally, found)
    return found.discovery()


@dataclass(slots=True)
class _Found:
    """Kinds by (group, plural), versions collected in the server's order."""

    kinds: dict[tuple[str, str], tuple[str, bool, list[str]]] = field(default_factory=dict)
    broken: dict[tuple[str, str], Unreadable] = field(default_factory=dict)
    names: set[KindName] = field(default_factory=set)

    def add(self, group: str, version: str, kind: str, plural: str, namespaced: bool, verbs: Sequence[str]) -> None:
        if "list" in verbs and "/" not in plural:
            self.names.add((group, kind))
            self.kinds.setdefault((group, plural), (kind, namespaced, []))[2].append(version)

    def discovery(self) -> Discovery:
        return Discovery(kinds=tuple(self._served()), broken=self.broken, names=frozenset(self.names))

    def _served(self) -> Iterator[ServedKind]:
        for (group, plural), (kind, namespaced, versions) in sorted(self.kinds.items()):
            yield ServedKind(group=group, kind=kind, plural=plural, namespaced=namespaced, versions=tuple(versions))


def _read_aggregated(listing: _Aggregated, wants: GroupFilter, found: _Found) -> None:
    for group in listing.items:
        if not wants(group.metadata.name):
            found.names |= {(group.metadata.name, kind) for version in group.versions for kind in version.kinds}
            continue
        for version in group.versions:
            if version.freshness == "Stale":
                # The server's memory of a service that does not answer now: kinds may be missing from it.
                found.broken[group.metadata.name, version.version] = _stale(group.metadata.name, version.version)
            for entry in version.resources:
                found.add(
                    group.metadata.name,
                    version.version,
                    entry.responseKind.kind if entry.responseKind else "",
                    entry.resource,
                    entry.scope == "Namespaced",
                    entry.verbs,
                )


def _read_classic(connection: Connection, served: Sequence[tuple[str, str]], tally: Tally, found: _Found) -> None:
    for group, version in served:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            reply = connection.get(Ask(verb="get", path=path), path, tally)
            listing = _decoded(reply.body, _Resources, path)
        except Unreadable as fault:
            found.broken[group, version] = fault
            continue
        for entry in listing.resources:
            found.add(group, version, entry.kind, entry.name, entry.namespaced, entry.verbs)


def _stale(group: str, version: str) -> Unreadable:
    return Unreadable(
        f"the service behind {group}/{version} does not answer, so its kinds are not known",
        f"`kubectl get apiservice {version}.{group}` names the service and what is wrong with it.",
    )


_Shape = TypeVar("_Shape")


def _decoded(body: bytes, shape: type[_Shape], path: str) -> _Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(
            f"GET {path}: the answer is not what a Kubernetes API server sends",
            "Check the server address of this context: something else answers there.",
        ) from error


class _Name(msgspec.Struct):
    name: str = ""
    """Empty for the core group."""


class _ResponseKind(msgspec.Struct):
    kind: str = ""


class _AggregatedResource(msgspec.Struct):
    resource: str
    scope: str = ""
    verbs: list[str] = []
    responseKind: _ResponseKind | None = None


class _AggregatedVersion(msgspec.Struct):
    version: str
    freshness: str = ""
    resources: list[_AggregatedResource] = []

    @property
    def kinds(self) -> Iterator[str]:
        """Those that can be listed."""
        return (each.responseKind.kind for each in self.resources if each.responseKind and "list" in each.verbs)


class _AggregatedGroup(msgspec.Struct):
    metadata: _Name
    versions: list[_AggregatedVersion] = []


class _Aggregated(msgspec.Struct):
    items: list[_AggregatedGroup]


class _CoreVersions(msgspec.Struct):
    versions: list[str]


class _GroupVersion(msgspec.Struct):
    version: str


class _Group(msgspec.Struct):
    name: str
    versions: list[_GroupVersion]
    preferredVersion: _GroupVersion | None = None

    @property
    def order(self) -> list[_GroupVersion]:
        """All versions, the preferred one first."""
        first = [self.preferredVersion] if self.preferredVersion else []
        return first + [version for version in self.versions if version not in first]


class _Groups(msgspec.Struct):
    groups: list[_Group]


class _ClassicResource(msgspec.Struct):
    name: str
    kind: str
    namespaced: bool
    verbs: list[str] = []


class _Resources(msgspec.Struct):
    resources: list[_ClassicResource]
