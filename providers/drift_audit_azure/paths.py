"""Values at the dotted paths of field-map rows: `spec.ami.id`, `properties.ipConfigurations[].properties.subnet.id`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

from drift_audit.model.values import Json

Read = Callable[[Json], Json]


def steps(path: str) -> tuple[str, ...]:
    """The plain steps before the first list: a declaration can be looked up by them."""
    return tuple(path.partition("[]")[0].split("."))


def value_at(value: Json, path: str) -> Json:
    """What lies at the path; see `path_reader`."""
    return path_reader(path)(value)


@functools.cache
def path_reader(path: str) -> Read:
    """Reads the path in a value: a flat list where it crosses lists, `None` when absent. An empty text is absent too.

    The path is taken apart once; there are some dozens of them, and each is read in every object of a fleet.
    """
    head, crossed, rest = path.partition("[]")
    names = tuple(head.split("."))
    inner = path_reader(rest.removeprefix(".")) if rest else None
    flat = "[]" in rest

    def plain(value: Json) -> Json:
        for name in names:
            if value is None or not (isinstance(value, dict) or isinstance(value, Mapping)):  # noqa: SIM101
                return None  # `dict` is the quick one
            value = value.get(name)
        return None if value == "" else value

    def across(value: Json) -> Json:
        items = plain(value)
        if not isinstance(items, (list, tuple)):
            return None
        return items if inner is None else _collected(map(inner, items), flat=flat)

    return across if crossed else plain


def _collected(found: Iterable[Json], *, flat: bool) -> list[Json]:
    collected: list[Json] = []
    for value in found:
        if flat and isinstance(value, (list, tuple)):
            collected.extend(value)
        elif value is not None:
            collected.append(value)
    return collected
