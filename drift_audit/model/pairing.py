"""Declarations and live objects, joined; and the GitOps object that carries one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drift_audit.model.delivery import Delivery
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject, Declaration


class Membership(StrEnum):
    """Whether an object is where it should be."""

    PAIRED = "paired"
    MISSING_LIVE = "missing_live"
    PENDING_CREATE = "pending_create"
    """New in Git, not applied yet."""
    PENDING_DELETE = "pending_delete"
    """Removed from Git, not pruned yet."""
    UNMANAGED = "unmanaged"
    DERIVED = "derived"
    """Made by a controller from another object: not expected in Git."""
    LEFT_BEHIND = "left_behind"
    """It carries a GitOps tool's mark, and that tool does not know it (any more)."""
    UNREADABLE = "unreadable"
    """Nobody can say: the kind could not be listed, or its API version is not served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPair:
    """One object of one management cluster on the sides that have it."""

    management_cluster: str
    key: ObjectKey
    membership: Membership
    head: Declaration | None = None
    applied: Declaration | None = None
    """At the applied revision; the same as `head` when that is the head, or when it is unknown."""
    live: CapiObject | None = None
    cluster: ClusterKey | None = None
    delivery: Delivery | None = None
    applier: str = ""
    """`manager/Operation` as configured for the source; empty: known GitOps tools."""
    head_committed_at: str = ""
    """When what the head says about the object came to the branch; where nobody knows, when the head was committed."""
    head_is_applied: bool | None = None
    """`None` when the applied revision is unknown."""
    note: str = ""
    rivals: tuple[Declaration, ...] = ()
    """What further Git sources declare for the same object, where that is something else."""

    @property
    def declaration(self) -> Declaration | None:
        return self.head or self.applied

    @property
    def contested(self) -> bool:
        """True when several places in Git declare the object, so that nobody knows what it should be."""
        return bool(self.rivals or (self.head is not None and self.head.rivals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the intent of a derived object is written: the object it is cut from, and how paths translate."""

    key: ObjectKey
    path: tuple[str, ...]
    """Where the derived object's `spec` stands in the origin: `("spec", "template", "spec")`."""
    rollout_pending: bool = False
    """True when the object was cut from another template than its owner names now."""
    via: tuple[ObjectKey, ...] = ()
    """The owners walked through, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """All objects of one management cluster."""

    management_cluster: str
    pairs: tuple[ObjectPair, ...]
    origins: Mapping[ObjectKey, Origin] = field(default_factory=dict)
    deliveries: tuple[Delivery, ...] = ()
