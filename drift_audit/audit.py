"""The whole program on one screen: collect the views, judge them, look twice at what is suspect."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from drift_audit.classify.cloud_context import CloudContext
from drift_audit.classify.cloud_findings import cloud_findings
from drift_audit.classify.git_findings import GitContext, git_findings
from drift_audit.classify.join import join_edits
from drift_audit.classify.suppress import suppress
from drift_audit.classify.unreadable import pairing_gaps, surely_read, uncompared_gaps
from drift_audit.clock import Clock
from drift_audit.collect.fleet import Collector, Suspects
from drift_audit.collect.masking import Masker
from drift_audit.compare.git import compare_with_git
from drift_audit.compare.managers import ManagerTable
from drift_audit.config.settings import Config
from drift_audit.correlate.pairing import applied_revision, pair_objects
from drift_audit.explain.assemble import Judged, assemble
from drift_audit.explain.causes import group_into_causes
from drift_audit.interfaces import CloudProvider, Progress
from drift_audit.model.findings import Finding
from drift_audit.model.keys import ClusterKey, ObjectKey, ResourceKey, split_api_version
from drift_audit.model.pairing import Pairing
from drift_audit.model.result import AuditResult
from drift_audit.model.views import Gap, Views

Providers = Mapping[str, CloudProvider]


def run_audit(
    config: Config, *, base_dir: Path, providers: Providers, progress: Progress, clock: Clock
) -> tuple[Views, AuditResult]:
    """(what was read, what it means): one audit of the live fleet."""
    started_at = clock()
    collector = Collector(
        config=config,
        base_dir=base_dir,
        providers=providers,
        masker=Masker(config.masking_key or secrets.token_hex(16)),
        progress=progress,
        clock=clock,
    )
    views = collector.collect(applied_revision)
    first = judge(views, config, providers=providers, clock=clock, started_at=started_at)
    views = collector.reread(views, suspects_of(first))
    return views, judge(views, config, providers=providers, clock=clock, started_at=started_at)


def judge(
    views: Views,
    config: Config,
    *,
    providers: Providers,
    clock: Clock,
    started_at: datetime,
    recording_digest: str | None = None,
) -> AuditResult:
    """What the views mean. Reads nothing: the same views give the same findings anywhere."""
    pairings = {view.management_cluster: pair_objects(view, views.git) for view in views.clusters}
    judged = _with_git(views, pairings, config, clock())
    judged = _with_clouds(judged, views, config, providers)
    marked, uses = suppress(judged.findings, config.suppressions, judged.now.date())
    causes, explained = group_into_causes(marked)
    return assemble(
        Judged(
            views=views,
            gaps=judged.gaps,
            findings=explained,
            causes=causes,
            suppressions=uses,
            cluster_of={name: {p.key: p.cluster for p in pairing.pairs} for name, pairing in pairings.items()},
            unread_clusters=judged.undecided,
        ),
        started_at=started_at,
        finished_at=clock(),
        config_digest=config.digest,
        recording_digest=recording_digest,
        fail_on=config.fail_on,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    """What is judged so far."""

    now: datetime
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    contexts: Mapping[str, GitContext]
    undecided: frozenset[ClusterKey] = frozenset()


def _with_git(views: Views, pairings: Mapping[str, Pairing], config: Config, now: datetime) -> _Judging:
    """Git against the management clusters."""
    table = ManagerTable(config.managers)
    findings: list[Finding] = []
    gaps = [*views.all_gaps(), *uncompared_gaps(views)]
    contexts: dict[str, GitContext] = {}
    for view in views.clusters:
        pairing = pairings[view.management_cluster]
        context = contexts[view.management_cluster] = GitContext(
            thresholds=config.thresholds,
            now=now,
            confirmed=surely_read(view),
            origins=dict(pairing.origins),
            pairs={pair.key: pair for pair in pairing.pairs},
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
    for provider in providers.values():
        clouds = [view for view in views.clouds if view.scope.provider == provider.name]
        correlation = provider.correlate(views.clusters, clouds, judged.now, orphan_min_age)
        facts = provider.compare(provider.rows(files), views.clusters, clouds, correlation.links)
        joined = join_edits(findings, facts)
        findings = [*joined.findings, *cloud_findings(joined.facts, correlation, context)]
        gaps += correlation.gaps
        undecided |= {each.cluster for each in correlation.undecided}
    return _Judging(
        now=judged.now,
        findings=tuple(findings),
        gaps=tuple(gaps),
        contexts=judged.contexts,
        undecided=frozenset(undecided),
    )


def suspects_of(result: AuditResult) -> Suspects:
    """Every object and resource that a finding rests on."""
    objects: dict[str, set[ObjectKey]] = defaultdict(set)
    for finding in result.findings:
        if finding.object is not None:
            group = split_api_version(finding.object.api_version)[0]
            key = ObjectKey(group, finding.object.kind, finding.object.namespace, finding.object.name)
            objects[finding.management_cluster].add(key)
    return Suspects(
        objects={name: frozenset(keys) for name, keys in objects.items()},
        resources=frozenset(finding.resource for finding in result.findings if finding.resource is not None),
    )
