"""What an outcome is still worth when it is not certain that Git was applied as it was read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drift_audit.compare.truth_table import Ruling
from drift_audit.model.comparison import LeafOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """Reasons why the applied side of a pair may not be what the tool applied."""

    rewritten_by: str = ""
    """What the GitOps tool changes between Git and the cluster: `patches of Flux Kustomization/a/b`."""
    head_may_be_newer: bool = False
    """True when nobody knows the applied revision, and the head was committed after the last apply."""


NO_DOUBTS = Doubts()

# The applier owns these leaves, or nobody does: only a reading of Git that is surely complete makes a case of them.
_REWRITTEN = {
    LeafOutcome.APPLIED_DIFFERENT: LeafOutcome.SKIPPED_OPAQUE,
    LeafOutcome.APPLIED_THEN_DROPPED: LeafOutcome.SKIPPED_OPAQUE,
    LeafOutcome.STALE_APPLIER: LeafOutcome.SKIPPED_OPAQUE,
    LeafOutcome.REMOVED: LeafOutcome.POSSIBLE_OOB,
}
_HEAD_NEWER = {
    LeafOutcome.APPLIED_DIFFERENT: LeafOutcome.PENDING_APPLY,
    LeafOutcome.STALE_APPLIER: LeafOutcome.PENDING_PRUNE_FIELD,
    LeafOutcome.REMOVED: LeafOutcome.PENDING_APPLY,
}


def weighed(ruling: Ruling, doubts: Doubts) -> Ruling:
    """The ruling as far as the doubts let it stand."""
    if doubts.rewritten_by and ruling.outcome in _REWRITTEN:
        note = f"{doubts.rewritten_by} change what Git declares"
        return replace(ruling, outcome=_REWRITTEN[ruling.outcome], note=note)
    if doubts.head_may_be_newer and ruling.outcome in _HEAD_NEWER:
        note = "committed after the last apply; which revision was applied is unknown"
        return replace(ruling, outcome=_HEAD_NEWER[ruling.outcome], note=note)
    return ruling
