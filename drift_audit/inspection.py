"""A closer look at one thing than the result document has: every field of an object, the whole tree of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from drift_audit.classify.git_findings import GitContext, derived_value
from drift_audit.compare.every_field import every_field
from drift_audit.compare.managers import ManagerTable
from drift_audit.config.settings import Config
from drift_audit.correlate.pairing import pair_objects
from drift_audit.explain.object_view import Stories, describe_object
from drift_audit.explain.stuck_view import Outlook
from drift_audit.explain.tree import full_tree
from drift_audit.explain.tree_parts import TreeSources
from drift_audit.interfaces import CloudProvider, Correlation, Fact
from drift_audit.model.comparison import FieldStory
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.pairing import ObjectPair, Origin, Pairing
from drift_audit.model.result import AuditResult
from drift_audit.model.tree import ClusterTree
from drift_audit.model.values import ABSENT
from drift_audit.model.views import ClusterView, Views
from drift_audit.stuck.bespoke import bespoke_in
from drift_audit.stuck.outlook import below, pending_of


def inspect(
    views: Views,
    config: Config,
    result: AuditResult,
    *,
    providers: Mapping[str, CloudProvider],
    kind: str,
    namespace: str,
    name: str,
    now: datetime,
) -> str:
    """All that is known of the objects of that name, as text; raises `UsageError` when no view has one."""
    stories: dict[tuple[str, ObjectKey], tuple[FieldStory, ...]] = {}
    outlooks: dict[tuple[str, ObjectKey], Outlook] = {}
    origins: dict[tuple[str, ObjectKey], Origin] = {}
    table = ManagerTable(config.managers)
    for view in views.clusters:
        pairing = pair_objects(view, views.git)
        cluster_of = {pair.key: pair.cluster for pair in pairing.pairs}
        git_is_read = views.git_is_read(view.management_cluster)
        for pair in pairing.pairs:
            if (pair.key.kind.lower(), pair.key.namespace, pair.key.name) == (kind.lower(), namespace, name):
                fields = _with_intent(
                    every_field(view, pair, table), pair, pairing, config, now, git_is_read=git_is_read
                )
                facts = _facts(views, config, providers, view.management_cluster, pair.key, now)
                stories[view.management_cluster, pair.key] = tuple(_with_cloud(fields, facts))
                outlook = _outlook(views, view, pair.key, cluster_of, config, now)
                outlooks[view.management_cluster, pair.key] = outlook
                if pair.key in pairing.origins:
                    origins[view.management_cluster, pair.key] = pairing.origins[pair.key]
    return describe_object(views, result, Stories(stories, outlooks, origins), kind, namespace, name)


def _outlook(
    views: Views,
    view: ClusterView,
    key: ObjectKey,
    cluster_of: Mapping[ObjectKey, ClusterKey | None],
    config: Config,
    now: datetime,
) -> Outlook:
    """What the answer to "is it stuck?" rests on."""
    bespoke = bespoke_in(view, config.dependencies, cluster_of)
    lower = below(view, key, cluster_of, bespoke)
    pending = pending_of(view, [key, *sorted(lower)], cluster_of, config.thresholds.stuck, now, bespoke)
    return Outlook(
        below=frozenset(lower),
        pending=[
            f"{each.object}: {each.fact}, since {each.since or 'an unknown time'}"
            + (f", in its time until {each.until}" if each.until and not each.late else "")
            for each in pending
        ],
        unread=list(dict.fromkeys(_unread(views, view, cluster_of.get(key)))),
    )


def _unread(views: Views, view: ClusterView, cluster: ClusterKey | None) -> Iterator[str]:
    """What could not be read of all that stuck things are looked for in."""
    for listing in view.kinds.values():
        if not listing.complete:
            yield f"{listing.kind}: {listing.reason or 'its kind was not read completely'}"
    beside = (each.gaps for each in views.suspects if each.management_cluster == view.management_cluster)
    workloads = (each.gaps for each in views.workloads if each.cluster == cluster)
    for gap in chain(*beside, *workloads):
        yield f"{gap.scope}: {gap.reason}"


def tree_of(
    views: Views,
    config: Config,
    result: AuditResult,
    *,
    providers: Mapping[str, CloudProvider],
    cluster: ClusterKey,
    unfolded: bool,
    now: datetime,
) -> ClusterTree:
    """The whole tree of one cluster; without nodes where its management cluster was not read."""
    own = [view for view in views.clusters if view.management_cluster == cluster.management_cluster]
    correlations = tuple(_correlations(views, config, providers, now))
    cluster_of = {
        view.management_cluster: {pair.key: pair.cluster for pair in pair_objects(view, views.git).pairs}
        for view in own
    }
    bespoke = {
        view.management_cluster: bespoke_in(view, config.dependencies, cluster_of[view.management_cluster])
        for view in own
    }
    tree = full_tree(
        TreeSources(
            views=views,
            gaps=(*views.all_gaps(), *(gap for each in correlations for gap in each.gaps)),
            findings=result.findings,
            correlations=correlations,
            cluster_of={name: {**known, **bespoke[name].clusters} for name, known in cluster_of.items()},
            needs={name: declared.needs for name, declared in bespoke.items()},
            now=now,
            patience=timedelta(minutes=config.thresholds.transition_minutes),
        ),
        cluster,
        unfolded=unfolded,
    )
    return tree or ClusterTree(cluster=cluster, nodes=())


def _correlations(
    views: Views, config: Config, providers: Mapping[str, CloudProvider], now: datetime
) -> Iterator[Correlation]:
    """What each provider knows of the fleet's resources."""
    orphan_min_age = timedelta(minutes=config.thresholds.orphan_min_age_minutes)
    for provider in providers.values():
        clouds = [cloud for cloud in views.clouds if cloud.scope.provider == provider.name]
        yield provider.correlate(views.clusters, clouds, now, orphan_min_age)


