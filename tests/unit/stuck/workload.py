"""A workload cluster as its API server tells of it: Nodes, budgets, volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drift_audit.model.health import Event
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach, WorkloadView
from tests.unit.stuck.stage import CLUSTER, ago, condition

WELL = (
    condition("Ready", reason="KubeletReady", message="kubelet is posting ready status"),
    condition("MemoryPressure", False, "KubeletHasSufficientMemory"),
    condition("DiskPressure", False, "KubeletHasNoDiskPressure"),
    condition("PIDPressure", False, "KubeletHasSufficientPID"),
)


def node(
    *conditions: Mapping[str, Any],
    name: str = "one-md-0-abc-1",
    age: float = 600,
    labels: Mapping[str, str] | None = None,
    spec: Mapping[str, Any] | None = None,
    **status: Any,
) -> CapiObject:
    """The Node of the Machine of that name; its conditions instead of, or besides, those of a healthy one."""
    told = {each["type"]: each for each in (*WELL, *conditions)}
    return _made(
        "v1",
        "Node",
        name,
        age=age,
        labels=labels,
        spec={"providerID": f"aws:///eu-central-1a/i-{name}", **(spec or {})},
        status={"conditions": [*told.values()], **status},
    )


def budget(name: str = "web", namespace: str = "shop", *, allowed: int = 0) -> CapiObject:
    """A PodDisruptionBudget that lets so many Pods go."""
    return _made(
        "policy/v1",
        "PodDisruptionBudget",
        name,
        namespace=namespace,
        spec={"minAvailable": 2},
        status={"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 2},
    )


def attachment(name: str = "csi-1", *, on: str = "one-md-0-abc-1", volume: str = "pvc-1", **status: Any) -> CapiObject:
    """A volume that is attached to a Node."""
    return _made(
        "storage.k8s.io/v1",
        "VolumeAttachment",
        name,
        spec={"attacher": "ebs.csi.aws.com", "nodeName": on, "source": {"persistentVolumeName": volume}},
        status={"attached": True, **status},
    )


def workload(
    *objects: CapiObject,
    reach: Reach = Reach.REACHED,
    listed: Sequence[str] = ("Node", "PodDisruptionBudget", "VolumeAttachment"),
    pods: Mapping[tuple[str, str], int] | None = None,
    events: Sequence[Event] = (),
) -> WorkloadView:
    """What was seen of the workload cluster."""
    return WorkloadView(
        cluster=CLUSTER,
        reach=reach,
        objects={live.key: live for live in objects},
        listed=frozenset(listed),
        pods=pods or {},
        events=tuple(events),
        read_at=ago(0),
    )


def node_event(reason: str, message: str, *, of: str = "one-md-0-abc-1", since: float = 30) -> Event:
    """A warning about a Node."""
    key = ObjectKey("", "Node", "", of)
    return Event(object=key, type="Warning", reason=reason, message=message, first=ago(since), last=ago(1))


def _made(
    api_version: str,
    kind: str,
    name: str,
    *,
    namespace: str = "",
    age: float = 600,
    labels: Mapping[str, str] | None = None,
    spec: Mapping[str, Any],
    status: Mapping[str, Any],
) -> CapiObject:
    body: dict[str, Any] = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{kind}-{name}",
            "creationTimestamp": ago(age),
            "labels": dict(labels or {}),
        },
        "spec": dict(spec),
        "status": dict(status),
    }
    return CapiObject(api_version=api_version, kind=kind, namespace=namespace, name=name, raw=body)
