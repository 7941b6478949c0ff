"""What a report tells first, and what it folds: the order of causes and the fold of each finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from drift_audit.model.findings import Cause, Confidence, Finding, FindingKind, Severity, Verdict
from drift_audit.model.keys import ClusterKey, canonical_json
from drift_audit.model.result import AuditResult, GapEntry, Status
from drift_audit.model.views import ScopeStatus, View


class Fold(StrEnum):
    """Where a report shows a finding."""

    OPEN = "open"
    """In the block of its cause; the only fold that can fail a run."""
    UNDETERMINED = "undetermined"
    POTENTIAL = "potential"
    RECONCILING = "reconciling"
    SUPPRESSED = "suppressed"


KIND_ORDER: tuple[FindingKind, ...] = (
    FindingKind.MISSING,
    FindingKind.STUCK,
    FindingKind.DRIFT,
    FindingKind.HEALTH,
    FindingKind.HAZARD,
    FindingKind.ORPHAN,
    FindingKind.UNMANAGED,
)
"""Among equal severities: what is down before what differs, what differs before what is only untidy."""

_FOLD_OF_VERDICT: Mapping[Verdict, Fold] = {
    Verdict.UNDETERMINED: Fold.UNDETERMINED,
    Verdict.RECONCILING: Fold.RECONCILING,
}


def _still_differs(finding: Finding) -> bool:
    return finding.verdict is not Verdict.EDITED_AND_REVERTED


def fold_of(finding: Finding) -> Fold:
    """A suppression hides whatever it matches; then the verdict decides, then the confidence."""
    if finding.suppressed is not None:
        return Fold.SUPPRESSED
    if finding.verdict in _FOLD_OF_VERDICT:
        return _FOLD_OF_VERDICT[finding.verdict]
    return Fold.POTENTIAL if finding.confidence is Confidence.POTENTIAL else Fold.OPEN


def cause_rank(cause: Cause) -> tuple[int, int, int, str, str]:
    """Sort key: the worst first, then by kind, then by how many clusters it touches, then by name."""
    return -cause.severity.rank, KIND_ORDER.index(cause.kind), -len(cause.clusters), cause.title, cause.id


def finding_rank(finding: Finding) -> tuple[str, ...]:
    """Sort key: by subject, so that the findings of one cluster stand together."""
    subject = finding.object
    return (
        str(finding.cluster or finding.management_cluster),
        f"{subject.kind}/{subject.namespace}/{subject.name}" if subject else "",
        str(finding.resource or ""),
        finding.path,
        finding.id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Findings of one cause with the same path and the same three values."""

    findings: tuple[Finding, ...]

    @property
    def example(self) -> Finding:
        return self.findings[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCause:
    """A cause as a report shows it: severity, clusters and findings count only what is open."""

    cause: Cause
    findings: tuple[Finding, ...]
    """Open ones, by subject."""

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The worst first, then the commonest: the first finding of the first is what the next steps are about.

        Where drift keeps something stuck, or something stuck makes drift, what came first stands first.
        """
        groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
        for finding in self.findings:
            groups[_look(finding)].append(finding)
        health_first = self.cause.kind in (FindingKind.STUCK, FindingKind.HEALTH)

        def rank(group: Sequence[Finding]) -> tuple[bool, int, int]:
            of_health = group[0].verdict in (Verdict.STUCK, Verdict.UNHEALTHY)
            return of_health is not health_first, -max(one.severity.rank for one in group), -len(group)

        return tuple(Variant(findings=tuple(group)) for group in sorted(groups.values(), key=rank))

    @property
    def next_steps(self) -> tuple[str, ...]:
        """The cause's own steps, else those of its findings, each once."""
        return self.cause.next_steps or tuple(dict.fromkeys(step for one in self.findings for step in one.next_steps))


PROOFS = (View.HISTORY, View.EVIDENCE)
"""Views without which an audit is still complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A result, sorted for reading."""

    result: AuditResult
    causes: tuple[RankedCause, ...]
    folded: Mapping[Fold, tuple[Finding, ...]]
    """Every finding of the result, each in exactly one fold."""
    gaps: tuple[GapEntry, ...]
    unproven: tuple[GapEntry, ...]
    """What could not be read of change histories, and beside suspects: actors are unknown for it, or causes less
    certain, and no verdict is."""
    complete: bool

    @property
    def open(self) -> tuple[Finding, ...]:
        return self.folded[Fold.OPEN]

    @property
    def worst(self) -> Severity | None:
        """Of what is open and still differs; `None` when nothing does."""
        causes = [one for one in self.causes if not one.findings or any(map(_still_differs, one.findings))]
        severities = [
            *(finding.severity for finding in self.open if _still_differs(finding)),
            *(ranked.cause.severity for ranked in causes),
        ]
        return max(severities, key=lambda severity: severity.rank, default=None)

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.open)


