"""How many clusters and machines there are, as far as they could be listed: what was not read is never "0"."""

from __future__ import annotations

from collections.abc import Iterable

from drift_audit.model.result import AuditResult, ClusterEntry
from drift_audit.model.views import View
from drift_audit_reports.wording import counted


def clusters_text(result: AuditResult, management_clusters: Iterable[str]) -> str:
    return _seen(len(result.clusters), "cluster", "Cluster", result, management_clusters)


def machines_text(result: AuditResult, entries: Iterable[ClusterEntry], management_clusters: Iterable[str]) -> str:
    return _seen(sum(entry.machines for entry in entries), "machine", "Machine", result, management_clusters)


def _seen(number: int, word: str, kind: str, result: AuditResult, management_clusters: Iterable[str]) -> str:
    unread = {gap.scope for gap in result.coverage.gaps if gap.view == View.CAPI}
    if unread.isdisjoint(scope for name in management_clusters for scope in (name, f"{name}/{kind}")):
        return counted(number, word)
    return f"at least {counted(number, word)}" if number else f"{word}s not read"
