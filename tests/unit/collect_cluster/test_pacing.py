"""Pauses before a retry, and the deadline."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.pacing import Deadline, pause_before_retry

NOW = datetime(2026, 11, 20, 2, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        pytest.param("3", 3, 3.75, id="seconds"),
        pytest.param("0", 0, 0.05, id="at once"),
        pytest.param("Fri, 20 Nov 2026 02:00:10 GMT", 10, 12.5, id="HTTP date"),
        pytest.param("Fri, 20 Nov 2026 01:00:00 GMT", 0, 0.05, id="HTTP date in the past"),
        pytest.param("soon", 0.2, 0.25, id="nonsense"),
        pytest.param("", 0.2, 0.25, id="missing"),
    ],
)
def test_the_first_pause_follows_retry_after(header: str, least: float, most: float) -> None:
    assert least <= pause_before_retry(0, {"Retry-After": header} if header else {}, NOW) <= most


def test_pauses_grow_up_to_a_limit() -> None:
    assert pause_before_retry(3, {}, NOW) >= 1.6
    assert pause_before_retry(60, {}, NOW) <= 10


def test_a_deadline_that_is_over_refuses_and_says_which_setting_helps() -> None:
    deadline = Deadline(0)

    with pytest.raises(Unreadable) as caught:
        deadline.check("list machines")

    assert "list machines" in caught.value.reason
    assert "deadline_seconds" in caught.value.remedy
    assert not deadline.allows(0.1)
