"""One kind of call: where its record names what it changed, and what it writes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

REQUEST, RESPONSE = "requestParameters.", "responseElements."


class Effect(StrEnum):
    """What a call does to the fields that it writes."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"
    CREATE = "create"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One kind of call."""

    action: str
    """`ec2:StopInstances`."""
    effect: Effect
    ids: tuple[str, ...]
    """Where the record has the ids of what was changed; all of them are taken. One with a slash is put together of two
    parameters of the request."""
    writes: Mapping[str, str] = field(default_factory=dict)
    """Path of the value by field of the API's answer, as field maps name it; an empty path: it is not told."""
    undone_by: tuple[str, ...] = ()
    """Calls by which CAPA puts back what this one did."""


def event_row(
    action: str,
    effect: Effect,
    ids: str | tuple[str, ...],
    writes: Mapping[str, str] | None = None,
    undone_by: tuple[str, ...] = (),
) -> EventRow:
    """The row; paths without a part of the record in front are those of the request."""
    paths = (ids,) if isinstance(ids, str) else ids
    return EventRow(
        action=action,
        effect=effect,
        ids=tuple(
            path if path.startswith((REQUEST, RESPONSE, "serviceEventDetails")) else REQUEST + path for path in paths
        ),
        writes={name: REQUEST + path if path else "" for name, path in (writes or {}).items()},
        undone_by=undone_by,
    )
