"""Causes as the page shows them. Raw text: the template escapes whatever it prints.

A page has to stay quick at ten thousand findings, so detail has a budget: the first causes, and the first
variants of each, get the table of three values; what follows gets one line each. No finding is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import Cause, Finding
from drift_audit.model.result import Run
from drift_audit_reports.chains import CONSEQUENCE, Story, alike_text, link_text, story_of, then_text
from drift_audit_reports.eliding import prose
from drift_audit_reports.html_report.anchors import cause_anchor, name_of
from drift_audit_reports.html_report.chain_layout import ChainPicture, chain_picture
from drift_audit_reports.html_report.variants import LONGEST_TEXT, Told, VariantView, one_line_each, variant_view
from drift_audit_reports.ranking import RankedCause
from drift_audit_reports.summary import extent_text
from drift_audit_reports.wording import actors_text, beginning_text, moment_text, verdict_text

FULL_CARDS = 150
FULL_VARIANTS = 10
OPEN_CARDS = 3
_MOST_PROOFS = 12
_MOST_AFFECTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One step of a chain of causes."""

    layer: str
    """Empty for a consequence."""
    object: str
    fact: str
    since: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is said under one label, each on a line."""

    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why something does not happen, or is not well."""

    picture: ChainPicture | None
    links: tuple[Link, ...]
    alike: str
    facts: tuple[Facts, ...]
    affected: tuple[str, ...]
    """Only so many that it deserves a list of its own."""
    more_affected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One cause."""

    anchor: str
    severity: str
    kind: str
    title: str
    extent: str
    verdicts: str
    by: str
    explanation: str
    facts: tuple[Fact, ...]
    why: Why | None
    steps: tuple[str, ...]
    variants: tuple[VariantView, ...]
    opened: bool
    brief: str
    """Facts and steps as one paragraph, for a cause beyond the budget; empty for the others."""


def cards_of(causes: Sequence[RankedCause], run: Run, *, opened: int = OPEN_CARDS) -> tuple[Card, ...]:
    """The causes in their order; the first ones unfolded, those beyond the budget with fewer elements."""
    return tuple(
        _card(ranked, run, opened=number < opened, full=number < FULL_CARDS) for number, ranked in enumerate(causes)
    )


def folded_cards(findings: Iterable[Finding], run: Run) -> tuple[Card, ...]:
    """Findings that never fail a run, gathered under their titles."""
    by_title: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_title[finding.title].append(finding)
    groups = [_gathered(title, members) for title, members in sorted(by_title.items())]
    return cards_of(sorted(groups, key=lambda ranked: -len(ranked.findings)), run, opened=0)


def _gathered(title: str, findings: Sequence[Finding]) -> RankedCause:
    worst = max(findings, key=lambda finding: finding.severity.rank)
    clusters = {finding.cluster for finding in findings if finding.cluster is not None}
    cause = Cause(
        id=f"folded {findings[0].id}",
        title=title,
        kind=worst.kind,
        severity=worst.severity,
        clusters=tuple(sorted(clusters)),
        findings=tuple(finding.id for finding in findings),
        explanation="",
    )
    return RankedCause(cause=cause, findings=tuple(findings))


def _card(ranked: RankedCause, run: Run, *, opened: bool, full: bool) -> Card:
    cause, findings = ranked.cause, ranked.findings
    variants = ranked.variants
    detailed = variants[:FULL_VARIANTS] if full else ()
    rest = [finding for variant in variants[len(detailed) :] for finding in variant.findings]
    told = Told(
        actor=next((finding.actor for finding in findings if finding.actor is not None), None),
        began=" ".join(beginning_text(findings, run)),
        run=run,
    )
    views = [variant_view(variant, told) for variant in detailed]
    if rest:
        views.append(one_line_each(rest, told, further=bool(detailed)))
    story = story_of(findings)
    facts = tuple(_facts(findings, run))
    return Card(
        anchor=cause_anchor(cause),
        severity=cause.severity.value,
        kind=cause.kind.value,
        title=prose(cause.title, LONGEST_TEXT),
        extent=extent_text(ranked),
        verdicts=", ".join(dict.fromkeys(verdict_text(finding.verdict) for finding in findings)),
        by=_short_actor(findings),
        explanation=prose(cause.explanation, LONGEST_TEXT) if cause.explanation != cause.title else "",
        facts=facts,
        why=_why(story) if story is not None and full else None,
        steps=tuple(prose(step, LONGEST_TEXT) for step in ranked.next_steps),
        variants=tuple(views),
        opened=opened,
        brief="" if full else _brief(facts, story, ranked.next_steps),
    )


def _why(story: Story) -> Why:
    told = (
        *(("Proof", proof) for proof in story.proofs[:_MOST_PROOFS]),
        ("Proven", story.certainty),
        *(("Perhaps also", cause) for cause in story.possible[:_MOST_PROOFS]),
        *(("Ruled out", cause) for cause in story.ruled_out[:_MOST_PROOFS]),
        ("How it comes", story.mechanism),
    )
    return Why(
        picture=chain_picture(story),
        links=tuple(
            Link(
                layer="" if link.layer == CONSEQUENCE else name_of(link.layer),
                object=name_of(link.object),
                fact=prose(link.fact, LONGEST_TEXT),
                since=moment_text(link.since) if link.since else "",
                evidence=prose(link.evidence, LONGEST_TEXT),
            )
            for link in story.links
        ),
        alike=alike_text(story),
        facts=tuple(_gathered_facts(told)),
        affected=tuple(name_of(name) for name in story.affected[:_MOST_AFFECTED]),
        more_affected=max(len(story.affected) - _MOST_AFFECTED, 0),
    )


def _gathered_facts(told: Iterable[tuple[str, str]]) -> Iterable[Facts]:
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, text in told:
        if text:
            by_label[label].append(prose(text, LONGEST_TEXT))
    return (Facts(label=label, texts=tuple(texts)) for label, texts in by_label.items())


def _brief(facts: Sequence[Fact], story: Story | None, steps: Sequence[str]) -> str:
    parts = [
        *(f"{fact.label}: {fact.text}" for fact in facts),
        *(f"Because: {link_text(link)}" for link in (story.links if story is not None else ())),
        *(f"What to do: {step}" for step in steps),
    ]
    return ". ".join(prose(part, LONGEST_TEXT) for part in parts) or "-"


def _facts(findings: Sequence[Finding], run: Run) -> Iterable[Fact]:
    label, began = beginning_text(findings, run)
    owners = dict.fromkeys(finding.owner for finding in findings if finding.owner)
    seen = min((finding.first_seen for finding in findings if finding.first_seen), default="")
    told = (
        ("Changed by", actors_text(findings)),
        ("When" if label == "when" else "Since", began),
        ("First seen", moment_text(seen) if seen else ""),
        ("What happens next", then_text(findings)),
        ("Owner", ", ".join(owners)),
    )
    return (Fact(label=label, text=prose(text, LONGEST_TEXT)) for label, text in told if text)


def _short_actor(findings: Sequence[Finding]) -> str:
    actors = list(dict.fromkeys(finding.actor.who or "unknown" for finding in findings if finding.actor is not None))
    more = f" and {len(actors) - 1:,} more" if len(actors) > 1 else ""
    return f"by {prose(actors[0], 60)}{more}" if actors else ""
