"""Jobs side by side, none of which can hold the audit up: what is not done in time is given up.

A deadline inside a collector is the better one, for it keeps what was read so far. This is for what no collector
sees: a peer that sends one byte a minute, an SDK that waits without limit, a plug-in that hangs.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_LONGEST_WAIT = 1.0
"""Seconds after which the clock is looked at again: a job may have begun meanwhile."""
_GRACE = 0.9


@dataclass(frozen=True, slots=True)
class Allowance:
    """The time that reading the whole fleet may take."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def remaining(self) -> float:
        """Seconds, never negative."""
        return max(0.0, self.begun + self.seconds - time.monotonic())

    @property
    def share(self) -> float:
        """Seconds for a collector that minds a deadline itself: less than remains, so that it can still report."""
        return self.remaining * _GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Why a job was given up, in the words of a gap."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Done(Generic[_Result]):
    """What became of one job."""

    index: int
    result: _Result | None = None
    error: BaseException | None = None


def in_time(
    items: Sequence[_Item],
    job: Callable[[_Item], _Result],
    late: Callable[[_Item, Late], _Result],
    *,
    width: int,
    allowance: Allowance,
    each: Callable[[_Item], float] = lambda item: math.inf,
) -> list[_Result]:
    """The result of each job in the order of the items, `width` jobs at a time. Raises what a job raised.

    `late` gives the result of a job that was not done within its own `each` seconds or within the allowance. The
    jobs run in threads that the process does not wait for, and the caller only waits: a signal interrupts it at once.
    """
    return _Jobs(items, job, late, allowance, each).run(width)


class _Jobs(Generic[_Item, _Result]):
    """The jobs of one call, with what is waiting, running and done."""

    def __init__(
        self,
        items: Sequence[_Item],
        job: Callable[[_Item], _Result],
        late: Callable[[_Item, Late], _Result],
        allowance: Allowance,
        each: Callable[[_Item], float],
    ) -> None:
        self._items = items
        self._job = job
        self._late = late
        self._allowance = allowance
        self._each = each
        self._waiting: queue.SimpleQueue[tuple[int, _Item]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done[_Result]] = queue.SimpleQueue()
        self._begun: dict[int, float] = {}
        self._settled: dict[int, _Result] = {}

    def run(self, width: int) -> list[_Result]:
        for numbered in enumerate(self._items):
            self._waiting.put(numbered)
        if self._allowance.remaining > 0:
            for _ in range(min(width, len(self._items))):
                self._start()
        while len(self._settled) < len(self._items) and self._allowance.remaining > 0:
            self._await_one(min([_LONGEST_WAIT, self._allowance.remaining, *self._left().values()]))
            for index in [index for index, seconds in self._left().items() if seconds <= 0]:
                item = self._items[index]
                self._settled[index] = self._late(item, _own_time_over(self._each(item)))
                self._start()  # the thread of the job that was given up may never come back
        self._drain()
        fleet = _fleet_time_over(self._allowance)
        return [
            self._settled[index] if index in self._settled else self._late(item, fleet)
            for index, item in enumerate(self._items)
        ]

    def _start(self) -> None:
        threading.Thread(target=self._work, name="collect", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                index, item = self._waiting.get_nowait()
            except queue.Empty:
                return
            self._begun[index] = time.monotonic()
            try:
                self._done.put(_Done(index, self._job(item)))
            except BaseException as error:
                self._done.put(_Done(index, error=error))

    def _await_one(self, seconds: float) -> None:
        try:
            one = self._done.get(timeout=seconds)
        except queue.Empty:
            return
        if one.index in self._settled:  # it came back after all, too late
            return
        if one.error is not None:
            raise one.error
        self._settled[one.index] = one.result  # type: ignore[assignment]

    def _left(self) -> dict[int, float]:
        """Seconds that each running job still has, never negative."""
        now = time.monotonic()
        return {
            index: max(0.0, begun + self._each(self._items[index]) - now)
            for index, begun in list(self._begun.items())
            if index not in self._settled
        }

    def _drain(self) -> None:
        """Takes away what no thread has begun, so that none begins it after the time."""
        while True:
            try:
                self._waiting.get_nowait()
            except queue.Empty:
                return


def _fleet_time_over(allowance: Allowance) -> Late:
    return Late(
        reason=f"not read: the {allowance.seconds:g} s for reading the fleet were over",
        remedy="Raise --timeout or deadline_seconds; `--verbose` shows which scope takes how long.",
    )


def _own_time_over(seconds: float) -> Late:
    return Late(
        reason=f"not read: no end within {seconds:g} s",
        remedy="Check the network and what answers there, or raise the deadline of this scope in the configuration.",
    )
