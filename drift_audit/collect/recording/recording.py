"""Recordings: all views of one audit in one file, from which the audit can be repeated anywhere.

    judging.json                            the rules that the audit was judged by
    views.json                              gaps that belong to no view
    git/0000-<source>.json                  one GitSourceView each
    clusters/0000-<name>/view.json          a ClusterView without the large parts that follow
    clusters/0000-<name>/schemas.json
    clusters/0000-<name>/objects/0000-<kind>.json   and other_versions/
    clouds/0000-<scope>.json                one CloudScopeView each
    suspects/0000-<name>.json               one SuspectView each
    workloads/0000-<cluster>.json           one WorkloadView each

The large members come from JSON of the API server and are written and read by msgspec. The others can hold what
strict JSON cannot say, since YAML can (infinities, lone surrogates): for them the standard library's spelling.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from drift_audit.collect.garbage import relaxed_garbage_collection
from drift_audit.collect.recording.archive import Archive, Manifest, open_archive, write_archive
from drift_audit.collect.recording.scrub import scrubbed_object, scrubbed_text
from drift_audit.collect.recording.wire import Codec, WireError, codec_for, field_codec
from drift_audit.config.settings import Judging
from drift_audit.errors import RecordingError
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import (
    CloudScopeView,
    ClusterView,
    Gap,
    GitSourceView,
    Rendering,
    SuspectView,
    Views,
    WorkloadView,
)

DEFAULT_JUDGING = Judging()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording that was read."""

    views: Views
    judging: Judging
    manifest: Manifest

    @property
    def digest(self) -> str:
        """The same for the same views, whenever and by whichever version they were written."""
        return self.manifest.digest


def write_recording(
    views: Views,
    path: Path,
    *,
    tool_version: str,
    created_at: str,
    config_digest: str,
    judging: Judging = DEFAULT_JUDGING,
) -> str:
    """Writes the views and the rules to judge them by, and returns their digest.

    Raises `OutputError`; an older file then stays as it was.
    """
    manifest = write_archive(
        path,
        ((name, scrubbed_text(text)) for name, text in _members(views, judging)),
        tool=f"drift-audit {tool_version}",
        created_at=created_at,
        config_digest=config_digest,
    )
    return manifest.digest


def read_recording(path: Path) -> Recording:
    """What `write_recording` was given. Raises `RecordingError` for anything that it did not write."""
    with open_archive(path) as archive, relaxed_garbage_collection():
        try:
            views, judging = _views(archive), _judging(archive)
        except WireError as error:
            raise archive.damaged(str(error)) from error
        return Recording(views=views, judging=judging, manifest=archive.manifest)


def recorded_views(path: Path, management_cluster: str) -> Views:
    """What a recording holds of one management cluster; raises `RecordingError` when it has none of that name."""
    views = read_recording(path).views
    clusters = tuple(view for view in views.clusters if view.management_cluster == management_cluster)
    if clusters:
        git = tuple(source for source in views.git if source.management_cluster == management_cluster)
        clouds = tuple(cloud for cloud in views.clouds if _is_home_of(cloud, management_cluster))
        return replace(
            views,
            clusters=clusters,
            git=git,
            clouds=clouds,
            suspects=tuple(found for found in views.suspects if found.management_cluster == management_cluster),
            workloads=tuple(
                found for found in views.workloads if found.cluster.management_cluster == management_cluster
            ),
        )
    known = ", ".join(view.management_cluster for view in views.clusters) or "none"
    raise RecordingError(f"{path}: holds no management cluster {management_cluster!r}; it has {known}")


def _is_home_of(cloud: CloudScopeView, management_cluster: str) -> bool:
    return any(cluster.management_cluster == management_cluster for cluster in cloud.clusters)


# The members, written and read

_LAYOUT = {
    "judging": r"judging\.json",
    "views": r"views\.json",
    "git": r"git/\d{5}-[^/]*\.json",
    "view": r"clusters/(?P<cluster>\d{5}-[^/]*)/view\.json",
    "schemas": r"clusters/(?P<cluster>\d{5}-[^/]*)/schemas\.json",
    "objects": r"clusters/(?P<cluster>\d{5}-[^/]*)/objects/\d{5}-[^/]*\.json",
    "other_versions": r"clusters/(?P<cluster>\d{5}-[^/]*)/other_versions/\d{5}-[^/]*\.json",
    "cloud": r"clouds/\d{5}-[^/]*\.json",
    "suspects": r"suspects/\d{5}-[^/]*\.json",
    "workload": r"workloads/\d{5}-[^/]*\.json",
}
_LARGE = ("objects", "other_versions", "schemas")
"""Fields of a ClusterView that are members of their own."""

_JUDGING = codec_for(Judging)
_GAPS = codec_for(tuple[Gap, ...])
_GIT = codec_for(GitSourceView)
_CLUSTER = codec_for(ClusterView)
_CLOUD = codec_for(CloudScopeView)
_SUSPECTS = codec_for(SuspectView)
_WORKLOAD = codec_for(WorkloadView)
_PART = {name: field_codec(ClusterView, name) for name in _LARGE}


