"""What became of every Machine that was found unhealthy: detected, cordoned, drained, deleted, replaced.

Cluster API keeps no record of remediations. What can be known stands in the conditions and `status.deletion` of
Machines that are still there, in the annotations with which KubeadmControlPlanes remember (remediation-in-progress on
themselves, remediation-for on the replacement), in `status.lastRemediation`, and in Events for an hour. Owners count a
Machine that is being deleted as one of theirs, and make the next one when it is gone; which one that is a MachineSet
does not record, so that it is known only where a single Machine came after.
Sources: CAPI core/reconcilers/machinehealthcheck, core/reconcilers/machine/machine_controller.go (reconcileDelete),
controlplane/kubeadm/reconcilers/kubeadmcontrolplane/remediation.go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.config.settings import StuckThresholds
from drift_audit.model.findings import ObjectRef
from drift_audit.model.health import Condition, Event
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.remediation import Remediation, Step, StepState
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit.model.views import ClusterView, Views
from drift_audit.stuck.case import Case, Surroundings
from drift_audit.stuck.clocks import Clocks
from drift_audit.stuck.conditions import FALSE, TRUE, conditions_of
from drift_audit.stuck.deletion import deleted_at
from drift_audit.stuck.graph import CORE, ObjectGraph
from drift_audit.stuck.patience import health_checks
from drift_audit.stuck.remediation_records import Record, records_of, replaced_record
from drift_audit.stuck.remediation_steps import steps_of_gone, steps_of_live
from drift_audit.stuck.wording import normalised

REMEMBERED = timedelta(hours=24)
"""How long ago a remediation may have been that is over: replacements carry its annotation for ever."""
_MARKED = "MachineMarkedUnhealthy"
_MARKS = ("OwnerRemediated", "ExternallyRemediated")
_GOES_ON = ("WaitingForRemediation", "MachineDeleting")
"""Reasons of OwnerRemediated of a remediation that nobody puts off."""


def remediations(
    views: Views,
    cluster_of: Mapping[str, Mapping[ObjectKey, ClusterKey | None]],
    thresholds: StuckThresholds,
    now: datetime,
) -> tuple[Remediation, ...]:
    """Every remediation that can be seen, in the order in which they began."""
    beside = {view.management_cluster: view for view in views.suspects}
    found: list[Remediation] = []
    for view in views.clusters:
        around = Surroundings(
            graph=ObjectGraph(view, cluster_of.get(view.management_cluster, {})),
            now=now,
            clocks=Clocks(thresholds),
            beside=beside.get(view.management_cluster),
            workloads={each.cluster: each for each in views.workloads},
        )
        found += _of_cluster(view, around)
    return tuple(sorted(found, key=lambda each: (each.at(Step.DETECTED).ended or "9", each.machine.name)))


def _of_cluster(view: ClusterView, around: Surroundings) -> list[Remediation]:
    records = {record.machine: record for record in records_of(around.graph)}
    touched = [live for live in around.graph.of_kind("Machine") if _is_touched(live)]
    found = [_of_live(around.case(live), records.get(live.key)) for live in touched]
    found += list(_of_gone(view, around, records))
    return _with_loops(found, {(live.namespace, live.name): around.case(live) for live in touched})


def _is_touched(live: CapiObject) -> bool:
    """A failed health check, or a mark for remediation that no health check has taken back since."""
    if live.key.group != CORE or not _may_be_touched(live):
        return False
    conditions = conditions_of(live)
    checked, marked = conditions.get("HealthCheckSucceeded"), conditions.get(*_MARKS)
    failed = checked is not None and checked.status == FALSE
    if live.deleting:
        # A Node that goes with its Machine fails the check as well: only what was said before that is a remediation.
        told = [each.since for each in (checked if failed else None, marked) if each is not None]
        return any(since <= deleted_at(live) for since in told)
    return failed or (marked is not None and (checked is None or checked.status != TRUE))


def _may_be_touched(live: CapiObject) -> bool:
    """The same at a glance: every Machine is asked."""
    status = live.status
    for place in (status, mapping(status.get("v1beta2")), mapping(dig(status, "deprecated", "v1beta1"))):
        for entry in sequence(place.get("conditions")):
            told = mapping(entry)
            kind = told.get("type")
            if kind in _MARKS or (kind == "HealthCheckSucceeded" and told.get("status") != TRUE):
                return True
    return False


def _of_live(case: Case, record: Record | None) -> Remediation:
    live = case.live
    failed = case.conditions.failing("HealthCheckSucceeded")
    return Remediation(
        management_cluster=case.graph.view.management_cluster,
        cluster=case.graph.cluster_key(live),
        machine=_reference(live),
        owner=_owner(case),
        node=text(live.at("status", "nodeRef", "name")),
        checks=tuple(sorted(check.name for check in health_checks(case, live))),
        reason=_told(failed) if failed else "",
        steps=steps_of_live(case),
        blocked_by=_blocked(case),
        attempt=_attempt(live, record),
    )


def _attempt(live: CapiObject, record: Record | None) -> int:
    """How many before it failed too: counted by the control plane that removes it, or made it instead of one."""
    made_for = replaced_record(live)
    return max(record.retries if record else 0, made_for.retries + 1 if made_for else 0)


def _of_gone(view: ClusterView, around: Surroundings, records: Mapping[ObjectKey, Record]) -> Iterator[Remediation]:
    """Machines that are no more: their owners' records, and the events about them. Only a whole listing says so."""
    if not view.listed(CORE, "Machine"):
        return
    marked = {
        key: event
        for key, events in around.events.items()
        for event in events
        if event.reason == _MARKED and key.kind == "Machine"
    }
    for key in sorted({*records, *marked}, key=str):
        if key in view.objects or key in view.left_out:
            continue
        record, event = records.get(key), marked.get(key)
        if record is not None and not _is_recent(record, around.now):
            continue
        owner = record.owner if record else _maker(around.graph, key)
        replacement = record.replacement if record else _only_newcomer(around, owner, event, set(marked))
        yield _timed(
            Remediation(
                management_cluster=view.management_cluster,
                cluster=around.graph.cluster_key(owner) if owner else None,
                machine=ObjectRef(api_version="", kind="Machine", namespace=key.namespace, name=key.name),
                owner=f"{owner.kind}/{owner.name}" if owner else "",
                reason=event.message if event else "",
                steps=steps_of_gone(record, event, around.case(replacement) if replacement else None),
                replacement=replacement.name if replacement else "",
                attempt=record.retries if record else 0,
            )
        )


