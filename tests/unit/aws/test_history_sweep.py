"""How far a sweep reaches, by answers that botocore holds against the model of CloudTrail.

- what moto's CloudTrail does not do by itself: empty pages with a token, another clock, an audit that is being ended
- the pace and the one call that is allowed
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from drift_audit_aws.history.keeping import log_of
from drift_audit_aws.history.sweep import Swept, sweep
from drift_audit_aws.session import Pace, RefusedCall, check_allowed
from drift_audit_aws.settings import AwsHistory

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FAST = AwsHistory(requests_per_second=1000.0)


def entry(minutes: int, number: int = 0) -> dict[str, Any]:
    """A stop of an instance so many minutes ago."""
    at = NOW - timedelta(minutes=minutes)
    record = {
        "eventID": f"e-{minutes}-{number}",
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": "StopInstances",
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaa"}]}},
    }
    return {"EventId": record["eventID"], "EventTime": at, "CloudTrailEvent": json.dumps(record)}


def swept(pages: Iterable[dict[str, Any]], settings: AwsHistory = FAST, **more: Any) -> Swept:
    client = boto3.client("cloudtrail", region_name="eu-west-1", aws_access_key_id="rig", aws_secret_access_key="rig")
    with Stubber(client) as stubber:
        for number, page in enumerate(pages):
            request = {"LookupAttributes": ANY, "StartTime": ANY, "MaxResults": 50}
            stubber.add_response("lookup_events", page, {**request, "NextToken": ANY} if number else request)
        return sweep(client, account="1", region="eu-west-1", settings=settings, now=more.pop("now", NOW), **more)


def page(*entries: dict[str, Any], token: str = "", date: datetime | None = None) -> dict[str, Any]:
    headers = {"HTTPHeaders": {"date": format_datetime(date, usegmt=True)}} if date else {}
    return {"Events": list(entries), "ResponseMetadata": headers, **({"NextToken": token} if token else {})}


def test_an_empty_page_with_a_token_is_not_the_end() -> None:
    found = swept([page(entry(5), token="a"), page(token="b"), page(entry(90))])

    assert found.seen == 2
    assert found.problem is None
    assert found.complete_from == NOW - timedelta(hours=24)


def test_a_window_without_a_change_is_complete() -> None:
    found = swept([page()])

    assert (found.seen, found.complete_from, found.problem) == (0, NOW - timedelta(hours=24), None)


def test_a_sweep_that_ends_early_is_complete_only_after_the_oldest_change_it_saw() -> None:
    found = swept([page(entry(5), entry(30), token="a")], AwsHistory(max_pages=1))

    assert found.complete_from == NOW - timedelta(minutes=30) + timedelta(seconds=1)
    assert found.problem is not None and "it reaches back to 2026-11-20T11:30:01Z only" in found.problem.reason


def test_a_page_out_of_order_makes_only_what_is_newer_than_all_of_it_sure() -> None:
    found = swept(
        [page(entry(5), token="a"), page(entry(60), entry(20), entry(40), token="b")], AwsHistory(max_pages=2)
    )

    assert found.complete_from == NOW - timedelta(minutes=20) + timedelta(seconds=1)


def test_an_early_end_without_any_change_knows_nothing() -> None:
    found = swept([page(token="a")], AwsHistory(max_pages=1))

    assert found.complete_from is None
    assert log_of(found, "eu-west-1", frozenset()).complete_until == ""


def test_what_is_delivered_is_told_by_the_clock_of_aws() -> None:
    fast_clock = NOW + timedelta(hours=3)

    found = swept([page(entry(5), date=NOW)], now=fast_clock)

    log = log_of(found, "eu-west-1", frozenset())
    assert log.complete_until == "2026-11-20T11:45:00Z"
    assert log.complete_from == "2026-11-19T15:00:00Z"


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_date_that_nobody_can_read_leaves_our_own_clock(date: str) -> None:
    odd = {"Events": [], "ResponseMetadata": {"HTTPHeaders": {"date": date}}}

    assert swept([odd]).read_at == NOW


def test_nobody_waits_for_a_sweep_whose_audit_is_over() -> None:
    found = swept([page(entry(5), token="a")], stopped=lambda: True)

    assert found.seen == 1
    assert found.problem is not None


def test_the_time_that_a_sweep_may_take_ends_it() -> None:
    found = swept([page(entry(5), token="a")], AwsHistory(max_seconds=1e-9))

    assert found.problem is not None and "the budget ended" in found.problem.reason


def test_the_pace_has_no_burst() -> None:
    clock = iter([0.0, 0.0, 0.0, 0.6])
    slept: list[float] = []
    pace = Pace(2.0, burst=1.0, clock=lambda: next(clock), sleep=slept.append)

    for _ in range(4):
        pace.wait()

    assert slept == [0.5, 1.0, pytest.approx(0.9)]


def test_looking_up_is_a_read_and_changing_a_trail_is_not() -> None:
    check_allowed("LookupEvents")

    for operation in ("StopLogging", "DeleteTrail", "PutEventSelectors"):
        with pytest.raises(RefusedCall):
            check_allowed(operation)


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_hours": 0.0},
        {"window_hours": 2161.0},
        {"max_pages": 0},
        {"max_seconds": 0.0},
        {"requests_per_second": 0.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"history\."):
        AwsHistory(**wrong)
