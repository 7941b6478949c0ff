"""What the management clusters say about Azure: clusters with their network, machines with their virtual machine.

Everything later stages ask about a CAPI object is found out here, once, from the objects alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject, remembered
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit.model.views import ClusterView
from drift_audit_azure.arm_ids import location_of, resource_id
from drift_audit_azure.ownership import OWNED, owned_tag, tag

CORE = "cluster.x-k8s.io"
INFRASTRUCTURE = "infrastructure.cluster.x-k8s.io"

CLUSTER_NAME_LABEL = "cluster.x-k8s.io/cluster-name"
CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"
PAUSED_ANNOTATION = "cluster.x-k8s.io/paused"
EXTERNALLY_MANAGED_ANNOTATION = "cluster.x-k8s.io/managed-by"

SETTLING = timedelta(minutes=10)
"""Resource Graph lags behind by minutes, and CAPZ looks again after its sync period (main.go, --sync-period)."""

_GROUPS = frozenset({CORE, INFRASTRUCTURE})


# Without slots, here and below: what is asked for again and again is remembered in the dictionary.
@dataclass(frozen=True, kw_only=True)
class AzureCluster:
    """One self-managed workload cluster: its Cluster and its AzureCluster."""

    key: ClusterKey
    cluster: CapiObject
    infra: CapiObject

    @property
    def subscription(self) -> str:
        """As the spec has it; CAPZ takes its own where there is none."""
        return text(self.infra.spec.get("subscriptionID")).casefold()

    @property
    def location(self) -> str:
        return location_of(self.infra.spec.get("location"))

    @remembered
    def group(self) -> str:
        return text(self.infra.spec.get("resourceGroup")) or self.infra.name

    @remembered
    def network(self) -> JsonObject:
        return mapping(self.infra.spec.get("networkSpec"))

    @remembered
    def vnet(self) -> JsonObject:
        return mapping(self.network.get("vnet"))

    @remembered
    def subnets(self) -> tuple[JsonObject, ...]:
        return tuple(map(mapping, sequence(self.network.get("subnets"))))

    @property
    def vnet_group(self) -> str:
        return text(self.vnet.get("resourceGroup")) or self.group

    @property
    def vnet_name(self) -> str:
        return text(self.vnet.get("name"))

    @remembered
    def builds_its_network(self) -> bool:
        """True when CAPZ takes the network for its own: it copies the network's tags into the spec
        (azure/services/virtualnetworks/virtualnetworks.go)."""
        tags = {key: text(value) for key, value in mapping(self.vnet.get("tags")).items()}
        return not self.externally_managed and tag(tags, owned_tag(self.key.name)) == OWNED

    @property
    def internal(self) -> bool:
        """True when the API server has a private address only."""
        return text(dig(self.network, "apiServerLB", "type")) == "Internal"

    @property
    def externally_managed(self) -> bool:
        return EXTERNALLY_MANAGED_ANNOTATION in self.infra.annotations

    @property
    def additional_tags(self) -> Mapping[str, str]:
        return {key: text(value) for key, value in mapping(self.infra.spec.get("additionalTags")).items()}

    @property
    def identity(self) -> tuple[str, str]:
        """(namespace, name) of the AzureClusterIdentity; empty where the spec names none."""
        reference = mapping(self.infra.spec.get("identityRef"))
        name = text(reference.get("name"))
        return (text(reference.get("namespace")) or self.infra.namespace, name) if name else ("", "")

    @remembered
    def deleting(self) -> bool:
        return self.cluster.deleting or self.infra.deleting

    @property
    def ready(self) -> bool:
        return self.infra.status.get("ready") is True

    def paused(self, subject: CapiObject) -> str:
        """Why CAPZ leaves `subject` alone, `Cluster is paused`; empty when it does not."""
        if self.cluster.spec.get("paused") is True:
            return "Cluster is paused"
        return f"{subject.kind} is paused" if PAUSED_ANNOTATION in subject.annotations else ""


@dataclass(frozen=True, kw_only=True)
class AzureMachine:
    """One AzureMachine with its Machine and its cluster, where they are known."""

    management_cluster: str
    object: CapiObject
    machine: CapiObject | None
    cluster: AzureCluster | None
    cluster_name: str

    @remembered
    def cluster_key(self) -> ClusterKey:
        return ClusterKey(self.management_cluster, self.object.namespace, self.cluster_name)

    @remembered
    def vm_id(self) -> str:
        """The id in the providerID; empty until CAPZ has written it."""
        return resource_id(self.object.spec.get("providerID"))

    @remembered
    def role(self) -> str:
        """`control-plane` or `node`; empty when nobody can say."""
        if self.machine is None:
            return ""
        return "control-plane" if CONTROL_PLANE_LABEL in self.machine.labels else "node"

    @property
    def failed(self) -> bool:
        """True when CAPZ does not reconcile it any more (controllers/azuremachine_controller.go)."""
        return bool(self.object.status.get("failureReason") or self.object.status.get("failureMessage"))

    @remembered
    def deleting(self) -> bool:
        return (
            self.object.deleting
            or (self.machine is not None and self.machine.deleting)
            or (self.cluster is not None and self.cluster.deleting)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything of Azure in the audited management clusters."""

    views: tuple[ClusterView, ...]
    clusters: Mapping[ClusterKey, AzureCluster]
    broken: tuple[tuple[ClusterKey, CapiObject], ...]
    """Azure clusters whose infrastructure object could not be read."""
    managed: tuple[tuple[ClusterKey, CapiObject], ...]
    """Clusters of other kinds than AzureCluster: AKS."""
    machines: Mapping[tuple[str, ObjectKey], AzureMachine]
    members: Mapping[ClusterKey, tuple[AzureMachine, ...]]
    kinds: Mapping[str, tuple[tuple[str, CapiObject], ...]]
    """(management cluster, object) of every object of Cluster API, by kind."""

    def of_kind(self, kind: str) -> tuple[tuple[str, CapiObject], ...]:
        return self.kinds.get(kind, ())

    def view(self, management_cluster: str) -> ClusterView | None:
        return next((view for view in self.views if view.management_cluster == management_cluster), None)


