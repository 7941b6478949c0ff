"""The findings of a cause: those with equal values together, a line for each. Raw text: the template escapes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import Actor, Commit, Confidence, Finding
from drift_audit.model.result import Run
from drift_audit.model.views import View
from drift_audit_reports.eliding import prose
from drift_audit_reports.forge import commit_address, file_address
from drift_audit_reports.html_report.anchors import cluster_anchor, finding_anchor, name_of
from drift_audit_reports.html_report.words import VIEW_TITLES
from drift_audit_reports.ranking import Variant
from drift_audit_reports.values import LABELS, ValueRow, equality_remark, value_rows
from drift_audit_reports.wording import (
    actor_text,
    beginning_text,
    declared_text,
    moment_text,
    object_text,
    place_of,
    resource_text,
    verdict_text,
)

ROWS_SHOWN = 20
LONGEST_TEXT = 1_000
_LONGEST_VALUE = 400
_LONGEST_INLINE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands, and its page at the forge if there is one."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One of the three values."""

    title: str
    value: str
    state: str
    marked: bool
    place: Place | None
    blame: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One finding."""

    anchor: str
    id: str
    tags: str
    """Severity, verdict, kind and cluster: what the filter looks at."""
    cluster: str
    cluster_anchor: str
    what: tuple[str, ...]
    """Lines: the path and the values where the variant does not show them, the object, the resource."""
    declared: Place | None
    notes: tuple[str, ...]
    """Lines: who wrote the declaring line; who changed it and when, where that is not the cause's own."""
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantView:
    path: str
    verdict: str
    rule: str
    cells: tuple[Cell, ...]
    remark: str
    evidence: tuple[str, ...]
    """What all findings of the variant rest on."""
    rows: tuple[Row, ...]

    @property
    def shown(self) -> tuple[Row, ...]:
        return self.rows[:ROWS_SHOWN]

    @property
    def folded(self) -> tuple[Row, ...]:
        return self.rows[ROWS_SHOWN:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the head of a card says already, so that its rows need not repeat it."""

    actor: Actor | None
    began: str
    run: Run


def variant_view(variant: Variant, told: Told) -> VariantView:
    """Findings with equal values: the values once, and a line for each finding."""
    findings, example = variant.findings, variant.example
    alone = len(findings) == 1
    common = set(example.evidence).intersection(*(finding.evidence for finding in findings))
    cells = tuple(_cell(row, example, placed=alone) for row in value_rows(example, _LONGEST_VALUE))
    return VariantView(
        path=prose(example.path, _LONGEST_VALUE),
        verdict=verdict_text(example.verdict),
        rule=name_of(example.rule),
        cells=cells,
        remark=equality_remark(example),
        evidence=tuple(prose(fact, LONGEST_TEXT) for fact in example.evidence if fact in common),
        rows=tuple(_row(finding, told, common=common, shown=True, alone=bool(cells) and alone) for finding in findings),
    )


def one_line_each(findings: Sequence[Finding], told: Told, *, further: bool) -> VariantView:
    """Everything beyond the budget: each finding tells its own path and values."""
    return VariantView(
        path="",
        verdict=f"{'further findings, ' if further else ''}each with its own values",
        rule="",
        cells=(),
        remark="",
        evidence=(),
        rows=tuple(_row(finding, told, common=frozenset(), shown=False, alone=False) for finding in findings),
    )


def _cell(row: ValueRow, finding: Finding, *, placed: bool) -> Cell:
    return Cell(
        title=VIEW_TITLES[row.view],
        value=row.text,
        state=row.state.value,
        marked=row.marked,
        place=_place(finding, row.view) if placed else None,
        blame=_blame_place(finding) if placed and row.view is View.GIT else None,
    )


def _place(finding: Finding, view: View) -> Place | None:
    if view is View.GIT:
        return _declared(finding)
    text = place_of(finding, view)
    return Place(text=prose(text, _LONGEST_VALUE)) if text else None


def _declared(finding: Finding) -> Place | None:
    declared = finding.declared_at
    if declared is None:
        return None
    address = file_address(declared.repo, declared.revision, declared.file, declared.line)
    return Place(text=prose(declared_text(declared), _LONGEST_VALUE), address=address)


def _blame(finding: Finding) -> tuple[str, Commit] | None:
    """What is known to be written by whom: the declaring line, else its file as a whole."""
    declared = finding.declared_at
    if declared is None:
        return None
    if declared.line_commit is not None:
        return "line", declared.line_commit
    return ("file", declared.file_commit) if declared.file_commit is not None else None


def _blame_text(what: str, commit: Commit) -> str:
    told = f"{what} by {commit.author or 'unknown'}, {moment_text(commit.date)}, commit {commit.id[:10]}"
    return prose(told, _LONGEST_VALUE)


def _blame_place(finding: Finding) -> Place | None:
    blame = _blame(finding)
    if blame is None or finding.declared_at is None:
        return None
    return Place(text=_blame_text(*blame), address=commit_address(finding.declared_at.repo, blame[1].id))


def _row(finding: Finding, told: Told, *, common: Iterable[str], shown: bool, alone: bool) -> Row:
    """One finding; `shown` when the variant shows the values, `alone` when it shows their places too."""
    cluster = finding.cluster
    began = " ".join(beginning_text([finding], told.run)).strip()
    own = finding.actor if finding.actor != told.actor else None
    blame = None if alone else _blame(finding)
    what = (
        "" if shown else prose(finding.path, _LONGEST_VALUE),
        "" if shown else _inline(finding),
        object_text(finding.object) if finding.object else "",
        resource_text(finding.resource) if finding.resource and not alone else "",
    )
    notes = (
        _blame_text(*blame) if blame else "",
        f"by {prose(actor_text(own), _LONGEST_VALUE)}" if own else "",
        began if began != told.began else "",
    )
    evidence = [prose(fact, LONGEST_TEXT) for fact in finding.evidence if fact not in common]
    tags = (finding.severity, finding.verdict, finding.kind, cluster_anchor(cluster) if cluster else "-")
    return Row(
        anchor=finding_anchor(finding.id),
        id=name_of(finding.id),
        tags=" ".join(tags),
        cluster=name_of(str(cluster or finding.management_cluster)),
        cluster_anchor=cluster_anchor(cluster) if cluster else "",
        what=tuple(prose(line, _LONGEST_VALUE) for line in what if line),
        declared=None if alone else _declared(finding),
        notes=tuple(note for note in notes if note),
        evidence=" · ".join(evidence),
    )


def _inline(finding: Finding) -> str:
    """`git m5.large · cluster m5.large · cloud ≠ m5.4xlarge`."""
    rows = value_rows(finding, _LONGEST_INLINE)
    told = [f"{LABELS[row.view]} {'≠ ' if row.marked else ''}{row.text}" for row in rows]
    doubt = [] if finding.confidence is Confidence.CONFIRMED else [finding.confidence.value]
    return " · ".join([verdict_text(finding.verdict), *doubt, *told])
