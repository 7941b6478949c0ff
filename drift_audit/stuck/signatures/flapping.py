"""Beside the layers: a condition that turns and turns again, as several audits saw it.

Its time begins anew with each turn, so that no clock ever runs out: only what earlier audits saw tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Layer
from drift_audit.model.history import ConditionSeen
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof, Surroundings
from drift_audit.stuck.history import turns_within
from drift_audit.stuck.signature import Sign, Signature

MOST = 5
"""Turns in an hour; more of them is flapping."""


def _turning(around: Surroundings, live: CapiObject) -> list[ConditionSeen]:
    """The conditions of the object that flap, the worst first."""
    seen = [each for each in around.remembered.get(live.key, ()) if each.uid == live.uid]
    turning = [each for each in seen if len(turns_within(each, around.now)) > MOST]
    return sorted(turning, key=lambda each: (-len(turns_within(each, around.now)), each.type))


def _flapping_objects(around: Surroundings) -> Iterator[CapiObject]:
    for key in around.remembered:
        live = around.graph.get(key)
        if live is not None and not live.deleting and _turning(around, live):
            yield live


def _flaps(case: Case) -> Sign | None:
    turning = _turning(case.around, case.live)
    if not turning:
        return None
    worst = turning[0]
    turns = turns_within(worst, case.now)
    others = [each.type for each in turning[1:]]
    beside = f", and so do {', '.join(others)}" if others else ""
    return Sign(
        fact=f"{worst.type} has turned at least {len(turns)} times within an hour{beside}; it is {worst.status} now",
        since=worst.first,
        proofs=(Proof("condition", f"condition {worst.type}: turns seen at {', '.join(dict.fromkeys(turns))}"),),
        variant=worst.type,
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="FLAPPING",
        layer=Layer.NODE_HEALTH,
        severity=Severity.MEDIUM,
        title="A condition turns again and again",
        kinds=("*",),
        looks=_flaps,
        mechanism=(
            "Something fails and recovers within minutes: a kubelet that restarts, a connection that drops, two "
            "controllers that write against each other. Each look at it finds it well or just begun."
        ),
        next_steps=(
            "`kubectl -n {namespace} get {kind} {name} -w`: watch it turn, with the events beside it.",
            "Read the log of the controller that sets the condition, for `{name}`.",
        ),
        source="what earlier audits saw; lastTransitionTime of the condition (CAPI util/conditions/setter.go)",
        among=_flapping_objects,
        kind=FindingKind.HEALTH,
    ),
)
