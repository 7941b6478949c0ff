"""A second look at suspects, before a finding that rests on reads at different moments counts as confirmed."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from drift_audit import clock as wall
from drift_audit.clock import Clock
from drift_audit.collect.cluster.discovery import KindName, ServedKind
from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.kinds import Reader
from drift_audit.collect.cluster.listing import get_object, list_kind
from drift_audit.collect.cluster.pacing import Tally
from drift_audit.collect.cluster.plan import Wanted
from drift_audit.collect.cluster.view import PARALLEL_KINDS, learn_server, opened
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.interfaces import Progress
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.progress import began, ended
from drift_audit.model.views import ClusterView, Gap, KindListing, ScopeRead, ScopeStatus, View

FEW = 20
"""Up to so many suspects of a kind (in a namespace) are asked for one by one, more by one list."""


def reread_cluster(
    settings: ManagementClusterSettings,
    view: ClusterView,
    suspects: Collection[ObjectKey],
    *,
    base_dir: Path,
    masker: Masker,
    progress: Progress,
    clock: Clock = wall.now,
    within: float = math.inf,
) -> ClusterView:
    """The view with the suspects as they are now; each that could be read once more is named in `reread`.

    A suspect that is gone leaves the view, one that has appeared enters it, everything else stays as it was.
    A suspect that could not be read stays as it was, unnamed in `reread`, and makes a gap.
    """
    if not suspects:
        return view
    scope = f"{settings.name}, second look"
    progress(began(scope, f"reading {len(suspects):,} suspects once more"))
    view = _reread(settings, view, suspects, base_dir=base_dir, masker=masker, clock=clock, within=within)
    progress(ended(scope))
    return view


def _reread(
    settings: ManagementClusterSettings,
    view: ClusterView,
    suspects: Collection[ObjectKey],
    *,
    base_dir: Path,
    masker: Masker,
    clock: Clock,
    within: float,
) -> ClusterView:
    started = time.monotonic()
    with opened(settings, base_dir, masker, clock, within=within) as reader:
        if isinstance(reader, Unreadable):
            gap = Gap(view=View.CAPI, scope=settings.name, subject="", reason=reader.reason, remedy=reader.remedy)
            return replace(view, gaps=(*view.gaps, gap))
        tasks = _tasks(view, suspects)
        with ThreadPoolExecutor(PARALLEL_KINDS, thread_name_prefix="reread") as pool:
            looks = list(pool.map(lambda task: _look(reader, view, task), tasks))
        looks += _look_for_unserved(reader, view, suspects)
    gaps = tuple(gap for look in looks for gap in look.gaps)
    read = ScopeRead(
        view=View.CAPI,
        scope=f"{settings.name}/second look",
        status=ScopeStatus.PARTIAL if gaps else ScopeStatus.COMPLETE,
        reason=gaps[0].reason if gaps else "",
        calls=sum(look.tally.calls for look in looks),
        throttles=sum(look.tally.throttles for look in looks),
        seconds=round(time.monotonic() - started, 3),
    )
    return _updated(view, looks, gaps, read)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Suspects of one kind in one namespace."""

    listing: KindListing
    namespace: str
    suspects: tuple[ObjectKey, ...]


@dataclass(slots=True, kw_only=True)
class _Look:
    """What the second look found, by key and version; `None` for what is gone."""

    found: dict[tuple[ObjectKey, str], CapiObject | None] = field(default_factory=dict)
    seen: set[ObjectKey] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def _tasks(view: ClusterView, suspects: Collection[ObjectKey]) -> list[_Task]:
    grouped: dict[tuple[KindName, str], list[ObjectKey]] = defaultdict(list)
    for key in sorted(set(suspects)):
        listing = view.kinds.get((key.group, key.kind))
        if listing is not None and listing.served and key not in view.left_out:
            grouped[(key.group, key.kind), key.namespace].append(key)
    return [
        _Task(listing=view.kinds[name], namespace=namespace, suspects=tuple(keys))
        for (name, namespace), keys in grouped.items()
    ]


