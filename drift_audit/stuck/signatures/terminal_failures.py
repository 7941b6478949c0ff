"""Layer 7, after all that is more precise: the provider gave it up, in fields that the core controllers do not read."""

from __future__ import annotations

from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Feasible, Layer, Topic
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.signature import Sign, Signature


def _gave_up(case: Case) -> Sign | None:
    """`failureReason` and `failureMessage`: final by the v1beta1 contract, read by nobody since v1beta2."""
    if case.live.deleting:
        return None
    reason, message = text(case.live.status.get("failureReason")), text(case.live.status.get("failureMessage"))
    if not reason and not message:
        return None
    conditions = [each for each in case.conditions if each.status != "True" and each.type != "Ready" and each.message]
    asked = case.answers(Topic.INSTANCE)
    return Sign(
        fact=f"its provider gave it up: {message or reason}",
        since=min((each.since for each in conditions), default=""),
        proofs=(
            Proof("object", ": ".join(filter(None, ("status.failureMessage", reason, message)))),
            *(said_by(each).proof for each in conditions[:2]),
            *(Proof("cloud", each.fact) for each in asked if each.feasible is Feasible.IMPOSSIBLE),
        ),
        variant=reason or message.partition(":")[0],
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="INFRA-FAILUREREASON",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="A provider gave up an infrastructure object, and nobody listens",
        kinds=("*Machine", "*Cluster", "*MachinePool"),
        looks=_gave_up,
        mechanism=(
            "The provider writes a final failure and tries no more. Since the v1beta2 contract neither the core "
            "controllers nor a MachineHealthCheck look at it, so that the Machine seems to be on its way."
        ),
        next_steps=(
            "See all of them: `kubectl get {kind} -A -o custom-columns=N:.metadata.name,R:.status.failureReason`.",
            "Look at the instance in the cloud; then have the Machine replaced.",
        ),
        source="CAPA v2.13.0 controllers/awsmachine_controller.go, CAPG v1.13.1 controllers/gcpmachine_controller.go",
        clock=Clock.AT_ONCE,
    ),
)
