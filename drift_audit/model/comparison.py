"""What comparing Git with a management cluster found, leaf by leaf; nothing is judged yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.findings import Actor
from drift_audit.model.keys import FieldPath
from drift_audit.model.pairing import ObjectPair
from drift_audit.model.values import Observed


class LeafOutcome(StrEnum):
    """The rows of the truth table: head of Git, applied Git, live value and owners taken together."""

    EQUAL = "EQUAL"
    EQUAL_NORMALISED = "EQUAL_NORMALISED"
    EQUAL_SHARED = "EQUAL_SHARED"
    EQUAL_UNCLAIMED = "EQUAL_UNCLAIMED"
    PENDING_APPLY = "PENDING_APPLY"
    PENDING_PRUNE_FIELD = "PENDING_PRUNE_FIELD"
    HOTFIX_COMMITTED = "HOTFIX_COMMITTED"
    CONFLICTING_OOB = "CONFLICTING_OOB"
    CHANGED_OOB = "CHANGED_OOB"
    CHANGED_EXPECTED = "CHANGED_EXPECTED"
    CHANGED_BY_CONTROLLER = "CHANGED_BY_CONTROLLER"
    CHANGED_UNATTRIBUTED = "CHANGED_UNATTRIBUTED"
    APPLIED_DIFFERENT = "APPLIED_DIFFERENT"
    APPLIED_THEN_DROPPED = "APPLIED_THEN_DROPPED"
    REMOVED = "REMOVED"
    PRUNED_UNKNOWN = "PRUNED_UNKNOWN"
    EXTRA_OOB = "EXTRA_OOB"
    EXTRA_CONTROLLER = "EXTRA_CONTROLLER"
    EXTRA_DEFAULTED = "EXTRA_DEFAULTED"
    EXTRA_UNOWNED = "EXTRA_UNOWNED"
    STALE_APPLIER = "STALE_APPLIER"
    SKIPPED_OPAQUE = "SKIPPED_OPAQUE"
    POSSIBLE_OOB = "POSSIBLE_OOB"
    DERIVED_EDITED = "DERIVED_EDITED"


SILENT = frozenset(
    {
        LeafOutcome.EQUAL,
        LeafOutcome.EQUAL_NORMALISED,
        LeafOutcome.EQUAL_SHARED,
        LeafOutcome.EQUAL_UNCLAIMED,
        LeafOutcome.EXTRA_CONTROLLER,
        LeafOutcome.EXTRA_DEFAULTED,
        LeafOutcome.EXTRA_UNOWNED,
        LeafOutcome.SKIPPED_OPAQUE,
    }
)
"""Outcomes of a healthy fleet: they are counted, never reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafComparison:
    """One leaf of one object."""

    path: FieldPath
    positional: FieldPath
    """The place in the declaration, where it has one."""
    head: Observed
    applied: Observed
    live: Observed
    outcome: LeafOutcome
    rule: str = ""
    """The equality rule that applied: `E7`."""
    note: str = ""
    actor: Actor | None = None
    whole: bool = False
    """True when this stands for all the leaves of an item or map that came or went as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectComparison:
    """One object, compared between Git and its management cluster."""

    pair: ObjectPair
    leaves: tuple[LeafComparison, ...] = ()
    """Only those that are not silent."""
    compared: int = 0
    """How many leaves were looked at."""
    opaque: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStory:
    """One field of one object with all that is known of it, whether it differs or not."""

    path: str
    git: Observed
    capi: Observed
    cloud: Observed | None = None
    """`None` where no field map compares it with a cloud."""
    outcome: str = ""
    """`EQUAL`, `CHANGED_OOB`, ...: the row of the truth table, or the id of the field-map row."""
    writers: tuple[str, ...] = ()
    """`manager/Operation at time`, the owners of the field in the management cluster."""
    resource: str = ""
    """The cloud resource, of a fact that only a field map knows of."""