def _look(reader: Reader, view: ClusterView, task: _Task) -> _Look:
    """The suspects in every version in which the view holds their kind."""
    look = _Look()
    versions = [task.listing.version, *_other_versions(view, task.listing)]
    failed: set[ObjectKey] = set()
    for version in versions:
        one_by_one = len(task.suspects) <= FEW or (task.listing.group, task.listing.kind) == ("", "Secret")
        (_ask_each if one_by_one else _ask_list)(reader, task, version, look, failed)
    look.seen = set(task.suspects) - failed
    return look


def _other_versions(view: ClusterView, listing: KindListing) -> list[str]:
    kind = (listing.group, listing.kind)
    return sorted({version for key, version in view.other_versions if (key.group, key.kind) == kind})


def _ask_each(reader: Reader, task: _Task, version: str, look: _Look, failed: set[ObjectKey]) -> None:
    served = _served(task.listing)
    for key in task.suspects:
        try:
            raw = get_object(reader.connection, served, version, key.namespace, key.name, look.tally)
        except Unreadable as fault:
            failed.add(key)
            look.gaps.append(reader.gap(key.kind, fault, subject=_subject(key), partial=True))
        else:
            look.found[key, version] = None if raw is None else reader.kept(served, version, raw)


def _ask_list(reader: Reader, task: _Task, version: str, look: _Look, failed: set[ObjectKey]) -> None:
    served = _served(task.listing)
    listed = list_kind(
        reader.connection, served, version, look.tally, namespace=task.namespace, page_size=reader.page_size
    )
    if listed.fault is not None:
        failed.update(task.suspects)
        look.gaps.append(reader.gap(served.kind, listed.fault, subject="second look", partial=True))
        return
    for key in task.suspects:
        raw = listed.objects.get((key.namespace, key.name))
        look.found[key, version] = None if raw is None else reader.kept(served, version, raw)


def _look_for_unserved(reader: Reader, view: ClusterView, suspects: Collection[ObjectKey]) -> list[_Look]:
    """Suspects of kinds that were not served: read again as absent while they still are not."""
    unserved = [key for key in suspects if (kind := view.kinds.get((key.group, key.kind))) and not kind.served]
    if not unserved:
        return []
    look = _Look()
    wanted = Wanted(versions={(key.group, key.kind): frozenset() for key in unserved})
    try:
        learned = learn_server(reader, wanted)
    except Unreadable as fault:
        look.gaps.append(reader.gap("discovery", fault, subject="second look", partial=True))
        return [look]
    served = {(kind.group, kind.kind) for kind in learned.discovery.kinds}
    broken = {group for group, _ in learned.discovery.broken}
    look.seen = {key for key in unserved if (key.group, key.kind) not in served and key.group not in broken}
    look.tally = Tally(calls=learned.read.calls, throttles=learned.read.throttles)
    return [look]


def _updated(view: ClusterView, looks: Sequence[_Look], gaps: tuple[Gap, ...], read: ScopeRead) -> ClusterView:
    objects = dict(view.objects)
    others = dict(view.other_versions)
    seen = {key for look in looks for key in look.seen}
    for look in looks:
        for (key, version), found in look.found.items():
            if key not in seen:
                continue
            if version != view.kinds[key.group, key.kind].version:
                _put(others, (key, version), found)
            else:
                _put(objects, key, found)
    return replace(
        view,
        objects=_in_order(objects) if objects.keys() - view.objects.keys() else objects,
        other_versions=others,
        reread=view.reread | seen,
        gaps=(*view.gaps, *gaps),
        reads=(*view.reads, read),
    )


_Key = TypeVar("_Key")


def _put(objects: dict[_Key, CapiObject], key: _Key, found: CapiObject | None) -> None:
    if found is None:
        objects.pop(key, None)
    else:
        objects[key] = found


def _in_order(objects: Mapping[ObjectKey, CapiObject]) -> dict[ObjectKey, CapiObject]:
    return dict(sorted(objects.items(), key=lambda item: _place(item[0])))


def _place(key: ObjectKey) -> tuple[str, str, str, str]:
    return key.group, key.kind, key.namespace, key.name


def _served(listing: KindListing) -> ServedKind:
    return ServedKind(
        group=listing.group,
        kind=listing.kind,
        plural=listing.plural,
        namespaced=listing.namespaced,
        versions=listing.served,
    )


def _subject(key: ObjectKey) -> str:
    return f"{key.namespace}/{key.name}" if key.namespace else key.name
