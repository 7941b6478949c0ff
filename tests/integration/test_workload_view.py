"""Looking into a workload cluster: a real API server behind the kubeconfig in a real Secret, and every way not to
get there."""

from __future__ import annotations

import base64
import json
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drift_audit.clock import moment, now, stamp
from drift_audit.config.settings import WorkloadRead, WorkloadSettings
from drift_audit.model.health import Suspicion
from drift_audit.model.keys import ObjectKey
from drift_audit.model.views import Reach, ScopeStatus, View
from tests.integration.closer_world import MGMT, World, closer_world, kubeconfig_text
from tests.rig.certificates import CertificateAuthority
from tests.rig.client import Json
from tests.rig.fault_proxy import FaultProxy, cut, delayed, proxy_before, reset, status
from tests.rig.identities import HUMAN, POWERLESS
from tests.rig.management_cluster import ManagementCluster
from tests.rig.upstreams import api_server

pytestmark = pytest.mark.rig

SYSTEM = "kube-system"


@pytest.fixture
def world(management_cluster: ManagementCluster, tmp_path: Path) -> Iterator[World]:
    with closer_world(management_cluster, tmp_path) as made:
        made.let_read_kubeconfigs()
        yield made


@pytest.fixture
def proxied(world: World, tmp_path: Path) -> Iterator[FaultProxy]:
    """A proxy that speaks TLS in front of the workload cluster, and the kubeconfig that leads to it."""
    with tls_proxy(world, tmp_path) as proxy:
        yield proxy


@contextmanager
def tls_proxy(
    world: World, folder: Path, *, authority: CertificateAuthority | None = None, **certificate: bool
) -> Iterator[FaultProxy]:
    """`authority` signs the server's certificate; the kubeconfig names that of the rig."""
    named = world.rig.server.authority
    pair = (authority or named).server(**certificate)
    (folder / "proxy.pem").write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "proxy.pem")
    with proxy_before(api_server(world.rig.server.client(HUMAN)), context) as proxy:
        world.put_kubeconfig(kubeconfig_text(proxy.url, named.certificate, named.client("a", ())))
        yield proxy


def named(api_version: str, kind: str, name: str, namespace: str = "", **body: Any) -> Json:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place}, **body}


def pod(name: str, namespace: str, status: Json, *, env: str = "") -> Json:
    container: Json = {"name": "main", "image": "registry.example.com/a:1"}
    if env:
        container["env"] = [{"name": "DB_PASSWORD", "value": env}]
    spec = {"containers": [container], "tolerations": [], "nodeName": "node-a"}
    return named("v1", "Pod", name, namespace, spec=spec, status=status)


def waiting(reason: str, message: str = "") -> Json:
    state = {"waiting": {"reason": reason, "message": message}}
    container = {"name": "main", "image": "a", "imageID": "", "ready": False, "restartCount": 7, "state": state}
    return {"phase": "Running", "containerStatuses": [container]}


def populate(world: World) -> None:
    """Whatever is read: two Nodes, a budget that allows nothing, an attachment, requests, Pods, events."""
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "db"}}}
    allows = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}
    volume = {"attacher": "ebs.csi.aws.com", "nodeName": "node-a", "source": {"persistentVolumeName": "pv-1"}}
    pair = CertificateAuthority().client("system:node:node-c", ("system:nodes",))
    request = base64.b64encode(request_for(pair.key)).decode()
    asked = {"signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"], "request": request}
    ready = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
    world.make(
        named("v1", "Node", "node-a", spec={"providerID": "aws:///a/i-1"}, status={"conditions": ready}),
        named("v1", "Node", "node-b", spec={"providerID": "aws:///a/i-2"}),
        named("policy/v1", "PodDisruptionBudget", "db", world.namespace, spec=budget, status=allows),
        named("storage.k8s.io/v1", "VolumeAttachment", "csi-1", spec=volume, status={"attached": True}),
        named("certificates.k8s.io/v1", "CertificateSigningRequest", "csr-pending", spec=asked),
        pod("coredns-1", SYSTEM, waiting("CrashLoopBackOff", "password=hunter2secret"), env="pod-env-secret"),
        pod("well-1", SYSTEM, {"phase": "Running"}),
        *(pod(f"app-{number}", world.namespace, waiting("ImagePullBackOff")) for number in range(3)),
        named(
            "v1",
            "Event",
            "node-a.1",
            "default",
            involvedObject={"kind": "Node", "name": "node-a"},
            type="Warning",
            reason="SystemOOM",
            message="System OOM encountered, victim process: java",
            count=4,
            firstTimestamp=stamp(now() - timedelta(minutes=9)),
            lastTimestamp=stamp(now()),
        ),
    )


