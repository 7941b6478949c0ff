"""What earlier audits saw, in one file of JSON lines below the cache folder.

The first line says which version of the format it is; each further one is a condition or a finding: names, times and
states, never a message or a value. It is written whole and put in place at once. Nothing depends on it but what flaps
and what is new, so that a file that is damaged, unreadable or unwritable is a warning, and two audits at the same time
lose the notes of one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drift_audit.collect.cache import cache_folder
from drift_audit.config.settings import Config
from drift_audit.model.history import NOTHING, ConditionSeen, FindingSeen, Past
from drift_audit.model.keys import ObjectKey

logger = logging.getLogger(__name__)

_FORMAT = {"drift-audit health history": 1}
_MOST_BYTES = 32 * 1024 * 1024
_CONDITION = (
    "management_cluster",
    "group",
    "kind",
    "namespace",
    "name",
    "uid",
    "type",
    "status",
    "since",
    "first",
    "last",
)


class FileHistory:
    """`HealthHistory` in one file of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def recall(self) -> Past:
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                logger.warning(
                    "%s is too large to be the health history: it is left unread and written anew", self.path
                )
                return NOTHING
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return NOTHING
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("what earlier audits saw cannot be read from %s: %s", self.path, _why(error))
            return NOTHING
        return self._parsed(lines)

    def _parsed(self, lines: list[str]) -> Past:
        entries = [_read(line) for line in lines]
        if not entries or entries[0] != _FORMAT:
            logger.warning("%s is no health history of this version: nothing is remembered", self.path)
            return NOTHING
        conditions = [seen for entry in entries[1:] if (seen := _condition(entry))]
        findings = [known for entry in entries[1:] if (known := _finding(entry))]
        damaged = len(entries) - 1 - len(conditions) - len(findings)
        if damaged:
            logger.warning("%d lines of %s are damaged and passed over", damaged, self.path)
        return Past(conditions=tuple(conditions), findings=tuple(findings))

    def keep(self, past: Past) -> None:
        text = "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in _entries(past))
        try:
            self._replace(text)
        except OSError as error:
            logger.warning("what this audit saw cannot be kept in %s: %s", self.path, _why(error))

    def _replace(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def history_of(config: Config) -> FileHistory:
    """The history of the fleet that is configured; fleets with other management clusters have others."""
    fleet = sorted((each.name, each.kubeconfig, each.context) for each in config.management_clusters)
    digest = hashlib.sha256(json.dumps(fleet).encode()).hexdigest()[:16]
    return FileHistory(cache_folder(config) / "health" / f"{digest}.jsonl")


def _entries(past: Past) -> Iterator[dict[str, Any]]:
    yield dict(_FORMAT)
    for seen in past.conditions:
        key = seen.object
        told = (seen.management_cluster, key.group, key.kind, key.namespace, key.name, seen.uid, seen.type, seen.status)
        yield {"condition": [*told, seen.since, seen.first, seen.last], "turns": list(seen.turns)}
    for finding in past.findings:
        yield {"finding": [finding.id, finding.first, finding.last]}


def _read(line: str) -> Any:
    """The line as JSON; `None` for one that is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _condition(entry: Any) -> ConditionSeen | None:
    told, turns = _texts(entry, "condition"), _texts(entry, "turns")
    if told is None or turns is None or len(told) != len(_CONDITION):
        return None
    by_name = dict(zip(_CONDITION, told, strict=True))
    key = ObjectKey(*(by_name.pop(part) for part in ("group", "kind", "namespace", "name")))
    return ConditionSeen(object=key, turns=tuple(turns), **by_name)


def _finding(entry: Any) -> FindingSeen | None:
    told = _texts(entry, "finding")
    return FindingSeen(*told) if told is not None and len(told) == 3 else None


def _texts(entry: Any, name: str) -> list[str] | None:
    """A list of texts below that name; anything may stand in a file."""
    value = entry.get(name) if isinstance(entry, dict) else None
    texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else None
    return texts if texts is not None and isinstance(value, list) and len(texts) == len(value) else None


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no UTF-8"
