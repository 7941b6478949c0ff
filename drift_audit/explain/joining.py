"""Joins what is stuck with the drift that keeps it so: one cause, told from the edit to the alarm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from drift_audit.clock import moment
from drift_audit.explain.drift_effects import (
    DRIFT_EFFECTS,
    STUCK_EFFECTS,
    STUCK_PREFIX,
    DriftEffect,
    of_health,
)
from drift_audit.explain.relations import Relations
from drift_audit.model.findings import Certainty, ChainLink, Confidence, Finding, ValueState, Verdict
from drift_audit.model.keys import ObjectKey
from drift_audit.model.views import ClusterView

Delivered = Mapping[str, Mapping[ObjectKey, ObjectKey]]
"""By management cluster: the GitOps object that brings an object into it."""

_NO_CAUSE = frozenset({Verdict.RECONCILING, Verdict.UNDETERMINED, Verdict.EDITED_AND_REVERTED})
_MOST_POSSIBLE = 5

_LAYERS: Mapping[Verdict, str] = {
    Verdict.NOT_APPLIED: "commit",
    Verdict.MISSING: "missing",
    Verdict.HAZARD: "hazard",
}
"""What a drift is called in a chain; an edit, unless it is one of these."""


def join_causes(
    findings: Iterable[Finding], views: Sequence[ClusterView] = (), delivered: Delivered | None = None
) -> list[Finding]:
    """The findings, each that another one explains with the id of that one as its cause.

    What is stuck gets the drift before its chain; what only may have caused it is told beside it.
    """
    known = list(findings)
    stuck = [finding for finding in known if of_health(finding) and finding.suppressed is None]
    if not stuck:
        return known
    drift = [finding for finding in known if not of_health(finding) and finding.verdict not in _NO_CAUSE]
    relations = Relations(drift, stuck, views, delivered or {})
    joined = {finding.id: _explained(finding, relations) for finding in stuck}
    for finding in _differing(known):
        because = _kept_by(finding, relations)
        if because is not None and joined[because.id].cause != finding.id:
            joined[finding.id] = replace(finding, cause=because.id)
    return [joined.get(finding.id, finding) for finding in known]


# From drift to what is stuck


@dataclass(frozen=True, slots=True)
class _Match:
    """A drift that can have caused it."""

    row: DriftEffect
    drift: Finding
    order: _Order


class _Order:
    """How a drift and what is stuck stand in time."""

    def __init__(self, drift: Finding, stuck: Finding, row: DriftEffect) -> None:
        self.drift = moment(drift.since)
        self.stuck = moment(stuck.since)
        self.slack = row.slack

    @property
    def proven(self) -> bool:
        """True when the drift is known to have begun first."""
        return self.drift is not None and self.stuck is not None and self.drift <= self.stuck

    @property
    def too_late(self) -> bool:
        return self.drift is not None and self.stuck is not None and self.drift > self.stuck + self.slack

    @property
    def distance(self) -> float:
        """Seconds between the two; the nearest change is the likeliest."""
        if self.drift is None or self.stuck is None:
            return float("inf")
        return abs((self.stuck - self.drift).total_seconds())


def _explained(stuck: Finding, relations: Relations) -> Finding:
    matches = list(_matches(stuck, relations))
    causes = sorted((match for match in matches if _is_cause(match)), key=_rank)
    best = causes[0] if causes else None
    others = [match for match in matches if best is None or match.drift.id != best.drift.id]
    possible = [_possibility(match) for match in sorted(others, key=_rank) if not _excluded(match)]
    excluded = [_exclusion(match) for match in others if _excluded(match)]
    told = replace(
        stuck,
        possible_causes=(*stuck.possible_causes, *list(dict.fromkeys(possible))[:_MOST_POSSIBLE]),
        ruled_out=(*stuck.ruled_out, *list(dict.fromkeys(excluded))[:_MOST_POSSIBLE]),
    )
    return _because_of(best, told) if best is not None else told


def _matches(stuck: Finding, relations: Relations) -> Iterator[_Match]:
    """Each drift once, by the first row that fits."""
    signature = stuck.rule.removeprefix(STUCK_PREFIX)
    seen: set[str] = set()
    for row in DRIFT_EFFECTS:
        if not any(fnmatchcase(signature, pattern) for pattern in row.signatures):
            continue
        for drift in relations.drift_of(row.relation, stuck):
            if drift.id not in seen and _fits(row, drift):
                seen.add(drift.id)
                yield _Match(row, drift, _Order(drift, stuck, row))


def _fits(row: DriftEffect, drift: Finding) -> bool:
    rule = any(fnmatchcase(drift.rule, pattern) for pattern in row.rules)
    return rule and drift.verdict in row.verdicts and row.blocks(drift)


def _is_cause(match: _Match) -> bool:
    sure = match.drift.confidence is Confidence.CONFIRMED and match.drift.suppressed is None
    return sure and (match.row.proves or match.order.proven)


def _excluded(match: _Match) -> bool:
    return not match.row.proves and match.order.too_late


def _rank(match: _Match) -> tuple[bool, float, int, str]:
    return not match.row.proves, match.order.distance, -match.drift.severity.rank, match.drift.id


def _possibility(match: _Match) -> str:
    drift = match.drift
    when = f"since {drift.since}" if drift.since else "nobody knows since when"
    why = f", suppressed by {drift.suppressed.rule}" if drift.suppressed is not None else ""
    return f"{_subject(drift)}: {_fact(drift)} ({when}{why})"


def _exclusion(match: _Match) -> str:
    return f"{_subject(match.drift)}: {_fact(match.drift)}, but only at {match.drift.since}"


def _because_of(match: _Match, stuck: Finding) -> Finding:
    drift, row = match.drift, match.row
    first = ChainLink(
        layer=_LAYERS.get(drift.verdict, "edit"),
        object=_subject(drift),
        fact=_fact(drift),
        evidence=_evidence(drift),
        since=drift.since,
    )
    between: tuple[ChainLink, ...] = ()
    if row.effect:
        about = f"Cluster/{stuck.cluster.namespace}/{stuck.cluster.name}" if stuck.cluster else _subject(stuck)
        between = (ChainLink(layer="consequence", object=about, fact=row.effect, evidence=""),)
    second_source = row.proves and stuck.certainty is Certainty.MEDIUM
    return replace(
        stuck,
        cause=drift.id,
        chain=(first, *between, *stuck.chain),
        certainty=Certainty.HIGH if second_source else stuck.certainty,
        evidence=(*stuck.evidence, f"{drift.rule} of {_subject(drift)}: {_fact(drift)}"),
    )


def _subject(finding: Finding) -> str:
    """The object of an edit in the cluster, the resource of one in the cloud."""
    target, resource = finding.object, finding.resource
    if resource is not None and not finding.rule.startswith("git."):
        return f"{resource.type} {resource.id}"
    if target is not None:
        return "/".join(part for part in (target.kind, target.namespace, target.name) if part)
    return str(finding.cluster or finding.management_cluster)


def _fact(drift: Finding) -> str:
    """`ingress[tcp 6443 from node] was taken away by j.doe (AWS console)`."""
    actor = drift.actor
    if actor is None or not actor.who:
        return _what(drift)
    how = f" ({actor.how})" if actor.how and actor.how != actor.who else ""
    return f"{_what(drift)} by {actor.who}{how}"


def _what(drift: Finding) -> str:
    if drift.verdict is Verdict.MISSING:
        return "it does not exist any more"
    if drift.verdict is Verdict.NOT_APPLIED:
        return f"a commit that changes {drift.path or 'it'} is not applied"
    if drift.verdict is Verdict.HAZARD or not drift.path:
        return drift.title
    before, after = drift.values.capi, drift.values.cloud
    if drift.rule.startswith("git."):
        before, after = drift.values.git, drift.values.capi
    if after.state is ValueState.ABSENT and before.state is ValueState.PRESENT:
        return f"{drift.path} was taken away"
    if before.state is ValueState.ABSENT and after.state is ValueState.PRESENT:
        return f"{drift.path} was added"
    return f"{drift.path} was changed"


def _evidence(drift: Finding) -> str:
    """What names the actor, where somebody is named; else what the finding stands on."""
    source = drift.actor.source if drift.actor is not None else ""
    naming = (line for line in drift.evidence if source and line.startswith(source))
    return next(naming, drift.evidence[0] if drift.evidence else drift.title)


# From what is stuck to what differs because of it


def _differing(known: Iterable[Finding]) -> Iterator[Finding]:
    """What nothing else explains yet."""
    wanted = {verdict for row in STUCK_EFFECTS for verdict in row.verdicts}
    return (one for one in known if one.verdict in wanted and not one.cause and one.suppressed is None)


def _kept_by(differing: Finding, relations: Relations) -> Finding | None:
    """What keeps a difference there; the first row that fits, and of several the one that began first."""
    for row in STUCK_EFFECTS:
        if differing.verdict not in row.verdicts:
            continue
        keeping = [
            one
            for one in relations.stuck_of(row.relation, differing)
            if any(fnmatchcase(one.rule.removeprefix(STUCK_PREFIX), pattern) for pattern in row.signatures)
        ]
        if keeping:
            return min(keeping, key=lambda one: (one.certainty is Certainty.LOW, one.since or "~", one.id))
    return None
