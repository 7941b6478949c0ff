"""Layer 8: a MachineSet that makes no Machines, because their version would not join the control plane."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.stuck.case import Case, said_by
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.waiting import unwell

_CHECK = re.compile(r"(?:^\* |; |^)(?P<why>[^\n;*]*?) \(\"(?P<check>\w+)\" preflight check failed\)", re.MULTILINE)
_PASSING = ("ControlPlaneIsStable", "ControlPlaneVersionSkew")
"""Checks that wait for an upgrade to go on; the others are about versions that will never fit."""


def _held_back(case: Case) -> Sign | None:
    said = case.conditions.holding("ScalingUp") or case.conditions.failing("MachinesCreated")
    checks = list(_CHECK.finditer(said.message)) if said else []
    if said is None or not checks or case.live.deleting:
        return None
    lasting = [each for each in checks if each["check"] not in _PASSING]
    shown = (lasting or checks)[0]
    return Sign(
        fact=f"no Machine is made: {shown['why']}",
        since=said.since,
        proofs=(said_by(said).proof,),
        variant=shown["check"],
        waits_for=() if lasting else unwell(case.control_plane, case.cluster),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="JOIN-PREFLIGHT-SKEW",
        layer=Layer.NODE_JOIN,
        severity=Severity.MEDIUM,
        title="A MachineSet makes no Machines because of the version of the control plane",
        kinds=("MachineSet",),
        looks=_held_back,
        mechanism=(
            "The checks of a MachineSet hold it back while its version is newer than the control plane's, too old for "
            "it, or not one that kubeadm can join with."
        ),
        next_steps=(
            "Compare the versions: `kubectl -n {namespace} get kubeadmcontrolplane,machinedeployment`.",
            "Upgrade the control plane first, in Git.",
        ),
        source="CAPI v1.14.0 core/reconcilers/machineset/machineset_preflight.go",
        clock=Clock.SCALING,
    ),
)