def _is_recent(record: Record, now: datetime) -> bool:
    """What is in progress is; what is over stays written down for ever."""
    at = moment(record.at)
    return record.in_progress or (at is not None and now - at <= REMEMBERED)


def _maker(graph: ObjectGraph, gone: ObjectKey) -> CapiObject | None:
    """The MachineSet of a Machine that is no more, by the name that it gives its Machines."""
    sets = [live for live in graph.of_kind("MachineSet") if live.namespace == gone.namespace]
    named = [
        live for live in sets if gone.name.startswith(f"{live.name}-") and "-" not in gone.name[len(live.name) + 1 :]
    ]
    return named[0] if len(named) == 1 else None


def _only_newcomer(
    around: Surroundings, owner: CapiObject | None, event: Event | None, marked: Collection[ObjectKey]
) -> CapiObject | None:
    """The one Machine that the owner made since; where two went, or two came, nobody knows which is for which."""
    if owner is None or event is None:
        return None
    gone = [key for key in marked if around.graph.get(key) is None and _maker(around.graph, key) is owner]
    newer = [live for live in around.graph.children(owner, "Machine") if live.created_at > event.first]
    return newer[0] if len(gone) == 1 and len(newer) == 1 else None


def _blocked(case: Case) -> str:
    """Who says that it does not go on, and why."""
    if case.live.deleting:
        return ""
    for check in health_checks(case, case.live):
        allowed = case.other(check).conditions.failing("RemediationAllowed")
        if allowed is not None and case.conditions.failing("HealthCheckSucceeded"):
            return f"MachineHealthCheck {check.name}: {_told(allowed)}"
    for name in _MARKS:
        condition = case.conditions.get(name)
        if (
            condition
            and condition.status == FALSE
            and condition.reason not in ("WaitingForRemediation", "MachineDeleting")
        ):
            return _told(condition)
    return ""


def _with_loops(found: Sequence[Remediation], touched: Mapping[tuple[str, str], Case]) -> list[Remediation]:
    """Calls a loop what does not help: a replacement that fails as well."""
    instead_of = {(each.machine.namespace, each.replacement): each.machine.name for each in found if each.replacement}
    return [replace(each, loop=_loop(each, touched, instead_of)) for each in found]


def _loop(each: Remediation, touched: Mapping[tuple[str, str], Case], instead_of: Mapping[tuple[str, str], str]) -> str:
    after = touched.get((each.machine.namespace, each.replacement))
    if after is not None:
        failed = after.conditions.failing("HealthCheckSucceeded")
        same = failed is not None and normalised(_told(failed)) == normalised(each.reason)
        return f"its replacement {each.replacement} is unhealthy too{', for the same reason' if same else ''}"
    if first := instead_of.get((each.machine.namespace, each.machine.name)):
        return f"it was made instead of {first}, which was unhealthy too"
    if each.attempt > 0:
        return f"{'one' if each.attempt == 1 else each.attempt} before it in its place failed as well"
    return ""


def _timed(remediation: Remediation) -> Remediation:
    began, ended = moment(remediation.at(Step.DETECTED).ended), moment(remediation.at(Step.REPLACED).ended)
    done = remediation.at(Step.REPLACED).state is StepState.DONE
    if began is None or ended is None or not done or ended < began:
        return remediation
    return replace(remediation, repair_seconds=(ended - began).total_seconds())


def _owner(case: Case) -> str:
    owner = next((each for each in case.live.owners if each.controller), None)
    return f"{owner.kind}/{owner.name}" if owner else ""


def _told(condition: Condition) -> str:
    lines = (line.strip().removeprefix("* ") for line in condition.message.splitlines())
    told = " ".join(line for line in lines if line and line != "Health check failed:")
    return ": ".join(filter(None, (condition.reason, told)))


def _reference(live: CapiObject) -> ObjectRef:
    return ObjectRef(api_version=live.api_version, kind=live.kind, namespace=live.namespace, name=live.name)
