"""Real Git repositories for tests, with chosen authors and dates, on disk or over `git daemon`."""

from __future__ import annotations

import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_START_OF_TIME = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    email: str


ALICE = Author("Alice Example", "alice@example.com")
BOB = Author("Bob Example", "bob@example.com")


@dataclass(frozen=True, slots=True)
class GitRepo:
    """A repository with a work tree, untouched by any Git settings of this machine."""

    path: Path

    @property
    def url(self) -> str:
        return str(self.path)

    @property
    def head(self) -> str:
        """The full hash of the commit that is checked out."""
        return self.git("rev-parse", "HEAD").strip()

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Writes the files into the work tree; `None` removes one."""
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def link(self, name: str, target: str) -> None:
        """A symbolic link in the work tree, pointing wherever the test wants."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def commit(
        self,
        files: Mapping[str, str | bytes | None] | None = None,
        message: str = "Change the fleet",
        *,
        author: Author = ALICE,
        date: datetime = _START_OF_TIME,
    ) -> str:
        """The hash of a new commit of the files and of whatever else changed in the work tree."""
        self.write(files or {})
        self.git("add", "--all")
        signature = {"NAME": author.name, "EMAIL": author.email, "DATE": date.isoformat()}
        signed = {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in signature.items()}
        self.git("commit", "--quiet", "--allow-empty", "-m", message, environment=signed)
        return self.head

    def branch(self, name: str) -> None:
        """Makes a branch at HEAD and switches to it, or switches to it where it exists."""
        known = self.git("branch", "--list", name).strip()
        self.git("switch", "--quiet", *([] if known else ["--create"]), name)

    def git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What git prints; raises `CalledProcessError`, with git's words in `stderr`, if it fails."""
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            env=_isolated() | dict(environment or {}),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


def make_repo(path: Path, files: Mapping[str, str | bytes | None] | None = None, *, branch: str = "main") -> GitRepo:
    """A new repository; with files, they are its first commit."""
    path.mkdir(parents=True)
    repo = GitRepo(path)
    repo.git("init", "--quiet", f"--initial-branch={branch}")
    if files is not None:
        repo.commit(files, "Declare the fleet")
    return repo


@contextmanager
def served_by_daemon(folder: Path) -> Iterator[str]:
    """The base URL `git://127.0.0.1:PORT` under which every repository below `folder` can be cloned.

    git's daemon answers each connection in inetd mode; the listening socket is ours, so that no port can be
    lost to somebody else between choosing and using it.
    """

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            command = ["git", "daemon", "--inetd", "--export-all", "--log-destination=none", f"--base-path={folder}"]
            subprocess.run([*command, str(folder)], stdin=self.request, stdout=self.request, env=_isolated())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection) as server:
        accepting = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        accepting.start()
        try:
            yield f"git://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            accepting.join()


def _isolated() -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
