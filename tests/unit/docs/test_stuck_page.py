"""docs/stuck.md shows the clocks, the signatures and the scenarios as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from drift_audit.model.health import Clock
from drift_audit.stuck.clocks import DEFAULTS, STRETCHED
from drift_audit.stuck.signature import Signature
from drift_audit.stuck.signatures import SIGNATURES
from tests.scenarios import Scenario
from tests.scenarios import scenarios as played

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "stuck.md"
_ORDER = [row.id for row in SIGNATURES]


def clocks() -> Iterator[str]:
    yield "| clock | somebody should know | somebody should act | by class of machines |\n|---|---|---|---|\n"
    for clock in Clock:
        limits = DEFAULTS[clock]
        stretched = "yes" if clock in STRETCHED else ""
        yield f"| `{clock}` | {_told(limits.warn)} | {_told(limits.critical)} | {stretched} |\n"


def _told(lasting: timedelta) -> str:
    minutes = lasting.total_seconds() / 60
    for unit, size in (("d", 24 * 60), ("h", 60)):
        if minutes >= 2 * size and minutes % size == 0:
            return f"{minutes / size:g} {unit}"
    return f"{minutes:g} min"


def signatures() -> Iterator[str]:
    yield f"{len(SIGNATURES)} signatures, in the order of their layers.\n"
    for layer, rows in groupby(SIGNATURES, key=lambda row: row.layer):
        yield f"\n### {layer.value}. {layer.word.capitalize()}\n\n"
        yield "| signature | what it says | how it comes to that | looked for on | clock | severity | source |\n"
        yield "|---|---|---|---|---|---|---|\n"
        yield from map(_line, rows)


def _line(row: Signature) -> str:
    cells = (
        f"`{row.id}`",
        row.title,
        row.mechanism,
        ", ".join(row.kinds).replace("*", "\\*"),
        f"`{row.clock}`",
        row.severity.value if row.kind == "stuck" else f"{row.severity.value}, {row.kind.value}",
        row.source,
    )
    return _row(cells)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def scenarios() -> Iterator[str]:
    """Grouped by what they were proved on, in the order of the signatures."""
    yield "| scenario | proved on | cause named | on | evidence | the audit took |\n|---|---|---|---|---|---|\n"
    yield from map(_told_of, sorted(played(), key=_place_of))


def _place_of(found: Scenario) -> tuple[str, int, str]:
    place = _ORDER.index(found.signature) if found.signature in _ORDER else len(_ORDER)
    return found.proved_on, place, found.scenario


def _told_of(found: Scenario) -> str:
    evidence = "; ".join(found.evidence).replace("<", "\\<")
    cause = f"{found.cause} (`{found.signature}`)"
    return _row((found.scenario, found.proved_on, cause, found.object, evidence, f"{found.seconds:.1f} s"))


def _with(page: str, name: str, lines: Iterator[str]) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}{''.join(lines)}{end}{tail}"


def test_the_page_shows_every_clock_signature_and_scenario(update_golden: bool) -> None:
    wanted = PAGE.read_text()
    for name, lines in (("clocks", clocks()), ("signatures", signatures()), ("scenarios", scenarios())):
        wanted = _with(wanted, name, lines)
    if update_golden:
        PAGE.write_text(wanted)

    assert PAGE.read_text() == wanted


def test_no_two_signatures_have_one_name() -> None:
    names = [row.id for row in SIGNATURES]

    assert len(names) == len(set(names))


def test_every_scenario_of_the_page_is_played_by_a_test() -> None:
    tests = "\n".join(file.read_text() for file in TESTS.rglob("*.py"))

    assert [found.scenario for found in played() if f'"{found.scenario}"' not in tests] == []
