"""Messages of controllers, cut to what says which they are."""

from __future__ import annotations

import re

_CHANGING = re.compile(
    r"\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?:i|eni|vol|eipalloc)-[0-9a-f]{8,17})\b"
    r"|\b\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?"
)
"""What differs from try to try in a message: request ids, ids of instances, times."""


def first_line(told: str) -> str:
    """What of a long message says which it is; owners repeat their children's below it."""
    return told.strip().partition("\n")[0].strip()


def normalised(message: str) -> str:
    """The message without what differs from try to try."""
    return _CHANGING.sub("…", message)