def overview_of(result: AuditResult) -> Overview:
    """The result in reading order. No finding is lost: one without a cause becomes a cause of its own."""
    folded: dict[Fold, list[Finding]] = {fold: [] for fold in Fold}
    for finding in sorted(result.findings, key=finding_rank):
        folded[fold_of(finding)].append(finding)
    every = tuple(all_gaps(result))
    gaps = tuple(gap for gap in every if gap.view not in PROOFS)
    return Overview(
        result=result,
        causes=_ranked(result, folded[Fold.OPEN]),
        folded={fold: tuple(findings) for fold, findings in folded.items()},
        gaps=gaps,
        unproven=tuple(gap for gap in every if gap.view in PROOFS),
        complete=_is_complete(result, gaps),
    )


def all_gaps(result: AuditResult) -> Iterable[GapEntry]:
    """The gaps, and each scope that was not wholly read although no gap tells of it."""
    told = {(gap.view, gap.scope) for gap in result.coverage.gaps}
    silent = [
        GapEntry(view=read.view, scope=read.scope, subject="", status=read.status, reason=read.reason, remedy="")
        for read in result.coverage.scopes
        if read.status in (ScopeStatus.FAILED, ScopeStatus.PARTIAL) and (read.view, read.scope) not in told
    ]
    return sorted(
        [*result.coverage.gaps, *silent], key=lambda gap: (gap.view, gap.scope, gap.subject, gap.reason, gap.remedy)
    )


def _is_complete(result: AuditResult, gaps: Sequence[GapEntry]) -> bool:
    """Only when everything in the result agrees on it: one contradiction, and a report must not say "in sync"."""
    coverage = result.coverage
    return (
        result.complete
        and not gaps
        and 0 < coverage.expected <= coverage.read
        and result.status not in (Status.INCOMPLETE, Status.ERROR)
    )


def _ranked(result: AuditResult, findings: Sequence[Finding]) -> tuple[RankedCause, ...]:
    causes = {cause.id: cause for cause in result.causes}
    cause_of = {member: cause.id for cause in result.causes for member in cause.findings}
    known = {finding.id for finding in result.findings}
    members: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        cause_id = cause_of.get(finding.id, finding.cause)
        if cause_id not in causes:
            cause_id = f"finding {finding.id}"
            causes[cause_id] = _cause_of_its_own(cause_id, finding)
        members[cause_id].append(finding)
    # A cause whose findings are all folded is folded with them; one whose findings nobody sent is still told.
    unknown = [id for id, cause in causes.items() if id not in members and known.isdisjoint(cause.findings)]
    ranked = [_narrowed(causes[id], members[id]) for id in [*members, *unknown]]
    return tuple(sorted(ranked, key=lambda entry: cause_rank(entry.cause)))


def _cause_of_its_own(cause_id: str, finding: Finding) -> Cause:
    return Cause(
        id=cause_id,
        title=finding.title,
        kind=finding.kind,
        severity=finding.severity,
        clusters=(),
        findings=(finding.id,),
        explanation="",
    )


def _narrowed(cause: Cause, findings: Sequence[Finding]) -> RankedCause:
    if not findings:
        return RankedCause(cause=cause, findings=())
    clusters: set[ClusterKey] = {finding.cluster for finding in findings if finding.cluster is not None}
    severity = max((finding.severity for finding in findings), key=lambda severity: severity.rank)
    return RankedCause(
        cause=replace(cause, clusters=tuple(sorted(clusters)), severity=severity), findings=tuple(findings)
    )


def _look(finding: Finding) -> tuple[str, ...]:
    values = (finding.values.git, finding.values.capi, finding.values.cloud)
    return finding.path, *(f"{shown.state} {canonical_json(shown.value)} {shown.reason}" for shown in values)
