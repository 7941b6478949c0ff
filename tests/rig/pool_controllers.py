"""What core, the kubeadm bootstrap provider and CAPA write about a machine pool, each as itself.

The same idea as in `tests.rig.controllers`; sources: cluster-api v1.14.0 core/reconcilers/machinepool, CAPA v2.13.0
exp/controllers/awsmachinepool_controller.go.
"""

from __future__ import annotations

from tests.rig.client import Json, RigClient, reference
from tests.rig.controllers import BOOTSTRAP, CLUSTER_NAME, CONTROLLER, CORE, CREATED_AT, INFRA


def reconcile_pool(client: RigClient, namespace: str, cluster: str, name: str, spec: Json, status: Json) -> None:
    """Everything that the controllers would have done by the time that the pool is up; all objects have one name."""
    manager = client.as_manager(CONTROLLER)
    root = manager.get(reference(CORE, "Cluster", cluster, namespace))
    pool = reference(CORE, "MachinePool", name, namespace)
    manager.merge_patch(
        pool,
        {
            "metadata": {**_owned(root, cluster), "finalizers": ["machinepool.cluster.x-k8s.io"]},
            "spec": {
                "template": {"spec": {"bootstrap": {"dataSecretName": name}}},
                "providerIDList": spec["providerIDList"],
            },
        },
    )
    made = manager.get(pool)
    manager.status(
        pool,
        {
            "phase": "Running",
            "observedGeneration": made["metadata"]["generation"],
            "replicas": len(spec["providerIDList"]),
            "initialization": {"infrastructureProvisioned": True, "bootstrapDataSecretCreated": True},
            "conditions": [_condition("Available", reason="Available")],
        },
    )
    infra = reference(INFRA, "AWSMachinePool", name, namespace)
    manager.merge_patch(
        infra,
        {
            "metadata": {
                **_owned(made, cluster),
                "annotations": {"cluster-api-provider-aws": "true"},
                "finalizers": ["awsmachinepool.infrastructure.cluster.x-k8s.io"],
            },
            "spec": spec,
        },
    )
    conditions = [_condition(kind) for kind in ("Ready", "ASGReady", "LaunchTemplateReady")]
    manager.status(infra, {**status, "conditions": conditions})
    bootstrap = reference(BOOTSTRAP, "KubeadmConfig", name, namespace)
    manager.merge_patch(bootstrap, {"metadata": _owned(made, cluster)})
    manager.status(
        bootstrap,
        {
            "dataSecretName": name,
            "initialization": {"dataSecretCreated": True},
            "conditions": [_condition("Ready", reason="Ready")],
        },
    )


def _owned(owner: Json, cluster: str) -> Json:
    entry = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {"ownerReferences": [entry], "labels": {CLUSTER_NAME: cluster}}


def _condition(kind: str, reason: str = "") -> Json:
    """In the shape of the v1beta1 contract; with a reason, in that of v1beta2."""
    newer = {"reason": reason, "message": ""} if reason else {}
    return {"type": kind, "status": "True", "lastTransitionTime": CREATED_AT, **newer}
