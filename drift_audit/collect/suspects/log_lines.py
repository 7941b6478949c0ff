"""What the logs of controllers say about certain objects.

Controllers write through klog: as text, or as JSON with `--logging-format=json` (component-base logs/json/json.go);
controller-runtime adds to each line the kind, the namespace and the name of what is being reconciled
(pkg/builder/controller.go). Only message and error of a line are kept: its other values may be anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from drift_audit.clock import moment, stamp
from drift_audit.collect.masking import Masker
from drift_audit.collect.wording import LONGEST, normalised
from drift_audit.model.health import LogLine
from drift_audit.model.keys import ObjectKey

MOST_OF_ONE = 20
"""Different messages about one object."""

_STAMPED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ")
"""Before each line, where the API server was asked for `timestamps`."""
_TEXT = re.compile(r"([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.\d+ +\d+ [^\]]+\] ?")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PAIR = re.compile(r' ([\w./-]+)=(?:"((?:[^"\\]|\\.)*)"|<\n(.*?)\n >|(\{[^{}]*\})|(\S+))', re.DOTALL)
_OWNER = "Cluster"
"""Named in the lines about everything that belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One line of a log, or several where a message has some."""

    level: str
    message: str
    error: str
    at: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> str:
        return ": ".join(filter(None, (self.message, self.error)))


def lines_about(
    log: str,
    source: str,
    objects: Collection[ObjectKey],
    writer: ObjectKey,
    *,
    masker: Masker,
    now: datetime,
    since: timedelta,
) -> list[LogLine]:
    """The errors about the objects, and those about no object at all as said by the `writer`, oldest first."""
    wanted = _Index(objects)
    found: dict[tuple[ObjectKey, str], LogLine] = {}
    oldest = stamp(now - since)
    for entry in _entries(log, now):
        if entry.level != "error" or (entry.at and entry.at < oldest):
            continue
        for key in wanted.named_by(entry.values) or ([writer] if not _names_something(entry.values) else []):
            line = _line(key, source, entry, masker)
            known = found.get((key, line.message))
            found[key, line.message] = line if known is None else _both(known, line)
    return _newest_of_each(found.values())


def _line(key: ObjectKey, source: str, entry: _Entry, masker: Masker) -> LogLine:
    told = masker.mask_text(entry.told)
    message = told if told != entry.told else normalised(told)
    return LogLine(
        object=key, source=source, level=entry.level, message=message[:LONGEST], first=entry.at, last=entry.at
    )


def _both(one: LogLine, other: LogLine) -> LogLine:
    moments = [moment for line in (one, other) for moment in (line.first, line.last) if moment]
    return replace(one, first=min(moments, default=""), last=max(moments, default=""), count=one.count + other.count)


def _newest_of_each(lines: Iterable[LogLine]) -> list[LogLine]:
    kept: dict[ObjectKey, list[LogLine]] = {}
    for line in sorted(lines, key=lambda line: line.last, reverse=True):
        mine = kept.setdefault(line.object, [])
        if len(mine) < MOST_OF_ONE:
            mine.append(line)
    return sorted(
        (line for mine in kept.values() for line in mine), key=lambda line: (line.first, line.object, line.message)
    )


class _Index:
    """The objects that are looked for, by what lines say of them."""

    def __init__(self, objects: Collection[ObjectKey]) -> None:
        self._known: dict[tuple[str, str, str], list[ObjectKey]] = {}
        for key in objects:
            self._known.setdefault((key.kind.lower(), key.namespace, key.name), []).append(key)

    def named_by(self, values: Mapping[str, Any]) -> list[ObjectKey]:
        """The object that was being reconciled; where the line does not say, all that it names but their Cluster."""
        kind, name = values.get("controllerKind"), values.get("name")
        if isinstance(kind, str) and isinstance(name, str):
            found = self._known.get((kind.lower(), str(values.get("namespace") or ""), name), [])
            group = values.get("controllerGroup")
            return [key for key in found if key.group == group] or found
        named = [
            key
            for label, value in values.items()
            if (place := _reference(value)) is not None
            for key in self._known.get((label.lower(), *place), ())
        ]
        return [key for key in named if key.kind != _OWNER] or named


def _names_something(values: Mapping[str, Any]) -> bool:
    return "name" in values or any(_reference(value) is not None for value in values.values())


def _reference(value: Any) -> tuple[str, str] | None:
    """(namespace, name) of what a value names: `{"namespace": …, "name": …}`, or `namespace/name` in text."""
    if isinstance(value, dict):
        namespace, name = value.get("namespace", ""), value.get("name")
        return (namespace, name) if isinstance(name, str) and isinstance(namespace, str) else None
    if isinstance(value, str) and value.count("/") == 1 and " " not in value:
        namespace, _, name = value.partition("/")
        return (namespace, name) if name else None
    return None


def _entries(log: str, now: datetime) -> Iterator[_Entry]:
    """What can be read of the log, in its order; a line that is neither klog's text nor JSON continues the last."""
    pending: list[str] = []
    at = ""
    for line in log.splitlines():
        stamped = _STAMPED.match(line)
        body = line[stamped.end() :] if stamped else line
        if body.startswith("{") or _TEXT.match(body):
            yield from _parsed(pending, at, now)
            pending, at = [body], stamped.group().strip() if stamped else ""
        elif pending:
            pending.append(body)
    yield from _parsed(pending, at, now)


