"""Everything that the page prints, in the order in which it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from drift_audit.model.result import AuditResult, GapEntry, Status
from drift_audit_reports.document import in_document_order
from drift_audit_reports.eliding import prose
from drift_audit_reports.html_report.anchors import name_of
from drift_audit_reports.html_report.cards import Card, cards_of, folded_cards
from drift_audit_reports.html_report.filters import Filters, filters_of
from drift_audit_reports.html_report.fleet import Fleet, fleet_of
from drift_audit_reports.html_report.inputs import (
    ScopeLine,
    SourceView,
    SuppressionView,
    dearest_scopes,
    run_facts,
    scope_lines,
    source_views,
    suppression_views,
)
from drift_audit_reports.html_report.words import (
    CLEAN_WITH_RESERVE,
    GRADES,
    MEANINGS,
    STATUS_LOOKS,
    VIEW_TITLES,
    Look,
)
from drift_audit_reports.ranking import Fold, Overview, overview_of
from drift_audit_reports.remediations import HEAD, TITLE, counted_text, lines_of
from drift_audit_reports.summary import (
    coverage_text,
    fleet_text,
    gap_groups,
    gaps_title,
    headline,
    percent_text,
    reservations,
    unjudged_clusters,
    unnamed_gaps,
    worst_first,
)
from drift_audit_reports.wording import counted, moment_text, verdict_text

_LONGEST_TEXT = 1_000
_SCOPES_SHOWN = 12
_MOST_SCOPES = 500
_MOST_REASONS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number at the top."""

    label: str
    number: str
    note: str
    css: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    title: str
    scopes: tuple[str, ...]
    more: tuple[str, ...]
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldView:
    """Findings that do not count, and why."""

    anchor: str
    title: str
    remark: str
    count: int
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediations:
    """Machines that were found unhealthy, and what became of them."""

    title: str
    counts: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """(machine, the other cells)"""
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    look: Look
    headline: str
    sentence: str
    audited_at: str
    fleet_facts: str
    complete: bool
    tiles: tuple[Tile, ...]
    gaps_title: str
    gaps: tuple[GapView, ...]
    reasons: tuple[str, ...]
    unjudged: tuple[str, ...]
    fleet: Fleet
    cards: tuple[Card, ...]
    counted_findings: int
    folds: tuple[FoldView, ...]
    remediations: Remediations | None
    suppressed: tuple[Card, ...]
    suppressions: tuple[SuppressionView, ...]
    sources: tuple[SourceView, ...]
    scopes: tuple[ScopeLine, ...]
    more_scopes: int
    coverage: str
    run: tuple[tuple[str, str], ...]
    cost: tuple[tuple[str, int], ...]
    filters: Filters
    meanings: tuple[tuple[str, str], ...]
    grades: tuple[tuple[str, str], ...]


_REMARKS = {
    Fold.POTENTIAL: "Seen once or without full proof: they never fail a run.",
    Fold.UNDETERMINED: "Something that a judgement needs could not be read: neither drift nor in sync.",
    Fold.RECONCILING: "Creations, deletions and rollouts that are still in their time: they never fail a run.",
}
_FOLD_TITLES = {
    Fold.POTENTIAL: "Potential findings",
    Fold.UNDETERMINED: "Could not be decided",
    Fold.RECONCILING: "Differences within their time",
}


def page_of(unordered: AuditResult) -> Page:
    """The whole page of a result."""
    result = in_document_order(unordered)
    overview = overview_of(result)
    scopes = scope_lines(result)
    return Page(
        look=_look(overview),
        headline=_capital(headline(overview)),
        sentence=_sentence(overview),
        audited_at=moment_text(result.run.started_at),
        fleet_facts=prose(fleet_text(result), _LONGEST_TEXT),
        complete=overview.complete,
        tiles=tuple(_tiles(overview)),
        gaps_title=_capital(gaps_title(overview)),
        gaps=tuple(_gap(group.reason, group.remedy, group.gaps, group.scopes) for group in gap_groups(overview)),
        reasons=() if overview.gaps or overview.complete else tuple(unnamed_gaps(overview, _MOST_REASONS)),
        unjudged=tuple(name_of(cluster) for cluster in unjudged_clusters(result)),
        fleet=fleet_of(overview),
        cards=cards_of(overview.causes, result.run),
        counted_findings=len(overview.open),
        folds=tuple(_folds(overview)),
        remediations=_remediations(result),
        suppressed=folded_cards(overview.folded[Fold.SUPPRESSED], result.run),
        suppressions=suppression_views(overview),
        sources=source_views(result),
        scopes=scopes[:_MOST_SCOPES],
        more_scopes=max(len(scopes) - _MOST_SCOPES, 0),
        coverage=_capital(coverage_text(result.coverage)),
        run=run_facts(result),
        cost=dearest_scopes(result),
        filters=filters_of(overview),
        meanings=tuple((verdict_text(verdict), meaning) for verdict, meaning in MEANINGS.items()),
        grades=GRADES,
    )


