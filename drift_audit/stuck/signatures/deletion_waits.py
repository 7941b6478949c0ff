"""Layer 10, the rest of the chain: what waits for something below it to go, and what nobody deletes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof, Surroundings
from drift_audit.stuck.clocks import elapsed
from drift_audit.stuck.deletion import deleted_at, goes_first, keys, stage_of
from drift_audit.stuck.graph import CORE
from drift_audit.stuck.patience import limits_for
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.wording import first_line

_KINDS = ("Cluster", "MachineDeployment", "MachineSet", "MachinePool", "Machine", "KubeadmControlPlane", "*Cluster")
_MACHINE_OF_NODE = "cluster.x-k8s.io/machine"
_NAMESPACE_OF_NODE = "cluster.x-k8s.io/cluster-namespace"
"""Annotations that the Machine controller puts on its Node (machine_controller_noderef.go, CommonNodeAnnotations)."""
_ANY_ERROR = re.compile(r".+", re.DOTALL)


def _waits(case: Case) -> Sign | None:
    """A victim: the object that it waits for is to blame, or that one's own."""
    if not case.live.deleting:
        return None
    going = [live for live in goes_first(case) if live.deleting]
    stage = stage_of(case.live)
    if not going:
        return None
    return Sign(
        fact=f"it waits for {_named(going)}",
        since=stage.since if stage else deleted_at(case.live),
        proofs=(stage.proof,) if stage else (Proof("object", f"{_named(going)} is being deleted"),),
        waits_for=keys(going),
    )


def _not_started(case: Case) -> Sign | None:
    """Once it waits for something that is there, and that nobody has told to go."""
    stage = stage_of(case.live)
    before = list(goes_first(case)) if stage is not None else []
    if stage is None or not before or any(live.deleting for live in before):
        return None
    return Sign(
        fact=f"it waits for {_named(before)}, which nobody deletes",
        since=stage.since,
        proofs=(stage.proof, Proof("object", f"{_named(before)}: no deletionTimestamp")),
        values=(("waiting_for", _named(before)),),
    )


def _named(found: Sequence[CapiObject]) -> str:
    names = [f"{live.kind} {live.name}" for live in found[:3]]
    return ", ".join(names) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def _fails(case: Case) -> Sign | None:
    """The controller has an error, and only its log says which."""
    stage = stage_of(case.live)
    if stage is None or not (stage.name == "InternalError" or "check controller logs" in stage.message):
        return None
    errors = [line for line in case.logs if line.level == "error"]
    said = case.said(_ANY_ERROR, "log")
    if not errors or said is None:
        return None
    return Sign(
        fact=f"its controller fails: {first_line(said[0].text)}",
        since=stage.since,
        proofs=(stage.proof, said[0].proof),
    )


def _left_nodes(case: Case) -> Sign | None:
    found = list(_nodes_without_machine(case))
    if not found:
        return None
    names = ", ".join(node.name for node in found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return Sign(
        fact=f"{len(found)} Node{'' if len(found) == 1 else 's'} whose Machine is gone: {names}",
        proofs=tuple(
            Proof("workload", f"Node {live.name} was of {live.annotations[_MACHINE_OF_NODE]}") for live in found[:5]
        ),
        values=(("node", found[0].name),),
    )


def _nodes_without_machine(case: Case) -> Iterator[CapiObject]:
    """Nodes that say whose they were. Young ones may belong to a Machine that was made after the listing."""
    patience = limits_for(case, Clock.MACHINE_PROVISIONED).critical
    for live in case.workload.objects.values() if case.workload else ():
        machine = live.annotations.get(_MACHINE_OF_NODE)
        if live.kind != "Node" or not machine or live.annotations.get(_NAMESPACE_OF_NODE) != case.live.namespace:
            continue
        age = elapsed(live.created_at, case.now)
        key = ObjectKey(CORE, "Machine", case.live.namespace, machine)
        exists = case.graph.get(key) is not None or key in case.graph.view.left_out
        if age is not None and age > patience and not exists:
            yield live


def _clusters_looked_into(around: Surroundings) -> Iterator[CapiObject]:
    """The Clusters whose Nodes were read, where every Machine was."""
    view = around.graph.view
    if not view.listed(CORE, "Machine"):
        return
    for live in around.graph.of_kind("Cluster"):
        if not live.deleting and around.graph.cluster_key(live) in around.nodes:
            yield live


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="DEL-ERROR",
        layer=Layer.DELETION,
        severity=Severity.MEDIUM,
        title="A controller fails while it deletes",
        kinds=("Machine", "Cluster", "MachinePool", "KubeadmControlPlane"),
        looks=_fails,
        mechanism="The condition says no more than to read the log; each try ends with the same error.",
        next_steps=("Read the log of the controller that reconciles {kind}, for `{name}`.",),
        source="CAPI core/reconcilers/machine/machine_controller.go, reason InternalError",
        clock=Clock.DELETING,
    ),
    Signature(
        id="DEL-CLUSTER-WORKERS",
        layer=Layer.DELETION,
        severity=Severity.MEDIUM,
        title="A deletion waits for what lies below it",
        kinds=_KINDS,
        looks=_waits,
        mechanism=(
            "Clusters wait for workers, then for the control plane, then for the infrastructure; owners wait for their "
            "Machines, Machines for their infrastructure: the deepest one is the cause."
        ),
        next_steps=("`kubectl -n {namespace} get machines,machinesets,machinedeployments`: look at the deepest one.",),
        source="CAPI core/reconcilers/cluster/cluster_controller.go, reconcileDelete",
    ),
    Signature(
        id="DEL-NOT-STARTED",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="A deletion waits for something that nobody deletes",
        kinds=("Cluster", "Machine"),
        looks=_not_started,
        mechanism=(
            "A Cluster deletes only what names it as an owner, but waits for everything that carries its name; or the "
            "delete is refused by a webhook."
        ),
        next_steps=(
            "See the ownerReferences of {waiting_for}, and the log of the core controller for `{name}`.",
            "If it belongs to this cluster and is to go with it, delete it.",
        ),
        source="CAPI core/reconcilers/cluster/cluster_controller.go, filterOwnedDescendants",
        clock=Clock.CLUSTER_DELETING,
    ),
    Signature(
        id="DEL-NODE",
        layer=Layer.DELETION,
        severity=Severity.LOW,
        title="Nodes are left whose Machine is gone",
        kinds=("Cluster",),
        looks=_left_nodes,
        mechanism=(
            "Cluster API gives up deleting a Node after nodeDeletionTimeout (10 s): the API server did not answer."
        ),
        next_steps=(
            "In the workload cluster: `kubectl get node {node} -o yaml`; prove that its instance is gone.",
            "Then delete the Node.",
        ),
        source="CAPI core/reconcilers/machine/machine_controller.go, reconcileDelete, event FailedDeleteNode",
        among=_clusters_looked_into,
        kind=FindingKind.HEALTH,
    ),
)
