"""Layer 9: the Node is there, and not well."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import FALSE, TRUE, UNKNOWN
from drift_audit.stuck.node_facts import deeper_trouble, kubelet_words, node_condition, node_proof, unready
from drift_audit.stuck.signature import Sign, Signature

_NO_NETWORK = re.compile(
    r"cni plugin not initialized|network plugin (?:is )?not ready|NetworkPluginNotReady", re.IGNORECASE
)
_PRESSURE = re.compile(
    r"\* Node\.(?P<kind>MemoryPressure|DiskPressure|PIDPressure): (?P<told>[^\n]*)"
    r"|Node condition (?P<older>MemoryPressure|DiskPressure|PIDPressure) is True"
)
_NO_IMAGE = re.compile(
    r"\b(ImagePullBackOff|ErrImagePull|ErrImageNeverPull|InvalidImageName|CrashLoopBackOff|CreateContainerError"
    r"|CreateContainerConfigError|RunContainerError)\b"
)
_CONTROL_PLANE_PODS = ("APIServerPodHealthy", "ControllerManagerPodHealthy", "SchedulerPodHealthy", "EtcdPodHealthy")


def _network_missing(case: Case) -> Sign | None:
    condition = None if case.live.deleting else unready(case)
    if condition is None:
        return None
    own = node_condition(case.node, "Ready")
    spoken = next((each for each in (condition, own) if each and _NO_NETWORK.search(each.message)), None)
    if spoken is None:
        return None
    pods = _failing_pods(case)
    return Sign(
        fact=f"the kubelet has no Pod network: {kubelet_words(spoken)}",
        since=condition.since,
        proofs=(said_by(condition).proof, *node_proof(case, "Ready", FALSE), *pods),
        waits_for=deeper_trouble(case),
    )


def _failing_pods(case: Case) -> tuple[Proof, ...]:
    """Pods of kube-system that do not run, by reason: the CNI is among them or is not there at all."""
    pods = case.workload.pods if case.workload else {}
    return tuple(
        Proof("workload", f"kube-system: {count} Pods {reason}")
        for (namespace, reason), count in sorted(pods.items())
        if namespace == "kube-system"
    )


def _not_ready(case: Case) -> Sign | None:
    condition = None if case.live.deleting else unready(case)
    if condition is None or _NO_NETWORK.search(condition.message):
        return None
    silent = condition.status == UNKNOWN
    told = kubelet_words(condition)
    fact = "the kubelet is silent" if silent else "the kubelet says that the Node is not ready"
    return Sign(
        fact=f"{fact}: {told}" if told else fact,
        since=condition.since,
        proofs=(said_by(condition).proof, *node_proof(case, "Ready", FALSE, UNKNOWN)),
        variant="silent" if silent else "not ready",
        waits_for=deeper_trouble(case),
    )


def _pressure(case: Case) -> Sign | None:
    condition = None if case.live.deleting else case.conditions.failing("NodeHealthy")
    match = _PRESSURE.search(condition.message) if condition else None
    if condition is None or match is None:
        return None
    kind = match["kind"] or match["older"]
    told = match["told"] or ""
    own = node_condition(case.node, kind)
    return Sign(
        fact=f"{kind}: {told}" if told else kind,
        since=own.since if own and own.status == TRUE else condition.since,
        proofs=(said_by(condition).proof, *node_proof(case, kind, TRUE)),
        variant=kind,
        waits_for=deeper_trouble(case),
    )


def _node_deleted(case: Case) -> Sign | None:
    condition = None if case.live.deleting else case.conditions.failing("NodeHealthy", "NodeReady")
    if condition is None or condition.reason not in ("NodeDeleted", "NodeNotFound"):
        return None
    name = text(case.live.at("status", "nodeRef", "name"))
    proofs = [said_by(condition).proof]
    if case.workload is not None and "Node" in case.workload.listed and case.node is None:
        proofs.append(Proof("workload", f"the workload cluster has no Node {name}"))
    return Sign(
        fact=f"Node {name} is gone, and its Machine is not",
        since=condition.since,
        proofs=tuple(proofs),
        waits_for=deeper_trouble(case),
        values=(("node", name),),
    )


def _no_image(case: Case) -> Sign | None:
    for name in () if case.live.deleting else _CONTROL_PLANE_PODS:
        condition = case.conditions.get(name)
        match = _NO_IMAGE.search(condition.message) if condition and condition.status != TRUE else None
        if condition is not None and match is not None:
            component = name.removesuffix("PodHealthy")
            return Sign(
                fact=f"the {component} Pod does not start: {condition.message}",
                since=condition.since,
                proofs=(said_by(condition).proof, *_failing_pods(case)),
                variant=f"{component} {match[1]}",
            )
    return None


def _resources_not_applied(case: Case) -> Sign | None:
    condition = case.conditions.failing("ResourcesApplied")
    if condition is None or case.live.deleting:
        return None
    # The newer condition often says no more than "see the logs"; the older one has the error.
    older = case.conditions.older.get("ResourcesApplied", condition)
    reason = older.reason or condition.reason
    told = older.message or condition.message
    without_connection = reason in ("RemoteClusterClientFailed", "InternalError")
    return Sign(
        fact=f"its resources are not applied: {reason}{': ' + told if told else ''}",
        since=condition.since,
        proofs=tuple(dict.fromkeys((said_by(condition).proof, said_by(older).proof))),
        variant=reason,
        waits_for=tuple(live.key for live in _unconnected(case)) if without_connection else (),
    )


def _unconnected(case: Case) -> list[CapiObject]:
    """Clusters of its namespace that nothing can be applied to yet."""
    return [
        live
        for live in case.graph.of_kind("Cluster")
        if live.namespace == case.live.namespace
        and case.other(live).conditions.failing("RemoteConnectionProbe", "ControlPlaneInitialized")
    ]


_SOURCE = "CAPI core/reconcilers/machine/machine_controller_status.go, setNodeHealthyAndReadyConditions"

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="NODE-CNI",
        layer=Layer.NODE_HEALTH,
        severity=Severity.HIGH,
        title="The Node has no Pod network",
        kinds=("Machine",),
        looks=_network_missing,
        mechanism="Without a CNI plug-in the kubelet reports NotReady for ever, and nothing is scheduled on the Node.",
        next_steps=(
            "In the workload cluster: `kubectl -n kube-system get daemonsets,pods -o wide`.",
            "See who was to install the CNI: `kubectl -n {namespace} get "
            "clusterresourcesets,clusterresourcesetbindings`, and whether the Cluster has the labels that they select.",
        ),
        source=f"{_SOURCE}; kubelet pkg/kubelet/runtime.go",
        clock=Clock.NODE_UNHEALTHY,
        confirm="the DaemonSet of the CNI: desired and ready",
    ),
    Signature(
        id="NODE-DELETED",
        layer=Layer.NODE_HEALTH,
        severity=Severity.HIGH,
        title="The Node was deleted while its Machine still exists",
        kinds=("Machine",),
        looks=_node_deleted,
        mechanism=(
            "Somebody deleted the Node object, or the cloud controller did because it took the instance for gone; a "
            "kubelet that still runs does not register again by itself, and the Machine stays Running."
        ),
        next_steps=(
            "See whether the instance still runs: `kubectl -n {namespace} get machine {name} -o wide`.",
            "If it does, restart its kubelet; if not, let a MachineHealthCheck replace the Machine or delete it.",
        ),
        source=f"{_SOURCE}, reason NodeDeleted; v1beta1 NodeNotFound, machine_controller_noderef.go",
        clock=Clock.NODE_UNHEALTHY,
    ),
    Signature(
        id="NODE-NOTREADY",
        layer=Layer.NODE_HEALTH,
        severity=Severity.HIGH,
        title="The Node is not ready",
        kinds=("Machine",),
        looks=_not_ready,
        mechanism=(
            "The kubelet, its container runtime, the disk or the instance has stopped; the Machine stays Running, its "
            "owners count one replica less."
        ),
        next_steps=(
            "In the workload cluster: `kubectl describe node`, and the Lease of the Node in kube-node-lease.",
            "If the instance runs: the log of its kubelet, over the cloud's console or SSM.",
        ),
        source=_SOURCE,
        clock=Clock.NODE_UNHEALTHY,
        confirm="the status checks of the instance",
    ),
    Signature(
        id="NODE-PRESSURE",
        layer=Layer.NODE_HEALTH,
        severity=Severity.MEDIUM,
        title="The Node runs out of memory, disk or process ids",
        kinds=("Machine",),
        looks=_pressure,
        mechanism="The kubelet evicts Pods and taints the Node; the Machine is not Ready until it has room again.",
        next_steps=(
            "In the workload cluster: `kubectl describe node`, `kubectl top pods -A`.",
            "Move work away, or give the template larger disks or instances in Git.",
        ),
        source="CAPI core/reconcilers/machine/machine_controller_status.go, summarizeNodeConditions",
        clock=Clock.NODE_UNHEALTHY,
    ),
    Signature(
        id="NODE-IMAGE-PULL",
        layer=Layer.NODE_HEALTH,
        severity=Severity.HIGH,
        title="A control plane Pod does not start",
        kinds=("Machine",),
        looks=_no_image,
        mechanism=(
            "Its image cannot be pulled (registry, mirror, imageRepository), or it ends at once (arguments, "
            "certificates): the component is missing here, and the control plane neither scales nor rolls on."
        ),
        next_steps=(
            "In the workload cluster: `kubectl -n kube-system describe pods -l tier=control-plane`.",
            "Compare imageRepository and the extra arguments of the KubeadmControlPlane with Git.",
        ),
        source="CAPI controlplane/kubeadm/pkg/workload_cluster_conditions.go, updateStaticPodCondition",
        clock=Clock.COMPONENTS,
    ),
    Signature(
        id="NODE-CRS-NOTAPPLIED",
        layer=Layer.NODE_HEALTH,
        severity=Severity.MEDIUM,
        title="A ClusterResourceSet does not reach its clusters",
        kinds=("ClusterResourceSet",),
        looks=_resources_not_applied,
        mechanism=(
            "What every cluster is to have (CNI, cloud controller, storage) is not applied: a Secret of the wrong "
            "type, a resource that is gone, an object that the workload cluster refuses, or no connection."
        ),
        next_steps=(
            "`kubectl -n {namespace} get clusterresourcesetbindings -o yaml`: which resource has `applied: false`.",
            "A Secret has to be of type addons.cluster.x-k8s.io/resource-set.",
        ),
        source="CAPI core/reconcilers/clusterresourceset/clusterresourceset_controller.go, ApplyClusterResourceSet",
        clock=Clock.RESOURCES_APPLIED,
    ),
)
