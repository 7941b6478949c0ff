"""The files that `field_maps` names, before anything is read: every mistake that their rows have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from drift_audit.config.source import nearest
from drift_audit.errors import ConfigError, ConfigProblem
from drift_audit.interfaces import CloudProvider
from drift_audit.model.values import mapping, sequence
from drift_audit.yaml_text import Flavor, read_documents


def check_field_maps(files: Sequence[Path], providers: Collection[CloudProvider]) -> None:
    """Raises `ConfigError` with what the providers say of the rows, and with the rows that are for none of them.

    A row of a kind that nobody has would compare nothing, and never say so.
    """
    problems = [problem for provider in providers for problem in _problems_of(provider, files)]
    told = {(problem.file, problem.line) for problem in problems}
    for path in files:
        problems += [each for each in _nobodys(path, providers) if (each.file, each.line) not in told]
    if problems:
        raise ConfigError(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line)))


def _problems_of(provider: CloudProvider, files: Sequence[Path]) -> Sequence[ConfigProblem]:
    try:
        provider.rows(files)
    except ConfigError as error:
        return error.problems
    return ()


def _nobodys(path: Path, providers: Collection[CloudProvider]) -> Iterator[ConfigProblem]:
    """Rows of a kind that no provider has rows of its own for, nor calls its own."""
    compared = {row.kind for provider in providers for row in provider.rows()}
    try:
        read = read_documents(path.read_bytes(), flavor=Flavor.KUBECTL)
    except OSError:
        return
    for document in read.documents:
        for index, entry in enumerate(sequence(mapping(document.data).get("rows"))):
            kind = mapping(entry).get("kind")
            if isinstance(kind, str) and kind not in compared and not any(each.owns(kind) for each in providers):
                line = document.marks[("rows", index, "kind")].line
                yield ConfigProblem(
                    str(path), line, f"no provider has objects of the kind {kind!r}", nearest(kind, compared)
                )
