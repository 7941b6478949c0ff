"""Whole processes, measured by the operating system's own account of them, and the medians of several."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process from start to end."""

    code: int
    wall: float
    """Seconds, as all times here."""
    cpu: float
    """User and system, all threads."""
    peak_mib: float
    """Largest resident set."""


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str], log: Path) -> Run:
    """Runs the command to its end; what it prints is added to the log.

    A small process of its own starts it: the peak that the system remembers of a process begins with the size of
    the one that it was forked from.
    """
    with log.open("ab") as out:
        launcher = [sys.executable, "-I", str(Path(__file__).with_name("launcher.py")), *command]
        done = subprocess.run(launcher, cwd=folder, env=dict(environ), stdout=subprocess.PIPE, stderr=out, check=True)
    return Run(**json.loads(done.stdout))


@dataclass(frozen=True, slots=True)
class Runs:
    """Several runs of one command."""

    each: tuple[Run, ...]

    @property
    def wall(self) -> float:
        return statistics.median(run.wall for run in self.each)

    @property
    def cpu(self) -> float:
        return statistics.median(run.cpu for run in self.each)

    @property
    def peak_mib(self) -> float:
        return max(run.peak_mib for run in self.each)

    @property
    def spread(self) -> str:
        """`2.1-2.6`: the quickest and the slowest wall time, for a reader who wonders how noisy the machine was."""
        walls = sorted(run.wall for run in self.each)
        return f"{walls[0]:.2f}-{walls[-1]:.2f}"


def median_ratio(left: Runs, right: Runs, figure: str = "wall") -> float:
    """The median of the ratios pair by pair: both runs of a pair met the machine in the same mood."""
    pairs = zip(left.each, right.each, strict=True)
    ratios: list[float] = [getattr(one, figure) / getattr(other, figure) for one, other in pairs]
    return statistics.median(ratios)
