"""The three views of a fleet, each with what it could not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject, CloudResource, Declaration
from drift_audit.model.values import Json


class View(StrEnum):
    GIT = "git"
    CAPI = "capi"
    CLOUD = "cloud"
    WORKLOAD = "workload"


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

    def sees_all(self, group: str, kind: str) -> bool:
        """True when no object of the kind can exist that the view does not hold: `listed`, and neither narrowed to
        namespaces nor by a label selector. Only then may a stranger be called an orphan of it."""
        listing = self.kinds.get((group, kind))
        if listing is None or not listing.complete or self.left_out:
            return False
        return not (listing.served and listing.namespaced and (self.namespaces or listing.namespaces))


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
    read_at: str = ""
    gaps: tuple[Gap, ...] = ()
    reads: tuple[ScopeRead, ...] = ()

    def listed(self, resource_type: str) -> bool:
        """True when absence from `resources` means absence: complete, and in the verified account."""
        listing = self.listings.get(resource_type)
        return listing is not None and listing.complete and self.identity == self.scope.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """All that an audit knows. A recording holds exactly this."""

    git: tuple[GitSourceView, ...] = ()
    clusters: tuple[ClusterView, ...] = ()
    clouds: tuple[CloudScopeView, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """What belongs to no single view: an account nobody configured, a provider that is not installed."""

    def all_gaps(self) -> list[Gap]:
        """Every gap of every view, in reading order."""
        gaps = list(self.gaps)
        for source in self.git:
            gaps += source.gaps
            gaps += (gap for rendering in (source.head, source.applied) if rendering for gap in rendering.gaps)
        for cluster in self.clusters:
            gaps += cluster.gaps
        for scope in self.clouds:
            gaps += scope.gaps
        return gaps
