"""Findings of the comparison between Git and a management cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from drift_audit.classify.deleting import deleting_finding
from drift_audit.classify.ignored import ignored_by
from drift_audit.classify.leaf_rules import LEAF_RULES, LeafRule
from drift_audit.classify.membership_rules import membership_finding, object_ref
from drift_audit.classify.not_applied import severity_of_waiting
from drift_audit.classify.repair import blocked_by, removes_extra, repair_of, resume_step
from drift_audit.classify.severity import raised, severity_of
from drift_audit.classify.values import declared_at, shown
from drift_audit.config.settings import Thresholds
from drift_audit.model.comparison import LeafComparison, LeafOutcome, ObjectComparison
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Actor,
    Confidence,
    Finding,
    Severity,
    ShownValues,
    Verdict,
    finding_id,
)
from drift_audit.model.keys import ObjectKey, format_path
from drift_audit.model.objects import Location
from drift_audit.model.pairing import ObjectPair, Origin
from drift_audit.model.values import ABSENT, Observed, Unknown, dig, observed


@dataclass(frozen=True, slots=True, kw_only=True)
class GitContext:
    """What a judgement of one management cluster may look at besides the comparison."""

    thresholds: Thresholds
    now: datetime
    confirmed: frozenset[ObjectKey]
    """Objects that were read twice, or whose reads need no second look."""
    origins: dict[ObjectKey, Origin]
    pairs: dict[ObjectKey, ObjectPair]
    git_is_read: bool = True
    """False where a declaration that was not found may stand in what could not be read."""


def git_findings(comparisons: Iterable[ObjectComparison], context: GitContext) -> Iterator[Finding]:
    """Every finding of these comparisons, in their order."""
    for comparison in comparisons:
        membership = membership_finding(
            comparison.pair, context.thresholds, context.now, confirmed=_is_sure(comparison.pair, context)
        )
        deleting = deleting_finding(comparison.pair, confirmed=_is_sure(comparison.pair, context))
        yield from (finding for finding in (membership, deleting) if finding is not None)
        for leaf in comparison.leaves:
            rule = LEAF_RULES.get(leaf.outcome)
            told = membership is not None and leaf.outcome is LeafOutcome.PENDING_PRUNE_FIELD
            if rule is not None and not told:
                yield _leaf_finding(comparison.pair, leaf, rule, context)


def _leaf_finding(pair: ObjectPair, leaf: LeafComparison, rule: LeafRule, context: GitContext) -> Finding:
    path = format_path(leaf.path)
    severity, why = _severity(pair, leaf, rule, context)
    git, location = _declared_value(pair, leaf, context)
    waiting = rule.verdict is Verdict.NOT_APPLIED
    return Finding(
        id=finding_id(pair.management_cluster, str(pair.key), pair.key.group, path, "git", rule.kind),
        kind=rule.kind,
        verdict=rule.verdict,
        confidence=_confidence(pair, leaf, rule, context),
        severity=severity,
        rule=rule.id,
        title=rule.title.format(kind=pair.key.kind, path=path),
        cluster=pair.cluster,
        management_cluster=pair.management_cluster,
        object=object_ref(pair),
        resource=None,
        path=path,
        values=ShownValues(git=shown(git), capi=shown(leaf.live, leaf.note), cloud=NO_COUNTERPART),
        declared_at=declared_at(location),
        actor=leaf.actor,
        reaction=_waiting_for(pair) if waiting else repair_of(leaf, pair),
        since=pair.head_committed_at if waiting else (leaf.actor.between.before if leaf.actor else ""),
        evidence=tuple(_evidence(pair, leaf, rule, why)),
        next_steps=tuple(_next_steps(pair, leaf, rule, location)),
    )


def _severity(pair: ObjectPair, leaf: LeafComparison, rule: LeafRule, context: GitContext) -> tuple[Severity, str]:
    if rule.severity is not None:
        return rule.severity, ""
    if rule.verdict is Verdict.NOT_APPLIED:
        if leaf.outcome is LeafOutcome.APPLIED_DIFFERENT and pair.head_is_applied:
            return Severity.LOW, ""
        return severity_of_waiting(pair, context.thresholds, context.now), ""
    severity, why = severity_of(pair.key.kind, leaf.path)
    if leaf.note in ("type only", "order only"):
        return Severity.LOW, leaf.note
    return (raised(severity) if rule.verdict is Verdict.CONFLICT else severity), why


def _confidence(pair: ObjectPair, leaf: LeafComparison, rule: LeafRule, context: GitContext) -> Confidence:
    if leaf.outcome is LeafOutcome.APPLIED_DIFFERENT and pair.head_is_applied:
        return Confidence.POTENTIAL
    return rule.confidence if _is_sure(pair, context) else Confidence.POTENTIAL


def _is_sure(pair: ObjectPair, context: GitContext) -> bool:
    return pair.key in context.confirmed and not pair.contested


def _declared_value(pair: ObjectPair, leaf: LeafComparison, context: GitContext) -> tuple[Observed, Location | None]:
    """What Git says, and where; for a derived object, what the declaration it derives from says."""
    if leaf.outcome is LeafOutcome.DERIVED_EDITED:
        plain = tuple(takewhile(lambda step: isinstance(step, str), leaf.path))
        return derived_value(pair.key, tuple(map(str, plain)), context)
    declaration = pair.head or pair.applied
    if declaration is None:
        return ABSENT, None
    if leaf.outcome is LeafOutcome.PENDING_PRUNE_FIELD:
        return leaf.head, declaration.location
    return leaf.head, declaration.location_of(leaf.positional)


_NOT_FOUND = "no declaration in Git was found that this object derives from"
_NOT_READ = "not all of Git could be read, and what was read does not declare it"


def derived_value(key: ObjectKey, path: tuple[str, ...], context: GitContext) -> tuple[Observed, Location | None]:
    """The Git value of a field of an object that nobody wrote: that of the declaration it derives from."""
    own = context.pairs.get(key)
    if own is not None and own.declaration is not None:
        return _value_in(own, path)
    origin = context.origins.get(key)
    source = context.pairs.get(origin.key) if origin else None
    if origin is None or source is None or source.declaration is None:
        return Unknown(_NOT_FOUND if context.git_is_read else _NOT_READ), None
    if path[:1] != ("spec",):
        return ABSENT, source.declaration.location
    return _value_in(source, (*origin.path, *path[1:]))


def _value_in(pair: ObjectPair, path: tuple[str, ...]) -> tuple[Observed, Location | None]:
    declaration = pair.declaration
    assert declaration is not None
    for length in range(len(path), 0, -1):
        reason = declaration.opaque.get(path[:length])
        if reason:
            return Unknown(reason), declaration.location_of(path)
    return observed(dig(declaration.raw, *path)), declaration.location_of(path)


def _waiting_for(pair: ObjectPair) -> str:
    blocked = blocked_by(pair)
    if pair.delivery is not None and not blocked:
        return f"{pair.delivery} applies it at its next run"
    return f"it stays unapplied: {blocked}"


def _evidence(pair: ObjectPair, leaf: LeafComparison, rule: LeafRule, why: str) -> Iterator[str]:
    yield rule.explanation
    if leaf.actor is not None:
        yield (
            f"managedFields of {pair.key}: {leaf.actor.who} ({leaf.actor.how}) {_moment_of(leaf.actor)}, "
            f"evidence grade {leaf.actor.grade}"
        )
    elif leaf.outcome is LeafOutcome.REMOVED:
        yield "removal leaves no owner in managedFields; only an API server audit log can name who did it"
    if why:
        yield f"severity: {why}"
    if leaf.whole:
        yield "the whole item came or went at once"


def _moment_of(actor: Actor) -> str:
    """When the field was written; apimachinery leaves `time` out of the entries that it makes for `scale`."""
    if actor.between.before:
        return f"at {actor.between.before}"
    if "scale" in actor.how:
        return "at an unknown time (the API server keeps none for the scale subresource)"
    return "at an unknown time"


def _next_steps(pair: ObjectPair, leaf: LeafComparison, rule: LeafRule, location: Location | None) -> Iterator[str]:
    target = f"{pair.key.kind.lower()} {pair.key.name}" + (f" -n {pair.key.namespace}" if pair.key.namespace else "")
    place = f"{location.file}:{location.line}" if location and location.line else (location.file if location else "Git")
    match rule.verdict:
        case Verdict.NOT_APPLIED:
            if resume_step(pair):
                yield resume_step(pair)
            elif pair.delivery is not None:
                yield f"see why it is not applied: {_show(pair)}"
            else:
                yield f"apply the head of Git, or find out which pipeline should: {place}"
        case Verdict.ADOPTED:
            yield f"decide which value is right; if the cluster's, write it to {place}"
        case Verdict.HAZARD:
            yield f"correct {place}"
        case _:
            yield f"see the object with its writers: kubectl get {target} -o yaml --show-managed-fields"
            if leaf.outcome is LeafOutcome.DERIVED_EDITED:
                yield f"change the declaration instead ({place}); a new Machine is made from it"
            else:
                yield f"keep it: {_keep(pair, leaf, place)}; or {_revert(pair, leaf, place)}"


def _keep(pair: ObjectPair, leaf: LeafComparison, place: str) -> str:
    if pair.key.kind == "Secret":
        return f"change it where the content of the Secret is kept encrypted, never as plain text ({place})"
    if isinstance(leaf.head, Unknown):
        return f"change it where {place} takes the value from"
    return f"declare the field in {place}" if leaf.outcome is LeafOutcome.EXTRA_OOB else f"commit it to {place}"


def _revert(pair: ObjectPair, leaf: LeafComparison, place: str) -> str:
    if leaf.outcome is LeafOutcome.EXTRA_OOB and not removes_extra(leaf, pair):
        return "remove the field from the object: no GitOps tool does that by itself"
    if blocked_by(pair) or ignored_by(leaf, pair):
        return f"revert it by hand to what {place} says"
    return "revert it: let the GitOps tool apply again"


def _show(pair: ObjectPair) -> str:
    assert pair.delivery is not None
    key = pair.delivery.object
    return f"kubectl describe {key.kind.lower()}.{key.group} {key.name} -n {key.namespace}"
