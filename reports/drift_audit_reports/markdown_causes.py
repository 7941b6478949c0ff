"""One cause in Markdown: a row of the table, and the folded details below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drift_audit.model.findings import Finding, Severity, ValueState
from drift_audit.model.result import Run
from drift_audit_reports.chains import CONSEQUENCE, Story, alike_text, story_of, then_text
from drift_audit_reports.eliding import prose
from drift_audit_reports.escaping import html_text, markdown_code, markdown_text, table_code
from drift_audit_reports.ranking import RankedCause, Variant
from drift_audit_reports.summary import extent_text
from drift_audit_reports.values import LABELS, ValueRow, equality_remark, value_rows
from drift_audit_reports.wording import (
    actors_text,
    affected,
    authors_text,
    beginning_text,
    counted,
    listed,
    moment_text,
    place_of,
    verdict_text,
)

_LONGEST_VALUE = 200
_LONGEST_TEXT = 400
_MOST_SUBJECTS = 100
_MOST_VARIANTS = 3
_MOST_STEPS = 6
_MOST_LINKS = 8
_MOST_IDS = 5
_MOST_AFFECTED = 10
_MOST_PROOFS = 5

ICONS: Mapping[Severity, str] = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.MEDIUM: "🟡",
    Severity.LOW: "🔵",
    Severity.INFO: "⚪",
}


def text(raw: str) -> str:
    """Prose of somebody else, cut and escaped."""
    return markdown_text(prose(raw, _LONGEST_TEXT))


def code(raw: str) -> str:
    """A name or a value of somebody else in a code span, cut."""
    return markdown_code(prose(raw, _LONGEST_VALUE))


def _cell_code(raw: str) -> str:
    return table_code(prose(raw, _LONGEST_VALUE))


def cause_row(ranked: RankedCause) -> str:
    """One line of the table of causes."""
    cause = ranked.cause
    where = listed([_cell_code(str(cluster)) for cluster in cause.clusters], 2)
    actors = [finding.actor for finding in ranked.findings if finding.actor is not None]
    by = (
        _cell_code(actors[0].who or "unknown") + (f" ({text(actors[0].how)})" if actors[0].how else "")
        if actors
        else ""
    )
    cells = (f"{ICONS[cause.severity]} {cause.severity}", text(cause.title), where, f"{len(ranked.findings):,}", by)
    return f"| {' | '.join(cells)} |\n"


def cause_details(ranked: RankedCause, run: Run) -> str:
    """A closed `<details>`; blank lines inside it let GitHub read Markdown again."""
    cause = ranked.cause
    title = html_text(prose(cause.title, _LONGEST_TEXT))
    summary = f"{ICONS[cause.severity]} <b>{cause.severity}</b>: {title} ({extent_text(ranked)})"
    parts = [f"<details><summary>{summary}</summary>\n"]
    if cause.explanation and cause.explanation != cause.title:
        parts.append(f"{text(cause.explanation)}\n")
    story = story_of(ranked.findings)
    if story is not None:
        parts.append("\n".join(_story(story)) + "\n")
    variants = ranked.variants
    parts += [_variant(variant) for variant in variants[:_MOST_VARIANTS]]
    if len(variants) > _MOST_VARIANTS:
        rest = sum(len(variant.findings) for variant in variants[_MOST_VARIANTS:])
        parts.append(f"{counted(rest, 'more finding')} with other values, see the JSON report for these.\n")
        parts.append(_subjects(affected(one for variant in variants[_MOST_VARIANTS:] for one in variant.findings)))
    parts += [_facts(ranked, run), "</details>\n"]
    return "\n".join(part for part in parts if part)


def _variant(variant: Variant) -> str:
    example = variant.example
    about = [code(example.path) if example.path else "", verdict_text(example.verdict), code(example.rule)]
    lines = [" · ".join(part for part in about if part), ""]
    rows = value_rows(example, _LONGEST_VALUE)
    if rows:
        lines += ["| | value | where |", "|---|---|---|", *(_value_row(row, example) for row in rows), ""]
    remark = equality_remark(example)
    if remark:
        lines += [remark, ""]
    lines.append(_subjects(affected(variant.findings)))
    return "\n".join(lines)


def _subjects(subjects: Sequence[tuple[str, str]]) -> str:
    """All of them: the details around are folded already."""
    told = [f"{code(cluster)} {code(subject)}" for cluster, subject in subjects[:_MOST_SUBJECTS]]
    unlisted = len(subjects) - len(told)
    if len(told) == 1:
        return f"On {told[0]}\n"
    rest = f"- and {unlisted:,} more: see the JSON report\n" if unlisted else ""
    return "On\n\n" + "".join(f"- {one}\n" for one in told) + rest


def _value_row(row: ValueRow, finding: Finding) -> str:
    label = f"**{LABELS[row.view]}** ≠" if row.marked else LABELS[row.view]
    value = table_code(row.text) if row.state is ValueState.PRESENT else markdown_text(row.text)
    place = place_of(finding, row.view)
    return f"| {label} | {value} | {_cell_code(place) if place else ''} |"


def _story(story: Story) -> list[str]:
    """Why it does not happen, as list items."""
    lines = ["- **because**"] if story.links else []
    for number, link in enumerate(story.links[:_MOST_LINKS], 1):
        layer = "" if link.layer == CONSEQUENCE else f"{text(link.layer)} · "
        since = f", since {text(moment_text(link.since))}" if link.since else ""
        proof = f" ({text(link.evidence)})" if link.evidence else ""
        lines.append(f"  {number}. {layer}{code(link.object)}: {text(link.fact)}{since}{proof}")
    if len(story.links) > _MOST_LINKS:
        lines.append(f"  {_MOST_LINKS + 1}. {counted(len(story.links) - _MOST_LINKS, 'more hop')}: see the JSON report")
    if story.alike:
        lines.append(f"- {alike_text(story)}")
    named = listed([code(name) for name in story.affected], _MOST_AFFECTED)
    rows = [
        *(("proof", text(proof)) for proof in story.proofs[:_MOST_PROOFS]),
        ("proven", text(story.certainty)),
        ("affects", f"{len(story.affected):,}: {named}" if story.affected else ""),
        *(("perhaps", text(cause)) for cause in story.possible[:_MOST_PROOFS]),
        *(("ruled out", text(cause)) for cause in story.ruled_out[:_MOST_PROOFS]),
        ("how", text(story.mechanism)),
    ]
    return lines + [f"- **{label}** {fact}" for label, fact in rows if fact]


def _facts(ranked: RankedCause, run: Run) -> str:
    findings = ranked.findings
    label, began = beginning_text(findings, run)
    owners = dict.fromkeys(finding.owner for finding in findings if finding.owner)
    told = {
        "by": actors_text(findings),
        label: began,
        "then": then_text(findings),
        "owner": listed(list(owners), 3),
        "in git": authors_text(findings),
    }
    lines = [f"- **{label}** {text(fact)}" for label, fact in told.items() if fact]
    lines += [f"- **→** {text(step)}" for step in ranked.next_steps[:_MOST_STEPS]]
    if findings:
        lines.append(f"- **ids** {listed([code(finding.id) for finding in findings], _MOST_IDS)}")
    return "\n".join(lines) + "\n" if lines else ""
