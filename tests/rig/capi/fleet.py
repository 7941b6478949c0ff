"""A fleet of real clusters: declared in Git, applied as Flux applies it, brought up by Cluster API's own controllers.

fleet.add(LiveCluster(name="prod-1"))
fleet.await_available("prod-1")
fleet.change("prod-1", workers=3)
fleet.remove("prod-1")
"""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import urllib3
import yaml

from drift_audit.clock import stamp
from tests.rig.capi.controllers import Controllers
from tests.rig.capi.declared import CONTROL_PLANE, CORE, LiveCluster, StartUp, class_objects, declared_objects
from tests.rig.client import Json, RigClient, reference
from tests.rig.git_repo import GitRepo
from tests.rig.management_cluster import ManagementCluster
from tests.rig.manifests import text_of

FLUX = "kustomize.toolkit.fluxcd.io"
SOURCE = "source.toolkit.fluxcd.io"
REPOSITORY = "ssh://git@git.example.com/acme/fleet.git"
_LOOK_EVERY_SECONDS = 0.25
AVAILABLE_WITHIN_SECONDS = 240.0
GONE_WITHIN_SECONDS = 120.0


@dataclass(slots=True, kw_only=True)
class LiveFleet:
    """One namespace of clusters, its Git repository, and the controllers that keep them."""

    management_cluster: ManagementCluster
    controllers: Controllers
    repo: GitRepo
    name: str = "fleet"
    path: str = "clusters"
    """What Flux applies and the audit reads."""
    clusters: dict[str, LiveCluster] = field(default_factory=dict)
    _declared: dict[str, list[Json]] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return self.management_cluster.namespace

    @property
    def client(self) -> RigClient:
        """The rig's own client, which may do everything."""
        return self.management_cluster.client

    def declare_class(
        self, name: str = "in-memory", *, start_up: StartUp | None = None, patches: list[Json] | None = None
    ) -> None:
        """Declares a ClusterClass and its templates in Git and applies them."""
        self._deliver(f"class-{name}", class_objects(name, self.namespace, start_up or StartUp(), patches))

    def add(self, cluster: LiveCluster) -> None:
        """Declares the cluster in Git and applies it; nothing is waited for."""
        placed = replace(cluster, namespace=cluster.namespace or self.namespace)
        self.clusters[cluster.name] = placed
        self._deliver(cluster.name, declared_objects(placed))

    def change(self, name: str, **fields: Any) -> None:
        """Declares the cluster anew with other fields. Templates that are no longer referred to stay in Git."""
        self.add(replace(self.clusters[name], **fields))

    def remove(self, name: str) -> None:
        """Takes the cluster out of Git, deletes the Cluster as owners are told to, and waits until nothing is left."""
        cluster = self.clusters.pop(name)
        self._declared.pop(name)
        self.repo.commit({f"{self.path}/{name}.yaml": None}, f"Remove {name}", date=datetime.now(UTC))
        self.management_cluster.gitops.delete(reference(CORE, "Cluster", name, cluster.namespace))
        self.deliver()
        self.await_that(f"Cluster {name} gone", lambda: not self.remains(), within=GONE_WITHIN_SECONDS)

    @staticmethod
    def now() -> str:
        """This moment as Kubernetes writes it."""
        return stamp(datetime.now(UTC))

    def cluster(self, name: str) -> Json:
        return self.get("Cluster", name)

    def get(self, kind: str, name: str, api_version: str = CORE) -> Json:
        return self.client.get(reference(api_version, kind, name, self.namespace))

    def objects(self, kind: str, cluster: str = "", api_version: str = CORE) -> list[Json]:
        """The objects of that kind in the fleet's namespace, of one cluster or of all."""
        label = f"{CORE.partition('/')[0]}/cluster-name"
        found = self.client.list(api_version, kind, self.namespace)
        return [item for item in found if not cluster or item["metadata"].get("labels", {}).get(label) == cluster]

    def machines(self, cluster: str, *, control_plane: bool = False) -> list[Json]:
        """The Machines of the control plane, or those of the workers, oldest first."""
        role = f"{CORE.partition('/')[0]}/control-plane"
        found = [
            item for item in self.objects("Machine", cluster) if (role in item["metadata"]["labels"]) is control_plane
        ]
        return sorted(found, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))

    def workload(self, cluster: str) -> RigClient:
        """A client of the fake workload API server, made from the kubeconfig Secret; it may do everything there."""
        secret = self.client.get(reference("v1", "Secret", f"{cluster}-kubeconfig", self.namespace))
        kubeconfig = yaml.safe_load(base64.b64decode(secret["data"]["value"]))
        (target,) = (entry["cluster"] for entry in kubeconfig["clusters"])
        with tempfile.NamedTemporaryFile(suffix=".crt") as authority:
            authority.write(base64.b64decode(target["certificate-authority-data"]))
            authority.flush()
            pool = urllib3.PoolManager(ca_certs=authority.name, retries=False, timeout=10.0)
            # The file is read with the first connection.
            pool.request("GET", target["server"] + "/api")
        return RigClient(pool=pool, url=target["server"])

    def await_available(self, name: str, *, within: float = AVAILABLE_WITHIN_SECONDS) -> float:
        """Seconds until the Cluster said Available and every wanted Machine ran and was up to date."""
        began = time.monotonic()
        self.await_that(f"Cluster {name} available", lambda: self.settled(name), within=within)
        return time.monotonic() - began

    def settled(self, name: str) -> bool:
        """Whether the Cluster is Available and every wanted Machine runs, is up to date, and is the only one there."""
        wanted, cluster = self.clusters[name], self.cluster(name)
        topology = cluster["spec"].get("topology") is not None
        if not _says(cluster, {"Available": "True", **({"TopologyReconciled": "True"} if topology else {})}):
            return False
        control_plane = self.get("KubeadmControlPlane", cluster["spec"]["controlPlaneRef"]["name"], CONTROL_PLANE)
        owners = [(control_plane, wanted.control_planes, wanted.version)]
        for deployment in self.objects("MachineDeployment", name):
            owners.append((deployment, wanted.workers, wanted.worker_version or wanted.version))
        machines = [*self.machines(name), *self.machines(name, control_plane=True)]
        return (
            all(_is_calm(owner, replicas, version) for owner, replicas, version in owners)
            and all(map(_misses_no_machine, (cluster, control_plane, *self.objects("MachineDeployment", name))))
            and all(map(_misses_no_machine, self.objects("MachineSet", name)))
            and len(machines) == sum(replicas for _, replicas, _ in owners)
            and all(machine["status"].get("phase") == "Running" for machine in machines)
            and not any(machine["metadata"].get("deletionTimestamp") for machine in machines)
        )

    def await_condition(
        self,
        target: Json,
        kind: str,
        status: str,
        reason: str = "",
        *,
        says: str = "",
        deprecated: bool = False,
        within: float = 90.0,
    ) -> Json:
        """The condition as soon as it has that status, that reason and those words, where they are given.

        With `deprecated` it is looked for among the conditions in the style of v1beta1.
        """
        found: list[Json] = []

        def holds() -> bool:
            status_now = self.client.get(target).get("status", {})
            condition = condition_of(deprecated_status(status_now) if deprecated else status_now, kind)
            found[:] = [condition]
            return (
                condition.get("status") == status
                and reason in ("", condition.get("reason"))
                and says in condition.get("message", "")
            )

        name = f"{target['kind']}/{target['metadata']['name']}"
        self.await_that(f"{name} {kind}={status} {reason} {says}", holds, within=within, seen=lambda: found)
        return found[0]

    def await_that(
        self, what: str, holds: Callable[[], bool], *, within: float = 90.0, seen: Callable[[], object] = lambda: None
    ) -> None:
        """Returns as soon as it holds; raises `TimeoutError` with what is not well in the namespace."""
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"not within {within:.0f} s: {what}\nseen: {seen()}\n" + "\n".join(self.complaints())
                )
            time.sleep(_LOOK_EVERY_SECONDS)

    def complaints(self) -> list[str]:
        """Every condition of the core kinds that says something, one line each: for the text of a failing test."""
        lines = []
        for kind in ("Cluster", "MachineDeployment", "MachineSet", "Machine"):
            for item in self.objects(kind):
                for condition in item.get("status", {}).get("conditions", []):
                    if condition.get("message"):
                        words = " ".join(str(condition["message"]).split())
                        title = f"{kind}/{item['metadata']['name']}"
                        lines.append(
                            f"{title} {condition['type']}={condition['status']} {condition['reason']}: {words}"
                        )
        return lines

    def remains(self) -> list[str]:
        """`Kind/name` of every object of Cluster API, and every Secret of a cluster, except what belongs to a class."""
        kept = {
            (item["kind"], item["metadata"]["name"])
            for name, objects in self._declared.items()
            if name not in self.clusters and name.startswith("class-")
            for item in objects
        }
        places = [("v1", "Secret"), *_cluster_api_kinds(self.client)]
        standing = set(self.clusters)
        return [
            f"{kind}/{item['metadata']['name']}"
            for version, kind in places
            for item in self.client.list(version, kind, self.namespace, metadata_only=True)
            if (kind, item["metadata"]["name"]) not in kept and not _belongs_to(item, standing)
        ]

    def deliver(self, *, suspend: bool = False) -> Json:
        """Writes the GitRepository and the Kustomization with the status of a finished run at the head; the latter."""
        client, now = self.client.as_manager("flux"), stamp(datetime.now(UTC))
        source_spec = {"interval": "1m0s", "url": REPOSITORY, "ref": {"branch": "main"}}
        source = {**reference(f"{SOURCE}/v1", "GitRepository", self.name, self.namespace), "spec": source_spec}
        spec = {
            "interval": "10m0s",
            "path": f"./{self.path}",
            "prune": True,
            "suspend": suspend,
            "sourceRef": {"kind": "GitRepository", "name": self.name},
        }
        kustomization = {**reference(f"{FLUX}/v1", "Kustomization", self.name, self.namespace), "spec": spec}
        revision = f"main@sha1:{self.repo.head}"
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "ReconciliationSucceeded",
            "message": f"Applied revision: {revision}",
            "lastTransitionTime": now,
        }
        entries = [_inventory_entry(item) for objects in self._declared.values() for item in objects]
        flux = self.management_cluster.gitops
        flux.status(client.apply(source), {"conditions": [ready], "observedGeneration": 1})
        status = {
            "conditions": [ready],
            "observedGeneration": 1,
            "lastAppliedRevision": revision,
            "lastAttemptedRevision": revision,
            "inventory": {"entries": entries},
        }
        return flux.status(client.apply(kustomization), status)

    def _deliver(self, name: str, objects: Sequence[Json]) -> None:
        """Commits the objects and applies them; templates that stood there before stay."""
        named = {(item["kind"], item["metadata"]["name"]) for item in objects}
        older = [
            item
            for item in self._declared.get(name, [])
            if item["kind"].endswith("Template") and (item["kind"], item["metadata"]["name"]) not in named
        ]
        declared = self._declared[name] = [*older, *objects]
        self.repo.commit({f"{self.path}/{name}.yaml": text_of(*declared)}, f"Declare {name}", date=datetime.now(UTC))
        for item in objects:
            self.apply(item)
        self.deliver()

    def apply(self, declared: Json) -> Json:
        """Server-side apply as Flux's kustomize-controller, with its owner labels."""
        owner = {f"{FLUX}/name": self.name, f"{FLUX}/namespace": self.namespace}
        metadata = declared["metadata"]
        marked = {**declared, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **owner}}}
        return self.management_cluster.gitops.apply(marked)


