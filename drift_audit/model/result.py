"""The result document: the public contract of `-o json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.findings import Cause, Finding, Severity
from drift_audit.model.keys import ClusterKey
from drift_audit.model.remediation import Remediation
from drift_audit.model.tree import ClusterTree
from drift_audit.model.views import ScopeRead

SCHEMA_VERSION = "1"


class Status(StrEnum):
    """The same fact as the exit code."""

    IN_SYNC = "in_sync"
    DRIFT = "drift"
    INCOMPLETE = "incomplete"
    ERROR = "error"


class ClusterStatus(StrEnum):
    OK = "ok"
    DRIFTED = "drifted"
    STUCK = "stuck"
    INCOMPLETE = "incomplete"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    id: str
    started_at: str
    finished_at: str
    duration_s: float
    config_digest: str
    recording_digest: str | None = None
    fail_on: Severity = Severity.LOW
    """The lowest severity that fails this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEntry:
    view: str
    scope: str
    subject: str
    status: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    expected: int
    """Scopes that were to be read: a Git source, a kind of a management cluster, a resource type of a cloud scope."""
    read: int
    percent: float
    scopes: tuple[ScopeRead, ...]
    gaps: tuple[GapEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GitViewEntry:
    management_cluster: str
    source: str
    repo: str
    ref: str
    path: str
    revision: str
    applied_revision: str
    renderer: str
    declarations: int
    opaque_fields: int
    """Declared fields whose value Git does not tell (templated, encrypted), so that they were not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapiViewEntry:
    management_cluster: str
    versions: Mapping[str, str]
    """`kubernetes`, and the API version read per group."""
    objects: int
    read_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudViewEntry:
    provider: str
    account: str
    region: str
    resources: int
    read_at: str
    claimed: int = 0
    """How many of them an object of the audited management clusters accounts for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewEntries:
    git: tuple[GitViewEntry, ...]
    capi: tuple[CapiViewEntry, ...]
    cloud: tuple[CloudViewEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEntry:
    management_cluster: str
    namespace: str
    name: str
    infrastructure: str
    """Kind of the infrastructure cluster, such as `AWSCluster`."""
    status: ClusterStatus
    findings: int
    complete: bool
    machines: int = 0

    @property
    def key(self) -> ClusterKey:
        return ClusterKey(self.management_cluster, self.namespace, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionUse:
    """One rule of suppression, used or not: who answers for it until when, and what it did."""

    rule: str
    matched: int
    """Findings that it hides."""
    expires_in_days: int
    """Negative when it has expired: it hides nothing any more."""
    owner: str = ""
    reason: str = ""
    expires: str = ""
    """The last day on which it holds."""
    counted_again: int = 0
    """Open findings that it would hide, had it not expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    calls: int
    throttles: int
    by_scope: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """One audit. Keys are never renamed within a major `schema_version`."""

    schema_version: str
    tool: Tool
    run: Run
    status: Status
    complete: bool
    coverage: Coverage
    views: ViewEntries
    clusters: tuple[ClusterEntry, ...]
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    suppressions: tuple[SuppressionUse, ...]
    cost: Cost
    trees: tuple[ClusterTree, ...] = ()
    """One for each cluster with a finding: the nodes with problems, the way up to the Cluster, the rest folded."""
    remediations: tuple[Remediation, ...] = ()
    """What became of the Machines that MachineHealthChecks found unhealthy, as far as is known, oldest first."""
