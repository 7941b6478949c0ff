"""How the process is left: nothing of it stays behind, whatever its threads are waiting for.

An interrupted audit has threads in the middle of a request, and programs that it started (git, kustomize, credential
plug-ins). The interpreter would wait for the first and forget the second; both end here.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

_CHILDREN_END_WITHIN = 3.0
"""Seconds between asking and killing: git removes its lock files when it is asked."""
_PAUSE = 0.02
_PROC = Path("/proc")


@contextmanager
def own_scratch_folder() -> Iterator[None]:
    """A folder for every temporary file of the block, client keys of kubeconfigs among them; it vanishes with it."""
    before = tempfile.tempdir
    try:
        folder = tempfile.mkdtemp(prefix="drift-audit-")
    except OSError:  # no place for temporary files: what needs one says so
        yield
        return
    tempfile.tempdir = folder
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def keep_standard_streams() -> None:
    """Opens what was closed of the three (`>&-`) onto nothing: else the next file that is opened takes the place, and a
    program that we start would write into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


def leave(code: int) -> NoReturn:
    """Ends the process with this exit code, without waiting for threads that were given up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if threading.active_count() == 1 and not _living(set()):
        gc.freeze()  # the system takes the memory back as a whole; to look through it first takes as long as judging
        sys.exit(code)
    end_now(code)


def end_now(code: int) -> NoReturn:
    """Ends the process at once, from any thread, after the programs that it started."""
    logging.disable()  # threads that lose their programs would complain
    folder = tempfile.tempdir
    end_children()
    if folder is not None and Path(folder).name.startswith("drift-audit-"):
        shutil.rmtree(folder, ignore_errors=True)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def end_children() -> None:
    """Asks every program that this process started to end, and kills what does not."""
    asked: set[int] = set()
    ends = time.monotonic() + _CHILDREN_END_WITHIN
    while living := _living(asked):
        late = time.monotonic() >= ends
        for pid in living:
            if late or pid not in asked:
                asked.add(pid)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        if time.monotonic() >= ends + 1:  # not ours to kill, such as one that changed its user
            return
        time.sleep(_PAUSE)


def _living(asked: set[int]) -> set[int]:
    """What runs below this process, and what did when it was asked: an orphan has another parent."""
    processes = list(_processes())
    return _below(os.getpid(), processes) | (asked & {pid for pid, _ in processes})


def _below(root: int, processes: Iterable[tuple[int, int]]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in processes:
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [root]
    while waiting:
        below = children.pop(waiting.pop(), [])
        found.update(below)
        waiting += below
    return found


def _processes() -> Iterator[tuple[int, int]]:
    """(process, its parent) of all that run; zombies do not."""
    if not (_PROC / "self" / "stat").exists():
        yield from _processes_by_ps()
        return
    for entry in os.scandir(_PROC):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                state, parent = (_PROC / entry.name / "stat").read_text().rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    yield int(entry.name), int(parent)


def _processes_by_ps() -> Iterator[tuple[int, int]]:
    with contextlib.suppress(OSError):
        lister = subprocess.Popen(["ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True)
        told, _ = lister.communicate()
        for line in told.splitlines():
            pid, parent, state = (*line.split(), "", "")[:3]
            if pid != str(lister.pid) and not state.startswith("Z"):
                yield int(pid), int(parent)
