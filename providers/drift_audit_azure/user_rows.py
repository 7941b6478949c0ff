"""The rows that users add to our field maps: those for Azure, held to the objects and resources that are linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from drift_audit.errors import ConfigError, ConfigProblem
from drift_audit.model.fields import FieldRow
from drift_audit.provider_kit.field_rows import FurtherCheck, RowMistake, did_you_mean
from drift_audit_azure.fieldmap import load_rows
from drift_audit_azure.kinds import looks_like_ours


def read_user_rows(files: Sequence[Path], own: Sequence[FieldRow]) -> tuple[FieldRow, ...]:
    """The rows of these files that are for Azure; raises `ConfigError` with every mistake of all files."""
    rows: list[FieldRow] = []
    problems: list[ConfigProblem] = []
    further = _checks(own)
    for path in files:
        try:
            rows += [row for row in load_rows(path, further, rows) if looks_like_ours(row.kind)]
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return tuple(rows)


def _checks(own: Sequence[FieldRow]) -> FurtherCheck:
    """An id that is ours, a kind of which nothing is compared, a resource that its objects do not have."""
    ids = {row.id for row in own}
    resources: dict[str, set[str]] = defaultdict(set)
    for row in own:
        resources[row.kind].add(row.resource)

    def mistakes(entry: Mapping[str, Any]) -> Iterator[RowMistake]:
        name, kind, resource = entry.get("id"), entry.get("kind"), entry.get("resource")
        if isinstance(name, str) and name in ids:
            hint = "each finding names its row: give the row an id of your own, acme.vm.monitoring"
            yield RowMistake(message=f"{name}: the id is that of a row of the provider's own", hint=hint, key=("id",))
        if not isinstance(kind, str) or not looks_like_ours(kind):
            return
        if kind not in resources:
            hint = did_you_mean(kind, resources) or f"known: {', '.join(sorted(resources))}"
            yield RowMistake(message=f"{name}: nothing is compared of the kind {kind!r}", hint=hint, key=("kind",))
        elif isinstance(resource, str) and resource not in resources[kind]:
            hint = did_you_mean(resource, resources[kind]) or f"known: {', '.join(sorted(resources[kind]))}"
            yield RowMistake(message=f"{name}: no {kind} has a resource {resource!r}", hint=hint, key=("resource",))

    return mistakes
