"""Layer 2: the identity is accepted, and may not do one thing. And deletions that fail for want of an identity."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Feasible, Layer, Topic
from drift_audit.model.values import sequence, text
from drift_audit.stuck.case import Case, Proof, Said
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.identity import said_of_identities

DENIED = re.compile(
    r"is not authorized to perform: (?P<aws>[\w-]+:\w+)(?: on resource: (?P<aws_on>\S+))?"
    r"|does not have authorization to perform action '(?P<azure>[^']+)'(?:.*?over scope '(?P<azure_on>[^']+)')?"
    r"|Required '(?P<gcp>[^']+)' permission(?: for '(?P<gcp_on>[^']+)')?"
    r"|Permission '(?P<iam>[^']+)' denied(?: on resource '(?P<iam_on>[^']+)')?"
    r"|operation error (?P<service>[\w ]+): (?P<operation>\w+),.{0,400}?"
    r"api error (?:UnauthorizedOperation|AccessDenied(?:Exception)?|UnauthorizedAccess)\b"
    r"|\b(?P<code>UnauthorizedOperation|AccessDeniedException|AccessDenied|AuthorizationFailed"
    r"|LinkedAuthorizationFailed|AuthorizationPermissionMismatch)\b",
    re.IGNORECASE | re.DOTALL,
)
_INFRASTRUCTURE = ("*Cluster", "*Machine", "*MachinePool", "*ControlPlane", "AWSManagedControlPlane")


def _denied(case: Case) -> Sign | None:
    if case.live.deleting:
        return None
    found = _clearest(case)
    if found is None:
        return None
    said, match = found
    action, resource = _action(match), _resource(match)
    asked = case.answers(Topic.PERMISSION)
    where = f" on {resource}" if resource else ""
    return Sign(
        fact=f"{action} is denied{where}",
        since=said.since,
        proofs=(
            *(each.proof for each in case.all_said(DENIED)),
            *(Proof("cloud", each.fact) for each in asked if each.feasible is Feasible.IMPOSSIBLE),
        ),
        variant=action,
        values=(("action", action), ("resource", resource or "<resource>")),
        contradicted_by=tuple(Proof("cloud", each.fact) for each in asked if each.feasible is Feasible.POSSIBLE),
    )


def _clearest(case: Case) -> tuple[Said, re.Match[str]] | None:
    """The first that names the action in words; else the call; else the first that only has the code."""
    found = [(said, match) for said in case.all_said(DENIED) for match in DENIED.finditer(said.text)]
    return min(found, key=lambda each: (bool(each[1]["code"]), bool(each[1]["service"])), default=None)


def _action(match: re.Match[str]) -> str:
    """`ec2:RunInstances`, `Microsoft.Network/virtualNetworks/write`, `compute.instances.create`; else the code."""
    if match["service"]:
        return f"{match['service'].lower()}:{match['operation']}"
    return str(match["aws"] or match["azure"] or match["gcp"] or match["iam"] or match["code"])


def _resource(match: re.Match[str]) -> str:
    found = match["aws_on"] or match["azure_on"] or match["gcp_on"] or match["iam_on"] or ""
    return found.rstrip(".,")


def _not_deleted(case: Case) -> Sign | None:
    """It is to be deleted, its provider holds it, and nobody can look into the cloud for it."""
    finalizers = [text(each) for each in sequence(case.live.metadata.get("finalizers"))]
    deleted = text(case.live.metadata.get("deletionTimestamp"))
    if not deleted or not finalizers:
        return None
    denied = [said.proof for said in case.all_said(DENIED)]
    proofs = [*said_of_identities(case), *denied]
    if not proofs:
        return None
    return Sign(
        fact="it is to be deleted, and its provider cannot ask the cloud whether what it stands for is gone",
        since=deleted,
        proofs=tuple(dict.fromkeys([*proofs, Proof("object", f"finalizers {', '.join(finalizers)}")])),
        variant="denied" if denied else "identity",
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="IDENT-IAM-DENIED",
        layer=Layer.IDENTITY,
        severity=Severity.HIGH,
        title="A cloud denies the provider an action",
        kinds=_INFRASTRUCTURE,
        looks=_denied,
        mechanism=(
            "A policy, a boundary or an organisation's rule denies one action: what needs it fails, and everything "
            "else goes on, so that it looks like a failure of that one part."
        ),
        next_steps=(
            "Ask what denies {action} on {resource}: the policy simulator of the cloud, or its record of API calls.",
            "For AWS, decode the text: `aws sts decode-authorization-message --encoded-message <message>`.",
            "Have the one action granted by whoever owns the policy.",
        ),
        source="CAPA v2.13.0 pkg/cloud/awserrors/errors.go (UnauthorizedOperation); ARM and Google API error texts",
        confirm="aws iam simulate-principal-policy --action-names {action}",
    ),
    Signature(
        id="IDENT-DELETE-BLOCKED",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="A deletion waits because the provider cannot get into the cloud",
        kinds=_INFRASTRUCTURE,
        looks=_not_deleted,
        mechanism=(
            "The provider takes its finalizer away when the cloud says that the resource is gone. Without credentials "
            "it cannot ask, so that the object stays, and the Cluster above it is deleted for ever."
        ),
        next_steps=(
            "Read what fails: `kubectl -n {namespace} describe {kind} {name}`. Restore that first.",
            "Look for what still stands in the cloud, by the tags of the cluster {cluster}.",
            "A finalizer may go only when that search has found nothing.",
        ),
        source="CAPA v2.13.0 controllers (reconcileDelete after NewClusterScope); capa#2606, #2270, #2371",
        clock=Clock.INFRASTRUCTURE_DELETION,
    ),
)