def _with_intent(
    fields: Iterable[FieldStory],
    pair: ObjectPair,
    pairing: Pairing,
    config: Config,
    now: datetime,
    *,
    git_is_read: bool,
) -> list[FieldStory]:
    """The fields of an object that nobody declares, with the values of the declaration that it derives from."""
    if pair.declaration is not None:
        return list(fields)
    context = GitContext(
        thresholds=config.thresholds,
        now=now,
        confirmed=frozenset(),
        origins=dict(pairing.origins),
        pairs={each.key: each for each in pairing.pairs},
        git_is_read=git_is_read,
    )
    return [replace(story, git=derived_value(pair.key, _plain(story.path), context)[0]) for story in fields]


def _plain(path: str) -> tuple[str, ...]:
    """The plain field names at the beginning of a path as it is shown."""
    return tuple(path.partition("[")[0].strip(".").split("."))


def _facts(
    views: Views,
    config: Config,
    providers: Mapping[str, CloudProvider],
    management_cluster: str,
    key: ObjectKey,
    now: datetime,
) -> list[Fact]:
    """Everything that a provider compares of the object, equal or not."""
    found: list[Fact] = []
    files = tuple(map(Path, config.field_maps))
    for provider in providers.values():
        clouds = [cloud for cloud in views.clouds if cloud.scope.provider == provider.name]
        orphan_min_age = timedelta(minutes=config.thresholds.orphan_min_age_minutes)
        links = provider.correlate(views.clusters, clouds, now, orphan_min_age).links
        own = [link for link in links if (link.management_cluster, link.object) == (management_cluster, key)]
        if own:
            found += provider.compare(provider.rows(files), views.clusters, clouds, own, equal_too=True)
    return found


def _with_cloud(fields: Iterable[FieldStory], facts: Iterable[Fact]) -> Iterator[FieldStory]:
    """The fields with the cloud's values, then what only the field maps tell."""
    by_path: dict[str, list[Fact]] = {}
    for fact in facts:
        same = fact.path == ".".join(fact.capi_path)
        by_path.setdefault(fact.path if same else "", []).append(fact)
    beside = by_path.pop("", [])
    for story in fields:
        same_field = by_path.get(story.path, [])
        if len(same_field) == 1:
            del by_path[story.path]
        yield replace(story, cloud=same_field[0].cloud) if len(same_field) == 1 else story
    for fact in chain(beside, *by_path.values()):
        yield FieldStory(
            path=fact.path,
            git=ABSENT,
            capi=fact.capi,
            cloud=fact.cloud,
            outcome=fact.row.id,
            resource=str(fact.link.resource),
        )
