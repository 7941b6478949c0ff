"""The JSON form of the model, derived from the type hints of its dataclasses.

| in the model | in JSON |
|---|---|
| dataclass | object, one key per field; a key that is missing means the field's default, an unknown one is refused |
| mapping with text keys | object |
| any other mapping | list of `[key, value]`, sorted |
| tuple | list; `frozenset`: sorted list |
| `ItemKey`, `SetItem` inside a path | `{"item": text}`, `{"set": text}`; other steps as they are |
| enum | its value |
| `Json`, `JsonObject` | as it is |

Derived, so that a field that is added to the model cannot be forgotten here.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from drift_audit.model.keys import ItemKey, SetItem


class WireError(ValueError):
    """The text is no wire form of the expected type; says where."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one type. `None` stands for a function that returns what it got."""

    encode: Callable[[Any], Any] | None
    decode: Callable[[Any], Any]

    def encoded(self, value: Any) -> Any:
        return self.encode(value) if self.encode else value


class _Json:
    """Marks `Json`, whose recursive alias has no run-time form."""


class _JsonObject:
    """Marks `JsonObject`."""


class _Step:
    """Marks one step of a `FieldPath`."""


_ALIASES = {"Json": _Json, "JsonObject": _JsonObject, "FieldPath": tuple[_Step, ...], "PathStep": _Step}


@cache
def codec_for(hint: Any) -> Codec:
    """The codec of a type; raises `TypeError` for one that the model does not use yet."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType) and type(None) in arguments and len(arguments) == 2:
        return _optional(codec_for(next(part for part in arguments if part is not type(None))))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(codec_for(arguments[0]), tuple)
    if origin is tuple:
        return _record(tuple(map(codec_for, arguments)))
    if origin is frozenset:
        return _frozenset(codec_for(arguments[0]))
    if origin is Mapping:
        return _object(codec_for(arguments[1])) if arguments[0] is str else _pairs(*map(codec_for, arguments))
    raise TypeError(f"no wire form for {hint!r}")


def field_codec(kind: type, name: str) -> Codec:
    """The codec of one field of a dataclass."""
    return codec_for(get_type_hints(kind, localns=_ALIASES)[name])


def _plain(kind: type | tuple[type, ...], name: str) -> Codec:
    def decode(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise WireError(f"expected {name}")
        return value

    return Codec(None, decode)


def _step(value: Any) -> Any:
    match value:
        case ItemKey(text):
            return {"item": text}
        case SetItem(text):
            return {"set": text}
        case _:
            return value


def _step_back(value: Any) -> Any:
    match value:
        case bool():
            raise WireError("expected a step of a field path")
        case str() | int():
            return value
        case {"item": str(text), **rest} if not rest:
            return ItemKey(text)
        case {"set": str(text), **rest} if not rest:
            return SetItem(text)
        case _:
            raise WireError("expected a step of a field path")


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise WireError("expected a date") from None


_PLAIN: dict[Any, Codec] = {
    str: _plain(str, "text"),
    int: _plain(int, "an integer"),
    float: _plain((int, float), "a number"),
    bool: _plain(bool, "true or false"),
    date: Codec(date.isoformat, _date),
    _Json: Codec(None, lambda value: value),
    _JsonObject: _plain(dict, "an object"),
    _Step: Codec(_step, _step_back),
}


def _enum(kind: type[Enum]) -> Codec:
    def decode(value: Any) -> Enum:
        try:
            return kind(value)
        except ValueError:
            raise WireError(f"expected a {kind.__name__}") from None

    return Codec(lambda value: value.value, decode)


def _optional(inner: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else inner.encoded(value),
        lambda value: None if value is None else inner.decode(value),
    )


def _dataclass(kind: type) -> Codec:
    hints = get_type_hints(kind, localns=_ALIASES)
    codecs = {part.name: codec_for(hints[part.name]) for part in fields(kind)}
    required = {part.name for part in fields(kind) if part.default is MISSING and part.default_factory is MISSING}
    encoders = [(name, codec.encode) for name, codec in codecs.items()]
    decoders = {name: codec.decode for name, codec in codecs.items()}

    def encode(value: Any) -> dict[str, Any]:
        return {
            name: encode_part(getattr(value, name)) if encode_part else getattr(value, name)
            for name, encode_part in encoders
        }

    def decode(value: Any) -> Any:
        if not isinstance(value, dict):
            raise WireError(f"expected a {kind.__name__}")
        if not required <= value.keys():
            raise WireError(f"a {kind.__name__} lacks {', '.join(sorted(required - value.keys()))}")
        if not value.keys() <= decoders.keys():
            raise WireError(f"a {kind.__name__} has unknown keys: {', '.join(sorted(value.keys() - decoders.keys()))}")
        return kind(**{name: decoders[name](part) for name, part in value.items()})

    return Codec(encode, decode)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise WireError("expected a list")
    return value


def _sequence(inner: Codec, made: Callable[[Iterable[Any]], Any]) -> Codec:
    encode = inner.encode
    return Codec(
        (lambda value: [encode(item) for item in value]) if encode else list,
        lambda value: made(inner.decode(item) for item in _list(value)),
    )


def _record(inner: tuple[Codec, ...]) -> Codec:
    def decode(value: Any) -> tuple[Any, ...]:
        if len(_list(value)) != len(inner):
            raise WireError(f"expected a list of {len(inner)}")
        return tuple(codec.decode(item) for codec, item in zip(inner, value, strict=True))

    return Codec(
        lambda value: [codec.encoded(item) for codec, item in zip(inner, value, strict=True)],
        decode,
    )


def _frozenset(inner: Codec) -> Codec:
    return Codec(
        lambda value: sorted((inner.encoded(item) for item in value), key=_order),
        lambda value: frozenset(inner.decode(item) for item in _list(value)),
    )


def _object(inner: Codec) -> Codec:
    def decode(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise WireError("expected an object")
        return {key: inner.decode(item) for key, item in value.items()}

    return Codec(lambda value: {key: inner.encoded(item) for key, item in value.items()}, decode)


def _pairs(key_codec: Codec, value_codec: Codec) -> Codec:
    pair = _record((key_codec, value_codec))

    def decode(value: Any) -> dict[Any, Any]:
        decoded = dict(pair.decode(item) for item in _list(value))
        if len(decoded) != len(value):
            raise WireError("a key stands twice")
        return decoded

    return Codec(
        lambda value: sorted(
            ([key_codec.encoded(key), value_codec.encoded(item)] for key, item in value.items()),
            key=lambda encoded: _order(encoded[0]),
        ),
        decode,
    )


def _order(encoded: Any) -> str:
    """Any total order will do, as long as equal views give equal text. For keys of objects it is that of the keys."""
    try:
        return msgspec.json.encode(encoded, order="deterministic").decode()
    except UnicodeEncodeError:  # lone surrogates, which YAML allows
        return json.dumps(encoded, sort_keys=True)
