"""A small cluster with its machines and instances, to be grown into a tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from drift_audit.explain.tree import full_tree
from drift_audit.explain.tree_parts import TreeSources
from drift_audit.interfaces import Correlation, Link
from drift_audit.model.findings import Finding
from drift_audit.model.keys import CloudScope, ObjectKey, ResourceKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.tree import ClusterTree, TreeNode
from drift_audit.model.values import JsonObject
from drift_audit.model.views import CloudScopeView, ClusterView, KindListing, ResourceListing, Views
from tests.builders import capi_object, cloud_resource, cluster_key, resource_key

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CORE, INFRA, BOOT, PLANE = (
    f"{group}cluster.x-k8s.io/v1beta2" for group in ("", "infrastructure.", "bootstrap.", "controlplane.")
)
KINDS = (
    (CORE, "Cluster"),
    (CORE, "MachineDeployment"),
    (CORE, "MachineSet"),
    (CORE, "MachinePool"),
    (CORE, "Machine"),
    (INFRA, "AWSCluster"),
    (INFRA, "AWSMachine"),
    (INFRA, "AWSMachinePool"),
    (INFRA, "AWSMachineTemplate"),
    (BOOT, "KubeadmConfig"),
    (PLANE, "KubeadmControlPlane"),
)
SCOPE = CloudScope("aws", "123456789012", "eu-west-1")


def made(
    api_version: str, kind: str, name: str, *owners: CapiObject, namespace: str = "fleet", **more: Any
) -> CapiObject:
    """An object of Ready state that is owned by the others; the first one is its controller."""
    references = [
        {"apiVersion": each.api_version, "kind": each.kind, "name": each.name, "uid": each.uid, "controller": at == 0}
        for at, each in enumerate(owners)
    ]
    metadata = {
        "uid": f"uid-{kind}-{name}",
        "creationTimestamp": "2026-11-01T00:00:00Z",
        "ownerReferences": references,
        **more.pop("metadata", {}),
    }
    return capi_object(kind, name, namespace, api_version=api_version, metadata=metadata, **more)


def to(target: CapiObject | tuple[str, str, str]) -> JsonObject:
    api_version, kind, name = target if isinstance(target, tuple) else (target.api_version, target.kind, target.name)
    return {"apiGroup": api_version.partition("/")[0], "kind": kind, "name": name}


def condition(status: str, since: str = "2026-11-10T00:00:00Z", kind: str = "Ready", **more: str) -> JsonObject:
    return {"conditions": [{"type": kind, "status": status, "lastTransitionTime": since, **more}]}


ROOT = made(
    CORE,
    "Cluster",
    "eu-1",
    spec={
        "infrastructureRef": to((INFRA, "AWSCluster", "eu-1")),
        "controlPlaneRef": to((PLANE, "KubeadmControlPlane", "eu-1-cp")),
    },
)
AWS_CLUSTER = made(INFRA, "AWSCluster", "eu-1", ROOT)
CONTROL_PLANE = made(PLANE, "KubeadmControlPlane", "eu-1-cp", ROOT)
DEPLOYMENT = made(CORE, "MachineDeployment", "eu-1-md", ROOT)
MACHINE_SET = made(CORE, "MachineSet", "eu-1-md-x", DEPLOYMENT)
STEM = (ROOT, AWS_CLUSTER, CONTROL_PLANE, DEPLOYMENT, MACHINE_SET)


def machine(name: str, owner: CapiObject = MACHINE_SET, **more: Any) -> list[CapiObject]:
    """A Machine with its infrastructure and its bootstrap config."""
    spec = {
        "infrastructureRef": to((INFRA, "AWSMachine", name)),
        "bootstrap": {"configRef": to((BOOT, "KubeadmConfig", name))},
    }
    above = made(CORE, "Machine", name, owner, spec=spec, **more)
    return [above, made(INFRA, "AWSMachine", name, above), made(BOOT, "KubeadmConfig", name, above)]


def infra_key(name: str) -> ObjectKey:
    return ObjectKey(INFRA.partition("/")[0], "AWSMachine", "fleet", name)


def link(subject: ObjectKey, kind: str, name: str) -> Link:
    return Link(management_cluster="prod", object=subject, resource=resource_key(kind, name), cluster=cluster_key())


def instances(*names: str) -> tuple[Link, ...]:
    return tuple(link(infra_key(name), "instance", f"i-{name}") for name in names)


def view(objects: Iterable[CapiObject], *, unread: Sequence[str] = (), **changes: Any) -> ClusterView:
    """A management cluster of which every kind was listed, but for the `unread` ones."""
    held = {each.key: each for each in objects if each.kind not in unread}
    kinds = {
        (version.partition("/")[0], kind): KindListing(
            group=version.partition("/")[0],
            kind=kind,
            plural="",
            version="v1beta2",
            served=("v1beta2",),
            namespaced=True,
            complete=kind not in unread,
            reason="HTTP 403" if kind in unread else "",
        )
        for version, kind in KINDS
    }
    defaults = ClusterView(management_cluster="prod", server_version="v1.36.0", objects=held, kinds=kinds)
    return replace(defaults, **changes)


def cloud(*resources: CloudResource, unlisted: Sequence[str] = (), **changes: Any) -> CloudScopeView:
    listings = {
        kind: ResourceListing(type=kind, complete=kind not in unlisted, reason="denied" if kind in unlisted else "")
        for kind in ("instance", "security-group")
    }
    defaults = CloudScopeView(
        scope=SCOPE,
        clusters=(cluster_key(),),
        identity=SCOPE.account,
        resources={(each.key.type, each.key.id): each for each in resources},
        listings=listings,
    )
    return replace(defaults, **changes)


def sources(
    objects: Iterable[CapiObject],
    *findings: Finding,
    correlation: Correlation | None = None,
    clouds: Sequence[CloudScopeView] | None = None,
    elsewhere: Mapping[ObjectKey, str] | None = None,
    **changes: Any,
) -> TreeSources:
    """Everything of cluster `eu-1`; `elsewhere` names the cluster of objects that belong to another one."""
    seen = view(objects, **changes)
    other = elsewhere or {}
    linked = {each.resource for each in (correlation.links if correlation else ())}
    scopes = (cloud(*(_resource(key) for key in linked)),) if clouds is None else tuple(clouds)
    return TreeSources(
        views=Views(clusters=(seen,), clouds=scopes),
        gaps=(),
        findings=findings,
        correlations=(correlation,) if correlation else (),
        cluster_of={"prod": {key: cluster_key(other.get(key, "eu-1")) for key in seen.objects}},
        now=NOW,
        patience=timedelta(minutes=30),
    )


def _resource(key: ResourceKey) -> CloudResource:
    return cloud_resource(key.type, key.id, created_at="2026-11-02T00:00:00Z")


def grown(made_of: TreeSources, *, unfolded: bool = False) -> ClusterTree:
    tree = full_tree(made_of, cluster_key(), unfolded=unfolded)
    assert tree is not None
    return tree


def drawn(tree: ClusterTree) -> list[str]:
    """One line for each node: indent, kind, name, number, and the state unless it is well."""
    return [_line(node) for node in tree.nodes]


def _line(node: TreeNode) -> str:
    parts = (node.kind, node.name, f"x{node.count}" if node.count > 1 else "", "" if node.state == "ok" else node.state)
    return "  " * node.depth + " ".join(part for part in parts if part)


def named(tree: ClusterTree, kind: str, name: str = "") -> TreeNode:
    (found,) = [node for node in tree.nodes if node.kind == kind and (not name or node.name == name)]
    return found
