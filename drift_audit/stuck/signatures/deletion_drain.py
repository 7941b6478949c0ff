"""Layer 10, on the Node: a Machine that is being deleted cannot get its Pods and volumes away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.deletion import DRAINING, Stage, stage_in, waits_for_ever
from drift_audit.stuck.node_facts import kubelet_is_silent, node_proof
from drift_audit.stuck.signature import Sign, Signature

_LINE = re.compile(r"^\* Pods? (?P<pods>.+?): (?P<why>[^\n]*)$", re.MULTILINE)
_BUDGET_WORDS = "cannot evict pod as it would violate the pod's disruption budget"
_BUDGET = re.compile(r"The disruption budget (\S+) (?:needs|does not|is still)")
_NOT_GONE = "deletionTimestamp set, but still not removed from the Node"
_REFUSED = "failed to evict Pod, "
_MAY_FINISH = "waiting for completion"
_FAILED = re.compile(r"error draining Machine's node \"?[^\"]*\"?: (?P<why>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Held:
    """Pods that a drain does not get away, and why."""

    pods: tuple[str, ...]
    """`namespace/name`, the first three; the message has no more."""
    why: str


def _held(stage: Stage, words: str) -> list[_Held]:
    """The lines of the drain's message that say this."""
    found = []
    for match in _LINE.finditer(stage.message):
        if words in match["why"]:
            names = (each.strip() for each in match["pods"].split(","))
            found.append(_Held(tuple(name for name in names if "/" in name), match["why"]))
    return found


def _unreachable(case: Case) -> Sign | None:
    stage = stage_in(case, DRAINING)
    if stage is None or not kubelet_is_silent(case):
        return None
    held = _held(stage, _NOT_GONE) or _held(stage, _BUDGET_WORDS)
    if not held:
        return None
    return Sign(
        fact=f"the drain waits for {_pods(held)} on a Node whose kubelet is silent",
        since=stage.since,
        proofs=(stage.proof, *node_proof(case, "Ready", "Unknown")),
        values=_limit_values(case),
    )


def _budget(case: Case) -> Sign | None:
    stage = stage_in(case, DRAINING)
    held = _held(stage, _BUDGET_WORDS) if stage else []
    if stage is None or not held:
        return None
    named = _budgets_in(held)
    spaces = {pod.partition("/")[0] for each in held for pod in each.pods}
    blocking = [live for live in _budgets(case) if live.namespace in spaces and _allows(live) == 0]
    if not named and len(blocking) == 1:
        named = [f"{blocking[0].namespace}/{blocking[0].name}"]
    told = [live for live in blocking if not named or f"{live.namespace}/{live.name}" in named]
    open_now = [live for live in _budgets(case) if f"{live.namespace}/{live.name}" in named and _allows(live)]
    budget = named[0] if named else ""
    return Sign(
        fact=f"{_title(named)} does not let go of {_pods(held)}{waits_for_ever(case, 'nodeDrainTimeout')}",
        since=stage.since,
        proofs=(stage.proof, *(Proof("workload", _says(live)) for live in told)),
        variant=budget,
        values=(
            ("budget", budget.rpartition("/")[2]),
            ("budget_namespace", budget.partition("/")[0] or min(spaces, default="")),
            *_limit_values(case),
        ),
        contradicted_by=tuple(Proof("workload", _says(live)) for live in open_now),
    )


def _title(budgets: Sequence[str]) -> str:
    return f"PodDisruptionBudget {', '.join(budgets)}" if budgets else "a PodDisruptionBudget"


def _budgets_in(held: Sequence[_Held]) -> list[str]:
    """`namespace/name` of the budgets that the API server named; a budget is of the namespace of its Pods."""
    found = set()
    for each in held:
        namespaces = {pod.partition("/")[0] for pod in each.pods}
        if len(namespaces) == 1:
            found |= {f"{next(iter(namespaces))}/{name}" for name in _BUDGET.findall(each.why)}
    return sorted(found)


def _budgets(case: Case) -> Iterator[CapiObject]:
    for key, live in case.workload.objects.items() if case.workload else ():
        if key.kind == "PodDisruptionBudget":
            yield live


def _allows(budget: CapiObject) -> int | None:
    allowed = budget.status.get("disruptionsAllowed")
    return allowed if isinstance(allowed, int) else None


def _says(budget: CapiObject) -> str:
    status = budget.status
    healthy = f"{status.get('currentHealthy')} of {status.get('desiredHealthy')} Pods that it needs are healthy"
    return f"{_title([f'{budget.namespace}/{budget.name}'])}: disruptionsAllowed {_allows(budget)}, {healthy}"


def _pods_stay(case: Case) -> Sign | None:
    return _waits_for_pods(case, _NOT_GONE, "{pods} that were told to end and do not")


def _eviction_fails(case: Case) -> Sign | None:
    stage = stage_in(case, DRAINING)
    held = _held(stage, _REFUSED) if stage else []
    if stage is None or not held:
        return None
    why = held[0].why.removeprefix(_REFUSED)
    return Sign(
        fact=f"{_pods(held)} cannot be evicted: {why}",
        since=stage.since,
        proofs=(stage.proof,),
        values=_limit_values(case),
    )


def _pods_may_finish(case: Case) -> Sign | None:
    return _waits_for_pods(case, _MAY_FINISH, "{pods} that may end by themselves")


def _waits_for_pods(case: Case, words: str, whom: str) -> Sign | None:
    stage = stage_in(case, DRAINING)
    held = _held(stage, words) if stage else []
    if stage is None or not held:
        return None
    return Sign(
        fact=f"the drain waits for {whom.format(pods=_pods(held))}{waits_for_ever(case, 'nodeDrainTimeout')}",
        since=stage.since,
        proofs=(stage.proof,),
        values=_limit_values(case),
    )


