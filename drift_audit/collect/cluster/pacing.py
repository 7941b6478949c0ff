"""How long to go on: the deadline of a management cluster, retries with their pauses, and what a read cost."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from drift_audit.collect.cluster.faults import Unreadable

RETRIES = {429: 5, 503: 5, 502: 2, 504: 1, 500: 1}
"""How often an answer with this status is asked for again. 500 is mostly a broken conversion webhook, which
stays broken; once is worth it because etcd answers so while it elects a leader."""
RECONNECTS = 2
"""How often a connection that broke off is tried again; a timeout never is, for it has cost enough."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 8.0
_RAISE_OWN = "Raise deadline_seconds of this management cluster, or narrow the audit by namespaces."
_RAISE_WORKLOAD = "Raise workload.deadline_seconds."
_RAISE_FLEET = "Raise --timeout or the deadline_seconds of the audit, or narrow the audit by namespaces."


@dataclass(slots=True)
class Tally:
    """What one scope has cost so far."""

    calls: int = 0
    throttles: int = 0
    """Answers that told to slow down: 429 and 503."""
    seconds: float = 0.0


class Deadline:
    """The moment after which a management cluster is not waited for any longer."""

    def __init__(self, seconds: float, *, of_fleet: bool = False, workload: bool = False) -> None:
        """`of_fleet`: it is what remains of the time for the whole fleet. `workload`: of a workload cluster."""
        self._allowed = seconds
        self._what = "workload cluster" if workload else "management cluster"
        self._remedy = _RAISE_FLEET if of_fleet else _RAISE_WORKLOAD if workload else _RAISE_OWN
        self._ends = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds, never negative."""
        return max(0.0, self._ends - time.monotonic())

    def check(self, doing: str) -> None:
        """Raises `Unreadable` once the time is up."""
        if self.remaining <= 0:
            raise Unreadable(
                f"{doing}: the {self._allowed:.3g} s for reading this {self._what} were over",
                self._remedy,
            )

    def allows(self, seconds: float) -> bool:
        return seconds < self.remaining


def pause_before_retry(attempt: int, headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait: what `Retry-After` says, else growing with the attempt; both with a random share on top,
    so that the parallel lists do not come back all at once."""
    told = _retry_after(headers.get("Retry-After", ""), now)
    if told is None:
        told = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**attempt)
    return told + random.uniform(0, 0.25 * max(told, _FIRST_PAUSE))


def _retry_after(text: str, now: datetime) -> float | None:
    """Kubernetes sends seconds; proxies also send an HTTP date."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
