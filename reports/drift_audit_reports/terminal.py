"""A page of terminal text: wrapping, alignment and colour. The only module that imports rich."""

from __future__ import annotations

from io import StringIO
from typing import TypeAlias

from rich.console import Console
from rich.text import Text

from drift_audit_reports.eliding import elide
from drift_audit_reports.escaping import visible

Span: TypeAlias = "str | tuple[str, str]"
"""Text, or text with a rich style. Both are hostile until they stand on a page."""

LABEL_COLUMN = 11
"""Mark, label and the space after it."""


_MOST_LINES = 8
"""Of one paragraph: a name of ten thousand characters must not push everything else off the screen."""

_LONGEST_SPAN = 2_000

_EDGE = 100
"""Where remarks at the right end on a wide terminal: near enough to their heading."""


class Page:
    """Collects lines. Nothing gets onto a page except through `_text`, which spells out unsafe characters."""

    def __init__(self, width: int, *, color: bool) -> None:
        self.width = width
        self._lines: list[Text] = []
        # An empty environment: COLUMNS, NO_COLOR and TERM were judged by the caller, who gave the options.
        self._console = Console(
            file=StringIO(),
            width=width,
            color_system="standard" if color else None,
            force_terminal=color,
            no_color=not color,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    @property
    def room(self) -> int:
        """Columns right of the labels."""
        return self.width - LABEL_COLUMN

    def blank(self) -> None:
        self._lines.append(Text())

    def unwrapped(self, *spans: Span) -> None:
        """One line, however long."""
        self._lines.append(_text(spans))

    def paragraph(self, *spans: Span, indent: int = 0) -> None:
        self._hang(Text(" " * indent), _text(spans))

    def heading(self, *spans: Span, right: str, indent: int) -> None:
        """A heading with a remark at the right edge, or on a line of its own where both do not fit."""
        text, remark = _text(spans), _text([(right, "dim")])
        gap = min(self.width, _EDGE) - text.cell_len - remark.cell_len
        if gap >= 2:
            self._lines.append(Text.assemble(text, " " * gap, remark))
            return
        head, rest = text[:indent], text[indent:]
        self._hang(head, rest)
        self._hang(Text(" " * indent), remark)

    def labelled(self, label: str, *spans: Span, mark: str = " ", style: str = "dim") -> None:
        """A line with its label in the left column; continued below itself."""
        self._hang(Text.assemble((f"{mark} ", "bold"), (f"{label:<{LABEL_COLUMN - 3}} ", style)), _text(spans))

    def finished(self) -> str:
        """The whole page; no line ends in white space."""
        for line in self._lines:
            line.rstrip()
            self._console.print(line, soft_wrap=True)
        output = self._console.file
        assert isinstance(output, StringIO)
        return output.getvalue()

    def _hang(self, head: Text, content: Text) -> None:
        wrapped = list(content.wrap(self._console, max(self.width - head.cell_len, 20)))
        if len(wrapped) > _MOST_LINES:
            wrapped = [*wrapped[: _MOST_LINES - 2], Text("…"), wrapped[-1]]
        for number, line in enumerate(wrapped or [Text()]):
            line.rstrip()
            self._lines.append(Text.assemble(head if number == 0 else " " * head.cell_len, line))


def _text(spans: tuple[Span, ...] | list[Span]) -> Text:
    text = Text()
    for span in spans:
        content, style = (span, "") if isinstance(span, str) else span
        text.append(visible(elide(content, _LONGEST_SPAN)), style)
    return text
