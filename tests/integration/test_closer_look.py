"""Evidence beside suspects, read from a real API server; and that a fleet in good order is asked nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drift_audit.audit import run_audit
from drift_audit.clock import now, stamp
from drift_audit.collect.in_time import Allowance
from drift_audit.collect.recording import read_recording, write_recording
from drift_audit.config.settings import CloserLook, Config, StuckThresholds, WorkloadSettings
from drift_audit.model.health import Suspicion
from drift_audit.model.keys import ObjectKey
from drift_audit.model.views import Reach, ScopeStatus, View
from drift_audit.stuck.suspicion import suspicion_of
from tests.integration.closer_world import CORE, MGMT, World, closer_world
from tests.rig.client import Json
from tests.rig.fault_proxy import FaultProxy, Spoil, fault_proxy, status
from tests.rig.identities import AUDITOR, HUMAN, POWERLESS
from tests.rig.management_cluster import ManagementCluster
from tests.rig.upstreams import Answer

pytestmark = pytest.mark.rig

PROVIDER = f"{CORE}/provider"


@pytest.fixture
def world(management_cluster: ManagementCluster, tmp_path: Path) -> Iterator[World]:
    with closer_world(management_cluster, tmp_path) as made:
        made.let_read_kubeconfigs()
        yield made


@pytest.fixture
def proxy(world: World) -> Iterator[FaultProxy]:
    """In front of the management cluster, as the auditor."""
    with fault_proxy(world.rig.server.client(AUDITOR)) as running:
        yield running


def event(world: World, number: int, *, name: str = "one-md-0-1", uid: str = "", **changes: Any) -> Json:
    about = {"apiVersion": f"{CORE}/v1beta2", "kind": "Machine", "namespace": world.namespace, "name": name}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name}.{number}", "namespace": world.namespace},
        "involvedObject": {**about, **({"uid": uid} if uid else {})},
        "type": "Warning",
        "reason": "FailedCreate",
        "message": "no capacity",
        "firstTimestamp": stamp(now() - timedelta(minutes=number)),
        "lastTimestamp": stamp(now() - timedelta(minutes=number)),
        "count": 1,
        **changes,
    }


def machines(world: World, count: int) -> Suspicion:
    keys = [ObjectKey(CORE, "Machine", world.namespace, f"one-md-0-{number}") for number in range(count)]
    return world.suspicion(*keys)


@pytest.mark.parametrize("suspects", [1, 30])
def test_events_of_suspects_are_read_and_of_nobody_else(world: World, proxy: FaultProxy, suspects: int) -> None:
    world.make(
        *(event(world, number) for number in range(1, 6)),
        event(world, 9, message="scheduled", reason="Other", uid="uid-of-now"),
        event(world, 10, reason="OfTheDead", uid="uid-of-before"),
        event(world, 11, name="bystander"),
        event(world, 12, message="login with password=hunter2secret", reason="Leaks"),
    )
    only_events = CloserLook(logs=False, controllers=False)

    [view] = world.look(
        suspicion=machines(world, suspects),
        kubeconfig=proxy.kubeconfig(world.folder),
        closer_look=only_events,
        workload=WorkloadSettings(page_size=2),
    ).suspects

    asked = proxy.requests_to("/events")
    told = [(found.reason, found.count) for found in view.events]
    assert told == [("Leaks", 1), ("Other", 1), ("FailedCreate", 5)]
    assert {found.object.name for found in view.events} == {"one-md-0-1"}
    assert view.events[0].message.startswith("<masked: ")
    assert view.gaps == ()
    assert [("fieldSelector" in each.query) for each in asked] == ([True] * 3 if suspects == 1 else [False])
    assert {read.scope for read in view.reads if "Event" in read.scope} == {f"{MGMT}, closer look/Event"}


def plane(world: World) -> list[Json]:
    """Controllers as clusterctl installs them, with a webhook of theirs and one that is nobody's business."""

    def named(api_version: str, kind: str, name: str, labels: Json | None = None, **body: Any) -> Json:
        metadata = {"name": name, "namespace": world.namespace, "labels": labels or {}}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}

    def hooks(name: str, group: str) -> Json:
        service = {"namespace": world.namespace, "name": "capi-webhook-service", "path": "/x"}
        rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["*"]}
        hook: Json = {"name": f"{name}.example.com", "clientConfig": {"service": service}, "rules": [rule]}
        hook |= {"sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore"}
        made = named("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", name, webhooks=[hook])
        return {**made, "metadata": {"name": name}}

    pod_labels = {PROVIDER: "cluster-api", "app": "capi"}
    containers = [
        {"name": "kube-rbac-proxy", "image": "proxy:1"},
        {
            "name": "manager",
            "image": "capi:1",
            "args": ["--leader-elect", "--token=hunter2secret"],
            "env": [{"name": "A", "value": "of-a-container"}],
        },
    ]
    template = {"metadata": {"labels": pod_labels}, "spec": {"containers": containers}}
    lease = {"holderIdentity": "capi-1_x", "leaseDurationSeconds": 15, "renewTime": "2026-11-20T11:00:00.000000Z"}
    return [
        named(
            "apps/v1",
            "Deployment",
            "capi-controller-manager",
            pod_labels,
            spec={"selector": {"matchLabels": {"app": "capi"}}, "template": template},
            status={"replicas": 1, "unavailableReplicas": 1},
        ),
        named("v1", "Pod", "capi-1", pod_labels, spec={"containers": containers, "nodeName": "nowhere"}),
        named("v1", "Pod", "capa-1", {PROVIDER: "infrastructure-aws"}, spec={"containers": containers[1:]}),
        named("v1", "Pod", "bystander", spec={"containers": containers[1:]}),
        named("coordination.k8s.io/v1", "Lease", "controller-leader-election-capi", spec=lease),
        named(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            "capi-webhook-service-x",
            {"kubernetes.io/service-name": "capi-webhook-service"},
            addressType="IPv4",
            endpoints=[],
        ),
        hooks("capi-hooks", CORE),
        hooks("bystander-hooks", "example.com"),
    ]