def read_fleet(views: Sequence[ClusterView]) -> Fleet:
    """The Azure part of the given management clusters."""
    kinds = _by_kind(views)
    by_name = {view.management_cluster: view for view in views}
    clusters: dict[ClusterKey, AzureCluster] = {}
    broken: list[tuple[ClusterKey, CapiObject]] = []
    managed: list[tuple[ClusterKey, CapiObject]] = []
    for management_cluster, cluster in kinds.get("Cluster", ()):
        key = ClusterKey(management_cluster, cluster.namespace, cluster.name)
        reference = mapping(cluster.spec.get("infrastructureRef"))
        kind, name = text(reference.get("kind")), text(reference.get("name"))
        if kind.startswith("Azure") and kind != "AzureCluster":
            managed.append((key, cluster))
        elif kind == "AzureCluster":
            view = by_name[management_cluster]
            infra = view.objects.get(ObjectKey(INFRASTRUCTURE, kind, cluster.namespace, name))
            if infra is None:
                broken.append((key, cluster))
            else:
                clusters[key] = AzureCluster(key=key, cluster=cluster, infra=infra)
    machines = {
        (name, found.key): _machine(by_name[name], found, clusters) for name, found in kinds.get("AzureMachine", ())
    }
    return Fleet(
        views=tuple(views),
        clusters=clusters,
        broken=tuple(broken),
        managed=tuple(managed),
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
            if key.group in _GROUPS:
                found[key.kind].append((view.management_cluster, subject))
    return {kind: tuple(subjects) for kind, subjects in found.items()}


def _machine(view: ClusterView, found: CapiObject, clusters: Mapping[ClusterKey, AzureCluster]) -> AzureMachine:
    machine = _owning(view, found)
    name = found.labels.get(CLUSTER_NAME_LABEL, "")
    name = name or (text(machine.spec.get("clusterName")) if machine is not None else "")
    return AzureMachine(
        management_cluster=view.management_cluster,
        object=found,
        machine=machine,
        cluster=clusters.get(ClusterKey(view.management_cluster, found.namespace, name)),
        cluster_name=name,
    )


def _owning(view: ClusterView, found: CapiObject) -> CapiObject | None:
    for owner in found.owners:
        if owner.kind == "Machine" and owner.api_version.startswith(f"{CORE}/"):
            return view.objects.get(ObjectKey(CORE, "Machine", found.namespace, owner.name))
    return None


def _by_cluster(machines: Iterable[AzureMachine]) -> Mapping[ClusterKey, tuple[AzureMachine, ...]]:
    found: dict[ClusterKey, list[AzureMachine]] = defaultdict(list)
    for machine in machines:
        found[machine.cluster_key].append(machine)
    return {key: tuple(some) for key, some in found.items()}
