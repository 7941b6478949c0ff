"""Management clusters with a fleet on Azure; everything irrelevant has a default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from drift_audit.model.keys import CloudScope, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.progress import Step
from drift_audit.model.values import mapping
from drift_audit.model.views import ClusterView, Gap, KindListing
from drift_audit_azure.provider import AzureProvider
from drift_audit_azure.settings import AzureSettings, AzureSubscription
from tests.rig.azure.cluster import AzureClusterSpec, AzureMachineSpec, declared_cluster, declared_machine
from tests.rig.azure.server import AzureEndpoint
from tests.rig.azure.world import SUBSCRIPTION, TENANT

LOCATION = "westeurope"
SCOPE = CloudScope("azure", SUBSCRIPTION, LOCATION)
LONG_AGO = "2026-01-01T00:00:00Z"
ORPHAN_MIN_AGE = timedelta(minutes=60)

CORE = "cluster.x-k8s.io/v1beta2"
AVAILABLE = {"type": "Available", "status": "True", "reason": "Available", "lastTransitionTime": LONG_AGO}
INFRA = "infrastructure.cluster.x-k8s.io/v1beta1"

KINDS = (
    (CORE, "Cluster"),
    (CORE, "Machine"),
    (CORE, "MachinePool"),
    (INFRA, "AzureCluster"),
    (INFRA, "AzureClusterIdentity"),
    (INFRA, "AzureMachine"),
    (INFRA, "AzureMachinePool"),
)


def auditing(endpoint: AzureEndpoint, *subscriptions: AzureSubscription, **more: Any) -> AzureProvider:
    """The provider, reading the double."""
    return AzureProvider(
        AzureSettings(
            subscriptions=subscriptions or (AzureSubscription(subscription=SUBSCRIPTION),),
            endpoint_url=endpoint.url,
            ca_file=str(endpoint.ca_file),
            calls_per_second=1000.0,
            **{"max_attempts": 1, "token_file": str(endpoint.token_file), **more},
        )
    )


def capi_object(api_version: str, kind: str, name: str, **fields: Any) -> CapiObject:
    """An object made long ago; `metadata` is merged, everything else is taken as it is."""
    namespace = fields.pop("namespace", "default")
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": LONG_AGO, **fields.pop("metadata", {})}
    raw = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
    return CapiObject(api_version=api_version, kind=kind, namespace=namespace, name=name, raw=raw)


def cluster_objects(cluster: AzureClusterSpec, tenant: str = TENANT) -> list[CapiObject]:
    """Cluster, AzureCluster, identity, Machines and AzureMachines as they stand when all controllers are done."""
    shared = {"namespace": cluster.namespace}
    reference = {"apiGroup": INFRA.split("/")[0], "kind": "AzureCluster", "name": cluster.name}
    objects = [
        capi_object(
            CORE,
            "Cluster",
            cluster.name,
            **shared,
            spec={"infrastructureRef": reference},
            status={"phase": "Provisioned", "conditions": [AVAILABLE]},
        ),
        capi_object(
            INFRA,
            "AzureCluster",
            cluster.name,
            **shared,
            spec=declared_cluster(cluster),
            status={"ready": True},
        ),
        capi_object(
            INFRA,
            "AzureClusterIdentity",
            "fleet",
            **shared,
            spec={"type": "WorkloadIdentity", "tenantID": tenant, "clientID": "c", "allowedNamespaces": {}},
        ),
    ]
    for machine in cluster.machines:
        objects += machine_objects(cluster, machine)
    return objects


def machine_objects(cluster: AzureClusterSpec, machine: AzureMachineSpec) -> list[CapiObject]:
    """A Machine and the AzureMachine that it owns."""
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
            spec={"clusterName": cluster.name},
            status={"nodeRef": {"name": machine.name}},
        ),
        capi_object(
            INFRA,
            "AzureMachine",
            machine.name,
            namespace=cluster.namespace,
            metadata={"labels": labels, "ownerReferences": [owner]},
            spec=declared_machine(cluster, machine),
            status={"ready": True, "vmState": "Succeeded"},
        ),
    ]


def changed(found: CapiObject, **sections: Mapping[str, Any]) -> CapiObject:
    """The object with fields of `spec`, `status` or `metadata` replaced."""
    merged = {name: {**mapping(found.raw.get(name)), **fields} for name, fields in sections.items()}
    return CapiObject(
        api_version=found.api_version,
        kind=found.kind,
        namespace=found.namespace,
        name=found.name,
        raw={**found.raw, **merged},
    )


def replaced(objects: Iterable[CapiObject], *news: CapiObject) -> list[CapiObject]:
    """The objects with those of the same key exchanged."""
    by_key: dict[ObjectKey, CapiObject] = {new.key: new for new in news}
    return [by_key.get(found.key, found) for found in objects]


def view(
    objects: Iterable[CapiObject],
    *,
    name: str = "mgmt",
    incomplete: Sequence[str] = (),
    gaps: Sequence[Gap] = (),
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
        gaps=tuple(gaps),
    )


def quiet(_: Step) -> None:
    """A progress that nobody hears."""
