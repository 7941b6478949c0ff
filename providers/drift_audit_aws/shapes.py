"""How elements of AWS's XML become plain values: what the service model says about a shape, as a table.

The model is asked once for each shape; botocore asks it about every member of every element. What the tables do not
cover (maps, flattened lists, blobs, errors) is left to botocore.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from sys import intern
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

Read: TypeAlias = Callable[[Element], Any]

_MOST_SHARED = 200
"""Distinct structures of one shape that are remembered; where there are more they do not repeat."""


class Shared(dict[tuple[Any, ...], dict[str, Any]]):
    """Structures without parts of their own (states, options, tags). Equal ones are one and the same value: half of an
    instance is like that, and nobody changes what was read."""

    def keep(self, key: tuple[Any, ...], parsed: dict[str, Any]) -> dict[str, Any]:
        """The value, remembered while there are few of its shape."""
        if len(self) < _MOST_SHARED:
            self[key] = parsed
        return parsed


@dataclass(frozen=True, slots=True)
class Scalar:
    """A shape whose value is made of an element's text."""

    value_of: Callable[[str], Any]

    def __call__(self, node: Element) -> Any:
        return self.value_of(node.text or "")


@dataclass(frozen=True, slots=True)
class Items:
    """A list: every child is an item, whatever its tag."""

    item: Read

    def __call__(self, node: Element) -> list[Any]:
        return list(map(self.item, node))


@dataclass(frozen=True, slots=True)
class Member:
    """What an element of a structure is, and how it is read."""

    name: str
    read: Read
    nested: bool


@dataclass(slots=True)
class Structure:
    """A structure, by the tags of the document, with or without a namespace."""

    ask: Callable[[], dict[str, Member]]
    """The members by their element's name. Asked for on first use only: shapes may contain themselves."""
    shared: Shared = field(default_factory=Shared)
    _members: dict[str, Member] | None = None
    _by_tag: dict[str, Member | None] = field(default_factory=dict)

    def member(self, tag: str) -> Member | None:
        """The member that an element is; `None` for one that the model does not know."""
        if self._members is None:
            self._members = self.ask()
        found = self._by_tag[tag] = self._members.get(tag.rpartition("}")[2])
        return found

    def __call__(self, node: Element) -> dict[str, Any]:
        parsed: dict[str, Any] = {}
        known = self._by_tag
        flat = True
        for child in node:
            tag = child.tag
            member = known[tag] if tag in known else self.member(tag)
            if member is None:
                continue
            if member.read is TEXT:  # most elements are; this saves them a call
                parsed[member.name] = intern(child.text or "")
            else:
                parsed[member.name] = member.read(child)
                flat = flat and not member.nested
        if not flat:
            return parsed
        key = tuple(parsed.items())
        return self.shared.get(key) or self.shared.keep(key, parsed)


# Interned: states, types, zones and tag keys are the same few texts all over.
TEXT = Scalar(intern)
BOOLEAN = Scalar("true".__eq__)
INTEGER = Scalar(int)
