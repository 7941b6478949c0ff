"""What each outcome of the leaf comparison means for a reader: one row per outcome."""

from __future__ import annotations

from dataclasses import dataclass

from drift_audit.model.comparison import LeafOutcome
from drift_audit.model.findings import Confidence, FindingKind, Severity, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRule:
    id: str
    kind: FindingKind = FindingKind.DRIFT
    verdict: Verdict
    confidence: Confidence = Confidence.CONFIRMED
    severity: Severity | None = None
    """A fixed severity; `None`: that of the field."""
    title: str
    """`{kind}` and `{path}` are filled in."""
    explanation: str


_O = LeafOutcome
LEAF_RULES: dict[LeafOutcome, LeafRule] = {
    _O.CHANGED_OOB: LeafRule(
        id="git.changed",
        verdict=Verdict.EDITED_IN_CLUSTER,
        title="{kind} {path} was changed in the cluster",
        explanation="Git declares one value, somebody other than the GitOps tool wrote another.",
    ),
    _O.REMOVED: LeafRule(
        id="git.removed",
        verdict=Verdict.EDITED_IN_CLUSTER,
        title="{kind} {path} was removed in the cluster",
        explanation="Git declares the field, and the object no longer has it. A removal leaves no owner behind.",
    ),
    _O.EXTRA_OOB: LeafRule(
        id="git.extra",
        verdict=Verdict.EDITED_IN_CLUSTER,
        title="{kind} {path} was added in the cluster",
        explanation="Git does not declare the field, and a person or script set it. GitOps tools do not report this.",
    ),
    _O.DERIVED_EDITED: LeafRule(
        id="git.derived",
        verdict=Verdict.EDITED_IN_CLUSTER,
        title="{kind} {path} was edited on an object that a controller made",
        explanation="The object is derived from a declaration in Git; somebody edited it instead of its declaration.",
    ),
    _O.CONFLICTING_OOB: LeafRule(
        id="git.conflict",
        verdict=Verdict.CONFLICT,
        title="{kind} {path} was changed in the cluster and, differently, in Git",
        explanation="The next apply overwrites the edit in the cluster with a third value.",
    ),
    _O.CHANGED_UNATTRIBUTED: LeafRule(
        id="git.unattributed",
        verdict=Verdict.EDITED_IN_CLUSTER,
        title="{kind} {path} differs from Git, and no field manager owns it",
        explanation="The object's managedFields were reset, or an admission webhook changed the value.",
    ),
    _O.CHANGED_BY_CONTROLLER: LeafRule(
        id="git.adopted",
        verdict=Verdict.ADOPTED,
        title="{kind} {path} was overwritten by a controller",
        explanation="A controller wrote another value than Git declares, usually because it found it in the cloud.",
    ),
    _O.CHANGED_EXPECTED: LeafRule(
        id="git.two-writers",
        kind=FindingKind.HAZARD,
        verdict=Verdict.HAZARD,
        severity=Severity.LOW,
        title="{kind} {path} has two writers: Git and an autoscaler",
        explanation="Every apply resets what the autoscaler decided. Leave the field out of Git.",
    ),
    _O.APPLIED_DIFFERENT: LeafRule(
        id="git.applied-different",
        verdict=Verdict.NOT_APPLIED,
        title="{kind} {path} differs from Git although the applier still owns it",
        explanation="Nobody edited it: Git moved ahead, it was rendered from other inputs, or admission rewrote it.",
    ),
    _O.APPLIED_THEN_DROPPED: LeafRule(
        id="git.dropped",
        kind=FindingKind.HAZARD,
        verdict=Verdict.HAZARD,
        confidence=Confidence.POTENTIAL,
        severity=Severity.LOW,
        title="{kind} {path} is applied and then dropped by the API server",
        explanation="The applier owns the field, and the object does not hold it: a conversion or a webhook drops it.",
    ),
    _O.PRUNED_UNKNOWN: LeafRule(
        id="git.unknown-field",
        kind=FindingKind.HAZARD,
        verdict=Verdict.HAZARD,
        severity=Severity.MEDIUM,
        title="{kind} {path} is no field of this API version",
        explanation="The API server drops it silently: a typing mistake, or a field of another version.",
    ),
    _O.PENDING_APPLY: LeafRule(
        id="git.pending",
        verdict=Verdict.NOT_APPLIED,
        title="{kind} {path} is committed and not applied",
        explanation="The head of Git is newer than what the GitOps tool has applied.",
    ),
    _O.PENDING_PRUNE_FIELD: LeafRule(
        id="git.pending-removal",
        verdict=Verdict.NOT_APPLIED,
        title="{kind} {path} is removed in Git and still in the cluster",
        explanation="The next apply removes it.",
    ),
    _O.HOTFIX_COMMITTED: LeafRule(
        id="git.hotfix-committed",
        verdict=Verdict.NOT_APPLIED,
        confidence=Confidence.POTENTIAL,
        severity=Severity.INFO,
        title="{kind} {path} was edited in the cluster and committed afterwards",
        explanation="The cluster already has the value of Git's head; the next apply takes ownership.",
    ),
    _O.STALE_APPLIER: LeafRule(
        id="git.stale",
        verdict=Verdict.NOT_APPLIED,
        confidence=Confidence.POTENTIAL,
        severity=Severity.LOW,
        title="{kind} {path} is left over from an earlier apply",
        explanation="The applier set it once, and Git does not declare it any more.",
    ),
    _O.POSSIBLE_OOB: LeafRule(
        id="git.possible-edit",
        verdict=Verdict.EDITED_IN_CLUSTER,
        confidence=Confidence.POTENTIAL,
        title="{kind} {path} was possibly edited in the cluster",
        explanation="Git's value is templated or encrypted and cannot be compared, but a person owns the field.",
    ),
}
"""Outcomes without a row are silent."""
