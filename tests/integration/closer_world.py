"""A management cluster with one unwell Cluster, and a workload cluster behind its kubeconfig Secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from drift_audit.clock import now
from drift_audit.collect.closer import CloserLook
from drift_audit.collect.in_time import Allowance
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import Config, ManagementClusterSettings, WorkloadSettings
from drift_audit.model.health import Suspicion
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView, SuspectView, Views, WorkloadView
from tests.rig.certificates import PemPair
from tests.rig.client import Json, RigClient
from tests.rig.identities import HUMAN, reads_kubeconfigs
from tests.rig.management_cluster import ManagementCluster, delete_now

MGMT = "prod"
CORE = "cluster.x-k8s.io"


def kubeconfig_text(
    server: str, authority: bytes, pair: PemPair | None = None, *, cluster: Json | None = None, **user: Any
) -> bytes:
    """A kubeconfig as Cluster API writes it (CAPI util/kubeconfig); `user` and `cluster` add to its entries."""
    entry = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode(), **(cluster or {})}
    if pair is not None:
        user["client-certificate-data"] = base64.b64encode(pair.certificate).decode()
        user["client-key-data"] = base64.b64encode(pair.key).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one-admin@one",
        "clusters": [{"name": "one", "cluster": entry}],
        "users": [{"name": "one-admin", "user": user}],
        "contexts": [{"name": "one-admin@one", "context": {"cluster": "one", "user": "one-admin"}}],
    }
    return json.dumps(document).encode()


@dataclass(kw_only=True)
class World:
    """What a test looks closer at."""

    rig: ManagementCluster
    folder: Path
    made: list[Json] = field(default_factory=list)

    @property
    def client(self) -> RigClient:
        return self.rig.client

    @property
    def namespace(self) -> str:
        return self.rig.namespace

    @property
    def cluster(self) -> ClusterKey:
        return ClusterKey(MGMT, self.namespace, "one")

    @property
    def objects(self) -> list[CapiObject]:
        """The Cluster, whose control plane came up once, and a Machine of it."""
        return [
            self.live("Cluster", "one", {"initialization": {"controlPlaneInitialized": True}}),
            self.live("Machine", "one-md-0-1", {"phase": "Provisioned"}, uid="uid-of-now"),
        ]

    def live(self, kind: str, name: str, status: Json, *, uid: str = "") -> CapiObject:
        metadata = {"name": name, "namespace": self.namespace, "uid": uid, "labels": {f"{CORE}/cluster-name": "one"}}
        body: Json = {"apiVersion": f"{CORE}/v1beta2", "kind": kind, "metadata": metadata, "status": status}
        return CapiObject(api_version=f"{CORE}/v1beta2", kind=kind, namespace=self.namespace, name=name, raw=body)

    def views(self, *objects: CapiObject) -> Views:
        held = {live.key: live for live in objects or self.objects}
        return Views(clusters=(ClusterView(management_cluster=MGMT, server_version="", objects=held),))

    def suspicion(self, *more: ObjectKey) -> Suspicion:
        keys = frozenset({*(live.key for live in self.objects), *more})
        return Suspicion(objects={MGMT: keys}, clusters=frozenset({self.cluster}))

    def make(self, *targets: Json) -> list[Json]:
        """Creates the objects, their status too; they are removed after the test."""
        created = []
        for target in targets:
            self.made.append(target)
            created.append(self.client.create(target))
            if "status" in target:
                self.client.status(target)
        return created

    def put_kubeconfig(self, content: bytes, *, key: str = "value") -> None:
        metadata = {"name": "one-kubeconfig", "namespace": self.namespace}
        data = {key: base64.b64encode(content).decode()}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": f"{CORE}/secret", "data": data}
        self.make(secret)

    def let_read_kubeconfigs(self) -> None:
        self.client.apply(reads_kubeconfigs(self.namespace), "rig")

    def kubeconfig_of(self, user: str = HUMAN.user, groups: tuple[str, ...] = HUMAN.groups, **how: Any) -> bytes:
        """Of the rig's own API server."""
        authority = self.rig.server.authority
        pair = authority.client(user, groups, **how)
        return kubeconfig_text(self.rig.server.url, authority.certificate, pair)

    def config(
        self, *, kubeconfig: Path | None = None, workload: WorkloadSettings | None = None, **more: Any
    ) -> Config:
        context = self.rig.context if kubeconfig is None else ""
        settings = ManagementClusterSettings(
            name=MGMT,
            kubeconfig=str(kubeconfig or self.rig.kubeconfig),
            timeout_seconds=5,
            deadline_seconds=60,
            namespaces=(self.namespace,),
            context=context,
        )
        logs = more.pop("controller_logs", ())
        return Config(
            management_clusters=(replace(settings, controller_logs=logs),),
            workload=workload or WorkloadSettings(timeout_seconds=2, deadline_seconds=20, page_size=2),
            masking_key="rig",
            **more,
        )

    def looker(self, **config: Any) -> CloserLook:
        return CloserLook(
            config=self.config(**config),
            base_dir=self.folder,
            masker=Masker("rig"),
            progress=lambda step: None,
            clock=now,
            allowance=Allowance(60),
        )

    def look(self, *objects: CapiObject, suspicion: Suspicion | None = None, **config: Any) -> Views:
        return self.looker(**config).at(self.views(*objects), suspicion or self.suspicion())

    def workload(self, **config: Any) -> WorkloadView:
        [view] = self.look(**config).workloads
        return view

    def beside(self, **config: Any) -> SuspectView:
        [view] = self.look(**config).suspects
        return view


@contextmanager
def closer_world(rig: ManagementCluster, folder: Path) -> Iterator[World]:
    world = World(rig=rig, folder=folder)
    try:
        yield world
    finally:
        for target in reversed(world.made):
            delete_now(rig.client, target)