# The answer


def _look(overview: Overview) -> Look:
    status = overview.result.status
    if status is Status.ERROR:
        return STATUS_LOOKS[status]
    if not overview.complete:
        return STATUS_LOOKS[Status.INCOMPLETE]
    if status is Status.IN_SYNC and (overview.causes or reservations(overview) or _undecided(overview)):
        return CLEAN_WITH_RESERVE
    return STATUS_LOOKS[status]


def _sentence(overview: Overview) -> str:
    """What the headline means for somebody who opens the first report of his life."""
    if overview.result.status is Status.ERROR:
        return "Nothing below can be relied on."
    if not overview.complete:
        return "Not everything could be read. What depends on the missing parts is not judged, and not in sync."
    if overview.causes:
        return (
            "Everything that was to be read was read. Each cause below says what differs, since when, and what to do."
        )
    return "Everything that was to be read was read."


def _tiles(overview: Overview) -> Sequence[Tile]:
    result = overview.result
    clusters = Counter(entry.complete for entry in result.clusters)
    touched = {cluster for ranked in overview.causes for cluster in ranked.cause.clusters}
    severities = [
        Tile(
            label=severity.value,
            number=f"{overview.count(severity):,}",
            note="findings" if overview.count(severity) != 1 else "finding",
            css=f"sev-{severity.value}",
            target="causes",
        )
        for severity in worst_first()
        if overview.count(severity)
    ]
    return [
        *severities,
        Tile(
            label="clusters with findings",
            number=f"{len(touched):,}",
            note=f"of {len(result.clusters):,}",
            css="plain",
            target="fleet",
        ),
        Tile(
            label="coverage",
            number=percent_text(result.coverage),
            note=f"{result.coverage.read:,} of {counted(result.coverage.expected, 'scope')}",
            css="plain" if overview.complete else "warn",
            target="inputs" if overview.complete else "gaps",
        ),
        *(
            [Tile(label="not wholly judged", number=f"{clusters[False]:,}", note="clusters", css="warn", target="gaps")]
            if clusters[False]
            else []
        ),
    ]


def _undecided(overview: Overview) -> bool:
    return bool(overview.folded[Fold.UNDETERMINED])


# What could not be read


def _gap(reason: str, remedy: str, gaps: Sequence[GapEntry], scopes: Sequence[str]) -> GapView:
    view = gaps[0].view
    names = [name_of(scope) for scope in scopes]
    return GapView(
        title=VIEW_TITLES.get(view) or name_of(view),
        scopes=tuple(names[:_SCOPES_SHOWN]),
        more=tuple(names[_SCOPES_SHOWN:]),
        reason=prose(reason, _LONGEST_TEXT),
        remedy=prose(remedy, _LONGEST_TEXT),
    )


# What is being replaced


def _remediations(result: AuditResult) -> Remediations | None:
    lines = lines_of(result)
    if not lines:
        return None
    return Remediations(
        title=TITLE,
        counts=counted_text(result),
        head=HEAD,
        rows=tuple(
            (name_of(line.machine), tuple(prose(cell, _LONGEST_TEXT) for cell in line.cells[1:]))
            for line in lines[:_MOST_SCOPES]
        ),
        more=max(len(lines) - _MOST_SCOPES, 0),
    )


# What does not count


def _folds(overview: Overview) -> Sequence[FoldView]:
    return [
        FoldView(
            anchor=f"fold-{fold.value}",
            title=title,
            remark=_REMARKS[fold],
            count=len(overview.folded[fold]),
            cards=folded_cards(overview.folded[fold], overview.result.run),
        )
        for fold, title in _FOLD_TITLES.items()
        if overview.folded[fold]
    ]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
