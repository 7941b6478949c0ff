"""The part of a result that is about leftovers in the cloud, with what keeps it from being the whole answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift_audit.model.findings import FindingKind
from drift_audit.model.result import AuditResult, GapEntry
from drift_audit.model.views import ScopeStatus, View

_TELL_WHOSE = (View.CAPI, View.CLOUD)
"""Views that tell whose a resource is."""


def only_orphans(result: AuditResult) -> AuditResult:
    """The result without other findings; complete when everything was read that tells whose a resource is.

    Git does not, nor do change histories, evidence and workload clusters: their gaps are left out. Neither does it
    matter here what could be read and not be compared.
    """
    gaps = tuple(gap for gap in result.coverage.gaps if gap.view in _TELL_WHOSE)
    every = (*gaps, *_without_gap(result, {(gap.view, gap.scope) for gap in gaps}))
    return replace(
        result,
        complete=not every,
        coverage=replace(result.coverage, gaps=every),
        findings=tuple(finding for finding in result.findings if finding.kind is FindingKind.ORPHAN),
    )


def _without_gap(result: AuditResult, told: set[tuple[str, str]]) -> Iterator[GapEntry]:
    """What was not read although no gap says so: an empty list must not come from an empty audit."""
    for read in result.coverage.scopes:
        unread = read.view in _TELL_WHOSE and read.status is not ScopeStatus.COMPLETE
        if unread and (read.view, read.scope) not in told:
            yield _gap(read.view, read.scope, read.reason or "it was not read completely")
    if not result.views.cloud:
        yield _gap(View.CLOUD, "clouds", "no cloud scope was read, so that nothing can be left over in one")


def _gap(view: View, scope: str, reason: str) -> GapEntry:
    return GapEntry(
        view=view.value,
        scope=scope,
        subject="",
        status=ScopeStatus.FAILED.value,
        reason=reason,
        remedy="See `drift-audit check` for what the audit read, and configure the accounts of the fleet.",
    )
