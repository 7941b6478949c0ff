"""The configuration as typed values. `config.example.yaml` shows every key with its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock


class RenderMode(StrEnum):
    AUTO = "auto"
    """kustomize where the path holds a kustomization file, else plain."""
    PLAIN = "plain"
    KUSTOMIZE = "kustomize"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """One place in Git that declares objects of a management cluster."""

    name: str
    url: str
    """A clone URL, or the path of a local repository (relative to the configuration file)."""
    ref: str = "main"
    """Branch, tag or commit."""
    path: str = "."
    """Directory inside the repository."""
    render: RenderMode = RenderMode.AUTO
    applier: str = ""
    """Field manager that applies it, `manager/Operation`; empty: known GitOps tools are recognised."""
    namespace: str = ""
    """Namespace of namespaced objects that name none, as the applying tool would choose it."""
    timeout_seconds: int = 300
    """For fetching the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementClusterSettings:
    """One management cluster: reached by a kubeconfig context, from inside, or replayed from a recording."""

    name: str
    kubeconfig: str = ""
    context: str = ""
    in_cluster: bool = False
    recording: str = ""
    namespaces: tuple[str, ...] = ()
    """Empty: all namespaces."""
    label_selector: str = ""
    """Narrows the audit to the Clusters with these labels (and what belongs to them)."""
    page_size: int = 500
    timeout_seconds: int = 30
    deadline_seconds: int = 300
    """For reading the whole management cluster."""
    controller_logs: tuple[str, ...] = ()
    """Files that the controllers of this management cluster write their logs to, as shell patterns: where they do not
    run as its Pods."""
    git: tuple[GitSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloserLook:
    """What is read of a management cluster beside its suspects; nothing of it while there are none."""

    events: bool = True
    logs: bool = True
    """Of the controllers of Cluster API and its providers."""
    controllers: bool = True
    """Their Deployments, Pods and Leases, and what their webhooks need."""


class WorkloadRead(StrEnum):
    SUSPECTS = "suspects"
    """The workload clusters of what is suspect."""
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSettings:
    """How workload clusters are looked into, by the kubeconfigs that Cluster API keeps in Secrets."""

    read: WorkloadRead = WorkloadRead.SUSPECTS
    timeout_seconds: int = 5
    """For one request."""
    deadline_seconds: int = 30
    """For one workload cluster."""
    page_size: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerRule:
    """Adds to the table of known field managers."""

    match: str
    """Regular expression that the whole manager name must match."""
    manager_class: str
    """`human`, `script`, `gitops`, `controller` or `autoscaler`."""
    label: str = ""
    """For people: `our deploy robot`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimits:
    """Minutes after which somebody should know, and after which somebody should act."""

    warn: float
    critical: float


NODE_CONDITIONS = (
    # node-problem-detector, config/*.json.
    "KernelDeadlock",
    "ReadonlyFilesystem",
    "CorruptDockerOverlay2",
    "Frequent*Restart",
    "FrequentUnregisterNetDevice",
    "KubeletUnhealthy",
    "ContainerRuntimeUnhealthy",
    # EKS node monitoring agent.
    "AcceleratedHardwareReady",
    "ContainerRuntimeReady",
    "KernelReady",
    "NetworkingReady",
    "StorageReady",
    # NVSentinel (Gpu*, SysLogs*), AKS (GPUMissing, XIDErrors, NVLinkStatusInactive, IBLinkFlapping), and agents of
    # one's own that speak of GPUs.
    "*GPU*",
    "*Xid*",
    "*NVLink*",
    "*NVSwitch*",
    "*Row*Remap*",
    "IBLink*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckThresholds:
    """How long things may take; `docs/stuck.md` lists the clocks with their defaults."""

    scale: Mapping[str, float] = field(
        default_factory=lambda: {"docker": 0.5, "vm": 1.0, "managed": 1.5, "gpu": 3.0, "baremetal": 3.0}
    )
    """A factor for each class of machines, for the clocks of what has to be built or torn down."""
    clocks: Mapping[Clock, ClockLimits] = field(default_factory=dict)
    node_conditions: tuple[str, ...] = NODE_CONDITIONS
    """Shell-style patterns, whatever the case: conditions of Nodes that count beside the kubelet's own. One whose name
    ends in Ready, Healthy, OK or Available is bad when False, any other one when True."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    not_applied_after_minutes: int = 60
    """A commit that is not applied for longer than this counts as a finding that may fail a run."""
    transition_minutes: int = 30
    """How long creating, deleting or rolling out may excuse a difference."""
    orphan_min_age_minutes: int = 60
    """A younger cloud resource may still be on its way to being recorded."""
    stuck: StuckThresholds = StuckThresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionMatch:
    """Shell-style patterns; an empty one matches everything, and a rule needs at least one that does not."""

    id: str = ""
    rule: str = ""
    verdict: str = ""
    management_cluster: str = ""
    cluster: str = ""
    """`namespace/name`."""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    resource: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRule:
    name: str
    owner: str
    reason: str
    expires: date
    match: SuppressionMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyEdge:
    """Which objects an object of a declared kind names."""

    path: str
    """A JMESPath expression for a reference, a name, or a list of either: `spec.consumerRef`, `spec.dependsOn`."""
    kind: str = ""
    """Where the reference does not tell it; so `group`. The namespace is the object's own where nothing tells it."""
    group: str = ""
    serves: bool = False
    """True where what is named needs this object; False where this object needs what it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A kind of a team's own that clusters wait for: when its objects are ready, and what they hang together with.

    Expressions are JMESPath over the object, which has its conditions by type besides: `conditions.Ready.status`.
    """

    name: str
    """For the rule of its findings: `stuck.BESPOKE-NAME`."""
    kind: str
    group: str
    ready: str
    """True when all is well: `conditions.Ready.status == 'True'`."""
    edges: tuple[DependencyEdge, ...] = ()
    cause: str = ""
    """One sentence; expressions in braces are filled in: `the host is {status.provisioning.state}`."""
    since: str = ""
    """An expression for the time when it began; empty: when the conditions that `ready` names changed last."""
    layer: str = "machine_infrastructure"
    """Where it stands among causes; `docs/dependencies.md` lists the words."""
    severity: Severity = Severity.HIGH
    warn_minutes: float = 10
    critical_minutes: float = 30
    next_steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceOwner:
    """Whose a namespace is. Shell-style patterns; of several rules the first that matches counts."""

    namespace: str
    owner: str
    management_cluster: str = ""
    """Empty: in every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerSettings:
    """Where it stands which team can act on a finding; the nearest word to the object counts."""

    keys: tuple[str, ...] = (
        "team",
        "owner",
        "a8r.io/owner",
        "app.kubernetes.io/team",
        "app.kubernetes.io/owner",
        "app.kubernetes.io/managed-by-team",
    )
    """Labels and annotations of the object and of what it belongs to, and tags of a resource that no object names. The
    third is of the convention for annotations of https://ambassadorlabs.github.io/k8s-for-humans/."""
    namespaces: tuple[NamespaceOwner, ...] = ()
    codeowners: bool = True
    """Whether the CODEOWNERS of the repository that declares the object counts where nothing else names anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    format: str
    path: str = ""
    """Empty: standard output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The part of a configuration that decides what the views mean; a recording carries it along."""

    managers: tuple[ManagerRule, ...] = ()
    thresholds: Thresholds = Thresholds()
    suppressions: tuple[SuppressionRule, ...] = ()
    fail_on: Severity = Severity.LOW
    owners: OwnerSettings = OwnerSettings()
    dependencies: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    management_clusters: tuple[ManagementClusterSettings, ...]
    clouds: Mapping[str, Any] = field(default_factory=dict)
    """By provider name; each value already validated into the provider's own settings type."""
    field_maps: tuple[str, ...] = ()
    """Files with further field-map rows."""
    closer_look: CloserLook = CloserLook()
    workload: WorkloadSettings = WorkloadSettings()
    managers: tuple[ManagerRule, ...] = ()
    thresholds: Thresholds = Thresholds()
    suppressions: tuple[SuppressionRule, ...] = ()
    owners: OwnerSettings = OwnerSettings()
    dependencies: tuple[Dependency, ...] = ()
    outputs: tuple[Output, ...] = ()
    fail_on: Severity = Severity.LOW
    deadline_seconds: int = 3600
    """For reading the whole fleet."""
    cloud_deadline_seconds: int = 600
    """For reading one scope of a cloud: an account and a region."""
    cache_dir: str = ""
    """Where bare clones and what earlier audits saw of health are kept; empty: the user's cache folder."""
    masking_key: str = ""
    """Keys the short hashes that stand for secret values, so that they can be compared between runs."""
    digest: str = ""
    """SHA-256 of the configuration text; not a key of the file."""
    dependency_places: tuple[str, ...] = ()
    """Where each dependency stands, `drift-audit.yaml:12`; not a key of the file."""

    @property
    def judging(self) -> Judging:
        return Judging(
            managers=self.managers,
            thresholds=self.thresholds,
            suppressions=self.suppressions,
            fail_on=self.fail_on,
            owners=self.owners,
            dependencies=self.dependencies,
        )

    def judged_by(self, judging: Judging) -> Config:
        """The same configuration with other rules of judgement."""
        return replace(
            self,
            managers=judging.managers,
            thresholds=judging.thresholds,
            suppressions=judging.suppressions,
            fail_on=judging.fail_on,
            owners=judging.owners,
            dependencies=judging.dependencies,
        )
