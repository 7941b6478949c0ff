"""Kubernetes Events as views hold them: without secrets, the same one told once, oldest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from drift_audit.collect.masking import Masker
from drift_audit.collect.wording import LONGEST, normalised
from drift_audit.model.health import Event
from drift_audit.model.keys import ObjectKey, split_api_version
from drift_audit.model.values import Json, dig, mapping, text

MOST_OF_ONE = 100
"""Events of one object; those after it are older, and repeat."""


def event_of(raw: Mapping[str, Json], masker: Masker) -> Event | None:
    """The Event; `None` for one that is about nothing.

    `events.k8s.io` writes `eventTime` and `series` where the older recorder writes first and last time and a count
    (Kubernetes API reference, Event v1).
    """
    about = mapping(raw.get("involvedObject"))
    kind, name = text(about.get("kind")), text(about.get("name"))
    if not kind or not name:
        return None
    created = text(dig(raw, "metadata", "creationTimestamp"))
    once = _seconds(text(raw.get("eventTime")))
    first = text(raw.get("firstTimestamp")) or once or created
    last = text(raw.get("lastTimestamp")) or _seconds(text(dig(raw, "series", "lastObservedTime"))) or first
    counts = [count for count in (raw.get("count"), dig(raw, "series", "count")) if isinstance(count, int)]
    group = split_api_version(text(about.get("apiVersion")))[0]
    return Event(
        object=ObjectKey(group, kind, text(about.get("namespace")), name),
        type=text(raw.get("type")),
        reason=text(raw.get("reason")),
        message=masker.mask_text(text(raw.get("message")))[:LONGEST],
        first=first,
        last=last,
        count=max(1, *counts) if counts else 1,
        component=text(dig(raw, "source", "component")) or text(raw.get("reportingComponent")),
    )


def merged(events: Iterable[Event], most: int = MOST_OF_ONE) -> tuple[Event, ...]:
    """The events, oldest first; those that differ in ids and times alone are one, seen so many times."""
    same: dict[tuple[object, ...], Event] = {}
    for event in events:
        name = (event.object, event.type, event.reason, event.component, normalised(event.message))
        known = same.get(name)
        same[name] = event if known is None else _both(known, event)
    by_object: dict[ObjectKey, list[Event]] = defaultdict(list)
    for event in sorted(same.values(), key=lambda event: event.last, reverse=True):
        if len(by_object[event.object]) < most:
            by_object[event.object].append(event)
    kept = (event for found in by_object.values() for event in found)
    return tuple(sorted(kept, key=lambda event: (event.first, event.last, event.object, event.reason, event.message)))


def _both(one: Event, other: Event) -> Event:
    newer = max(one, other, key=lambda event: event.last)
    return replace(newer, first=min(one.first, other.first), count=one.count + other.count)


def _seconds(moment: str) -> str:
    """The moment without the fraction that MicroTime has, so that moments compare as texts."""
    whole, dot, fraction = moment.partition(".")
    return f"{whole}{fraction.lstrip('0123456789')}" if dot else moment
