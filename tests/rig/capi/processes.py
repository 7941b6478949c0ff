"""A process that a test may freeze, kill and start again, and a guard that lets none outlive the test run."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

_READY_WITHIN_SECONDS = 120.0
_STOP_WITHIN_SECONDS = 20.0


class ProcessFailed(Exception):
    """A process ended or did not get ready; the text holds the end of its log."""


@dataclass(slots=True, kw_only=True)
class Controller:
    """A controller process by its name; it may be down or frozen when a test wants it so."""

    name: str
    command: tuple[str, ...]
    folder: Path
    health: str
    """The URL that answers 200 when the process is ready."""
    authority: Path
    """Who signed the certificate of that URL."""
    group: int
    """The process group that the guard kills."""
    webhook_port: int = 0
    identity: str = ""
    """Who it is to the API server."""
    _process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def log(self) -> Path:
        """What it has printed since the rig began, restarts included."""
        return self.folder / f"{self.name}.log"

    @property
    def process_id(self) -> int:
        if self._process is None:
            raise ProcessFailed(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it without waiting; `await_ready` does."""
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=environment,
                process_group=self.group,
            )

    def await_ready(self) -> None:
        """Returns when its health endpoint says so; raises `ProcessFailed` if it ends or takes too long."""
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        with urllib3.PoolManager(ca_certs=str(self.authority), retries=False, timeout=5.0) as pool:
            while time.monotonic() < deadline:
                if not self.running:
                    raise ProcessFailed(f"{self.name} ended:\n{self.last_lines()}")
                if _answers(pool, self.health):
                    return
                time.sleep(0.1)
        raise ProcessFailed(f"{self.name} was not ready after {_READY_WITHIN_SECONDS:.0f} s:\n{self.last_lines()}")

    def stop(self) -> None:
        """Ends it in its own time, and at once if that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        # A frozen process takes the signal only when it goes on.
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(_STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Ends it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Starts it anew, whatever became of it, and waits until it is ready."""
        self.stop()
        self.start()
        self.await_ready()

    def freeze(self) -> None:
        """Holds it in place: its connections stay open and nobody answers."""
        os.kill(self.process_id, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets a frozen one go on; harmless otherwise."""
        os.kill(self.process_id, signal.SIGCONT)

    def last_lines(self, count: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:]) if self.log.exists() else ""


@contextmanager
def guarded_group() -> Iterator[int]:
    """A process group that is killed with the block, and also when this process dies without leaving the block.

    Its leader waits for the end of a pipe whose other end only this process holds, then kills its whole group.
    """
    command = ["sh", "-c", "read -r _; kill -KILL 0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0) as guard:
        try:
            yield guard.pid
        finally:
            os.killpg(guard.pid, signal.SIGKILL)
            guard.wait()


def _answers(pool: urllib3.PoolManager, url: str) -> bool:
    try:
        return pool.request("GET", url).status == 200
    except urllib3.exceptions.HTTPError:
        return False
