"""What the management clusters say about AWS: clusters with their network, machines with their instance.

Everything later stages ask about a CAPI object is found out here, once, from the objects alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from drift_audit.clock import moment
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject, remembered
from drift_audit.model.values import Json, dig, mapping, sequence, text
from drift_audit.model.views import ClusterView
from drift_audit_aws.ownership import OWNED, owned_tag

Answer = TypeVar("Answer")

CORE = "cluster.x-k8s.io"
INFRASTRUCTURE = "infrastructure.cluster.x-k8s.io"
CONTROL_PLANE = "controlplane.cluster.x-k8s.io"

CLUSTER_NAME_LABEL = "cluster.x-k8s.io/cluster-name"
CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"
POOL_LABEL = "cluster.x-k8s.io/pool-name"
PAUSED_ANNOTATION = "cluster.x-k8s.io/paused"
EXTERNALLY_MANAGED_ANNOTATION = "cluster.x-k8s.io/managed-by"
REPLICAS_MANAGED_ANNOTATION = "cluster.x-k8s.io/replicas-managed-by"

SETTLING = timedelta(minutes=10)
"""EC2 is eventually consistent, and CAPA looks again after its sync period (main.go, --sync-period)."""

DEFAULT_IDENTITY = "AWSClusterControllerIdentity/default"

EKS = "AWSManagedControlPlane"
_POOL = "AWSMachinePool"
EKS_CLUSTER_KINDS = frozenset({"AWSManagedCluster", EKS})


@dataclass(frozen=True, kw_only=True)
class AwsCluster:
    """One workload cluster on AWS: its Cluster, and the object that holds its region, identity and network."""

    key: ClusterKey
    cluster: CapiObject
    infra: CapiObject
    """The AWSCluster; for EKS the AWSManagedControlPlane."""
    _answers: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def ask(self, question: Callable[[AwsCluster], Answer]) -> Answer:
        """The answer of a function of the cluster, found once for all that is compared with it."""
        if question not in self._answers:
            self._answers[question] = question(self)
        found: Answer = self._answers[question]
        return found

    @property
    def eks(self) -> bool:
        return self.infra.kind == EKS

    @property
    def region(self) -> str:
        return text(self.infra.spec.get("region"))

    @property
    def identity(self) -> str:
        """`Kind/name` of the CAPA identity; the webhook's default where the object names none."""
        reference = mapping(self.infra.spec.get("identityRef"))
        kind, name = text(reference.get("kind")), text(reference.get("name"))
        return f"{kind}/{name}" if kind and name else DEFAULT_IDENTITY

    @remembered
    def tag_name(self) -> str:
        """The name in the tags of instances: that of the Cluster, or the EKS name (pkg/cloud/scope)."""
        return text(self.infra.spec.get("eksClusterName")) or self.key.name if self.eks else self.key.name

    @remembered
    def tag_names(self) -> frozenset[str]:
        """Every name under which resources of this cluster can be tagged."""
        return frozenset({self.key.name, self.tag_name})

    @remembered
    def vpc_id(self) -> str:
        return text(dig(self.infra.spec, "network", "vpc", "id"))

    @remembered
    def builds_its_vpc(self) -> bool:
        """True when the spec says that CAPA made the VPC: it copies the VPC's tags there (network/vpc.go)."""
        tags = mapping(dig(self.infra.spec, "network", "vpc", "tags"))
        return not self.externally_managed and tags.get(owned_tag(self.key.name)) == OWNED

    @property
    def ipv6(self) -> bool:
        return dig(self.infra.spec, "network", "vpc", "ipv6") is not None

    @remembered
    def security_groups(self) -> Mapping[str, str]:
        """Group id by role, as the status has them."""
        groups = mapping(dig(self.infra.status, "networkStatus", "securityGroups"))
        return {role: text(dig(group, "id")) for role, group in groups.items() if text(dig(group, "id"))}

    @remembered
    def group_roles(self) -> Mapping[str, str]:
        """Role by id of the security groups: the same on every cluster, where ids are not."""
        return {group: role for role, group in self.security_groups.items()}

    @remembered
    def overridden_groups(self) -> frozenset[str]:
        """Ids of groups that somebody else made and keeps; CAPA touches neither their rules nor their tags."""
        overrides = mapping(dig(self.infra.spec, "network", "securityGroupOverrides"))
        return frozenset(text(group) for group in overrides.values())

    @property
    def bastion_id(self) -> str:
        return text(dig(self.infra.status, "bastion", "id"))

    @property
    def externally_managed(self) -> bool:
        """True when another system keeps the network: CAPA then only makes instances."""
        return EXTERNALLY_MANAGED_ANNOTATION in self.infra.annotations

    @remembered
    def deleting(self) -> bool:
        return self.cluster.deleting or self.infra.deleting

    @property
    def ready(self) -> bool:
        return self.infra.status.get("ready") is True

    def paused(self, subject: CapiObject) -> str:
        """Why CAPA leaves `subject` alone, `Cluster is paused`; empty when it does not."""
        if self.cluster.spec.get("paused") is True:
            return "Cluster is paused"
        return f"{subject.kind} is paused" if PAUSED_ANNOTATION in subject.annotations else ""


