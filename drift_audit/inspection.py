"""Every field of one object in all views: what `drift-audit explain` is made of."""

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
from drift_audit.interfaces import CloudProvider, Fact
from drift_audit.model.comparison import FieldStory
from drift_audit.model.keys import ObjectKey
from drift_audit.model.pairing import ObjectPair, Pairing
from drift_audit.model.result import AuditResult
from drift_audit.model.values import ABSENT
from drift_audit.model.views import Views


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
    table = ManagerTable(config.managers)
    for view in views.clusters:
        pairing = pair_objects(view, views.git)
        for pair in pairing.pairs:
            if (pair.key.kind.lower(), pair.key.namespace, pair.key.name) == (kind.lower(), namespace, name):
                fields = _with_intent(every_field(view, pair, table), pair, pairing, config, now)
                facts = _facts(views, config, providers, view.management_cluster, pair.key, now)
                stories[view.management_cluster, pair.key] = tuple(_with_cloud(fields, facts))
    return describe_object(views, result, Stories(stories), kind, namespace, name)


def _with_intent(
    fields: Iterable[FieldStory], pair: ObjectPair, pairing: Pairing, config: Config, now: datetime
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
        same_field = by_path.pop(story.path, [])
        yield replace(story, cloud=same_field[0].cloud) if same_field else story
    for fact in chain(beside, *by_path.values()):
        yield FieldStory(path=fact.path, git=ABSENT, capi=fact.capi, cloud=fact.cloud, outcome=fact.row.id)