def request_for(key: bytes) -> bytes:
    """A certificate request, PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    private: Any = serialization.load_pem_private_key(key, None)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node-c")])
    built = x509.CertificateSigningRequestBuilder().subject_name(name).sign(private, hashes.SHA256())
    return built.public_bytes(serialization.Encoding.PEM)


ALL_KINDS = {
    "Node",
    "PodDisruptionBudget",
    "VolumeAttachment",
    "CertificateSigningRequest",
    "Pod",
    "Event",
}


def test_what_is_in_a_workload_cluster(world: World) -> None:
    populate(world)
    world.put_kubeconfig(world.kubeconfig_of())

    view = world.workload()

    own = {str(key) for key in view.objects if key.namespace in ("", SYSTEM, world.namespace)}
    assert (view.reach, view.detail, view.gaps) == (Reach.REACHED, "", ())
    assert view.endpoint == world.rig.server.url
    assert view.server_version
    assert view.listed == ALL_KINDS
    assert own == {
        "Node/node-a",
        "Node/node-b",
        f"PodDisruptionBudget/{world.namespace}/db",
        "VolumeAttachment/csi-1",
        "CertificateSigningRequest/csr-pending",
        f"Pod/{SYSTEM}/coredns-1",
    }
    assert view.pods[SYSTEM, "CrashLoopBackOff"] == 1
    assert view.pods[world.namespace, "ImagePullBackOff"] == 3
    assert [(event.object.name, event.reason, event.count) for event in view.events] == [("node-a", "SystemOOM", 4)]
    expires = moment(view.certificate_expires)
    assert expires is not None and timedelta(0) < expires - now() < timedelta(days=3)
    assert {read.status for read in view.reads} == {ScopeStatus.COMPLETE}
    assert all(read.view is View.WORKLOAD and read.calls for read in view.reads)


def test_nothing_of_the_kubeconfig_and_of_users_secrets_is_kept_or_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    populate(world)
    content = world.kubeconfig_of()
    world.put_kubeconfig(content)
    user = json.loads(content)["users"][0]["user"]
    secrets = [user["client-key-data"], base64.b64decode(user["client-key-data"]).decode().splitlines()[1]]

    views = world.look()

    told = repr(views) + caplog.text
    assert not [secret for secret in (*secrets, "pod-env-secret", "hunter2secret") if secret in told]
    assert "<masked: " in told
    pod_kept = next(live for view in views.workloads for live in view.objects.values() if live.kind == "Pod")
    assert "containers" not in pod_kept.spec


def test_only_get_is_sent_and_the_secret_is_read_by_name(world: World) -> None:
    world.put_kubeconfig(world.kubeconfig_of())

    world.look()

    asked = world.rig.auditor_requests()
    secrets = [request for request in asked if "secrets" in request]
    assert {request.split()[0] for request in asked} <= {"get", "list"}
    assert secrets == [f"get /api/v1/namespaces/{world.namespace}/secrets/one-kubeconfig"]


def test_an_expired_client_certificate_is_told_with_its_end(world: World) -> None:
    world.put_kubeconfig(world.kubeconfig_of(expired=True))

    view = world.workload()

    expired = moment(view.certificate_expires)
    assert view.reach is Reach.REFUSED
    assert "HTTP 401" in view.detail
    assert expired is not None and expired < now()
    assert view.endpoint == world.rig.server.url
    assert view.listed == frozenset()
    assert "was not reached" in view.gaps[0].reason


def test_a_user_without_rights_is_refused_and_every_right_is_named(world: World) -> None:
    world.put_kubeconfig(world.kubeconfig_of(POWERLESS.user, POWERLESS.groups))

    view = world.workload()

    assert (view.reach, view.listed) == (Reach.REFUSED, frozenset())
    assert "HTTP 403" in view.detail
    assert 'apiGroups: [""], resources: ["nodes"], verbs: ["list"]' in {gap.right for gap in view.gaps}


@pytest.mark.parametrize(
    ("spoil", "reach", "detail"),
    [
        (status(401, "Unauthorized"), Reach.REFUSED, "HTTP 401"),
        (status(403, "Forbidden"), Reach.REFUSED, "HTTP 403"),
        (status(500, "InternalError", "etcdserver: no leader"), Reach.FAILING, "no leader"),
        (delayed(4), Reach.NO_CONNECTION, "no answer within the timeout"),
        (reset(), Reach.NO_CONNECTION, "connection broke"),
        (cut(), Reach.NO_CONNECTION, "before the answer was whole"),
    ],
    ids=["401", "403", "500", "timeout", "reset", "cut"],
)
def test_a_server_that_fails_is_a_fact(
    world: World, proxied: FaultProxy, spoil: Any, reach: Reach, detail: str
) -> None:
    proxied.spoil(spoil)

    view = world.workload(workload=WorkloadSettings(timeout_seconds=1, deadline_seconds=20))

    assert view.reach is reach
    assert detail in view.detail
    assert view.objects == {}
    assert view.endpoint == proxied.url
    assert view.gaps[0].view is View.WORKLOAD
    assert view.gaps[0].remedy
    assert {read.status for read in view.reads} == {ScopeStatus.FAILED}


@pytest.mark.parametrize(
    ("certificate", "detail"),
    [
        ({"expired": True}, "expired"),
        ({"elsewhere": True}, "is not valid for '127.0.0.1'"),
        ({"authority": CertificateAuthority()}, "certificate"),
    ],
    ids=["expired", "other name", "other authority"],
)
def test_a_certificate_that_does_not_hold_is_a_fact(
    world: World, tmp_path: Path, certificate: Any, detail: str
) -> None:
    with tls_proxy(world, tmp_path, **certificate) as proxy:
        view = world.workload()

        assert view.reach is Reach.BAD_CERTIFICATE
        assert detail in view.detail
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("server", "reach"),
    [
        ("https://no-such-host.invalid:6443", Reach.NO_ADDRESS),
        ("https://127.0.0.1:1", Reach.NO_CONNECTION),
    ],
)
def test_an_address_that_leads_nowhere_is_a_fact(world: World, server: str, reach: Reach) -> None:
    authority = world.rig.server.authority
    world.put_kubeconfig(kubeconfig_text(server, authority.certificate, authority.client("a", ())))

    view = world.workload()

    assert (view.reach, view.endpoint) == (reach, server)
    assert view.gaps[0].status is ScopeStatus.FAILED


def test_a_missing_secret_is_a_fact_and_a_gap(world: World) -> None:
    view = world.workload()

    assert view.reach is Reach.NO_KUBECONFIG
    assert view.detail == f"there is no Secret {world.namespace}/one-kubeconfig"
    assert "workload.read: none" in view.gaps[0].remedy


def test_a_cluster_that_is_only_coming_to_be_or_going_is_no_gap(world: World) -> None:
    young = world.live("Cluster", "one", {"phase": "Provisioning"})
    going = replace(young, raw={**young.raw, "metadata": {**young.metadata, "deletionTimestamp": stamp(now())}})

    for live in (young, going):
        [view] = world.look(live).workloads
        assert (view.reach, view.gaps) == (Reach.NO_KUBECONFIG, ())
        assert {read.status for read in view.reads} == {ScopeStatus.COMPLETE}


def test_a_secret_that_may_not_be_read_is_a_gap_and_no_fact(
    management_cluster: ManagementCluster, tmp_path: Path
) -> None:
    with closer_world(management_cluster, tmp_path) as world:
        world.put_kubeconfig(world.kubeconfig_of())

        views = world.look()

    [gap] = [gap for gap in views.all_gaps() if gap.scope.endswith("/kubeconfig")]
    assert views.workloads == ()
    assert gap.view is View.EVIDENCE
    assert "HTTP 403" in gap.reason
    assert gap.right == 'apiGroups: [""], resources: ["secrets"], verbs: ["get"]'
    assert "drift-audit-kubeconfigs" in gap.remedy
    assert "workload.read: none" in gap.remedy


def test_kinds_that_a_server_does_not_know_are_gaps_and_cost_no_other(world: World, proxied: FaultProxy) -> None:
    populate(world)
    unknown = status(500, "InternalError", "unknown resource")
    for path_ends in ("/events", "/certificatesigningrequests"):
        proxied.spoil(unknown, path_ends=path_ends)
    proxied.spoil(status(404, "NotFound"), path_ends="/version")

    view = world.workload()

    assert view.reach is Reach.REACHED
    assert view.listed == ALL_KINDS - {"Event", "CertificateSigningRequest"}
    assert {gap.scope.rpartition("/")[2] for gap in view.gaps} == {"Event", "CertificateSigningRequest"}
    assert ObjectKey("", "Node", "", "node-a") in view.objects
    assert view.server_version == ""


def test_half_a_list_counts_what_it_has_and_proves_no_absence(world: World, proxied: FaultProxy) -> None:
    populate(world)
    proxied.spoil(status(500, "InternalError"), path_ends="/pods", when=lambda asked: asked.is_continued)

    view = world.workload()

    [gap] = view.gaps
    assert "Pod" not in view.listed
    assert sum(view.pods.values()) >= 1
    assert gap.status is ScopeStatus.PARTIAL


def test_a_server_that_hangs_costs_its_own_deadline_and_no_more(world: World, proxied: FaultProxy) -> None:
    proxied.spoil(delayed(60))
    began = now()

    view = world.workload(workload=WorkloadSettings(timeout_seconds=30, deadline_seconds=2))

    assert now() - began < timedelta(seconds=10)
    assert view.reach is Reach.NO_CONNECTION


@pytest.mark.parametrize(
    ("read", "suspicious", "looked"),
    [
        (WorkloadRead.NONE, True, False),
        (WorkloadRead.ALL, False, True),
        (WorkloadRead.SUSPECTS, False, False),
    ],
)
def test_the_configuration_says_which_clusters_are_looked_into(
    world: World, read: WorkloadRead, suspicious: bool, looked: bool
) -> None:
    world.put_kubeconfig(world.kubeconfig_of())
    suspicion = world.suspicion() if suspicious else Suspicion()

    views = world.looker(workload=WorkloadSettings(read=read)).at(world.views(), suspicion)

    secrets = [request for request in world.rig.auditor_requests() if "/secrets/" in request]
    assert len(views.workloads) == len(secrets) == int(looked)
    assert MGMT in {view.management_cluster for view in views.suspects} or not (suspicious or looked)
