"""Kinds of a team's own: ready or not, what they hang together with, and that they are causes like all others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from drift_audit.config.load import load_config
from drift_audit.config.settings import Dependency, DependencyEdge, StuckThresholds
from drift_audit.model.findings import Certainty, Confidence, Finding, Severity
from drift_audit.model.health import Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView, Views
from drift_audit.stuck.bespoke import Bespoke, bespoke_in, signatures_of
from drift_audit.stuck.case import Proof
from drift_audit.stuck.findings import stuck_findings
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures import SIGNATURES
from tests.unit.stuck.stage import (
    AWS,
    CLUSTER,
    MANAGEMENT,
    NOW,
    ago,
    condition,
    fleet_with,
    infra_machine,
    machine,
    made,
    rules,
)

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "dependencies.yaml"
LEASE = Dependency(
    name="lease",
    kind="Lease",
    group="example.com",
    ready="conditions.Bound.status == 'True'",
    cause="no rack: {conditions.Bound.message}",
    edges=(DependencyEdge(path="spec.machineRef", serves=True),),
)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dependency]:
    file = tmp_path_factory.mktemp("config") / "drift-audit.yaml"
    file.write_text(f"management_clusters: [{{name: a}}]\n{EXAMPLE.read_text()}")
    return {each.name: each for each in load_config(file, environ={}, provider_settings={}).dependencies}


def view_of(*objects: CapiObject) -> ClusterView:
    return ClusterView(management_cluster=MANAGEMENT, server_version="", objects={one.key: one for one in objects})


def declared(view: ClusterView, *dependencies: Dependency) -> Bespoke:
    of = {
        key: CLUSTER if live.labels.get("cluster.x-k8s.io/cluster-name") else None for key, live in view.objects.items()
    }
    return bespoke_in(view, dependencies, of)


def judged(
    *objects: CapiObject,
    dependencies: tuple[Dependency, ...] = (LEASE,),
    known: Sequence[Signature] = SIGNATURES,
) -> list[Finding]:
    view = view_of(*objects)
    own = {key: None if key.group in ("example.com", "metal3.io") else CLUSTER for key in view.objects}
    bespoke = {MANAGEMENT: bespoke_in(view, dependencies, own)}
    table = (*known, *signatures_of(dependencies))
    return stuck_findings(Views(clusters=(view,)), {MANAGEMENT: own}, StuckThresholds(), NOW, table, bespoke=bespoke)


def lease(*conditions: dict[str, Any], name: str = "rack-1", **more: Any) -> CapiObject:
    reference = {"apiVersion": AWS, "kind": "AWSMachine", "name": "one-md-0-abc-1"}
    spec = {"machineRef": reference, **more.pop("spec", {})}
    return made("example.com/v1", "Lease", name, spec=spec, conditions=conditions, **more)


def waiting_machine() -> list[CapiObject]:
    late = machine(condition("Ready", False, since=50), phase="Provisioning", entered=50)
    failing = infra_machine(condition("Ready", False, "WaitingForRack", since=50), of=late)
    return fleet_with(late, failing)


def test_what_a_machine_waits_for_is_the_cause_and_the_machine_a_victim() -> None:
    unbound = lease(condition("Bound", False, "NoRack", "all racks are full", since=50))

    (found,) = judged(*waiting_machine(), unbound)

    assert (found.rule, found.severity, found.certainty) == ("stuck.BESPOKE-LEASE", Severity.HIGH, Certainty.MEDIUM)
    assert (found.confidence, found.since, found.variant) == (Confidence.CONFIRMED, ago(50), "NoRack")
    assert found.cluster == CLUSTER, "it belongs to the cluster of the machine that it serves"
    assert [link.object for link in found.chain][:3] == [
        "Lease/fleet/rack-1",
        "AWSMachine/fleet/one-md-0-abc-1",
        "Machine/fleet/one-md-0-abc-1",
    ]
    assert found.chain[0].layer == "machine infrastructure"
    assert found.chain[0].fact == "no rack: all racks are full"
    assert "Machine/fleet/one-md-0-abc-1" in found.affected
    assert found.next_steps == ("Look at it: `kubectl -n fleet describe lease.example.com rack-1`.",)


@pytest.mark.parametrize(
    "well",
    [
        lease(condition("Bound", since=50)),
        lease(condition("Bound", False, since=5)),
        lease(condition("Bound", False, since=50), deleting=40),
        made("other.io/v1", "Lease", "rack-1", conditions=[condition("Bound", False, since=50)]),
    ],
    ids=["ready", "young", "being deleted", "another group"],
)
def test_what_is_ready_young_leaving_or_another_kind_is_silent(well: CapiObject) -> None:
    assert judged(*fleet_with(well)) == []


@pytest.mark.parametrize(("minutes", "severity"), [(11, Severity.MEDIUM), (31, Severity.HIGH)])
def test_its_own_patience_counts(minutes: float, severity: Severity) -> None:
    (found,) = judged(*fleet_with(lease(condition("Bound", False, since=minutes))))

    assert found.severity is severity


def test_what_waits_for_another_declared_object_is_not_to_blame() -> None:
    pool = Dependency(name="pool", kind="Pool", group="example.com", ready="status.free")
    needing = Dependency(
        name="lease",
        kind="Lease",
        group="example.com",
        ready=LEASE.ready,
        edges=(*LEASE.edges, DependencyEdge(path="spec.pool", kind="Pool", group="example.com")),
    )
    unbound = lease(condition("Bound", False, since=50), spec={"pool": "east"})
    empty = made("example.com/v1", "Pool", "east", status={"free": False})

    found = judged(*waiting_machine(), unbound, empty, dependencies=(needing, pool))

    assert rules(found) == ["BESPOKE-POOL"]
    assert {"Lease/fleet/rack-1", "Machine/fleet/one-md-0-abc-1"} <= set(found[0].affected)


def test_a_readiness_that_cannot_be_worked_out_is_told_with_low_certainty() -> None:
    odd = Dependency(name="odd", kind="Lease", group="example.com", ready="starts_with(status.word, 'x')")

    (found,) = judged(*fleet_with(lease()), dependencies=(odd,))

    assert found.certainty is Certainty.LOW
    assert found.confidence is Confidence.POTENTIAL
    assert "could not be worked out" in found.chain[0].fact


def test_a_field_without_a_time_counts_from_the_last_change_of_the_status() -> None:
    state = Dependency(name="host", kind="Lease", group="example.com", ready="status.state == 'on'")
    old = lease(age=500_000, status={"state": "off"})
    written = {"manager": "m", "operation": "Update", "subresource": "status", "time": ago(4)}
    fresh = made("example.com/v1", "Lease", "rack-1", age=500_000, status={"state": "off"})
    fresh.raw["metadata"]["managedFields"] = [written]  # type: ignore[index]

    assert rules(judged(*fleet_with(old), dependencies=(state,))) == ["BESPOKE-HOST"]
    assert judged(*fleet_with(fresh), dependencies=(state,)) == []


def test_what_serves_two_clusters_belongs_to_neither() -> None:
    shared = lease(condition("Bound", False, since=50), labels={"cluster.x-k8s.io/cluster-name": ""})
    view = view_of(*waiting_machine(), shared)
    other = {key: CLUSTER for key in view.objects if key != shared.key}
    two = Dependency(
        name="two",
        kind="Lease",
        group="example.com",
        ready="spec.never",
        edges=(DependencyEdge(path="[spec.machineRef, spec.machineRef]", serves=True),),
    )

    assert bespoke_in(view, (two,), other).clusters == {shared.key: CLUSTER}
    elsewhere = {**other, ObjectKey("infrastructure.cluster.x-k8s.io", "AWSMachine", "fleet", "one-md-0-abc-1"): None}
    assert bespoke_in(view, (two,), elsewhere).clusters == {}


@pytest.mark.parametrize("everywhere", [False, True])
def test_what_a_known_signature_says_of_the_object_is_not_said_twice(everywhere: bool) -> None:
    known = Signature(
        id="KNOWN",
        layer=Layer.INTENT,
        severity=Severity.HIGH,
        title="known",
        kinds=("Lease",),
        looks=lambda case: Sign(fact="known", since=ago(50), proofs=(Proof("condition", "Bound"),)),
        mechanism="",
        next_steps=(),
        source="",
        everywhere=everywhere,
    )

    assert rules(judged(lease(condition("Bound", False, since=50)), known=(known,))) == ["KNOWN"]


def test_without_declarations_nothing_is_looked_at() -> None:
    assert bespoke_in(view_of(*waiting_machine()), (), {}) == Bespoke()


# The shipped examples

METAL3_MACHINE = ObjectKey("infrastructure.cluster.x-k8s.io", "Metal3Machine", "fleet", "m1")
CLAIMANT = {"apiVersion": AWS, "kind": "Metal3Machine", "name": "m1"}


def host(state: str, status: str = "OK", error: str = "") -> CapiObject:
    return made(
        "metal3.io/v1alpha1",
        "BareMetalHost",
        "rack-7",
        spec={"consumerRef": {**CLAIMANT, "namespace": "fleet"}},
        status={
            "provisioning": {"state": state},
            "operationalStatus": status,
            "errorMessage": error,
            "operationHistory": {"provision": {"start": ago(100)}},
        },
    )


def claim(**status: Any) -> CapiObject:
    made_claim = made(
        "ipam.cluster.x-k8s.io/v1beta2",
        "IPAddressClaim",
        "m1-eth0",
        spec={"poolRef": {"apiGroup": "ipam.cluster.x-k8s.io", "kind": "InClusterIPPool", "name": "rack"}},
        status=status,
        conditions=[condition("Ready", bool(status), "PoolExhausted", "no address is left", since=100)],
    )
    made_claim.raw["metadata"]["ownerReferences"] = [CLAIMANT]  # type: ignore[index]
    return made_claim


def certificate(issued: bool) -> CapiObject:
    spec = {"secretName": "webhook-cert", "issuerRef": {"name": "selfsigned"}}
    told = condition("Ready", issued, "DoesNotExist", "Issuing certificate", since=100)
    return made("cert-manager.io/v1", "Certificate", "serving", spec=spec, conditions=[told])


def kustomization(ready: bool, suspend: bool = False) -> CapiObject:
    spec = {
        "suspend": suspend,
        "sourceRef": {"kind": "GitRepository", "name": "fleet"},
        "dependsOn": [{"name": "crds"}],
    }
    told = condition("Ready", ready, "BuildFailed", "kustomize build failed", since=1500)
    return made("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "fleet", spec=spec, conditions=[told])


def application(health: str, sync: str = "Synced") -> CapiObject:
    status = {
        "health": {"status": health, "lastTransitionTime": ago(1500)},
        "sync": {"status": sync},
        "operationState": {"message": "one or more objects failed to apply"},
        "resources": [{"group": "cluster.x-k8s.io", "kind": "Cluster", "namespace": "fleet", "name": "one"}],
    }
    return made("argoproj.io/v1alpha1", "Application", "fleet", status=status)


def resource_set(applied: bool) -> CapiObject:
    told = condition("ResourcesApplied", applied, "NotApplied", "Secret cni has the wrong type", since=100)
    spec = {"resources": [{"kind": "ConfigMap", "name": "cni"}]}
    return made("addons.cluster.x-k8s.io/v1beta2", "ClusterResourceSet", "cni", spec=spec, conditions=[told])


@pytest.mark.parametrize(
    ("name", "well", "sick", "fact"),
    [
        ("metal3-host", host("provisioned"), host("provisioned", "error", "BMC timeout"), "error): BMC timeout"),
        ("metal3-host", host("available"), host("provisioning"), "the host is provisioning (OK)"),
        ("ipam-claim", claim(addressRef={"name": "a"}), claim(), "from pool rack: no address is left"),
        ("certificate", certificate(True), certificate(False), "webhook-cert is not issued: Issuing certificate"),
        ("flux-kustomization", kustomization(True), kustomization(False), "kustomize build failed"),
        ("flux-kustomization", kustomization(True), kustomization(True, suspend=True), "(suspended: True)"),
        ("argo-application", application("Healthy"), application("Degraded"), "health is Degraded: one or more"),
        ("argo-application", application("Healthy"), application("Healthy", "OutOfSync"), "sync is OutOfSync"),
        ("resource-set", resource_set(True), resource_set(False), "Secret cni has the wrong type"),
    ],
)
def test_each_shipped_example_knows_well_from_sick(
    examples: dict[str, Dependency], name: str, well: CapiObject, sick: CapiObject, fact: str
) -> None:
    dependency = examples[name]

    assert judged(well, dependencies=(dependency,), known=()) == []
    (found,) = judged(sick, dependencies=(dependency,), known=())
    assert found.rule == f"stuck.BESPOKE-{name.upper()}"
    assert fact in found.chain[0].fact
    assert found.certainty is Certainty.MEDIUM
    assert found.severity is dependency.severity, "these are overdue"


@pytest.mark.parametrize(
    ("name", "live", "upper", "lower"),
    [
        ("metal3-host", host("provisioned"), "Metal3Machine/fleet/m1", "BareMetalHost/fleet/rack-7"),
        ("ipam-claim", claim(), "IPAddressClaim/fleet/m1-eth0", "InClusterIPPool/fleet/rack"),
        ("ipam-claim", claim(), "Metal3Machine/fleet/m1", "IPAddressClaim/fleet/m1-eth0"),
        ("certificate", certificate(True), "Certificate/fleet/serving", "Issuer/fleet/selfsigned"),
        ("flux-kustomization", kustomization(True), "Kustomization/fleet/fleet", "GitRepository/fleet/fleet"),
        ("flux-kustomization", kustomization(True), "Kustomization/fleet/fleet", "Kustomization/fleet/crds"),
        ("argo-application", application("Healthy"), "Cluster/fleet/one", "Application/fleet/fleet"),
        ("resource-set", resource_set(True), "ClusterResourceSet/fleet/cni", "ConfigMap/fleet/cni"),
    ],
)
def test_each_shipped_example_draws_its_edges(
    examples: dict[str, Dependency], name: str, live: CapiObject, upper: str, lower: str
) -> None:
    needs = declared(view_of(live), examples[name]).needs

    assert (upper, lower) in {(str(one), str(other)) for one, others in needs.items() for other in others}
    groups = {key.group for key in needs} | {key.group for others in needs.values() for key in others}
    assert groups - {""} == {group for group in groups if "." in group}
