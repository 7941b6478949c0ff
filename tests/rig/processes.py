"""Programs that run for the length of a block, and ports that nobody else can take meanwhile."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_STOP_WITHIN_SECONDS = 15.0


@contextmanager
def reserved_port() -> Iterator[int]:
    """A loopback port that stays reserved for the block: bound here, listened to by a server that shares it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        yield port


@contextmanager
def running_process(
    command: Sequence[str], log: int, folder: Path, *, inherited: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, started in that folder with next to no environment, and ended with the block.

    What it prints goes to the file descriptor `log`; the descriptors in `inherited` stay open in it.
    """
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    with subprocess.Popen(
        command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, env=environment, pass_fds=inherited
    ) as child:
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(_STOP_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
