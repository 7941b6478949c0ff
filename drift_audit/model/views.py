"""The three views of a fleet, each with what it could not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drift_audit.model.changes import ChangeLog
from drift_audit.model.findings import Commit
from drift_audit.model.health import Answer, Event, LogLine
from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject, CloudResource, Declaration
from drift_audit.model.values import Json


class View(StrEnum):
    GIT = "git"
    CAPI = "capi"
    CLOUD = "cloud"
    WORKLOAD = "workload"
    HISTORY = "history"
    """A cloud's record of who changed what. It names actors and decides no verdict: see ADR 6."""
    EVIDENCE = "evidence"
    """What stands beside suspects: events, logs, a cloud's limits. It proves causes and decides no verdict."""


class ScopeStatus(StrEnum):
    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that was meant to be read and was not. A gap makes an audit incomplete."""

    view: View
    scope: str
    """What was being read: `prod/KubeadmControlPlane`, `aws/123456789012/eu-west-1/instance`, `fleet@main:apps`."""
    subject: str
    """The part that is missing, for a machine: a kind, a resource type, a file; empty for the whole scope."""
    reason: str
    """One sentence: what happened."""
    remedy: str
    """One sentence: who can mend it, and how."""
    status: ScopeStatus = ScopeStatus.FAILED
    right: str = ""
    """The right that is missing, where that is all: an RBAC rule as YAML on one line, an IAM action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRead:
    """The account of one scope that was to be read, for `coverage` and `cost`."""

    view: View
    scope: str
    status: ScopeStatus
    reason: str = ""
    calls: int = 0
    throttles: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """Everything that one Git source declares at one revision."""

    revision: str
    """The full commit id."""
    committed_at: str = ""
    renderer: str
    """`plain`, or the tool and its version: `kustomize v5.8.1`."""
    declarations: tuple[Declaration, ...]
    gaps: tuple[Gap, ...] = ()
    changed_at: Mapping[str, str] = field(default_factory=dict)
    """When what a file says came to the branch, RFC 3339 in UTC, by path; for removed files, when they were removed.
    Empty for a revision that is applied, where nothing waits."""
    line_commits: Mapping[tuple[str, int], Commit] = field(default_factory=dict)
    """Who wrote a line last, by (file, line): asked for the lines that findings show, as far as Git could tell."""
    file_commits: Mapping[str, Commit] = field(default_factory=dict)
    """The last change of those files."""

    codeowners: str = ""
    """The text of the repository's CODEOWNERS at this revision; empty without one."""

    @property
    def complete(self) -> bool:
        return not self.gaps

    def changed(self, declaration: Declaration) -> str:
        """When the newest of the declaration's files changed; where that is not known, when the head was committed."""
        times = (self.changed_at.get(file, "") for file in declaration.files)
        return max(times, default="") or self.committed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSourceView:
    """One configured Git source of one management cluster."""

    management_cluster: str
    source: str
    repo: str
    ref: str
    path: str
    flavor: str
    """`kubectl` or `kustomize`: whose rules typed the scalars."""
    applier: str
    """Field manager that applies this source as configured, `manager/Operation`; empty: found out from the cluster."""
    head: Rendering | None
    """`None` when nothing could be read; the reason is among `gaps`."""
    applied: Rendering | None = None
    """At the revision that the GitOps tool applied last; `None` when that is the head, or unknown."""
    remotes: tuple[str, ...] = ()
    """Further URLs of the repository: the remotes of a local one."""
    gaps: tuple[Gap, ...] = ()

    @property
    def all_gaps(self) -> tuple[Gap, ...]:
        """All that is missing of it, at its head and at the applied revision."""
        rendered = (rendering.gaps for rendering in (self.head, self.applied) if rendering)
        return (*self.gaps, *(gap for gaps in rendered for gap in gaps))


