"""Jobs side by side: what takes too long is given up, and holds up nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from drift_audit.collect.in_time import Allowance, Late, in_time


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event that is set when the test is over, so that no thread outlives it."""
    event = threading.Event()
    yield event
    event.set()


def late(item: int, why: Late) -> str:
    return f"late {item}: {why.reason}"


def test_results_come_in_the_order_of_the_items() -> None:
    def job(item: int) -> str:
        time.sleep(0.05 * (3 - item))
        return f"done {item}"

    assert in_time([0, 1, 2], job, late, width=3, allowance=Allowance(30)) == ["done 0", "done 1", "done 2"]


def test_one_job_that_hangs_costs_only_itself(never: threading.Event) -> None:
    def job(item: int) -> str:
        if item == 0:
            never.wait(30)
        return f"done {item}"

    began = time.monotonic()
    results = in_time([0, 1, 2], job, late, width=1, allowance=Allowance(30), each=lambda item: 0.2)

    assert results == ["late 0: not read: no end within 0.2 s", "done 1", "done 2"]
    assert time.monotonic() - began < 10


def test_a_job_that_comes_back_too_late_changes_nothing(never: threading.Event) -> None:
    def job(item: int) -> str:
        time.sleep(0.3 if item == 0 else 0.6)
        return f"done {item}"

    results = in_time([0, 1], job, late, width=2, allowance=Allowance(30), each=lambda item: (0.1, 20)[item])

    assert results == ["late 0: not read: no end within 0.1 s", "done 1"]


def test_when_the_time_of_the_fleet_is_over_nothing_is_begun(never: threading.Event) -> None:
    begun: list[int] = []

    def job(item: int) -> str:
        begun.append(item)
        never.wait(30)
        return ""

    results = in_time([0, 1], job, late, width=1, allowance=Allowance(0.2))
    assert results == [f"late {item}: not read: the 0.2 s for reading the fleet were over" for item in (0, 1)]
    assert begun == [0]

    assert in_time([2], job, late, width=1, allowance=Allowance(0))[0].startswith("late 2")
    assert begun == [0]


def test_what_a_job_raises_is_raised() -> None:
    def job(item: int) -> str:
        raise LookupError(item)

    with pytest.raises(LookupError):
        in_time([7], job, late, width=4, allowance=Allowance(30))


def test_no_items_need_no_time() -> None:
    assert in_time([], late, late, width=4, allowance=Allowance(0)) == []  # type: ignore[arg-type]
