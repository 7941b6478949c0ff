"""Faults for a live fleet, each a block: the fault holds inside, and is undone at its end.

    with paused_cluster(fleet, "prod-1"), frozen(fleet, "infrastructure"):
        ...

Changes that a person makes go through Alice's client, changes of intent through Git.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import urllib3

from tests.rig.capi.declared import CORE, CORE_GROUP, HealthCheck, LiveCluster
from tests.rig.capi.fleet import LiveFleet
from tests.rig.client import ApiRefused, Json, RigClient, reference

HOLD = "rig.drift-audit.example/hold"
"""The finalizer and the deletion hook of the rig."""
_BY_KUBECTL = "kubectl-edit"
_WEBHOOK_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_PREFIXES = {
    "core": "capi-",
    "bootstrap": "capi-kubeadm-bootstrap-",
    "control-plane": "capi-kubeadm-control-plane-",
    "infrastructure": "capd-",
}
"""What the installed objects of a component are called."""
_NOBODY_LISTENS = "https://127.0.0.1:1"


@contextmanager
def declared(fleet: LiveFleet, cluster: str, **fields: Any) -> Iterator[None]:
    """Another intent in Git: a wrong version, a template whose machines never start, another number of workers."""
    before = {name: getattr(fleet.clusters[cluster], name) for name in fields}
    fleet.change(cluster, **fields)
    try:
        yield
    finally:
        fleet.change(cluster, **before)


@contextmanager
def newcomer(fleet: LiveFleet, cluster: LiveCluster) -> Iterator[None]:
    """One more cluster, which does not come up. At the end it is gone."""
    fleet.add(cluster)
    try:
        yield
    finally:
        fleet.remove(cluster.name)


@contextmanager
def paused_cluster(fleet: LiveFleet, cluster: str) -> Iterator[None]:
    """`spec.paused` of the Cluster, set by a person: nothing of it is reconciled."""
    target = reference(CORE, "Cluster", cluster, fleet.namespace)
    with _patched(fleet, target, {"spec": {"paused": True}}, {"spec": {"paused": None}}):
        yield


@contextmanager
def paused_object(fleet: LiveFleet, target: Json) -> Iterator[None]:
    """The annotation `cluster.x-k8s.io/paused`, set by a person on any object of Cluster API."""
    name = f"{CORE_GROUP}/paused"
    with _patched(fleet, target, _annotations(**{name: ""}), _annotations(**{name: None})):
        yield


@contextmanager
def paused_rollout(fleet: LiveFleet, deployment: str) -> Iterator[None]:
    """`spec.paused` of a MachineDeployment, set by a person: it goes on, but rolls nothing out."""
    target = reference(CORE, "MachineDeployment", deployment, fleet.namespace)
    with _patched(fleet, target, {"spec": {"paused": True}}, {"spec": {"paused": None}}):
        yield


@contextmanager
def deleted(fleet: LiveFleet, target: Json) -> Iterator[None]:
    """The object is deleted by a person, and created again with what it had."""
    before = fleet.client.get(target)
    fleet.management_cluster.human.delete(target)
    try:
        yield
    finally:
        kept = ("name", "namespace", "labels", "annotations", "ownerReferences")
        metadata = {key: value for key, value in before["metadata"].items() if key in kept}
        again = {key: value for key, value in before.items() if key != "status"}
        if fleet.client.find(target) is None:
            fleet.client.create({**again, "metadata": metadata}, _BY_KUBECTL)


@contextmanager
def blocked_deletion(fleet: LiveFleet, target: Json) -> Iterator[None]:
    """The object is being deleted, and a finalizer that nobody serves holds it. At the end it is gone."""
    finalizers = fleet.client.get(target)["metadata"].get("finalizers", [])
    human = fleet.management_cluster.human
    human.merge_patch(target, {"metadata": {"finalizers": [*finalizers, HOLD]}}, _BY_KUBECTL)
    human.delete(target)
    try:
        yield
    finally:
        _drop_finalizer(human, target)


@contextmanager
def held_by_hook(fleet: LiveFleet, machine: str, stage: str = "pre-drain") -> Iterator[None]:
    """The Machine is being deleted, and a `pre-drain` or `pre-terminate` hook that nobody serves holds it."""
    target = reference(CORE, "Machine", machine, fleet.namespace)
    hook = f"{stage}.delete.hook.machine.{CORE_GROUP}/rig"
    fleet.management_cluster.human.merge_patch(target, _annotations(**{hook: "nobody"}), _BY_KUBECTL)
    fleet.management_cluster.human.delete(target)
    try:
        yield
    finally:
        if fleet.client.find(target):
            fleet.client.merge_patch(target, _annotations(**{hook: None}), _BY_KUBECTL)


@contextmanager
def changed_in_workload(fleet: LiveFleet, cluster: str, target: Json, change: Callable[[Json], Json]) -> Iterator[None]:
    """An object of the workload cluster is replaced by its change, and put back if it is still there.

    The fake API server keeps the status with the object, so that Nodes and pods may be given any state.
    """
    api = fleet.workload(cluster)
    before = api.get(target)
    api.update(change(copy.deepcopy(before)))
    try:
        yield
    finally:
        found = api.find(target)
        if found:
            version = found["metadata"]["resourceVersion"]
            api.update({**before, "metadata": {**before["metadata"], "resourceVersion": version}})


@contextmanager
def flipped_node(
    fleet: LiveFleet,
    cluster: str,
    node: str,
    *,
    condition: str = "Ready",
    status: str = "False",
    reason: str = "KubeletNotReady",
    message: str = "container runtime is down",
) -> Iterator[None]:
    """One condition of a Node says something else, from now on."""

    def flip(found: Json) -> Json:
        others = [entry for entry in found["status"]["conditions"] if entry["type"] != condition]
        flipped = {"type": condition, "status": status, "reason": reason, "message": message}
        stamped = {**flipped, "lastTransitionTime": fleet.now(), "lastHeartbeatTime": fleet.now()}
        return {**found, "status": {**found["status"], "conditions": [*others, stamped]}}

    with changed_in_workload(fleet, cluster, reference("v1", "Node", node), flip):
        yield


@contextmanager
def short_circuited(fleet: LiveFleet, cluster: str) -> Iterator[None]:
    """Every worker's Node is not Ready, and the MachineHealthCheck may remediate none of them."""
    check = fleet.clusters[cluster].health_check or HealthCheck()
    held_back = HealthCheck(
        node_timeout_seconds=check.node_timeout_seconds,
        start_up_timeout_seconds=check.start_up_timeout_seconds,
        at_most="0%",
    )
    with ExitStack() as stack:
        stack.enter_context(declared(fleet, cluster, health_check=held_back))
        for machine in fleet.machines(cluster):
            stack.enter_context(flipped_node(fleet, cluster, machine["metadata"]["name"]))
        yield


