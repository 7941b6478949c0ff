"""Runs git so that nothing of the machine's configuration, and nothing of a repository, runs with it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from drift_audit.collect.git.problems import GitProblem, one_line
from drift_audit.collect.git.remotes import Remote, without_credentials

_QUIET_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "credential.helper=",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "http.followRedirects=initial",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
    "protocol.allow=never",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_CONFIG_COUNT": "0",
}
_READ_TIMEOUT = 120.0
FETCH_TIMEOUT = 300.0

_EXPLAINED: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), what, remedy)
    for pattern, what, remedy in (
        (
            r"host key verification failed",
            "has a host key that this machine does not know",
            "add the server's key to known_hosts of the user that runs the audit",
        ),
        (
            r"authentication failed|could not read (username|password)|permission denied|returned error: 40[13]"
            r"|invalid credentials|access denied|publickey",
            "refused the credentials",
            "give the audit read access: a token in the URL (from an environment variable) or an SSH key",
        ),
        (
            r"could not resolve|connection (refused|reset|timed out)|unable to (connect|look up)|failed to connect"
            r"|no route|timed out|unreachable|hung up|early eof",
            "cannot be reached",
            "check the URL, the network and the server, then run again",
        ),
        (
            r"repository .*not found|does not appear to be a git repository|does not exist|no such file|not exported"
            r"|access rights",
            "does not exist, or is hidden from these credentials",
            "check the URL and the access rights",
        ),
        (r"unable to access", "cannot be reached", "check the URL, the network and the server, then run again"),
        (
            r"transport .* not allowed",
            "answers with a protocol that is not allowed",
            "configure the final URL of the repository",
        ),
    )
)


_ENDS_WITHIN = 5.0
"""Seconds that git gets to remove its lock files and unfinished packs before it is killed."""


class GitMissing(GitProblem):
    """There is no git: every question would get the same answer."""


def _missing() -> GitMissing:
    return GitMissing("git is not installed", "install git 2.30 or newer and put it on PATH")


def _end(process: Any) -> None:
    """Ends git and whatever it started, such as git-remote-https or ssh; does nothing where all have ended.

    They are a process group of their own. Killing git alone would leave a helper behind that holds our pipes open.
    """
    if process.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_ENDS_WITHIN)
            return


class GitCommand:
    """Git on one repository's object database.

    Nothing here applies a filter, an attribute or a hook: objects are read as they are stored.
    """

    def __init__(self, git_dir: Path, label: str) -> None:
        self._git_dir = git_dir
        self._label = label

    def read(self, *arguments: str, stdin: IO[bytes] | None = None, timeout: float = _READ_TIMEOUT) -> bytes:
        """Standard output of a command that only reads. Raises GitProblem."""
        return self._run(arguments, remote=None, stdin=stdin, timeout=timeout)

    def try_read(self, *arguments: str) -> str | None:
        """Standard output as text, `None` when git says no."""
        try:
            return self.read(*arguments).decode(errors="replace").strip()
        except GitMissing:
            raise
        except GitProblem:
            return None

    def fetch(self, remote: Remote, *refspecs: str, timeout: float = FETCH_TIMEOUT) -> None:
        """Brings refs of the remote here. Raises GitProblem."""
        options = ("--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--prune")
        self._run(("fetch", *options, "--end-of-options", remote.url, *refspecs), remote=remote, timeout=timeout)

    def _run(
        self, arguments: Sequence[str], *, remote: Remote | None, timeout: float, stdin: IO[bytes] | None = None
    ) -> bytes:
        environment, config = dict(_ENVIRONMENT), list(_QUIET_CONFIG)
        if "GIT_SSH_COMMAND" not in os.environ:
            environment["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
        if remote is not None:
            config.append(f"protocol.{remote.protocol}.allow=always")
            if remote.header:
                # In the environment, not on the command line, where every user of the machine could read it;
                # and not followed to wherever the server points.
                config.append("http.followRedirects=false")
                environment |= {
                    "GIT_CONFIG_COUNT": "1",
                    "GIT_CONFIG_KEY_0": f"http.{remote.url}.extraHeader",
                    "GIT_CONFIG_VALUE_0": remote.header,
                }
        settings = [part for setting in config for part in ("-c", setting)]
        command = ["git", "--no-pager", "--no-replace-objects", f"--git-dir={self._git_dir}", *settings, *arguments]
        try:
            import git  # GitPython looks for the program when it is imported
        except ImportError as error:
            raise _missing() from error
        try:
            process = git.Git(self._git_dir).execute(
                command,
                istream=stdin,  # type: ignore[arg-type]
                as_process=True,
                env=environment,
                start_new_session=True,
            )
        except git.GitCommandNotFound as error:
            raise _missing() from error
        assert isinstance(process, git.Git.AutoInterrupt)
        try:
            output, said = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise self._too_slow(timeout) from error
        finally:
            _end(process)
        if process.returncode != 0:
            raise self._explained(said.decode(errors="replace"), process.returncode)
        return bytes(output)

    def _too_slow(self, seconds: float) -> GitProblem:
        return GitProblem(
            f"{self._label} did not answer in time: no end within {seconds:g} s",
            "check the network and the server, or raise timeout_seconds of the Git source",
        )

    def _explained(self, stderr: str, status: object) -> GitProblem:
        said = without_credentials(stderr).strip()
        for pattern, what, remedy in _EXPLAINED:
            if pattern.search(said):
                return GitProblem(f"{self._label} {what}: {one_line(said)}", remedy)
        return GitProblem(
            f"git failed on {self._label}: {one_line(said) or f'exit status {status}'}",
            "run the same git command by hand to see more",
        )
