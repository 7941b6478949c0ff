"""What both reports say about a result as a whole. Raw text, as in `wording`."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import NO_COUNTERPART, Finding, FindingKind, Severity, ValueState, Verdict
from drift_audit.model.result import AuditResult, Coverage, GapEntry, Status, SuppressionUse
from drift_audit_reports.ranking import PROOFS, Fold, Overview, RankedCause
from drift_audit_reports.seen import clusters_text, machines_text
from drift_audit_reports.wording import counted, listed

FOLDS: Mapping[Fold, str] = {
    Fold.UNDETERMINED: "could not be decided",
    Fold.POTENTIAL: "potential, never fail a run",
    Fold.RECONCILING: "reconciling, within their time",
    Fold.SUPPRESSED: "suppressed",
}
"""After a count, in the order in which a report lists them."""


GAP_LABELS: Mapping[str, str] = {
    "git": "git",
    "capi": "cluster",
    "cloud": "cloud",
    "workload": "workload",
    "history": "history",
    "evidence": "evidence",
}
"""By the view of a gap, which is plain text in the document."""

_EXPIRES_SOON_DAYS = 14


def headline(overview: Overview) -> str:
    """One sentence on the whole audit. That all agree is said only when all was read, compared, and found equal."""
    result = overview.result
    if result.status is Status.ERROR:
        return "the audit could not be done"
    if not overview.complete:
        return f"incomplete: {found_text(overview) if overview.causes else 'nothing found'} in what could be read"
    if overview.causes:
        # Exit code 0 with findings: all of them lie below --fail-on.
        below = result.status is Status.IN_SYNC
        found = f"{_what(overview)}: {found_text(overview)}"
        return f"nothing that fails a run: {graded_text(overview)}" if below else found
    undecided = len(overview.folded[Fold.UNDETERMINED])
    if undecided:
        return f"nothing found, but {counted(undecided, 'finding')} could not be decided"
    reserved = reservations(overview)
    if reserved:
        return f"nothing that fails a run, but {', '.join(reserved)}"
    return "in sync: Git, management clusters and cloud agree"


def _what(overview: Overview) -> str:
    """`drift`, `stuck` where everything is about health, or both."""
    stuck = {ranked.cause.kind in (FindingKind.STUCK, FindingKind.HEALTH) for ranked in overview.causes}
    joined = any(finding.verdict in (Verdict.STUCK, Verdict.UNHEALTHY) for finding in overview.open)
    return "stuck" if stuck == {True} else "drift and stuck" if True in stuck or joined else "drift"


def reservations(overview: Overview) -> list[str]:
    """What keeps a report without findings from saying that all three agree."""
    counts = {
        "potential finding": len(overview.folded[Fold.POTENTIAL]),
        "difference within its time": len(overview.folded[Fold.RECONCILING]),
        "suppressed finding": len(overview.folded[Fold.SUPPRESSED]),
    }
    told = [counted(count, what) for what, count in counts.items() if count]
    return [*told, *filter(None, [opaque_text(overview.result)])]


def found_text(overview: Overview) -> str:
    """`9 causes, 12 findings in 5 clusters (1 critical, 3 high)`."""
    clusters = {cluster for ranked in overview.causes for cluster in ranked.cause.clusters}
    inside = f" in {counted(len(clusters), 'cluster')}" if clusters else ""
    graded = graded_text(overview)
    counts = f"{counted(len(overview.causes), 'cause')}, {counted(len(overview.open), 'finding')}"
    return counts + inside + (f" ({graded})" if graded else "")


def graded_text(overview: Overview) -> str:
    """`1 critical, 3 high`, of the findings that are not folded."""
    return ", ".join(f"{overview.count(severity)} {severity}" for severity in worst_first() if overview.count(severity))


def severities_text(causes: Sequence[RankedCause]) -> str:
    """`2 high, 48 low`, of causes."""
    counts = Counter(ranked.cause.severity for ranked in causes)
    return ", ".join(f"{counts[severity]:,} {severity}" for severity in worst_first() if counts[severity])


def worst_first() -> list[Severity]:
    return sorted(Severity, key=lambda severity: -severity.rank)


def extent_text(ranked: RankedCause) -> str:
    """How far a cause reaches: `3 clusters, 14 findings`."""
    parts = [
        counted(len(ranked.cause.clusters), "cluster") if ranked.cause.clusters else "",
        counted(len(ranked.findings), "finding") if ranked.findings else "",
    ]
    return ", ".join(part for part in parts if part)


def fleet_text(result: AuditResult) -> str:
    """`2 management clusters: prod, stage · 48 clusters · 612 machines`."""
    names = sorted(
        {entry.management_cluster for entry in result.clusters}
        | {view.management_cluster for view in result.views.capi}
    )
    heads = counted(len(names), "management cluster") + (f": {listed(names, 4)}" if names else "")
    return " · ".join([heads, clusters_text(result, names), machines_text(result, result.clusters, names)])


def percent_text(coverage: Coverage) -> str:
    """Rounded down: 100% is said only when everything was read."""
    percent = math.floor(coverage.percent * 10) / 10
    unread = [gap for gap in coverage.gaps if gap.view not in PROOFS]
    whole = coverage.expected > 0 and coverage.read >= coverage.expected and not unread
    return f"{percent if whole else min(percent, 99.9):g}%"


def coverage_text(coverage: Coverage) -> str:
    return f"coverage {percent_text(coverage)} ({coverage.read:,} of {counted(coverage.expected, 'scope')})"


def opaque_fields(result: AuditResult) -> int:
    return sum(source.opaque_fields for source in result.views.git)


def opaque_text(result: AuditResult) -> str:
    """What of Git was not compared because Git does not tell it; empty when there is no such field."""
    fields = opaque_fields(result)
    return f"{counted(fields, 'field')} of Git not compared: templated or encrypted" if fields else ""


def reasons_text(findings: Iterable[Finding], most: int) -> str:
    """What is behind a folded count, the commonest first: `Extra label (3), Taint added (1) and 2 more`."""
    titles = Counter(finding.title for finding in findings)
    ordered = sorted(titles.items(), key=lambda entry: (-entry[1], entry[0]))
    return listed([f"{title} ({count:,})" if count > 1 else title for title, count in ordered], most)


def result_line(overview: Overview) -> str:
    """One line for grep: a word, then `key=value` pairs. Keys are only ever added."""
    result = overview.result
    status = result.status if overview.complete or result.status is not Status.IN_SYNC else Status.INCOMPLETE
    clusters = {cluster for ranked in overview.causes for cluster in ranked.cause.clusters}
    pairs: list[tuple[str, object]] = [
        ("findings", len(overview.open)),
        ("causes", len(overview.causes)),
        ("clusters", len(clusters)),
        *((severity, overview.count(severity)) for severity in worst_first()),
        *((fold, len(overview.folded[fold])) for fold in FOLDS),
        ("not-compared", opaque_fields(result)),
        ("gaps", len(overview.gaps)),
        ("incomplete", "no" if overview.complete else "yes"),
        ("exit-severity", overview.worst or "none"),
        ("coverage", percent_text(result.coverage)),
    ]
    return f"result: {status} " + " ".join(f"{key}={value}" for key, value in pairs)


# Gaps and suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class GapGroup:
    """Gaps with one reason and one remedy: told once."""

    reason: str
    remedy: str
    gaps: tuple[GapEntry, ...]

    @property
    def scopes(self) -> list[str]:
        return list(dict.fromkeys(_scope_text(gap) for gap in self.gaps))


def gap_groups(overview: Overview) -> list[GapGroup]:
    return grouped(overview.gaps)


def unproven_groups(overview: Overview) -> list[GapGroup]:
    """What only proves and could not be read: it leaves actors unknown or causes less certain, and nothing else."""
    return grouped(overview.unproven)


def grouped(unread: Iterable[GapEntry]) -> list[GapGroup]:
    """The gaps by reason and remedy, in their order."""
    groups: dict[tuple[str, str], list[GapEntry]] = defaultdict(list)
    for gap in unread:
        groups[gap.reason, gap.remedy].append(gap)
    return [
        GapGroup(reason=reason or "no reason was recorded", remedy=remedy, gaps=tuple(gaps))
        for (reason, remedy), gaps in groups.items()
    ]


def _scope_text(gap: GapEntry) -> str:
    """The scope, with the missing part where the scope does not end in it, and how much of it was read."""
    part = f" {gap.subject}" if gap.subject and not gap.scope.endswith(gap.subject) else ""
    return f"{gap.scope}{part} ({gap.status})"


def gaps_title(overview: Overview) -> str:
    """What a reader must know before believing anything else in the report."""
    coverage = overview.result.coverage
    missing = max(coverage.expected - coverage.read, 0)
    if missing:
        return (
            f"{missing:,} of {counted(coverage.expected, 'scope')} not fully read: what depends on them is not judged"
        )
    undecided = len(overview.folded[Fold.UNDETERMINED])
    if undecided and not overview.gaps:
        return f"{counted(undecided, 'finding')} could not be decided"
    return "not everything was read: what depends on the rest is not judged"


def unnamed_gaps(overview: Overview, most: int) -> list[str]:
    """Why a result without a gap is incomplete: the reasons of what could not be decided, each once."""
    undecided = overview.folded[Fold.UNDETERMINED]
    reasons = Counter(_why_undecided(finding) for finding in undecided)
    told = [f"{reason} ({counted(count, 'finding')})" for reason, count in sorted(reasons.items())]
    if len(told) > most:
        told = [*told[:most], f"and {counted(len(told) - most, 'more reason')}: see the JSON report"]
    return told or ["the result says that it is incomplete and does not say what is missing"]


def _why_undecided(finding: Finding) -> str:
    shown = (finding.values.git, finding.values.capi, finding.values.cloud)
    unknown = (value.reason for value in shown if value.state is ValueState.UNKNOWN and value != NO_COUNTERPART)
    return next(filter(None, unknown), finding.title)


def unjudged_clusters(result: AuditResult) -> list[str]:
    return [str(entry.key) for entry in sorted(result.clusters, key=lambda entry: entry.key) if not entry.complete]


def suppression_text(use: SuppressionUse) -> str:
    """`2 findings, expires in 12 days, owner platform: bastion hosts need it`."""
    days = use.expires_in_days
    expiry = f"expires in {counted(days, 'day')}" if days >= 0 else f"expired {counted(-days, 'day')} ago"
    text = f"{counted(use.matched, 'finding')}, {expiry}"
    if use.counted_again:
        text += f" ({counted_again_text(use.counted_again)})"
    return f"{text}, owner {use.owner}: {use.reason}" if use.owner or use.reason else text


def counted_again_text(number: int) -> str:
    """`1 open finding fits it`: what an expired rule hides no longer."""
    return f"{counted(number, 'open finding')} {'fits' if number == 1 else 'fit'} it"


def suppressions_in_order(result: AuditResult) -> list[SuppressionUse]:
    """Those that hide something, and those about to expire; the soonest first."""
    return sorted(
        (use for use in result.suppressions if use.matched or use.expires_in_days <= _EXPIRES_SOON_DAYS),
        key=lambda use: (use.expires_in_days, use.rule),
    )
