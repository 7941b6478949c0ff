"""Who wrote the line of Git that a finding shows, as the Git views tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drift_audit.model.findings import DeclaredAt, Finding
from drift_audit.model.views import GitSourceView, Rendering


def with_authors(findings: Iterable[Finding], sources: Iterable[GitSourceView]) -> tuple[Finding, ...]:
    """The findings with the commits of their places; where Git was not asked or could not tell, there is none."""
    renderings: dict[tuple[str, str], list[Rendering]] = {}
    for source in sources:
        for rendering in (source.head, source.applied):
            if rendering is not None and (rendering.line_commits or rendering.file_commits):
                renderings.setdefault((source.repo, rendering.revision), []).append(rendering)
    return tuple(
        replace(finding, declared_at=_with_commits(finding.declared_at, renderings))
        if finding.declared_at is not None
        else finding
        for finding in findings
    )


def _with_commits(place: DeclaredAt, renderings: dict[tuple[str, str], list[Rendering]]) -> DeclaredAt:
    for rendering in renderings.get((place.repo, place.revision), ()):
        line = rendering.line_commits.get((place.file, place.line))
        file = rendering.file_commits.get(place.file)
        if line is not None or file is not None:
            return replace(place, line_commit=line, file_commit=file)
    return place
