"""`metadata.managedFields`: which request last set which leaf.

Format: structured-merge-diff `fieldpath/serialize.go` and `serialize-pe.go`. What it proves and what
not is in `docs/verdicts.md`; in short: it names a *tool*, it keeps only the last writer of a leaf,
and its time is that of the entry, not of the leaf.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from drift_audit.model.keys import FieldPath, ItemKey, PathStep, SetItem
from drift_audit.model.values import Json, JsonObject, mapping, sequence, text


@dataclass(slots=True)
class _Node:
    member: bool = False
    children: dict[PathStep, _Node] = field(default_factory=dict)


class FieldSet:
    """The fields of one entry. Taken apart on first use: of most objects only the managers are looked at."""

    __slots__ = ("_raw", "_root")

    def __init__(self, raw: JsonObject, root: _Node | None = None) -> None:
        self._raw = raw
        self._root = root

    @classmethod
    def of(cls, paths: Iterable[FieldPath]) -> FieldSet:
        """The set that has these members."""
        root = _Node()
        for path in paths:
            node = root
            for step in path:
                node = node.children.setdefault(step, _Node())
            node.member = True
        return cls({}, root)

    @property
    def root(self) -> _Node:
        if self._root is None:
            self._root = _decode(self._raw)
        return self._root


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: a manager's last word, in one API version, through one subresource."""

    manager: str
    operation: str
    """`Apply` or `Update`."""
    api_version: str
    subresource: str
    time: str
    """RFC 3339, whole seconds; empty when the server wrote none, as for the `scale` subresource of a CRD."""
    fields: FieldSet

    @property
    def identity(self) -> str:
        return identity(self.manager, self.operation, self.subresource)

    def holds(self, path: FieldPath) -> bool:
        """True when the entry's set contains exactly this path."""
        node = self._find(path)
        return node is not None and node.member

    def holds_above(self, path: FieldPath) -> bool:
        """True when the entry owns an ancestor as one piece: an atomic field of another schema."""
        node: _Node | None = self.fields.root
        for depth, step in enumerate(path):
            node = node.children.get(step) if node else None
            if node is None:
                return False
            if node.member and not node.children and depth + 1 < len(path):
                return True
        return False

    def holds_below(self, path: FieldPath) -> bool:
        """True when the entry owns anything beneath the path."""
        node = self._find(path)
        return node is not None and any(True for _ in _members(node, ()))

    def paths(self) -> Iterator[FieldPath]:
        """Every member of the set."""
        return _members(self.fields.root, ())

    def list_keys(self) -> Iterator[tuple[FieldPath, tuple[str, ...]]]:
        """Lists whose items the entry names by key, with the names of the key fields."""
        return _keyed(self.fields.root, ())

    def _find(self, path: FieldPath) -> _Node | None:
        node = self.fields.root
        for step in path:
            below = node.children.get(step)
            if below is None:
                return None
            node = below
        return node


def identity(manager: str, operation: str, subresource: str) -> str:
    """How the table of managers names a writer: `kubectl/Update/scale`."""
    return f"{manager}/{operation}/{subresource}" if subresource else f"{manager}/{operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedFields:
    """All entries of one object."""

    entries: tuple[Entry, ...]
    structured_as: str = ""
    """The API version in whose structure leaves are looked up; empty when no schema gave that structure."""
    partial: bool = False
    """True when an entry could not be read: then the absence of an owner proves nothing."""

    def owners(self, path: FieldPath) -> tuple[Entry, ...]:
        """Entries that own the leaf.

        An entry that was written in another structure (another API version, or a kind without a schema)
        may hold an atomic ancestor of the leaf, or parts of it. In the same structure neither counts: the
        member `f:labels` says nothing about a label, and stays behind when the last label is gone.
        """
        exact = tuple(entry for entry in self.entries if entry.holds(path))
        if exact or path[0] == "metadata":
            return exact
        foreign = [entry for entry in self.entries if not self.structured_as or entry.api_version != self.structured_as]
        around = tuple(entry for entry in foreign if entry.holds_above(path))
        return around or tuple(entry for entry in foreign if entry.holds_below(path))

    @property
    def reset(self) -> bool:
        """True for the signature that CAPI leaves when it rewrites managedFields (`internal/util/ssa`)."""
        seeds: tuple[list[FieldPath], ...] = ([], [("metadata", "name")])
        return any(e.manager == "manager" for e in self.entries) and all(
            sorted(e.paths(), key=repr) in seeds for e in self.entries if e.subresource != "status"
        )

    def key_hints(self) -> dict[FieldPath, tuple[str, ...]]:
        """Key fields of associative lists, for objects without a schema; nothing where there is one."""
        if self.structured_as:
            return {}
        return {path: keys for entry in self.entries for path, keys in entry.list_keys()}


