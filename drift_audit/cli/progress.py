"""How far a long audit has come, on standard error: one line that rewrites itself, or a line now and then.

Collectors tell their steps from many threads. A step only adds to some numbers; writing is done by a thread of its
own, so that neither a slow terminal nor a full pipe holds the audit up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from drift_audit.model.progress import Stage, Step

EVERY_SECONDS = 10.0
"""How often a log file hears of a scope that is still running."""


@dataclass(slots=True, kw_only=True)
class Running:
    """One scope that has begun and not ended."""

    began: float
    told: float
    """When a line was last written about it."""
    things: str
    kinds: str
    items: int = 0
    parts: int = 0
    done: int = 0

    def text(self, now: float) -> str:
        """`12,500 objects, 7 of 42 kinds, 14 s`."""
        told = [f"{self.items:,} {self.things}"] if self.items else []
        told += [f"{self.done:,} of {self.parts:,} {self.kinds}"] if self.parts else []
        return ", ".join((*told, f"{now - self.began:.0f} s"))


@dataclass(slots=True)
class State:
    """Everything that was told so far."""

    began: float
    running: dict[str, Running] = field(default_factory=dict)
    ended: int = 0
    lines: deque[str] = field(default_factory=deque)
    """What has begun and ended since the last look, one sentence each."""

    def take(self, step: Step, now: float) -> None:
        scope = self.running.get(step.scope)
        if step.stage is Stage.BEGAN or scope is None:
            self.running[step.scope] = scope = Running(began=now, told=now, things=step.things, kinds=step.kinds)
            if step.text and step.stage is Stage.BEGAN:
                self.lines.append(f"{step.scope}: {step.text}")
        scope.items += step.items
        scope.parts += step.parts
        scope.done += step.done
        if step.stage is Stage.ENDED:
            del self.running[step.scope]
            self.ended += 1
            if step.text or scope.told > scope.began:
                self.lines.append(f"{step.scope}: {step.text or 'done'} ({now - scope.began:.1f} s)")


class Display(Protocol):
    """Where and how a state is shown."""

    @property
    def seconds(self) -> float:
        """Between two looks."""
        ...

    def show(self, state: State, now: float) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PlainLines:
    """For log files and CI: a line when a scope begins and ends, and one every few seconds while it runs."""

    say: Callable[[str], None]
    every: float = EVERY_SECONDS
    seconds: float = 0.5

    def show(self, state: State, now: float) -> None:
        while state.lines:
            self.say(state.lines.popleft())
        for name, scope in state.running.items():
            if now - scope.told >= self.every:
                scope.told = now
                self.say(f"{name}: {scope.text(now)}")

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class OneLine:
    """For a terminal: what is running just now, written over itself and gone at the end."""

    draw: Callable[[str], None]
    seconds: float = 0.2

    def show(self, state: State, now: float) -> None:
        state.lines.clear()
        if state.running or state.ended:
            self.draw(status_text(state, now))

    def end(self) -> None:
        self.draw("")


def status_text(state: State, now: float) -> str:
    """`14 s · 3 of 5 scopes · prod-eu: 12,500 objects, 7 of 42 kinds, 14 s`; what began first comes first."""
    scopes = f"{state.ended} of {state.ended + len(state.running)} scopes"
    return " · ".join(
        (f"{now - state.began:.0f} s", scopes, *(f"{name}: {scope.text(now)}" for name, scope in state.running.items()))
    )


class Teller:
    """A `Progress`: hears every step, and while it is entered, tells them through a display."""

    def __init__(self, display: Display | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._display = display
        self._clock = clock
        self._state = State(began=clock())
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, step: Step) -> None:
        if self._display is not None:
            with self._lock:
                self._state.take(step, self._clock())

    def __enter__(self) -> Teller:
        if self._display is not None:
            self._state.began = self._clock()
            self._over.clear()
            self._thread = threading.Thread(target=self._tell, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None and self._display is not None:
            # A terminal that was stopped must not keep the program from ending.
            self._thread.join(timeout=1.0)
            self._look(self._display)
            with suppress(OSError, ValueError):
                self._display.end()

    def _tell(self) -> None:
        display = self._display
        while display is not None and not self._over.wait(display.seconds):
            if not self._look(display):
                return

    def _look(self, display: Display) -> bool:
        """Shows the state; False when nobody reads standard error any more."""
        with self._lock:
            shown = State(self._state.began, dict(self._state.running), self._state.ended, self._state.lines)
            self._state.lines = deque()
        try:
            display.show(shown, self._clock())
        except (OSError, ValueError):
            return False
        return True


def fitting(text: str, columns: int, widths: Callable[[str], int]) -> str:
    """The beginning of the text that fits, so that a line that is written over never becomes two."""
    used = 0
    for at, sign in enumerate(text):
        used += widths(sign)
        if used > columns:
            return text[:at]
    return text


def is_plain(environ: Mapping[str, str]) -> bool:
    """True where a line that rewrites itself would be noise: CI keeps every version of it."""
    return bool(environ.get("CI")) or environ.get("TERM", "dumb") in ("", "dumb")
