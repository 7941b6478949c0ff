"""Whole results, as a small believable fleet would give them."""

from __future__ import annotations

from dataclasses import replace

from drift_audit.model.findings import (
    Between,
    Cause,
    ChainLink,
    Confidence,
    Finding,
    FindingKind,
    Grade,
    Severity,
    Verdict,
)
from drift_audit.model.result import (
    AuditResult,
    CapiViewEntry,
    CloudViewEntry,
    ClusterStatus,
    Cost,
    Coverage,
    GitViewEntry,
    SuppressionUse,
    ViewEntries,
)
from drift_audit.model.views import ScopeStatus, View
from tests.builders import (
    actor,
    cause,
    cluster_entry,
    cluster_key,
    declared_at,
    finding,
    gap,
    object_ref,
    resource_key,
    result,
    scope_read,
    shown_values,
    suppression,
    unknown,
)

NAMES = ("eu-1", "eu-2", "eu-3", "eu-4", "us-1", "us-2")


def open_ssh() -> tuple[Cause, list[Finding]]:
    """The same rule, opened by hand in six clusters."""
    findings = [
        finding(
            severity=Severity.CRITICAL,
            rule="aws.security-group.ingress",
            title="SSH is open to the internet",
            cluster=cluster_key(name),
            object=object_ref("AWSCluster", name),
            resource=resource_key("security-group", f"sg-0{number}a1b2c3d4e5f6071"),
            path="ingress[tcp 22 from 0.0.0.0/0]",
            values=shown_values(None, None, "tcp 22 from 0.0.0.0/0"),
            declared_at=declared_at(f"clusters/{name}/cluster.yaml", 38 + number, exact=False),
            actor=actor(
                "j.doe",
                "AWS console",
                source="CloudTrail",
                grade=Grade.A,
                between=Between(after="2026-11-19T21:14:03Z", before="2026-11-19T21:14:03Z"),
            ),
            owner="platform",
            since="2026-11-19T21:14:03Z",
            reaction="nothing will repair this: CAPA removes only rules that it created",
        )
        for number, name in enumerate(NAMES)
    ]
    steps = (
        "Remove the rule: aws ec2 revoke-security-group-ingress --group-id sg-00a1b2c3d4e5f6071 "
        "--protocol tcp --port 22 --cidr 0.0.0.0/0",
        "Or declare it in Git, if it is wanted: spec.network.additionalControlPlaneIngressRules",
    )
    explanation = "The same ingress rule was added to the node security groups of six clusters within an hour."
    return cause(findings, explanation=explanation, next_steps=steps), findings


def bigger_instances() -> tuple[Cause, list[Finding]]:
    findings = [
        finding(
            cluster=cluster_key("eu-1"),
            object=object_ref("AWSMachine", f"eu-1-md-0-x{number}k7f"),
            resource=resource_key("instance", f"i-0a1b2c3d4e5f6071{number}"),
            values=shown_values("m5.large", "m5.large", "m5.4xlarge" if number else "m5.8xlarge"),
            declared_at=declared_at("clusters/eu-1/machines.yaml", 17),
            reaction="lasts until the machine is replaced; CAPA never changes the type of a running instance",
            since="2026-11-18T08:00:00Z",
        )
        for number in range(5)
    ]
    return cause(
        findings, next_steps=("Replace the machines: kubectl delete machine -n fleet eu-1-md-0-x0k7f",)
    ), findings


def edited_replicas() -> tuple[Cause, list[Finding]]:
    one = finding(
        verdict=Verdict.EDITED_IN_CLUSTER,
        severity=Severity.MEDIUM,
        rule="git.leaf",
        title="Replicas edited in the cluster",
        cluster=cluster_key("us-1"),
        object=object_ref("MachineDeployment", "us-1-md-0", api_version="cluster.x-k8s.io/v1beta2"),
        resource=None,
        path="spec.replicas",
        values=shown_values(3, 9, unknown("no single cloud resource holds this field")),
        declared_at=declared_at("clusters/us-1/machines.yaml", 12),
        actor=actor(),
        reaction="kustomize-controller reverts it within 10 min",
        since="2026-11-19T21:14:32Z",
        next_steps=("Commit replicas: 9, or wait until it is reverted",),
    )
    return cause([one]), [one]


def stuck_machine() -> tuple[Cause, list[Finding]]:
    one = finding(
        kind=FindingKind.STUCK,
        verdict=Verdict.NOT_RECONCILED,
        rule="stuck.quota",
        title="Machines cannot be created: the vCPU quota is used up",
        cluster=cluster_key("us-2"),
        object=object_ref("Machine", "us-2-md-1-7hk2p", api_version="cluster.x-k8s.io/v1beta2"),
        resource=None,
        path="",
        values=shown_values(None, None, None),
        since="2026-11-20T01:13:00Z",
        chain=(
            ChainLink(
                layer="cloud",
                object="vCPU quota L-1216C47A in us-east-1",
                fact="640 of 640 used",
                evidence="RunInstances: VcpuLimitExceeded",
            ),
            ChainLink(
                layer="infrastructure",
                object="AWSMachine/fleet/us-2-md-1-7hk2p",
                fact="InstanceReady is False: InstanceProvisionFailed",
                evidence="status.conditions",
            ),
            ChainLink(
                layer="core", object="Machine/fleet/us-2-md-1-7hk2p", fact="Provisioning for 47 min", evidence=""
            ),
        ),
        reaction="CAPA tries again every 10 min and fails until the quota is raised",
        next_steps=("Ask AWS to raise quota L-1216C47A in us-east-1 above 640",),
    )
    return cause([one]), [one]


