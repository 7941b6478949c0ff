"""Long text cut to a width, without cutting away what matters."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

from drift_audit_reports.escaping import one_line

ELLIPSIS = "…"
_LONGEST_PROSE = 600
_BEFORE_DIFFERENCE = 8
"""Characters kept before the first difference, so that a reader finds the place."""


def width(text: str) -> int:
    """Columns that the text takes in a terminal: two for a wide East Asian character."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def fits(text: str, room: int) -> bool:
    # No character is narrower than a column here, so a long text need not be measured.
    return len(text) <= room and width(text) <= room


def elide(text: str, room: int) -> str:
    """The text with its middle cut out; both ends stay, for names differ there."""
    if fits(text, room):
        return text
    kept = max(room - 1, 2)
    while kept > 2 and width(_ends(text, kept)) > room:
        kept -= 1
    return _ends(text, kept)


def prose(text: str, room: int = _LONGEST_PROSE) -> str:
    """A sentence of somebody else on one line, cut where it goes on too long."""
    return elide(one_line(text), room)


def elide_apart(texts: Sequence[str], room: int) -> list[str]:
    """Each text cut to the width, and texts that differ still look different.

    Tried in turn: cut the middle, show the surroundings of the first difference, name the text by a short hash.
    """
    short = [elide(text, room) for text in texts]
    for attempt in (short, _around_difference(texts, room), _hashed(texts, room)):
        short = attempt
        if len(set(short)) == len(set(texts)):
            break
    return short


def _ends(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (kept - head) :]


def _around_difference(texts: Sequence[str], room: int) -> list[str]:
    cut = [text for text in texts if not fits(text, room)]
    start = max(_common_length(min(cut), max(cut)) - _BEFORE_DIFFERENCE, 0) if cut else 0
    return [text if fits(text, room) else _window(text, start, room) for text in texts]


def _common_length(one: str, other: str) -> int:
    """How many characters two texts begin with in common; the smallest and the largest of a set bound all of it."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _window(text: str, start: int, room: int) -> str:
    lead = ELLIPSIS if start else ""
    part = text[start:]
    if fits(lead + part, room):
        return lead + part
    part = part[:room]
    while part and width(lead + part) > room - 1:
        part = part[:-1]
    return lead + part + ELLIPSIS


def _hashed(texts: Sequence[str], room: int) -> list[str]:
    return [text if fits(text, room) else _named(text, room) for text in texts]


def _named(text: str, room: int) -> str:
    name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{elide(text, max(room - len(name) - 3, 4))} #{name}"
