"""How one node of a tree looks: its state, since when, and the one sentence that stands beside it.

The worst finding decides; without one, what the object says of itself: a deletion, a condition `Ready` or `Available`
that is false. Other conditions are not read, because half of them mean something good when they are false.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.model.findings import NO_COUNTERPART, Finding, FindingKind, ShownValue, ValueState, Verdict
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.tree import NodeState
from drift_audit.model.values import JsonObject, mapping, sequence, text
from drift_audit.model.views import View

PROBLEMS = frozenset({NodeState.DRIFTED, NodeState.STUCK, NodeState.MISSING, NodeState.ORPHAN})

_STATE_OF_VERDICT: Mapping[Verdict, NodeState] = {
    Verdict.IN_SYNC: NodeState.OK,
    Verdict.RECONCILING: NodeState.CHANGING,
    Verdict.UNDETERMINED: NodeState.UNKNOWN,
    Verdict.MISSING: NodeState.MISSING,
    Verdict.ORPHAN: NodeState.ORPHAN,
    Verdict.UNHEALTHY: NodeState.STUCK,
}
_STATE_OF_KIND: Mapping[FindingKind, NodeState] = {
    FindingKind.STUCK: NodeState.STUCK,
}
_SUMMARIES = ("Ready", "Available")
"""Conditions that sum an object up; `Ready` speaks first where both are there (CAPI v1beta1, then v1beta2 contract)."""
_PAUSED = "cluster.x-k8s.io/paused"
_LONGEST_VALUE = 40
_SIDES_OF_VERDICT: Mapping[Verdict, tuple[str, str]] = {
    Verdict.EDITED_IN_CLOUD: ("cluster", "cloud"),
    Verdict.NOT_RECONCILED: ("cluster", "cloud"),
    Verdict.CONFLICT: ("cluster", "cloud"),
    Verdict.EDITED_IN_CLUSTER: ("Git", "cluster"),
    Verdict.ADOPTED: ("Git", "cluster"),
    Verdict.NOT_APPLIED: ("Git", "cluster"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a node shows beside its name."""

    state: NodeState = NodeState.OK
    since: str = ""
    message: str = ""
    findings: tuple[str, ...] = ()

    def doubted(self, doubt: str) -> Look:
        """The same, unknown where nothing worse is known already."""
        if not doubt or self.state in PROBLEMS:
            return self
        return replace(self, state=NodeState.UNKNOWN, message=doubt)

    def remarked(self, remark: str) -> Look:
        return self if self.message or not remark else replace(self, message=remark)


@dataclass(frozen=True, slots=True)
class Twig:
    """One node before it stands in the tree."""

    parent: Hashable
    view: View
    kind: str
    name: str
    look: Look


def look_of_object(live: CapiObject, findings: Collection[Finding], now: datetime, patience: timedelta) -> Look:
    """How a live object is."""
    own = _own_look(live, now, patience)
    judged = look_of_findings(findings)
    if judged is None:
        return own
    if judged.state not in PROBLEMS and _rank(own.state) > _rank(judged.state):
        return replace(own, findings=judged.findings)
    return replace(judged, since=judged.since or (own.since if judged.state is NodeState.OK else ""))


def look_of_resource(resource: CloudResource | None, findings: Collection[Finding]) -> Look:
    """How a cloud resource is."""
    made = resource.created_at if resource is not None else ""
    judged = look_of_findings(findings)
    if judged is None:
        return Look(since=made)
    return replace(judged, since=judged.since or (made if judged.state is NodeState.OK else ""))


def look_of_findings(findings: Collection[Finding]) -> Look | None:
    """What the worst of these findings says; a suppressed one is told and counts for nothing. `None` without any."""
    if not findings:
        return None
    counted = [finding for finding in findings if finding.suppressed is None]
    if not counted:
        first = min(findings, key=lambda finding: finding.id)
        rule = first.suppressed.rule if first.suppressed else ""
        return Look(message=f"suppressed by {rule}: {first.title}")
    worst = max(counted, key=lambda finding: (*_badness(finding), finding.id))
    others = len(counted) - 1
    more = f" (and {others} more finding{'' if others == 1 else 's'})" if others else ""
    return Look(
        state=state_of(worst),
        since=worst.since,
        message=_sentence(worst) + more,
        findings=tuple(sorted(finding.id for finding in counted)),
    )


def state_of(finding: Finding) -> NodeState:
    """The state of a node with this finding alone."""
    return _STATE_OF_KIND.get(finding.kind) or _STATE_OF_VERDICT.get(finding.verdict, NodeState.DRIFTED)


def _badness(finding: Finding) -> tuple[bool, int, int]:
    state = state_of(finding)
    return state in PROBLEMS, finding.severity.rank, _rank(state)


def _rank(state: NodeState) -> int:
    order = (NodeState.OK, NodeState.CHANGING, NodeState.UNKNOWN, NodeState.ORPHAN, NodeState.DRIFTED)
    return order.index(state) if state in order else len(order)


def _sentence(finding: Finding) -> str:
    """The title with the two values that disagree, where they are short enough to stand in a line."""
    sides = _SIDES_OF_VERDICT.get(finding.verdict, ())
    shown = {"Git": finding.values.git, "cluster": finding.values.capi, "cloud": finding.values.cloud}
    told = [f"{side} {value}" for side in sides if (value := _short(shown[side]))]
    if sides and len(told) == len(sides):
        where = "" if not finding.path or finding.path in finding.title else f" ({finding.path})"
        return f"{finding.title}: {', '.join(told)}{where}"
    reason = (
        "" if finding.verdict is Verdict.ORPHAN or finding.values.cloud == NO_COUNTERPART else shown["cloud"].reason
    )
    return ": ".join(filter(None, (finding.title, finding.path if sides else "", reason)))


def _short(value: ShownValue) -> str:
    """The value on one line; empty where it is unknown, or more than a line can hold."""
    if value == NO_COUNTERPART or value.state is ValueState.UNKNOWN:
        return ""
    if value.state is ValueState.ABSENT:
        return "(absent)"
    told = value.value if isinstance(value.value, str) else json.dumps(value.value, ensure_ascii=False)
    return told if 0 < len(told) <= _LONGEST_VALUE else ""


def _own_look(live: CapiObject, now: datetime, patience: timedelta) -> Look:
    leaving = text(live.metadata.get("deletionTimestamp"))
    if leaving:
        state = NodeState.STUCK if _older(leaving, now, patience) else NodeState.CHANGING
        return Look(state=state, since=leaving, message="it is being deleted")
    summary = _summary(live)
    since = text(summary.get("lastTransitionTime")) or live.created_at
    if summary.get("status") == "False":
        state = NodeState.STUCK if _older(since, now, patience) else NodeState.CHANGING
        told = (f"{text(summary.get('type'))} is False", text(summary.get("reason")), text(summary.get("message")))
        return Look(state=state, since=since, message=": ".join(filter(None, told)))
    paused = live.spec.get("paused") is True or _PAUSED in live.annotations
    return Look(since=since, message="paused: controllers leave it alone" if paused else "")


def _summary(live: CapiObject) -> JsonObject:
    conditions = _by_type(map(mapping, sequence(live.status.get("conditions"))))
    return next((conditions[name] for name in _SUMMARIES if name in conditions), {})


def _by_type(conditions: Iterable[JsonObject]) -> dict[str, JsonObject]:
    return {text(condition.get("type")): condition for condition in conditions}


def _older(stamped: str, now: datetime, patience: timedelta) -> bool:
    """True when it began longer ago than it may take; a moment that nobody can read excuses nothing."""
    began = moment(stamped)
    return began is None or now - began > patience
