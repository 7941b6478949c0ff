"""The report for pull-request comments and job summaries, in GitHub-flavoured Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import AuditResult
from drift_audit_reports.escaping import markdown_text
from drift_audit_reports.markdown_causes import cause_details, cause_row, code, text
from drift_audit_reports.ranking import Fold, Overview, overview_of
from drift_audit_reports.remediations import HEAD, TITLE, counted_text, lines_of
from drift_audit_reports.summary import (
    FOLDS,
    GAP_LABELS,
    GapGroup,
    coverage_text,
    fleet_text,
    gap_groups,
    gaps_title,
    headline,
    opaque_text,
    reasons_text,
    suppression_text,
    suppressions_in_order,
    unjudged_clusters,
    unnamed_gaps,
    unproven_groups,
)
from drift_audit_reports.wording import counted, listed, moment_text

MOST_BYTES = 60_000
"""GitHub refuses a comment above 65,536 characters; the rest is room for what a publisher adds."""

_NOTES = 1_000
"""Bytes kept for the sentences that say what was left out."""

_MOST_REASONS = 12

_TABLE_HEAD = "| | Cause | Where | Findings | By |\n|---|---|---|--:|---|\n"


class MarkdownReport:
    """`-o markdown`. Width and colour mean nothing here; nothing is more verbose than the limit allows."""

    name = "markdown"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        return _fitted(overview_of(result))


def _fitted(overview: Overview) -> str:
    """The report in at most `MOST_BYTES`: what does not fit is left out whole, and counted."""
    head, folded, foot = _head(overview), _folded(overview), _remediations(overview) + _foot(overview)
    groups, rules, causes = gap_groups(overview), _suppressions(overview), overview.causes
    room = MOST_BYTES - _NOTES - sum(map(_size, (head, folded, foot)))
    # The shares are of what is left at each turn: gaps, rows and suppressions are short, details are not.
    gaps, unlisted_gaps = _taken(map(_gap, groups), len(groups), room // 4)
    room -= _size(*gaps)
    hidden, unlisted_rules = _taken(rules, len(rules), room // 8)
    room -= _size(*hidden)
    rows, unlisted_rows = _taken(map(cause_row, causes), len(causes), room // 3)
    room -= _size(*rows, _TABLE_HEAD)
    blocks = (cause_details(ranked, overview.result.run) for ranked in causes)
    details, untold = _taken(blocks, len(causes), room)
    parts = [
        head,
        _gaps_section(overview, gaps, unlisted_gaps),
        _table(rows, unlisted_rows),
        "\n".join(details),
        f"**{counted(untold, 'more cause')} not shown in detail: see the JSON report.**\n" if untold else "",
        folded,
        "".join(hidden)
        + (f"- {counted(unlisted_rules, 'more rule')}: see the JSON report\n" if unlisted_rules else ""),
        foot,
    ]
    return "\n".join(part for part in parts if part)


def _taken(blocks: Iterable[str], total: int, room: int) -> tuple[list[str], int]:
    """The first blocks that fit, and how many are left out.

    A block that would take more than a quarter by itself is passed over, so that one monstrous name cannot
    hide all that follows.
    """
    taken: list[str] = []
    left = room
    for block in blocks:
        size = _size(block)
        if size > room // 4:
            continue
        if size > left:
            break
        taken.append(block)
        left -= size
    return taken, total - len(taken)


def _size(*blocks: str) -> int:
    """Bytes, with the line break that joins each to the next."""
    return sum(len(block.encode()) + 1 for block in blocks)


def _head(overview: Overview) -> str:
    result = overview.result
    sentence = headline(overview)
    facts = " · ".join(filter(None, (fleet_text(result), coverage_text(result.coverage), opaque_text(result))))
    return f"## {markdown_text(sentence[:1].upper() + sentence[1:])}\n\n{text(facts)}\n"


def _gaps_section(overview: Overview, gaps: Sequence[str], unlisted: int) -> str:
    """Nothing for a complete audit; for any other a section, even when nobody knows what is missing."""
    if overview.complete:
        return ""
    lines = list(gaps)
    if unlisted:
        lines.append(f"- {counted(unlisted, 'more gap')}: see the JSON report\n")
    if not lines:
        lines += [f"- {text(reason)}\n" for reason in unnamed_gaps(overview, _MOST_REASONS)]
    unjudged = unjudged_clusters(overview.result)
    if unjudged:
        lines.append(f"- clusters not wholly judged: {listed([code(cluster) for cluster in unjudged[:11]], 10)}\n")
    return f"### ⚠️ Incomplete: {markdown_text(gaps_title(overview))}\n\n" + "".join(lines)


def _gap(group: GapGroup) -> str:
    view = group.gaps[0].view
    scopes = listed([code(scope) for scope in group.scopes], 3)
    remedy = f"<br>→ {text(group.remedy)}" if group.remedy else ""
    return f"- **{markdown_text(GAP_LABELS.get(view, view))}** {scopes}: {text(group.reason)}{remedy}\n"


def _table(rows: Sequence[str], unlisted: int) -> str:
    if not rows and not unlisted:
        return ""
    note = f"\n{counted(unlisted, 'more cause')} not shown: see the JSON report.\n" if unlisted else ""
    return _TABLE_HEAD + "".join(rows) + note


def _folded(overview: Overview) -> str:
    lines = [
        f"- {len(findings):,} {FOLDS[fold]}: {text(reasons_text(findings, 3))}\n"
        for fold, findings in ((fold, overview.folded[fold]) for fold in FOLDS)
        if findings and fold is not Fold.SUPPRESSED
    ]
    return "".join([*lines, *(_gap(group) for group in unproven_groups(overview)[:_MOST_REASONS])])


def _remediations(overview: Overview) -> str:
    lines = lines_of(overview.result)
    if not lines:
        return ""
    title = f"### {markdown_text(TITLE)}: {markdown_text(counted_text(overview.result))}\n\n"
    head = f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}\n"
    rows = [f"| {' | '.join((code(line.machine), *map(text, line.cells[1:])))} |\n" for line in lines]
    shown, left_out = _taken(rows, len(rows), MOST_BYTES // 8)
    note = f"\n{counted(left_out, 'more Machine')} not shown: see the JSON report.\n" if left_out else ""
    return f"{title}{head}{''.join(shown)}{note}\n"


def _suppressions(overview: Overview) -> list[str]:
    return [
        f"- suppressed by {code(use.rule)}: {text(suppression_text(use))}\n"
        for use in suppressions_in_order(overview.result)
    ]


def _foot(overview: Overview) -> str:
    result = overview.result
    run = result.run
    source = f", from recording {run.recording_digest[:12]}" if run.recording_digest else ""
    began = f"{moment_text(run.started_at)}, run {run.id}{source}"
    return f"<sub>{text(f'{result.tool.name} {result.tool.version}')} · {text(began)}</sub>\n"
