"""Messages without what differs from try to try, so that the same one is known again."""

from __future__ import annotations

import re

LONGEST = 2000
"""Characters of a message that are kept."""

_CHANGING = re.compile(
    r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"  # request ids, UIDs
    r"|\b[a-z]{1,8}-[0-9a-f]{8,17}\b"  # ids of cloud resources
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))*"
    r"|\b(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+\b"  # durations
    r"|\b0x[0-9a-f]+\b"
    r"|\b[0-9a-f]{16,}\b"
    r"|(?<=resourceVersion )\d+|(?<=resourceVersion=)\d+"
    r"|(?<=\d:)\d{4,5}(?=->)"  # the local port of a connection
)


def normalised(message: str) -> str:
    """The message with `…` in place of ids, times and durations."""
    return _CHANGING.sub("…", message)
