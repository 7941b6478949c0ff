"""Layer 0: controllers and webhooks, told once for the management cluster."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Certainty
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    CORE,
    ago,
    cluster,
    condition,
    deployment,
    event,
    fleet_with,
    infra_machine,
    judged,
    log,
    machine,
    made,
    rules,
    wrote,
)

HOOK = "default.cluster.cluster.x-k8s.io"
POST = 'failed to call webhook: Post "https://capi-webhook-service.capi-system.svc:443/mutate-cluster?timeout=10s"'
REFUSED = f'failed calling webhook "{HOOK}": {POST}: dial tcp 10.96.1.2:443: connect: connection refused'
EXPIRED = (
    f'failed calling webhook "{HOOK}": {POST}: tls: failed to verify certificate: x509: certificate has expired or is '
    "not yet valid: current time 2026-11-20T11:00:00Z is after 2026-11-20T10:00:00Z"
)
UNCONVERTED = (
    "conversion webhook for cluster.x-k8s.io/v1beta1, Kind=Machine failed: Post "
    '"https://capi-webhook-service.capi-system.svc:443/convert?timeout=30s": no endpoints available for service '
    '"capi-webhook-service"'
)
FORBIDDEN = (
    'awsmachines.infrastructure.cluster.x-k8s.io "x" is forbidden: User '
    '"system:serviceaccount:capi-system:capi-manager" cannot get resource "awsmachines" in API group '
    '"infrastructure.cluster.x-k8s.io" in the namespace "fleet"'
)
NO_CONTRACT = (
    'failed to get contract version for kind AWSCluster: cannot find any versions matching contract versions ["v1beta2"'
    ' "v1beta1"] for CRD awsclusters.infrastructure.cluster.x-k8s.io as contract version label(s) are either missing '
    "or empty (see https://cluster-api.sigs.k8s.io/developer/providers/contracts/overview.html#api-version-labels)"
)
AWS_MACHINES = ("infrastructure.cluster.x-k8s.io", "AWSMachine")
AWS_CLUSTERS = ("infrastructure.cluster.x-k8s.io", "AWSCluster")
PROVIDER = {"cluster.x-k8s.io/provider": "infrastructure-aws"}
LABELS = {AWS_MACHINES: {**PROVIDER, "cluster.x-k8s.io/v1beta1": "v1beta2"}}


def _told(message: str, since: float = 30, severity: str = "") -> CapiObject:
    failed = condition("TopologyReconciled", False, "ReconcileFailed", message, since=since, severity=severity)
    return cluster(failed, condition("ControlPlaneInitialized"))


def _manager(
    available: int = 1, *, since: float = 30, replicas: int = 1, namespace: str = "capa-system", arguments: Any = ()
) -> CapiObject:
    return made(
        "apps/v1",
        "Deployment",
        "capa-controller-manager",
        namespace=namespace,
        labels=PROVIDER,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": PROVIDER},
            "template": {"spec": {"containers": [{"name": "manager", "args": list(arguments)}]}},
        },
        status={"availableReplicas": available} if available else {},
        conditions=[condition("Available", bool(available), "MinimumReplicasUnavailable", since=since)],
    )


def _crashing_pod() -> CapiObject:
    container = {
        "name": "manager",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"reason": "OOMKilled"}},
    }
    return made(
        "v1",
        "Pod",
        "capa-controller-manager-abc",
        namespace="capa-system",
        labels=PROVIDER,
        status={"containerStatuses": [container]},
    )


def _lease(age: float, name: str = "controller-leader-elect-capa") -> CapiObject:
    spec = {"holderIdentity": "capa_1", "leaseDurationSeconds": 15, "renewTime": ago(age)}
    return made("coordination.k8s.io/v1", "Lease", name, namespace="capa-system", spec=spec)


def _slice(*ready: bool) -> CapiObject:
    made_slice = made(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        "capi-webhook-service-x",
        namespace="capi-system",
        labels={"kubernetes.io/service-name": "capi-webhook-service"},
    )
    endpoints = [{"addresses": ["10.0.0.1"], "conditions": {"ready": each}} for each in ready]
    return _with(made_slice, endpoints=endpoints)


def _configuration(name: str = HOOK) -> CapiObject:
    kind = "MutatingWebhookConfiguration"
    live = made("admissionregistration.k8s.io/v1", kind, "capi-mutating-webhook-configuration", namespace="")
    return _with(live, webhooks=[{"name": "other"}, {"name": name}])


def _with(live: CapiObject, **more: Any) -> CapiObject:
    return CapiObject(
        api_version=live.api_version,
        kind=live.kind,
        namespace=live.namespace,
        name=live.name,
        raw={**live.raw, **more},
    )


LATE = machine(condition("Ready", False, since=40), phase="Provisioning", entered=40)
STUCK = [LATE, infra_machine(condition("Ready", False, since=40), of=LATE)]


@pytest.mark.parametrize(
    ("message", "found"),
    [
        pytest.param(REFUSED, ["MGMT-WEBHOOK-DOWN"], id="refused"),
        pytest.param(
            f'failed calling webhook "{HOOK}": {POST}: no endpoints available for service "capi-webhook-service"',
            ["MGMT-WEBHOOK-DOWN"],
            id="no-endpoints",
        ),
        pytest.param(
            f'failed calling webhook "{HOOK}": {POST}: context deadline exceeded', ["MGMT-WEBHOOK-DOWN"], id="too-slow"
        ),
        pytest.param(EXPIRED, ["MGMT-WEBHOOK-CERT"], id="certificate-expired"),
        pytest.param(
            f'failed calling webhook "{HOOK}": {POST}: tls: failed to verify certificate: x509: certificate signed by '
            "unknown authority",
            ["MGMT-WEBHOOK-CERT"],
            id="certificate-of-another-authority",
        ),
        pytest.param(UNCONVERTED, ["MGMT-CONVERSION"], id="conversion"),
        pytest.param(FORBIDDEN, ["MGMT-RBAC"], id="forbidden"),
        pytest.param(NO_CONTRACT, ["MGMT-CONTRACT-LABEL"], id="contract"),
    ],
)
@pytest.mark.parametrize("severity", ["", "Error"], ids=["v1beta2", "v1beta1"])
def test_a_message_of_the_api_server_names_the_cause(message: str, severity: str, found: list[str]) -> None:
    assert rules(judged(*fleet_with(_told(message, severity=severity)))) == found


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(f'admission webhook "{HOOK}" denied the request: spec is invalid', id="a-webhook-that-answers"),
        pytest.param('Get "https://10.0.0.9:6443/api": x509: certificate has expired', id="certificate-of-a-workload"),
        pytest.param('Get "https://10.0.0.9:6443/api": dial tcp: connection refused', id="workload-unreachable"),
        pytest.param(
            'nodes is forbidden: User "kubernetes-admin" cannot list resource "nodes" in API group ""', id="a-person"
        ),
    ],
)
def test_what_sounds_alike_is_no_cause_of_the_management_cluster(message: str) -> None:
    assert not [rule for rule in rules(judged(*fleet_with(_told(message)))) if rule.startswith("MGMT-")]


def test_a_certificate_that_is_being_rotated_is_silent() -> None:
    assert judged(*fleet_with(_told(EXPIRED, since=2.5))) == []


def test_one_webhook_is_one_finding_on_its_configuration_with_all_that_stumble_over_it() -> None:
    sick = deployment(condition("ScalingUp", True, "ScalingUp", REFUSED, since=20), condition("Available"))
    told = log(LATE, REFUSED, since=25)
    proof = [_configuration(), _slice(False), _manager(0, namespace="capi-system")]

    found = judged(*fleet_with(_told(REFUSED), sick, LATE), logs=[told], beside=proof)

    assert rules(found) == ["MGMT-WEBHOOK-DOWN"]
    assert found[0].object is not None and found[0].object.kind == "MutatingWebhookConfiguration"
    assert (found[0].variant, found[0].since, found[0].certainty) == (HOOK, ago(30), Certainty.HIGH)
    assert set(found[0].affected) == {
        "Cluster/fleet/one",
        "MachineDeployment/fleet/one-md-0",
        "Machine/fleet/one-md-0-abc-1",
    }
    assert "no ready endpoint in the EndpointSlices of Service capi-system/capi-webhook-service" in found[0].evidence
    assert found[0].next_steps[0] == (
        "Look at what stands behind it: `kubectl -n capi-system get endpointslices,pods,events`."
    )


def test_two_webhooks_are_two_causes() -> None:
    other = event(LATE, "FailedCreate", REFUSED.replace(HOOK, "validation.machine.cluster.x-k8s.io"))

    assert rules(judged(*fleet_with(_told(REFUSED), LATE), events=[other])) == [
        "MGMT-WEBHOOK-DOWN",
        "MGMT-WEBHOOK-DOWN",
    ]


def test_an_event_about_a_webhook_that_answers_again_is_no_cause() -> None:
    told = event(LATE, "FailedCreate", REFUSED, last=20)

    assert rules(judged(*fleet_with(*STUCK), events=[told], beside=[_slice(True)])) == ["UNEXPLAINED"]


def test_a_condition_about_a_webhook_that_answers_again_is_less_certain() -> None:
    found = judged(*fleet_with(_told(REFUSED)), beside=[_slice(True)])

    assert (rules(found), found[0].certainty) == (["MGMT-WEBHOOK-DOWN"], Certainty.MEDIUM)


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        pytest.param([], ["UNEXPLAINED"], id="nothing-was-read"),
        pytest.param([_manager()], ["UNEXPLAINED"], id="it-runs"),
        pytest.param([_manager(), _lease(0.1)], ["UNEXPLAINED"], id="it-leads"),
        pytest.param([_manager(), _lease(20)], ["MGMT-CONTROLLER-STALLED"], id="nobody-leads"),
        pytest.param([_manager(), _lease(4)], ["UNEXPLAINED"], id="a-lease-that-was-read-minutes-ago"),
        pytest.param([_manager(), _lease(20), _lease(0.1, "other")], ["UNEXPLAINED"], id="another-leads"),
        pytest.param([_manager(0)], ["MGMT-CONTROLLER-STALLED"], id="no-replica"),
        pytest.param([_manager(0, since=0.5)], ["UNEXPLAINED"], id="restarting"),
        pytest.param([_manager(0, replicas=0)], ["MGMT-CONTROLLER-STALLED"], id="scaled-away"),
    ],
)
def test_a_controller_that_does_not_run_explains_what_stands_still(beside: list[CapiObject], found: list[str]) -> None:
    assert rules(judged(*fleet_with(*STUCK), beside=beside, crd_labels=LABELS)) == found


def test_a_controller_that_is_down_is_told_with_its_reason_and_a_way_to_the_alarm() -> None:
    found = judged(*fleet_with(*STUCK), beside=[_manager(0), _crashing_pod()], crd_labels=LABELS)[0]

    assert found.object is not None and (found.object.kind, found.object.namespace) == ("Deployment", "capa-system")
    assert found.evidence == (
        "Deployment capa-system/capa-controller-manager: 0 of 1 replicas are available "
        "(CrashLoopBackOff, last OOMKilled)",
    )
    assert [link.object for link in found.chain] == [
        "Deployment/capa-system/capa-controller-manager",
        "AWSMachine/fleet/one-md-0-abc-1",
        "Machine/fleet/one-md-0-abc-1",
    ]


def test_a_spec_that_nobody_has_seen_agrees_with_a_controller_that_is_down() -> None:
    unseen = infra_machine(condition("Ready", False, since=40), of=LATE, generation=3, status={"observedGeneration": 2})

    found = judged(*fleet_with(LATE, unseen), beside=[_manager(0)], crd_labels=LABELS)

    assert (rules(found), found[0].certainty) == (["MGMT-CONTROLLER-STALLED"], Certainty.HIGH)


@pytest.mark.parametrize(
    ("labels", "owned", "found"),
    [
        pytest.param({}, False, ["MGMT-CONTRACT-LABEL"], id="no-label-and-no-owner"),
        pytest.param({}, True, [], id="no-label-and-resolved-all-the-same"),
        pytest.param({"cluster.x-k8s.io/v1beta1": "v1beta2"}, False, [], id="label"),
        pytest.param(None, False, [], id="crd-not-read"),
    ],
)
def test_a_crd_without_a_contract_leaves_the_infrastructure_without_an_owner(
    labels: dict[str, str] | None, owned: bool, found: list[str]
) -> None:
    waiting = cluster(condition("InfrastructureReady", False, since=40), phase="Provisioning")
    lonely = made(CORE.replace("cluster.x", "infrastructure.cluster.x"), "AWSCluster", "one")
    objects = [waiting] if owned else [waiting, lonely]

    said = judged(*fleet_with(*objects), crd_labels={} if labels is None else {AWS_CLUSTERS: labels})

    assert [rule for rule in rules(said) if rule.startswith("MGMT")] == found


@pytest.mark.parametrize(("beside", "found"), [([], []), ([_manager(0)], ["MGMT-CONTROLLER-STALLED"])])
def test_a_spec_that_nobody_has_seen_is_looked_into_and_is_no_news_by_itself(
    beside: list[CapiObject], found: list[str]
) -> None:
    edited = infra_machine(
        generation=3, status={"observedGeneration": 2}, written=[wrote("kubectl-edit", 90, "spec", "instanceType")]
    )

    assert rules(judged(*fleet_with(edited), beside=beside, crd_labels=LABELS)) == found
