"""A small fleet as its controllers would have written it, to be made sick object by object.

Every builder gives a healthy object of one kind, owned and referenced as CAPI does it; what a test changes is on its
screen. `judged` runs the whole stage over the objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from drift_audit.clock import stamp
from drift_audit.config.settings import StuckThresholds
from drift_audit.model.findings import Finding
from drift_audit.model.health import Answer, Event, LogLine
from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView, ClusterView, KindListing, SuspectView, Views, WorkloadView
from drift_audit.stuck.findings import stuck_findings

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MANAGEMENT = "mgmt"
NAMESPACE = "fleet"
CLUSTER = ClusterKey(MANAGEMENT, NAMESPACE, "one")
CORE = "cluster.x-k8s.io/v1beta2"
BOOTSTRAP = "bootstrap.cluster.x-k8s.io/v1beta2"
CONTROL_PLANE = "controlplane.cluster.x-k8s.io/v1beta2"
AWS = "infrastructure.cluster.x-k8s.io/v1beta2"


def ago(minutes: float) -> str:
    """RFC 3339 of so many minutes before the audit."""
    return stamp(NOW - timedelta(minutes=minutes))


def condition(
    kind: str, status: bool | str = True, reason: str = "", message: str = "", *, since: float = 600, severity: str = ""
) -> dict[str, Any]:
    """A v1beta2 condition, `since` so many minutes; with a severity, one of v1beta1."""
    told = status if isinstance(status, str) else str(status)
    made = {
        "type": kind,
        "status": told,
        "reason": reason or kind,
        "message": message,
        "lastTransitionTime": ago(since),
    }
    return {**made, "severity": severity} if severity else made


def made(
    api_version: str,
    kind: str,
    name: str,
    *,
    spec: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    conditions: Sequence[Mapping[str, Any]] = (),
    owner: CapiObject | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    age: float = 600,
    deleting: float | None = None,
    finalizers: Sequence[str] = (),
    namespace: str = NAMESPACE,
    generation: int = 1,
    written: Sequence[Mapping[str, Any]] = (),
) -> CapiObject:
    """An object; `age` and `deleting` in minutes before the audit; `written` are its managedFields."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{kind}-{name}",
        "creationTimestamp": ago(age),
        "generation": generation,
        "labels": {"cluster.x-k8s.io/cluster-name": "one", **(labels or {})},
        "annotations": dict(annotations or {}),
    }
    if owner is not None:
        metadata["ownerReferences"] = [
            {
                "apiVersion": owner.api_version,
                "kind": owner.kind,
                "name": owner.name,
                "uid": owner.uid,
                "controller": owner.kind != "Cluster" or kind.endswith(("Cluster", "ControlPlane")),
            }
        ]
    if deleting is not None:
        metadata["deletionTimestamp"] = ago(deleting)
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    if written:
        metadata["managedFields"] = list(written)
    body: dict[str, Any] = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata,
        "spec": dict(spec or {}),
        "status": {**(status or {}), "conditions": [*conditions]},
    }
    return CapiObject(api_version=api_version, kind=kind, namespace=namespace, name=name, raw=body)


def wrote(manager: str, minutes: float, *field: str, operation: str = "Update") -> dict[str, Any]:
    """The entry of managedFields of whoever wrote the field, so many minutes before the audit."""
    fields: dict[str, Any] = {}
    for step in reversed(field):
        fields = {f"f:{step}": fields}
    return {
        "manager": manager,
        "operation": operation,
        "time": ago(minutes),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def reference(live: CapiObject) -> dict[str, str]:
    """How v1beta2 specs name an object."""
    return {"apiGroup": live.key.group, "kind": live.kind, "name": live.name}


def cluster(*conditions: Mapping[str, Any], phase: str = "Provisioned", **more: Any) -> CapiObject:
    """A Cluster with an AWSCluster and a KubeadmControlPlane, both called `one`."""
    spec = {
        "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSCluster", "name": "one"},
        "controlPlaneRef": {
            "apiGroup": "controlplane.cluster.x-k8s.io",
            "kind": "KubeadmControlPlane",
            "name": "one-cp",
        },
        **more.pop("spec", {}),
    }
    well = (condition("Available"), condition("ControlPlaneInitialized"), condition("RemoteConnectionProbe"))
    return made(CORE, "Cluster", "one", spec=spec, status={"phase": phase}, conditions=conditions or well, **more)


