"""Control planes that fail, and a management plane that does: what KCP, CABPK and the API server write.

Sources: CAPI v1.14.0 controlplane/kubeadm/internal/workload_cluster_conditions.go, controlplane/kubeadm/reconcilers/
kubeadmcontrolplane/status.go, bootstrap/kubeadm/reconcilers/kubeadmconfig, core/reconcilers/machineset;
k8s.io/apiserver admission/plugin/webhook/errors.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from drift_audit.model.findings import Certainty
from tests.e2e.written_fleet import Written
from tests.e2e.written_machines import echo, lose, pending, unborn
from tests.e2e.written_row import Row
from tests.e2e.written_words import condition, no, unknown
from tests.integration.closer_world import kubeconfig_text
from tests.rig.client import Json, reference
from tests.rig.controllers import INFRA
from tests.rig.fault_proxy import proxy_before
from tests.rig.fleet import Workload
from tests.rig.identities import HUMAN
from tests.rig.upstreams import api_server

HOOK = "default.machine.cluster.x-k8s.io"
THREE = Workload(name="prod-1", control_planes=3)
PROVIDER = {"cluster.x-k8s.io/provider": "infrastructure-aws"}


def _quorum(written: Written) -> Sequence[str]:
    """Two of three members do not answer; the API server still reads from the third."""
    told = "Failed to connect to etcd: failed to get etcd status: context deadline exceeded"
    for name in written.heads[1:]:
        written.say_machine(
            name,
            unknown("EtcdMemberHealthy", "InspectionFailed", told),
            unknown("EtcdPodHealthy", "InspectionFailed", "Failed to get Pod"),
        )
    names = ", ".join(written.heads[1:])
    lost = "1 of 3 etcd members is healthy, at least 2 healthy member required for etcd quorum"
    written.say_above(
        written.control_plane,
        no("Available", "NotAvailable", f"* {lost}"),
        no("EtcdClusterHealthy", "NotHealthy", f"* Machines {names}:\n  * EtcdMemberHealthy: {told}"),
    )
    return [written.control_plane["metadata"]["name"]]


def _alarm(written: Written) -> Sequence[str]:
    name, told = written.heads[0], "Etcd reports alarms: NOSPACE"
    written.say_machine(name, no("EtcdMemberHealthy", "NotHealthy", told))
    echo = f"* Machine {name}:\n  * EtcdMemberHealthy: {told}"
    written.say_above(written.control_plane, no("EtcdClusterHealthy", "NotHealthy", echo))
    return [name]


def _image_pull(written: Written) -> Sequence[str]:
    """A registry that is not reached: the scheduler's static Pod does not start."""
    name, told = written.heads[0], "Waiting to start kube-scheduler: ErrImagePull"
    written.say_machine(name, no("SchedulerPodHealthy", "Failed", told))
    echo = f"* Machine {name}:\n  * SchedulerPodHealthy: {told}"
    written.say_above(written.control_plane, no("ControlPlaneComponentsHealthy", "NotHealthy", echo))
    return [name]


def _cut_off(written: Written) -> None:
    """The core controller has lost its connection: what it says of Nodes is old."""
    ago = written.before(31)
    told, last = f"Remote connection probe failed, probe last succeeded at {ago}", f"Last successful probe at {ago}"
    written.say_above(
        written.cluster_object,
        no("Available", "NotAvailable", f"* RemoteConnectionProbe: {told}"),
        no("RemoteConnectionProbe", "ProbeFailed", told),
        *(unknown(f"{kind}Available", "NotAvailable", last, 26) for kind in ("ControlPlane", "Workers")),
    )
    for name in written.machines:
        lost = [unknown(kind, "ConnectionDown", last, 26) for kind in ("NodeReady", "NodeHealthy")]
        echo = [unknown(kind, "ReadyUnknown", f"* NodeHealthy: {last}", 26) for kind in ("Ready", "Available")]
        written.say_machine(name, *echo, *lost)
    etcd = [
        unknown(kind, "ConnectionDown", last, 26) for kind in ("EtcdClusterHealthy", "ControlPlaneComponentsHealthy")
    ]
    written.say_above(written.control_plane, *etcd, unknown("Available", "NotAvailable", last, 26))


def _no_answer(written: Written) -> Sequence[str]:
    authority = written.fleet.management_cluster.server.authority
    pair = authority.client(HUMAN.user, HUMAN.groups)
    written.put_kubeconfig(kubeconfig_text("https://127.0.0.1:1", authority.certificate, pair))
    _cut_off(written)
    return [written.cluster]


def _no_kubeconfig(written: Written) -> Sequence[str]:
    written.client.delete(reference("v1", "Secret", f"{written.cluster}-kubeconfig", written.namespace))
    _cut_off(written)
    return [written.cluster]


