"""Who is worth waiting for: an object that waits is a victim only of something that is itself not well."""

from __future__ import annotations

from collections.abc import Iterable

from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.suspects import troubles_of


def unwell(*objects: CapiObject | None) -> tuple[ObjectKey, ...]:
    """The keys of those that are there and have troubles of their own."""
    return keys_of_unwell(objects)


def keys_of_unwell(objects: Iterable[CapiObject | None]) -> tuple[ObjectKey, ...]:
    return tuple(live.key for live in objects if live is not None and any(troubles_of(live)))
