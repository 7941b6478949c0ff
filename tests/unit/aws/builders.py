"""Management clusters and AWS scopes for tests of the provider; everything irrelevant has a default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from drift_audit.interfaces import Correlation, ScopeRequest
from drift_audit.model.keys import CloudScope, ObjectKey, ResourceKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.progress import Step
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, KindListing, ResourceListing
from drift_audit_aws.families import READERS
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount, AwsSettings
from tests.rig.aws_eks import EksSpec, EksState
from tests.rig.aws_pools import PoolSpec, PoolState
from tests.rig.aws_state import CCM, ROLE, TAG, AwsClusterSpec, AwsClusterState, MachineSpec

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
REGION = "eu-west-1"
SCOPE = CloudScope("aws", ACCOUNT, REGION)
LONG_AGO = "2026-01-01T00:00:00Z"

CORE = "cluster.x-k8s.io/v1beta2"
INFRA = "infrastructure.cluster.x-k8s.io/v1beta2"
CONTROL_PLANE = "controlplane.cluster.x-k8s.io/v1beta2"

AVAILABLE = {"type": "Available", "status": "True", "reason": "Available", "lastTransitionTime": LONG_AGO}

KINDS = (
    (CORE, "Cluster"),
    (CORE, "Machine"),
    (CORE, "MachinePool"),
    (INFRA, "AWSCluster"),
    (INFRA, "AWSMachine"),
    (INFRA, "AWSMachinePool"),
    (INFRA, "AWSClusterRoleIdentity"),
    (INFRA, "AWSManagedMachinePool"),
    (INFRA, "AWSFargateProfile"),
    (CONTROL_PLANE, "AWSManagedControlPlane"),
)


def settings(*accounts: AwsAccount, **more: Any) -> AwsSettings:
    """Settings for the one account of the tests, unless others are given."""
    return AwsSettings(accounts=accounts or (AwsAccount(account=ACCOUNT),), calls_per_second=1000.0, **more)


def capi_object(api_version: str, kind: str, name: str, **fields: Any) -> CapiObject:
    """An object made long ago; `metadata` is merged, everything else is taken as it is."""
    namespace = fields.pop("namespace", "default")
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": LONG_AGO, **fields.pop("metadata", {})}
    raw = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
    return CapiObject(api_version=api_version, kind=kind, namespace=namespace, name=name, raw=raw)


def changed(found: CapiObject, **sections: Mapping[str, Any]) -> CapiObject:
    """The object with fields of `spec`, `status` or `metadata` replaced."""
    merged = {name: {**_section(found, name), **fields} for name, fields in sections.items()}
    return CapiObject(
        api_version=found.api_version,
        kind=found.kind,
        namespace=found.namespace,
        name=found.name,
        raw={**found.raw, **merged},
    )


def _section(found: CapiObject, name: str) -> Mapping[str, Any]:
    section = found.raw.get(name)
    return section if isinstance(section, Mapping) else {}


def cluster_objects(cluster: AwsClusterSpec, state: AwsClusterState) -> list[CapiObject]:
    """Cluster, AWSCluster, Machines and AWSMachines as they stand when all controllers are done."""
    shared = {"namespace": cluster.namespace}
    objects = [
        capi_object(
            CORE,
            "Cluster",
            cluster.name,
            **shared,
            spec={"infrastructureRef": {"apiGroup": INFRA.split("/")[0], "kind": "AWSCluster", "name": cluster.name}},
            status={"phase": "Provisioned", "conditions": [AVAILABLE]},
        ),
        capi_object(
            INFRA,
            "AWSCluster",
            cluster.name,
            **shared,
            spec=state.cluster_spec(cluster),
            status=state.cluster_status(cluster),
        ),
    ]
    for machine in cluster.machines:
        objects += machine_objects(cluster, machine, state.machine_spec(machine))
    for pool in cluster.pools:
        objects += pool_objects(cluster, pool, state.pools[pool.name])
    return objects


def pool_objects(cluster: AwsClusterSpec, pool: PoolSpec, state: PoolState) -> list[CapiObject]:
    """A MachinePool and the AWSMachinePool that it owns."""
    labels = {"cluster.x-k8s.io/cluster-name": cluster.name}
    owner = {"apiVersion": CORE, "kind": "MachinePool", "name": pool.name, "uid": "u", "controller": True}
    return [
        capi_object(
            CORE,
            "MachinePool",
            pool.name,
            namespace=cluster.namespace,
            metadata={"labels": labels},
            spec={"clusterName": cluster.name, "replicas": pool.replicas},
        ),
        capi_object(
            INFRA,
            "AWSMachinePool",
            pool.name,
            namespace=cluster.namespace,
            metadata={"labels": labels, "ownerReferences": [owner]},
            spec=state.spec(pool),
            status=state.status(),
        ),
    ]


def eks_objects(cluster: EksSpec, state: EksState) -> list[CapiObject]:
    """Cluster, AWSManagedCluster, AWSManagedControlPlane and what hangs on them, when all controllers are done."""
    shared, labels = {"namespace": cluster.namespace}, {"cluster.x-k8s.io/cluster-name": cluster.name}
    control_plane = f"{cluster.name}-cp"
    references = {
        "infrastructureRef": {"apiGroup": INFRA.split("/")[0], "kind": "AWSManagedCluster", "name": cluster.name},
        "controlPlaneRef": {
            "apiGroup": CONTROL_PLANE.split("/")[0],
            "kind": "AWSManagedControlPlane",
            "name": control_plane,
        },
    }
    status = {"phase": "Provisioned", "conditions": [AVAILABLE]}
    objects = [
        capi_object(CORE, "Cluster", cluster.name, **shared, spec=references, status=status),
        capi_object(INFRA, "AWSManagedCluster", cluster.name, **shared, spec={}, status={"ready": True}),
        capi_object(
            CONTROL_PLANE,
            "AWSManagedControlPlane",
            control_plane,
            **shared,
            metadata={"labels": labels},
            spec=state.control_plane_spec(cluster),
            status=state.control_plane_status(cluster),
        ),
    ]
    for group in cluster.groups:
        owner = {"apiVersion": CORE, "kind": "MachinePool", "name": group.name, "uid": "u", "controller": True}
        replicas = {} if group.replicas is None else {"replicas": group.replicas}
        template = {"template": {"spec": {"version": group.version}}} if group.version else {}
        objects += [
            capi_object(
                CORE,
                "MachinePool",
                group.name,
                **shared,
                metadata={"labels": labels},
                spec={"clusterName": cluster.name, **replicas, **template},
            ),
            capi_object(
                INFRA,
                "AWSManagedMachinePool",
                group.name,
                **shared,
                metadata={"labels": labels, "ownerReferences": [owner]},
                spec=state.group_spec(group),
                status=state.group_status(group),
            ),
        ]
    for profile in cluster.profiles:
        objects.append(
            capi_object(
                INFRA,
                "AWSFargateProfile",
                profile.name,
                **shared,
                metadata={"labels": labels},
                spec=state.profile_spec(cluster, profile),
                status={"ready": True},
            )
        )
    return objects


def machine_objects(cluster: AwsClusterSpec, machine: MachineSpec, spec: Mapping[str, Any]) -> list[CapiObject]:
    """A Machine and the AWSMachine that it owns."""
    labels = {"cluster.x-k8s.io/cluster-name": cluster.name}
    role = {"cluster.x-k8s.io/control-plane": ""} if machine.role == "control-plane" else {}
    owner = {"apiVersion": CORE, "kind": "Machine", "name": machine.machine_name, "uid": "u", "controller": True}
    return [
        capi_object(
            CORE,
            "Machine",
            machine.machine_name,
            namespace=cluster.namespace,
            metadata={"labels": {**labels, **role}},
            spec={"clusterName": cluster.name},
            status={"nodeRef": {"name": f"ip-{machine.machine_name}"}},
        ),
        capi_object(
            INFRA,
            "AWSMachine",
            machine.name,
            namespace=cluster.namespace,
            metadata={"labels": labels, "ownerReferences": [owner]},
            spec=dict(spec),
            status={"ready": True, "instanceState": "running"},
        ),
    ]


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


def replaced(objects: Iterable[CapiObject], *news: CapiObject) -> list[CapiObject]:
    """The objects with those of the same key exchanged."""
    by_key: dict[ObjectKey, CapiObject] = {new.key: new for new in news}
    return [by_key.get(found.key, found) for found in objects]


def resource(kind: str, resource_id: str, *, account: str = ACCOUNT, **fields: Any) -> CloudResource:
    """A resource with the given attributes, made long ago."""
    tags = fields.pop("tags", {})
    created = fields.pop("created_at", LONG_AGO)
    return CloudResource(
        key=ResourceKey("aws", account, REGION, kind, resource_id), attributes=fields, tags=tags, created_at=created
    )


def instance(resource_id: str, *, cluster: str = "c1", vpc: str = "vpc-1", **fields: Any) -> CloudResource:
    """A running instance with the tags of a node of the cluster."""
    tags = {TAG + cluster: "owned", CCM + cluster: "owned", ROLE: "node", "Name": resource_id}
    state = fields.pop("state", "running")
    return resource(
        "instance",
        resource_id,
        VpcId=vpc,
        State={"Name": state},
        tags={**tags, **fields.pop("tags", {})},
        **fields,
    )


def standing_network(vpc: str = "vpc-1") -> tuple[CloudResource, ...]:
    """The VPC and the subnets that clusters of a written-down state name, without anything to be compared."""
    subnets = (resource("subnet", subnet, VpcId=vpc, State="available") for subnet in ("subnet-1", "subnet-2"))
    return (resource("vpc", vpc, VpcId=vpc, State="available"), *subnets)


def cloud(
    resources: Iterable[CloudResource],
    *,
    scope: CloudScope = SCOPE,
    incomplete: Sequence[str] = (),
    identity: str | None = None,
) -> CloudScopeView:
    """A scope of which everything was listed in the right account, but for the `incomplete` types."""
    return CloudScopeView(
        scope=scope,
        identity=scope.account if identity is None else identity,
        resources={(found.key.type, found.key.id): found for found in resources},
        listings={
            kind: ResourceListing(type=kind, complete=kind not in incomplete, reason="denied" * (kind in incomplete))
            for kind in (reader.type for reader in READERS)
        },
    )


def request(**hints: Sequence[str]) -> ScopeRequest:
    """A request for the scope of the tests; underscores in a hint's name stand for hyphens."""
    return ScopeRequest(
        scope=SCOPE, clusters=(), hints={name.replace("_", "-"): tuple(ids) for name, ids in hints.items()}
    )


def quiet(_: Step) -> None:
    """A progress that nobody hears."""


ORPHAN_MIN_AGE = timedelta(minutes=60)


def correlated(
    provider: AwsProvider,
    views: Sequence[ClusterView],
    clouds: Sequence[CloudScopeView],
    now: datetime,
    orphan_min_age: timedelta = ORPHAN_MIN_AGE,
) -> Correlation:
    """The correlation of scopes that hold the clusters which the provider's plan puts there."""
    requests = {request.scope: request for request in provider.plan(views).requests}
    placed = [
        replace(cloud, clusters=requests[cloud.scope].clusters, assumed=requests[cloud.scope].assumed)
        if cloud.scope in requests
        else cloud
        for cloud in clouds
    ]
    return provider.correlate(views, placed, now, orphan_min_age)
