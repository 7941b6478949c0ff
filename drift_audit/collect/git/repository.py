"""A Git repository as an object database: nothing is checked out, and a user's repository is never written to."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drift_audit.clock import moment, stamp
from drift_audit.collect.git.command import FETCH_TIMEOUT, GitCommand
from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.remotes import Remote, parse_remote, without_credentials

logger = logging.getLogger(__name__)

_LOCK_PAUSE = 0.05
_PARTS = ("HEAD", "config", "objects", "refs")
_COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")
_FULL_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_FLUX_REVISION = re.compile(r"(?:.*[@/])?(?:sha1:|sha256:)?([0-9a-f]{64}|[0-9a-f]{40})\Z")

SYMLINK, SUBMODULE = "120000", "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One file of a tree, as Git stores it."""

    path: str
    mode: str
    id: str
    size: int
    """Bytes; 0 for a submodule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one commit did to the branch: a merge counts as one change, at the time of the merge."""

    committed_at: str
    """RFC 3339 in UTC."""
    files: Mapping[str, str]
    """Git's letter by path: `A`, `M`, `D`, `T`; a renamed file was deleted and added."""


class Repository:
    """Reads of one repository. Every method raises GitProblem when Git refuses."""

    def __init__(self, git_dir: Path, label: str, remote: Remote | None = None) -> None:
        self.label = label
        """The URL or path as configured, without credentials."""
        self._git = GitCommand(git_dir, label)
        self._remote = remote

    @property
    def git(self) -> GitCommand:
        """Git on this repository, for questions that need neither a network nor a tree."""
        return self._git

    def resolve(self, ref: str) -> str:
        """The full id of the commit that a branch, a tag or an (abbreviated) commit id names."""
        if ref.startswith("-") or not ref:
            raise GitProblem(f"{ref!r} is not the name of a branch, tag or commit", "correct `ref` of the Git source")
        candidates = [f"refs/heads/{ref}", f"refs/tags/{ref}", f"refs/remotes/origin/{ref}"]
        if ref == "HEAD" or ref.startswith("refs/") or _COMMIT.match(ref):
            candidates.append(ref)
        for candidate in candidates:
            if found := self._commit(candidate):
                return found
        if _FULL_COMMIT.match(ref) and self._remote is not None:
            # A commit that no branch holds any more; servers that allow it hand it out by its id.
            with contextlib.suppress(GitProblem):
                self._git.fetch(self._remote, ref)
            if found := self._commit(ref):
                return found
        if self._git.try_read("rev-list", "--all", "--max-count=1") in ("", None):
            raise GitProblem(
                f"{self.label} is empty: it has no commit", "push a first commit, or remove the source from the config"
            )
        raise GitProblem(
            f"{self.label} has no branch, tag or commit {ref!r}", "correct `ref` of the Git source, or push it"
        )

    def _commit(self, name: str) -> str | None:
        return self._git.try_read("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}") or None

    def committed_at(self, revision: str) -> str:
        """When the commit was made, RFC 3339 in UTC."""
        told = self._git.try_read("show", "--no-patch", "--format=%cI", "--end-of-options", revision) or ""
        when = moment(told)
        return stamp(when) if when else ""

    def changes(self, revision: str, *, since: str = "", skip: int = 0, count: int = 10_000) -> tuple[Change, ...]:
        """What came to the branch up to the revision (and after `since`), newest first; all through one process.

        Follows first parents only: what a merge brought waits since the merge, however old its own commits are.
        """
        told = self._git.read(
            "log",
            "--first-parent",
            "-m",
            "-z",
            "--name-status",
            "--no-renames",
            "--format=%x01%cI%x00",
            f"--skip={skip}",
            f"--max-count={count}",
            "--end-of-options",
            f"{since}..{revision}" if since else revision,
        )
        return tuple(_change(entry) for entry in told.split(b"\x01")[1:])

    def remotes(self) -> tuple[str, ...]:
        """The URLs under which others know a local repository, without credentials."""
        told = self._git.try_read("config", "--local", "--get-regexp", r"^remote\..*\.url$") or ""
        return tuple(without_credentials(line.partition(" ")[2]) for line in told.splitlines())

    def tree(self, revision: str) -> tuple[TreeEntry, ...]:
        """All files of the commit, directories left out."""
        listed = self._git.read("ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", revision)
        entries = []
        for line in listed.split(b"\0"):
            if line:
                meta, _, name = line.partition(b"\t")
                mode, _, blob, size = meta.decode().split()
                path = name.decode(errors="backslashreplace")
                entries.append(TreeEntry(path=path, mode=mode, id=blob, size=0 if size == "-" else int(size)))
        return tuple(entries)

    def read(self, entries: Sequence[TreeEntry]) -> Mapping[str, bytes]:
        """The contents by path, all through one process."""
        if not entries:
            return {}
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{entry.id}\n" for entry in entries).encode())
            wanted.seek(0)
            output = memoryview(self._git.read("cat-file", "--batch", stdin=wanted))
        contents: dict[str, bytes] = {}
        position = 0
        for entry in entries:
            header_end = position + bytes(output[position : position + 200]).index(b"\n")
            header = bytes(output[position:header_end]).split()
            if len(header) != 3 or header[1] != b"blob":
                raise GitProblem(
                    f"{self.label} lacks the content of {entry.path}",
                    "fetch the repository completely: a partial or damaged clone cannot be audited",
                )
            start, size = header_end + 1, int(header[2])
            contents[entry.path] = bytes(output[start : start + size])
            position = start + size + 1
        return contents