@dataclass(frozen=True, kw_only=True)
class AwsMachine:
    """One AWSMachine with its Machine and its cluster, where they are known."""

    management_cluster: str
    object: CapiObject
    machine: CapiObject | None
    cluster: AwsCluster | None
    cluster_name: str

    @remembered
    def cluster_key(self) -> ClusterKey:
        return ClusterKey(self.management_cluster, self.object.namespace, self.cluster_name)

    @remembered
    def instance_id(self) -> str:
        """Last segment of the providerID, as CAPA reads it (pkg/cloud/scope/providerid.go); else `instanceID`."""
        provider_id = text(self.object.spec.get("providerID"))
        return provider_id.rpartition("/")[2] or text(self.object.spec.get("instanceID"))

    @property
    def machine_name(self) -> str:
        """`namespace/name` of the Machine, as the tag `MachineName` has it; empty when the Machine is not known."""
        return f"{self.machine.namespace}/{self.machine.name}" if self.machine is not None else ""

    @property
    def id_path(self) -> str:
        """The field that names the instance."""
        return "spec.providerID" if self.object.spec.get("providerID") else "spec.instanceID"

    @remembered
    def role(self) -> str:
        """`control-plane` or `node`, as CAPA takes it from the Machine's labels; empty when nobody can say."""
        if self.machine is None:
            return ""
        return "control-plane" if CONTROL_PLANE_LABEL in self.machine.labels else "node"

    @property
    def additional_group_ids(self) -> tuple[str, ...]:
        """The additional security groups that the spec names by id, in its order."""
        references = map(mapping, sequence(self.object.spec.get("additionalSecurityGroups")))
        return tuple(filter(None, (text(reference.get("id")) for reference in references)))

    @remembered
    def in_pool(self) -> bool:
        """True for a machine of a MachinePool: its instance belongs to an Auto Scaling group."""
        subjects = [subject for subject in (self.object, self.machine) if subject is not None]
        return any(
            POOL_LABEL in subject.labels or any(owner.kind in _POOL_KINDS for owner in subject.owners)
            for subject in subjects
        )

    @remembered
    def deleting(self) -> bool:
        return (
            self.object.deleting
            or (self.machine is not None and self.machine.deleting)
            or (self.cluster is not None and self.cluster.deleting)
        )


_POOL_KINDS = frozenset({"MachinePool", "AWSMachinePool"})


@dataclass(frozen=True, slots=True, order=True)
class PoolName:
    """Which AWSMachinePool, and of which cluster."""

    cluster: ClusterKey
    object: ObjectKey

    def __str__(self) -> str:
        return f"{self.cluster.management_cluster}/{self.object.namespace}/{self.object.name}"


