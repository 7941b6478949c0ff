"""The result document from the judged parts: coverage, clusters, views, status, cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drift_audit import __version__
from drift_audit.clock import stamp
from drift_audit.explain.tree import pruned_trees
from drift_audit.explain.tree_parts import TreeSources
from drift_audit.interfaces import Correlation
from drift_audit.model.findings import Cause, Confidence, Finding, FindingKind, Severity, Verdict, finding_id
from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.remediation import Remediation
from drift_audit.model.result import (
    SCHEMA_VERSION,
    AuditResult,
    CapiViewEntry,
    CloudViewEntry,
    ClusterEntry,
    ClusterStatus,
    Cost,
    Coverage,
    GapEntry,
    GitViewEntry,
    Run,
    Status,
    SuppressionUse,
    Tool,
    ViewEntries,
)
from drift_audit.model.values import dig, mapping, text
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, GitSourceView, ScopeRead, ScopeStatus, View, Views

CORE_GROUP = "cluster.x-k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Everything that an audit concluded."""

    views: Views
    gaps: tuple[Gap, ...]
    """All gaps, those of the views included."""
    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    suppressions: tuple[SuppressionUse, ...]
    cluster_of: Mapping[str, Mapping[ObjectKey, ClusterKey | None]]
    """By management cluster."""
    needs: Mapping[str, Mapping[ObjectKey, Sequence[ObjectKey]]] = field(default_factory=dict)
    """By management cluster: what objects need besides, as the configuration declares it."""
    unread_clusters: frozenset[ClusterKey] = frozenset()
    """Clusters whose cloud side nobody could read."""
    correlations: tuple[Correlation, ...] = ()
    """How the resources of each provider and the objects belong together."""
    patience: timedelta = timedelta(minutes=30)
    """How long a creation or deletion may take."""
    remediations: tuple[Remediation, ...] = ()
    with_trees: bool = True
    """False where nobody will look at the trees."""

    def tree_sources(self, now: datetime) -> TreeSources:
        return TreeSources(
            views=self.views,
            gaps=self.gaps,
            findings=self.findings,
            correlations=self.correlations,
            cluster_of=self.cluster_of,
            needs=self.needs,
            now=now,
            patience=self.patience,
        )


def assemble(
    judged: Judged,
    *,
    started_at: datetime,
    finished_at: datetime,
    config_digest: str,
    recording_digest: str | None,
    fail_on: Severity,
) -> AuditResult:
    """The whole result; its `status` says the same as the exit code will."""
    reads = _reads(judged.views)
    complete = _is_complete(judged, reads)
    return AuditResult(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="drift-audit", version=__version__),
        run=Run(
            id=finding_id("run", stamp(started_at), config_digest, recording_digest or ""),
            started_at=stamp(started_at),
            finished_at=stamp(finished_at),
            duration_s=round((finished_at - started_at).total_seconds(), 3),
            config_digest=config_digest,
            recording_digest=recording_digest,
            fail_on=fail_on,
        ),
        status=_status(judged, complete=complete, fail_on=fail_on),
        complete=complete,
        coverage=_coverage(reads, judged.gaps),
        views=_views(judged.views, claimed_by_scope(judged.views, judged.correlations)),
        clusters=tuple(_clusters(judged)),
        causes=judged.causes,
        findings=judged.findings,
        suppressions=judged.suppressions,
        cost=_cost(reads),
        trees=pruned_trees(judged.tree_sources(finished_at)) if judged.with_trees else (),
        remediations=judged.remediations,
    )


def _is_complete(judged: Judged, reads: Iterable[ScopeRead]) -> bool:
    """True when everything was read and everything could be judged; what nobody can judge is not in sync."""
    undetermined = any(finding.verdict is Verdict.UNDETERMINED for finding in judged.findings)
    unread = any(gap.view not in _PROOFS for gap in judged.gaps)
    return not unread and not undetermined and all(read.status is ScopeStatus.COMPLETE for read in _deciding(reads))


