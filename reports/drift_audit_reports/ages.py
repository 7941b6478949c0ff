"""How long ago something was, as kubectl writes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from drift_audit.clock import moment

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def _in(unit: int, sign: str, rest_unit: int = 0, rest_sign: str = "") -> Callable[[int], str]:
    """Whole units, and the rest in the smaller unit unless it is nothing."""

    def told(seconds: int) -> str:
        rest = seconds % unit // rest_unit if rest_unit else 0
        return f"{seconds // unit}{sign}" + (f"{rest}{rest_sign}" if rest else "")

    return told


_STEPS: tuple[tuple[int, Callable[[int], str]], ...] = (
    (2 * _MINUTE, _in(1, "s")),
    (10 * _MINUTE, _in(_MINUTE, "m", 1, "s")),
    (3 * _HOUR, _in(_MINUTE, "m")),
    (8 * _HOUR, _in(_HOUR, "h", _MINUTE, "m")),
    (2 * _DAY, _in(_HOUR, "h")),
    (8 * _DAY, _in(_DAY, "d", _HOUR, "h")),
    (2 * _YEAR, _in(_DAY, "d")),
    (8 * _YEAR, _in(_YEAR, "y", _DAY, "d")),
)
"""Up to this age, in this form. Source: k8s.io/apimachinery pkg/util/duration, HumanDuration."""


def age_text(since: str, now: datetime | None) -> str:
    """`3d4h`; empty for a moment that nobody knows, `0s` for one that clocks disagree about."""
    began = moment(since)
    if began is None or now is None:
        return ""
    seconds = max(int((now - began) / timedelta(seconds=1)), 0)
    form = next((form for most, form in _STEPS if seconds < most), _in(_YEAR, "y"))
    return form(seconds)
