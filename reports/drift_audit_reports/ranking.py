"""What a report tells first, and what it folds: the order of causes and the fold of each finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from drift_audit.model.findings import Cause, Confidence, Finding, FindingKind, Severity, Verdict
from drift_audit.model.keys import ClusterKey, canonical_json
from drift_audit.model.result import AuditResult, GapEntry, Status
from drift_audit.model.views import ScopeStatus


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
        """The worst first, then the commonest: the first finding of the first is what the next steps are about."""
        groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
        for finding in self.findings:
            groups[_look(finding)].append(finding)
        ordered = sorted(groups.values(), key=lambda group: (-max(one.severity.rank for one in group), -len(group)))
        return tuple(Variant(findings=tuple(group)) for group in ordered)

    @property
    def next_steps(self) -> tuple[str, ...]:
        """The cause's own steps, else those of its findings, each once."""
        return self.cause.next_steps or tuple(dict.fromkeys(step for one in self.findings for step in one.next_steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A result, sorted for reading."""

    result: AuditResult
    causes: tuple[RankedCause, ...]
    folded: Mapping[Fold, tuple[Finding, ...]]
    """Every finding of the result, each in exactly one fold."""
    gaps: tuple[GapEntry, ...]
    complete: bool

    @property
    def open(self) -> tuple[Finding, ...]:
        return self.folded[Fold.OPEN]

    @property
    def worst(self) -> Severity | None:
        """Of what is open; `None` when nothing is."""
        severities = [*(finding.severity for finding in self.open), *(ranked.cause.severity for ranked in self.causes)]
        return max(severities, key=lambda severity: severity.rank, default=None)

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.open)


def overview_of(result: AuditResult) -> Overview:
    """The result in reading order. No finding is lost: one without a cause becomes a cause of its own."""
    folded: dict[Fold, list[Finding]] = {fold: [] for fold in Fold}
    for finding in sorted(result.findings, key=finding_rank):
        folded[fold_of(finding)].append(finding)
    gaps = tuple(all_gaps(result))
    return Overview(
        result=result,
        causes=_ranked(result, folded[Fold.OPEN]),
        folded={fold: tuple(findings) for fold, findings in folded.items()},
        gaps=gaps,
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
