"""`${VAR}` and `${VAR:-default}` in the string values of a configuration; `$${` is a literal `${`.

Only values are interpolated, never keys, and only after parsing: a variable can therefore never change
the structure of the file. What came from the environment is remembered by its path, so that no message
about the value ever shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from drift_audit.model.keys import FieldPath
from drift_audit.model.values import Json

_REFERENCE = re.compile(
    r"(?P<literal>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<broken>\$\{)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolated:
    """A document with its variables filled in."""

    data: Json
    from_environment: frozenset[FieldPath] = frozenset()
    """Values that hold text of the environment, and must not be shown."""
    unset: Mapping[FieldPath, str] = field(default_factory=dict)
    """Values that name a variable which is not set, with its name; such a value stays as it was written."""
    malformed: frozenset[FieldPath] = frozenset()
    """Values with a `${` that begins no reference; they stay as they were written."""


@dataclass(slots=True)
class _Interpolation:
    environ: Mapping[str, str]
    from_environment: set[FieldPath] = field(default_factory=set)
    unset: dict[FieldPath, str] = field(default_factory=dict)
    malformed: set[FieldPath] = field(default_factory=set)

    def value(self, value: Json, path: FieldPath) -> Json:
        match value:
            case str():
                return self.text(value, path)
            case Mapping():
                return {key: self.value(inner, (*path, key)) for key, inner in value.items()}
            case list() | tuple():
                return [self.value(inner, (*path, index)) for index, inner in enumerate(value)]
            case _:
                return value

    def text(self, written: str, path: FieldPath) -> str:
        filled = _REFERENCE.sub(lambda found: self.replacement(found, path), written)
        return written if path in self.unset or path in self.malformed else filled

    def replacement(self, found: re.Match[str], path: FieldPath) -> str:
        if found["literal"]:
            return "${"
        if found["broken"]:
            self.malformed.add(path)
            return ""
        value = self.environ.get(found["name"])
        if found["default"] is not None and not value:
            # As in a shell, `:-` also stands in for a variable that is set to nothing.
            return found["default"]
        if value is None:
            self.unset.setdefault(path, found["name"])
            return ""
        self.from_environment.add(path)
        return value


def interpolate(data: Json, environ: Mapping[str, str]) -> Interpolated:
    """A copy of the document in which every reference in a string value is replaced."""
    work = _Interpolation(environ)
    filled = work.value(data, ())
    return Interpolated(
        data=filled,
        from_environment=frozenset(work.from_environment),
        unset=dict(work.unset),
        malformed=frozenset(work.malformed),
    )
