"""`docs/azure.md` shows every row of the Azure field maps; `--update-golden` writes the tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from drift_audit.model.fields import FieldRow, ReactionKind
from drift_audit_azure.plan import later_reasons
from drift_audit_azure.provider import AzureProvider
from drift_audit_azure.settings import AzureSettings

PAGE = Path(__file__).parents[3] / "docs" / "azure.md"


def _tables() -> Iterator[str]:
    rows = sorted(AzureProvider(AzureSettings()).rows(), key=lambda row: (row.kind, row.resource))
    for (kind, resource), some in groupby(rows, key=lambda row: (row.kind, row.resource)):
        yield f"\n### {kind} and its {resource}\n\n"
        yield "| row | what it means | severity | then |\n|---|---|---|---|\n"
        yield from map(_line, some)
    yield "\n"


def _line(row: FieldRow) -> str:
    minutes = row.reaction.within_minutes
    then = f"reverted within {minutes} min" if row.reaction.kind is ReactionKind.REVERTED else row.reaction.kind.value
    detail = f": {row.reaction.detail}" if row.reaction.detail else ""
    cells = (f"`{row.id}`", row.title, row.severity.value, f"{then}{detail}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def test_the_page_shows_every_row(update_golden: bool) -> None:
    begin, end = "<!-- rows -->\n", "<!-- end of rows -->\n"
    head, _, rest = PAGE.read_text().partition(begin)
    _, _, tail = rest.partition(end)
    wanted = f"{head}{begin}{''.join(_tables())}{end}{tail}"
    if update_golden:
        PAGE.write_text(wanted)

    assert PAGE.read_text() == wanted


def test_the_page_names_everything_that_is_not_audited_yet() -> None:
    page = " ".join(PAGE.read_text().split())

    assert [reason for reason in later_reasons() if reason not in page] == []