def _drain_fails(case: Case) -> Sign | None:
    stage = stage_in(case, DRAINING)
    if stage is None or not stage.message.startswith("Error draining Node"):
        return None
    said = case.said(_FAILED, "event", "log")
    return Sign(
        fact=f"the drain fails: {said[1]['why'].strip()}" if said else "the drain fails",
        since=stage.since,
        proofs=(stage.proof, *((said[0].proof,) if said else ())),
        waits_for=_lost_connection(case),
    )


def _lost_connection(case: Case) -> tuple[ObjectKey, ...]:
    cluster = case.cluster
    lost = cluster is not None and case.other(cluster).conditions.failing("RemoteConnectionProbe")
    return (cluster.key,) if cluster is not None and lost else ()


def _pods(held: Sequence[_Held]) -> str:
    names = sorted({pod for each in held for pod in each.pods})
    return f"Pod{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else "Pods"


def _limit_values(case: Case) -> tuple[tuple[str, str], ...]:
    return (("node", text(case.live.at("status", "nodeRef", "name"))),)


_SOURCE = "CAPI core/reconcilers/machine/drain/drain.go, EvictionResult.ConditionMessage"

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="DEL-DRAIN-UNREACHABLE",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="A Node that nobody hears of cannot be drained",
        kinds=("Machine",),
        looks=_unreachable,
        mechanism=(
            "Without a kubelet no Pod ends, budgets count its Pods as unhealthy and refuse further evictions: the "
            "deletion waits at the drain."
        ),
        next_steps=(
            "Prove that the instance is gone: its state in the cloud's console or CLI.",
            "Only then: `kubectl -n {namespace} annotate machine {name} "
            "machine.cluster.x-k8s.io/exclude-node-draining=`, which can be taken back.",
        ),
        source=f"{_SOURCE}; drainNode skips Pods that are being deleted on such a Node, not those under a budget",
        clock=Clock.DRAINING,
        confirm="the state of the instance",
    ),
    Signature(
        id="DEL-DRAIN-PDB",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="A PodDisruptionBudget keeps a Node from being drained",
        kinds=("Machine",),
        looks=_budget,
        mechanism=(
            "The budget allows no disruption (as many Pods needed as there are, one replica, or Pods that are not "
            "ready), so the API server refuses each eviction, and the Machine waits before everything else of its "
            "deletion."
        ),
        next_steps=(
            "In the workload cluster: `kubectl -n {budget_namespace} get poddisruptionbudget {budget} -o yaml`, and "
            "the Pods of its selector.",
            "Add a replica or relax the budget with its owner; in Git, set nodeDrainTimeoutSeconds. Delete no Pod by "
            "force.",
        ),
        source=f"{_SOURCE}; Kubernetes pkg/registry/core/pod/storage/eviction.go",
        clock=Clock.DRAINING,
        confirm="status.disruptionsAllowed of the budget",
    ),
    Signature(
        id="DEL-POD-STUCK",
        layer=Layer.DELETION,
        severity=Severity.MEDIUM,
        title="Pods on a Node that is drained do not end",
        kinds=("Machine",),
        looks=_pods_stay,
        mechanism="A finalizer, a long grace period, a preStop hook or an unmount holds a Pod that is being deleted.",
        next_steps=(
            "In the workload cluster: `kubectl get pods -A --field-selector spec.nodeName={node} -o yaml`: finalizers, "
            "deletionTimestamp, terminationGracePeriodSeconds.",
            "Tell the owner of the Pods.",
        ),
        source=_SOURCE,
        clock=Clock.DRAINING,
    ),
    Signature(
        id="DEL-EVICT-ERROR",
        layer=Layer.DELETION,
        severity=Severity.MEDIUM,
        title="The workload cluster refuses to evict Pods",
        kinds=("Machine",),
        looks=_eviction_fails,
        mechanism=(
            "A webhook on Pods denies it, a namespace is ending, or the API server fails: the drain tries for ever."
        ),
        next_steps=(
            "In the workload cluster: `kubectl get validatingwebhookconfigurations`, and the phase of the namespace.",
        ),
        source=_SOURCE,
        clock=Clock.DRAINING,
    ),
    Signature(
        id="DEL-DRAIN-WAITS",
        layer=Layer.DELETION,
        severity=Severity.LOW,
        title="A drain waits for Pods that may end by themselves",
        kinds=("Machine",),
        looks=_pods_may_finish,
        mechanism=(
            "A MachineDrainRule or label lets these Pods run to their end; a job may take hours, a server never ends."
        ),
        next_steps=(
            "`kubectl -n {namespace} get machinedrainrules -o yaml`: which rule says WaitCompleted.",
            "In the workload cluster: `kubectl get pods -A --field-selector spec.nodeName={node}`.",
        ),
        source=f"{_SOURCE}, PodsToWaitCompletedNow",
        clock=Clock.DRAINING,
    ),
    Signature(
        id="DEL-DRAIN-ERROR",
        layer=Layer.DELETION,
        severity=Severity.MEDIUM,
        title="A drain ends with an error each time",
        kinds=("Machine",),
        looks=_drain_fails,
        mechanism="The Machine controller cannot cordon the Node or list its Pods, and tries again from the start.",
        next_steps=(
            "`kubectl -n {namespace} get events --field-selector involvedObject.name={name},reason=FailedDrainNode`.",
        ),
        source="CAPI core/reconcilers/machine/machine_controller.go, reconcileDelete, event FailedDrainNode",
        clock=Clock.DRAINING,
    ),
)
