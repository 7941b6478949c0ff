"""The conditions of one object, whichever generation of them its controller writes.

v1beta2 conditions (metav1, no severity) stand in `status.conditions` of objects of the v1beta2 API, and in
`status.v1beta2.conditions` of older versions; v1beta1 ones (with a severity) stand in `status.conditions` of older
versions, and in `status.deprecated.v1beta1.conditions` of v1beta2 (CAPI v1.11, docs/proposals, improving status).
Providers move one by one, so that what a list holds is told from its entries and not from the API version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drift_audit.model.health import Condition
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, dig, mapping, sequence, text

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"

HAPPENING = frozenset({"Deleting", "Paused", "RollingOut", "ScalingUp", "ScalingDown", "Remediating", "Updating"})
"""Conditions that say that something is going on: True is no trouble by itself (API review of CAPI v1.9 conditions)."""

_PLACES = (("conditions",), ("v1beta2", "conditions"), ("deprecated", "v1beta1", "conditions"))
"""Below `status`, the places to look in: the object's own first."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What an object says of itself, by the type of the condition."""

    current: Mapping[str, Condition] = field(default_factory=dict)
    """Those of the newer generation, where the object has both; else the only ones."""
    older: Mapping[str, Condition] = field(default_factory=dict)
    """v1beta1 ones beside newer ones: a few facts stand nowhere else."""

    def get(self, *types: str) -> Condition | None:
        """The first of these types that the object has."""
        return next((found for name in types if (found := self.current.get(name) or self.older.get(name))), None)

    def failing(self, *types: str) -> Condition | None:
        """The first of these types that is there and is not as it should be."""
        return next((found for name in types if (found := self.get(name)) and not is_well(found)), None)

    def holding(self, *types: str) -> Condition | None:
        """The first of these types that is True."""
        return next((found for name in types if (found := self.get(name)) and found.status == TRUE), None)

    def times_tell(self, condition: Condition) -> bool:
        """True where a new `lastTransitionTime` is a new status: v1beta1 conditions get one with each new message."""
        return condition.type in self.current and not is_older(self.current)

    def __iter__(self) -> Iterator[Condition]:
        yield from self.current.values()
        yield from (found for name, found in self.older.items() if name not in self.current)


def conditions_of(live: CapiObject) -> Conditions:
    """All conditions of the object."""
    lists = [found for place in _PLACES if (found := _read(live.status, place))]
    newer = [found for found in lists if not is_older(found)]
    older = [found for found in lists if is_older(found)]
    if newer:
        return Conditions(newer[0], older[0] if older else {})
    return Conditions(older[0]) if older else Conditions()


def is_well(condition: Condition) -> bool:
    """False for what ought to be True and is not; what only tells that something happens is always well."""
    return condition.type in HAPPENING or condition.status == TRUE or condition.severity == "Info"


def is_older(conditions: Mapping[str, Condition]) -> bool:
    """v1beta1 conditions give no reason while they are True, and a severity while they are False."""
    return any(found.severity or (found.status == TRUE and not found.reason) for found in conditions.values())


def _read(status: Mapping[str, Json], place: tuple[str, ...]) -> dict[str, Condition]:
    entries = map(mapping, sequence(dig(status, *place)))
    read = (
        Condition(
            type=text(entry.get("type")),
            status=text(entry.get("status")),
            reason=text(entry.get("reason")),
            message=text(entry.get("message")),
            since=text(entry.get("lastTransitionTime")),
            severity=text(entry.get("severity")),
            observed_generation=seen if isinstance(seen := entry.get("observedGeneration"), int) else None,
        )
        for entry in entries
    )
    return {found.type: found for found in read if found.type}
