"""A table on a page: columns as wide as what stands in them, and as narrow as the page wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drift_audit_reports.eliding import ELLIPSIS, elide, width

if TYPE_CHECKING:
    from drift_audit_reports.terminal import Page, Span

_GAP = 2
_NARROWEST = 80
_SHORTEST_NAME = 8
_MOST_LINES = 4
"""Of one wrapped cell; the JSON report has the whole."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Only the last one wraps."""

    title: str
    least: int
    """Columns that it has however narrow the page is."""
    share: float = 1.0
    """The largest part of the page that it may take."""
    middle: bool = False
    """True for names: what is too long loses its middle."""
    wraps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; its cells are escaped already, so that their widths hold."""

    cells: Sequence[str]
    styles: Sequence[str] = ()
    mark: str = ""
    before: str = ""
    """Stands before the first cell: the guides of a tree."""
    before_more: str = ""
    """The same on further lines of the row."""
    keep: int = 0
    """So many characters of the first cell stay whole where it is cut: what kind of thing it names."""


def write_table(page: Page, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """The table with its titles."""
    widths = _widths(columns, rows, max(page.width, _NARROWEST))
    titles = Row(cells=[column.title for column in columns], styles=["dim"] * len(columns))
    for row in (titles, *rows):
        for line in _lines(row, columns, widths):
            page.unwrapped(*line)


def _widths(columns: Sequence[Column], rows: Sequence[Row], room: int) -> list[int]:
    """As wide as needed; where that is too wide, the columns that may lose their middle give way."""
    needed = [
        max([width(column.title), *(width(row.before) * (at == 0) + width(row.cells[at]) for row in rows)])
        for at, column in enumerate(columns)
    ]
    fixed = sum(needed[at] for at, column in enumerate(columns) if not column.middle and not column.wraps)
    free = room - _GAP * len(columns) - fixed - sum(column.least for column in columns if column.wraps)
    soft = [at for at, column in enumerate(columns) if column.middle]
    for at in soft:
        most = min(int(room * columns[at].share), free // len(soft))
        needed[at] = max(min(needed[at], most), columns[at].least)
    for at, column in enumerate(columns):
        if column.wraps:
            others = sum(needed) - needed[at]
            needed[at] = max(room - others - _GAP * len(columns), column.least)
    return needed


def _lines(row: Row, columns: Sequence[Column], widths: Sequence[int]) -> Iterator[list[Span]]:
    wrapped = _wrapped(row.cells[-1], widths[-1]) if columns[-1].wraps else [row.cells[-1]]
    first: list[Span] = [(f"{row.mark:<{_GAP}}", "bold")]
    for at, cell in enumerate(row.cells[:-1]):
        before = row.before if at == 0 else ""
        room = max(widths[at] - width(before), 8)
        shown = _cut(cell, room, row.keep if at == 0 else 0) if columns[at].middle else cell
        padding = " " * max(widths[at] - width(before) - width(shown), 0)
        first += [(before, "dim"), (shown, _style(row, at)), padding + " " * _GAP]
    yield [*first, (wrapped[0], _style(row, len(row.cells) - 1))]
    margin = _GAP + sum(widths[:-1]) + _GAP * (len(widths) - 1)
    for more in wrapped[1:]:
        start = " " * _GAP + row.before_more
        padding = " " * max(margin - width(start), 0)
        yield [(start, "dim"), padding, (more, _style(row, len(row.cells) - 1))]


def _cut(text: str, room: int, keep: int) -> str:
    head, rest = text[:keep], text[keep:]
    left = room - width(head)
    return head + elide(rest, left) if left >= _SHORTEST_NAME else elide(text, room)


def _style(row: Row, at: int) -> str:
    return row.styles[at] if at < len(row.styles) else ""


def _wrapped(text: str, room: int) -> list[str]:
    """The text in lines of whole words; a longer word is cut, and so is what does not fit into the last line."""
    lines = [""]
    for word in text.split(" "):
        short = elide(word, room)
        longer = f"{lines[-1]} {short}" if lines[-1] else short
        if width(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(short)
    if len(lines) <= _MOST_LINES:
        return lines
    last = lines[_MOST_LINES - 1]
    while last and width(last) > room - 2:
        last = last[:-1]
    return [*lines[: _MOST_LINES - 1], f"{last.rstrip()} {ELLIPSIS}"]
