"""Findings about whole objects: not there, not declared, left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drift_audit.classify.not_applied import severity_of_waiting
from drift_audit.classify.repair import blocked_by, resume_step
from drift_audit.classify.values import declared_at
from drift_audit.config.settings import Thresholds
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Confidence,
    Finding,
    FindingKind,
    ObjectRef,
    Severity,
    ShownValue,
    ShownValues,
    ValueState,
    Verdict,
    finding_id,
)
from drift_audit.model.pairing import Membership, ObjectPair


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    id: str
    kind: FindingKind
    verdict: Verdict
    severity: Severity | None
    """`None`: by age of the commit."""
    title: str
    explanation: str
    next_step: str


_RULES: dict[Membership, _Rule] = {
    Membership.MISSING_LIVE: _Rule(
        id="git.object-missing",
        kind=FindingKind.MISSING,
        verdict=Verdict.MISSING,
        severity=Severity.HIGH,
        title="{kind} is declared in Git and not in the management cluster",
        explanation="The kind was listed completely, and the object is not there.",
        next_step="find out whether it was deleted or never applied",
    ),
    Membership.PENDING_CREATE: _Rule(
        id="git.object-pending",
        kind=FindingKind.DRIFT,
        verdict=Verdict.NOT_APPLIED,
        severity=None,
        title="{kind} is committed and not applied",
        explanation="The head of Git declares it; the applied revision does not.",
        next_step="see why the GitOps tool has not applied the head yet",
    ),
    Membership.PENDING_DELETE: _Rule(
        id="git.object-pending-removal",
        kind=FindingKind.DRIFT,
        verdict=Verdict.NOT_APPLIED,
        severity=None,
        title="{kind} is removed from Git and still in the cluster",
        explanation="The applied revision declares it; the head of Git does not.",
        next_step="see whether the GitOps tool prunes it",
    ),
    Membership.UNMANAGED: _Rule(
        id="git.unmanaged",
        kind=FindingKind.UNMANAGED,
        verdict=Verdict.UNMANAGED,
        severity=Severity.LOW,
        title="{kind} is in the management cluster and in no Git source",
        explanation="All configured Git sources were read, and none declares it; no controller made it.",
        next_step="declare it in Git, or delete it",
    ),
    Membership.LEFT_BEHIND: _Rule(
        id="git.left-behind",
        kind=FindingKind.UNMANAGED,
        verdict=Verdict.UNMANAGED,
        severity=Severity.LOW,
        title="{kind} carries the mark of a GitOps tool that does not know it",
        explanation="It was left behind by a removed source, or copied with its labels.",
        next_step="delete it, or declare it in Git",
    ),
}


_WAS_THERE = "The revision that was applied last declares it."
_WHO_DELETED = "find out who deleted it before the GitOps tool creates it anew"
_UNSERVED = "install what defines the kind in this API version, or correct the manifest: it cannot be applied as it is"


def membership_finding(pair: ObjectPair, thresholds: Thresholds, now: datetime, *, confirmed: bool) -> Finding | None:
    """The finding that an object is not where it should be; `None` when it is."""
    if pair.membership is Membership.PENDING_DELETE and pair.live is None:
        return None
    rule = _RULES.get(pair.membership) or _stale_mark(pair)
    if rule is None:
        return None
    waiting = rule.severity is None
    return Finding(
        id=finding_id(pair.management_cluster, str(pair.key), pair.key.group, "", "git-object", rule.kind),
        kind=rule.kind,
        verdict=rule.verdict,
        confidence=Confidence.CONFIRMED if confirmed else Confidence.POTENTIAL,
        severity=severity_of_waiting(pair, thresholds, now) if rule.severity is None else rule.severity,
        rule=rule.id,
        title=rule.title.format(kind=pair.key.kind),
        cluster=pair.cluster,
        management_cluster=pair.management_cluster,
        object=object_ref(pair),
        resource=None,
        path="",
        values=ShownValues(git=_there(pair.head is not None), capi=_there(pair.live is not None), cloud=NO_COUNTERPART),
        declared_at=declared_at(pair.declaration.location if pair.declaration else None),
        reaction=_reaction(pair),
        since=pair.head_committed_at if waiting else "",
        evidence=tuple(filter(None, (pair.note, rule.explanation, _WAS_THERE if _was_applied(pair) else ""))),
        next_steps=(_next_step(pair, rule),),
    )


def _was_applied(pair: ObjectPair) -> bool:
    """True when the revision that was applied last is known and declares the object."""
    missing = pair.membership is Membership.MISSING_LIVE
    return missing and pair.head_is_applied is not None and pair.applied is not None


def _next_step(pair: ObjectPair, rule: _Rule) -> str:
    if "serve" in pair.note:
        return _UNSERVED
    if rule.verdict is Verdict.NOT_APPLIED and resume_step(pair):
        return resume_step(pair)
    return _WHO_DELETED if _was_applied(pair) else rule.next_step


def _stale_mark(pair: ObjectPair) -> _Rule | None:
    if pair.membership is not Membership.PAIRED or not pair.note:
        return None
    return _Rule(
        id="git.stale-mark",
        kind=FindingKind.HAZARD,
        verdict=Verdict.HAZARD,
        severity=Severity.LOW,
        title="{kind} is declared in Git, but the GitOps tool it is marked with does not know it",
        explanation="Nothing applies or prunes it any more, although it looks managed.",
        next_step="apply it again from its source, or remove the stale labels",
    )


def _reaction(pair: ObjectPair) -> str:
    if pair.membership not in (Membership.MISSING_LIVE, Membership.PENDING_CREATE, Membership.PENDING_DELETE):
        return "nothing will change this"
    blocked = blocked_by(pair)
    if blocked:
        return f"nothing will repair this: {blocked}"
    return f"{pair.delivery} acts at its next run"


def object_ref(pair: ObjectPair) -> ObjectRef:
    """The object in the shape of the result document."""
    source = pair.live or pair.declaration
    return ObjectRef(
        api_version=source.api_version if source else pair.key.group,
        kind=pair.key.kind,
        namespace=pair.key.namespace,
        name=pair.key.name,
    )


def _there(is_there: bool) -> ShownValue:
    if is_there:
        return ShownValue(state=ValueState.PRESENT, value="(the object)")
    return ShownValue(state=ValueState.ABSENT)
