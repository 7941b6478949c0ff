"""One configured Git source as a view: what it declares at its head, and at any other revision."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from drift_audit.collect.git.codeowners import codeowners_at
from drift_audit.collect.git.documents import FoundObject, declare, objects_of, unnamed
from drift_audit.collect.git.history import with_history
from drift_audit.collect.git.kustomization import Closure, closure_of
from drift_audit.collect.git.kustomize import KustomizeTool, build, find_tool
from drift_audit.collect.git.manifests import chart_problem, kustomization_in, layout_of, link_problem, render_files
from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.provenance import Tracer, rendered_object
from drift_audit.collect.git.reading import Part, PartBuilder, Reading, gap_of, partial, skipped
from drift_audit.collect.git.remotes import without_credentials
from drift_audit.collect.git.repository import Repository, commit_of, open_repository
from drift_audit.collect.git.snapshot import Snapshot, normal_folder
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import GitSource, RenderMode
from drift_audit.interfaces import Progress
from drift_audit.model.keys import FieldPath, ObjectKey
from drift_audit.model.objects import Declaration, Mark
from drift_audit.model.progress import began, ended
from drift_audit.model.views import Gap, GitSourceView, Rendering
from drift_audit.yaml_text import Flavor, Limits, read_documents

logger = logging.getLogger(__name__)

_PARSED_AS_KUBECTL = ("kubectl", "argocd")
"""Appliers that parse plain manifests with sigs.k8s.io/yaml: kubectl, and Argo CD's directory sources."""
_BUILD_LIMITS = Limits(bytes=64 * 1024 * 1024, nodes=5_000_000, documents=100_000)


def collect_git(
    management_cluster: str,
    source: GitSource,
    *,
    cache_dir: Path,
    base_dir: Path,
    masker: Masker,
    progress: Progress,
) -> GitSourceView:
    """What the source declares at the head of its ref. Never raises for what the repository or the network does."""
    scope = f"git {source.name}"
    progress(began(scope, f"reading {without_credentials(source.url)} at {source.ref}"))
    head: Rendering | None = None
    gaps: tuple[Gap, ...] = ()
    remotes: tuple[str, ...] = ()
    try:
        timeout = source.timeout_seconds
        repository = open_repository(source.url, base_dir=base_dir, cache_dir=cache_dir, timeout=timeout)
        remotes = repository.remotes()
        head = _render(source, repository, repository.resolve(source.ref), masker)
    except GitProblem as problem:
        gaps = (gap_of(source, problem),)
    except Exception:
        # The edge of this collector: a bug here costs one source, and the log has the traceback.
        logger.exception("git %s: unexpected failure", source.name)
        gaps = (gap_of(source, _unexpected()),)
    if head is None:
        progress(ended(scope, f"not read: {gaps[0].reason}"))
    else:
        progress(ended(scope, f"{len(head.declarations):,} objects at {head.revision[:12]}"))
    return _view(management_cluster, source, head, remotes, gaps)


def unread_source(management_cluster: str, source: GitSource, reason: str, remedy: str) -> GitSourceView:
    """The source as one of which nothing was read, for this reason."""
    return _view(management_cluster, source, None, (), (gap_of(source, GitProblem(reason, remedy)),))


def late_revision(source: GitSource, reason: str, remedy: str) -> Gap:
    """The gap of a source whose head was read and whose applied revision was not."""
    return gap_of(source, partial("the applied revision", reason, remedy))


def _view(
    management_cluster: str,
    source: GitSource,
    head: Rendering | None,
    remotes: tuple[str, ...],
    gaps: tuple[Gap, ...],
) -> GitSourceView:
    return GitSourceView(
        management_cluster=management_cluster,
        source=source.name,
        repo=without_credentials(source.url),
        ref=source.ref,
        path=source.path,
        flavor=_flavor(source, head),
        applier=source.applier,
        head=head,
        remotes=remotes,
        gaps=gaps,
    )


def collect_revision(
    source: GitSource, revision: str, *, cache_dir: Path, base_dir: Path, masker: Masker, progress: Progress
) -> Rendering | Gap:
    """What the source declares at a revision, as a GitOps tool names it (`main@sha1:…`), or why that is not known."""
    scope = f"git {source.name}, applied"
    progress(began(scope, f"reading {revision}"))
    try:
        repository = open_repository(source.url, base_dir=base_dir, cache_dir=cache_dir, fetch=False)
        return _render(source, repository, repository.resolve(commit_of(revision)), masker, path_may_be_newer=True)
    except GitProblem as problem:
        return gap_of(source, problem)
    except Exception:
        logger.exception("git %s: unexpected failure at %s", source.name, revision)
        return gap_of(source, _unexpected())
    finally:
        progress(ended(scope))


def collect_history(
    source: GitSource, head: Rendering, applied: Rendering | None, *, cache_dir: Path, base_dir: Path
) -> Rendering:
    """The head with the age of each change that waits to be applied; `None` for an unknown applied revision.

    Ages only rank findings: where Git does not tell them, that of the head has to do.
    """
    try:
        repository = open_repository(source.url, base_dir=base_dir, cache_dir=cache_dir, fetch=False)
        return with_history(repository, normal_folder(source.path), head, applied)
    except GitProblem as problem:
        logger.warning("git %s: the age of its changes is not known: %s", source.name, problem.reason)
    except Exception:
        logger.exception("git %s: unexpected failure while reading its history", source.name)
    return head


def _unexpected() -> GitProblem:
    return GitProblem(
        "reading the source failed unexpectedly", "run again with --verbose and report the traceback from the log"
    )


