"""What one view says about one field: a value, its absence, or that nobody could look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""A parsed JSON value. Read-only by convention: stages never change what they were given."""

JsonObject: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Present:
    """The field has this value."""

    value: Json


@dataclass(frozen=True, slots=True)
class Absent:
    """The field was looked for in a complete read and is not there."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say: the read failed, was cut short, or the value is encrypted or templated."""

    reason: str


Observed: TypeAlias = Present | Absent | Unknown

ABSENT = Absent()


def observed(value: Json) -> Present | Absent:
    """Present, or Absent for `None`: JSON `null` and a missing key say the same (rule E2)."""
    return ABSENT if value is None else Present(value)


def mapping(value: Json) -> JsonObject:
    """The value itself when it is an object, else an empty one: for walking text of others."""
    # A plain `dict` and `None` first, here and below: the check against the abstract class costs ten times as much.
    if isinstance(value, dict):
        return value
    return value if value is not None and isinstance(value, Mapping) else {}


def sequence(value: Json) -> Sequence[Json]:
    """The value itself when it is a list, else an empty one."""
    return value if isinstance(value, (list, tuple)) else ()


def text(value: Json) -> str:
    """The value itself when it is a string, else the empty string."""
    return value if isinstance(value, str) else ""


def dig(value: Json, *steps: str) -> Json:
    """What lies below `steps`, `None` where the way ends early."""
    for step in steps:
        if value is None or not (isinstance(value, dict) or isinstance(value, Mapping)):  # noqa: SIM101
            return None
        value = value.get(step)
    return value
