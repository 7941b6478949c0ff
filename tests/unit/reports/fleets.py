"""Whole results, as a small believable fleet would give them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drift_audit.model.findings import (
    NO_COUNTERPART,
    Between,
    Cause,
    Certainty,
    ChainLink,
    Confidence,
    Finding,
    FindingKind,
    Grade,
    Severity,
    ShownValues,
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


def hop(layer: str, object: str, fact: str, evidence: str = "", since: str = "2026-11-20T01:13:00Z") -> ChainLink:
    return ChainLink(layer=layer, object=object, fact=fact, evidence=evidence, since=since)


def stuck_finding(name: str = "us-2-md-1-7hk2p", **changes: Any) -> Finding:
    """An AWSMachine without an instance, as the stage of stuck things tells it."""
    defaults: dict[str, Any] = {
        "kind": FindingKind.STUCK,
        "verdict": Verdict.STUCK,
        "rule": "stuck.MACH-QUOTA",
        "title": "Instances cannot be made: the quota is used up",
        "cluster": cluster_key("us-2"),
        "object": object_ref("AWSMachine", name),
        "resource": None,
        "path": "",
        "values": ShownValues(git=NO_COUNTERPART, capi=NO_COUNTERPART, cloud=NO_COUNTERPART),
        "certainty": Certainty.HIGH,
        "variant": "VcpuLimitExceeded",
        "since": "2026-11-20T01:13:00Z",
        "chain": (
            hop(
                "machine infrastructure",
                f"AWSMachine/fleet/{name}",
                "0 of 640 vCPUs of Running On-Demand Standard instances are free in us-east-1",
                "condition InstanceReady is False: InstanceProvisionFailed: VcpuLimitExceeded",
            ),
            hop("consequence", f"Machine/fleet/{name}", "phase Provisioning", since="2026-11-20T01:12:00Z"),
            hop("consequence", "MachineSet/fleet/us-2-md-1", "ScalingUp is True: ScalingUp"),
            hop("consequence", "MachineDeployment/fleet/us-2-md-1", "Available is False: NotAvailable"),
        ),
        "affected": (
            f"Machine/fleet/{name}",
            "MachineDeployment/fleet/us-2-md-1",
            "MachineSet/fleet/us-2-md-1",
        ),
        "ruled_out": ("MACH-CAPACITY: other instances of this type were made in the zone since",),
        "evidence": (
            "condition InstanceReady is False: InstanceProvisionFailed: VcpuLimitExceeded",
            "servicequotas:GetServiceQuota L-1216C47A: 640, all of them used",
        ),
        "reaction": "RunInstances is refused, so that no Machine of the kind comes to be until the quota is raised.",
        "next_steps": ("Look at the quota: aws service-quotas get-service-quota --quota-code L-1216C47A",),
        "declared_at": declared_at("clusters/us-2.yaml", 57, exact=False),
    }
    return finding(**{**defaults, **changes})


def stuck_machine() -> tuple[Cause, list[Finding]]:
    one = stuck_finding()
    return cause([one], explanation=one.chain[0].fact, next_steps=one.next_steps), [one]


def never_joined(count: int = 12) -> tuple[Cause, list[Finding]]:
    """An edit in the cloud's console, and the Machines that never join because of it."""
    edit = finding(
        rule="aws.security-group.ingress",
        title="Inbound rule of a security group differs",
        cluster=cluster_key("eu-4"),
        object=object_ref("AWSCluster", "eu-4"),
        resource=resource_key("security-group", "sg-0f5b2c7d9e1a34680"),
        path="ingress[tcp 6443 from sg-0a9c8e7d6b5f43210]",
        values=shown_values("tcp 6443 from sg-0a9c8e7d6b5f43210", "tcp 6443 from sg-0a9c8e7d6b5f43210", None),
        actor=actor(
            "j.doe",
            "AWS console",
            source="CloudTrail",
            grade=Grade.A,
            between=Between(after="2026-11-19T23:02:11Z", before="2026-11-19T23:02:11Z"),
        ),
        since="2026-11-19T23:02:11Z",
        reaction="reverts within 10 min (CAPA revokes every further rule and authorises every missing one)",
        next_steps=("find out who changed security-group sg-0f5b2c7d9e1a34680 and why: the controller undoes it",),
        evidence=("CloudTrail: ec2:RevokeSecurityGroupIngress by j.doe, AWS console, at 2026-11-19T23:02:11Z",),
    )
    machines = [
        stuck_finding(
            rule="stuck.JOIN-NO-NODE",
            title="Machines have an instance, and no Node has joined",
            cluster=cluster_key("eu-4"),
            object=object_ref("Machine", f"eu-4-md-0-{number:02}", api_version="cluster.x-k8s.io/v1beta2"),
            certainty=Certainty.MEDIUM,
            variant="",
            since="2026-11-19T23:31:00Z",
            chain=(
                hop(
                    "edit",
                    "security-group sg-0f5b2c7d9e1a34680",
                    "ingress[tcp 6443 from sg-0a9c8e7d6b5f43210] was removed by j.doe (AWS console)",
                    "CloudTrail: ec2:RevokeSecurityGroupIngress",
                    "2026-11-19T23:02:11Z",
                ),
                hop(
                    "node join",
                    f"Machine/fleet/eu-4-md-0-{number:02}",
                    f"no Node with the providerID aws:///eu-west-1a/i-{number:017x} exists",
                    "condition NodeHealthy is Unknown: InspectionFailed",
                    "2026-11-19T23:31:00Z",
                ),
                hop("consequence", "MachineDeployment/fleet/eu-4-md-0", "Available is False: NotAvailable"),
                hop("consequence", "Cluster/fleet/eu-4", "WorkersAvailable is False: NotAvailable"),
            ),
            affected=("Cluster/fleet/eu-4", "MachineDeployment/fleet/eu-4-md-0", "MachineSet/fleet/eu-4-md-0-x7"),
            ruled_out=("route-table rtb-0c1: it was changed only at 2026-11-20T01:00:00Z",),
            possible_causes=("subnet subnet-0d2: its route table was exchanged at an unknown time",),
            evidence=("condition NodeHealthy is Unknown: InspectionFailed: Waiting for a Node to exist",),
            reaction="kubeadm join cannot reach the API server, so that the kubelet never registers.",
            next_steps=(f"Read the console output: aws ec2 get-console-output --instance-id i-{number:017x}",),
            declared_at=declared_at("clusters/eu-4.yaml", 88, exact=False),
        )
        for number in range(count)
    ]
    title = f"{edit.title}; because of it: {machines[0].title}"
    return cause([edit, *machines], title=title, kind=edit.kind, next_steps=edit.next_steps), [edit, *machines]


