"""Fleets with owner trees and blame, and fleets of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drift_audit.model.findings import Commit, Confidence, Finding, Severity, Verdict
from drift_audit.model.keys import ClusterKey
from drift_audit.model.result import AuditResult, ClusterStatus
from drift_audit.model.tree import ClusterTree, NodeState, TreeNode
from drift_audit.model.views import View
from tests.builders import (
    actor,
    cause,
    cluster_entry,
    cluster_key,
    declared_at,
    finding,
    object_ref,
    resource_key,
    result,
    shown_values,
)
from tests.unit.reports.fleets import half_read_fleet, troubled_fleet

REPO = "https://github.com/platform/fleet.git"
WHO = Commit(id="4be1d70c" * 5, author="Ada Lovelace", date="2026-10-02T09:14:00Z")


def node(depth: int, kind: str, name: str, state: NodeState = NodeState.OK, **changes: object) -> TreeNode:
    views = {"instance": View.CLOUD, "vpc": View.CLOUD, "security-group": View.CLOUD, "volume": View.CLOUD}
    defaults = TreeNode(depth=depth, view=views.get(kind, View.CAPI), kind=kind, name=name, state=state)
    return replace(defaults, **changes)  # type: ignore[arg-type]


def cluster_tree(cluster: ClusterKey, findings: Sequence[Finding]) -> ClusterTree:
    """What Cluster API builds for one cluster; the findings stand on its security group and its instances."""
    name = cluster.name
    groups = [one for one in findings if one.resource and one.resource.type == "security-group"]
    machines = [one for one in findings if one.object and one.object.kind == "AWSMachine" and one.resource]
    stuck = [one for one in findings if one.verdict is Verdict.STUCK]
    nodes = [
        node(0, "Cluster", name),
        node(1, "AWSCluster", name),
        node(2, "vpc", "vpc-0f3a9d2c51"),
        node(2, "security-group", "sg-00a1b2c3d4e5f6071"),
        node(1, "KubeadmControlPlane", f"{name}-control-plane"),
        node(2, "Machine", f"{name}-control-plane-4xk2p", count=3),
        node(1, "MachineDeployment", f"{name}-md-0", NodeState.CHANGING, since="2026-11-20T01:55:00Z"),
    ]
    if groups:
        nodes[3] = node(
            2,
            "security-group",
            groups[0].resource.id if groups[0].resource else "",
            NodeState.DRIFTED,
            since="2026-11-19T21:14:03Z",
            message="ingress tcp 22 from 0.0.0.0/0 was added by j.doe",
            findings=tuple(one.id for one in groups),
        )
    for one in machines:
        machine = one.object.name if one.object else ""
        gone = one.verdict is Verdict.MISSING
        state = NodeState.MISSING if gone else NodeState.DRIFTED
        nodes += [
            node(2, "Machine", machine),
            node(3, "AWSMachine", machine),
            node(4, "instance", one.resource.id if one.resource else "", state, message=one.title, findings=(one.id,)),
        ]
    for one in stuck:
        machine = one.object.name if one.object else ""
        message = "Provisioning for 47 min: VcpuLimitExceeded"
        nodes += [
            node(2, "Machine", machine, NodeState.STUCK, since=one.since, message=message, findings=(one.id,)),
            node(3, "AWSMachine", machine, NodeState.STUCK, message="InstanceReady is False: InstanceProvisionFailed"),
        ]
    nodes.append(node(2, "Machine", f"{name}-md-0-8fj2x", count=9))
    nodes.append(node(3, "AWSMachine", f"{name}-md-0-8fj2x", count=9))
    nodes.append(node(4, "instance", "i-0b9c8d7e6f5a40312", count=9))
    return ClusterTree(cluster=cluster, nodes=tuple(nodes))


def pictured(audit: AuditResult) -> AuditResult:
    """The same result with an owner tree for each cluster that has findings, on GitHub, with blame."""
    findings = tuple(map(_blamed, audit.findings))
    named = sorted({one.cluster for one in findings if one.cluster is not None and one.suppressed is None})
    trees = (
        cluster_tree(cluster, [one for one in findings if one.cluster == cluster and one.suppressed is None])
        for cluster in named
    )
    views = replace(audit.views, git=tuple(replace(source, repo=REPO) for source in audit.views.git))
    return replace(audit, findings=findings, trees=tuple(trees), views=views)


def _blamed(one: Finding) -> Finding:
    if one.declared_at is None:
        return one
    return replace(one, declared_at=replace(one.declared_at, repo=REPO, line_commit=WHO))


def troubled_and_pictured() -> AuditResult:
    audit = troubled_fleet()
    changed = {cluster_key("us-2"): ClusterStatus.STUCK, cluster_key("eu-3"): ClusterStatus.DRIFTED}
    clusters = tuple(replace(entry, status=changed.get(entry.key, entry.status)) for entry in audit.clusters)
    return pictured(replace(audit, clusters=clusters))


def half_read_and_pictured() -> AuditResult:
    return pictured(half_read_fleet())


def big_fleet(*, clusters: int, causes: int, per_cause: int, values: int = 3) -> AuditResult:
    """A fleet of that many clusters, each cause spread over them with a few different values."""
    names = [f"cluster-{number:04}" for number in range(clusters)]
    severities = list(Severity)
    told = []
    for number in range(causes):
        members = [
            finding(
                severity=severities[number % len(severities)],
                title=f"Field {number} was changed outside Cluster API",
                cluster=cluster_key(names[(number * 7 + one) % clusters]),
                object=object_ref("AWSMachine", f"{names[(number * 7 + one) % clusters]}-md-0-{number:03}-{one:05}"),
                resource=resource_key("instance", f"i-{number:08x}{one:08x}"),
                path=f"spec.field{number}",
                values=shown_values("m5.large", "m5.large", f"m5.{one % values}xlarge"),
                declared_at=declared_at(
                    f"clusters/{names[(number * 7 + one) % clusters]}/machines.yaml", 17, repo=REPO, line_commit=WHO
                ),
                actor=actor("j.doe" if one % 2 else "r.roe", "AWS console"),
                reaction="lasts until the machine is replaced",
                since="2026-11-19T21:14:32Z",
                evidence=("EC2 DescribeInstances, listed wholly", f"CloudTrail event {number:04}-{one:06}"),
                next_steps=("Replace the machine",),
                confidence=Confidence.CONFIRMED,
            )
            for one in range(per_cause)
        ]
        told.append((cause(members), members))
    entries = [cluster_entry(name, status=ClusterStatus.DRIFTED, findings=3, machines=50) for name in names]
    return result(told, clusters=entries)
