"""Builders of model objects. Each defaults whatever a test does not care about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from drift_audit.model.findings import (
    Actor,
    Between,
    Cause,
    Confidence,
    DeclaredAt,
    Finding,
    FindingKind,
    Grade,
    ObjectRef,
    Severity,
    ShownValue,
    ShownValues,
    Suppression,
    ValueState,
    Verdict,
    finding_id,
)
from drift_audit.model.keys import ClusterKey, ResourceKey
from drift_audit.model.objects import CapiObject, CloudResource, Declaration, Location
from drift_audit.model.result import (
    SCHEMA_VERSION,
    AuditResult,
    ClusterEntry,
    ClusterStatus,
    Cost,
    Coverage,
    GapEntry,
    Run,
    Status,
    SuppressionUse,
    Tool,
    ViewEntries,
)
from drift_audit.model.values import Json, JsonObject
from drift_audit.model.views import ScopeRead, ScopeStatus, View

ABSENT = ShownValue(state=ValueState.ABSENT)


# Objects of the views


def capi_object(
    kind: str = "Machine",
    name: str = "eu-1-md-0-abc",
    namespace: str = "fleet",
    *,
    api_version: str = "cluster.x-k8s.io/v1beta2",
    metadata: JsonObject | None = None,
    spec: JsonObject | None = None,
    status: JsonObject | None = None,
) -> CapiObject:
    raw: dict[str, Json] = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **(metadata or {})},
    }
    raw |= {key: part for key, part in (("spec", spec), ("status", status)) if part is not None}
    return CapiObject(api_version=api_version, kind=kind, namespace=namespace, name=name, raw=raw)


def location(file: str = "clusters/eu-1.yaml", line: int = 1, **changes: Any) -> Location:
    defaults = Location(
        repo="https://git.example.com/platform/fleet.git", revision="8c1f2ab0" * 5, file=file, line=line
    )
    return replace(defaults, **changes)


def declaration(
    kind: str = "MachineDeployment",
    name: str = "eu-1-md-0",
    namespace: str = "fleet",
    *,
    api_version: str = "cluster.x-k8s.io/v1beta2",
    spec: JsonObject | None = None,
    **changes: Any,
) -> Declaration:
    shape = capi_object(kind, name, namespace, api_version=api_version, spec=spec)
    defaults = Declaration(
        api_version=api_version,
        kind=kind,
        namespace=namespace,
        name=name,
        raw=shape.raw,
        source="fleet",
        location=location(),
    )
    return replace(defaults, **changes)


def cloud_resource(
    type: str = "instance",
    id: str = "i-0a1b2c3d4e5f60718",
    *,
    attributes: JsonObject | None = None,
    tags: Mapping[str, str] | None = None,
    **changes: Any,
) -> CloudResource:
    defaults = CloudResource(key=resource_key(type, id), attributes=attributes or {}, tags=tags or {})
    return replace(defaults, **changes)


# Keys


def cluster_key(name: str = "eu-1", namespace: str = "fleet", management_cluster: str = "prod") -> ClusterKey:
    return ClusterKey(management_cluster, namespace, name)


def resource_key(type: str = "instance", id: str = "i-0a1b2c3d4e5f60718", region: str = "eu-west-1") -> ResourceKey:
    return ResourceKey("aws", "123456789012", region, type, id)


def object_ref(
    kind: str = "AWSMachine",
    name: str = "eu-1-md-0-abc",
    namespace: str = "fleet",
    api_version: str = "infrastructure.cluster.x-k8s.io/v1beta2",
) -> ObjectRef:
    return ObjectRef(api_version=api_version, kind=kind, namespace=namespace, name=name)


# Findings and their parts


def present(value: Json) -> ShownValue:
    return ShownValue(state=ValueState.PRESENT, value=value)


def unknown(reason: str) -> ShownValue:
    return ShownValue(state=ValueState.UNKNOWN, reason=reason)


def shown_values(git: Json | ShownValue, capi: Json | ShownValue, cloud: Json | ShownValue) -> ShownValues:
    """Plain values are present ones; `None` is absent."""
    return ShownValues(git=_shown(git), capi=_shown(capi), cloud=_shown(cloud))


def _shown(value: Json | ShownValue) -> ShownValue:
    if isinstance(value, ShownValue):
        return value
    return ABSENT if value is None else present(value)


def actor(who: str = "kubectl-edit", how: str = "kubectl edit", **changes: Any) -> Actor:
    defaults = Actor(
        who=who,
        how=how,
        actor_class="human",
        between=Between(after="2026-11-19T21:10:00Z", before="2026-11-19T21:14:32Z"),
        source="managedFields",
        grade=Grade.B,
    )
    return replace(defaults, **changes)


def declared_at(file: str = "clusters/eu-1.yaml", line: int = 41, **changes: Any) -> DeclaredAt:
    defaults = DeclaredAt(
        repo="https://git.example.com/platform/fleet.git", revision="8c1f2ab0" * 5, file=file, line=line
    )
    return replace(defaults, **changes)


def suppression(rule: str = "known-bastion", **changes: Any) -> Suppression:
    defaults = Suppression(rule=rule, owner="platform", reason="bastion hosts need it", expires="2026-12-02")
    return replace(defaults, **changes)


def finding(**changes: Any) -> Finding:
    """A confirmed edit in the cloud; the id follows from the identity unless it is given."""
    defaults = Finding(
        id="",
        kind=FindingKind.DRIFT,
        verdict=Verdict.EDITED_IN_CLOUD,
        confidence=Confidence.CONFIRMED,
        severity=Severity.HIGH,
        rule="aws.instance.type",
        title="Instance type changed outside Cluster API",
        cluster=cluster_key(),
        management_cluster="prod",
        object=object_ref(),
        resource=resource_key(),
        path="spec.instanceType",
        values=shown_values("m5.large", "m5.large", "m5.4xlarge"),
    )
    made = replace(defaults, **changes)
    identity = (made.management_cluster, str(made.object), str(made.resource), made.path, made.kind, made.rule)
    return made if made.id else replace(made, id=finding_id(*identity))


def cause(findings: Iterable[Finding] = (), **changes: Any) -> Cause:
    """The cause of these findings: title, kind and severity are those of the worst."""
    members = tuple(findings) or (finding(),)
    worst = max(members, key=lambda member: member.severity.rank)
    ids = tuple(member.id for member in members)
    defaults = Cause(
        id=finding_id("cause", *ids),
        title=worst.title,
        kind=worst.kind,
        severity=worst.severity,
        clusters=tuple(sorted({member.cluster for member in members if member.cluster is not None})),
        findings=ids,
        explanation="",
    )
    return replace(defaults, **changes)


# Results


def cluster_entry(name: str = "eu-1", **changes: Any) -> ClusterEntry:
    defaults = ClusterEntry(
        management_cluster="prod",
        namespace="fleet",
        name=name,
        infrastructure="AWSCluster",
        status=ClusterStatus.OK,
        findings=0,
        complete=True,
        machines=6,
    )
    return replace(defaults, **changes)


def gap(scope: str = "aws/123456789012/eu-west-1/security-group", view: View = View.CLOUD, **changes: Any) -> GapEntry:
    defaults = GapEntry(
        view=view,
        scope=scope,
        subject="security-group",
        status=ScopeStatus.FAILED,
        reason="UnauthorizedOperation: the audit role may not call ec2:DescribeSecurityGroups",
        remedy="Allow ec2:DescribeSecurityGroups to the role drift-audit in account 123456789012",
    )
    return replace(defaults, **changes)


def scope_read(scope: str = "prod/Machine", view: View = View.CAPI, **changes: Any) -> ScopeRead:
    defaults = ScopeRead(view=view, scope=scope, status=ScopeStatus.COMPLETE, calls=3, seconds=0.25)
    return replace(defaults, **changes)


def result(
    causes: Iterable[tuple[Cause, Iterable[Finding]]] = (),
    *,
    findings: Iterable[Finding] = (),
    gaps: Iterable[GapEntry] = (),
    clusters: Iterable[ClusterEntry] | None = None,
    suppressions: Iterable[SuppressionUse] = (),
    **changes: Any,
) -> AuditResult:
    """A whole result: status, completeness and coverage follow from what is given."""
    told = [(one, tuple(members)) for one, members in causes]
    every = (*(replace(member, cause=one.id) for one, members in told for member in members), *findings)
    missing = tuple(gaps)
    scopes = (
        scope_read(),
        scope_read("fleet@main:clusters", View.GIT),
        scope_read("aws/123456789012/eu-west-1/vpc", View.CLOUD),
    )
    failed = tuple(
        scope_read(scope, View(view), status=ScopeStatus.FAILED)
        for view, scope in sorted({(entry.view, entry.scope) for entry in missing})
    )
    open_ = [one for one in every if one.confidence is Confidence.CONFIRMED and one.suppressed is None]
    expected = len(scopes) + len(failed)
    defaults = AuditResult(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="drift-audit", version="0.1.0"),
        run=Run(
            id="20261120T020000Z-3f9a",
            started_at="2026-11-20T02:00:00Z",
            finished_at="2026-11-20T02:00:41Z",
            duration_s=41.2,
            config_digest="5d41402abc4b2a76b9719d911017c592",
        ),
        status=Status.DRIFT if open_ else Status.INCOMPLETE if missing else Status.IN_SYNC,
        complete=not missing,
        coverage=Coverage(
            expected=expected,
            read=len(scopes),
            percent=round(100 * len(scopes) / expected, 1),
            scopes=scopes + failed,
            gaps=missing,
        ),
        views=ViewEntries(git=(), capi=(), cloud=()),
        clusters=tuple(clusters) if clusters is not None else (cluster_entry(),),
        causes=tuple(one for one, _ in told),
        findings=every,
        suppressions=tuple(suppressions),
        cost=Cost(calls=12, throttles=0, by_scope={read.scope: read.calls for read in scopes}),
    )
    return replace(defaults, **changes)