def _members(views: Views, judging: Judging) -> Iterator[tuple[str, bytes]]:
    """(name, text) of every member, in an order that depends on the content alone."""
    yield "judging.json", _loose_text(_JUDGING.encoded(judging))
    yield "views.json", _loose_text(_GAPS.encoded(views.gaps))
    for number, source in enumerate(views.git):
        yield f"git/{_named(number, source.source)}.json", _loose_text(_GIT.encoded(_scrubbed_source(source)))
    for number, cluster in enumerate(views.clusters):
        folder = f"clusters/{_named(number, cluster.management_cluster)}"
        yield from ((f"{folder}/{name}", text) for name, text in _cluster_members(cluster))
    for number, cloud in enumerate(views.clouds):
        yield f"clouds/{_named(number, str(cloud.scope))}.json", _loose_text(_CLOUD.encoded(cloud))
    for number, beside in enumerate(views.suspects):
        yield f"suspects/{_named(number, beside.management_cluster)}.json", _loose_text(_SUSPECTS.encoded(beside))
    for number, workload in enumerate(views.workloads):
        yield f"workloads/{_named(number, str(workload.cluster))}.json", _loose_text(_WORKLOAD.encoded(workload))


def _cluster_members(view: ClusterView) -> Iterator[tuple[str, bytes]]:
    yield "view.json", _loose_text(_CLUSTER.encoded(replace(view, objects={}, other_versions={}, schemas={})))
    yield "schemas.json", _strict_text(_PART["schemas"].encoded(view.schemas))
    for number, (kind, objects) in enumerate(_by_kind(view.objects, lambda key: key)):
        yield f"objects/{_named(number, kind)}.json", _strict_text(_PART["objects"].encoded(objects))
    for number, (kind, others) in enumerate(_by_kind(view.other_versions, lambda key: key[0])):
        yield f"other_versions/{_named(number, kind)}.json", _strict_text(_PART["other_versions"].encoded(others))


_Key = TypeVar("_Key")


def _by_kind(
    objects: Mapping[_Key, CapiObject], key_of: Callable[[_Key], ObjectKey]
) -> Iterator[tuple[str, Mapping[_Key, CapiObject]]]:
    """(kind, its objects without credentials), sorted by group and kind."""
    grouped: dict[tuple[str, str], dict[_Key, CapiObject]] = defaultdict(dict)
    for key, found in objects.items():
        raw = scrubbed_object(found.raw)
        place = key_of(key)
        grouped[place.group, place.kind][key] = found if raw is found.raw else replace(found, raw=raw)
    for (_, kind), members in sorted(grouped.items()):
        yield kind, members


def _views(archive: Archive) -> Views:
    found: dict[str, list[str]] = defaultdict(list)
    clusters: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(archive.names):
        role, match = _role(archive, name)
        if "cluster" in match.groupdict():
            clusters[match["cluster"]][role].append(name)
        else:
            found[role].append(name)
    if len(found["views"]) != 1:
        raise archive.damaged("it holds no views.json")
    return Views(
        git=tuple(_read(archive, name, _GIT, _loose) for name in found["git"]),
        clusters=tuple(_read_cluster(archive, folder, roles) for folder, roles in clusters.items()),
        clouds=tuple(_read(archive, name, _CLOUD, _loose) for name in found["cloud"]),
        suspects=tuple(_read(archive, name, _SUSPECTS, _loose) for name in found["suspects"]),
        workloads=tuple(_read(archive, name, _WORKLOAD, _loose) for name in found["workload"]),
        gaps=_read(archive, "views.json", _GAPS, _loose),
    )


def _judging(archive: Archive) -> Judging:
    if "judging.json" not in archive.names:
        raise archive.damaged("it holds no judging.json")
    rules: Judging = _read(archive, "judging.json", _JUDGING, _loose)
    return rules


def _read_cluster(archive: Archive, folder: str, roles: Mapping[str, list[str]]) -> ClusterView:
    if len(roles["view"]) != 1:
        raise archive.damaged(f"clusters/{folder} holds no view.json")
    view: ClusterView = _read(archive, roles["view"][0], _CLUSTER, _loose)
    parts: dict[str, Any] = {
        part: {key: value for name in roles[part] for key, value in _read(archive, name, codec, _strict).items()}
        for part, codec in _PART.items()
    }
    return replace(view, **parts)


def _role(archive: Archive, name: str) -> tuple[str, re.Match[str]]:
    for role, pattern in _LAYOUT.items():
        match = re.fullmatch(pattern, name)
        if match:
            return role, match
    raise archive.damaged(f"it has a member that no recording has: {name!r}")


def _read(archive: Archive, name: str, codec: Codec, parse: Callable[[bytes], Any]) -> Any:
    text = archive.read(name)
    try:
        parsed = parse(text)
    except (ValueError, RecursionError) as error:  # both parsers raise subclasses of ValueError
        raise archive.damaged(f"{name} is not JSON") from error
    try:
        return codec.decode(parsed)
    except WireError as error:
        raise archive.damaged(f"{name}: {error}") from error


def _loose_text(value: Any) -> bytes:
    """JSON with the standard library's spelling for infinities, and lone surrogates as they are: written as escapes,
    two of them in a row would come back as one character."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _loose(text: bytes) -> Any:
    return json.loads(text.decode("utf-8", "surrogatepass"))


def _strict_text(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


_strict = msgspec.json.decode


def _named(number: int, name: str) -> str:
    """A readable name of a member; the number alone makes it unique."""
    return f"{number:05}-{re.sub(r'[^A-Za-z0-9._-]+', '_', name)[:60]}"


def _scrubbed_source(source: GitSourceView) -> GitSourceView:
    return replace(source, head=_scrubbed_rendering(source.head), applied=_scrubbed_rendering(source.applied))


def _scrubbed_rendering(rendering: Rendering | None) -> Rendering | None:
    if rendering is None:
        return None
    kept = tuple(replace(found, raw=scrubbed_object(found.raw)) for found in rendering.declarations)
    return replace(rendering, declarations=kept)