def infra_cluster(*conditions: Mapping[str, Any], **more: Any) -> CapiObject:
    return made(
        AWS,
        "AWSCluster",
        "one",
        owner=cluster(),
        status={"ready": True},
        conditions=conditions or (condition("Ready"),),
        **more,
    )


def control_plane(*conditions: Mapping[str, Any], **more: Any) -> CapiObject:
    spec = {
        "replicas": 3,
        "version": "v1.34.1",
        "machineTemplate": {
            "spec": {
                "infrastructureRef": {
                    "apiGroup": "infrastructure.cluster.x-k8s.io",
                    "kind": "AWSMachineTemplate",
                    "name": "one-cp",
                }
            }
        },
        **more.pop("spec", {}),
    }
    status = {"replicas": 3, "initialization": {"controlPlaneInitialized": True}, **more.pop("status", {})}
    return made(
        CONTROL_PLANE,
        "KubeadmControlPlane",
        "one-cp",
        owner=cluster(),
        spec=spec,
        status=status,
        conditions=conditions or (condition("Available"),),
        **more,
    )


def deployment(*conditions: Mapping[str, Any], name: str = "one-md-0", **more: Any) -> CapiObject:
    spec = {
        "clusterName": "one",
        "replicas": 3,
        "template": {
            "spec": {
                "version": "v1.34.1",
                "infrastructureRef": {
                    "apiGroup": "infrastructure.cluster.x-k8s.io",
                    "kind": "AWSMachineTemplate",
                    "name": name,
                },
            }
        },
        **more.pop("spec", {}),
    }
    return made(
        CORE,
        "MachineDeployment",
        name,
        owner=cluster(),
        spec=spec,
        conditions=conditions or (condition("Available"),),
        **more,
    )


def machine_set(*conditions: Mapping[str, Any], name: str = "one-md-0-abc", **more: Any) -> CapiObject:
    return made(
        CORE,
        "MachineSet",
        name,
        owner=more.pop("owner", None) or deployment(),
        spec={"clusterName": "one", "replicas": 3, **more.pop("spec", {})},
        conditions=conditions or (condition("MachinesReady"),),
        **more,
    )


def machine(
    *conditions: Mapping[str, Any],
    name: str = "one-md-0-abc-1",
    phase: str = "Running",
    entered: float = 500,
    **more: Any,
) -> CapiObject:
    """A worker Machine; with `owner=control_plane()`, one of the control plane. `entered`: its phase, in minutes."""
    owner = more.pop("owner", None) or machine_set()
    control = {"cluster.x-k8s.io/control-plane": ""} if owner.kind == "KubeadmControlPlane" else {}
    spec = {
        "clusterName": "one",
        "version": "v1.34.1",
        "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSMachine", "name": name},
        "bootstrap": {
            "configRef": {"apiGroup": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfig", "name": name},
        },
        **more.pop("spec", {}),
    }
    if phase in ("Running", "Provisioned"):
        spec.setdefault("providerID", f"aws:///eu-central-1a/i-{name}")
    status = {
        "phase": phase,
        "lastUpdated": ago(entered),
        **({"nodeRef": {"name": name}} if phase == "Running" else {}),
        **more.pop("status", {}),
    }
    return made(
        CORE,
        "Machine",
        name,
        owner=owner,
        spec=spec,
        status=status,
        conditions=conditions or (condition("Ready"), condition("NodeHealthy")),
        labels={**control, **more.pop("labels", {})},
        **more,
    )


def infra_machine(*conditions: Mapping[str, Any], of: CapiObject | None = None, **more: Any) -> CapiObject:
    """The AWSMachine of a Machine."""
    owner = of or machine()
    return made(
        AWS,
        "AWSMachine",
        owner.name,
        owner=owner,
        spec={"instanceType": "m5.large", **more.pop("spec", {})},
        status={"ready": True, **more.pop("status", {})},
        conditions=conditions or (condition("Ready"),),
        **more,
    )


