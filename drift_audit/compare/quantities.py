"""Kubernetes quantities and Go durations as exact numbers, so that two spellings of one value are equal."""

from __future__ import annotations

import re
from decimal import Decimal

# apimachinery `pkg/api/resource/suffix.go`
_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?:([eE][+-]?[0-9]{1,3})|([A-Za-z]{0,2}))\Z"
)

# Go `time.ParseDuration`
_UNITS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_DURATION_PART = re.compile(r"([0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(ns|us|µs|ms|s|m|h)")


def quantity(spelled: object) -> Decimal | None:
    """The exact value of a quantity such as `1Gi`, `100m`, `1e3` or the number 2; `None` if it is none."""
    if isinstance(spelled, bool):
        return None
    if isinstance(spelled, (int, float)):
        return Decimal(str(spelled))
    match = _QUANTITY.match(spelled) if isinstance(spelled, str) else None
    if match is None or (match[3] or "") not in _SUFFIXES:
        return None
    return Decimal(match[1] + (match[2] or "")) * _SUFFIXES[match[3] or ""]


def duration(spelled: object) -> Decimal | None:
    """Seconds of a Go duration such as `10m` or `1h30m0s`; `None` if the text is none."""
    if not isinstance(spelled, str) or not spelled:
        return None
    sign, body = (-1, spelled[1:]) if spelled[0] == "-" else (1, spelled.removeprefix("+"))
    if body == "0":
        return Decimal(0)
    total, position = Decimal(0), 0
    for part in _DURATION_PART.finditer(body):
        if part.start() != position:
            return None
        total += Decimal(part[1]) * _UNITS[part[2]]
        position = part.end()
    return sign * total if position and position == len(body) else None