@dataclass(frozen=True, kw_only=True)
class AwsPool:
    """One AWSMachinePool with its MachinePool and its cluster, where they are known."""

    management_cluster: str
    object: CapiObject
    pool: CapiObject | None
    cluster: AwsCluster | None
    cluster_name: str
    namesakes: tuple[PoolName, ...] = ()
    """The other AWSMachinePools of that name, in whichever namespace and management cluster."""

    @remembered
    def cluster_key(self) -> ClusterKey:
        return ClusterKey(self.management_cluster, self.object.namespace, self.cluster_name)

    @property
    def provider_id(self) -> str:
        """The ARN of the Auto Scaling group, once CAPA has made it."""
        return text(self.object.spec.get("providerID"))

    @property
    def template_id(self) -> str:
        return text(self.object.status.get("launchTemplateID"))

    @property
    def template_version(self) -> str:
        """The version that CAPA made last; empty until it has noted one."""
        return text(self.object.status.get("launchTemplateVersion"))

    @property
    def template(self) -> Mapping[str, Json]:
        """What is declared of the launch template."""
        return mapping(self.object.spec.get("awsLaunchTemplate"))

    @property
    def replicas_managed_elsewhere(self) -> bool:
        """True when CAPA copies the group's size into the MachinePool instead of the other way round.

        Source: cluster-api v1.14.0 util/annotations/helpers.go, ReplicasManagedByExternalAutoscaler: any value but
        `false`.
        """
        return self.pool is not None and self.pool.annotations.get(REPLICAS_MANAGED_ANNOTATION, "false") != "false"

    @property
    def group_name(self) -> str:
        """Of the Auto Scaling group and of the launch template: the object's name, without its namespace."""
        return self.object.name

    @remembered
    def deleting(self) -> bool:
        return (
            self.object.deleting
            or (self.pool is not None and self.pool.deleting)
            or (self.cluster is not None and self.cluster.deleting)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything of AWS in the audited management clusters."""

    views: tuple[ClusterView, ...]
    clusters: Mapping[ClusterKey, AwsCluster]
    broken: tuple[tuple[ClusterKey, CapiObject], ...]
    """AWS clusters whose infrastructure object could not be read."""
    machines: Mapping[tuple[str, ObjectKey], AwsMachine]
    unborn: Mapping[ClusterKey, tuple[AwsMachine, ...]]
    """Machines that name no instance yet, by their cluster."""
    members: Mapping[ClusterKey, tuple[AwsMachine, ...]]
    """All machines, by their cluster."""
    pools: Mapping[tuple[str, ObjectKey], AwsPool]
    kinds: Mapping[str, tuple[tuple[str, CapiObject], ...]]
    """(management cluster, object) of every object of Cluster API, by kind."""

    @property
    def pool_names(self) -> frozenset[str]:
        """Names of all Auto Scaling groups of AWSMachinePools."""
        return frozenset(pool.group_name for pool in self.pools.values())

    def of_kind(self, kind: str) -> tuple[tuple[str, CapiObject], ...]:
        """(management cluster, object) of every object of that kind."""
        return self.kinds.get(kind, ())

    def cluster_of(self, management_cluster: str, found: CapiObject) -> ClusterKey | None:
        """The cluster that the object's label names, where that is a cluster on AWS."""
        key = ClusterKey(management_cluster, found.namespace, found.labels.get(CLUSTER_NAME_LABEL, ""))
        return key if key in self.clusters else None

    def view(self, management_cluster: str) -> ClusterView | None:
        return next((view for view in self.views if view.management_cluster == management_cluster), None)


def read_fleet(views: Sequence[ClusterView]) -> Fleet:
    """The AWS part of the given management clusters."""
    kinds = _by_kind(views)
    by_name = {view.management_cluster: view for view in views}
    clusters: dict[ClusterKey, AwsCluster] = {}
    broken: list[tuple[ClusterKey, CapiObject]] = []
    for management_cluster, cluster in kinds.get("Cluster", ()):
        if not _on_aws(cluster):
            continue
        key = ClusterKey(management_cluster, cluster.namespace, cluster.name)
        infra = _infra_of(by_name[management_cluster], cluster)
        if infra is None:
            broken.append((key, cluster))
        else:
            clusters[key] = AwsCluster(key=key, cluster=cluster, infra=infra)
    machines = {
        (name, found.key): _machine(by_name[name], found, clusters) for name, found in kinds.get("AWSMachine", ())
    }
    return Fleet(
        views=tuple(views),
        clusters=clusters,
        broken=tuple(broken),
        machines=machines,
        unborn=_by_cluster(machine for machine in machines.values() if not machine.instance_id),
        members=_by_cluster(machines.values()),
        pools=_with_namesakes(_pool(by_name[name], found, clusters) for name, found in kinds.get(_POOL, ())),
        kinds=kinds,
    )


def _by_kind(views: Sequence[ClusterView]) -> Mapping[str, tuple[tuple[str, CapiObject], ...]]:
    found: dict[str, list[tuple[str, CapiObject]]] = defaultdict(list)
    for view in views:
        for key, subject in view.objects.items():
            if key.group in _GROUPS:
                found[key.kind].append((view.management_cluster, subject))
    return {kind: tuple(subjects) for kind, subjects in found.items()}


def _machine(view: ClusterView, found: CapiObject, clusters: Mapping[ClusterKey, AwsCluster]) -> AwsMachine:
    machine = _owning(view, found, "Machine")
    name = _cluster_name(found, machine)
    return AwsMachine(
        management_cluster=view.management_cluster,
        object=found,
        machine=machine,
        cluster=clusters.get(ClusterKey(view.management_cluster, found.namespace, name)),
        cluster_name=name,
    )


def _pool(view: ClusterView, found: CapiObject, clusters: Mapping[ClusterKey, AwsCluster]) -> AwsPool:
    owner = _owning(view, found, "MachinePool")
    name = _cluster_name(found, owner)
    return AwsPool(
        management_cluster=view.management_cluster,
        object=found,
        pool=owner,
        cluster=clusters.get(ClusterKey(view.management_cluster, found.namespace, name)),
        cluster_name=name,
    )


def _with_namesakes(pools: Iterable[AwsPool]) -> Mapping[tuple[str, ObjectKey], AwsPool]:
    """All pools, each knowing the others of its name: CAPA names groups without the namespace."""
    by_name: dict[str, list[AwsPool]] = defaultdict(list)
    for pool in pools:
        by_name[pool.group_name].append(pool)
    return {
        (pool.management_cluster, pool.object.key): replace(pool, namesakes=_others(pool, by_name[pool.group_name]))
        for some in by_name.values()
        for pool in some
    }


def _others(pool: AwsPool, some: Sequence[AwsPool]) -> tuple[PoolName, ...]:
    return tuple(sorted(PoolName(each.cluster_key, each.object.key) for each in some if each is not pool))


def _by_cluster(machines: Iterable[AwsMachine]) -> Mapping[ClusterKey, tuple[AwsMachine, ...]]:
    found: dict[ClusterKey, list[AwsMachine]] = defaultdict(list)
    for machine in machines:
        found[machine.cluster_key].append(machine)
    return {key: tuple(some) for key, some in found.items()}


def _owning(view: ClusterView, found: CapiObject, kind: str) -> CapiObject | None:
    for owner in found.owners:
        if owner.kind == kind and owner.api_version.startswith(f"{CORE}/"):
            return view.objects.get(ObjectKey(CORE, kind, found.namespace, owner.name))
    return None


def _cluster_name(found: CapiObject, owner: CapiObject | None) -> str:
    label = found.labels.get(CLUSTER_NAME_LABEL, "")
    return label or (text(owner.spec.get("clusterName")) if owner is not None else "")


def _on_aws(cluster: CapiObject) -> bool:
    kinds = {text(dig(cluster.spec, reference, "kind")) for reference in ("infrastructureRef", "controlPlaneRef")}
    return bool(kinds & {"AWSCluster", *EKS_CLUSTER_KINDS})


def _infra_of(view: ClusterView, cluster: CapiObject) -> CapiObject | None:
    """The object that CAPA takes region and network from (controllers/awsmachine_controller.go, getInfraCluster)."""
    control_plane = mapping(cluster.spec.get("controlPlaneRef"))
    if text(control_plane.get("kind")) == EKS:
        return view.objects.get(ObjectKey(CONTROL_PLANE, EKS, cluster.namespace, text(control_plane.get("name"))))
    reference = mapping(cluster.spec.get("infrastructureRef"))
    kind, name = text(reference.get("kind")), text(reference.get("name"))
    group = CONTROL_PLANE if kind == EKS else INFRASTRUCTURE
    return view.objects.get(ObjectKey(group, kind, cluster.namespace, name))


_GROUPS = frozenset({CORE, INFRASTRUCTURE, CONTROL_PLANE})


def listed_ids(infra: CapiObject) -> tuple[str, ...]:
    """Security group ids that the spec names directly: overrides and groups of load balancers."""
    overrides = mapping(dig(infra.spec, "network", "securityGroupOverrides"))
    balancers = (
        mapping(infra.spec.get(name)) for name in ("controlPlaneLoadBalancer", "secondaryControlPlaneLoadBalancer")
    )
    additional = (text(group) for lb in balancers for group in sequence(lb.get("additionalSecurityGroups")))
    return tuple(filter(None, (*map(text, overrides.values()), *additional)))


def settled(subject: CapiObject, now: datetime) -> bool:
    """True when the object is old enough for its resources to be there and to be seen."""
    created = moment(subject.created_at)
    return created is None or now - created >= SETTLING
