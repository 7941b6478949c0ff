"""Kinds that somebody may have meant who asked for one that is not served."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from drift_audit.collect.cluster.discovery import KindName

MOST = 3
_ENOUGH = 0.7
_SAME_KIND = 0.9
"""How much alike two kinds of one name are, whatever their groups are called."""


def alike(wanted: KindName, served: Iterable[KindName]) -> tuple[str, ...]:
    """The served kinds most like this one, `Certificate.cert-manager.io`; a plural, or another case, is the kind."""
    ranked = sorted((-_alikeness(wanted, each), each) for each in served)
    return tuple(f"{kind}.{group}".rstrip(".") for score, (group, kind) in ranked if -score >= _ENOUGH)[:MOST]


def _alikeness(wanted: KindName, served: KindName) -> float:
    """Between 0 and 1."""
    group, kind = (_ratio(one, other) for one, other in zip(wanted, served, strict=True))
    return max(min(group, kind), _SAME_KIND if kind == 1 else 0.0)


def _ratio(one: str, other: str) -> float:
    one, other = one.lower(), other.lower()
    if one.rstrip("s") == other.rstrip("s"):
        return 1.0
    return SequenceMatcher(a=one, b=other, autojunk=False).ratio()
