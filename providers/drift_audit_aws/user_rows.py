"""The rows that users add to our field maps: held to what of AWS is read, so that none of them compares nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from drift_audit.errors import ConfigError, ConfigProblem
from drift_audit.model.fields import FieldRow
from drift_audit.provider_kit.field_rows import RowMistake, did_you_mean
from drift_audit_aws.fieldmap import load_rows
from drift_audit_aws.kinds import looks_like_ours
from drift_audit_aws.known_fields import closest_field, is_field
from drift_audit_aws.resource_types import BUCKET, ELASTIC_IP, IMAGE, KEY_PAIR

_LINKED_WITHOUT_ROWS: Sequence[tuple[str, str]] = (
    ("AWSCluster", BUCKET),
    ("AWSCluster", ELASTIC_IP),
    ("AWSMachine", ELASTIC_IP),
    ("AWSMachineTemplate", IMAGE),
    ("AWSMachineTemplate", KEY_PAIR),
)
"""Objects and resources that belong together, and of which none of our own rows compares anything."""


def read_user_rows(files: Sequence[Path], own: Sequence[FieldRow]) -> tuple[FieldRow, ...]:
    """The rows of these files that are for AWS; raises `ConfigError` with every mistake of all files."""
    checks = _Checks(own)
    rows: list[FieldRow] = []
    problems: list[ConfigProblem] = []
    for path in files:
        try:
            rows += [row for row in load_rows(path, checks.mistakes, rows) if looks_like_ours(row.kind)]
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return tuple(rows)


class _Checks:
    """What rows may name, and which ids our own rows have taken."""

    def __init__(self, own: Iterable[FieldRow]) -> None:
        self._own_ids = frozenset(row.id for row in own)
        self._resources: dict[str, set[str]] = defaultdict(set)
        for kind, resource in (*((row.kind, row.resource) for row in own), *_LINKED_WITHOUT_ROWS):
            self._resources[kind].add(resource)

    def mistakes(self, entry: Mapping[str, Any]) -> Iterator[RowMistake]:
        yield from self._id(entry)
        if looks_like_ours(entry.get("kind")):
            yield from self._pair(entry)
            yield from self._fields(entry)

    def _id(self, entry: Mapping[str, Any]) -> Iterator[RowMistake]:
        name = entry.get("id")
        if isinstance(name, str) and name in self._own_ids:
            hint = "each finding names its row: give the row an id of your own, acme.instance.monitoring"
            yield RowMistake(message=f"{name}: the id is that of a row of the provider's own", hint=hint, key=("id",))

    def _pair(self, entry: Mapping[str, Any]) -> Iterator[RowMistake]:
        kind, resource = entry["kind"], entry.get("resource")
        known = self._resources.get(kind)
        if known is None:
            message = f"{entry.get('id')}: nothing is compared of the kind {kind!r}"
            hint = did_you_mean(kind, self._resources) or f"known: {', '.join(sorted(self._resources))}"
            yield RowMistake(message=message, hint=hint, key=("kind",))
        elif isinstance(resource, str) and resource not in known:
            message = f"{entry.get('id')}: no {kind} has a resource {resource!r}"
            hint = did_you_mean(resource, known) or f"known: {', '.join(sorted(known))}"
            yield RowMistake(message=message, hint=hint, key=("resource",))

    def _fields(self, entry: Mapping[str, Any]) -> Iterator[RowMistake]:
        """Of a row with `observe` the paths only tell a reader what that function reads."""
        resource, paths = entry.get("resource"), entry.get("cloud")
        if not isinstance(resource, str) or not isinstance(paths, list) or entry.get("observe"):
            return
        for path in (path for path in paths if isinstance(path, str) and not is_field(resource, path)):
            close = closest_field(resource, path)
            hint = f"did you mean {close!r}?" if close else "names are those of the SDK's documentation"
            message = f"{entry.get('id')}: AWS tells no {path} of a resource {resource!r}"
            yield RowMistake(message=message, hint=hint, key=("cloud",))