def paused_cluster() -> tuple[Cause, list[Finding]]:
    """A stuck object whose field a person edited, low in certainty beside a sure one."""
    one = stuck_finding(
        rule="stuck.PAUSE-CLUSTER",
        title="The Cluster is paused",
        cluster=cluster_key("us-1"),
        object=object_ref("Cluster", "us-1", api_version="cluster.x-k8s.io/v1beta2"),
        path="spec.paused",
        variant="",
        since="2026-11-18T09:00:00Z",
        chain=(
            hop(
                "intent",
                "Cluster/fleet/us-1",
                "spec.paused is true: no controller does anything for the cluster",
                "spec.paused is true",
                "2026-11-18T09:00:00Z",
            ),
        ),
        affected=(),
        ruled_out=(),
        evidence=("spec.paused is true", "condition Paused is True: Paused"),
        reaction="A paused Cluster is left alone by every controller.",
        next_steps=("Ask who paused it: kubectl -n fleet get cluster us-1 -o yaml --show-managed-fields",),
        declared_at=declared_at("clusters/us-1.yaml", 1),
    )
    return cause([one], explanation=one.chain[0].fact, next_steps=one.next_steps), [one]


def stuck_fleet() -> AuditResult:
    """Three causes of stuck things: an edit with twelve Machines, a quota with forty, a paused Cluster; and a
    Machine of which nobody knows why."""
    many = [stuck_finding(f"us-2-md-1-{number:02}") for number in range(40)]
    quota = cause(many, explanation=many[0].chain[0].fact, next_steps=many[0].next_steps)
    riddle = stuck_finding(
        "eu-1-md-0-riddle",
        rule="stuck.UNEXPLAINED",
        title="Something takes longer than it may, and nothing says why",
        cluster=cluster_key("eu-1"),
        certainty=Certainty.LOW,
        confidence=Confidence.POTENTIAL,
        severity=Severity.MEDIUM,
        variant="Machine machine_provisioned",
        declared_at=None,
    )
    stuck = {"eu-1", "eu-4", "us-1", "us-2"}
    clusters = [
        cluster_entry(name, machines=12, status=ClusterStatus.STUCK if name in stuck else ClusterStatus.OK)
        for name in NAMES
    ]
    return result([never_joined(), (quota, many), paused_cluster()], findings=[riddle], clusters=clusters)


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
            SuppressionUse(
                rule="known-bastion",
                matched=1,
                expires_in_days=12,
                owner="platform",
                reason="bastion hosts need it",
                expires="2026-12-02",
            ),
            SuppressionUse(
                rule="old-lab",
                matched=0,
                expires_in_days=-3,
                owner="lab",
                reason="the lab is being taken down",
                expires="2026-11-17",
                counted_again=1,
            ),
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
