"""Field maps: the files whose rows say where a fact lives on both sides. Our own and those that users add."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from drift_audit.errors import ConfigError, ConfigProblem
from drift_audit.model.fields import FieldRow
from drift_audit_azure.comparers import COMPARERS
from drift_audit_azure.kinds import looks_like_ours
from drift_audit_azure.values import CONDITIONS, EXPECTATIONS, OBSERVATIONS

_ROW = TypeAdapter(FieldRow)
_KNOWN_KEYS = frozenset(FieldRow.__dataclass_fields__)
_UNKNOWN_KEY = "unexpected_keyword_argument"
_MISSING_KEYS = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})

_DEEPEST = 20
_REGISTERED: Mapping[str, Mapping[str, object]] = {
    "comparer": COMPARERS,
    "expect": EXPECTATIONS,
    "observe": OBSERVATIONS,
    "skip_when": CONDITIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMistake:
    """Something wrong in one row."""

    message: str
    hint: str = ""
    key: tuple[str, ...] = ()
    """Where in the row: `("reaction", "kind")`; empty: the row as a whole."""


FurtherCheck = Callable[[Mapping[str, Any]], Iterable[RowMistake]]
"""What is to be said of a row as it is written, beyond its form."""


def load_rows(
    path: Path, further: FurtherCheck = lambda entry: (), before: Sequence[FieldRow] = ()
) -> tuple[FieldRow, ...]:
    """The rows of one file; raises `ConfigError` with every mistake in it, each with the line of its key.

    `before` are the rows of the files before this one, whose ids are taken.
    """
    problems: list[ConfigProblem] = []
    rows: list[FieldRow] = []
    for entry, lines in _entries(path):
        row, mistakes = _read(entry, (*before, *rows))
        if isinstance(entry, dict):
            mistakes += further(entry)
        if row is not None:
            rows.append(row)
        problems.extend(_located(path, lines, mistake) for mistake in mistakes)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))
    return tuple(rows)


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint with the known word that looks most like this one; empty when none does."""
    close = get_close_matches(str(word), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


_Lines = Mapping[tuple[str, ...], int]


def _located(path: Path, lines: _Lines, mistake: RowMistake) -> ConfigProblem:
    """At the key's line, or at that of what holds it when it is not written."""
    written = next(key for length in (2, 1, 0) if (key := mistake.key[:length]) in lines)
    return ConfigProblem(file=str(path), line=lines[written], message=mistake.message, hint=mistake.hint)


def _entries(path: Path) -> Iterator[tuple[Any, _Lines]]:
    """Every entry under `rows:` with the lines of its keys."""
    try:
        text = path.read_text(encoding="utf-8")
        _check_shape(path, text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise _problem(path, 0, f"cannot be read: {error}") from error
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        # The others come from values that are no date, no number or no key although they look like one.
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", "")
        raise _problem(
            path, mark.line + 1 if mark else 0, "is not YAML" + (f": {problem}" if problem else "")
        ) from error
    entries = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise _problem(path, 1, "has no list `rows`")
    yield from zip(entries, _lines(node), strict=True)


def _check_shape(path: Path, text: str) -> None:
    """Raises `ConfigError` for what libyaml would end the process over, and for aliases inside of what has a name
    itself: they can be a loop, or a value without end."""
    named: list[bool] = []
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            named.append(event.anchor is not None)
        elif isinstance(event, yaml.CollectionEndEvent):
            named.pop()
        elif isinstance(event, yaml.AliasEvent) and any(named):
            raise _problem(path, line, "uses an alias inside of an anchor: write the value out")
        if len(named) > _DEEPEST:
            raise _problem(path, line, f"is nested deeper than {_DEEPEST} levels")


def _lines(document: yaml.Node | None) -> Iterator[_Lines]:
    """Where each row starts, and where its keys and those one level below stand."""
    if isinstance(document, yaml.MappingNode):
        for key, value in document.value:
            if key.value == "rows":
                yield from ({(): item.start_mark.line + 1, **_key_lines(item, ())} for item in value.value)


def _key_lines(node: yaml.Node, above: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    lines: dict[tuple[str, ...], int] = {}
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        here = (*above, str(key.value))
        lines[here] = key.start_mark.line + 1
        if not above:
            lines |= _key_lines(value, here)
    return lines


def _problem(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError([ConfigProblem(file=str(path), line=line, message=message)])


def _read(entry: Any, before: Sequence[FieldRow]) -> tuple[FieldRow | None, list[RowMistake]]:
    """The typed row, and what is wrong with it: all of its form, and only then what its parts say together."""
    if not isinstance(entry, dict):
        return None, [RowMistake(message="a row is a mapping")]
    mistakes = [*_unregistered(entry)]
    row = _typed(entry)
    if not isinstance(row, FieldRow):
        return None, [*mistakes, *row]
    return row, [*mistakes, *_inconsistencies(row, before)]


def _unregistered(entry: Mapping[str, Any]) -> Iterator[RowMistake]:
    """Names of functions that are nobody's. A row for another provider names that one's."""
    if "kind" in entry and not looks_like_ours(entry["kind"]):
        return
    for key, registered in _REGISTERED.items():
        value = entry.get(key)
        if value and not (isinstance(value, str) and value in registered):
            hint = did_you_mean(value, registered) or f"known: {', '.join(sorted(registered))}"
            yield RowMistake(message=f"{_name(entry)}: there is no {key} {value!r}", hint=hint, key=(key,))


def _name(entry: Mapping[str, Any]) -> object:
    return entry.get("id", "a row without id")


def _typed(entry: Mapping[str, Any]) -> FieldRow | list[RowMistake]:
    """The typed row; `path` is the first CAPI path where the file gives none."""
    capi = entry.get("capi")
    path = {"path": capi[0]} if isinstance(capi, list) and capi else {}
    try:
        return _ROW.validate_python({**path, **entry}, extra="forbid")
    except ValidationError as error:
        found = (_form_mistake(entry, detail) for detail in error.errors(include_url=False))
        return list({(mistake.key, mistake.message): mistake for mistake in found}.values())


def _form_mistake(entry: Mapping[str, Any], detail: ErrorDetails) -> RowMistake:
    where = tuple(map(str, detail["loc"]))
    dotted = ".".join(where)
    if detail["type"] == _UNKNOWN_KEY:
        known = _KNOWN_KEYS if len(where) == 1 else ("kind", "within_minutes", "detail")
        hint = did_you_mean(where[-1], known)
        return RowMistake(message=f"{_name(entry)}: unknown key {dotted!r}", hint=hint, key=where[:2])
    if detail["type"] in _MISSING_KEYS:
        return RowMistake(message=f"{_name(entry)}: lacks the key {dotted!r}", key=where[:-1])
    if detail["type"] == "enum":
        expected = str(detail.get("ctx", {}).get("expected", ""))
        message = f"{_name(entry)}: {dotted} {detail['input']!r} is none of {expected.replace(chr(39), '')}"
        hint = did_you_mean(detail["input"], re.findall(r"'([^']*)'", expected))
        return RowMistake(message=message.replace(" or ", ", "), hint=hint, key=where[:2])
    return RowMistake(message=f"{_name(entry)}: {dotted}: {detail['msg']}", key=where[:2])


def _inconsistencies(row: FieldRow, before: Sequence[FieldRow]) -> Iterator[RowMistake]:
    if any(row.id == other.id for other in before):
        yield RowMistake(message=f"{row.id}: the id is used twice", key=("id",))
    if not row.expect and not row.capi:
        yield RowMistake(message=f"{row.id}: needs a path under capi, or expect", key=("capi",))
    if not row.observe and not row.cloud:
        yield RowMistake(message=f"{row.id}: needs a path under cloud, or observe", key=("cloud",))
    if not all(map(_fillable, row.next_steps)):
        yield RowMistake(message=f"{row.id}: next_steps may use {{id}} and {{region}} only", key=("next_steps",))


def _fillable(step: str) -> bool:
    try:
        step.format(id="", region="")
    except (IndexError, KeyError, ValueError):
        return False
    return True
