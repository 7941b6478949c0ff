"""Layer 7: Machines that are replaced again and again, because each comes too late for its health check.

There is no history to count from. What proves it all the same: the events of a MachineSet that created far more than it
wants, or Machines that are all younger than the time for which the set has had none that is ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from drift_audit.clock import moment
from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Layer
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.clocks import elapsed
from drift_audit.stuck.conditions import conditions_of
from drift_audit.stuck.patience import health_checks, startup_limit
from drift_audit.stuck.signature import Sign, Signature

_HOUR = timedelta(hours=1)
_TOO_MANY = 3
"""Creations in an hour beyond what is wanted: a rollout creates each replica once."""
_ROUNDS = 3
"""Start-up times that have passed without any Machine of the set growing that old."""


def _churn(case: Case) -> Sign | None:
    unborn = [each for each in case.graph.children(case.live, "Machine") if _never_joined(each)]
    if not unborn or case.live.deleting:
        return None
    proofs = (*_created_too_many(case), *_none_grows_old(case, unborn))
    if not proofs:
        return None
    timed_out = [each for each in unborn if _timed_out(each)]
    ready = case.conditions.failing("MachinesReady")
    return Sign(
        fact=f"Machines that never join are replaced again and again; the newest is {_newest(unborn).name}",
        since=ready.since if ready else "",
        proofs=(
            *proofs,
            *(Proof("condition", f"Machine {each.name}: NodeStartupTimeout") for each in timed_out[:1]),
        ),
        values=(("machine", _newest(unborn).name),),
    )


def _created_too_many(case: Case) -> tuple[Proof, ...]:
    """Since when the set has not been ready: before that, its Machines joined, whoever replaced them."""
    wanted = case.live.spec.get("replicas")
    ready = case.conditions.failing("MachinesReady")
    recent = [
        event
        for event in case.events
        if event.reason == "SuccessfulCreate"
        and (elapsed(event.last, case.now) or timedelta()) <= _HOUR
        and (ready is None or event.last >= ready.since)
    ]
    created = sum(event.count for event in recent)
    if not isinstance(wanted, int) or created < wanted + _TOO_MANY:
        return ()
    return (Proof("event", f"SuccessfulCreate: {created} Machines within an hour, for {wanted} replicas"),)


def _none_grows_old(case: Case, unborn: Sequence[CapiObject]) -> tuple[Proof, ...]:
    """Not ready for so long that Machines must have been replaced: none of those that fail is as old."""
    ready = case.conditions.failing("MachinesReady")
    limit = min(filter(None, map(startup_limit, health_checks(case, unborn[0]))), default=None)
    began = moment(ready.since) if ready else None
    oldest = min((born for each in unborn if (born := moment(each.created_at))), default=None)
    if limit is None or began is None or oldest is None:
        return ()
    if case.now - began < limit * _ROUNDS or oldest - began < limit:
        return ()
    minutes = int((case.now - began).total_seconds() // 60)
    age = int((case.now - oldest).total_seconds() // 60)
    return (Proof("object", f"not all ready for {minutes} min, and no Machine without a Node is older than {age} min"),)


def _never_joined(machine: CapiObject) -> bool:
    return not machine.at("status", "nodeRef", "name")


def _timed_out(machine: CapiObject) -> bool:
    checked = conditions_of(machine).failing("HealthCheckSucceeded")
    return checked is not None and checked.reason == "NodeStartupTimeout"


def _newest(machines: Sequence[CapiObject]) -> CapiObject:
    return max(machines, key=lambda each: each.created_at)


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MACH-CHURN",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="A MachineHealthCheck replaces Machines in a loop",
        kinds=("MachineSet",),
        looks=_churn,
        mechanism=(
            "Machines that cannot start or join are deleted when their start-up time is over, and made again: that "
            "costs money and calls, and hides the first error."
        ),
        next_steps=(
            "Read what the newest says: `kubectl -n {namespace} describe machine {machine}`.",
            "To keep one to look at: `kubectl -n {namespace} annotate machine {machine} "
            "cluster.x-k8s.io/skip-remediation=`.",
        ),
        source=(
            "CAPI v1.14.0 core/reconcilers/machinehealthcheck/machinehealthcheck_targets.go nodeChecks; events of "
            "core/reconcilers/machineset/machineset_controller.go"
        ),
        kind=FindingKind.HEALTH,
    ),
)
