"""What it costs when a few Machines are unwell: the same fleet audited in turn, well and with some that are not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.audits import audited_in_sync, counted_calls
from benchmarks.fleet import SyntheticFleet, running_fleet
from benchmarks.measuring import Run, Runs, median_ratio, run

SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwellFigures:
    """What was measured of a fleet of one size."""

    clusters: int
    machines: int
    unwell: int
    """Machines of it that are stuck."""
    causes: int
    """What the audit says that they are stuck of."""
    healthy: Runs
    audit: Runs
    """Of the fleet that is partly unwell."""
    added: Mapping[str, int]
    """Calls that the healthy fleet does not cost, by verb."""

    @property
    def ratio(self) -> float:
        return median_ratio(self.audit, self.healthy)

    @property
    def ratio_cpu(self) -> float:
        return median_ratio(self.audit, self.healthy, "cpu")


def measure_unwell(folder: Path, prototype: Path, clusters: int, runs: int) -> UnwellFigures:
    """Audits both fleets in turn; the first audit of each is not counted.

    Raises `RuntimeError` when one of them does not end as it must: "in sync" for the one, each of its unwell Machines
    and nothing else for the other, and no call but reads.
    """
    for name in ("well", "unwell"):
        (folder / name).mkdir()
    with (
        running_fleet(folder / "well", prototype, clusters) as well,
        running_fleet(folder / "unwell", prototype, clusters, SHARE) as unwell,
    ):
        log = folder / "said.log"
        audited_in_sync(well, log)
        calls_well = counted_calls(well.asked())
        _audited(unwell, log)
        calls = counted_calls(unwell.asked())
        healthy, audits = [], []
        for _ in range(runs):
            healthy.append(audited_in_sync(well, log))
            audits.append(_audited(unwell, log))
        result = _result(unwell)
        return UnwellFigures(
            clusters=clusters,
            machines=unwell.machines,
            unwell=unwell.unwell,
            causes=len(result["causes"]),
            healthy=Runs(tuple(healthy)),
            audit=Runs(tuple(audits)),
            added=dict(sorted((Counter(calls) - Counter(calls_well)).items())),
        )


def _audited(fleet: SyntheticFleet, log: Path) -> Run:
    done = run(fleet.command("check", "-o", "json=result.json"), fleet.folder, fleet.environ, log)
    result = _result(fleet)
    stuck = {finding["object"]["name"] for finding in result["findings"] if finding["kind"] == "stuck"}
    others = [finding["title"] for finding in result["findings"] if finding["kind"] != "stuck"]
    gaps = [gap["reason"] for gap in result["coverage"]["gaps"]]
    if done.code != 1 or not result["complete"] or len(stuck) != fleet.unwell or others or gaps:
        told = f"{len(stuck)} of {fleet.unwell} are stuck, {others[:3]} {gaps[:3]}"
        raise RuntimeError(f"the audit ended with {done.code} {result['status']}: {told}; see {log}")
    return done


def _result(fleet: SyntheticFleet) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((fleet.folder / "result.json").read_text())
    return result