@dataclass(frozen=True, slots=True, kw_only=True)
class KindListing:
    """How one kind was listed."""

    group: str
    kind: str
    plural: str
    version: str
    """The version in which the objects in the view are."""
    served: tuple[str, ...]
    namespaced: bool
    complete: bool
    namespaces: tuple[str, ...] = ()
    """The only namespaces in which the kind was read, sorted; empty: wherever the view looked."""
    reason: str = ""
    """Why it is not complete."""
    resource_version: str = ""
    read_at: str = ""
    """RFC 3339."""
    alike: tuple[str, ...] = ()
    """Of a kind that clusters wait for and that is not served: served ones whose names are like it, the most alike
    first: `Certificate.cert-manager.io`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    """One management cluster."""

    management_cluster: str
    server_version: str
    objects: Mapping[ObjectKey, CapiObject]
    other_versions: Mapping[tuple[ObjectKey, str], CapiObject] = field(default_factory=dict)
    """The same objects in further API versions, (key, version), where Git uses several for one kind."""
    kinds: Mapping[tuple[str, str], KindListing] = field(default_factory=dict)
    """By (group, kind)."""
    schemas: Mapping[tuple[str, str, str], Json] = field(default_factory=dict)
    """CRD OpenAPI v3 schema by (group, kind, version)."""
    crd_labels: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """Labels of the CRD by (group, kind): the CAPI contract labels stand here."""
    reread: frozenset[ObjectKey] = frozenset()
    """Objects that were read a second time to confirm a suspicion."""
    namespaces: tuple[str, ...] = ()
    """The namespaces that were listed; empty: all."""
    left_out: frozenset[ObjectKey] = frozenset()
    """Objects that exist and that the label selector excludes; they are neither in `objects` nor missing."""
    read_at: str = ""
    gaps: tuple[Gap, ...] = ()
    reads: tuple[ScopeRead, ...] = ()

    def object_in(self, key: ObjectKey, version: str) -> CapiObject | None:
        """The object in that API version, when it was read in it."""
        found = self.objects.get(key)
        if found is not None and found.api_version.rpartition("/")[2] == version:
            return found
        return self.other_versions.get((key, version))

    def listed(self, group: str, kind: str) -> bool:
        """True when every object of the kind was seen, so that absence means absence."""
        listing = self.kinds.get((group, kind))
        return listing is not None and listing.complete


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceListing:
    """How one resource type of a cloud scope was listed."""

    type: str
    complete: bool
    reason: str = ""
    calls: int = 0
    read_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudScopeView:
    """One (provider, account, region)."""

    scope: CloudScope
    clusters: tuple[ClusterKey, ...] = ()
    """The clusters that live here, as the plan of the audit placed them."""
    assumed: tuple[ClusterKey, ...] = ()
    """Those of them that were placed without proof, because there was only one account."""
    identity: str | None
    """The account that the cloud itself named for our credentials; `None` when it was not verified."""
    resources: Mapping[tuple[str, str], CloudResource]
    """By (type, id)."""
    listings: Mapping[str, ResourceListing] = field(default_factory=dict)
    reread: frozenset[tuple[str, str]] = frozenset()
    """Resources, as (type, id), that were read a second time to confirm a suspicion."""
    history: tuple[ChangeLog, ...] = ()
    """Who changed what lately, one entry per log that was read or could not be; empty when nobody asked."""
    answers: tuple[Answer, ...] = ()
    """What it said about its limits, for the suspects."""
    read_at: str = ""
    gaps: tuple[Gap, ...] = ()
    reads: tuple[ScopeRead, ...] = ()

    def listed(self, resource_type: str) -> bool:
        """True when absence from `resources` means absence: complete, and in the verified account."""
        listing = self.listings.get(resource_type)
        return listing is not None and listing.complete and self.identity == self.scope.account


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectView:
    """What stands beside the suspects of one management cluster. Evidence for a cause, and never one by itself."""

    management_cluster: str
    events: tuple[Event, ...] = ()
    """Of the suspects and what belongs to them, oldest first."""
    logs: tuple[LogLine, ...] = ()
    objects: Mapping[ObjectKey, CapiObject] = field(default_factory=dict)
    """What controllers need to run: their Deployments, Pods and Leases, the Endpoints of their webhooks, the webhook
    configurations."""
    gaps: tuple[Gap, ...] = ()
    reads: tuple[ScopeRead, ...] = ()


class Reach(StrEnum):
    """How far a connection to a workload cluster came."""

    REACHED = "reached"
    NO_KUBECONFIG = "no_kubeconfig"
    BAD_KUBECONFIG = "bad_kubeconfig"
    NO_ADDRESS = "no_address"
    """Its name does not resolve."""
    NO_CONNECTION = "no_connection"
    """Refused, reset, or no answer in time."""
    BAD_CERTIFICATE = "bad_certificate"
    """Expired, for another name, or of another authority."""
    REFUSED = "refused"
    """401 or 403: it answers, and not to us."""
    FAILING = "failing"
    """It answers with errors of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadView:
    """One workload cluster, as far as it could be seen."""

    cluster: ClusterKey
    endpoint: str = ""
    """`https://host:port` of the kubeconfig."""
    reach: Reach
    detail: str = ""
    """What was seen where it was not reached: the text of the error."""
    server_version: str = ""
    objects: Mapping[ObjectKey, CapiObject] = field(default_factory=dict)
    """Nodes, PodDisruptionBudgets, VolumeAttachments, pending CSRs, and what kube-system runs."""
    listed: frozenset[str] = frozenset()
    """Kinds that were listed wholly: of these, absence means absence."""
    pods: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many pods are not well, by (namespace, reason): `Unschedulable`, `Evicted`, `CrashLoopBackOff`."""
    events: tuple[Event, ...] = ()
    certificate_expires: str = ""
    """RFC 3339: of the client certificate in the kubeconfig."""
    read_at: str = ""
    gaps: tuple[Gap, ...] = ()
    reads: tuple[ScopeRead, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """All that an audit knows. A recording holds exactly this."""

    git: tuple[GitSourceView, ...] = ()
    clusters: tuple[ClusterView, ...] = ()
    clouds: tuple[CloudScopeView, ...] = ()
    suspects: tuple[SuspectView, ...] = ()
    """What stands beside the suspects, one for each management cluster that has any."""
    workloads: tuple[WorkloadView, ...] = ()
    """The workload clusters that were looked into."""
    gaps: tuple[Gap, ...] = ()
    """What belongs to no single view: an account nobody configured, a provider that is not installed."""

    def git_is_read(self, management_cluster: str) -> bool:
        """True when every Git source of the management cluster was read wholly."""
        own = [source for source in self.git if source.management_cluster == management_cluster]
        return all(source.head is not None and not source.all_gaps for source in own)

    def all_gaps(self) -> list[Gap]:
        """Every gap of every view, in reading order."""
        gaps = list(self.gaps)
        for source in self.git:
            gaps += source.all_gaps
        for cluster in self.clusters:
            gaps += cluster.gaps
        for scope in self.clouds:
            gaps += scope.gaps
        for beside in self.suspects:
            gaps += beside.gaps
        for workload in self.workloads:
            gaps += workload.gaps
        return gaps
