"""Dataclasses to plain JSON values and back, driven by the dataclasses themselves.

pydantic and msgspec both stop at the recursive alias `model.values.Json`, and neither renames a key of a class
that it does not own; the few shapes of the result document need no more than this.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union

from drift_audit.model.findings import Actor, Between
from drift_audit.model.values import Json

Shape = TypeVar("Shape")

KEYS: Mapping[tuple[type, str], str] = {(Actor, "actor_class"): "class"}
"""Attributes whose key in the document is another word; `class` is reserved in Python."""

PAIRS: frozenset[type] = frozenset({Between})
"""Classes written as a list of their values, in the order of their fields."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One place of a document that does not fit its class."""

    where: str
    """`findings[3].values.git.state`."""
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def key_of(cls: type, attribute: str) -> str:
    """The key under which the document holds an attribute."""
    return KEYS.get((cls, attribute), attribute)


@cache
def field_types(cls: type) -> Mapping[str, Any]:
    """Resolved annotations by attribute; `Json` is given as `Any`."""
    return typing.get_type_hints(cls, localns={"Json": Any})


def encode(value: Any) -> Any:
    """The value as dicts, lists, strings, numbers, booleans and None.

    Keys of mappings are sorted, so that equal values give equal text. NaN and the infinities, which YAML can
    hold and JSON cannot, become strings.
    """
    match value:
        case StrEnum():
            return value.value
        case bool() | int() | str() | None:
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {str(key): encode(value[key]) for key in sorted(value, key=str)}
        case Sequence():
            return [encode(item) for item in value]
    cls = type(value)
    if not is_dataclass(value):
        raise TypeError(f"{cls.__name__} has no place in the result document")
    if cls in PAIRS:
        return [encode(getattr(value, field.name)) for field in fields(value)]
    return {key_of(cls, field.name): encode(getattr(value, field.name)) for field in fields(value)}


def decode(shape: type[Shape], document: Json) -> tuple[Shape | None, tuple[Misfit, ...]]:
    """The document as an instance of the class, or every reason why it is none.

    Keys that the class does not know are passed over: a later minor version may have added them. A missing key
    takes the default of its field.
    """
    misfits: list[Misfit] = []
    value = _decode(shape, document, "", misfits)
    return (None if misfits else value), tuple(misfits)


def _decode(shape: Any, value: Any, where: str, misfits: list[Misfit]) -> Any:
    if shape is Any:
        return value
    origin = typing.get_origin(shape)
    if origin in (Union, types.UnionType):
        return None if value is None else _decode(typing.get_args(shape)[0], value, where, misfits)
    if origin is tuple and isinstance(value, list):
        item = typing.get_args(shape)[0]
        return tuple(_decode(item, entry, f"{where}[{index}]", misfits) for index, entry in enumerate(value))
    if origin is not None and origin is not tuple and isinstance(value, Mapping):
        item = typing.get_args(shape)[1]
        return {key: _decode(item, entry, f"{where}.{key}", misfits) for key, entry in value.items()}
    if is_dataclass(shape) and isinstance(shape, type):
        return _decode_class(shape, value, where, misfits)
    return _decode_scalar(shape, value, where, misfits)


def _decode_scalar(shape: Any, value: Any, where: str, misfits: list[Misfit]) -> Any:
    if isinstance(shape, type) and issubclass(shape, StrEnum):
        if value in list(shape):
            return shape(value)
        misfits.append(Misfit(where, f"{value!r} is none of {', '.join(shape)}"))
        return None
    if shape is float and type(value) is int:
        return float(value)
    if type(value) is not shape:
        wanted = getattr(shape, "__name__", str(shape))
        misfits.append(Misfit(where or "document", f"{wanted} expected, {type(value).__name__} found"))
    return value


def _decode_class(cls: type, value: Any, where: str, misfits: list[Misfit]) -> Any:
    attributes = fields(cls)
    if cls in PAIRS and isinstance(value, list) and len(value) == len(attributes):
        value = {field.name: entry for field, entry in zip(attributes, value, strict=True)}
    if not isinstance(value, Mapping):
        misfits.append(Misfit(where or "document", f"{cls.__name__} expected, {type(value).__name__} found"))
        return None
    before = len(misfits)
    arguments = {}
    for field in attributes:
        key = key_of(cls, field.name)
        place = f"{where}.{key}" if where else key
        if key in value:
            arguments[field.name] = _decode(field_types(cls)[field.name], value[key], place, misfits)
        elif field.default is MISSING and field.default_factory is MISSING:
            misfits.append(Misfit(place, "is missing"))
    return None if len(misfits) > before else cls(**arguments)
