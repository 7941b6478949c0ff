"""Garbage collection while loading: the largest single cost of building millions of dictionaries."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLD = 5_000_000
"""New containers between two collections. Nearly all that is loaded stays, so that a collection only walks it for
nothing: Python's own 700 makes up more than half of an audit. A page of 1,000 instances has some 50,000."""


class _Relaxed:
    """Counts the blocks that are open, for several clusters may be loading at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._before = gc.get_threshold()

    def enter(self) -> None:
        with self._lock:
            if self._open == 0:
                self._before = gc.get_threshold()
                gc.set_threshold(_THRESHOLD, 20, 100)
            self._open += 1

    def leave(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open == 0:
                gc.set_threshold(*self._before)


_relaxed = _Relaxed()


@contextmanager
def relaxed_garbage_collection() -> Iterator[None]:
    """Collects rarely inside the block."""
    _relaxed.enter()
    try:
        yield
    finally:
        _relaxed.leave()