def bootstrap(*conditions: Mapping[str, Any], of: CapiObject | None = None, **more: Any) -> CapiObject:
    """The KubeadmConfig of a Machine."""
    owner = of or machine()
    return made(
        BOOTSTRAP, "KubeadmConfig", owner.name, owner=owner, conditions=conditions or (condition("Ready"),), **more
    )


def event(live: CapiObject, reason: str, message: str, *, since: float = 30, last: float = 1, count: int = 3) -> Event:
    """A warning about the object."""
    return Event(
        object=live.key, type="Warning", reason=reason, message=message, first=ago(since), last=ago(last), count=count
    )


def log(live: CapiObject, message: str, *, since: float = 30, last: float = 1) -> LogLine:
    """An error that its controller wrote."""
    return LogLine(
        object=live.key, source="capa-system/capa", level="error", message=message, first=ago(since), last=ago(last)
    )


def healthy_fleet() -> list[CapiObject]:
    """One cluster with one control-plane Machine and one worker, all well."""
    head = machine(name="one-cp-1", owner=control_plane())
    worker = machine()
    return [
        cluster(),
        infra_cluster(),
        control_plane(),
        deployment(),
        machine_set(),
        head,
        infra_machine(of=head),
        bootstrap(of=head),
        worker,
        infra_machine(of=worker),
        bootstrap(of=worker),
        made(AWS, "AWSMachineTemplate", "one-cp"),
        made(AWS, "AWSMachineTemplate", "one-md-0"),
    ]


def fleet_with(*changed: CapiObject, without: Iterable[ObjectKey] = ()) -> list[CapiObject]:
    """The healthy fleet with these objects instead of their healthy selves, or besides them."""
    new = {live.key: live for live in changed}
    gone = set(without)
    kept = [live for live in healthy_fleet() if live.key not in new and live.key not in gone]
    return [*kept, *changed]


def judged(
    *objects: CapiObject,
    events: Sequence[Event] = (),
    logs: Sequence[LogLine] = (),
    beside: Sequence[CapiObject] = (),
    workload: WorkloadView | None = None,
    answers: Sequence[Answer] = (),
    thresholds: StuckThresholds | None = None,
    now: datetime = NOW,
    listed: Iterable[tuple[str, str]] = (),
    crd_labels: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
) -> list[Finding]:
    """What the stage says about these objects, and what stands beside them; of the kinds `listed`, absence counts."""
    view = ClusterView(
        management_cluster=MANAGEMENT,
        server_version="v1.34.1",
        objects={o.key: o for o in objects},
        kinds={kind: listing(*kind) for kind in listed},
        crd_labels=crd_labels or {},
    )
    suspects = SuspectView(
        management_cluster=MANAGEMENT, events=tuple(events), logs=tuple(logs), objects={o.key: o for o in beside}
    )
    clouds = []
    if answers:
        scope = CloudScope("aws", "123456789012", "eu-central-1")
        clouds.append(CloudScopeView(scope=scope, identity=scope.account, resources={}, answers=tuple(answers)))
    views = Views(
        clusters=(view,), clouds=tuple(clouds), suspects=(suspects,), workloads=(workload,) if workload else ()
    )
    cluster_of = {MANAGEMENT: {o.key: CLUSTER for o in objects}}
    return stuck_findings(views, cluster_of, thresholds or StuckThresholds(), now)


def listing(group: str, kind: str) -> KindListing:
    """A kind that was listed wholly."""
    return KindListing(
        group=group,
        kind=kind,
        plural=kind.lower() + "s",
        version="v1beta2",
        served=("v1beta2",),
        namespaced=True,
        complete=True,
    )


def rules(findings: Iterable[Finding]) -> list[str]:
    """The signatures that were recognised, sorted."""
    return sorted(finding.rule.removeprefix("stuck.") for finding in findings)


def with_status(live: CapiObject, **status: Any) -> CapiObject:
    """The object with more in its status."""
    return replace(live, raw={**live.raw, "status": {**live.status, **status}})
