"""Progress: what is told when, to a terminal and to a log, and that telling never holds an audit up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from drift_audit.cli.progress import OneLine, PlainLines, State, Teller, fitting, is_plain, status_text
from drift_audit.model.progress import Step, began, counted, ended, part_done, planned, read


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """A state that steps are taken by, and the log that is written of it."""

    clock: Clock = field(default_factory=Clock)
    state: State = field(default_factory=lambda: State(100.0))
    said: list[str] = field(default_factory=list)

    def take(self, *steps: Step, after: float = 0.0) -> list[str]:
        """The lines that a log gets once these steps have happened."""
        self.clock.now += after
        for step in steps:
            self.state.take(step, self.clock())
        before = len(self.said)
        PlainLines(self.said.append).show(self.state, self.clock())
        return self.said[before:]


def test_a_log_hears_of_the_beginning_the_end_and_every_ten_seconds_between() -> None:
    bench = Bench()

    assert bench.take(began("prod-eu", "reading the management cluster"), planned("prod-eu", 42)) == [
        "prod-eu: reading the management cluster"
    ]
    assert bench.take(read("prod-eu", 500), after=9) == []
    assert bench.take(read("prod-eu", 12_000), part_done("prod-eu"), after=1) == [
        "prod-eu: 12,500 objects, 1 of 42 kinds, 10 s"
    ]
    assert bench.take(after=9) == []
    assert bench.take(after=1) == ["prod-eu: 12,500 objects, 1 of 42 kinds, 20 s"]
    assert bench.take(ended("prod-eu", "34,210 objects of 42 kinds"), after=4.25) == [
        "prod-eu: 34,210 objects of 42 kinds (24.2 s)"
    ]


def test_what_has_nothing_to_say_is_told_only_when_it_takes_long() -> None:
    bench = Bench()

    assert bench.take(began("judging"), ended("judging"), after=2) == []
    assert bench.take(began("judging")) == []
    assert bench.take(after=10) == ["judging: 10 s"]
    assert bench.take(ended("judging"), after=1) == ["judging: done (11.0 s)"]


def test_a_scope_that_hangs_is_told_without_any_step() -> None:
    bench = Bench()
    bench.take(began("aws/1/eu-west-1", "reading the account", things="resources", kinds="types"))

    assert bench.take(after=10) == ["aws/1/eu-west-1: 10 s"]


def test_the_line_of_a_terminal_names_all_that_runs() -> None:
    state = State(0.0)
    for step in (
        began("git fleet", "reading"),
        ended("git fleet", "3 objects"),
        began("prod-eu", "reading"),
        planned("prod-eu", 42),
        read("prod-eu", 500),
        began("aws/1/eu-west-1", "reading", things="resources", kinds="types"),
        read("aws/1/eu-west-1", 7),
    ):
        state.take(step, 3.0)

    assert status_text(state, 14.0) == (
        "14 s · 1 of 3 scopes · prod-eu: 500 objects, 0 of 42 kinds, 11 s · aws/1/eu-west-1: 7 resources, 11 s"
    )


def test_steps_of_a_scope_that_never_began_do_no_harm() -> None:
    bench = Bench()

    bench.take(read("stray", 1), part_done("stray"), ended("stray"), ended("stray"))

    assert not bench.state.running


def test_the_last_step_is_told_although_the_audit_ends_at_once() -> None:
    said: list[str] = []

    with Teller(PlainLines(said.append)) as teller:
        teller(began("a", "reading"))
        teller(ended("a", "1 object"))

    assert said == ["a: reading", "a: 1 object (0.0 s)"]


def test_the_line_of_a_terminal_is_gone_at_the_end_and_after_a_failure() -> None:
    drawn: list[str] = []

    with pytest.raises(KeyboardInterrupt), Teller(OneLine(drawn.append, seconds=0.01)) as teller:
        teller(began("a", "reading"))
        raise KeyboardInterrupt

    assert drawn[-1] == ""
    assert drawn[-2].endswith("0 of 1 scopes · a: 0 s")


def test_many_threads_lose_nothing() -> None:
    said: list[str] = []
    with Teller(PlainLines(said.append, every=0.0, seconds=0.01)) as teller:
        teller(began("a", "reading"))
        threads = [threading.Thread(target=_read_pages, args=(teller,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert said[-1].startswith("a: 80,000 objects")


def _read_pages(teller: Teller) -> None:
    for _ in range(1000):
        teller(read("a", 10))


def test_a_terminal_that_blocks_does_not_hold_the_audit_up() -> None:
    release = threading.Event()
    took = time.monotonic()

    with Teller(PlainLines(lambda line: _blocked(release), seconds=0.01)) as teller:
        teller(began("a", "reading"))
        time.sleep(0.05)
        for _ in range(1000):
            teller(read("a", 1))
        took = time.monotonic() - took
        release.set()

    assert took < 4.0


def _blocked(release: threading.Event) -> None:
    release.wait(5)


def test_a_reader_of_standard_error_who_has_gone_away_ends_nothing() -> None:
    with Teller(PlainLines(_gone, seconds=0.01)) as teller:
        teller(began("a", "reading"))
        time.sleep(0.05)
        teller(ended("a", "1 object"))


def _gone(line: str) -> None:
    raise BrokenPipeError


def test_a_silent_teller_says_nothing_and_starts_no_thread() -> None:
    before = threading.active_count()

    with Teller(None) as teller:
        teller(began("a", "reading"))
        assert threading.active_count() == before


def test_items_are_counted_as_they_come_and_to_the_last_one() -> None:
    steps: list[Step] = []

    assert len(list(counted(steps.append, "a", range(1201)))) == 1201
    assert [step.items for step in steps] == [500, 500, 201]


def test_items_before_a_failure_count_too() -> None:
    steps: list[Step] = []

    with pytest.raises(OSError, match="half"):
        list(counted(steps.append, "a", _half()))

    assert [step.items for step in steps] == [2]


def _half() -> Iterator[int]:
    yield from (1, 2)
    raise OSError("half")


@pytest.mark.parametrize(
    ("environ", "plain"),
    [({"TERM": "xterm"}, False), ({"TERM": "xterm", "CI": "true"}, True), ({"TERM": "dumb"}, True), ({}, True)],
)
def test_ci_and_dumb_terminals_get_lines(environ: dict[str, str], plain: bool) -> None:
    assert is_plain(environ) is plain


def test_a_line_that_is_written_over_never_becomes_two() -> None:
    assert fitting("abcdef", 4, lambda sign: 1) == "abcd"
    assert fitting("寿司abc", 4, lambda sign: 2 if sign > "z" else 1) == "寿司"
