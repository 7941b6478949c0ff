"""Validation into the settings types by pydantic, with its errors told in the words of a configuration file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import ErrorDetails

from drift_audit.config.source import ConfigSource, Mistake, closest, nearest, value_at
from drift_audit.errors import PluginError
from drift_audit.model.keys import FieldPath, format_path
from drift_audit.model.values import Json, mapping, sequence, text

T = TypeVar("T")

_TEXT = "must be text"
_WHOLE = "must be a whole number"
_NUMBER = "must be a number"
_FLAG = "must be true or false"
_LIST = "must be a list"
_MAPPING = "must hold keys and values"
_DATE = "must be a date written as YYYY-MM-DD"

_WORDING: Mapping[str, str] = {
    "string_type": _TEXT,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "dataclass_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
}
"""By pydantic's error type; the list of types is in pydantic's "Validation Errors" page."""

_UNKNOWN_KEY = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
_MISSING_KEY = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})
_ONE_OF = frozenset({"enum", "literal_error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation(Generic[T]):
    """A typed section, or what is wrong with it."""

    value: T | None
    mistakes: tuple[Mistake, ...] = ()


def validate(expected: type[T], section: Json, source: ConfigSource, at: FieldPath = ()) -> Validation[T]:
    """The section as `expected`, every mistake in it at once.

    Numbers and flags are also taken from text, because a variable of the environment is always text.
    Raises `PluginError` when `expected` is nothing that pydantic can validate: only a plug-in's type can be.
    """
    try:
        adapter: TypeAdapter[T] = TypeAdapter(expected)
    except PydanticUserError as error:
        raise PluginError(f"{format_path(at)}: the settings type {expected!r} cannot be validated: {error}") from error
    try:
        # `extra` is given here so that no settings type, ours or a plug-in's, can forget to refuse unknown keys.
        return Validation(value=adapter.validate_python(section, extra="forbid"))
    except ValidationError as refused:
        details = refused.errors(include_url=False, include_context=True)
        return Validation(value=None, mistakes=tuple(_mistake(each, adapter, section, source, at) for each in details))


def _mistake(
    error: ErrorDetails, adapter: TypeAdapter[Any], section: Json, source: ConfigSource, at: FieldPath
) -> Mistake:
    inside = _written_part(section, error["loc"])
    path = (*at, *inside)
    last = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] in _MISSING_KEY:
        return Mistake(path=(*path, last), message=f"{_subject(path)} lacks the key {last!r}")
    if error["type"] in _UNKNOWN_KEY:
        return Mistake(
            path=path,
            message=f"unknown key {format_path(path)!r}",
            hint=nearest(last, _known_keys(adapter, inside[:-1])),
        )
    value = value_at(source.data, path)
    if value is None and value_at(section, inside) is None:
        return Mistake(path=path, message=f"{_subject(path)} has no value", hint="write one, or remove the key")
    return Mistake(path=path, message=_message(error, path, source), hint=_hint(error, path, value, source))


def _message(error: ErrorDetails, path: FieldPath, source: ConfigSource) -> str:
    subject = _subject(path)
    if error["type"] in _WORDING:
        return f"{subject} {_WORDING[error['type']]}"
    if error["type"] in _ONE_OF:
        return f"{subject} must be one of {error.get('ctx', {}).get('expected', '')}"
    if source.holds_environment(path):
        # The text may come from a plug-in, and may quote the value.
        return f"{subject} is not valid (its value comes from the environment and is not shown)"
    told = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ").removeprefix("Input ")
    return f"{subject}: {told}" if told == error["msg"] else f"{subject} {told}"


def _hint(error: ErrorDetails, path: FieldPath, value: Json, source: ConfigSource) -> str:
    if error["type"] == "string_type" and isinstance(value, (bool, int, float)):
        return "put it in quotes"
    if error["type"] in _ONE_OF and isinstance(value, str) and not source.holds_environment(path):
        expected = str(error.get("ctx", {}).get("expected", ""))
        return closest(value, [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")])
    return ""


def _written_part(section: Json, loc: tuple[int | str, ...]) -> tuple[str | int, ...]:
    """The part of pydantic's location that leads through the file.

    pydantic also puts the names of union members and validators into it, and the name of a missing key.
    """
    steps: list[str | int] = []
    here = section
    for step in loc:
        match here, step:
            case Mapping(), str() if step in here:
                here = here[step]
            case list() | tuple(), int() if step < len(here):
                here = here[step]
            case _:
                continue
        steps.append(step)
    return tuple(steps)


def _subject(path: FieldPath) -> str:
    return repr(format_path(path)) if path else "the file"


def _known_keys(adapter: TypeAdapter[Any], path: FieldPath) -> Collection[str]:
    """The keys that the type knows at this path, read from its JSON Schema; empty where it cannot say."""
    try:
        schema: Json = adapter.json_schema()
    except PydanticUserError:
        return ()
    definitions = mapping(mapping(schema).get("$defs"))
    here = [schema]
    for step in path:
        here = [inner for each in here for inner in _below(_alternatives(each, definitions), step)]
    return {
        key for each in here for option in _alternatives(each, definitions) for key in mapping(option.get("properties"))
    }


def _alternatives(schema: Json, definitions: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """The schema with its reference followed, or the members of its union."""
    here = mapping(schema)
    if "$ref" in here:
        return _alternatives(definitions.get(text(here["$ref"]).rpartition("/")[2]), definitions)
    members = [*sequence(here.get("anyOf")), *sequence(here.get("oneOf")), *sequence(here.get("allOf"))]
    return [option for each in members for option in _alternatives(each, definitions)] or [here]


def _below(options: list[Mapping[str, Json]], step: object) -> list[Json]:
    if isinstance(step, int):
        return [option.get("items") for option in options]
    return [mapping(option.get("properties")).get(str(step), option.get("additionalProperties")) for option in options]
