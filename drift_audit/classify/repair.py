"""What happens next if nobody acts: whether anything will put an edit in the cluster back."""

from __future__ import annotations

from drift_audit.classify.ignored import excluded_by, ignored_by
from drift_audit.model.comparison import LeafComparison, LeafOutcome
from drift_audit.model.pairing import ObjectPair

_DECLARED = (
    LeafOutcome.CHANGED_OOB,
    LeafOutcome.REMOVED,
    LeafOutcome.CONFLICTING_OOB,
    LeafOutcome.CHANGED_UNATTRIBUTED,
)


def repair_of(leaf: LeafComparison, pair: ObjectPair) -> str:
    """One clause for the reader: who reverts it and when, or why nothing does."""
    if leaf.outcome is LeafOutcome.DERIVED_EDITED:
        return "nothing will repair this: controllers set this field once, and Git does not declare the object"
    blocked = blocked_by(pair)
    if blocked:
        return f"nothing will repair this: {blocked}"
    delivery = pair.delivery
    assert delivery is not None
    when = f"within {_spell(delivery.interval_seconds)}" if delivery.interval_seconds else "at its next run"
    ignored = ignored_by(leaf, pair)
    if ignored is not None:
        return f"{'nothing will' if ignored.certain else 'perhaps nothing will'} repair this: {ignored.reason}"
    if leaf.outcome in _DECLARED:
        return f"{delivery} puts it back {when}"
    if removes_extra(leaf, pair):
        return f"{delivery} removes it {when}"
    return f"nothing will repair this: {delivery.tool} does not look at fields that Git does not declare"


def blocked_by(pair: ObjectPair) -> str:
    """Why the GitOps tool does not correct the object now; empty when it does."""
    delivery = pair.delivery
    if delivery is None:
        return "no GitOps tool is known to apply this object"
    if delivery.suspended:
        return f"{delivery} is suspended"
    if delivery.failing:
        return f"{delivery} fails ({delivery.failing[:200]})"
    if not delivery.corrects:
        return f"{delivery} does not correct edits (self-heal is off)"
    return excluded_by(pair)


def resume_step(pair: ObjectPair) -> str:
    """The next step that lets a suspended tool work again; empty when it is not suspended."""
    delivery = pair.delivery
    if delivery is None or not delivery.suspended:
        return ""
    return delivery.resume or f"resume {delivery}"


def removes_extra(leaf: LeafComparison, pair: ObjectPair) -> bool:
    """True when the tool itself removes a field that Git does not declare."""
    if leaf.outcome is not LeafOutcome.EXTRA_OOB or pair.delivery is None or pair.delivery.tool != "Flux":
        return False
    return _flux_takes_over(leaf) and not blocked_by(pair) and not ignored_by(leaf, pair)


def _flux_takes_over(leaf: LeafComparison) -> bool:
    """Flux folds the entries of `kubectl*` managers into its own before applying, and so prunes their fields."""
    return leaf.actor is not None and leaf.actor.who.startswith("kubectl") and "scale" not in leaf.actor.how


def _spell(seconds: int) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
