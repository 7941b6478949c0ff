"""docs/gcp.md shows the rows of the field maps, and what is looked for as left over, as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest

from drift_audit.model.fields import FieldRow, ReactionKind
from drift_audit.model.steps import advised
from drift_audit_gcp.families import LEFTOVERS
from drift_audit_gcp.provider import GcpProvider
from tests.unit.gcp.builders import settings

PAGE = Path(__file__).parents[3] / "docs" / "gcp.md"
THEN = {
    ReactionKind.REVERTED: "reverts",
    ReactionKind.IGNORED: "ignored",
    ReactionKind.BREAKS: "breaks",
    ReactionKind.ADOPTED: "adopted",
}


def tables() -> Iterator[str]:
    rows = sorted(GcpProvider(settings()).rows(), key=lambda row: (row.kind, row.resource, row.id))
    for (kind, resource), some in groupby(rows, key=lambda row: (row.kind, row.resource)):
        yield f"\n### {kind} and its {resource}\n\n"
        yield "| row | what it means | severity | then |\n|---|---|---|---|\n"
        yield from map(_line, some)
    yield "\n"


def _line(row: FieldRow) -> str:
    detail = f": {row.reaction.detail}" if row.reaction.detail else ""
    cells = (f"`{row.id}`", row.title, row.severity.value, f"{THEN[row.reaction.kind]}{detail}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def leftovers() -> Iterator[str]:
    yield "| resource | severity | first step |\n|---|---|---|\n"
    for rule in sorted(LEFTOVERS.values(), key=lambda rule: rule.type):
        step = next(iter(advised(rule.next_steps, None)), "")
        yield f"| {rule.type} | {rule.severity} | {step} |\n".format(id="ID", project="PROJECT")


@pytest.mark.parametrize(("name", "lines"), [("rows", tables), ("leftovers", leftovers)])
def test_the_page_shows_every_row(name: str, lines: Callable[[], Iterator[str]], update_golden: bool) -> None:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    head, _, rest = PAGE.read_text().partition(begin)
    _, _, tail = rest.partition(end)
    wanted = f"{head}{begin}{''.join(lines())}{end}{tail}"
    if update_golden:
        PAGE.write_text(wanted)

    assert PAGE.read_text() == wanted
