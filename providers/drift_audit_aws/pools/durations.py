"""Durations as Kubernetes writes them, in seconds, which is how Auto Scaling counts."""

from __future__ import annotations

import re
from decimal import Decimal

from drift_audit.model.values import Json

_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:h|m|s|ms|us|µs|ns))+\Z")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|us|µs|ns)")
_SECONDS = {
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("1e-3"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ns": Decimal("1e-9"),
}


def whole_seconds(spelled: Json) -> int | None:
    """`1h0m0s` as 3600, cut to whole seconds as CAPA does; `None` for what is no duration (Go, time.ParseDuration)."""
    if not isinstance(spelled, str) or not _DURATION.match(spelled):
        return None
    return int(sum(Decimal(number) * _SECONDS[unit] for number, unit in _PART.findall(spelled)))
