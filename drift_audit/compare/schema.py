"""What a CRD's schema says about the structure at a field: the unit in which fields are owned.

Server-side apply tracks ownership per *leaf*; where a leaf begins is decided by the schema
(structured-merge-diff `typed/tofieldset.go`, kube-openapi `pkg/schemaconv/smd.go`).
"""

from __future__ import annotations

from enum import StrEnum

from drift_audit.model.values import Json, JsonObject, mapping, sequence, text


class Structure(StrEnum):
    """How the API server tracks ownership below a field."""

    SCALAR = "scalar"
    ATOMIC = "atomic"
    """A list or map that is one leaf."""
    MAP = "map"
    """Each entry is tracked by itself."""
    KEYED_LIST = "keyed_list"
    """A list of maps, its items named by key fields."""
    SET = "set"
    """A list of scalars, each item tracked by its value."""


# ObjectMeta is the same for every kind; a CRD does not spell it out.
OBJECT_META: JsonObject = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "ownerReferences": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"],
            "items": {"type": "object", "x-kubernetes-map-type": "atomic"},
        },
    },
}

_STRINGS: JsonObject = {"type": "object", "additionalProperties": {"type": "string"}}
_BUILT_IN: dict[tuple[str, str], JsonObject] = {
    ("v1", "ConfigMap"): {"type": "object", "properties": {"data": _STRINGS, "binaryData": _STRINGS, "immutable": {}}},
    ("v1", "Secret"): {"type": "object", "properties": {"data": _STRINGS, "type": {}, "immutable": {}}},
}
"""Kinds of Kubernetes itself that stand beside clusters in Git; they have no CRD (core/v1/types.go)."""


class SchemaNode:
    """The schema at one field; `raw` is `None` where the schema says nothing (deduced structure).

    Remembers the nodes below it: all objects of a kind walk the same few fields.
    """

    __slots__ = ("_children", "_items", "_keeps_all", "_others", "_properties", "raw")

    def __init__(self, raw: JsonObject | None) -> None:
        self.raw = raw
        self._properties = mapping(raw.get("properties")) if raw else {}
        self._keeps_all = _keeps_all(raw)
        self._children: dict[str, SchemaNode] = {}
        self._items: SchemaNode | None = None
        self._others: SchemaNode | None = None

    @classmethod
    def of_object(cls, schema: Json, api_version: str = "", kind: str = "") -> SchemaNode:
        """The schema of a whole object, with ObjectMeta filled in; `schema` is that of the CRD, if there is one."""
        root = mapping(schema) or _BUILT_IN.get((api_version, kind), {})
        if not root:
            return cls({"type": "object", "properties": {"metadata": OBJECT_META}, _DEDUCED: True})
        return cls({**root, "properties": {**mapping(root.get("properties")), "metadata": OBJECT_META}})

    @property
    def known(self) -> bool:
        return self.raw is not None

    @property
    def structured(self) -> bool:
        """For a whole object: False when nobody described its fields, so that their structure is only deduced."""
        return self.raw is not None and _DEDUCED not in self.raw

    def structure_of(self, value: Json) -> Structure:
        """How the server tracks `value` here. Without a schema: maps by entry, lists as one leaf."""
        if isinstance(value, (list, tuple)):
            return self._list_structure()
        if isinstance(value, dict):
            if self.raw is not None and self.raw.get("x-kubernetes-map-type") == "atomic":
                return Structure.ATOMIC
            return Structure.MAP
        return Structure.SCALAR

    def _list_structure(self) -> Structure:
        match self.raw and self.raw.get("x-kubernetes-list-type"):
            case "map" if self.list_keys:
                return Structure.KEYED_LIST
            case "set":
                return Structure.SET
            case _:
                return Structure.ATOMIC

    @property
    def list_keys(self) -> tuple[str, ...]:
        keys = sequence(self.raw.get("x-kubernetes-list-map-keys")) if self.raw else ()
        return tuple(text(key) for key in keys)

    @property
    def items(self) -> SchemaNode:
        if self._items is None:
            self._items = self._below("items")
        return self._items

    def child(self, name: str) -> SchemaNode:
        """The schema of a map entry; an unknown node where the schema says nothing about it."""
        known = self._children.get(name)
        if known is not None:
            return known
        if name in self._properties:
            self._children[name] = child = self._property(name)
            return child
        if self._others is None:
            self._others = self._below("additionalProperties")
        return self._others

    def _property(self, name: str) -> SchemaNode:
        child = mapping(self._properties[name])
        implied = mapping(self.raw.get("default")) if self.raw else {}
        if "default" not in child and name in implied:
            # The default of an object, `{size: 3}`, is also that of its parts when nobody gives the object.
            return SchemaNode({**child, "default": implied[name]})
        return SchemaNode(child)

    def declares(self, name: str) -> bool:
        """False when the server would prune a field of this name here."""
        return self._keeps_all or name in self._properties

    @property
    def nullable(self) -> bool:
        return self.raw is not None and self.raw.get("nullable") is True

    @property
    def quantity(self) -> bool:
        """True where the schema carries the pattern that controller-gen writes for `resource.Quantity`."""
        return self.raw is not None and text(self.raw.get("pattern")).startswith(_QUANTITY_PATTERN)

    @property
    def has_default(self) -> bool:
        return self.raw is not None and "default" in self.raw

    @property
    def default(self) -> Json:
        return self.raw.get("default") if self.raw else None

    def _below(self, key: str) -> SchemaNode:
        value = self.raw.get(key) if self.raw else None
        return SchemaNode(value) if isinstance(value, dict) else UNKNOWN


def _keeps_all(raw: JsonObject | None) -> bool:
    """True where a field of any name is kept; a plain `type: object` keeps only the fields that it lists."""
    if raw is None or raw.get(_DEDUCED) or raw.get("x-kubernetes-preserve-unknown-fields") is True:
        return True
    if raw.get("x-kubernetes-embedded-resource") is True:
        return True
    return raw.get("additionalProperties") not in (None, False)


_DEDUCED = "x-drift-audit-deduced"
_QUANTITY_PATTERN = "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))"
UNKNOWN = SchemaNode(None)
