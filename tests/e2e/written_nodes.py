"""Nodes that are not well, do not come, or cannot be let go: what kubelets, agents and the core controller write.

Sources: Kubernetes pkg/kubelet/nodestatus, pkg/controller/nodelifecycle; node-problem-detector config/; NVSentinel;
CAPI v1.14.0 core/reconcilers/machine/machine_controller.go (drain, volumes), internal/controllers/machine/drain.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from drift_audit.model.findings import Certainty
from tests.e2e.written_fleet import Written
from tests.e2e.written_machines import deleting, never_join, silent_kubelet, unhealthy
from tests.e2e.written_row import Row
from tests.e2e.written_words import condition, no
from tests.integration.test_workload_view import request_for
from tests.rig.certificates import CertificateAuthority
from tests.rig.client import Json, reference
from tests.rig.controllers import CORE

APPS = "default"
NO_NETWORK = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
XID_79 = "NVRM: Xid (PCI:0000:3b:00): 79, pid=4711, GPU has fallen off the bus."
EIGHT = {"nvidia.com/gpu": "8"}
BUDGET = (
    "cannot evict pod as it would violate the pod's disruption budget. "
    "The disruption budget web needs 2 healthy pods and has 2 currently"
)
TAINT = "node.cloudprovider.kubernetes.io/uninitialized"


def _silent(written: Written) -> Sequence[str]:
    name = written.workers[0]
    silent_kubelet(written, name)
    return [name]


def _disk(written: Written) -> Sequence[str]:
    name, told = written.workers[0], "kubelet has disk pressure"
    written.node_says(name, condition("DiskPressure", "True", "KubeletHasDiskPressure", told, 30))
    unhealthy(written, name, f"* Node.DiskPressure: {told}")
    return [name]


def _deadlock(written: Written) -> Sequence[str]:
    """node-problem-detector's kernel monitor; the Machine looks well."""
    name, told = written.workers[0], "task docker:7 blocked for more than 300 seconds."
    written.node_says(name, condition("KernelDeadlock", "True", "DockerHung", told, 30))
    written.look_everywhere()
    return [name]


def _gpu(written: Written) -> Sequence[str]:
    """NVSentinel's word for it; the kubelet, and so the Machine, are well."""
    name = written.workers[0]
    failed = condition("SysLogsXIDError", "True", "SysLogsXIDErrorIsNotHealthy", XID_79, 30)
    written.node_says(name, failed, capacity=EIGHT, allocatable=EIGHT)
    written.look_everywhere()
    return [name]


def _no_network(written: Written) -> Sequence[str]:
    """The network plug-in was never installed: no Node of the cluster becomes ready."""
    for name in written.workers:
        written.node_says(name, no("Ready", "KubeletNotReady", NO_NETWORK))
        unhealthy(written, name, f"* Node.Ready: {NO_NETWORK}", ready=False)
    return written.workers


def _request(written: Written) -> Sequence[str]:
    pair = CertificateAuthority().client("system:node:ip-10-0-0-4", ("system:nodes",))
    asked: Json = {"signerName": "kubernetes.io/kube-apiserver-client-kubelet", "usages": ["client auth"]}
    asked |= {"request": base64.b64encode(request_for(pair.key)).decode()}
    pending = reference("certificates.k8s.io/v1", "CertificateSigningRequest", "csr-x7k2p")
    written.inside({**pending, "spec": asked})
    never_join(written, written.workers[:1])
    return written.workers[:1]


def _no_cloud_controller(written: Written) -> Sequence[str]:
    """The Node came, and nobody wrote its providerID or took its taint away."""
    name = written.workers[0]
    node = written.node(name)
    never_join(written, [name])
    address = [{"type": "InternalIP", "address": "10.0.0.4"}]
    written.client.status(written.named(CORE, "Machine", name), {"addresses": address})
    taints = [{"key": TAINT, "value": "true", "effect": "NoSchedule"}]
    written.inside({**node, "spec": {"taints": taints}, "status": {**node["status"], "addresses": address}})
    return [name]


def _budget(written: Written) -> Sequence[str]:
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    status = {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 2}
    budget = reference("policy/v1", "PodDisruptionBudget", "web", APPS)
    written.inside({**budget, "spec": spec, "status": status})
    started = written.before(70)
    told = f"Drain not completed yet (started at {started}):\n* Pods {APPS}/web-1, {APPS}/web-2: {BUDGET}"
    name = written.workers[0]
    deleting(written, name, "DrainingNode", told, since=71, deletion={"nodeDrainStartTime": started})
    return [name]


def _volume(written: Written) -> Sequence[str]:
    name, started = written.workers[0], written.before(45)
    source = {"persistentVolumeName": "pvc-1"}
    spec = {"attacher": "ebs.csi.aws.com", "nodeName": f"ip-{name}", "source": source}
    failed = {"message": "rpc error: code = DeadlineExceeded desc = context deadline exceeded"}
    held = reference("storage.k8s.io/v1", "VolumeAttachment", "csi-1")
    written.inside({**held, "spec": spec, "status": {"attached": True, "detachError": failed}})
    told = f"Waiting for Node volumes to be detached (started at {started})\n* PersistentVolumeClaims: {APPS}/data-0"
    begun = {"nodeDrainStartTime": written.before(50), "waitForNodeVolumeDetachStartTime": started}
    deleting(written, name, "WaitingForVolumeDetach", told, since=50, deletion=begun)
    return [name]


NODES: Sequence[Row] = (
    Row(
        "The kubelet of a Node is not heard of any more",
        "NODE-NOTREADY",
        "Machine",
        _silent,
        evidence="Kubelet stopped posting node status",
        beside=("MHC-MISSING",),
        certainty=Certainty.HIGH,
    ),
    Row(
        "A Node has no disk left",
        "NODE-PRESSURE",
        "Machine",
        _disk,
        evidence="DiskPressure",
        beside=("MHC-MISSING",),
        certainty=Certainty.HIGH,
    ),
    Row(
        "node-problem-detector reports a kernel that hangs",
        "NODE-PROBLEM",
        "Machine",
        _deadlock,
        evidence="KernelDeadlock",
    ),
    Row("A GPU fell off the bus, and the Machine looks well", "GPU-XID", "Machine", _gpu, evidence="Xid"),
    Row(
        "The network plug-in is missing",
        "NODE-CNI",
        "Machine",
        _no_network,
        evidence="cni plugin not initialized",
        beside=("MHC-MISSING",),
        certainty=Certainty.HIGH,
    ),
    Row(
        "Nobody approves the certificate that a kubelet asks for",
        "JOIN-CSR",
        "Machine",
        _request,
        evidence="csr-x7k2p is pending",
        certainty=Certainty.HIGH,
    ),
    Row(
        "No cloud controller initialises a new Node",
        "JOIN-CCM",
        "Machine",
        _no_cloud_controller,
        certainty=Certainty.HIGH,
    ),
    Row(
        "A PodDisruptionBudget keeps a Node from being drained",
        "DEL-DRAIN-PDB",
        "Machine",
        _budget,
        evidence="disruption budget",
        certainty=Certainty.HIGH,
    ),
    Row(
        "A volume stays attached to a Node that is to go",
        "DEL-VOLUME",
        "Machine",
        _volume,
        evidence="DeadlineExceeded",
        certainty=Certainty.HIGH,
    ),
)
