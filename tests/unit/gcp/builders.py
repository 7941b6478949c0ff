"""Management clusters with objects of CAPG, for tests of the provider; everything irrelevant has a default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drift_audit.model.objects import CapiObject
from drift_audit.model.progress import Step
from drift_audit.model.views import ClusterView, Gap, KindListing
from drift_audit_gcp.settings import GcpProject, GcpSettings
from tests.rig.gcp.capg import PROJECT, GcpClusterSpec, GcpClusterState, GcpMachineSpec

LONG_AGO = "2026-01-01T00:00:00Z"
CORE = "cluster.x-k8s.io/v1beta2"
INFRA = "infrastructure.cluster.x-k8s.io/v1beta1"

KINDS = (
    (CORE, "Cluster"),
    (CORE, "Machine"),
    (CORE, "MachinePool"),
    (INFRA, "GCPCluster"),
    (INFRA, "GCPMachine"),
    (INFRA, "GCPMachinePool"),
    (INFRA, "GCPManagedCluster"),
    (INFRA, "GCPManagedMachinePool"),
)


def settings(*projects: str, **more: Any) -> GcpSettings:
    """Settings for the one project of the tests, unless others are given."""
    shared = more.pop("of_project", {})
    entries = tuple(GcpProject(project=name, **shared) for name in projects or (PROJECT,))
    return GcpSettings(projects=entries, **{"calls_per_second": 1000.0, **more})


def capi_object(api_version: str, kind: str, name: str, **fields: Any) -> CapiObject:
    """An object made long ago; `metadata` is merged, everything else is taken as it is."""
    namespace = fields.pop("namespace", "default")
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": LONG_AGO, **fields.pop("metadata", {})}
    raw = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
    return CapiObject(api_version=api_version, kind=kind, namespace=namespace, name=name, raw=raw)


def changed(found: CapiObject, **sections: Mapping[str, Any]) -> CapiObject:
    """The object with fields of `spec`, `status` or `metadata` replaced."""
    known: Mapping[str, Any] = found.raw
    raw = {**known, **{name: {**known.get(name, {}), **fields} for name, fields in sections.items()}}
    return CapiObject(
        api_version=found.api_version, kind=found.kind, namespace=found.namespace, name=found.name, raw=raw
    )


def cluster_objects(cluster: GcpClusterSpec, state: GcpClusterState) -> list[CapiObject]:
    """Cluster, GCPCluster, Machines and GCPMachines as they stand when all controllers are done."""
    reference = {"apiGroup": INFRA.split("/")[0], "kind": "GCPCluster", "name": cluster.name}
    available = {"type": "Available", "status": "True", "reason": "Available", "lastTransitionTime": LONG_AGO}
    objects = [
        capi_object(
            CORE,
            "Cluster",
            cluster.name,
            namespace=cluster.namespace,
            spec={"infrastructureRef": reference},
            status={"phase": "Provisioned", "conditions": [available]},
        ),
        capi_object(
            INFRA,
            "GCPCluster",
            cluster.name,
            namespace=cluster.namespace,
            spec=state.cluster_spec(cluster),
            status=state.status,
        ),
    ]
    for machine in cluster.machines:
        objects += machine_objects(cluster, machine)
    return objects


def machine_objects(cluster: GcpClusterSpec, machine: GcpMachineSpec) -> list[CapiObject]:
    """A Machine and the GCPMachine that it owns."""
    labels = {"cluster.x-k8s.io/cluster-name": cluster.name}
    role = {"cluster.x-k8s.io/control-plane": ""} if machine.role == "control-plane" else {}
    owner = {"apiVersion": CORE, "kind": "Machine", "name": machine.name, "uid": "u", "controller": True}
    return [
        capi_object(
            CORE,
            "Machine",
            machine.name,
            namespace=cluster.namespace,
            metadata={"labels": {**labels, **role}},
            spec={"clusterName": cluster.name, "failureDomain": machine.zone},
            status={"nodeRef": {"name": machine.name}},
        ),
        capi_object(
            INFRA,
            "GCPMachine",
            machine.name,
            namespace=cluster.namespace,
            metadata={"labels": labels, "ownerReferences": [owner]},
            spec=GcpClusterState.machine_spec(cluster, machine),
            status={"ready": True, "instanceState": "RUNNING"},
        ),
    ]


def view(
    objects: Iterable[CapiObject],
    *,
    name: str = "mgmt",
    incomplete: Sequence[str] = (),
    gaps: Sequence[Gap] = (),
    namespaces: Sequence[str] = (),
) -> ClusterView:
    """A management cluster of which every kind was listed, but for the `incomplete` ones."""
    kinds = {
        (version.split("/")[0], kind): KindListing(
            group=version.split("/")[0],
            kind=kind,
            plural=f"{kind.lower()}s",
            version=version.split("/")[1],
            served=(version.split("/")[1],),
            namespaced=True,
            complete=kind not in incomplete,
            reason="forbidden" if kind in incomplete else "",
        )
        for version, kind in KINDS
    }
    return ClusterView(
        management_cluster=name,
        server_version="v1.35.0",
        objects={found.key: found for found in objects},
        kinds=kinds,
        namespaces=tuple(namespaces),
        gaps=tuple(gaps),
    )


def quiet(step: Step) -> None:
    """Nobody looks at the progress."""
