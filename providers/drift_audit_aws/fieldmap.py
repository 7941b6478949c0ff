"""Field maps: the files whose rows say where a fact lives on both sides. Our own and those that users add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from drift_audit.errors import ConfigError, ConfigProblem
from drift_audit.model.fields import FieldRow
from drift_audit_aws.comparers import COMPARERS
from drift_audit_aws.conditions import CONDITIONS
from drift_audit_aws.expectations import EXPECTATIONS
from drift_audit_aws.observations import OBSERVATIONS

_ROW = TypeAdapter(FieldRow)
_KNOWN_KEYS = frozenset(FieldRow.__dataclass_fields__)

_REGISTERED: Mapping[str, Mapping[str, object]] = {
    "comparer": COMPARERS,
    "expect": EXPECTATIONS,
    "observe": OBSERVATIONS,
    "skip_when": CONDITIONS,
}


def load_rows(path: Path) -> tuple[FieldRow, ...]:
    """The rows of one file; raises `ConfigError` with every mistake in it."""
    problems: list[ConfigProblem] = []
    rows: list[FieldRow] = []
    for entry, line in _entries(path):
        mistakes = list(_mistakes(entry))
        if not mistakes:
            row = _row(entry)
            mistakes = list(_inconsistencies(row, rows)) if isinstance(row, FieldRow) else row
            if isinstance(row, FieldRow):
                rows.append(row)
        problems.extend(ConfigProblem(file=str(path), line=line, message=message) for message in mistakes)
    if problems:
        raise ConfigError(problems)
    return tuple(rows)


def _entries(path: Path) -> Iterator[tuple[Any, int]]:
    """Every entry under `rows:` with its line."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise _problem(path, 0, f"cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _problem(path, mark.line + 1 if mark else 0, "is not YAML") from error
    entries = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise _problem(path, 1, "has no list `rows`")
    yield from zip(entries, _lines(node), strict=True)


def _lines(document: yaml.Node | None) -> Iterator[int]:
    """Where each row starts."""
    if isinstance(document, yaml.MappingNode):
        for key, value in document.value:
            if key.value == "rows":
                yield from (item.start_mark.line + 1 for item in value.value)


def _problem(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError([ConfigProblem(file=str(path), line=line, message=message)])


def _mistakes(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "a row is a mapping"
        return
    name = entry.get("id", "a row without id")
    for key in sorted(map(str, set(entry) - _KNOWN_KEYS)):
        yield f"{name}: unknown key {key!r}"
    for key, registered in _REGISTERED.items():
        value = entry.get(key)
        if value and value not in registered:
            yield f"{name}: {key} {value!r} is none of {', '.join(sorted(registered))}"


def _row(entry: Mapping[str, Any]) -> FieldRow | list[str]:
    """The typed row; `path` is the first CAPI path where the file gives none."""
    capi = entry.get("capi")
    path = {"path": capi[0]} if isinstance(capi, list) and capi else {}
    try:
        return _ROW.validate_python({**path, **entry})
    except ValidationError as error:
        name = entry.get("id", "a row without id")
        return [
            f"{name}: {'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors(include_url=False)
        ]


def _inconsistencies(row: FieldRow, before: list[FieldRow]) -> Iterator[str]:
    if any(row.id == other.id for other in before):
        yield f"{row.id}: the id is used twice"
    if not row.expect and not row.capi:
        yield f"{row.id}: needs a path under capi, or expect"
    if not row.observe and not row.cloud:
        yield f"{row.id}: needs a path under cloud, or observe"
