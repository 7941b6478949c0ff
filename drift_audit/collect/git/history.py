"""Since when the files of a source say what they say: the age of a change is not the age of the newest commit."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from drift_audit.collect.git.manifests import KUSTOMIZATION_FILES
from drift_audit.collect.git.repository import Change, Repository
from drift_audit.model.views import Rendering

_STRETCHES = ((0, 100), (100, 1900))
"""(commits to skip, commits to read): most of what waits was changed lately, and old files are old enough."""


def with_history(repository: Repository, folder: str, head: Rendering, applied: Rendering | None) -> Rendering:
    """The head with the time of the change that each of its files, and each removed one, waits with.

    Between the applied revision and the head that is the oldest change: since then the file waits. Where no
    applied revision is known, and for files that did not change since, it is the newest one.
    """
    declarations = (*head.declarations, *(applied.declarations if applied else ()))
    files = {file for each in declarations for file in each.files}
    times = _last_changes(repository, head.revision, files)
    if applied is not None:
        times |= _first_changes(repository.changes(head.revision, since=applied.revision))
    if head.renderer != "plain":
        times |= {file: _with_kustomizations(file, folder, times) for file in files}
    return replace(head, changed_at={file: times[file] for file in sorted(files) if times.get(file)})


def _last_changes(repository: Repository, revision: str, files: Iterable[str]) -> dict[str, str]:
    """When each file, and every kustomization on the way, was changed last; at the latest, for the oldest."""
    missing, times = set(files), dict[str, str]()
    oldest = ""
    for skip, count in _STRETCHES:
        read = 0
        for change in repository.changes(revision, skip=skip, count=count):
            read, oldest = read + 1, change.committed_at
            for file in change.files:
                if file in missing or (_is_kustomization(file) and file not in times):
                    times[file] = change.committed_at
                    missing.discard(file)
        if not missing or read < count:
            break
    return times | dict.fromkeys(missing, oldest)


def _first_changes(changes: Iterable[Change]) -> dict[str, str]:
    """By file: its removal, where it is gone for good, else its oldest change."""
    found: dict[str, str] = {}
    gone: set[str] = set()
    for change in changes:  # newest first
        for file, status in change.files.items():
            if file not in found and status == "D":
                gone.add(file)
            if file not in found or file not in gone:
                found[file] = change.committed_at
    return found


def _with_kustomizations(file: str, folder: str, times: Mapping[str, str]) -> str:
    """The newest of the file and of the kustomizations that may transform it: of the source, and around the file.

    Names, labels and images are set there without a trace in the object's own lines.
    """
    around = {folder, *_parents(file)}
    own = (time for other, time in times.items() if other == file or _is_one_of(other, around))
    return max(own, default="")


def _is_one_of(file: str, folders: set[str]) -> bool:
    return _is_kustomization(file) and posixpath.dirname(file) in folders


def _is_kustomization(file: str) -> bool:
    return posixpath.basename(file) in KUSTOMIZATION_FILES


def _parents(file: str) -> Iterator[str]:
    folder = posixpath.dirname(file)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""
