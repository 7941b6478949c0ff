"""What the management clusters say about Google Cloud: clusters with their network, machines with their instance.

Everything later stages ask about a CAPI object is found out here, once, from the objects alone.
Source: CAPG v1.13.1 cloud/scope/cluster.go, cloud/scope/machine.go, cloud/providerid/providerid.go.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from drift_audit.clock import moment
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject, remembered
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit.model.views import ClusterView

Answer = TypeVar("Answer")

CORE = "cluster.x-k8s.io"
INFRASTRUCTURE = "infrastructure.cluster.x-k8s.io"
CLUSTER_NAME_LABEL = "cluster.x-k8s.io/cluster-name"
CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"
PAUSED_ANNOTATION = "cluster.x-k8s.io/paused"
EXTERNALLY_MANAGED_ANNOTATION = "cluster.x-k8s.io/managed-by"

SYNC_MINUTES = 10
"""CAPG's `--sync-period` (main.go)."""
SETTLING = timedelta(minutes=SYNC_MINUTES)

_GROUPS = frozenset({CORE, INFRASTRUCTURE})
_PROVIDER_ID = re.compile(r"gce://([^/]+)/([^/]+)/([^/]+)\Z")


@dataclass(frozen=True, kw_only=True)
class GcpCluster:
    """One workload cluster on Compute Engine: its Cluster and its GCPCluster."""

    key: ClusterKey
    cluster: CapiObject
    infra: CapiObject
    _answers: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def ask(self, question: Callable[[GcpCluster], Answer]) -> Answer:
        """The answer of a function of the cluster, found once for all that is compared with it."""
        if question not in self._answers:
            self._answers[question] = question(self)
        found: Answer = self._answers[question]
        return found

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def project(self) -> str:
        return text(self.infra.spec.get("project"))

    @property
    def region(self) -> str:
        return text(self.infra.spec.get("region"))

    @remembered
    def network(self) -> JsonObject:
        return mapping(self.infra.spec.get("network"))

    @remembered
    def recorded(self) -> JsonObject:
        """`status.network`: links to what CAPG made."""
        return mapping(self.infra.status.get("network"))

    @remembered
    def network_project(self) -> str:
        return text(self.network.get("hostProject")) or self.project

    @property
    def shared_vpc(self) -> bool:
        return self.network_project != self.project

    @property
    def network_name(self) -> str:
        return text(self.network.get("name")) or "default"

    @property
    def network_link(self) -> str:
        return f"projects/{self.network_project}/global/networks/{self.network_name}"

    @remembered
    def labels(self) -> Mapping[str, str]:
        return {key: text(value) for key, value in mapping(self.infra.spec.get("additionalLabels")).items()}

    @property
    def owner_mark(self) -> str:
        """The description of what CAPG made for the cluster, and the key of its label on instances."""
        return f"capg-cluster-{self.name}"

    @remembered
    def balancer_type(self) -> str:
        return text(dig(self.infra.spec, "loadBalancer", "loadBalancerType")) or "External"

    @property
    def subnets(self) -> Sequence[JsonObject]:
        return [mapping(subnet) for subnet in sequence(self.network.get("subnets"))]

    def subnet_id(self, subnet: JsonObject) -> str:
        return f"{text(subnet.get('region')) or self.region}/{text(subnet.get('name'))}"

    def group_id(self, zone: str) -> str:
        """The instance group of a zone's control plane machines."""
        tag = text(dig(self.infra.spec, "loadBalancer", "apiServerInstanceGroupTagOverride")) or "apiserver"
        return f"{zone}/{self.name}-{tag}-{zone}"

    @property
    def externally_managed(self) -> bool:
        return EXTERNALLY_MANAGED_ANNOTATION in self.infra.annotations

    @remembered
    def deleting(self) -> bool:
        return self.cluster.deleting or self.infra.deleting

    @property
    def ready(self) -> bool:
        return self.infra.status.get("ready") is True

    def paused(self, subject: CapiObject) -> str:
        """Why CAPG leaves `subject` alone, `Cluster is paused`; empty when it does not."""
        if self.cluster.spec.get("paused") is True:
            return "Cluster is paused"
        return f"{subject.kind} is paused" if PAUSED_ANNOTATION in subject.annotations else ""


