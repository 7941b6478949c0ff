"""Audits of synthetic fleets of growing size: against the floor, in memory, in calls, and stage by stage."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from benchmarks.fleet import SyntheticFleet, running_fleet
from benchmarks.measuring import Run, Runs, median_ratio, run

_READS = ("Describe", "Get", "List", "AssumeRole", "LookupEvents")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetFigures:
    """What was measured of a fleet of one size."""

    clusters: int
    machines: int
    audit: Runs
    floor: Runs
    bare: Runs
    """The floor with XML left as trees."""
    calls: Mapping[str, int]
    """By verb: `GET` of Kubernetes, `ec2 DescribeInstances` of AWS."""
    mib: float
    """What was read, unpacked."""
    stages: Mapping[str, float]

    @property
    def floor_ratio(self) -> float:
        return median_ratio(self.audit, self.floor)

    @property
    def floor_ratio_cpu(self) -> float:
        return median_ratio(self.audit, self.floor, "cpu")

    @property
    def bare_ratio(self) -> float:
        return median_ratio(self.audit, self.bare)


def measure_fleet(folder: Path, prototype: Path, clusters: int, runs: int) -> FleetFigures:
    """Audits the fleet, in turn with its floors; the first audit of all is not counted.

    Raises `RuntimeError` when an audit says anything but "in sync", or asks for anything but a read.
    """
    with running_fleet(folder, prototype, clusters) as fleet:
        log = folder / "said.log"
        audited_in_sync(fleet, log)
        fleet.asked()
        audited_in_sync(fleet, log)
        asked = fleet.asked()
        (folder / "asked.json").write_text(json.dumps(asked))
        audits, floors, bares = [], [], []
        for _ in range(runs):
            audits.append(audited_in_sync(fleet, log))
            floors.append(_floor(fleet, log, "values"))
            bares.append(_floor(fleet, log, "trees"))
        return FleetFigures(
            clusters=clusters,
            machines=fleet.machines,
            audit=Runs(tuple(audits)),
            floor=Runs(tuple(floors)),
            bare=Runs(tuple(bares)),
            calls=counted_calls(asked),
            mib=_bytes_read(log) / 2**20,
            stages=_stages(fleet),
        )


def growth_exponent(figures: Sequence[FleetFigures], figure: str = "wall") -> float:
    """The power of the fleet's size with which the time grows, from the smallest to the largest fleet measured."""
    small, large = figures[0], figures[-1]
    times = getattr(large.audit, figure) / getattr(small.audit, figure)
    return math.log(times) / math.log(large.clusters / small.clusters)


def audited_in_sync(fleet: SyntheticFleet, log: Path) -> Run:
    """One audit; raises `RuntimeError` when it says anything but "in sync"."""
    done = run(fleet.command("check", "-o", "json=result.json"), fleet.folder, fleet.environ, log)
    result = json.loads((fleet.folder / "result.json").read_text())
    if done.code != 0 or result["status"] != "in_sync" or len(result["clusters"]) != fleet.clusters:
        gaps = [gap["reason"] for gap in result["coverage"]["gaps"]][:3]
        titles = [finding["title"] for finding in result["findings"]][:3]
        raise RuntimeError(f"the audit ended with {done.code} {result['status']}: {gaps} {titles}; see {log}")
    return done


def _floor(fleet: SyntheticFleet, log: Path, parsed_into: str) -> Run:
    command = [sys.executable, "-m", "benchmarks.floor", fleet.url, "asked.json", parsed_into]
    done = run(command, fleet.folder, fleet.environ, log)
    if done.code:
        raise RuntimeError(f"the floor ended with {done.code}; see {log}")
    return done


def counted_calls(asked: Iterable[Mapping[str, Any]]) -> Mapping[str, int]:
    """By verb; raises `RuntimeError` for anything that is no read."""
    counted: Counter[str] = Counter()
    for request in asked:
        action = parse_qs(request["request"]).get("Action", [""])[0] or request["action"]
        if request["method"] != "GET" and not action.startswith(_READS):
            raise RuntimeError(f"an audit called {request['method']} {request['path']} {action}")
        counted[f"{request['service']} {action or request['method']}"] += 1
    return dict(sorted(counted.items()))


def _bytes_read(log: Path) -> int:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith('{"requests"')]
    return int(json.loads(lines[-1])["bytes"])


def _stages(fleet: SyntheticFleet) -> Mapping[str, float]:
    log = fleet.folder / "stages.log"
    command = [sys.executable, "-m", "benchmarks.stages", "check", "-o", "json=result.json", "-q"]
    done = run(command, fleet.folder, fleet.environ, log)
    if done.code:
        raise RuntimeError(f"the run with stopwatches ended with {done.code}; see {log}")
    stages: dict[str, float] = json.loads(log.read_text().splitlines()[-1])
    return stages
