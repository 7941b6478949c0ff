"""Changes of cloud resources as a cloud's own record of them tells: who, when, how, and what was written.

Events are kept small. Of the parameters of a call only those enter that a field map can be compared with; what may
hold secrets (user data, documents, tokens, messages of errors) has no place in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drift_audit.model.values import Json


class Fit(StrEnum):
    """How closely a change belongs to a finding, best first."""

    VALUE = "value"
    """It wrote, added or removed the very thing that the finding shows."""
    FIELD = "field"
    """Changes of this kind write the field; what this one wrote is not told, or cannot be compared."""
    SUBJECT = "subject"
    """It changed the resource; whether that field, nobody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """One call that changed something, or that tried to."""

    id: str
    """The record's own id, under which a person finds it again."""
    at: str
    """RFC 3339, by the cloud's clock."""
    action: str
    """`ec2:ModifyInstanceAttribute`."""
    who: str
    """The person, role or service, as the record names it; empty when it names nobody."""
    how: str
    """`AWS console, role Admin`."""
    actor_class: str
    """`console-human`, `cli-human`, `iac`, `automation`, `unknown`, ...: the words of `Actor.actor_class`."""
    controller: bool = False
    """True for the infrastructure provider's own controller: what it writes is what the object says."""
    resources: tuple[str, ...] = ()
    """Ids of what was changed, as the cloud spells them."""
    writes: Mapping[str, Json] = field(default_factory=dict)
    """What was written, by the field of the cloud's API as field maps name it: `InstanceType`, `Tags`; `None`: not
    told."""
    refused: str = ""
    """The code of the error that it ended with: an attempt that changed nothing."""
    origin: str = ""
    """The address that it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLog:
    """What one log was asked for, how far its answer reaches, and what of it matters to the fleet."""

    source: str
    """`CloudTrail`."""
    region: str
    asked_from: str
    """RFC 3339: the beginning of the window."""
    complete_from: str = ""
    """From here to `complete_until` no change is missing; empty when nothing is known."""
    complete_until: str = ""
    """Younger changes may not have been delivered yet."""
    events: tuple[ChangeEvent, ...] = ()
    """Newest first; the controller's own only where somebody else changed the same resource."""
    seen: int = 0
    """All changes in the window, those of no interest included."""
    unreadable: int = 0
    """Records that could not be read, so that what they tell is unknown."""
    reason: str = ""
    """Why it does not reach back to `asked_from`."""

    @property
    def readable(self) -> bool:
        return bool(self.complete_from)