def condition_of(status: Json, kind: str) -> Json:
    """The condition of that type, or an empty object."""
    found: Json = next((item for item in status.get("conditions", []) if item["type"] == kind), {})
    return found


def deprecated_status(status: Json) -> Json:
    """The part of a status that holds the conditions in the style of v1beta1."""
    found: Json = status.get("deprecated", {}).get("v1beta1", {})
    return found


def _says(item: Json, wanted: Mapping[str, str]) -> bool:
    """Whether the conditions have these statuses, and were written for the object as it is now."""
    conditions = [(condition_of(item.get("status", {}), kind), status) for kind, status in wanted.items()]
    generation = item["metadata"]["generation"]
    return all(
        found.get("status") == status and found.get("observedGeneration") == generation for found, status in conditions
    )


def _misses_no_machine(owner: Json) -> bool:
    """Whether no condition speaks of a Machine that is not ready, or that has gone meanwhile."""
    return all(
        condition["status"] == "True"
        for condition in owner.get("status", {}).get("conditions", [])
        if condition["type"].endswith("MachinesReady")
    )


def _is_calm(owner: Json, replicas: int, version: str) -> bool:
    """Whether a control plane or MachineDeployment has what it shall have and changes nothing."""
    spec, status = owner["spec"], owner.get("status", {})
    declared_version = spec.get("version") or spec["template"]["spec"].get("version")
    counts = ("replicas", "readyReplicas", "upToDateReplicas", "availableReplicas")
    return (
        status.get("observedGeneration") == owner["metadata"]["generation"]
        and _says(owner, {"RollingOut": "False", "ScalingUp": "False", "ScalingDown": "False", "Available": "True"})
        and spec["replicas"] == replicas
        and declared_version == version
        and all(status.get(count, 0) == replicas for count in counts)
    )


def _cluster_api_kinds(client: RigClient) -> list[tuple[str, str]]:
    return [
        (version, served.kind)
        for version in client.preferred_versions()
        if version.partition("/")[0].endswith(CORE.partition("/")[0])
        for served in client.served_kinds(version).values()
        if served.namespaced
    ]


def _belongs_to(item: Json, clusters: set[str]) -> bool:
    """By its label or, as declared templates have none, by how its name begins."""
    name, labels = item["metadata"]["name"], item["metadata"].get("labels", {})
    label = f"{CORE.partition('/')[0]}/cluster-name"
    return labels.get(label) in clusters or any(name == each or name.startswith(f"{each}-") for each in clusters)


def _inventory_entry(item: Json) -> Json:
    group, _, version = item["apiVersion"].rpartition("/")
    metadata = item["metadata"]
    return {"id": f"{metadata['namespace']}_{metadata['name']}_{group}_{item['kind']}", "v": version}