def _expired(written: Written) -> Sequence[str]:
    """kubeadm's certificates live for a year, and nobody rolled the control plane out."""
    server = written.fleet.management_cluster.server
    pair = server.authority.server(expired=True)
    file = written.fleet.folder / "expired.pem"
    file.write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    proxy = written.while_open(proxy_before(api_server(server.client(HUMAN)), context))
    client = server.authority.client(HUMAN.user, HUMAN.groups)
    written.put_kubeconfig(kubeconfig_text(proxy.url, server.authority.certificate, client))
    _cut_off(written)
    return [written.cluster]


def _no_file(written: Written) -> Sequence[str]:
    """Somebody deleted the Secret that bootstrap data of new Machines is made of."""
    told = "Failed to prepare spec.files: failed to resolve file source: secret not found: "
    told += f'{written.namespace}/registry-mirror: Secret "registry-mirror" not found'
    for name in written.workers:
        pending(written, name, told)
    echo(written, written.workers, f"* BootstrapConfigReady: {told}")
    return written.workers


def _webhook(written: Written) -> Sequence[str]:
    """cert-manager has not renewed the certificate: no Machine can be created."""
    lost = lose(written, written.workers[0])
    url = "https://capi-webhook-service.capi-system.svc:443/mutate-cluster-x-k8s-io-v1beta2-machine?timeout=10s"
    why = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time "
    why += f"{written.before(10)} is after {written.before(60)}"
    told = f'Internal error occurred: failed calling webhook "{HOOK}": failed to call webhook: Post "{url}": {why}'
    count = len(written.workers)
    scaling = f"Scaling up from {count - 1} to {count} replicas"
    written.say_above(written.set_, condition("ScalingUp", "True", "ScalingUp", scaling, 30))
    written.say_above(written.deployment, condition("ScalingUp", "True", "ScalingUp", scaling, 30))
    written.event(written.set_, "FailedCreate", f'Failed to create machine "{lost}": {told}', count=40)
    return [written.configuration_of(HOOK)]


def _no_leader(written: Written) -> Sequence[str]:
    """The provider's controller runs, and nobody renews its lease: a new Machine stays as it was written."""
    manager, namespace = "capa-controller-manager", written.namespace
    labels = {**PROVIDER, "control-plane": "capa-controller-manager"}
    containers = [{"name": "manager", "image": "capa:v2.13.0", "args": ["--leader-elect"]}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    running = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}
    deployment: Json = reference("apps/v1", "Deployment", manager, namespace)
    deployment["metadata"]["labels"] = PROVIDER
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    status = {"replicas": 1, "availableReplicas": 1, "readyReplicas": 1, "conditions": [running]}
    holder = {"holderIdentity": "capa_1", "leaseDurationSeconds": 15}
    lease = reference("coordination.k8s.io/v1", "Lease", "controller-leader-elect-capa", namespace)
    renewed = written.before(40).replace("Z", ".000000Z")
    written.inside({**deployment, "spec": spec, "status": status}, {**lease, "spec": {**holder, "renewTime": renewed}})
    name = written.workers[0]
    unborn(written, [name], "", since=30, reason="WaitingForInfrastructure")
    written.client.status(written.named(INFRA, "AWSMachine", name), {"conditions": None, "ready": None})
    return [manager]


PLANES: Sequence[Row] = (
    Row(
        "Two of three members of etcd do not answer",
        "CP-QUORUM",
        "KubeadmControlPlane",
        _quorum,
        workload=THREE,
        evidence="1 of 3 etcd members is healthy",
    ),
    Row("etcd is full", "CP-ETCD-ALARM", "Machine", _alarm, evidence="NOSPACE"),
    Row(
        "The image of a control-plane component cannot be pulled",
        "NODE-IMAGE-PULL",
        "Machine",
        _image_pull,
        evidence="ErrImagePull",
    ),
    Row(
        "The API server of a workload cluster does not answer",
        "CP-UNREACHABLE",
        "Cluster",
        _no_answer,
        certainty=Certainty.HIGH,
    ),
    Row(
        "The kubeconfig Secret of a cluster is gone",
        "CP-KUBECONFIG",
        "Cluster",
        _no_kubeconfig,
        evidence="there is no Secret",
        certainty=Certainty.HIGH,
    ),
    Row(
        "The certificate of an API server has expired",
        "CP-CERT-EXPIRED",
        "Cluster",
        _expired,
        evidence="expired",
        certainty=Certainty.HIGH,
    ),
    Row(
        "A Secret that bootstrap data is made of is gone",
        "BOOT-FILES",
        "KubeadmConfig",
        _no_file,
        evidence="registry-mirror",
    ),
    Row(
        "The certificate of the webhook for Machines has expired",
        "MGMT-WEBHOOK-CERT",
        "MutatingWebhookConfiguration",
        _webhook,
        evidence="certificate has expired",
    ),
    Row(
        "Nobody renews the lease of the provider's controller",
        "MGMT-CONTROLLER-STALLED",
        "Deployment",
        _no_leader,
    ),
)
