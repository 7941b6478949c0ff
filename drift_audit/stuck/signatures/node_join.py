"""Layer 8: a machine runs, and its Node does not come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.clock import moment
from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Condition, Feasible, Layer, Topic
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text
from drift_audit.model.views import Reach, WorkloadView
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.second_opinion import cloud_answers, consoles, said
from drift_audit.stuck.wording import normalised

_WAITS_FOR_NODE = re.compile(r"Waiting for a [Nn]ode with (?:spec\.providerID \S+|matching ProviderID) to exist")
_TWO_NODES = re.compile(r"unexpectedly found more than one Node matching the providerID (?P<id>\S+)")
_KUBELET_SIGNERS = ("kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving")


def awaits_node(case: Case) -> Condition | None:
    """The condition that says that the Machine has everything but its Node."""
    live = case.live
    if live.deleting or live.at("status", "nodeRef", "name") or not text(live.spec.get("providerID")):
        return None
    healthy = case.conditions.failing("NodeHealthy")
    if healthy is not None and (healthy.reason == "NodeProvisioning" or _WAITS_FOR_NODE.search(healthy.message)):
        return healthy
    return None


def _seen(case: Case) -> WorkloadView | None:
    """The workload cluster, where all its Nodes were read."""
    workload = case.workload
    return workload if workload is not None and workload.reach is Reach.REACHED and "Node" in workload.listed else None


def _nodes(workload: WorkloadView) -> Iterator[CapiObject]:
    return (live for key, live in workload.objects.items() if key.kind == "Node" and not key.group)


def node_by_address(case: Case) -> CapiObject | None:
    """The Node that has an address or the name of the Machine, whatever its providerID is."""
    workload = case.workload
    if workload is None or workload.reach is not Reach.REACHED:
        return None
    mine = _addresses(case.live)
    names = mine | {case.live.name, text(case.live.at("spec", "infrastructureRef", "name"))}
    return next((node for node in _nodes(workload) if node.name in names or _addresses(node) & mine), None)


def _addresses(live: CapiObject) -> set[str]:
    """Names and internal addresses; external ones may be shared."""
    entries = map(mapping, sequence(live.at("status", "addresses")))
    return {text(each.get("address")) for each in entries if each.get("type") != "ExternalIP"} - {""}


def _request_pending(case: Case) -> Sign | None:
    waiting = awaits_node(case)
    workload = case.workload
    if waiting is None or workload is None or node_by_address(case) is not None:
        return None
    pending = [
        live
        for key, live in workload.objects.items()
        if key.kind == "CertificateSigningRequest"
        and text(live.spec.get("signerName")) == _KUBELET_SIGNERS[0]
        and not sequence(live.at("status", "conditions"))
        and (moment(live.created_at) or case.now) >= (moment(text(case.live.created_at)) or case.now)
    ]
    if not pending:
        return None
    oldest = min(pending, key=lambda live: live.created_at)
    return Sign(
        fact=f"{len(pending)} kubelets wait for somebody to approve their certificates",
        since=oldest.created_at,
        proofs=(
            said_by(waiting).proof,
            Proof("workload", f"CertificateSigningRequest {oldest.name} is pending since {oldest.created_at}"),
        ),
        values=(("request", oldest.name),),
    )


def _two_nodes(case: Case) -> Sign | None:
    told = case.said(_TWO_NODES)
    if told is None or case.live.deleting:
        return None
    return Sign(
        fact=f"more than one Node has the providerID {told[1]['id']}",
        since=told[0].since,
        proofs=(told[0].proof,),
        path="spec.providerID",
    )


def _no_node(case: Case) -> Sign | None:
    """The last to be asked: everything that explains it better stands before it."""
    waiting = awaits_node(case)
    if waiting is None or node_by_address(case) is not None:
        return None
    seen = _seen(case)
    if seen is not None and case.node is not None:
        return None
    instance = [each for each in cloud_answers(case, Topic.INSTANCE) if each.feasible is Feasible.IMPOSSIBLE]
    failed = [*instance, *(each for each in consoles(case) if each.feasible is Feasible.IMPOSSIBLE)]
    told = normalised(failed[0].fact) if failed else ""
    registered = (Proof("workload", f"none of {sum(1 for _ in _nodes(seen))} Nodes is its own"),) if seen else ()
    return Sign(
        fact=f"its instance runs, and no Node registered{f': {told}' if told else ''}",
        since=text(case.live.status.get("lastUpdated")),
        proofs=(said_by(waiting).proof, *registered, *(said(answer) for answer in failed)),
        variant=Topic.INSTANCE if instance else "",
    )


NODEREF = "CAPI v1.14.0 core/reconcilers/machine/machine_controller_noderef.go"


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="JOIN-CSR",
        layer=Layer.NODE_JOIN,
        severity=Severity.HIGH,
        title="Certificates of kubelets are not approved",
        kinds=("Machine",),
        looks=_request_pending,
        mechanism="A kubelet asks for its certificate with the bootstrap token; before that is approved, no Node.",
        next_steps=(
            "In the workload cluster: `kubectl describe csr {request}`.",
            "Look at the controller manager, which approves them; binding kubeadm:node-autoapprove-bootstrap.",
        ),
        source="Kubernetes pkg/controller/certificates/approver; kubeadm bootstrap RBAC",
        clock=Clock.MACHINE_PROVISIONED,
    ),
    Signature(
        id="JOIN-DUPLICATE",
        layer=Layer.NODE_JOIN,
        severity=Severity.HIGH,
        title="Two Nodes have the providerID of one Machine",
        kinds=("Machine",),
        looks=_two_nodes,
        mechanism="A machine that came back under another name leaves its old Node: CAPI takes neither.",
        next_steps=(
            "In the workload cluster: `kubectl get nodes -o custom-columns=N:.metadata.name,ID:.spec.providerID`.",
        ),
        source=f"{NODEREF} getNode",
    ),
    Signature(
        id="JOIN-NO-NODE",
        layer=Layer.NODE_JOIN,
        severity=Severity.HIGH,
        title="A machine runs, and its Node never registers",
        kinds=("Machine",),
        looks=_no_node,
        mechanism=(
            "`kubeadm join` did not finish: the machine does not reach the API server, its token has run out, images "
            "cannot be pulled, or its clock is wrong."
        ),
        next_steps=(
            "Read its console: on AWS `aws ec2 get-console-output --latest --instance-id ID`; look for kubeadm.",
            "On the machine: /var/log/cloud-init-output.log, `journalctl -u kubelet`.",
        ),
        source="CAPI v1.14.0 core/reconcilers/machine/machine_controller_status.go, machine_controller_noderef.go",
        clock=Clock.MACHINE_PROVISIONED,
    ),
)
