"""Where the hops of a chain of causes stand in its picture. Plain arithmetic, done when the report is written.

One column, from the cause at the top down to the alarm: it is as wide as a phone, and reads like the sentence that it
is. Text is broken here, for SVG breaks none; what does not fit is in the hop's title and in the list beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drift_audit_reports.chains import CONSEQUENCE, Story, alike_text
from drift_audit_reports.eliding import elide, prose, width
from drift_audit_reports.wording import counted, listed, moment_text

_WIDTH = 340
_PADDING = 12
_LINE = 16
_BETWEEN = 26
_MARGIN = 2
_SIZE = 12
_MONO = 0.61
"""Width of a character of a monospaced font, in units of its size."""
_SANS: Mapping[float, str] = {
    0.34: " !'.,:;/\\ijl|I",
    0.43: '()-[]ftr`{}"J',
    0.56: "_?czskvxyLF*",
    1.02: "mwMW@%…→",
    0.86: "+<=>~#^&OQGDHNU",
}
"""The same for DejaVu Sans, the widest of the common ones, by character; for all others see `measured`."""
_OF_CHARACTER = {character: size for size, characters in _SANS.items() for character in characters}
_BOLD = 1.12
_MOST_LINES = 4
_MOST_HOPS = 12
_SHOWN_VICTIMS = 4

_ROOM = (_WIDTH - 2 * _MARGIN - 2 * _PADDING) / _SIZE
"""Of a line of text, in units of the size of its font."""

_DRIFT = ("edit", "commit", "missing", "hazard")
"""Layers of hops that differ from what was declared; the others that cause something are stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    y: int
    css: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One box of the picture."""

    y: int
    height: int
    css: str
    """`drifted`, `stuck`, `after` or `rest`."""
    lines: tuple[TextLine, ...]
    full: str
    """Everything that it says, for the title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPicture:
    width: int
    height: int
    inner: int
    """Width of a box."""
    hops: tuple[Hop, ...]
    arrows: tuple[str, ...]
    """Paths from each hop to the next, in SVG's own spelling."""
    title: str
    text: str
    """The whole chain as a sentence, for who does not see the picture."""


def chain_picture(story: Story) -> ChainPicture | None:
    """The picture of a story; `None` where it has no chain."""
    if not story.links:
        return None
    boxes = list(_boxes(story))
    hops: list[Hop] = []
    top = _MARGIN
    for box in boxes:
        hops.append(_hop(box, top))
        top += hops[-1].height + _BETWEEN
    middle = _WIDTH // 2
    return ChainPicture(
        width=_WIDTH,
        height=top - _BETWEEN + _MARGIN,
        inner=_WIDTH - 2 * _MARGIN,
        hops=tuple(hops),
        arrows=tuple(
            f"M{middle} {hop.y + hop.height}V{hop.y + hop.height + _BETWEEN - 2}m-5 -6l5 6l5 -6" for hop in hops[:-1]
        ),
        title=f"Chain of causes from {prose(story.links[0].object)}",
        text=prose("; then ".join(box.full for box in boxes), 2_000),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    css: str
    head: str
    name: str
    facts: Sequence[str]
    since: str

    @property
    def full(self) -> str:
        return ": ".join(part for part in (self.head, self.name, *self.facts, self.since) if part)


def _boxes(story: Story) -> list[_Box]:
    links = story.links[:_MOST_HOPS]
    stuck = next((number for number, link in enumerate(links) if link.layer not in (CONSEQUENCE, *_DRIFT)), 0)
    boxes = [
        _Box(
            css="after" if link.layer == CONSEQUENCE else "drifted" if link.layer in _DRIFT else "stuck",
            head="↓ because of it" if link.layer == CONSEQUENCE else f"■ cause: {prose(link.layer)}",
            name=prose(link.object),
            facts=[one for one in (prose(link.fact), alike_text(story) if number == stuck else "") if one],
            since=f"since {moment_text(link.since)}" if link.since else "",
        )
        for number, link in enumerate(links)
    ]
    more = len(story.links) - len(links)
    if more:
        boxes.append(_Box(css="rest", head=f"… {counted(more, 'more hop')}: see the list", name="", facts=(), since=""))
    if story.affected:
        names = prose(listed(story.affected, _SHOWN_VICTIMS))
        head = f"… {len(story.affected):,} not well because of it"
        boxes.append(_Box(css="rest", head=head, name="", facts=(names,), since=""))
    return boxes


def _hop(box: _Box, top: int) -> Hop:
    facts = [line for fact in box.facts for line in broken(fact, _ROOM)]
    texts = [
        ("head", cut(box.head, _ROOM / _BOLD)),
        ("name", elide(box.name, int(_ROOM / _MONO))),
        *(("fact", line) for line in facts),
        ("since", cut(box.since, _ROOM)),
    ]
    shown = [(css, text) for css, text in texts if text]
    lines = tuple(
        TextLine(y=top + _PADDING + _LINE * number + 8, css=css, text=text) for number, (css, text) in enumerate(shown)
    )
    return Hop(y=top, height=2 * _PADDING + _LINE * len(lines) - 4, css=box.css, lines=lines, full=box.full)


def broken(text: str, room: float) -> list[str]:
    """The text in a few lines of whole words; a longer word is cut, and so is what does not fit into the last line."""
    lines: list[str] = []
    words = text.split(" ")
    while words and len(lines) < _MOST_LINES:
        line = cut(words.pop(0), room)
        while words and measured(f"{line} {words[0]}") <= room:
            line = f"{line} {words.pop(0)}"
        lines.append(line)
    if words:
        lines[-1] = cut(f"{lines[-1]} {' '.join(words)}", room)
    return [line for line in lines if line]


def cut(text: str, room: float) -> str:
    """The text without its middle where it is wider than the room."""
    short, kept = text, min(len(text) + 1, int(room / min(_SANS)))
    while kept > 2 and measured(short) > room:
        kept -= 1
        short = elide(text, kept)
    return short


def measured(text: str) -> float:
    """How wide a line of text is at most, in units of the size of its font."""
    return sum(_OF_CHARACTER.get(one) or (0.7 if one.isascii() else 1.02) * width(one) for one in text)