@contextmanager
def lost_kubeconfig(fleet: LiveFleet, cluster: str) -> Iterator[None]:
    """The kubeconfig Secret is gone, and its controller is down: it would write it anew at its next turn.

    Frozen would not do. What a frozen manager knows of a workload cluster that was away meanwhile stays empty after
    the thaw (seen with the in-memory API server): only a restart gets it right.
    """
    secret = reference("v1", "Secret", f"{cluster}-kubeconfig", fleet.namespace)
    with down(fleet, "control-plane"):
        fleet.management_cluster.human.delete(secret)
        yield


@contextmanager
def failing_class_patch(fleet: LiveFleet, name: str = "in-memory") -> Iterator[None]:
    """A patch of the ClusterClass replaces a field that its templates lack: no change of a Cluster gets through."""
    missing = "/spec/template/spec/kubeadmConfigSpec/clusterConfiguration/scheduler/extraArgs"
    selector = {
        "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2",
        "kind": "KubeadmControlPlaneTemplate",
        "matchResources": {"controlPlane": True},
    }
    operation = {"op": "replace", "path": missing, "value": [{"name": "v", "value": "4"}]}
    patch = {"name": "verbose-scheduler", "definitions": [{"selector": selector, "jsonPatches": [operation]}]}
    fleet.declare_class(name, patches=[patch])
    try:
        yield
    finally:
        fleet.declare_class(name)


@contextmanager
def frozen(fleet: LiveFleet, controller: str) -> Iterator[None]:
    """The process is held in place: its webhooks accept connections and do not answer."""
    fleet.controllers[controller].freeze()
    try:
        yield
    finally:
        fleet.controllers[controller].thaw()


@contextmanager
def down(fleet: LiveFleet, controller: str) -> Iterator[None]:
    """The process has crashed; its webhooks are refused. With `infrastructure` go all workload API servers."""
    fleet.controllers[controller].kill()
    try:
        yield
    finally:
        fleet.controllers[controller].restart()