def log_of(*lines: str) -> Spoil:
    """A kubelet's answer: no Pod runs here."""
    body = "".join(f"{line}\n" for line in lines).encode()
    return lambda asked, answer: Answer(status=200, headers={"Content-Type": "text/plain"}, body=body)


def line(world: World, err: str) -> str:
    named = {"controllerGroup": CORE, "controllerKind": "Machine", "namespace": world.namespace, "name": "one-md-0-1"}
    return f"{stamp(now())} " + json.dumps({"msg": "Reconciler error", "err": err, **named})


def test_the_controllers_their_webhooks_and_their_words(world: World, proxy: FaultProxy) -> None:
    world.make(*plane(world))
    request = "0a1b2c3d-0000-4000-8000-00000000000{}"
    lines = [line(world, f"quota, request {request.format(number)}") for number in range(3)]
    proxy.spoil(log_of(*lines, line(world, "token=abcdef.0123456789abcdef")), path_ends="/log")

    view = world.beside(kubeconfig=proxy.kubeconfig(world.folder))

    own = {str(key) for key in view.objects if key.namespace == world.namespace or key.name.endswith("-hooks")}
    [asked] = proxy.requests_to("/log")
    here = world.namespace
    assert view.gaps == ()
    assert own == {
        f"Deployment/{here}/capi-controller-manager",
        f"Pod/{here}/capi-1",
        f"Pod/{here}/capa-1",
        f"Lease/{here}/controller-leader-election-capi",
        f"EndpointSlice/{here}/capi-webhook-service-x",
        "ValidatingWebhookConfiguration/capi-hooks",
    }
    assert asked.path == f"/api/v1/namespaces/{here}/pods/capi-1/log"
    assert asked.query["container"] == "manager"
    assert {"tailLines", "limitBytes", "sinceSeconds"} <= asked.query.keys()
    assert sorted((found.message, found.count) for found in view.logs)[1] == (
        "Reconciler error: quota, request …",
        3,
    )
    assert not [secret for secret in ("hunter2secret", "of-a-container", "abcdef.0123") if secret in repr(view)]


def test_a_log_that_cannot_be_read_is_a_gap(world: World, proxy: FaultProxy) -> None:
    world.make(*plane(world))
    proxy.spoil(status(403, "Forbidden", "cannot get pods/log"), path_ends="/log")

    view = world.beside(kubeconfig=proxy.kubeconfig(world.folder))

    [gap] = view.gaps
    assert gap.view is View.EVIDENCE
    assert gap.scope == f"{MGMT}, closer look/log of {world.namespace}/capi-1"
    assert gap.right == 'apiGroups: [""], resources: ["pods/log"], verbs: ["get"]'
    assert "closer_look.logs: false" in gap.remedy
    assert view.logs == ()
    assert view.objects


def test_every_right_that_is_missing_is_a_gap_of_its_own(world: World) -> None:
    powerless = world.rig.kubeconfig_of(POWERLESS)
    plain = world.config(kubeconfig=powerless)
    settings = tuple(replace(each, context=world.rig.context) for each in plain.management_clusters)
    looker = replace(world.looker(), config=replace(plain, management_clusters=settings))

    views = looker.at(world.views(), world.suspicion())

    rights = {gap.right for gap in views.all_gaps()}
    assert {
        'apiGroups: [""], resources: ["events"], verbs: ["list"]',
        'apiGroups: [""], resources: ["pods"], verbs: ["list"]',
        'apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"]',
        'apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingwebhookconfigurations"], verbs: ["list"]',
        'apiGroups: [""], resources: ["secrets"], verbs: ["get"]',
    } <= rights


def test_what_is_switched_off_is_not_asked_for(world: World, proxy: FaultProxy) -> None:
    world.make(*plane(world))

    view = world.beside(
        kubeconfig=proxy.kubeconfig(world.folder), closer_look=CloserLook(events=False, logs=False, controllers=False)
    )

    assert (view.events, view.logs, view.objects, view.gaps) == ((), (), {}, ())
    assert {asked.path.rsplit("/", 1)[1] for asked in proxy.asked} == {"one-kubeconfig"}


