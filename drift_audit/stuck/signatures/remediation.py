"""Layer 11, the owners: a Machine is to be replaced, and its owner does not do it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Condition, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import FALSE
from drift_audit.stuck.deletion import keys
from drift_audit.stuck.graph import is_control_plane_machine
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.suspects import is_paused

_ALREADY_TOO_MANY = "too many remediations in progress"
_ROLLOUT = "pending removal due to rollout"
_PREFLIGHT = re.compile(r"\"\w+\" preflight check failed")
_CONTROL_PLANE_WAITS = re.compile(r"waiting for control plane Machine (provisioning|deletion) to complete")


def _owner_waits(case: Case, reason: str) -> Condition | None:
    condition = None if case.live.deleting else case.conditions.get("OwnerRemediated")
    return condition if condition and condition.status == FALSE and condition.reason == reason else None


def _too_many(case: Case) -> Sign | None:
    condition = _owner_waits(case, "RemediationDeferred")
    if condition is None or _ALREADY_TOO_MANY not in condition.message:
        return None
    going = [live for live in _siblings(case) if live.deleting]
    return Sign(
        fact=f"{condition.message}: {', '.join(live.name for live in going) or 'and none is in progress'}",
        since=condition.since,
        proofs=(said_by(condition).proof,),
        path="spec.remediation.maxInFlight",
        waits_for=keys(going),
    )


def _siblings(case: Case) -> list[CapiObject]:
    owner = case.graph.above(case.live)
    return [live for live in case.graph.children(owner, "Machine") if live is not case.live] if owner else []


def _deferred(case: Case) -> Sign | None:
    """Victims: of the rollout that is to remove the Machine anyway, of the control plane, of a sibling."""
    condition = _owner_waits(case, "RemediationDeferred") or _owner_waits(case, "CannotBeRemediated")
    if condition is None:
        return None
    waits_for: Sequence[CapiObject] = ()
    if _ROLLOUT in condition.message:
        waits_for = [live for live in case.graph.way_up(case.live) if live.kind == "MachineDeployment"]
    elif _PREFLIGHT.search(condition.message) and case.control_plane is not None:
        waits_for = [case.control_plane]
    elif _CONTROL_PLANE_WAITS.search(condition.message) and is_control_plane_machine(case.live):
        waits_for = [live for live in _siblings(case) if live.deleting or not live.at("status", "nodeRef")]
    if not waits_for:
        return None
    return Sign(
        fact=f"its replacement is put off: {condition.message}",
        since=condition.since,
        proofs=(said_by(condition).proof,),
        waits_for=keys(waits_for),
    )


def _not_taken_up(case: Case) -> Sign | None:
    condition = _owner_waits(case, "WaitingForRemediation")
    if condition is None or condition.message not in ("", "Waiting for remediation"):
        return None
    owner = next((each for each in case.live.owners if each.controller), None)
    above = case.graph.above(case.live)
    paused = above is not None and is_paused(above)
    why = f"{owner.kind} {owner.name} does not act" if owner else "it has no owner that could replace it"
    return Sign(
        fact=f"it is marked for remediation, and {why}",
        since=condition.since,
        proofs=(said_by(condition).proof, *((Proof("object", "no controlling owner"),) if owner is None else ())),
        variant=owner.kind if owner else "no owner",
        waits_for=(above.key,) if above is not None and paused else (),
    )


_MACHINE_SET = "CAPI core/reconcilers/machineset/machineset_controller.go, reconcileUnhealthyMachines"

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MD-REMEDIATION-DEFERRED",
        layer=Layer.REMEDIATION,
        severity=Severity.MEDIUM,
        title="A Machine waits for other remediations to end",
        kinds=("Machine",),
        looks=_too_many,
        mechanism=(
            "maxInFlight Machines are being replaced already; if those do not go, none of the others is replaced."
        ),
        next_steps=("Look at the Machines that are being deleted: `kubectl -n {namespace} get machines`.",),
        source=_MACHINE_SET,
        clock=Clock.REMEDIATION_BLOCKED,
    ),
    Signature(
        id="MHC-DEFERRED",
        layer=Layer.REMEDIATION,
        severity=Severity.MEDIUM,
        title="The owner of a Machine puts its replacement off",
        kinds=("Machine",),
        looks=_deferred,
        mechanism=(
            "A rollout is to remove it anyway, the control plane is not stable, or another Machine has to come first."
        ),
        next_steps=("`kubectl -n {namespace} describe machine {name}`: condition OwnerRemediated.",),
        source=f"{_MACHINE_SET}; controlplane/kubeadm/reconcilers/kubeadmcontrolplane/remediation.go",
        clock=Clock.REMEDIATION_BLOCKED,
    ),
    Signature(
        id="MHC-NOT-TAKEN-UP",
        layer=Layer.REMEDIATION,
        severity=Severity.MEDIUM,
        title="A Machine is marked for remediation, and nobody replaces it",
        kinds=("Machine",),
        looks=_not_taken_up,
        mechanism=(
            "Only MachineSets and control planes replace Machines; others, and those whose controller is down, stay."
        ),
        next_steps=(
            "`kubectl -n {namespace} get machine {name} -o yaml`: ownerReferences; the log of the owner's controller.",
        ),
        source="CAPI core/reconcilers/machinehealthcheck/machinehealthcheck_controller.go, patchUnhealthyTargets",
        clock=Clock.REMEDIATION_BLOCKED,
    ),
)
