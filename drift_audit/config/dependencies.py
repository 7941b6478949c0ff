"""What may be wrong with declared dependencies: expressions that are none, unknown words, times that run back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import jmespath
from jmespath.exceptions import JMESPathError

from drift_audit.config.source import ConfigSource, Mistake, nearest
from drift_audit.model.health import Layer
from drift_audit.model.keys import FieldPath, format_path
from drift_audit.model.values import JsonObject, mapping, sequence, text

LAYERS = tuple(layer.name.lower() for layer in Layer)
FILLED_IN = re.compile(r"\{([^{}]+)\}")
"""An expression within a sentence."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_ABOUT_ONE = ("kind", "ready")


def dependencies_can_be_judged(source: ConfigSource) -> Iterator[Mistake]:
    """Every mistake in the section `dependencies` beyond types."""
    seen: dict[str, int] = {}
    for number, item in enumerate(sequence(mapping(source.data).get("dependencies"))):
        path: FieldPath = ("dependencies", number)
        found = mapping(item)
        name = text(found.get("name"))
        if name and not _NAME.fullmatch(name):
            yield _mistake((*path, "name"), "must be letters, digits and '-'")
        if name and seen.setdefault(name.upper(), number) != number:
            yield Mistake(path=(*path, "name"), message=f"a second dependency is called {name!r}", hint="names differ")
        for key in _ABOUT_ONE:
            if isinstance(found.get(key), str) and not text(found[key]).strip():
                yield _mistake((*path, key), "is empty")
        yield from _expressions(found, path)
        yield from _words(found, path)
        yield from _times(found, path)


def _expressions(found: JsonObject, path: FieldPath) -> Iterator[Mistake]:
    written: list[tuple[FieldPath, str]] = [((*path, key), text(found.get(key))) for key in ("ready", "since")]
    written += [((*path, "cause"), each) for each in FILLED_IN.findall(text(found.get("cause")))]
    for number, edge in enumerate(sequence(found.get("edges"))):
        written.append(((*path, "edges", number, "path"), text(mapping(edge).get("path"))))
        if mapping(edge).get("path") == "":
            yield _mistake((*path, "edges", number, "path"), "is empty")
    for where, expression in written:
        problem = _problem(expression)
        if problem:
            yield _mistake(where, f"is no JMESPath expression: {problem}")


def _problem(expression: str) -> str:
    """What is wrong with an expression; empty when nothing is, or when there is none."""
    if not expression.strip():
        return ""
    try:
        jmespath.compile(expression)
    except JMESPathError as error:
        return str(error).partition("\n")[0]
    return ""


def _words(found: JsonObject, path: FieldPath) -> Iterator[Mistake]:
    layer = found.get("layer")
    if isinstance(layer, str) and layer not in LAYERS:
        hint = nearest(layer, LAYERS)
        yield Mistake(
            path=(*path, "layer"),
            message=f"{format_path((*path, 'layer'))!r} must be one of {', '.join(LAYERS)}",
            hint=hint,
        )


def _times(found: JsonObject, path: FieldPath) -> Iterator[Mistake]:
    warn, critical = found.get("warn_minutes", 10), found.get("critical_minutes", 30)
    numbers = isinstance(warn, (int, float)) and isinstance(critical, (int, float))
    if numbers and not 0 < float(str(warn)) <= float(str(critical)):
        yield _mistake(path, "must have 0 < warn_minutes <= critical_minutes")


def _mistake(path: FieldPath, what: str) -> Mistake:
    return Mistake(path=path, message=f"{format_path(path)!r} {what}")
