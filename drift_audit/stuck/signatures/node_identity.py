"""Layer 8: a Node is there, and is not the one that its Machine waits for, or not yet one that may be used."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.node_join import NODEREF, awaits_node, node_by_address

_CLOUD_TAINT = "node.cloudprovider.kubernetes.io/uninitialized"
_CAPI_TAINT = "node.cluster.x-k8s.io/uninitialized"
_CONTROLLERS = re.compile(r"cloud-(?:controller-manager|node-manager)|-ccm\b|^ccm-")


def _another_provider_id(case: Case) -> Sign | None:
    waiting = awaits_node(case)
    node = node_by_address(case) if waiting else None
    if waiting is None or node is None:
        return None
    wanted, has = text(case.live.spec.get("providerID")), text(node.spec.get("providerID"))
    if not has or has == wanted:
        return None
    return Sign(
        fact=f"its Node {node.name} is there with the providerID {has}, and the Machine has {wanted}",
        since=text(case.live.status.get("lastUpdated")),
        proofs=(said_by(waiting).proof, Proof("workload", f"Node {node.name} has the providerID {has}")),
        path="spec.providerID",
        variant="in another form" if has.rpartition("/")[2] == wanted.rpartition("/")[2] else "of another instance",
        values=(("node", node.name),),
    )


def _no_cloud_controller(case: Case) -> Sign | None:
    """The Node is there, and nobody of the cloud has looked at it."""
    waiting = awaits_node(case)
    node = node_by_address(case) if waiting else None
    if waiting is None or node is None or text(node.spec.get("providerID")):
        return None
    tainted = _has_taint(node, _CLOUD_TAINT)
    return Sign(
        fact=f"its Node {node.name} has no providerID{f' and the taint {_CLOUD_TAINT}' if tainted else ''}",
        since=node.created_at,
        proofs=(
            said_by(waiting).proof,
            Proof("workload", f"Node {node.name} has no providerID{', tainted' if tainted else ''}"),
            *_cloud_controller(case),
        ),
        variant="tainted" if tainted else "no external cloud provider",
        values=(("node", node.name),),
    )


def _cloud_controller(case: Case) -> tuple[Proof, ...]:
    """What kube-system shows of a cloud controller; nothing where it was not read."""
    workload = case.workload
    if workload is None or not {"Deployment", "DaemonSet"} <= workload.listed:
        return ()
    found = [
        live
        for key, live in workload.objects.items()
        if key.kind in ("Deployment", "DaemonSet") and _CONTROLLERS.search(key.name)
    ]
    if not found:
        return (Proof("workload", "kube-system runs no cloud controller"),)
    ready = {live.name: live.status.get("readyReplicas", live.status.get("numberReady", 0)) for live in found}
    return tuple(Proof("workload", f"{name} has {count} ready") for name, count in ready.items() if not count)


def _has_taint(node: CapiObject, taint: str) -> bool:
    return any(mapping(each).get("key") == taint for each in sequence(node.spec.get("taints")))


def _taint_left(case: Case) -> Sign | None:
    node = case.node
    if node is None or case.live.deleting or not _has_taint(node, _CAPI_TAINT):
        return None
    return Sign(
        fact=f"its Node {node.name} still has the taint {_CAPI_TAINT}, so that nothing is scheduled there",
        since=node.created_at,
        proofs=(Proof("workload", f"Node {node.name} has the taint {_CAPI_TAINT}"),),
        values=(("node", node.name),),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="JOIN-PROVIDERID",
        layer=Layer.NODE_JOIN,
        severity=Severity.HIGH,
        title="A Node has another providerID than its Machine",
        kinds=("Machine",),
        looks=_another_provider_id,
        mechanism="CAPI finds the Node of a Machine by its providerID alone: with another one, it never does.",
        next_steps=(
            "Compare: `kubectl get node {node} -o jsonpath='{.spec.providerID}'` with the Machine's.",
            "Correct the cloud controller or the kubelet's `--provider-id` in Git; a providerID cannot be changed.",
        ),
        source=f"{NODEREF} getNode",
        clock=Clock.MACHINE_PROVISIONED,
    ),
    Signature(
        id="JOIN-CCM",
        layer=Layer.NODE_JOIN,
        severity=Severity.HIGH,
        title="No cloud controller initialises the Nodes",
        kinds=("Machine",),
        looks=_no_cloud_controller,
        mechanism=(
            "The kubelet leaves the providerID to the cloud controller, which is not installed, does not run, or may "
            "not call its cloud: the Machine never finds its Node."
        ),
        next_steps=(
            "In the workload cluster: `kubectl -n kube-system get pods | grep -i cloud`, and its log.",
            "Install it, or mend its permissions and tolerations; it has to run before the network does.",
        ),
        source=f"{NODEREF}; Kubernetes cloud-provider, TaintExternalCloudProvider",
        clock=Clock.MACHINE_PROVISIONED,
    ),
    Signature(
        id="JOIN-UNINITIALIZED-CAPI",
        layer=Layer.NODE_JOIN,
        severity=Severity.MEDIUM,
        title="A Node keeps the taint that CAPI should have removed",
        kinds=("Machine",),
        looks=_taint_left,
        mechanism="CAPI removes the taint with the first labels that it writes; it cannot write to the Node.",
        next_steps=(
            "Look at the log of the core controller for Machine {name}; at the Node: `kubectl describe node {node}`.",
        ),
        source=f"{NODEREF} patchNode",
        clock=Clock.NODE_UNHEALTHY,
    ),
)