def commit_of(revision: str) -> str:
    """The commit id inside what a GitOps tool calls a revision: `main@sha1:…`, `main/…`, or the id itself."""
    found = _FLUX_REVISION.fullmatch(revision)
    return found[1] if found else revision


def open_repository(
    url: str, *, base_dir: Path, cache_dir: Path, fetch: bool = True, timeout: float = FETCH_TIMEOUT
) -> Repository:
    """The repository, ready to be read: a local one in place, a remote one from a bare clone that is brought up to
    date within `timeout` seconds.

    Raises GitProblem. An older clone is never passed off as the present state of a remote that does not answer.
    """
    remote = parse_remote(url)
    if remote is None:
        return _local(url, base_dir)
    digest = hashlib.sha256(remote.url.encode()).hexdigest()[:16]
    clone = cache_dir.absolute() / "git" / f"{digest}.git"
    repository = Repository(clone, remote.url, remote)
    try:
        ends = time.monotonic() + timeout
        with _locked(clone, timeout):
            if not all((clone / part).exists() for part in _PARTS):  # also where an earlier run was ended half way
                _init_bare(clone, remote.url)
                fetch = True
            if fetch:
                refspecs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
                left = max(ends - time.monotonic(), 0.1)
                GitCommand(clone, remote.url).fetch(remote, *refspecs, timeout=left)
    except OSError as error:
        raise GitProblem(
            f"the clone of {remote.url} cannot be kept in {cache_dir}: {error.strerror or error}",
            "make the folder writable, or set `cache_dir` in the config",
        ) from error
    return repository


def _local(url: str, base_dir: Path) -> Repository:
    folder = (base_dir / Path(url).expanduser()).absolute()
    for git_dir in (folder / ".git", folder):
        probe = GitCommand(git_dir, url)
        if git_dir.exists() and (found := probe.try_read("rev-parse", "--absolute-git-dir")):
            return Repository(Path(found), without_credentials(url))
    what = "is not a Git repository" if folder.exists() else "does not exist"
    raise GitProblem(
        f"{folder} {what}",
        "give the top folder of a repository (relative to the config file), or a clone URL",
    )


def _init_bare(clone: Path, label: str) -> None:
    clone.mkdir(parents=True, exist_ok=True)
    GitCommand(clone, label).read("init", "--quiet", "--bare", "--template=", str(clone))


@contextlib.contextmanager
def _locked(clone: Path, timeout: float) -> Iterator[None]:
    """One writer per clone: two audits, or two sources of one repository, may run at the same time."""
    clone.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(clone.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(handle, clone, timeout)
        _clear_remains(clone)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, clone: Path, timeout: float) -> None:
    """Raises GitProblem when another writer keeps the lock for longer than that."""
    ends = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise GitProblem(
                    f"another audit is fetching into {clone} and did not end within {timeout:g} s",
                    "wait for it, or end it",
                ) from None
            time.sleep(_LOCK_PAUSE)


def _clear_remains(clone: Path) -> None:
    """Removes what a git leaves behind that was killed or lost its machine: locks, over which every later fetch
    would fail, and unfinished packs. Nobody else writes here while our own lock is held."""
    for pattern in ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*", "objects/tmp_*"):
        for remains in clone.glob(pattern):
            logger.info("removing %s, which an interrupted git left behind", remains)
            remains.unlink(missing_ok=True)


def _change(entry: bytes) -> Change:
    when, *rest = (part.strip(b"\n") for part in entry.split(b"\0"))
    letters_and_names = [part for part in rest if part]
    committed = moment(when.decode())
    return Change(
        committed_at=stamp(committed) if committed else "",
        files={
            name.decode(errors="backslashreplace"): letter.decode()
            for letter, name in zip(letters_and_names[::2], letters_and_names[1::2], strict=True)
        },
    )