@dataclass(frozen=True, kw_only=True)
class GcpMachine:
    """One GCPMachine with its Machine and its cluster, where they are known."""

    management_cluster: str
    object: CapiObject
    machine: CapiObject | None
    cluster: GcpCluster | None
    cluster_name: str

    @remembered
    def cluster_key(self) -> ClusterKey:
        return ClusterKey(self.management_cluster, self.object.namespace, self.cluster_name)

    @remembered
    def place(self) -> tuple[str, str, str]:
        """(project, zone, name) of the providerID; empty texts where it has none."""
        found = _PROVIDER_ID.match(text(self.object.spec.get("providerID")))
        return (found[1], found[2], found[3]) if found else ("", "", "")

    @property
    def zone(self) -> str:
        return self.place[1]

    @property
    def instance_id(self) -> str:
        return f"{self.place[1]}/{self.place[2]}" if self.place[2] else ""

    @remembered
    def role(self) -> str:
        """`control-plane` or `node`, as CAPG takes it from the Machine's labels; empty when nobody can say."""
        if self.machine is None:
            return ""
        return "control-plane" if CONTROL_PLANE_LABEL in self.machine.labels else "node"

    @remembered
    def deleting(self) -> bool:
        return (
            self.object.deleting
            or (self.machine is not None and self.machine.deleting)
            or (self.cluster is not None and self.cluster.deleting)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything of Google Cloud in the audited management clusters."""

    views: tuple[ClusterView, ...]
    clusters: Mapping[ClusterKey, GcpCluster]
    broken: tuple[ClusterKey, ...]
    """Clusters whose GCPCluster could not be read."""
    machines: Mapping[tuple[str, ObjectKey], GcpMachine]
    members: Mapping[ClusterKey, tuple[GcpMachine, ...]]
    kinds: Mapping[str, tuple[tuple[str, CapiObject], ...]]
    """(management cluster, object) of every object of Cluster API, by kind."""

    def of_kind(self, kind: str) -> tuple[tuple[str, CapiObject], ...]:
        return self.kinds.get(kind, ())

    def view(self, management_cluster: str) -> ClusterView | None:
        return next((view for view in self.views if view.management_cluster == management_cluster), None)


def read_fleet(views: Sequence[ClusterView]) -> Fleet:
    """The part of the given management clusters that lives on Compute Engine."""
    kinds = _by_kind(views)
    by_name = {view.management_cluster: view for view in views}
    clusters: dict[ClusterKey, GcpCluster] = {}
    broken: list[ClusterKey] = []
    for management_cluster, cluster in kinds.get("Cluster", ()):
        reference = mapping(cluster.spec.get("infrastructureRef"))
        if reference.get("kind") != "GCPCluster":
            continue
        key = ClusterKey(management_cluster, cluster.namespace, cluster.name)
        wanted = ObjectKey(INFRASTRUCTURE, "GCPCluster", cluster.namespace, text(reference.get("name")))
        infra = by_name[management_cluster].objects.get(wanted)
        if infra is None:
            broken.append(key)
        else:
            clusters[key] = GcpCluster(key=key, cluster=cluster, infra=infra)
    machines = {
        (name, found.key): _machine(by_name[name], found, clusters) for name, found in kinds.get("GCPMachine", ())
    }
    return Fleet(
        views=tuple(views),
        clusters=clusters,
        broken=tuple(broken),
        machines=machines,
        members=_by_cluster(machines.values()),
        kinds=kinds,
    )


def settled(subject: CapiObject, now: datetime) -> bool:
    """True when the object is old enough for its resources to be there and to be seen."""
    created = moment(subject.created_at)
    return created is None or now - created >= SETTLING


def _by_kind(views: Sequence[ClusterView]) -> Mapping[str, tuple[tuple[str, CapiObject], ...]]:
    found: dict[str, list[tuple[str, CapiObject]]] = defaultdict(list)
    for view in views:
        for key, subject in view.objects.items():
            if key.group in _GROUPS or key.kind.startswith("GCP"):
                found[key.kind].append((view.management_cluster, subject))
    return {kind: tuple(subjects) for kind, subjects in found.items()}


def _machine(view: ClusterView, found: CapiObject, clusters: Mapping[ClusterKey, GcpCluster]) -> GcpMachine:
    machine = next(
        (
            view.objects.get(ObjectKey(CORE, "Machine", found.namespace, owner.name))
            for owner in found.owners
            if owner.kind == "Machine" and owner.api_version.startswith(f"{CORE}/")
        ),
        None,
    )
    label = found.labels.get(CLUSTER_NAME_LABEL, "")
    name = label or (text(machine.spec.get("clusterName")) if machine is not None else "")
    return GcpMachine(
        management_cluster=view.management_cluster,
        object=found,
        machine=machine,
        cluster=clusters.get(ClusterKey(view.management_cluster, found.namespace, name)),
        cluster_name=name,
    )


def _by_cluster(machines: Iterable[GcpMachine]) -> Mapping[ClusterKey, tuple[GcpMachine, ...]]:
    found: dict[ClusterKey, list[GcpMachine]] = defaultdict(list)
    for machine in machines:
        found[machine.cluster_key].append(machine)
    return {key: tuple(some) for key, some in found.items()}
