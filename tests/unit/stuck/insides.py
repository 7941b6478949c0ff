"""What a workload cluster shows of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach, WorkloadView
from tests.unit.stuck.stage import CLUSTER, condition, made

ENDPOINT = "https://one.example:6443"


def node(
    name: str, provider_id: str = "", *, taints: Iterable[str] = (), ready: bool = True, **more: Any
) -> CapiObject:
    """A Node."""
    return made(
        "v1",
        "Node",
        name,
        namespace="",
        spec={
            **({"providerID": provider_id} if provider_id else {}),
            **({"taints": [{"key": taint, "effect": "NoSchedule"} for taint in taints]} if taints else {}),
        },
        conditions=(condition("Ready", ready, "KubeletReady" if ready else "KubeletNotReady"),),
        **more,
    )


def seen(*objects: CapiObject, listed: Iterable[str] = ("Node",), certificate_expires: str = "") -> WorkloadView:
    """A workload cluster that was reached."""
    return WorkloadView(
        cluster=CLUSTER,
        endpoint=ENDPOINT,
        reach=Reach.REACHED,
        objects={live.key: live for live in objects},
        listed=frozenset(listed),
        certificate_expires=certificate_expires,
    )


def unseen(reach: Reach, detail: str = "", **more: Any) -> WorkloadView:
    """One that was not."""
    return WorkloadView(cluster=CLUSTER, endpoint=ENDPOINT, reach=reach, detail=detail, **more)


def addresses(*named: str) -> Mapping[str, Any]:
    """As the status of Machines and of Nodes has them."""
    return {"addresses": [{"type": "InternalIP", "address": each} for each in named]}
