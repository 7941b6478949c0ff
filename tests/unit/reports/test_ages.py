"""Ages as kubectl writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drift_audit.clock import stamp
from drift_audit_reports.ages import age_text

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 30, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY + 23 * HOUR, "8d"),
        (2 * YEAR - DAY, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + DAY, "2y1d"),
        (8 * YEAR + DAY, "8y"),
        (-30, "0s"),
    ],
)
def test_the_older_the_coarser(seconds: int, told: str) -> None:
    # The values are those of k8s.io/apimachinery pkg/util/duration, HumanDuration.
    assert age_text(stamp(NOW - timedelta(seconds=seconds)), NOW) == told


@pytest.mark.parametrize("since", ["", "yesterday"])
def test_a_moment_that_nobody_knows_has_no_age(since: str) -> None:
    assert age_text(since, NOW) == ""
    assert age_text("2026-11-20T11:00:00Z", None) == ""