def _deciding(reads: Iterable[ScopeRead]) -> list[ScopeRead]:
    """Those that verdicts rest on: who changed something is not needed to say that it differs (ADR 6)."""
    return [read for read in reads if read.view not in _PROOFS]


_PROOFS = (View.HISTORY, View.EVIDENCE)
"""Views that only prove what others show."""


_NEVER_FAIL = (Verdict.RECONCILING, Verdict.UNDETERMINED, Verdict.IN_SYNC, Verdict.EDITED_AND_REVERTED)
"""Verdicts of what is not different now, or that nobody can tell."""


def fails(finding: Finding, fail_on: Severity) -> bool:
    """True when a finding may fail a run: confirmed, not suppressed, and severe enough."""
    return (
        finding.confidence is Confidence.CONFIRMED
        and finding.suppressed is None
        and finding.verdict not in _NEVER_FAIL
        and finding.severity.rank >= fail_on.rank
    )


def _status(judged: Judged, *, complete: bool, fail_on: Severity) -> Status:
    if not any(_is_readable(view) for view in judged.views.clusters):
        return Status.ERROR
    if any(fails(finding, fail_on) for finding in judged.findings):
        return Status.DRIFT
    return Status.IN_SYNC if complete else Status.INCOMPLETE


def _is_readable(view: ClusterView) -> bool:
    """True when at least something of the management cluster was seen; a server that lists nothing was not read."""
    return bool(view.objects) or any(listing.served and listing.complete for listing in view.kinds.values())


def _reads(views: Views) -> tuple[ScopeRead, ...]:
    git = tuple(
        ScopeRead(
            view=View.GIT,
            scope=f"{source.source}@{source.ref}:{source.path}",
            status=_git_status(source),
            reason=next((gap.reason for gap in source.all_gaps), ""),
        )
        for source in views.git
    )
    return (
        *git,
        *(read for view in views.clusters for read in view.reads),
        *(read for view in views.clouds for read in view.reads),
        *(read for view in views.suspects for read in view.reads),
        *(read for view in views.workloads for read in view.reads),
    )


def _git_status(source: GitSourceView) -> ScopeStatus:
    if source.head is None:
        return ScopeStatus.FAILED
    return ScopeStatus.PARTIAL if source.all_gaps else ScopeStatus.COMPLETE


def _coverage(reads: tuple[ScopeRead, ...], gaps: Iterable[Gap]) -> Coverage:
    known = tuple(gaps)
    deciding = _deciding(reads)
    touched = {(gap.view, gap.scope) for gap in known if gap.view not in _PROOFS}
    # A scope that nobody could even begin to read still counts as expected.
    beside = touched - {(read.view, read.scope) for read in deciding}
    complete = sum(read.status is ScopeStatus.COMPLETE for read in deciding)
    complete -= sum(read.status is ScopeStatus.COMPLETE and (read.view, read.scope) in touched for read in deciding)
    expected = len(deciding) + len(beside)
    return Coverage(
        expected=expected,
        read=complete,
        percent=_percent(complete, expected),
        scopes=reads,
        gaps=tuple(
            GapEntry(
                view=gap.view.value,
                scope=gap.scope,
                subject=gap.subject,
                status=gap.status.value,
                reason=gap.reason,
                remedy=gap.remedy,
            )
            for gap in known
        ),
    )


def _percent(read: int, expected: int) -> float:
    """Rounded down, so that 100 means all."""
    return int(1000 * read / expected) / 10 if expected else 0.0


def _cost(reads: tuple[ScopeRead, ...]) -> Cost:
    by_scope: Counter[str] = Counter()
    for read in reads:
        by_scope[f"{read.view.value}:{read.scope}"] += read.calls
    return Cost(
        calls=sum(by_scope.values()),
        throttles=sum(read.throttles for read in reads),
        by_scope=dict(by_scope),
    )


def claimed_by_scope(views: Views, correlations: Iterable[Correlation]) -> Mapping[CloudScope, int]:
    """How many of the listed resources of each scope an object accounts for."""
    resources = {view.scope: view.resources for view in views.clouds}
    known = {key for each in correlations for key in (*each.claimed, *(link.resource for link in each.links))}
    return Counter(key.scope for key in known if (key.type, key.id) in resources.get(key.scope, ()))


