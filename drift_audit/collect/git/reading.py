"""What every way of rendering a source needs to know, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.snapshot import Snapshot
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import GitSource
from drift_audit.model.objects import Declaration, Location, Mark
from drift_audit.model.views import Gap, ScopeStatus, View
from drift_audit.yaml_text import Flavor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One source at one revision, on its way to a rendering."""

    source: GitSource
    snapshot: Snapshot
    flavor: Flavor
    masker: Masker

    @property
    def scope(self) -> str:
        return scope_of(self.source)

    def gap(self, problem: GitProblem) -> Gap:
        return gap_of(self.source, problem)

    def location(self, file: str, mark: Mark | None, *, exact: bool = True) -> Location:
        return Location(
            repo=self.snapshot.repository.label,
            revision=self.snapshot.revision,
            file=file,
            line=mark.line if mark else 0,
            column=mark.column if mark else 0,
            exact=exact and mark is not None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one file, folder or kustomization declares, and what of it could not be read."""

    declarations: tuple[Declaration, ...] = ()
    gaps: tuple[Gap, ...] = ()
    renderer: str = "plain"


@dataclass(slots=True)
class PartBuilder:
    """Collects a part while files are read."""

    reading: Reading
    declarations: list[Declaration] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def refuse(self, problem: GitProblem) -> None:
        self.gaps.append(self.reading.gap(problem))

    def part(self, renderer: str = "plain") -> Part:
        return Part(declarations=tuple(self.declarations), gaps=tuple(self.gaps), renderer=renderer)


def scope_of(source: GitSource) -> str:
    return f"{source.name}@{source.ref}:{source.path}"


def gap_of(source: GitSource, problem: GitProblem) -> Gap:
    return Gap(
        view=View.GIT,
        scope=scope_of(source),
        subject=problem.subject,
        reason=problem.reason,
        remedy=problem.remedy,
        status=problem.status,
    )


def partial(subject: str, reason: str, remedy: str) -> GitProblem:
    """A part of the source that cannot be read, while the rest can."""
    return GitProblem(reason, remedy, subject=subject, status=ScopeStatus.PARTIAL)


def skipped(subject: str, reason: str, remedy: str) -> GitProblem:
    """A part that this program does not read on purpose, such as a template."""
    return GitProblem(reason, remedy, subject=subject, status=ScopeStatus.SKIPPED)