def missing_instance() -> tuple[Cause, list[Finding]]:
    one = finding(
        kind=FindingKind.MISSING,
        verdict=Verdict.MISSING,
        rule="aws.instance.missing",
        title="A control plane instance is gone",
        cluster=cluster_key("eu-2"),
        object=object_ref("AWSMachine", "eu-2-control-plane-9q4rd"),
        resource=resource_key("instance", "i-0ffee0ddba11c0de5"),
        path="spec.providerID",
        values=shown_values(unknown("assigned by the cloud"), "aws:///eu-west-1a/i-0ffee0ddba11c0de5", None),
        evidence=("DescribeInstances listed all of aws/123456789012/eu-west-1 and this id is not in it",),
        reaction="KubeadmControlPlane replaces it when a MachineHealthCheck marks it; none selects it",
        next_steps=(
            "Delete the Machine, so that it is replaced: kubectl delete machine -n fleet eu-2-control-plane-9q4rd",
        ),
    )
    return cause([one]), [one]


def lesser_findings() -> list[Finding]:
    """One or more of each fold."""
    return [
        finding(
            confidence=Confidence.POTENTIAL,
            severity=Severity.LOW,
            title="A label that Git does not declare",
            rule="git.extra",
            path=f'metadata.labels["team/{number}"]',
            values=shown_values(None, "blue", unknown("not a cloud field")),
        )
        for number in range(3)
    ] + [
        finding(
            verdict=Verdict.RECONCILING,
            title="A rollout is under way",
            cluster=cluster_key("eu-3"),
            object=object_ref("MachineDeployment", "eu-3-md-0"),
            path="spec.template",
        ),
        finding(
            verdict=Verdict.UNDETERMINED,
            title="The value in Git is templated",
            cluster=cluster_key("eu-4"),
            path="spec.template.spec.ami.id",
            values=shown_values(unknown("templated: ${AMI}"), "ami-1", "ami-1"),
        ),
        finding(
            title="SSH is open to the internet",
            cluster=cluster_key("eu-4"),
            object=object_ref("AWSCluster", "bastion"),
            suppressed=suppression(),
        ),
    ]


def troubled_fleet() -> AuditResult:
    """Everything at once, and all of it was read."""
    clusters = [cluster_entry(name, machines=12, findings=2, status=ClusterStatus.DRIFTED) for name in NAMES] + [
        cluster_entry("lab-1", management_cluster="stage", machines=3)
    ]
    return result(
        [stuck_machine(), edited_replicas(), open_ssh(), missing_instance(), bigger_instances()],
        findings=lesser_findings(),
        clusters=clusters,
        suppressions=[
            SuppressionUse(rule="known-bastion", matched=1, expires_in_days=12),
            SuppressionUse(rule="old-lab", matched=0, expires_in_days=-3),
        ],
        coverage=Coverage(
            expected=34,
            read=34,
            percent=100.0,
            scopes=tuple(scope_read(f"prod/Kind{number:02}") for number in range(34)),
            gaps=(),
        ),
        views=ViewEntries(
            git=(
                GitViewEntry(
                    management_cluster="prod",
                    source="fleet",
                    repo="https://git.example.com/platform/fleet.git",
                    ref="main",
                    path="clusters",
                    revision="8c1f2ab0" * 5,
                    applied_revision="",
                    renderer="kustomize v5.8.1",
                    declarations=214,
                    opaque_fields=0,
                ),
            ),
            capi=(
                CapiViewEntry(
                    management_cluster="prod",
                    versions={"kubernetes": "v1.34.2", "cluster.x-k8s.io": "v1beta2"},
                    objects=1840,
                    read_at="2026-11-20T02:00:09Z",
                ),
            ),
            cloud=(
                CloudViewEntry(
                    provider="aws",
                    account="123456789012",
                    region="eu-west-1",
                    resources=391,
                    read_at="2026-11-20T02:00:21Z",
                ),
            ),
        ),
        cost=Cost(calls=1204, throttles=3, by_scope={"aws/123456789012/eu-west-1": 310, "prod/Machine": 14}),
    )


def half_read_fleet() -> AuditResult:
    """One finding, and two gaps of different reasons."""
    forbidden = [
        gap(
            f"prod/{kind}",
            View.CAPI,
            subject=kind,
            reason="403 Forbidden: the service account may not list this kind",
            remedy="Apply deploy/rbac.yaml to the management cluster prod",
        )
        for kind in ("KubeadmControlPlane", "MachineHealthCheck", "MachinePool", "MachineSet")
    ]
    return result(
        [edited_replicas()],
        gaps=[*forbidden, gap(status=ScopeStatus.PARTIAL, reason="the third page timed out after 30 s")],
        clusters=[cluster_entry("eu-1", complete=False, status=ClusterStatus.INCOMPLETE), cluster_entry("us-1")],
    )


def healthy_fleet() -> AuditResult:
    return result(clusters=[cluster_entry(name, machines=12) for name in NAMES])


def with_opaque_fields(audit: AuditResult, count: int) -> AuditResult:
    """The same result, with one Git source that does not tell that many of its fields."""
    (source,) = troubled_fleet().views.git
    return replace(audit, views=replace(audit.views, git=(replace(source, opaque_fields=count),)))
