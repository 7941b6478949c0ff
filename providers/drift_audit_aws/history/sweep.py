"""The changes of one account in one region, newest first, and honestly from when on none is missing.

`LookupEvents` allows two requests a second for each account and region and 50 events a page (CloudTrail API reference,
LookupEvents), so that one sweep serves all findings of a scope, and nothing is ever looked up for a single one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from drift_audit.clock import stamp
from drift_audit_aws.history.records import ACTION, Recorded, recorded
from drift_audit_aws.refusals import FAILURES, Refusal, refusal
from drift_audit_aws.settings import AwsHistory

logger = logging.getLogger(__name__)

PAGE_SIZE = 50
DELIVERY_LAG = timedelta(minutes=15)
"""How late CloudTrail typically delivers at most (user guide, "How CloudTrail works")."""

_ONLY_WRITES = [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]
_REMEDY_BUG = "See the traceback in the log and report it."
_REMEDY_BUDGET = (
    "Raise max_pages and max_seconds under clouds.aws.history, or run the audit more often with a smaller window."
)
_REMEDY_AGAIN = "Run the audit again; the answer of CloudTrail was not whole."


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep gave before it ended."""

    asked_from: datetime
    complete_from: datetime | None
    """`None` when not even one page came."""
    read_at: datetime
    """By the clock of AWS, where it told the time."""
    records: tuple[Recorded, ...]
    seen: int
    unreadable: int
    problem: Refusal | None


@dataclass(slots=True)
class _Progress:
    """What the pages so far have told."""

    records: list[Recorded] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    seen: int = 0
    unreadable: int = 0
    pages: int = 0
    last: datetime | None = None
    """Time of the event before, to see whether the order holds."""
    newest_of_page: datetime | None = None
    ordered: bool = True
    server_time: datetime | None = None

    def take(self, page: Mapping[str, Any]) -> None:
        self.pages += 1
        self.newest_of_page = None
        self.server_time = self.server_time or _server_time(page)
        for entry in page.get("Events", ()):
            self._entry(entry)

    def _entry(self, entry: Mapping[str, Any]) -> None:
        at = entry.get("EventTime")
        if isinstance(at, datetime):
            self.ordered = self.ordered and (self.last is None or at <= self.last)
            self.last = at
            self.newest_of_page = max(self.newest_of_page or at, at)
        identity = str(entry.get("EventId", ""))
        if identity and identity in self.ids:
            return
        self.ids.add(identity)
        self.seen += 1
        found = recorded(entry)
        if found is None:
            self.unreadable += 1
        else:
            self.records.append(found)

    def reaches_to(self) -> datetime | None:
        """From when on nothing is missing: after the oldest event that was seen, since its second may hold more.

        Where events did not come in order, only what is newer than the whole last page is sure.
        """
        found = self.last if self.ordered else self.newest_of_page
        return found + timedelta(seconds=1) if found is not None else None


def sweep(
    client: Any,
    *,
    account: str,
    region: str,
    settings: AwsHistory,
    now: datetime,
    stopped: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda changes: None,
) -> Swept:
    """The changes in the window, as far as budget and AWS allowed. Never raises for what AWS does.

    `stopped` is asked between pages whether anybody still wants them, and `told` hears how many a page had.
    """
    asked_from = now - timedelta(hours=settings.window_hours)
    progress = _Progress()
    problem: Refusal | None = None
    try:
        problem = _read(client, progress, asked_from, settings, stopped, told)
    except FAILURES as error:
        problem = refusal(error, ACTION, account, region)
    except Exception as error:
        logger.exception("reading the change history of %s in %s failed", account, region)
        problem = Refusal(code="", reason=f"reading failed unexpectedly: {type(error).__name__}", remedy=_REMEDY_BUG)
    complete_from = asked_from if problem is None else progress.reaches_to()
    return Swept(
        asked_from=asked_from,
        complete_from=complete_from,
        read_at=progress.server_time or now,
        records=tuple(progress.records),
        seen=progress.seen,
        unreadable=progress.unreadable,
        problem=problem,
    )


def _read(
    client: Any,
    progress: _Progress,
    asked_from: datetime,
    settings: AwsHistory,
    stopped: Callable[[], bool],
    told: Callable[[int], None],
) -> Refusal | None:
    """Page by page; what stopped it before the end, or nothing."""
    deadline = time.monotonic() + settings.max_seconds
    for page in _pages(client, progress, asked_from):
        progress.take(page)
        told(len(page.get("Events", ())))
        token = page.get("NextToken")
        if not token:
            return None
        if token in progress.tokens:
            return _stopped(progress, f"{ACTION} gave the same page again", _REMEDY_AGAIN)
        progress.tokens.add(token)
        if progress.pages >= settings.max_pages or time.monotonic() >= deadline or stopped():
            return _stopped(progress, f"the budget ended after {progress.seen} changes", _REMEDY_BUDGET)
    return None


def _pages(client: Any, progress: _Progress, asked_from: datetime) -> Iterator[Mapping[str, Any]]:
    """Without an end of the window, so that a clock of ours that is late hides nothing."""
    arguments: dict[str, Any] = {
        "LookupAttributes": _ONLY_WRITES,
        "StartTime": asked_from,
        "MaxResults": PAGE_SIZE,
    }
    while True:
        page = client.lookup_events(**arguments)
        yield page
        arguments["NextToken"] = page["NextToken"]


def _stopped(progress: _Progress, why: str, remedy: str) -> Refusal:
    reached = progress.reaches_to()
    until = f": it reaches back to {stamp(reached)} only" if reached is not None else ""
    return Refusal(code="", reason=why + until, remedy=remedy)


def _server_time(page: Mapping[str, Any]) -> datetime | None:
    told = page.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(told) if told else None
    except ValueError:
        return None
