"""What earlier audits saw of the fleet's health: enough to tell what flaps and what is new, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from drift_audit.model.keys import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSeen:
    """One condition that is, or lately was, not as it should be."""

    management_cluster: str
    object: ObjectKey
    uid: str
    """Of the object: one that was made anew begins anew."""
    type: str
    status: str
    since: str
    """RFC 3339, as all times here: its `lastTransitionTime` when it was seen last."""
    first: str
    """When it was seen not well first."""
    turns: tuple[str, ...] = ()
    """When its status changed, as far as audits came by to see it: there may have been more."""
    last: str = ""
    """When it was seen last."""


@dataclass(frozen=True, slots=True)
class FindingSeen:
    """One finding, by its id."""

    id: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """All that is remembered."""

    conditions: tuple[ConditionSeen, ...] = ()
    findings: tuple[FindingSeen, ...] = ()


NOTHING = Past()
