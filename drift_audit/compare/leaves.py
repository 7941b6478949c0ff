"""The leaves of an object: the smallest fields whose owner the API server tracks.

Mirrors structured-merge-diff `typed/tofieldset.go`, with two differences that serve comparison: an
empty map and a `null` count as absent (rule E2), and that a keyed item is there, whatever it holds, is a
leaf of its own: its value are the key fields.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass

from drift_audit.compare.schema import SchemaNode, Structure
from drift_audit.model.keys import FieldPath, ItemKey, SetItem, canonical_json
from drift_audit.model.values import Json, JsonObject, mapping, sequence


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of one object."""

    path: FieldPath
    positional: FieldPath
    """The same place by list indexes: how marks in a file are kept."""
    value: Json
    schema: SchemaNode
    declared: bool = True
    """False when the schema would prune it."""


Leaves = Mapping[FieldPath, Leaf]
KeyHints = Mapping[FieldPath, tuple[str, ...]]
"""Key fields of lists that have no schema, learnt from managedFields."""

ROOT_SKIP = frozenset({"apiVersion", "kind", "status"})


def leaves_of(raw: JsonObject, schema: SchemaNode, hints: KeyHints, noise: Set[FieldPath] = frozenset()) -> Leaves:
    """All leaves of an object except its identity, its status and the metadata that `noise` names."""
    found: list[Leaf] = []
    for name, value in raw.items():
        if name not in ROOT_SKIP:
            _walk(found, (name,), (name,), value, schema.child(name), hints, schema.declares(name))
    return {leaf.path: leaf for leaf in found if leaf.path[0] != "metadata" or not _is_noise(leaf.path, noise)}


def _is_noise(path: FieldPath, noise: Set[FieldPath]) -> bool:
    return path[:2] in noise or path[:3] in noise


def _walk(
    found: list[Leaf],
    path: FieldPath,
    positional: FieldPath,
    value: Json,
    node: SchemaNode,
    hints: KeyHints,
    declared: bool,
) -> None:
    """Adds the leaves of one value. A list to add to, not a generator: this is the innermost loop of an audit."""
    if value is None and not node.nullable:
        return
    match _structure(path, value, node, hints):
        case Structure.MAP:
            for name, child in mapping(value).items():
                known = declared and node.declares(name)
                _walk(found, (*path, name), (*positional, name), child, node.child(name), hints, known)
        case Structure.KEYED_LIST:
            _walk_items(found, path, positional, sequence(value), node, hints, declared)
        case Structure.SET:
            for index, item in enumerate(sequence(value)):
                found.append(Leaf((*path, SetItem.of(item)), (*positional, index), item, node.items, declared))
        case _:
            found.append(Leaf(path, positional, value, node, declared))


def _structure(path: FieldPath, value: Json, node: SchemaNode, hints: KeyHints) -> Structure:
    structure = node.structure_of(value)
    if structure is Structure.ATOMIC and isinstance(value, (list, tuple)) and not node.known and hints.get(path):
        return Structure.KEYED_LIST
    return structure


def _walk_items(
    found: list[Leaf],
    path: FieldPath,
    positional: FieldPath,
    items: Collection[Json],
    node: SchemaNode,
    hints: KeyHints,
    declared: bool,
) -> None:
    keys = node.list_keys or hints[path]
    named = [_item_key(item, keys, node.items) for item in items]
    for index, (item, key) in enumerate(zip(items, named, strict=True)):
        if key is None:
            # An item without its key fields is refused by the server; it can only be compared whole.
            found.append(Leaf((*path, SetItem.of(item)), (*positional, index), item, node.items, declared))
            continue
        here: FieldPath = (*path, key)
        if named.count(key) > 1:
            if named.index(key) == index:
                same = [other for other, name in zip(items, named, strict=True) if name == key]
                found.append(Leaf(here, (*positional, index), same, node.items, declared))
            continue
        found.append(Leaf(here, (*positional, index), key.keys, node.items, declared))
        rest = {name: child for name, child in mapping(item).items() if name not in keys}
        _walk(found, here, (*positional, index), rest, node.items, hints, declared)


# Key fields that the built-in kinds default (ports of Services and containers); no CRD tells their schema.
_KEY_DEFAULTS: dict[str, Json] = {"protocol": "TCP"}


def _item_key(item: Json, keys: tuple[str, ...], node: SchemaNode) -> ItemKey | None:
    fields = mapping(item)
    named: dict[str, Json] = {}
    for key in keys:
        if key in fields:
            named[key] = fields[key]
        elif node.child(key).has_default:
            named[key] = node.child(key).default
        elif not node.known and key in _KEY_DEFAULTS:
            named[key] = _KEY_DEFAULTS[key]
        else:
            return None
    return ItemKey(canonical_json(named))
