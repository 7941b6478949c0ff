"""How quickly calls are let out, and what they cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_BURST = 10.0


@dataclass(slots=True)
class Pace:
    """Lets calls out at `per_second`, after a first burst."""

    per_second: float
    burst: float = _BURST
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _tokens: float | None = None
    _at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        with self._lock:
            now = self.clock()
            tokens = self.burst if self._tokens is None else self._tokens
            if self._at is not None:
                tokens = min(self.burst, tokens + (now - self._at) * self.per_second)
            self._at = now
            self._tokens = tokens - 1
            shortfall = -self._tokens / self.per_second if self._tokens < 0 else 0.0
        if shortfall > 0:
            self.sleep(shortfall)


@dataclass(slots=True)
class Meter:
    """Counts what calls cost. Retries count as calls: they cost the same budget."""

    calls: int = 0
    throttles: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *, throttled: bool) -> None:
        with self._lock:
            self.calls += 1
            self.throttles += throttled
