"""The whole program on one screen: collect the views, judge them, look twice at what is suspect."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from drift_audit.classify.cloud_context import CloudContext
from drift_audit.classify.cloud_findings import cloud_findings
from drift_audit.classify.git_findings import GitContext, git_findings
from drift_audit.classify.join import join_edits
from drift_audit.classify.suppress import suppress
from drift_audit.classify.undone import undone_findings
from drift_audit.classify.unreadable import pairing_gaps, surely_read, uncompared_gaps
from drift_audit.classify.unserved import unserved_gaps
from drift_audit.clock import Clock
from drift_audit.collect.fleet import Collector, Suspects
from drift_audit.collect.garbage import relaxed_garbage_collection
from drift_audit.collect.in_time import Allowance
from drift_audit.collect.masking import Masker
from drift_audit.compare.git import compare_with_git
from drift_audit.compare.managers import ManagerTable
from drift_audit.config.settings import Config
from drift_audit.correlate.pairing import applied_revision, pair_objects
from drift_audit.explain.assemble import Judged, assemble
from drift_audit.explain.attribution import attribute
from drift_audit.explain.authors import with_authors
from drift_audit.explain.causes import group_into_causes
from drift_audit.explain.drift_effects import of_health
from drift_audit.explain.joining import join_causes
from drift_audit.explain.owners import with_owners
from drift_audit.explain.places import with_places
from drift_audit.interfaces import Candidate, ChangeHistory, CloudProvider, Correlation, HealthHistory, Progress
from drift_audit.model.findings import Finding, Verdict
from drift_audit.model.history import NOTHING, Past
from drift_audit.model.keys import ClusterKey, ObjectKey, ResourceKey, split_api_version
from drift_audit.model.pairing import Pairing
from drift_audit.model.progress import began, ended
from drift_audit.model.result import AuditResult
from drift_audit.model.views import ClusterView, Gap, Views
from drift_audit.stuck.bespoke import bespoke_in, signatures_of
from drift_audit.stuck.findings import stuck_findings
from drift_audit.stuck.history import watched, with_findings, with_first_seen
from drift_audit.stuck.remediation_timeline import remediations
from drift_audit.stuck.signatures import SIGNATURES
from drift_audit.stuck.suspicion import suspicion_of, with_samples

Providers = Mapping[str, CloudProvider]


def run_audit(
    config: Config,
    *,
    base_dir: Path,
    providers: Providers,
    progress: Progress,
    clock: Clock,
    history: HealthHistory | None = None,
) -> tuple[Views, AuditResult]:
    """(what was read, what it means): one audit of the live fleet, with what earlier ones saw where they are kept."""
    with relaxed_garbage_collection():
        return _run(config, base_dir, providers, progress, clock, history)


def _run(
    config: Config,
    base_dir: Path,
    providers: Providers,
    progress: Progress,
    clock: Clock,
    history: HealthHistory | None,
) -> tuple[Views, AuditResult]:
    started_at = clock()
    collector = _collector(config, base_dir, providers, progress, clock)
    views = collector.collect(applied_revision)
    views = collector.look_closer(views, suspicion_of(views, config.thresholds.stuck, clock()))
    past = watched(history.recall(), _live(views, config), clock()) if history else None
    progress(began("judging"))
    result = judge(views, config, providers=providers, clock=clock, started_at=started_at, with_trees=False, past=past)
    progress(ended("judging"))
    if result.findings:
        views = collector.reread(views, suspects_of(result))
        progress(began("judging again"))
        result = judge(views, config, providers=providers, clock=clock, started_at=started_at, past=past)
        progress(ended("judging again"))
    if history is not None and past is not None:
        history.keep(with_findings(past, result.findings, clock()))
    return views, result


def _live(views: Views, config: Config) -> list[ClusterView]:
    """The management clusters that were read now; one that is replayed from a recording has no history."""
    recorded = {each.name for each in config.management_clusters if each.recording}
    return [view for view in views.clusters if view.management_cluster not in recorded]


def read_views(config: Config, *, base_dir: Path, providers: Providers, progress: Progress, clock: Clock) -> Views:
    """All that an audit would look at, once, judged by nobody; where nobody is suspect, one Cluster stands for those
    that may be some day."""
    collector = _collector(config, base_dir, providers, progress, clock)
    views = collector.collect(applied_revision)
    suspicion = suspicion_of(views, config.thresholds.stuck, clock())
    return collector.look_closer(views, with_samples(suspicion, views))


def _collector(config: Config, base_dir: Path, providers: Providers, progress: Progress, clock: Clock) -> Collector:
    return Collector(
        config=config,
        base_dir=base_dir,
        providers=providers,
        masker=Masker(config.masking_key or secrets.token_hex(16)),
        progress=progress,
        clock=clock,
        allowance=Allowance(config.deadline_seconds),
    )


def judge(
    views: Views,
    config: Config,
    *,
    providers: Providers,
    clock: Clock,
    started_at: datetime,
    recording_digest: str | None = None,
    with_trees: bool = True,
    past: Past | None = None,
) -> AuditResult:
    """What the views mean. Reads nothing: the same views, and what was seen before, give the same findings anywhere."""
    pairings = {view.management_cluster: pair_objects(view, views.git) for view in views.clusters}
    judged = _with_git(views, pairings, config, clock())
    judged = _with_clouds(judged, views, config, providers)
    cluster_of = {name: {p.key: p.cluster for p in pairing.pairs} for name, pairing in pairings.items()}
    bespoke = {
        view.management_cluster: bespoke_in(view, config.dependencies, cluster_of[view.management_cluster])
        for view in views.clusters
    }
    table = (*SIGNATURES, *signatures_of(config.dependencies))
    stuck = stuck_findings(
        views, cluster_of, config.thresholds.stuck, judged.now, table, past=past or NOTHING, bespoke=bespoke
    )
    marked, uses = suppress((*judged.findings, *stuck), config.suppressions, judged.now.date())
    if past is not None:
        marked = with_first_seen(past, marked, judged.now)
    causes, explained = group_into_causes(join_causes(marked, views.clusters, _delivered(pairings)))
    placed = with_places(explained, views.clusters, pairings)
    return assemble(
        Judged(
            views=views,
            gaps=judged.gaps,
            findings=with_owners(with_authors(placed, views.git), views, config.owners),
            causes=causes,
            suppressions=uses,
            cluster_of={name: {**known, **bespoke[name].clusters} for name, known in cluster_of.items()},
            needs={name: declared.needs for name, declared in bespoke.items()},
            unread_clusters=judged.undecided,
            correlations=judged.correlations,
            patience=timedelta(minutes=config.thresholds.transition_minutes),
            remediations=remediations(views, cluster_of, config.thresholds.stuck, judged.now),
            with_trees=with_trees,
        ),
        started_at=started_at,
        finished_at=clock(),
        config_digest=config.digest,
        recording_digest=recording_digest,
        fail_on=config.fail_on,
    )


def _delivered(pairings: Mapping[str, Pairing]) -> Mapping[str, Mapping[ObjectKey, ObjectKey]]:
    """Which GitOps object brings an object into each management cluster."""
    return {
        name: {pair.key: pair.delivery.object for pair in pairing.pairs if pair.delivery is not None}
        for name, pairing in pairings.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    """What is judged so far."""

    now: datetime
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    contexts: Mapping[str, GitContext]
    undecided: frozenset[ClusterKey] = frozenset()
    correlations: tuple[Correlation, ...] = ()


def _with_git(views: Views, pairings: Mapping[str, Pairing], config: Config, now: datetime) -> _Judging:
    """Git against the management clusters."""
    table = ManagerTable(config.managers)
    findings: list[Finding] = []
    gaps = [*views.all_gaps(), *uncompared_gaps(views), *unserved_gaps(views.clusters, config)]
    contexts: dict[str, GitContext] = {}
    for view in views.clusters:
        pairing = pairings[view.management_cluster]
        context = contexts[view.management_cluster] = GitContext(
            thresholds=config.thresholds,
            now=now,
            confirmed=surely_read(view),
            origins=dict(pairing.origins),
            pairs={pair.key: pair for pair in pairing.pairs},
            git_is_read=views.git_is_read(view.management_cluster),
        )
        findings += git_findings(compare_with_git(view, pairing, table), context)
        gaps += pairing_gaps(view, pairing, views.git)
    return _Judging(now=now, findings=tuple(findings), gaps=tuple(gaps), contexts=contexts)


def _with_clouds(judged: _Judging, views: Views, config: Config, providers: Providers) -> _Judging:
    """The management clusters against each cloud."""
    orphan_min_age = timedelta(minutes=config.thresholds.orphan_min_age_minutes)
    files = tuple(map(Path, config.field_maps))
    context = CloudContext(
        git=judged.contexts,
        views={view.management_cluster: view for view in views.clusters},
        confirmed=frozenset(
            ResourceKey(view.scope.provider, view.scope.account, view.scope.region, *resource)
            for view in views.clouds
            for resource in view.reread
        ),
    )
    findings, gaps, undecided = list(judged.findings), list(judged.gaps), set(judged.undecided)
    correlations: list[Correlation] = []
    candidates: dict[str, Sequence[Candidate]] = {}
    for provider in providers.values():
        clouds = [view for view in views.clouds if view.scope.provider == provider.name]
        correlation = provider.correlate(views.clusters, clouds, judged.now, orphan_min_age)
        rows = provider.rows(files)
        facts = provider.compare(rows, views.clusters, clouds, correlation.links)
        joined = join_edits(findings, facts)
        findings = [*joined.findings, *cloud_findings(joined.facts, correlation, context)]
        if isinstance(provider, ChangeHistory):
            findings += undone_findings(provider.undone(rows, clouds, correlation.links), correlation.links, context)
            candidates |= provider.candidates(findings, rows, clouds)
        gaps += correlation.gaps
        undecided |= {each.cluster for each in correlation.undecided}
        correlations.append(correlation)
    return _Judging(
        now=judged.now,
        findings=tuple(attribute(findings, views.clouds, candidates)),
        gaps=tuple(gaps),
        contexts=judged.contexts,
        undecided=frozenset(undecided),
        correlations=tuple(correlations),
    )


def suspects_of(result: AuditResult) -> Suspects:
    """Every object and resource that a finding rests on, and the lines of Git that it shows."""
    objects: dict[str, set[ObjectKey]] = defaultdict(set)
    for finding in result.findings:
        if finding.object is not None:
            group = split_api_version(finding.object.api_version)[0]
            key = ObjectKey(group, finding.object.kind, finding.object.namespace, finding.object.name)
            objects[finding.management_cluster].add(key)
    return Suspects(
        objects={name: frozenset(keys) for name, keys in objects.items()},
        resources=frozenset(
            finding.resource
            for finding in result.findings
            if finding.resource is not None and finding.verdict is not Verdict.EDITED_AND_REVERTED
        ),
        places=tuple(
            finding.declared_at
            for finding in sorted(result.findings, key=lambda finding: -finding.severity.rank)
            if finding.declared_at is not None and not of_health(finding)
        ),
    )