def test_logs_may_be_files(world: World, proxy: FaultProxy) -> None:
    world.make(*plane(world))
    (world.folder / "core.log").write_text(line(world, "from a file") + "\n")
    (world.folder / "capa.log").write_bytes(b"\xff\xfe\x00 no log\n")

    view = world.beside(
        kubeconfig=proxy.kubeconfig(world.folder),
        controller_logs=(str(world.folder / "*.log"), str(world.folder / "none-*.log")),
    )

    [told], [gap] = view.logs, view.gaps
    assert (told.source, told.message) == (str(world.folder / "core.log"), "Reconciler error: from a file")
    assert "no file is called" in gap.reason
    assert proxy.requests_to("/log") == []


def test_a_server_that_is_gone_leaves_a_gap(world: World, tmp_path: Path) -> None:
    gone = FaultProxy(url="http://127.0.0.1:1").kubeconfig(tmp_path)

    views = world.look(kubeconfig=gone)

    assert views.clusters == world.views().clusters
    assert views.workloads == ()
    assert {gap.status for gap in views.all_gaps()} == {ScopeStatus.FAILED}


def test_time_that_is_over_is_a_gap(world: World) -> None:
    views = replace(world.looker(), allowance=Allowance(0)).at(world.views(), world.suspicion())

    [view] = views.suspects
    assert "were over" in view.gaps[0].reason
    assert views.workloads == ()


# The whole pipeline


def unwell(world: World) -> list[Json]:
    """A Cluster that came up, and a Machine of it that has not been well for an hour."""
    since = stamp(now() - timedelta(hours=1))
    base: Json = {"apiVersion": f"{CORE}/v1beta2"}
    well = {"type": "ControlPlaneInitialized", "status": "True", "reason": "Initialized", "lastTransitionTime": since}
    well["message"] = ""
    sick = {**well, "type": "Ready", "status": "False", "reason": "NotReady", "message": "something is wrong"}
    labels = {f"{CORE}/cluster-name": "one"}
    infrastructure = {"apiGroup": f"infrastructure.{CORE}", "kind": "AWSCluster", "name": "one"}
    return [
        {
            **base,
            "kind": "Cluster",
            "metadata": {"name": "one", "namespace": world.namespace},
            "spec": {"infrastructureRef": infrastructure},
            "status": {"conditions": [well], "phase": "Provisioned"},
        },
        {
            **base,
            "kind": "Machine",
            "metadata": {"name": "one-md-0-1", "namespace": world.namespace, "labels": labels},
            "spec": {
                "clusterName": "one",
                "bootstrap": {"dataSecretName": "x"},
                "infrastructureRef": {**infrastructure, "kind": "AWSMachine"},
            },
            "status": {"conditions": [sick], "phase": "Running"},
        },
    ]


def audited(world: World, config: Config) -> Any:
    return run_audit(config, base_dir=world.folder, providers={}, progress=lambda step: None, clock=now)


def paths_of(proxy: FaultProxy) -> set[str]:
    return {asked.path.rsplit("/", 1)[1] for asked in proxy.asked}


def test_a_healthy_fleet_is_asked_nothing_more(world: World, proxy: FaultProxy) -> None:
    world.make(*plane(world), *unwell(world)[:1])
    world.put_kubeconfig(world.kubeconfig_of())

    views, _ = audited(world, world.config(kubeconfig=proxy.kubeconfig(world.folder)))

    assert suspicion_of(views, StuckThresholds(), now()) == Suspicion()
    assert (views.suspects, views.workloads) == ((), ())
    assert len(proxy.asked) == sum(read.calls for view in views.clusters for read in view.reads)
    assert not paths_of(proxy) & {"events", "pods", "deployments", "leases", "endpointslices", "one-kubeconfig", "log"}


def test_one_suspect_is_looked_at_closer_and_a_recording_says_the_same(world: World, proxy: FaultProxy) -> None:
    world.make(*plane(world), *unwell(world), event(world, 30))
    world.put_kubeconfig(world.kubeconfig_of(HUMAN.user, HUMAN.groups))
    proxy.spoil(log_of(line(world, "boom")), path_ends="/log")

    views, result = audited(world, world.config(kubeconfig=proxy.kubeconfig(world.folder)))
    write_recording(views, world.folder / "x.dar", tool_version="0", created_at=stamp(now()), config_digest="")

    [beside], [workload] = views.suspects, views.workloads
    assert [found.reason for found in beside.events] == ["FailedCreate"]
    assert [found.message for found in beside.logs] == ["Reconciler error: boom"]
    assert workload.reach is Reach.REACHED
    assert [found.object.name for found in result.findings if found.kind == "stuck"] == ["one-md-0-1"]
    assert {"events", "pods", "deployments", "one-kubeconfig", "log"} <= paths_of(proxy)
    assert read_recording(world.folder / "x.dar").views == views
    costs = result.cost.by_scope
    assert costs[f"evidence:{MGMT}, closer look/Event"] >= 1
    assert costs[f"workload:{MGMT}/{world.namespace}/one/Node"] >= 1
