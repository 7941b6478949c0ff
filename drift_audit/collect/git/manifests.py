"""Plain manifests: the YAML and JSON files below a path, as a GitOps tool would take them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drift_audit.collect.git.documents import declare, lacks_identity, looks_like_fleet, objects_of, unnamed
from drift_audit.collect.git.opaque import looks_like_helm
from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.reading import Part, PartBuilder, Reading, partial, skipped
from drift_audit.collect.git.repository import SUBMODULE, TreeEntry
from drift_audit.collect.git.snapshot import MAX_FILE_BYTES, LinkLeavesTree, Snapshot
from drift_audit.yaml_text import ProblemCode, TextDocument, TextRead, read_documents

KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_YAML_SUFFIXES = (".yaml", ".yml")
_SUFFIXES = (*_YAML_SUFFIXES, ".json")
_NOT_MANIFESTS = frozenset(
    {
        *KUSTOMIZATION_FILES,
        ".sops.yaml",
        ".flux.yaml",
        ".gitlab-ci.yml",
        ".travis.yml",
        ".drone.yml",
        ".goreleaser.yml",
        ".pre-commit-config.yaml",
        ".yamllint.yml",
        ".yamllint.yaml",
        "appveyor.yml",
        "circle.yml",
        "cloudbuild.yaml",
        "codeship-services.yml",
        "codeship-steps.yml",
        "docker-compose.yml",
        "package.json",
    }
)
_NOT_MANIFEST_FOLDERS = (".github/", ".circleci/", ".gitlab/", ".git/")
"""Files of other programs; most of the list is what Flux leaves out of its artifacts (fluxcd/pkg sourceignore)."""

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_MAX_PROBLEMS_PER_FILE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a folder falls apart: files of its own, kustomizations and Helm charts below it."""

    files: tuple[TreeEntry, ...]
    units: tuple[str, ...]
    """Folders with a kustomization file: each is built as one."""
    charts: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    """Symbolic links to folders that are not read anyway, each with its folder. No GitOps tool follows them."""


def kustomization_in(snapshot: Snapshot, folder: str) -> str | None:
    """The kustomization file of a folder, if it has one."""
    return next((path for name in KUSTOMIZATION_FILES if (path := join(folder, name)) in snapshot.entries), None)


def layout_of(reading: Reading, folder: str, *, units: bool) -> Layout:
    """What a generated kustomization would hold: Flux takes every manifest below a path, and a folder that
    has a kustomization as a unit, without looking further into it. It takes no JSON.

    Source: fluxcd/pkg kustomize/kustomize_generator.go.
    """
    snapshot = reading.snapshot
    suffixes = _YAML_SUFFIXES if reading.source.applier.startswith("kustomize-controller") else _SUFFIXES
    entries = tuple(snapshot.below(folder))
    charts = _tops(
        chart
        for entry in entries
        if posixpath.basename(entry.path) == "Chart.yaml"
        and _has_templates(snapshot, chart := posixpath.dirname(entry.path))
    )
    built = (
        _tops(
            posixpath.dirname(entry.path)
            for entry in entries
            if posixpath.basename(entry.path) in KUSTOMIZATION_FILES and not _inside(entry.path, charts)
        )
        if units
        else ()
    )
    files = tuple(
        entry for entry in entries if _may_hold_objects(entry, suffixes) and not _inside(entry.path, charts + built)
    )
    linked = (
        (entry.path, goal)
        for entry in entries
        if not _inside(entry.path, charts + built) and (goal := snapshot.linked_folder(entry)) is not None
    )
    return Layout(
        files=files,
        units=built,
        charts=tuple(chart for chart in charts if not _inside(chart, built)),
        links=tuple((path, goal) for path, goal in linked if not _inside(goal, (folder,))),
    )


def link_problem(path: str, folder: str) -> GitProblem:
    """Flux leaves links out of its artifacts, Argo CD does not walk into them; other appliers do both."""
    return skipped(
        path,
        f"{path} is a symbolic link to the folder {folder or '.'}, which is not followed",
        "add that folder as a Git source of its own if something applies it, or take the link out of the source's path",
    )


def _may_hold_objects(entry: TreeEntry, suffixes: tuple[str, ...]) -> bool:
    if entry.mode == SUBMODULE:
        return True
    if posixpath.basename(entry.path) in _NOT_MANIFESTS or not entry.path.endswith(suffixes):
        return False
    return not any(folder in f"/{entry.path}" for folder in (f"/{name}" for name in _NOT_MANIFEST_FOLDERS))


def _tops(folders: Iterator[str]) -> tuple[str, ...]:
    """The outermost of some folders."""
    tops: list[str] = []
    for folder in sorted(set(folders), key=lambda path: (path.count("/"), path)):
        if not _inside(folder, tops):
            tops.append(folder)
    return tuple(tops)


