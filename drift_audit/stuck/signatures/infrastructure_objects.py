"""Layer 3: infrastructure objects that are gone although something stands on them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer, Topic
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.graph import reference_key
from drift_audit.stuck.signature import Sign, Signature

_GONE = re.compile(
    r"^ObjectDeleted\b|has been deleted while the (?:Machine|cluster) still exists"
    r"|has been deleted after (?:being ready|provisioning was completed)",
    re.IGNORECASE,
)


def _deleted(case: Case) -> Sign | None:
    """What `infrastructureRef` names was seen to be ready once, and does not exist."""
    key = reference_key(case.live.at("spec", "infrastructureRef"), case.live.namespace)
    if case.live.deleting or key is None or case.graph.get(key) is not None:
        return None
    if key in case.graph.view.left_out or not _was_ready(case):
        return None
    told = [said for said in case.all_said(_GONE) if said.source in ("condition", "object")]
    missing = case.graph.view.listed(key.group, key.kind)
    if not missing and not told:
        return None
    return Sign(
        fact=f"{key} is gone, and {case.live.kind} {case.live.name} still needs it",
        since=min((said.since for said in told if said.since), default=""),
        proofs=(
            *((Proof("object", f"{key} does not exist, and spec.infrastructureRef names it"),) if missing else ()),
            *(said.proof for said in told),
            *(Proof("cloud", each.fact) for each in case.answers(Topic.INSTANCE)),
        ),
        variant=key.kind,
        values=(("infrastructure_kind", key.kind.lower()), ("infrastructure", key.name)),
    )


def _never_made(case: Case) -> Sign | None:
    """What `infrastructureRef` names has not been there yet."""
    key = reference_key(case.live.at("spec", "infrastructureRef"), case.live.namespace)
    if case.live.deleting or key is None or case.graph.get(key) is not None or _was_ready(case):
        return None
    if key in case.graph.view.left_out or not case.graph.view.listed(key.group, key.kind):
        return None
    condition = case.conditions.failing("InfrastructureReady")
    told = condition is not None and condition.reason == "ObjectDoesNotExist"
    return Sign(
        fact=f"{key} does not exist, and {case.live.kind} {case.live.name} cannot begin without it",
        since=condition.since if condition and told else case.live.created_at,
        proofs=(
            Proof("object", f"{key} does not exist, and spec.infrastructureRef names it"),
            *((said_by(condition).proof,) if condition and told else ()),
        ),
        variant=key.kind,
        values=(("infrastructure_kind", key.kind.lower()), ("infrastructure", key.name)),
    )


def _was_ready(case: Case) -> bool:
    """Latched by the core controllers: of v1beta2 objects, of older ones."""
    latched = case.live.at("status", "initialization", "infrastructureProvisioned")
    return True in (latched, case.live.status.get("infrastructureReady"))


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="INFRA-DELETED-OOB",
        layer=Layer.CLUSTER_INFRASTRUCTURE,
        severity=Severity.CRITICAL,
        title="An infrastructure object was deleted under what stands on it",
        kinds=("Cluster", "Machine"),
        looks=_deleted,
        mechanism=(
            "Somebody deleted it, or a GitOps tool pruned it. What it stood for may still run in the cloud and is paid "
            "for; nothing can be reconciled or deleted properly any more."
        ),
        next_steps=(
            "See that it is gone: `kubectl -n {namespace} get {infrastructure_kind} {infrastructure}`.",
            "Look for what it stood for in the cloud, by the tags of cluster {cluster} and the providerID.",
            "Restore the same object, with the same name and providerID, from Git or a backup; "
            "or replace the Machine once the instance is known to be gone.",
        ),
        source="CAPI v1.14.0 machine_controller_status.go, machine_controller_phases.go, cluster_controller_status.go",
        clock=Clock.AT_ONCE,
        covers=True,
    ),
    Signature(
        id="INFRA-NEVER-MADE",
        layer=Layer.CLUSTER_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The infrastructure object that something names was never created",
        kinds=("Cluster", "Machine"),
        looks=_never_made,
        mechanism="The core controller looks for it every 30 seconds and waits; nobody but its author can create it.",
        next_steps=(
            "See that it is missing: `kubectl -n {namespace} get {infrastructure_kind} {infrastructure}`.",
            "Compare the name with what Git declares, and see whether its manifest was refused.",
        ),
        source="CAPI v1.14.0 machine_controller_phases.go (reconcileInfrastructure, externalReadyWait)",
        clock=Clock.CLUSTER_PENDING,
        covers=True,
    ),
)
