"""Layer 11, the MachineHealthChecks: a Machine is not well, and no check has it replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Condition, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.deletion import keys
from drift_audit.stuck.graph import CORE, reference_key
from drift_audit.stuck.patience import health_checks, watched_conditions
from drift_audit.stuck.signature import Sign, Signature

SKIP = "cluster.x-k8s.io/skip-remediation"
_UNHEALTHY = re.compile(r"unhealthy: (\d+)")
_NODE_CONDITION = re.compile(r"Node\.(\w+):|Node condition (\w+) is")


def _short_circuit(case: Case) -> Sign | None:
    condition = case.conditions.failing("RemediationAllowed")
    if condition is None or case.live.deleting:
        return None
    match = _UNHEALTHY.search(condition.message)
    # It also counts Machines that have not started yet: then they are what it waits for, and nothing is restricted.
    starting = _not_started(case) if match and match[1] == "0" else []
    total, healthy = case.live.status.get("expectedMachines"), case.live.status.get("currentHealthy")
    counts = (Proof("object", f"status: {healthy} of {total} Machines are healthy"),) if total is not None else ()
    return Sign(
        fact=f"it repairs nothing: {condition.message or condition.reason}",
        since=condition.since,
        proofs=(said_by(condition).proof, *counts),
        waits_for=keys(starting),
    )


def _not_started(case: Case) -> list[CapiObject]:
    return [
        live
        for live in case.graph.of_kind("Machine")
        if not live.at("status", "nodeRef") and any(check is case.live for check in health_checks(case, live))
    ]


def _node_trouble(case: Case) -> Condition | None:
    """What the Machine says of a Node that is not well: neither one that has not come yet, nor a lost connection."""
    condition = None if case.live.deleting else case.conditions.failing("NodeHealthy")
    if condition is None:
        return None
    told = condition.reason in (
        "NodeNotHealthy",
        "NodeHealthUnknown",
        "NodeDeleted",
        "NodeNotFound",
        "NodeConditionsFailed",
    )
    return condition if told else None


def _missing(case: Case) -> Sign | None:
    condition = _node_trouble(case)
    if condition is None or case.conditions.get("OwnerRemediated", "ExternallyRemediated"):
        return None
    skipped = SKIP in case.live.annotations
    unread = not case.graph.view.listed(CORE, "MachineHealthCheck")
    if not skipped and (unread or any(health_checks(case, case.live))):
        return None
    why = f"annotated {SKIP}" if skipped else "no MachineHealthCheck selects it"
    return Sign(
        fact=f"nothing will replace it: {why}",
        since=condition.since,
        proofs=(said_by(condition).proof, Proof("object", why)),
        variant="skipped" if skipped else "not selected",
        path=f'metadata.annotations["{SKIP}"]' if skipped else "",
    )


def _blind(case: Case) -> Sign | None:
    condition = _node_trouble(case)
    if condition is None or not case.conditions.holding("HealthCheckSucceeded"):
        return None
    named = {name for each in _NODE_CONDITION.findall(condition.message) for name in each if name}
    wrong = {"Ready" if name == "AllConditions" else name for name in named}
    checks = list(health_checks(case, case.live))
    watched = {name for check in checks for name in watched_conditions(check)}
    if not wrong or not checks or wrong & watched:
        return None
    names = ", ".join(sorted(check.name for check in checks))
    return Sign(
        fact=f"{', '.join(sorted(wrong))} of its Node is bad, and MachineHealthCheck {names} does not look at that",
        since=condition.since,
        proofs=(
            said_by(condition).proof,
            Proof("object", f"MachineHealthCheck {names} looks at {', '.join(sorted(watched)) or 'nothing'}"),
        ),
        variant=", ".join(sorted(wrong)),
    )


def _external_fails(case: Case) -> Sign | None:
    """On the Machine in v1beta2, on the MachineHealthCheck in v1beta1."""
    condition = case.conditions.failing(
        "ExternallyRemediated", "ExternalRemediationTemplateAvailable", "ExternalRemediationRequestAvailable"
    )
    if condition is None or condition.reason == "WaitingForRemediation":
        return None
    return Sign(
        fact=f"external remediation does not start: {condition.message or condition.reason}",
        since=condition.since,
        proofs=(said_by(condition).proof,),
        variant=condition.reason,
    )


def _external_waits(case: Case) -> Sign | None:
    condition = case.conditions.failing("ExternallyRemediated")
    if condition is None or condition.reason != "WaitingForRemediation" or case.live.deleting:
        return None
    requests = list(_requests(case))
    named = f"{requests[0].kind} {requests[0].name}" if requests else "the remediation request"
    return Sign(
        fact=f"{named} is not acted on",
        since=condition.since,
        proofs=(said_by(condition).proof, *(Proof("object", f"{named} exists") for _ in requests[:1])),
        variant=requests[0].kind if requests else "",
    )


def _requests(case: Case) -> Iterator[CapiObject]:
    """The request has the name of its Machine, and the kind of the template without `Template`."""
    for check in health_checks(case, case.live):
        for steps in (("spec", "remediation", "templateRef"), ("spec", "remediationTemplate")):
            key = reference_key(check.at(*steps), check.namespace)
            if key is not None:
                kind = key.kind.removesuffix("Template")
                request = case.graph.get(ObjectKey(key.group, kind, case.live.namespace, case.live.name))
                if request is not None:
                    yield request


_MHC = "CAPI core/reconcilers/machinehealthcheck/machinehealthcheck_controller.go"

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MHC-SHORT-CIRCUIT",
        layer=Layer.REMEDIATION,
        severity=Severity.HIGH,
        title="A MachineHealthCheck has stopped repairing: too many Machines are unhealthy",
        kinds=("MachineHealthCheck",),
        looks=_short_circuit,
        mechanism=(
            "More Machines are unhealthy than it may replace at once, as in an outage of a zone, a network or an "
            "image; it protects the cluster and waits for people."
        ),
        next_steps=(
            "Find what the unhealthy Machines have in common: their findings beside this one.",
            "Raise the limit in Git only when a person has decided to.",
        ),
        source=f"{_MHC}, event RemediationRestricted",
        clock=Clock.REMEDIATION_BLOCKED,
    ),
    Signature(
        id="MHC-EXTERNAL",
        layer=Layer.REMEDIATION,
        severity=Severity.HIGH,
        title="External remediation cannot be started",
        kinds=("Machine", "MachineHealthCheck"),
        looks=_external_fails,
        mechanism=(
            "The template of the request is gone or the API server refuses the request: the Machine is not replaced."
        ),
        next_steps=(
            "`kubectl -n {namespace} get machinehealthchecks -o yaml`: spec.remediation.templateRef, and whether it "
            "exists.",
        ),
        source=f"{_MHC}, patchUnhealthyTargets",
    ),
    Signature(
        id="MHC-EXTERNAL-WAITS",
        layer=Layer.REMEDIATION,
        severity=Severity.HIGH,
        title="Nobody acts on a request for external remediation",
        kinds=("Machine",),
        looks=_external_waits,
        mechanism="The controller of the request is not installed, does not run, or cannot do what it is asked to.",
        next_steps=(
            "See the status of the request, which has the name of the Machine, and the log of its controller.",
        ),
        source=f"{_MHC}, patchUnhealthyTargets",
        clock=Clock.REMEDIATION_BLOCKED,
    ),
    Signature(
        id="MHC-MISSING",
        layer=Layer.REMEDIATION,
        severity=Severity.MEDIUM,
        title="An unhealthy Machine that nothing will replace",
        kinds=("Machine",),
        looks=_missing,
        mechanism=(
            "No MachineHealthCheck selects it, or an annotation excludes it: it stays as it is until somebody acts."
        ),
        next_steps=(
            "Compare the selectors with its labels: `kubectl -n {namespace} get machinehealthchecks -o yaml`.",
            "Propose a MachineHealthCheck in Git.",
        ),
        source="CAPI core/reconcilers/machinehealthcheck/machinehealthcheck_targets.go, shouldSkipRemediation",
        clock=Clock.REMEDIATION_BLOCKED,
        kind=FindingKind.HEALTH,
    ),
    Signature(
        id="MHC-BLIND",
        layer=Layer.REMEDIATION,
        severity=Severity.MEDIUM,
        title="A MachineHealthCheck does not look at what is wrong with a Machine",
        kinds=("Machine",),
        looks=_blind,
        mechanism=(
            "It judges only the conditions that it names; this one is not among them, so the Machine counts as healthy."
        ),
        next_steps=(
            "Add the condition to spec.checks.unhealthyNodeConditions in Git, if such a Machine is to be replaced.",
        ),
        source="CAPI core/reconcilers/machinehealthcheck/machinehealthcheck_targets.go, nodeChecks",
        clock=Clock.REMEDIATION_BLOCKED,
        kind=FindingKind.HEALTH,
    ),
)
