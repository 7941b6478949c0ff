"""One block per cause for the terminal: what differs, where, who did it, what happens next, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from drift_audit.model.findings import Finding, Severity, ValueState
from drift_audit.model.result import Run
from drift_audit_reports.chains import Story, affected_text, alike_text, link_text, story_of, tells_of_health, then_text
from drift_audit_reports.eliding import elide, prose, width
from drift_audit_reports.escaping import one_line, visible
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
    place_of,
    subject_text,
    verdict_text,
)

if TYPE_CHECKING:
    from drift_audit_reports.terminal import Page

_STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


class CauseBlocks:
    """Writes causes onto a page; verbose shows more of each, and the ids of the findings."""

    def __init__(self, page: Page, run: Run, *, verbose: bool) -> None:
        self.page = page
        self.run = run
        self.verbose = verbose
        self.most_subjects = 1000 if verbose else 12
        self.most_variants = 10 if verbose else 2
        self.most_proofs = 40 if verbose else 4
        self.most_affected = 40 if verbose else 3

    def write(self, ranked: RankedCause) -> None:
        page, cause = self.page, ranked.cause
        page.blank()
        style = _STYLES[cause.severity]
        page.heading(
            ("■ ", style),
            (f"{cause.severity.upper():<8}", style),
            (f"  {prose(cause.title)}", "bold"),
            right=extent_text(ranked),
            indent=2,
        )
        if cause.explanation and cause.explanation != cause.title:
            page.paragraph(prose(cause.explanation), indent=2)
        variants = ranked.variants
        for before, variant in zip((None, *variants), variants[: self.most_variants], strict=False):
            self._variant(variant, before)
        if len(variants) > self.most_variants:
            rest = sum(len(variant.findings) for variant in variants[self.most_variants :])
            page.labelled("field", f"the same or others, with other values in {counted(rest, 'finding')}")
            self._rows(affected(one for variant in variants[self.most_variants :] for one in variant.findings))
        story = story_of(ranked.findings)
        if story is not None:
            self._story(story)
        self._history(ranked)
        for step in ranked.next_steps:
            page.labelled("→", prose(step), style="bold")

    def _variant(self, variant: Variant, before: Variant | None) -> None:
        example = variant.example
        about = _about(example)
        if before is not None and about == _about(before.example):
            about = f"the same, with other values in {counted(len(variant.findings), 'finding')}"
        self.page.labelled("field" if example.path else "what", about)
        self._values(example)
        remark = equality_remark(example)
        if remark:
            self.page.labelled("note", remark)
        self._subjects(variant)

    def _values(self, finding: Finding) -> None:
        """Value and place side by side where both fit, else the place on the next line: neither is dropped."""
        room = self.page.room
        rows = value_rows(finding, room)
        places = {row.view: visible(place_of(finding, row.view)) for row in rows}
        beside = [row for row in rows if places[row.view] and width(row.text) + 2 + width(places[row.view]) <= room]
        column = max((width(row.text) for row in beside), default=0)
        for row in rows:
            fits = row in beside
            # Aligned with the other places, or as near to it as the width allows.
            gap = " " * (min(column + 2, room - width(places[row.view])) - width(row.text))
            self.page.labelled(
                LABELS[row.view],
                (row.text, _value_style(row)),
                (gap + places[row.view] if fits else "", "dim"),
                mark="≠" if row.marked else " ",
                style="bold" if row.marked else "dim",
            )
            if places[row.view] and not fits:
                self.page.labelled("", ("  " + elide(places[row.view], 4 * room), "dim"))

    def _subjects(self, variant: Variant) -> None:
        page, example = self.page, variant.example
        subjects = affected(variant.findings)
        if len(variant.findings) == 1:
            cluster, subject = subjects[0][0], subject_text(example)
            told = bool(value_rows(example, page.room)) and example.object is not None
            page.labelled("on", cluster if told or subject == cluster else f"{cluster}  {subject}")
        else:
            self._rows(subjects)
        if self.verbose:
            for finding in variant.findings:
                page.labelled("id", f"{finding.id}  {subject_text(finding)}")
            for fact in () if tells_of_health(example) else example.evidence:
                page.labelled("evidence", prose(fact))

    def _rows(self, subjects: Sequence[tuple[str, str]]) -> None:
        """One line per subject; the cluster is named where it changes."""
        shown = subjects[: self.most_subjects]
        column = max(width(visible(cluster)) for cluster, _ in shown)
        for number, (cluster, subject) in enumerate(shown):
            named = "" if number and shown[number - 1][0] == cluster else visible(cluster)
            self.page.labelled("" if number else "on", f"{named:<{column}}  {subject}")
        if len(subjects) > len(shown):
            where = "-o json" if self.verbose else "--verbose or -o json"
            self.page.labelled("", f"and {len(subjects) - len(shown):,} more: see {where}")

    def _story(self, story: Story) -> None:
        """Why it does not happen: the chain, what proves it, who suffers, and what it is not."""
        page = self.page
        for number, link in enumerate(story.links):
            proof = f" [{link.evidence}]" if link.evidence and self.verbose else ""
            page.labelled("" if number else "because", "↳ " if number else "", prose(link_text(link) + proof))
        if story.alike:
            page.labelled("", alike_text(story))
        rows = [
            *(("proof", proof) for proof in story.proofs[: self.most_proofs]),
            ("proven", story.certainty),
            ("affects", affected_text(story, self.most_affected)),
            *(("perhaps", cause) for cause in story.possible[: self.most_proofs]),
            *(("not", cause) for cause in story.ruled_out[: self.most_proofs]),
            ("how", story.mechanism),
        ]
        told = ""
        for label, text in rows:
            if text:
                page.labelled("" if label == told else label, prose(text))
                told = label

    def _history(self, ranked: RankedCause) -> None:
        """Who, since when, what happens next, and who owns it."""
        findings = ranked.findings
        label, began = beginning_text(findings, self.run)
        owners = dict.fromkeys(finding.owner for finding in findings if finding.owner)
        rows = {
            "by": actors_text(findings),
            label: began,
            "then": then_text(findings),
            "owner": listed(list(owners), 3),
            "in git": authors_text(findings),
        }
        for label, text in rows.items():
            if text:
                self.page.labelled(label, prose(text))


def _about(finding: Finding) -> str:
    return " · ".join(one_line(part) for part in (finding.path, verdict_text(finding.verdict), finding.rule) if part)


def _value_style(row: ValueRow) -> str:
    if row.state is not ValueState.PRESENT:
        return "italic"
    return "bold red" if row.marked else ""
