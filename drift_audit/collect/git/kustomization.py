"""Reads kustomizations before anything runs, and refuses what would reach outside the repository.

kustomize has no flag that forbids remote bases: given a URL it asks the network first and runs `git fetch`
next. So every kustomization that can be reached is read here, and all that may be loaded must be a
file or folder of the same commit.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drift_audit.collect.git.manifests import KUSTOMIZATION_FILES, join, kustomization_in
from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.reading import partial
from drift_audit.collect.git.repository import TreeEntry
from drift_audit.collect.git.snapshot import MAX_FILE_BYTES, Snapshot
from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import Mark
from drift_audit.model.values import Json, JsonObject, mapping, sequence
from drift_audit.yaml_text import Flavor, read_documents

_REMOTE = re.compile(
    r"://|^//|.//|\?|^git::|^[\w.-]+@|^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org)[/:]|^/|_git/"
)

_PATH_LISTS = ("resources", "bases", "components", "crds", "configurations", "patchesStrategicMerge")
_PATH_FIELDS = ("patches", "patchesJson6902", "replacements", "configMapGenerator", "secretGenerator", "openapi")
_PATH_KEYS = frozenset({"path", "file", "files", "env", "envs"})
_HARMLESS = frozenset(
    {
        "apiVersion",
        "kind",
        "metadata",
        "namespace",
        "namePrefix",
        "nameSuffix",
        "commonLabels",
        "commonAnnotations",
        "labels",
        "images",
        "replicas",
        "vars",
        "generatorOptions",
        "buildMetadata",
        "sortOptions",
    }
)
_PLUGINS = {
    "helmCharts": "Helm charts",
    "helmChartInflationGenerator": "Helm charts",
    "helmGlobals": "Helm charts",
    "generators": "generator plug-ins",
    "transformers": "transformer plug-ins",
    "validators": "validator plug-ins",
}
_MAX_KUSTOMIZATIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kustomization:
    """One kustomization file, as kustomize reads it."""

    file: str
    data: JsonObject
    marks: Mapping[FieldPath, Mark]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """All that one build reads: nothing else is laid out on disk for it."""

    folder: str
    files: Mapping[str, TreeEntry] = field(default_factory=dict)
    """By the path under which the build looks for them; a link within the repository leads to its target."""
    kustomizations: Mapping[str, Kustomization] = field(default_factory=dict)
    """By the path of the file."""
    resources: frozenset[str] = frozenset()
    """The files that declare objects: neither patches nor data."""


def closure_of(snapshot: Snapshot, folder: str) -> Closure:
    """What building a folder reads. Raises GitProblem for what must not be built, before anything is run."""
    scan = _Scan(snapshot)
    scan.folder(folder, asked_by=folder or "the top folder")
    return Closure(
        folder=folder,
        files=scan.files,
        kustomizations=scan.kustomizations,
        resources=frozenset(scan.resources),
    )


class _Scan:
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.files: dict[str, TreeEntry] = {}
        self.kustomizations: dict[str, Kustomization] = {}
        self.resources: set[str] = set()

    def folder(self, folder: str, *, asked_by: str) -> None:
        pending = [(folder, asked_by)]
        while pending:
            here, asker = pending.pop()
            path = kustomization_in(self._snapshot, here)
            if path is None:
                raise _refused(asker, f"{asker} refers to {here or 'the top folder'}, which has no kustomization file")
            if path in self.kustomizations:
                continue
            if len([name for name in KUSTOMIZATION_FILES if join(here, name) in self._snapshot.entries]) > 1:
                raise _refused(path, f"{here or 'the top folder'} has several kustomization files")
            if len(self.kustomizations) >= _MAX_KUSTOMIZATIONS:
                raise _refused(asker, f"more than {_MAX_KUSTOMIZATIONS} kustomizations hang together")
            for reference, may_be_folder in self._read(path):
                target = _local(path, here, reference)
                if target in self._snapshot.entries:
                    self._add(target)
                    if may_be_folder:
                        self.resources.add(target)
                elif may_be_folder and target in self._snapshot.folders:
                    pending.append((target, path))
                else:
                    raise _refused(path, f"{path} refers to {reference}, which is not in the repository")

    def _add(self, path: str) -> None:
        entry = self._snapshot.file(path)
        if entry.size > MAX_FILE_BYTES:
            raise _refused(path, f"{path} is larger than {MAX_FILE_BYTES // 2**20} MiB")
        self.files[path] = entry

    def _read(self, path: str) -> list[tuple[str, bool]]:
        """Everything that one kustomization loads: (reference, may it be a folder)."""
        self._add(path)
        entry = self.files[path]
        content = self._snapshot.read([entry])[entry.path]
        references: list[tuple[str, bool]] = []
        # kustomize reads this one file with kubectl's parser and others with its own: what either sees counts.
        for flavor in (Flavor.KUBECTL, Flavor.KUSTOMIZE):
            read = read_documents(content, flavor=flavor)
            for problem in read.problems:
                raise partial(
                    path, f"{path}:{problem.line}: {problem.message} ({problem.code})", "mend the kustomization"
                )
            for document in read.documents:
                data = mapping(document.data)
                references.extend(_references(path, data))
                self.kustomizations[path] = Kustomization(
                    file=path,
                    data=data,
                    marks=document.marks,
                    lines=tuple(content.decode("utf-8-sig").splitlines()),
                )
            if not read.documents:
                raise _refused(path, f"{path} is empty")
        return references


def _references(path: str, data: JsonObject) -> Iterator[tuple[str, bool]]:
    for key, value in data.items():
        if key in _PLUGINS and value:
            raise _refused(path, f"{path} uses {_PLUGINS[key]} ({key}), which are not run")
        if key in _PATH_LISTS:
            folders = key in ("resources", "bases", "components")
            yield from ((item, folders) for item in _texts(value) if key != "patchesStrategicMerge" or "\n" not in item)
        elif key in _PATH_FIELDS:
            yield from ((item, False) for item in _loaded_by(value))
        elif key not in _HARMLESS and key not in _PLUGINS:
            raise _refused(path, f"{path} has the field {key}, which is not known to be safe to build")


def _loaded_by(value: Json) -> Iterator[str]:
    """File names in the entries of a field. Keys are compared as kustomize's JSON decoder does: in any case."""
    for entry in (value,) if isinstance(value, Mapping) else sequence(value):
        for key, item in mapping(entry).items():
            if key.lower() in _PATH_KEYS:
                for name in _texts(item):
                    # `files` may rename: `key=path`.
                    yield name.partition("=")[2] if key.lower() == "files" and "=" in name else name


def _texts(value: Json) -> Iterator[str]:
    for item in (value,) if isinstance(value, str) else sequence(value):
        if isinstance(item, str) and item:
            yield item


def _local(path: str, folder: str, reference: str) -> str:
    """The path inside the repository that a reference names. Raises GitProblem for every other kind."""
    if _REMOTE.search(reference):
        raise _refused(path, f"{path} refers to {reference}, which is not in this repository (remote base)")
    target = posixpath.normpath(posixpath.join(folder, reference))
    if target == ".." or target.startswith("../"):
        raise _refused(path, f"{path} refers to {reference}, which is outside the repository")
    return "" if target == "." else target


def _refused(subject: str, reason: str) -> GitProblem:
    return partial(
        subject,
        reason,
        "vendor what it needs into the repository, or audit the rendered manifests with `render: plain`",
    )
