"""What one test gets of a shared API server, and how the server is emptied after it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig.apiserver import ApiServer, running_api_server
from tests.rig.client import ApiRefused, Json, RigClient, reference
from tests.rig.crds import EVERYTHING, EVERYTHING_V1BETA1, install_crds, load_crds
from tests.rig.identities import ADMIN, AUDITOR, GITOPS, HUMAN, Identity
from tests.rig.webhooks import ADMISSION_LABEL, install_admission, running_webhooks, with_conversion

_PARALLEL = 8
_OTHER_KINDS = (
    *(("v1", kind) for kind in ("ConfigMap", "Secret", "Event", "ServiceAccount", "Service")),
    *(("apps/v1", kind) for kind in ("Deployment", "DaemonSet")),
    *(("rbac.authorization.k8s.io/v1", kind) for kind in ("Role", "RoleBinding")),
)
"""What tests may put beside the objects of the installed CRDs."""
_EMPTIED_GROUPS = ("cluster.x-k8s.io", "fluxcd.io", "argoproj.io")
_counter = itertools.count(1)


@dataclass(slots=True, kw_only=True)
class ManagementCluster:
    """An API server with nothing in it but CRDs and one fresh namespace."""

    name: str
    server: ApiServer
    namespace: str
    """A namespace that no other test has used."""
    audited_before: int
    _namespaces: list[str] = field(default_factory=list)

    @property
    def client(self) -> RigClient:
        """The rig's own client, which may do everything."""
        return self.server.admin

    @property
    def human(self) -> RigClient:
        """Alice's client: cluster-admin, but a person."""
        return self.server.client(HUMAN)

    @property
    def gitops(self) -> RigClient:
        """The client of Flux' kustomize-controller, under its field manager."""
        return self.server.client(GITOPS).as_manager("kustomize-controller")

    @property
    def context(self) -> str:
        """The context's name in every kubeconfig file."""
        return self.name

    @property
    def kubeconfig(self) -> Path:
        """The auditor's kubeconfig: get, list and watch only."""
        return self.kubeconfig_of(AUDITOR)

    @property
    def admin_kubeconfig(self) -> Path:
        return self.kubeconfig_of(ADMIN)

    @property
    def human_kubeconfig(self) -> Path:
        return self.kubeconfig_of(HUMAN)

    def kubeconfig_of(self, identity: Identity) -> Path:
        return self.server.kubeconfig(identity, context=self.name)

    def new_namespace(self, stem: str = "fleet", *, admission: bool = False) -> str:
        """The name of one more fresh namespace; see `make_namespace`."""
        return self.make_namespace(f"{stem}-{next(_counter)}", admission=admission)

    def make_namespace(self, name: str, *, admission: bool = False) -> str:
        """A namespace of exactly that name, removed after the test.

        With `admission`, Cluster API's own webhooks default and validate what is written to it.
        """
        labels = {ADMISSION_LABEL: "true"} if admission else {}
        self.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        self._namespaces.append(name)
        return name

    def auditor_requests(self) -> list[str]:
        """`verb uri` of everything that auditors asked since this test began."""
        return [f"{entry.verb} {entry.uri}" for entry in self.server.audited(skip=self.audited_before)]


@contextmanager
def running_management_cluster(directory: Path) -> Iterator[ApiServer]:
    """An API server with all CRDs and with Cluster API's webhooks, ready for `fresh_management_cluster`."""
    with running_api_server(directory) as server, running_webhooks(server) as webhooks:
        install_crds(server.admin, with_conversion(load_crds(EVERYTHING), webhooks))
        install_admission(server.admin, webhooks)
        yield server


@contextmanager
def running_older_management_cluster(directory: Path) -> Iterator[ApiServer]:
    """An API server whose core kinds are served as v1beta1 only (Cluster API 1.10); no webhooks run."""
    with running_api_server(directory) as server:
        install_crds(server.admin, load_crds(EVERYTHING_V1BETA1))
        yield server


@contextmanager
def fresh_management_cluster(server: ApiServer, name: str = "mgmt") -> Iterator[ManagementCluster]:
    """A management cluster for one test; whatever any client left in it is removed afterwards."""
    cluster = ManagementCluster(name=name, server=server, namespace="", audited_before=len(server.audited()))
    cluster.namespace = cluster.new_namespace()
    try:
        yield cluster
    finally:
        empty(server.admin, tuple(cluster._namespaces))


def empty(client: RigClient, namespaces: tuple[str, ...] = ()) -> None:
    """Deletes every object of the installed CRDs and what else the given namespaces hold, finalizers or not.

    No kube-controller-manager runs here: nothing else would collect what is left of a namespace.
    """
    with ThreadPoolExecutor(_PARALLEL) as workers:
        # Without the label no webhook can refuse what follows.
        unlabelled = {"metadata": {"labels": {ADMISSION_LABEL: None}}}
        list(workers.map(lambda name: client.merge_patch(reference("v1", "Namespace", name), unlabelled), namespaces))
        places = [(*kind, namespace) for kind in _OTHER_KINDS for namespace in namespaces]
        list(workers.map(lambda place: _delete_all(client, *place), [*_emptied_kinds(client), *places]))
        list(workers.map(lambda name: _remove_namespace(client, name), namespaces))


def _emptied_kinds(client: RigClient) -> list[tuple[str, str]]:
    """Each once, in a version that has it: CAPZ and CAPG serve theirs in another than CAPA, in the same group."""
    found: dict[tuple[str, str], str] = {}
    for version in client.versions():
        group = version.partition("/")[0]
        if group.endswith(_EMPTIED_GROUPS):
            for served in client.served_kinds(version).values():
                found.setdefault((group, served.kind), version)
    return [(version, kind) for (_, kind), version in found.items()]


def _delete_all(client: RigClient, api_version: str, kind: str, namespace: str = "") -> None:
    for item in client.list(api_version, kind, namespace, metadata_only=True):
        delete_now(client, item)


def delete_now(client: RigClient, target: Json) -> None:
    """Removes one object although it has finalizers; nothing happens if it is gone already."""
    try:
        if target["metadata"].get("finalizers"):
            client.merge_patch(target, {"metadata": {"finalizers": None}})
        client.delete(target, gracePeriodSeconds=0, propagationPolicy="Background")
    except ApiRefused as refusal:
        if refusal.status != 404:
            raise


def _remove_namespace(client: RigClient, name: str) -> None:
    namespace = reference("v1", "Namespace", name)
    client.delete(namespace)
    terminating = client.find(namespace)
    if terminating:
        client.raw("PUT", client.path(namespace, "finalize"), {**terminating, "spec": {"finalizers": []}})
