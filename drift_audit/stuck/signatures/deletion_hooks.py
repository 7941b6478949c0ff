"""Layer 10, the hooks: a Machine that is being deleted waits until somebody takes an annotation away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof, Said
from drift_audit.stuck.deletion import PRE_DRAIN, PRE_TERMINATE, Stage, deleted_at, hooks, keys, stage_of
from drift_audit.stuck.graph import is_control_plane_machine
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.suspects import is_paused

_PREFIXES = {
    PRE_DRAIN: "pre-drain.delete.hook.machine.cluster.x-k8s.io",
    PRE_TERMINATE: "pre-terminate.delete.hook.machine.cluster.x-k8s.io",
}
_CLEANUP = f"{_PREFIXES[PRE_TERMINATE]}/kcp-cleanup"
"""KCP puts it on each of its Machines, and takes it away last (api/controlplane/kubeadm/v1beta2)."""
_COMPONENTS = (
    "APIServerPodHealthy",
    "ControllerManagerPodHealthy",
    "SchedulerPodHealthy",
    "EtcdPodHealthy",
    "EtcdMemberHealthy",
)
_REFUSES = re.compile(r"Cannot delete control plane Machine .*|unable to remove pre-terminate hook.*")


def _waiting(case: Case) -> tuple[Stage, list[str]] | None:
    """The stage, and the annotations that it waits for."""
    stage = stage_of(case.live)
    if stage is None or stage.name not in _PREFIXES:
        return None
    return stage, hooks(case.live, _PREFIXES[stage.name])


def _hook(case: Case) -> Sign | None:
    waiting = _waiting(case)
    names = [name for name in waiting[1] if name != _CLEANUP] if waiting else []
    if waiting is None or not names:
        return None
    return Sign(
        fact=f"nobody takes the hook away: {', '.join(names)}",
        since=waiting[0].since,
        proofs=(
            waiting[0].proof,
            *(Proof("object", f"annotation {name}: {case.live.annotations[name]}") for name in names),
        ),
        path=f'metadata.annotations["{names[0]}"]',
        variant=", ".join(names),
        values=(("hook", names[0]),),
    )


def _cleanup(case: Case) -> Sign | None:
    waiting = _waiting(case)
    if waiting is None or waiting[1] != [_CLEANUP]:
        return None
    refusal = _refusal(case)
    sick = list(_not_well_beside(case))
    names = f"; not well: {', '.join(live.name for live in sick)}" if sick else ""
    return Sign(
        fact=f"the control plane does not let it go{': ' + refusal.text if refusal else ''}{names}",
        since=waiting[0].since,
        proofs=(waiting[0].proof, *((refusal.proof,) if refusal else ())),
        waits_for=keys(sick),
    )


def _refusal(case: Case) -> Said | None:
    """What the control plane's log says of it; the line may be about the Machine or about the control plane."""
    said = case.said(_REFUSES, "log")
    if said is None and case.control_plane is not None:
        said = case.other(case.control_plane).said(_REFUSES, "log")
    return said[0] if said else None


def _not_well_beside(case: Case) -> Iterator[CapiObject]:
    """What the control plane waits for in turn: a sibling that is not well or that goes first, or its own pause."""
    if case.control_plane is not None and is_paused(case.control_plane):
        yield case.control_plane
    mine = deleted_at(case.live)
    for live in case.graph.of_kind("Machine"):
        if live is case.live or not is_control_plane_machine(live) or case.other(live).cluster is not case.cluster:
            continue
        # One at a time, the oldest first (reconcilePreTerminateHook).
        first = live.deleting and (_CLEANUP not in live.annotations or deleted_at(live) < mine)
        if first or (not live.deleting and case.other(live).conditions.failing(*_COMPONENTS)):
            yield live


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="DEL-PREDRAIN-HOOK",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="A deletion hook on a Machine is never taken away",
        kinds=("Machine",),
        looks=_hook,
        mechanism=(
            "Whoever put the annotation there (backup, storage, a load balancer, an operator) is gone or fails: the "
            "Machine controller goes no further until the annotation is removed."
        ),
        next_steps=(
            "Find the owner of `{hook}`: `kubectl get deployments -A`, and its log for {name}.",
            "Only when its owner agrees: `kubectl -n {namespace} annotate machine {name} {hook}-`.",
        ),
        source="CAPI core/reconcilers/machine/machine_controller.go, reconcileDelete",
        clock=Clock.HOOK,
        confirm="whether a controller for the hook is installed",
    ),
    Signature(
        id="DEL-KCP-CLEANUP",
        layer=Layer.DELETION,
        severity=Severity.CRITICAL,
        title="The control plane refuses to let one of its Machines go",
        kinds=("Machine",),
        looks=_cleanup,
        mechanism=(
            "Without it, etcd would lose its quorum or no Machine would have all components well, so the control plane "
            "keeps its hook on the Machine."
        ),
        next_steps=(
            "`kubectl -n {namespace} get machines -l "
            "cluster.x-k8s.io/control-plane,cluster.x-k8s.io/cluster-name={cluster}`: mend the ones that are not well.",
            "Read the log of the control plane's controller. Never take this annotation away by hand.",
        ),
        source=(
            "CAPI controlplane/kubeadm/reconcilers/kubeadmcontrolplane/kubeadmcontrolplane_controller.go, "
            "reconcilePreTerminateHook"
        ),
        clock=Clock.HOOK,
        confirm="EtcdClusterHealthy and ControlPlaneComponentsHealthy of the control plane",
    ),
)