def _views(views: Views, claimed: Mapping[CloudScope, int]) -> ViewEntries:
    return ViewEntries(
        git=tuple(
            GitViewEntry(
                management_cluster=source.management_cluster,
                source=source.source,
                repo=source.repo,
                ref=source.ref,
                path=source.path,
                revision=source.head.revision if source.head else "",
                applied_revision=source.applied.revision if source.applied else "",
                renderer=source.head.renderer if source.head else "",
                declarations=len(source.head.declarations) if source.head else 0,
                opaque_fields=sum(len(each.opaque) for each in source.head.declarations) if source.head else 0,
            )
            for source in views.git
        ),
        capi=tuple(
            CapiViewEntry(
                management_cluster=view.management_cluster,
                versions={
                    "kubernetes": view.server_version,
                    **{f"{kind}.{group}": listing.version for (group, kind), listing in sorted(view.kinds.items())},
                },
                objects=len(view.objects),
                read_at=view.read_at,
            )
            for view in views.clusters
        ),
        cloud=tuple(
            CloudViewEntry(
                provider=view.scope.provider,
                account=view.scope.account,
                region=view.scope.region,
                resources=len(view.resources),
                read_at=view.read_at,
                claimed=claimed.get(view.scope, 0),
            )
            for view in views.clouds
        ),
    )


def _clusters(judged: Judged) -> Iterable[ClusterEntry]:
    counted = [finding for finding in judged.findings if finding.suppressed is None]
    unread = {source.management_cluster for source in judged.views.git if source.all_gaps}
    half_seen = {cluster for cloud in judged.views.clouds if _lacks(cloud) for cluster in cloud.clusters}
    inside = [gap.scope for gap in judged.gaps if gap.view is View.WORKLOAD]
    beside = [gap.scope for gap in judged.gaps if gap.view not in (View.WORKLOAD, *_PROOFS)]
    for view in judged.views.clusters:
        clusters = judged.cluster_of.get(view.management_cluster, {})
        machines = Counter(
            clusters.get(key) for key in view.objects if key.group == CORE_GROUP and key.kind == "Machine"
        )
        name = view.management_cluster
        incomplete_view = name in unread or any(f"{scope}/".startswith(f"{name}/") for scope in beside)
        for key, live in sorted(view.objects.items()):
            if key.group != CORE_GROUP or key.kind != "Cluster":
                continue
            cluster = ClusterKey(view.management_cluster, key.namespace, key.name)
            own = [finding for finding in counted if finding.cluster == cluster]
            complete = not incomplete_view and cluster not in judged.unread_clusters | half_seen
            complete = complete and not any(f"{scope}/".startswith(f"{cluster}/") for scope in inside)
            complete = complete and not any(finding.verdict is Verdict.UNDETERMINED for finding in own)
            yield ClusterEntry(
                management_cluster=cluster.management_cluster,
                namespace=cluster.namespace,
                name=cluster.name,
                infrastructure=_infrastructure(live),
                status=_cluster_status(own, complete=complete),
                findings=len(own),
                complete=complete,
                machines=machines[cluster],
            )


def _lacks(cloud: CloudScopeView) -> bool:
    """True when something of the scope could not be read that verdicts rest on."""
    return any(gap.view not in _PROOFS for gap in cloud.gaps)


def _infrastructure(live: CapiObject) -> str:
    return text(mapping(dig(live.raw, "spec", "infrastructureRef")).get("kind"))


def _cluster_status(findings: list[Finding], *, complete: bool) -> ClusterStatus:
    if any(finding.kind is FindingKind.STUCK for finding in findings):
        return ClusterStatus.STUCK
    if any(fails(finding, Severity.LOW) for finding in findings):
        return ClusterStatus.DRIFTED
    return ClusterStatus.OK if complete else ClusterStatus.INCOMPLETE
