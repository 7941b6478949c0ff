"""When something was written, as far as `metadata.managedFields` tells.

The time of an entry is that of the last request of its manager that changed any field of it, so that it is the latest
moment at which the field can have been written (structured-merge-diff, `docs/verdicts.md`).
"""

from __future__ import annotations

from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text


def field_written(live: CapiObject, *steps: str) -> tuple[str, str]:
    """(when the field was written at the latest, RFC 3339; who says to have written it); empty where nobody does."""
    found = [
        (text(entry.get("time")), text(entry.get("manager")))
        for entry in _entries(live)
        if dig(entry.get("fieldsV1"), *(f"f:{step}" for step in steps)) is not None
    ]
    return min(filter(lambda each: each[0], found), default=found[0] if found else ("", ""))


def spec_written(live: CapiObject) -> str:
    """When the spec was written last, at the latest; empty where one of its writers has no time."""
    times = [
        text(entry.get("time"))
        for entry in _entries(live)
        if not entry.get("subresource") and dig(entry.get("fieldsV1"), "f:spec") is not None
    ]
    timeless = any(entry.get("subresource") == "scale" for entry in _entries(live))
    return "" if timeless or not all(times) else max(times, default="")


def _entries(live: CapiObject) -> list[JsonObject]:
    return [mapping(entry) for entry in sequence(live.metadata.get("managedFields"))]
