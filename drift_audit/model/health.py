"""What is said about the health of objects: conditions, events, log lines, and a cloud's answers about its limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey


class Layer(IntEnum):
    """Where a cause lies. Each layer hides the ones after it, so that the first one with a cause is to blame."""

    MANAGEMENT = 0
    INTENT = 1
    IDENTITY = 2
    CLUSTER_INFRASTRUCTURE = 3
    TOPOLOGY = 4
    CONTROL_PLANE = 5
    BOOTSTRAP = 6
    MACHINE_INFRASTRUCTURE = 7
    NODE_JOIN = 8
    NODE_HEALTH = 9
    DELETION = 10
    REMEDIATION = 11

    @property
    def word(self) -> str:
        """As reports write it: `cluster infrastructure`."""
        return self.name.lower().replace("_", " ")


class Clock(StrEnum):
    """One thing that takes its time, and may be stuck when it takes longer."""

    AT_ONCE = "at_once"
    CLUSTER_PENDING = "cluster_pending"
    CLUSTER_PROVISIONING = "cluster_provisioning"
    CONTROL_PLANE_START = "control_plane_start"
    MACHINE_PENDING = "machine_pending"
    MACHINE_PROVISIONING = "machine_provisioning"
    MACHINE_PROVISIONED = "machine_provisioned"
    NODE_UNHEALTHY = "node_unhealthy"
    CONNECTION_DOWN = "connection_down"
    CONNECTION_PROBE = "connection_probe"
    ROLLOUT = "rollout"
    CONTROL_PLANE_ROLLOUT = "control_plane_rollout"
    COMPONENTS = "components"
    SCALING = "scaling"
    DELETING = "deleting"
    DRAINING = "draining"
    VOLUME_DETACH = "volume_detach"
    HOOK = "hook"
    INFRASTRUCTURE_DELETION = "infrastructure_deletion"
    CLUSTER_DELETING = "cluster_deleting"
    PAUSED = "paused"
    TOPOLOGY = "topology"
    CLUSTER_UPGRADE = "cluster_upgrade"
    UPGRADE_DEFERRED = "upgrade_deferred"
    REMEDIATION_BLOCKED = "remediation_blocked"
    RESOURCES_APPLIED = "resources_applied"
    GITOPS = "gitops"
    CONTROLLER = "controller"
    CERTIFICATE = "certificate"
    BESPOKE = "bespoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of an object, of either generation of CAPI's conditions."""

    type: str
    status: str
    """`True`, `False` or `Unknown`."""
    reason: str = ""
    message: str = ""
    since: str = ""
    """`lastTransitionTime`, RFC 3339; a condition that flaps has a new one each time."""
    severity: str = ""
    """`Error`, `Warning` or `Info`: of v1beta1 conditions that are false, and of nothing else."""
    observed_generation: int | None = None
    """The generation that it speaks of; v1beta1 conditions do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One Kubernetes Event, or the same one seen many times."""

    object: ObjectKey
    type: str
    """`Warning` or `Normal`."""
    reason: str
    message: str
    first: str
    """RFC 3339, as `last`."""
    last: str
    count: int = 1
    component: str = ""
    """Who reported it: `aws-controller`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """What a controller wrote about one object, with the values that change from try to try taken out."""

    object: ObjectKey
    source: str
    """`namespace/pod`, or the file."""
    level: str
    """`error` or `info`."""
    message: str
    first: str
    """RFC 3339, as `last`."""
    last: str
    count: int = 1


class Topic(StrEnum):
    """What a cloud can be asked about something that does not come to be."""

    QUOTA = "quota"
    ADDRESSES = "addresses"
    PERMISSION = "permission"
    IMAGE = "image"
    CAPACITY = "capacity"
    INSTANCE = "instance"
    CONSOLE = "console"
    TARGET_HEALTH = "target_health"


class Feasible(StrEnum):
    """What a cloud's own limits say about an attempt."""

    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Could this have worked? Asked of one cloud scope about one object."""

    topic: Topic
    scope: CloudScope
    management_cluster: str
    object: ObjectKey
    about: Mapping[str, str] = field(default_factory=dict)
    """What the topic needs: `subnet`, `action`, `instance_type`, `image`, `instance`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the cloud said."""

    question: Question
    feasible: Feasible
    fact: str
    """One sentence with the numbers: `0 of 32 vCPUs of Running On-Demand Standard instances are free`."""
    evidence: str = ""
    """Where it is known from: `servicequotas:GetServiceQuota L-1216C47A`."""
    read_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What a first look found suspicious, so that evidence is gathered for it and for nothing else."""

    objects: Mapping[str, frozenset[ObjectKey]] = field(default_factory=dict)
    """By management cluster: the suspects, and what stands between them and their Cluster."""
    clusters: frozenset[ClusterKey] = frozenset()

    def __bool__(self) -> bool:
        return any(self.objects.values())

    def only(self, management_clusters: Collection[str]) -> Suspicion:
        """The part of it that concerns these management clusters."""
        return Suspicion(
            objects={name: keys for name, keys in self.objects.items() if name in management_clusters},
            clusters=frozenset(key for key in self.clusters if key.management_cluster in management_clusters),
        )
