"""Layer 7: the instance of a machine: ended outside of CAPI, or not registered with its load balancer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Layer, Topic
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import conditions_of
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.second_opinion import proofs_against, proofs_for

_GONE_TEXT = re.compile(
    r"VM with provider id \"[^\"]*\" has been (?P<deleted>deleted)"
    r"|EC2 instance state \"?(?P<ec2>terminated|shutting-down|stopped)\"? is unexpected"
    r"|GCPMachine instance state (?P<gcp>[A-Z]+) is unexpected"
)
_NOT_FOUND = "failed to find instance by id"
"""CAPA's reason InstanceNotFound also stands for an API that could not be asked: only this text says it is gone."""


def how_it_went(live: CapiObject) -> str:
    """`terminated`, `stopped` or `deleted`, as its controller tells; empty for a machine that is there."""
    ready = conditions_of(live).failing("InstanceReady")
    if ready is not None:
        if ready.reason in ("InstanceTerminated", "InstanceStopped"):
            return ready.reason.removeprefix("Instance").lower()
        if ready.reason == "InstanceNotFound" and _NOT_FOUND in ready.message:
            return "deleted"
    match = _GONE_TEXT.search(text(live.status.get("failureMessage")))
    return next((found.lower() for found in match.groups() if found), "") if match else ""


def _instance_gone(case: Case) -> Sign | None:
    how = "" if case.live.deleting or (case.machine is not None and case.machine.deleting) else how_it_went(case.live)
    if not how:
        return None
    ready = case.conditions.failing("InstanceReady")
    told = case.said(_GONE_TEXT, "object", "event")
    own = said_by(ready).proof if ready else told[0].proof if told else Proof("object", how)
    warned = [
        Proof("event", f"{event.reason}: {event.message}") for event in case.events if event.reason in _GONE_EVENTS
    ]
    return Sign(
        fact=f"its instance is {how}, and nobody asked CAPI for that",
        since=ready.since if ready else told[0].since if told else "",
        proofs=(own, *warned[:1], *proofs_for(case, Topic.INSTANCE), *_silent_node(case)),
        path="spec.providerID",
        variant=how,
        contradicted_by=proofs_against(case, Topic.INSTANCE),
    )


_GONE_EVENTS = ("InstanceUnexpectedTermination", "VMDeleted")


def _silent_node(case: Case) -> tuple[Proof, ...]:
    """The Node of a machine that is gone has stopped to report."""
    if case.node is None:
        return ()
    for entry in map(mapping, sequence(case.node.at("status", "conditions"))):
        if entry.get("type") == "Ready" and entry.get("status") != "True":
            return (Proof("workload", f"Node {case.node.name} is not Ready: {text(entry.get('message'))}"),)
    return ()


def _not_attached(case: Case) -> Sign | None:
    attached = case.conditions.failing("ELBAttached")
    if attached is None or attached.reason != "ELBAttachFailed" or case.live.deleting:
        return None
    warned = [each for each in case.events if each.reason == "FailedAttachControlPlaneELB"]
    return Sign(
        fact="its instance is not registered with the load balancer of the API server",
        since=attached.since,
        proofs=(
            said_by(attached).proof,
            *(Proof("event", f"{each.reason}: {each.message}") for each in warned[:1]),
            *proofs_for(case, Topic.TARGET_HEALTH),
        ),
        contradicted_by=proofs_against(case, Topic.TARGET_HEALTH),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MACH-INSTANCE-GONE",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The instance of a Machine was stopped or ended outside of CAPI",
        kinds=("*Machine",),
        looks=_instance_gone,
        mechanism=(
            "Somebody, a spot reclaim or failing hardware ended the instance. The Machine stays Running, its Node goes "
            "silent, and only a MachineHealthCheck replaces it."
        ),
        next_steps=(
            "Find out who did it, in the log of the cloud; on AWS: "
            "`aws cloudtrail lookup-events --lookup-attributes "
            "AttributeKey=EventName,AttributeValue=TerminateInstances`.",
            "Let the MachineHealthCheck replace the Machine; without one, delete the Machine.",
        ),
        source=(
            "CAPA v2.13.0 controllers/awsmachine_controller.go reconcileNormal, pkg/cloud/services/ec2/errors.go; CAPZ "
            "v1.26.0 azure/errors.go VMDeletedError; CAPG v1.13.1 controllers/gcpmachine_controller.go"
        ),
    ),
    Signature(
        id="MACH-LB-ATTACH",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="A control-plane instance is not registered with its load balancer",
        kinds=("*Machine",),
        looks=_not_attached,
        mechanism="The API server of the machine gets no traffic; of the first one, nobody reaches the cluster.",
        next_steps=(
            "Read why: `kubectl -n {namespace} describe {kind} {name}`.",
            "Look whether its load balancer, target group and listener are there; the provider makes them again.",
        ),
        source="CAPA v2.13.0 controllers/awsmachine_controller.go registerInstanceToV2LB",
    ),
)
