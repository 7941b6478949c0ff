"""The truth table: head of Git, applied Git and live value of one leaf, and who owns it, give one outcome.

Rests on what structured-merge-diff guarantees (`merge/update.go`): a request that changes a leaf takes
it from every other manager, and a request that removes it leaves no owner. So while the applier still
owns a leaf, nobody else has changed it since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drift_audit.compare.equality import SAME, Equality
from drift_audit.compare.leaves import Leaf
from drift_audit.model.comparison import LeafOutcome


@dataclass(frozen=True, slots=True)
class Owners:
    """Which classes own the leaf."""

    applier: bool = False
    out_of_band: bool = False
    """A person, a script, or a manager that nobody knows."""
    controller: bool = False


@dataclass(frozen=True, slots=True)
class Sides:
    """One leaf as the three sides have it; `None` where a side does not."""

    head: Leaf | None
    applied: Leaf | None
    live: Leaf | None
    absent_means_same: bool = False
    """True when the declared value means the same as no value (rule E2)."""
    pruned: bool = False
    """True when the schema does not know the field."""
    deleting: bool = False
    """True when the leaf is a finalizer of an object that is being deleted."""


@dataclass(frozen=True, slots=True)
class Ruling:
    outcome: LeafOutcome
    rule: str = ""
    note: str = ""


Equal = Callable[[Leaf, Leaf], Equality]


def rule_on_declared(sides: Sides, owners: Owners, equal: Equal) -> Ruling:
    """The outcome for a leaf that the head of Git or the applied revision declares."""
    if sides.live is not None:
        return _both_present(sides, sides.live, owners, equal)
    return _live_absent(sides, owners)


def _live_absent(sides: Sides, owners: Owners) -> Ruling:
    if sides.absent_means_same:
        return Ruling(LeafOutcome.EQUAL_NORMALISED, "E2")
    if sides.deleting:
        return Ruling(LeafOutcome.EQUAL, note="its controller has finished")
    if sides.pruned:
        return Ruling(LeafOutcome.PRUNED_UNKNOWN)
    if sides.applied is None:
        return Ruling(LeafOutcome.PENDING_APPLY, note="new in Git")
    if sides.head is None:
        return Ruling(LeafOutcome.EQUAL)
    return Ruling(LeafOutcome.APPLIED_THEN_DROPPED if owners.applier else LeafOutcome.REMOVED)


def _both_present(sides: Sides, live: Leaf, owners: Owners, equal: Equal) -> Ruling:
    to_head = equal(sides.head, live) if sides.head else None
    to_applied = to_head
    if sides.applied is not sides.head:
        to_applied = equal(sides.applied, live) if sides.applied else None
    if sides.head is None:
        return _removed_in_git(owners, to_applied or SAME)
    if to_head and to_head.equal:
        return _equal_to_head(sides, owners, to_head, to_applied)
    same = sides.applied is sides.head
    moved_on = not same and (sides.applied is None or not equal(sides.applied, sides.head).equal)
    if moved_on:
        return _head_moved_on(owners, to_applied)
    return _changed(owners, to_head or SAME)


def _removed_in_git(owners: Owners, to_applied: Equality) -> Ruling:
    """The next apply prunes the leaf only if the applier is its one and only owner."""
    if owners.applier:
        note = "another manager owns it too, so that it will stay" if owners.out_of_band else ""
        return Ruling(LeafOutcome.PENDING_PRUNE_FIELD, note=note)
    if owners.out_of_band:
        note = "Git has removed the field since"
        return Ruling(LeafOutcome.EXTRA_OOB if to_applied.equal else LeafOutcome.CONFLICTING_OOB, note=note)
    return Ruling(LeafOutcome.EXTRA_CONTROLLER if owners.controller else LeafOutcome.EXTRA_UNOWNED)


def _equal_to_head(sides: Sides, owners: Owners, to_head: Equality, to_applied: Equality | None) -> Ruling:
    if sides.applied is not None and to_applied and not to_applied.equal:
        hotfix = owners.out_of_band and not owners.applier
        return Ruling(LeafOutcome.HOTFIX_COMMITTED if hotfix else LeafOutcome.EQUAL)
    if to_head.rule != "E1":
        return Ruling(LeafOutcome.EQUAL_NORMALISED, to_head.rule)
    if owners.out_of_band:
        return Ruling(LeafOutcome.EQUAL_SHARED if owners.applier else LeafOutcome.EQUAL_UNCLAIMED)
    return Ruling(LeafOutcome.EQUAL)


def _head_moved_on(owners: Owners, to_applied: Equality | None) -> Ruling:
    if to_applied and to_applied.equal:
        return Ruling(LeafOutcome.PENDING_APPLY)
    if owners.out_of_band and not owners.applier:
        return Ruling(LeafOutcome.CONFLICTING_OOB)
    if to_applied is None or owners.applier:
        return Ruling(LeafOutcome.PENDING_APPLY)
    return _changed(owners, to_applied)


def _changed(owners: Owners, equality: Equality) -> Ruling:
    if owners.applier:
        return Ruling(LeafOutcome.APPLIED_DIFFERENT, note=equality.note)
    if owners.out_of_band:
        return Ruling(LeafOutcome.CHANGED_OOB, note=equality.note)
    if owners.controller:
        return Ruling(LeafOutcome.CHANGED_BY_CONTROLLER, note=equality.note)
    return Ruling(LeafOutcome.CHANGED_UNATTRIBUTED, note=equality.note)


def rule_on_extra(owners: Owners, *, is_default: bool) -> Ruling:
    """The outcome for a live leaf that Git does not declare.

    A value that the server would have filled in anyway is no edit, whoever owns it: the request that
    creates an object by Update owns all the defaults that the server fills in while decoding.
    """
    if is_default:
        return Ruling(LeafOutcome.EXTRA_DEFAULTED)
    if owners.out_of_band and not owners.applier:
        return Ruling(LeafOutcome.EXTRA_OOB)
    if owners.controller:
        return Ruling(LeafOutcome.EXTRA_CONTROLLER)
    return Ruling(LeafOutcome.STALE_APPLIER if owners.applier else LeafOutcome.EXTRA_UNOWNED)