def writers_of(raw: JsonObject) -> Iterator[tuple[str, str, str]]:
    """(manager, operation, subresource) of every entry, without a look at its fields."""
    for given in map(mapping, sequence(mapping(raw.get("metadata")).get("managedFields"))):
        yield text(given.get("manager")) or "unknown", text(given.get("operation")), text(given.get("subresource"))


def read_managed_fields(raw: JsonObject, *, structured: bool = True) -> ManagedFields:
    """The entries that speak of the object itself; those of `/status` are left out.

    `structured` says that the kind's schema is known in the version of `raw`.
    """
    entries: list[Entry] = []
    partial = False
    for given in map(mapping, sequence(mapping(raw.get("metadata")).get("managedFields"))):
        if given.get("subresource") == "status":
            continue
        fields = given.get("fieldsV1")
        if given.get("fieldsType") not in ("FieldsV1", None) or not isinstance(fields, dict):
            partial = True
            continue
        entries.append(
            Entry(
                manager=text(given.get("manager")) or "unknown",
                operation=text(given.get("operation")),
                api_version=text(given.get("apiVersion")),
                subresource=text(given.get("subresource")),
                time=text(given.get("time")),
                fields=FieldSet(fields),
            )
        )
    structured_as = text(raw.get("apiVersion")) if structured else ""
    return ManagedFields(entries=tuple(entries), structured_as=structured_as, partial=partial)


def _decode(fields: JsonObject) -> _Node:
    """The tree of one fieldsV1 value; steps of an unknown kind are skipped, as the server does."""
    node = _Node()
    for key, below in fields.items():
        if key == ".":
            continue
        step = _step(key)
        if step is None or not isinstance(below, dict):
            continue
        child = _decode(below)
        child.member = "." in below or not child.children
        node.children[step] = child
    return node


def _step(key: str) -> PathStep | None:
    prefix, _, rest = key.partition(":")
    try:
        match prefix:
            case "f":
                return rest
            case "k":
                keys = json.loads(rest)
                return ItemKey.of(keys) if isinstance(keys, dict) else None
            case "v":
                return SetItem.of(json.loads(rest))
            case "i":
                return int(rest)
    except (ValueError, RecursionError):
        return None
    return None


def _members(node: _Node, path: FieldPath) -> Iterator[FieldPath]:
    for step, child in node.children.items():
        here = (*path, step)
        if child.member:
            yield here
        yield from _members(child, here)


def _keyed(node: _Node, path: FieldPath) -> Iterator[tuple[FieldPath, tuple[str, ...]]]:
    for step, child in node.children.items():
        if isinstance(step, ItemKey):
            yield path, tuple(step.keys)
        yield from _keyed(child, (*path, step))


def value_at(raw: Json, path: FieldPath) -> Json:
    """The value at a path that may name list items by key; `None` where the way ends."""
    for step in path:
        match step:
            case str():
                raw = mapping(raw).get(step)
            case int():
                items = sequence(raw)
                raw = items[step] if 0 <= step < len(items) else None
            case ItemKey():
                keys = step.keys
                matching = (
                    item for item in map(mapping, sequence(raw)) if all(item.get(k) == v for k, v in keys.items())
                )
                raw = next(matching, None)
            case SetItem():
                raw = next((item for item in sequence(raw) if SetItem.of(item) == step), None)
    return raw