def _inside(path: str, folders: Sequence[str]) -> bool:
    return any(not folder or path == folder or path.startswith(f"{folder}/") for folder in folders)


def join(folder: str, name: str) -> str:
    """The path of a file in a folder; `""` is the top folder."""
    return f"{folder}/{name}" if folder else name


def render_files(reading: Reading, entries: Sequence[TreeEntry]) -> Part:
    """The objects of these files. Every file that cannot be read is a gap, and the others are still read."""
    builder = PartBuilder(reading)
    readable = [(entry.path, target) for entry in entries if (target := _readable(builder, entry)) is not None]
    contents = reading.snapshot.read(target for _, target in readable)
    for path, target in readable:
        _read_file(builder, path, target.path, contents[target.path])
    return builder.part()


def _readable(builder: PartBuilder, entry: TreeEntry) -> TreeEntry | None:
    """The entry to read for a file; `None` after a gap was noted."""
    if entry.mode == SUBMODULE:
        builder.refuse(
            skipped(
                entry.path,
                f"{entry.path} is a submodule, and its content is not read",
                "add the submodule's repository as a Git source of its own",
            )
        )
        return None
    try:
        target = builder.reading.snapshot.file(entry.path)
    except LinkLeavesTree as problem:
        builder.refuse(partial(entry.path, problem.reason, problem.remedy))
        return None
    if target.size > MAX_FILE_BYTES:
        builder.refuse(
            partial(
                entry.path,
                f"{entry.path} is larger than {MAX_FILE_BYTES // 2**20} MiB",
                "split the file, or narrow the `path` of the Git source",
            )
        )
        return None
    return target


def _read_file(builder: PartBuilder, path: str, stored_at: str, content: bytes) -> None:
    if content.startswith(_LFS_POINTER):
        builder.refuse(
            partial(
                path, f"{path} is kept in Git LFS, and only a pointer to it is here", "keep manifests in Git itself"
            )
        )
        return
    read = read_documents(content, flavor=builder.reading.flavor)
    if read.problems and looks_like_helm(content.decode(errors="replace")):
        builder.refuse(
            skipped(
                path,
                f"{path} is a template ({{{{ }}}}), and nobody but its own tool can render it",
                "point `path` at rendered manifests, or leave the templates out of it",
            )
        )
    elif not _is_of_another_program(path, content, read):
        remedy = "mend the file" + ("; the rest of it was audited" if read.documents else "")
        for problem in read.problems[:_MAX_PROBLEMS_PER_FILE]:
            place = f"{path}:{problem.line}" if problem.line else path
            builder.refuse(partial(path, f"{place}: {problem.message} ({problem.code})", remedy))
    unknown: list[str] = []
    for document in read.documents:
        unknown.extend(_read_document(builder, document, stored_at))
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        builder.refuse(
            skipped(
                path,
                f"{path}: {unknown[0]}{more}, so it cannot be compared",
                "point `path` at what is really applied, or render the templates before they are committed",
            )
        )


def _is_of_another_program(path: str, content: bytes, read: TextRead) -> bool:
    """True for what could not be read and is no manifest: JSON with comments, YAML with a program's own tags."""
    if b"apiVersion" in content:
        return False
    return path.endswith(".json") or all(problem.code is ProblemCode.YAML_TAG for problem in read.problems)


def _read_document(builder: PartBuilder, document: TextDocument, path: str) -> Iterator[str]:
    """Adds the objects of a document; gives the reasons why some cannot be named."""
    reading = builder.reading
    if reason := lacks_identity(document):
        yield f"the document in line {document.start.line} {reason}"
    for found in objects_of(document):
        if reason := unnamed(found):
            if reason != "it has no name" or looks_like_fleet(found):
                yield f"the {found.identity[1]} in line {found.start.line}: {reason}"
            continue
        builder.declarations.append(
            declare(
                found,
                source=reading.source.name,
                location=reading.location(path, found.start),
                default_namespace=reading.source.namespace,
                masker=reading.masker,
            )
        )


def chart_problem(chart: str) -> GitProblem:
    return skipped(
        chart,
        f"{chart or 'the top folder'} is a Helm chart, and its templates are not rendered",
        "audit the objects that the chart creates from rendered manifests, or leave the chart out of `path`",
    )


def _has_templates(snapshot: Snapshot, chart: str) -> bool:
    """True when Helm renders the folder; a chart without `{{` is a folder of manifests like any other."""
    templates = [
        entry
        for entry in snapshot.below(join(chart, "templates"))
        if entry.mode.startswith("100") and entry.size <= MAX_FILE_BYTES
    ]
    contents = snapshot.read(templates)
    return any(b"{{" in contents[entry.path] for entry in templates)
