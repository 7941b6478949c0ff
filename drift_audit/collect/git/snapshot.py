"""The files of one commit. Symbolic links and submodules are seen, and never followed out of the tree."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.repository import SUBMODULE, SYMLINK, Repository, TreeEntry
from drift_audit.yaml_text import DEFAULT_LIMITS

MAX_FILE_BYTES = DEFAULT_LIMITS.bytes
MAX_TOTAL_BYTES = 256 * 1024 * 1024
"""What one source may hold in manifests; more is a wrong `path`, or an attack."""
_MAX_LINKS = 8


class LinkLeavesTree(GitProblem):
    """A symbolic link that points outside the repository, to nothing, or in a circle."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One commit of one repository."""

    repository: Repository
    revision: str
    entries: Mapping[str, TreeEntry]
    """By path, relative to the top of the repository, with `/`."""
    _contents: dict[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, repository: Repository, revision: str) -> Snapshot:
        entries = {entry.path: entry for entry in repository.tree(revision)}
        return cls(repository=repository, revision=revision, entries=entries)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every directory, the top as `""`."""
        found = {""}
        for path in self.entries:
            folder = posixpath.dirname(path)
            while folder and folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)

    def below(self, folder: str) -> Iterable[TreeEntry]:
        """The files below a directory, or the file itself, in the order of their paths."""
        prefix = f"{folder}/" if folder else ""
        return (entry for path, entry in sorted(self.entries.items()) if path == folder or path.startswith(prefix))

    def file(self, path: str) -> TreeEntry:
        """The regular file at a path; a link within the repository leads to its target.

        Raises LinkLeavesTree for every other link, and KeyError where there is no file.
        """
        entry = self.entries[path]
        for _ in range(_MAX_LINKS):
            if entry.mode != SYMLINK:
                return entry
            goal = self._goal(entry)
            if goal not in self.entries:
                where = "a folder" if goal in self.folders else "outside the repository, or to nothing"
                raise LinkLeavesTree(
                    f"{path} is a symbolic link to {where}, and is not followed",
                    "put the file itself into the repository, or take the link out of the source's path",
                    subject=path,
                )
            entry = self.entries[goal]
        raise LinkLeavesTree(
            f"{path} is a symbolic link that leads to itself", "replace the link by the file", subject=path
        )

    def linked_folder(self, entry: TreeEntry) -> str | None:
        """The folder of the repository that a symbolic link leads to; `None` for everything else."""
        if entry.mode != SYMLINK:
            return None
        goal = self._goal(entry)
        return goal if goal in self.folders else None

    def _goal(self, link: TreeEntry) -> str:
        target = self.read([link])[link.path].decode(errors="backslashreplace")
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(link.path), target))
        return "" if goal == "." else goal

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        """Contents by path; what was read once is kept. Too large files must be left out by the caller."""
        missing = [entry for entry in entries if entry.path not in self._contents and entry.mode != SUBMODULE]
        if sum(entry.size for entry in missing) > MAX_TOTAL_BYTES:
            raise GitProblem(
                f"the manifests of {self.repository.label} hold more than {MAX_TOTAL_BYTES // 2**20} MiB",
                "narrow the `path` of the Git source",
            )
        self._contents.update(self.repository.read(missing))
        return self._contents


def normal_folder(path: str) -> str:
    """A configured path as Git spells it: no `./`, no trailing slash, `""` for the top.

    Raises GitProblem when it leaves the repository.
    """
    normal = posixpath.normpath(path.strip() or ".")
    if normal == ".." or (normal.startswith(("/", "../")) and normal != "/"):
        raise GitProblem(f"the path {path!r} is outside the repository", "correct `path` of the Git source")
    return "" if normal in (".", "/") else normal