def _flavor(source: GitSource, head: Rendering | None) -> Flavor:
    built = head is not None and head.renderer != "plain"
    if not built and source.render is not RenderMode.KUSTOMIZE and source.applier.startswith(_PARSED_AS_KUBECTL):
        return Flavor.KUBECTL
    return Flavor.KUSTOMIZE


def _render(
    source: GitSource, repository: Repository, revision: str, masker: Masker, *, path_may_be_newer: bool = False
) -> Rendering:
    """What the source declares at the revision; nothing, where it may be older than the source's path."""
    snapshot = Snapshot.at(repository, revision)
    folder = normal_folder(source.path)
    if folder and folder not in snapshot.entries and folder not in snapshot.folders:
        if path_may_be_newer:
            committed_at = repository.committed_at(revision)
            return Rendering(revision=revision, committed_at=committed_at, renderer="plain", declarations=())
        raise GitProblem(
            f"{repository.label} has no path {source.path!r} at {source.ref}", "correct `path` of the Git source"
        )
    if folder in snapshot.entries:
        # A single file is fine; a link has to lead to one.
        snapshot.file(folder)
    as_whole = source.render is RenderMode.KUSTOMIZE or (
        source.render is RenderMode.AUTO and kustomization_in(snapshot, folder) is not None
    )
    reading = Reading(
        source=source,
        snapshot=snapshot,
        flavor=Flavor.KUSTOMIZE if as_whole else _flavor(source, None),
        masker=masker,
    )
    parts = list(_build_units(reading, (folder,)) if as_whole else _read_folder(reading, folder))
    declarations, twice = _first_of_each(reading, parts)
    renderers = dict.fromkeys(part.renderer for part in parts if part.declarations or len(parts) == 1)
    return Rendering(
        revision=revision,
        committed_at=repository.committed_at(revision),
        renderer=", ".join(renderers) or "plain",
        declarations=declarations,
        gaps=tuple(gap for part in parts for gap in part.gaps) + twice,
        codeowners=codeowners_at(snapshot),
    )


def _read_folder(reading: Reading, folder: str) -> Iterable[Part]:
    """A folder without a kustomization of its own, read as Flux would generate one for it."""
    layout = layout_of(reading, folder, units=reading.source.render is RenderMode.AUTO)
    yield render_files(reading, layout.files)
    yield Part(gaps=tuple(reading.gap(chart_problem(chart)) for chart in layout.charts))
    yield Part(gaps=tuple(reading.gap(link_problem(path, goal)) for path, goal in layout.links))
    yield from _build_units(reading, layout.units)


def _build_units(reading: Reading, folders: Iterable[str]) -> Iterable[Part]:
    """The objects of kustomizations; a refusal costs one of them and not the others."""
    tool: KustomizeTool | None = None
    for folder in folders:
        try:
            closure = closure_of(reading.snapshot, folder)
            tool = tool or find_tool()
            yield _built(reading, closure, tool.name, build(tool, reading.snapshot, closure))
        except GitProblem as problem:
            yield Part(gaps=(reading.gap(problem),), renderer="kustomize")


def _built(reading: Reading, closure: Closure, renderer: str, output: bytes) -> Part:
    builder = PartBuilder(reading)
    tracer = Tracer(reading.snapshot, closure)
    read = read_documents(output, flavor=Flavor.KUSTOMIZE, limits=_BUILD_LIMITS)
    for broken in read.problems:
        reason = f"the build of {closure.folder} cannot be read: {broken.message}"
        builder.refuse(partial(closure.folder, reason, "simplify the overlay"))
    for found in (found for document in read.documents for found in objects_of(document)):
        rendered = rendered_object(found.raw)
        trace = tracer.trace(rendered)
        traced = FoundObject(raw=rendered.raw, start=trace.mark or Mark(0, 0), marks=trace.marks)
        if reason := unnamed(traced):
            where = f"{trace.file}:{trace.mark.line}" if trace.mark else trace.file or closure.folder
            reason = f"a {found.identity[1]} of {where}: {reason}"
            builder.refuse(skipped(trace.file, reason, "render it before it is committed"))
            continue
        builder.declarations.append(
            declare(
                traced,
                source=reading.source.name,
                location=reading.location(trace.file, trace.mark, exact=trace.exact),
                default_namespace=reading.source.namespace,
                masker=reading.masker,
            )
        )
    return builder.part(renderer)


def _first_of_each(reading: Reading, parts: Iterable[Part]) -> tuple[tuple[Declaration, ...], tuple[Gap, ...]]:
    """Every object once; a gap for each that is declared a second time, since nobody knows which one wins."""
    kept: dict[ObjectKey | tuple[ObjectKey, FieldPath], Declaration] = {}
    gaps: list[Gap] = []
    for declaration in (declaration for part in parts for declaration in part.declarations):
        if declaration.generate_name:
            kept[declaration.key, (declaration.location.file, declaration.location.line)] = declaration
        elif declaration.key in kept:
            first, second = kept[declaration.key].location, declaration.location
            reason = (
                f"{declaration.key} is declared twice: {first.file}:{first.line} (compared) "
                f"and {second.file}:{second.line} (left out)"
            )
            gaps.append(reading.gap(partial(second.file, reason, "remove one of the two declarations")))
            first_one = kept[declaration.key]
            kept[declaration.key] = replace(first_one, rivals=(*first_one.rivals, second))
        else:
            kept[declaration.key] = declaration
    return tuple(kept.values()), tuple(gaps)