@contextmanager
def crashed_core(fleet: LiveFleet) -> Iterator[None]:
    """The core manager has crashed, and its Deployment, which the rig has only now, says so.

    There is no kubelet: the status is what the Deployment controller writes when no Pod is available.
    """
    labels = {"cluster.x-k8s.io/provider": "cluster-api", "control-plane": "controller-manager"}
    target = reference("apps/v1", "Deployment", "capi-controller-manager", "capi-system")
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "manager", "image": "registry.k8s.io/cluster-api/cluster-api-controller"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    unavailable = {
        "type": "Available",
        "status": "False",
        "reason": "MinimumReplicasUnavailable",
        "message": "Deployment does not have minimum availability.",
        "lastTransitionTime": fleet.now(),
        "lastUpdateTime": fleet.now(),
    }
    with down(fleet, "core"):
        created = fleet.client.create({**target, "metadata": {**target["metadata"], "labels": labels}, "spec": spec})
        fleet.client.status(
            {**created, "status": {"replicas": 1, "unavailableReplicas": 1, "conditions": [unavailable]}}
        )
        try:
            yield
        finally:
            fleet.client.delete(target)


@contextmanager
def unreachable_webhooks(fleet: LiveFleet, component: str) -> Iterator[None]:
    """The admission webhooks of a component point to where nobody listens, while its controllers go on."""
    changes: list[tuple[Json, Json]] = []
    for kind in _WEBHOOK_KINDS:
        middle = kind.removesuffix("WebhookConfiguration").lower()
        name = f"{_PREFIXES[component]}{middle}-webhook-configuration"
        found = fleet.client.get(reference("admissionregistration.k8s.io/v1", kind, name))
        hooks = [{**hook, "clientConfig": {"url": _NOBODY_LISTENS}} for hook in found["webhooks"]]
        changes.append(({"webhooks": hooks}, {"webhooks": found["webhooks"]}))
        fleet.client.merge_patch(found, changes[-1][0])
    try:
        yield
    finally:
        for kind, (_, before) in zip(_WEBHOOK_KINDS, changes, strict=True):
            middle = kind.removesuffix("WebhookConfiguration").lower()
            name = f"{_PREFIXES[component]}{middle}-webhook-configuration"
            fleet.client.merge_patch(reference("admissionregistration.k8s.io/v1", kind, name), before)


@contextmanager
def without_rights(fleet: LiveFleet, component: str) -> Iterator[None]:
    """The ClusterRoleBinding of a manager is gone: whatever it asks for is forbidden."""
    name = f"{_PREFIXES[component]}manager-rolebinding"
    with deleted(fleet, reference("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name)):
        yield


@contextmanager
def unreachable_workload(fleet: LiveFleet, cluster: str) -> Iterator[None]:
    """The API server of the workload cluster refuses connections; what it knows stays.

    The in-memory provider has this switch for Cluster API's own tests
    (`test/infrastructure/inmemory/pkg/server/api/debug.go`). Afterwards the control-plane manager begins anew: to one
    that was cut off, the in-memory API server may stay empty for ever.
    """
    url = f"{fleet.controllers.debug_url}/namespaces/{fleet.namespace}/clusters/{cluster}/listener"
    with urllib3.PoolManager(retries=False, timeout=10.0) as pool:
        _switch(pool, url, "stop")
        try:
            yield
        finally:
            _switch(pool, url, "start")
            if (manager := fleet.controllers["control-plane"]).running:
                manager.kill()
                manager.restart()


@contextmanager
def suspended_gitops(fleet: LiveFleet) -> Iterator[None]:
    """The Kustomization that applies the fleet is suspended."""
    fleet.deliver(suspend=True)
    try:
        yield
    finally:
        fleet.deliver()


@contextmanager
def _patched(fleet: LiveFleet, target: Json, patch: Json, undo: Json) -> Iterator[None]:
    fleet.management_cluster.human.merge_patch(target, patch, _BY_KUBECTL)
    try:
        yield
    finally:
        if fleet.client.find(target):
            fleet.management_cluster.human.merge_patch(target, undo, _BY_KUBECTL)


def _annotations(**values: str | None) -> Json:
    return {"metadata": {"annotations": values}}


def _drop_finalizer(client: RigClient, target: Json) -> None:
    found = client.find(target)
    if found is None:
        return
    kept = [name for name in found["metadata"].get("finalizers", []) if name != HOLD]
    try:
        client.merge_patch(target, {"metadata": {"finalizers": kept}}, _BY_KUBECTL)
    except ApiRefused as refusal:
        if refusal.status != 404:
            raise


def _switch(pool: urllib3.PoolManager, url: str, action: str) -> None:
    answer = pool.request("POST", url, body=action.encode(), headers={"Content-Type": "text/plain"})
    if answer.status != 200:
        raise AssertionError(f"{action} {url}: {answer.status} {answer.data.decode(errors='replace')}")