def _parsed(lines: list[str], at: str, now: datetime) -> Iterator[_Entry]:
    if lines:
        entry = _of_json(lines[0], at) if lines[0].startswith("{") else _of_text("\n".join(lines), at, now)
        if entry is not None:
            yield entry


def _of_json(line: str, at: str) -> _Entry | None:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    # klog's JSON has no level: errors are the lines without a verbosity. zap's own has one.
    level = values.get("level", "info" if "v" in values else "error")
    return _Entry(
        level="error" if level in ("error", "fatal", "panic", "dpanic") else "info",
        message=str(values.get("msg") or ""),
        error=str(values.get("err") or values.get("error") or ""),
        at=_whole_seconds(at) or _moment_of(values.get("ts")),
        values=values,
    )


def _of_text(text: str, at: str, now: datetime) -> _Entry | None:
    """The entry; of one that is no error nothing but that, since most lines are none."""
    head = _TEXT.match(text)
    if head is None:
        return None
    if head[1] not in "EF":
        return _Entry(level="info", message="", error="", at="", values={})
    rest = text[head.end() :]
    quoted = _QUOTED.match(rest)
    values: dict[str, Any] = {}
    for pair in _PAIR.finditer(rest, quoted.end() if quoted else 0):
        name, text_value, long, mapping, bare = pair.groups()
        values[name] = _unquoted(text_value) if text_value is not None else long or _mapping(mapping) or bare
    error = values.get("err") or values.get("error") or ""
    return _Entry(
        level="error",
        message=_unquoted(quoted[1]) if quoted else rest.strip(),
        error=error if isinstance(error, str) else "",
        at=_whole_seconds(at) or _moment_in(head, now),
        values=values if quoted else {},
    )


def _mapping(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _unquoted(text: str) -> str:
    """What Go's %q made of a text."""
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:  # an escape that JSON does not know
        return text.replace('\\"', '"')


def _moment_of(ts: Any) -> str:
    """RFC 3339 of milliseconds since 1970, of seconds, or of a moment in text."""
    if isinstance(ts, str):
        return _whole_seconds(ts)
    if not isinstance(ts, (int, float)) or isinstance(ts, bool):
        return ""
    try:
        return stamp(datetime.fromtimestamp(ts / 1000 if ts > 1e11 else ts, UTC))
    except (OverflowError, ValueError, OSError):
        return ""


def _moment_in(head: re.Match[str], now: datetime) -> str:
    """klog leaves out the year; controllers run in UTC."""
    month, day, hour, minute, second = (int(head[group]) for group in range(2, 7))
    for year in (now.year, now.year - 1):
        try:
            found = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            continue
        if found <= now + timedelta(days=1):
            return stamp(found)
    return ""


def _whole_seconds(told: str) -> str:
    found = moment(told.strip()) if told else None
    return stamp(found) if found else ""
