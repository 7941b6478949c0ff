"""What a reader can filter by: the choices that the findings of this result offer."""

from __future__ import annotations

from dataclasses import dataclass

from drift_audit_reports.html_report.anchors import cluster_anchor, name_of
from drift_audit_reports.html_report.words import KINDS
from drift_audit_reports.ranking import KIND_ORDER, Overview
from drift_audit_reports.summary import worst_first
from drift_audit_reports.wording import verdict_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a filter."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    severities: tuple[Choice, ...]
    verdicts: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    clusters: tuple[Choice, ...]


def filters_of(overview: Overview) -> Filters:
    """The choices that would leave at least one finding."""
    findings = overview.result.findings
    verdicts = {finding.verdict for finding in findings}
    kinds = {finding.kind for finding in findings}
    severities = {finding.severity for finding in findings}
    clusters = sorted({finding.cluster for finding in findings if finding.cluster is not None})
    return Filters(
        severities=tuple(Choice(value=one.value, label=one.value) for one in worst_first() if one in severities),
        verdicts=tuple(Choice(value=one.value, label=verdict_text(one)) for one in sorted(verdicts)),
        kinds=tuple(Choice(value=one.value, label=KINDS.get(one, one.value)) for one in KIND_ORDER if one in kinds),
        clusters=tuple(Choice(value=cluster_anchor(one), label=name_of(str(one))) for one in clusters),
    )
