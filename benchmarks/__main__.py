"""`python -m benchmarks`: every figure of docs/performance.md in one run, as Markdown on standard output."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from benchmarks.audits import FleetFigures, growth_exponent, measure_fleet
from benchmarks.kubectl import KubectlFigures, measure_against_kubectl
from benchmarks.measuring import Runs, run
from benchmarks.prototype import build_prototype
from benchmarks.unwell import UnwellFigures, measure_unwell
from tests.rig.cache import MissingPart
from tests.rig.moto_server import running_moto


@click.command()
@click.option("--clusters", default="20,100,400", show_default=True, help="Sizes of the synthetic fleets.")
@click.option("--machines", default=50, show_default=True, help="Machines of each cluster.")
@click.option("--runs", default=3, show_default=True, help="Counted runs of each command.")
@click.option("--unwell", default="20,100", show_default=True, help="Sizes of fleets with 1 % unwell; empty: none.")
@click.option("--objects", default=500, show_default=True, help="Objects for kubectl diff; 0 leaves that half out.")
@click.option("--round-trips", default="0,20", show_default=True, help="Milliseconds to add on the way to the server.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder to leave everything in.")
def bench(
    clusters: str, machines: int, runs: int, unwell: str, objects: int, round_trips: str, keep: Path | None
) -> None:
    """Measure an audit against its floor, over growing fleets, partly unwell ones, and against kubectl diff."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="drift-audit-bench-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        _say(_help(folder, max(runs, 5)))
        prototype = folder / "prototype"
        (folder / "building").mkdir()
        with running_moto() as aws:
            build_prototype(folder / "building", aws, machines=machines).write(prototype)
        measured = []
        for count in _sizes(clusters):
            (folder / f"{count}-clusters").mkdir()
            measured.append(measure_fleet(folder / f"{count}-clusters", prototype, count, runs))
            print(f"measured {count} clusters", file=sys.stderr)
        if measured:
            _say(_fleets(measured))
        partly_unwell = []
        for count in _sizes(unwell):
            (folder / f"{count}-clusters-unwell").mkdir()
            partly_unwell.append(measure_unwell(folder / f"{count}-clusters-unwell", prototype, count, runs))
            print(f"measured {count} clusters, partly unwell", file=sys.stderr)
        if partly_unwell:
            _say(_unwell(partly_unwell))
        if objects:
            (folder / "kubectl").mkdir()
            distances = [int(each) for each in round_trips.split(",")]
            _say(
                _against_kubectl(
                    measure_against_kubectl(folder / "kubectl", objects=objects, round_trips=distances, runs=runs)
                )
            )


def _sizes(told: str) -> list[int]:
    return sorted(int(each) for each in told.split(",") if each)


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)
    print()


def _help(folder: Path, runs: int) -> Iterable[str]:
    command = [str(Path(sys.executable).with_name("drift-audit")), "--help"]
    told = Runs(tuple(run(command, folder, {"LANG": "C.UTF-8"}, folder / "help.log") for _ in range(runs + 1))[1:])
    yield f"`drift-audit --help`: {told.wall * 1000:.0f} ms ({told.cpu * 1000:.0f} ms of CPU), median of {runs}"


def _fleets(figures: Sequence[FleetFigures]) -> Iterable[str]:
    yield (
        "| clusters | machines | read | calls | audit s (range) | floor s | audit ÷ floor | by CPU time "
        "| ÷ bare floor | peak |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for each in figures:
        yield (
            f"| {each.clusters} | {each.machines} | {each.mib:.0f} MiB | {sum(each.calls.values())} "
            f"| {each.audit.wall:.2f} ({each.audit.spread}) | {each.floor.wall:.2f} | {each.floor_ratio:.2f} "
            f"| {each.floor_ratio_cpu:.2f} | {each.bare_ratio:.2f} | {each.audit.peak_mib:.0f} MiB |"
        )
    if len(figures) > 1:
        yield ""
        yield (
            f"Growth from {figures[0].clusters} to {figures[-1].clusters} clusters: exponent "
            f"{growth_exponent(figures):.2f} of wall time, {growth_exponent(figures, 'cpu'):.2f} of CPU time"
        )
    largest = figures[-1]
    yield ""
    yield f"Calls at {largest.clusters} clusters: " + ", ".join(
        f"{count} {name}" for name, count in largest.calls.items()
    )
    yield ""
    yield f"| stage at {largest.clusters} clusters | seconds |"
    yield "|---|---|"
    for stage, seconds in largest.stages.items():
        yield f"| {stage} | {seconds:.2f} |"


def _unwell(figures: Iterable[UnwellFigures]) -> Iterable[str]:
    yield (
        "| clusters | machines | unwell | healthy s (CPU) | partly unwell s (CPU) | ratio | by CPU time "
        "| calls added | peak |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for each in figures:
        yield (
            f"| {each.clusters} | {each.machines} | {each.unwell} of {each.causes} causes "
            f"| {each.healthy.wall:.2f} ({each.healthy.cpu:.2f}) | {each.audit.wall:.2f} ({each.audit.cpu:.2f}) "
            f"| {each.ratio:.2f} | {each.ratio_cpu:.2f} | {_counted(each.added)} "
            f"| {each.healthy.peak_mib:.0f}, {each.audit.peak_mib:.0f} MiB |"
        )


def _against_kubectl(figures: Iterable[KubectlFigures]) -> Iterable[str]:
    yield (
        "| objects | added round trip | audit s | kubectl diff s | ratio | --concurrency=8 s | ratio "
        "| audit calls | kubectl calls |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for each in figures:
        yield (
            f"| {each.objects} | {each.round_trip} ms | {each.audit.wall:.2f} | {each.diff.wall:.2f} "
            f"| {each.speedup:.1f} | {each.concurrent.wall:.2f} | {each.speedup_concurrent:.1f} "
            f"| {_counted(each.audit_calls)} | {_counted(each.diff_calls)} |"
        )


def _counted(calls: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {verb}" for verb, count in sorted(calls.items()) if count)


if __name__ == "__main__":
    try:
        bench()
    except MissingPart as missing:
        sys.exit(f"a part of the rig is missing: {missing}")
