"""What a plug-in implements. `drift_audit.plugins` finds implementations by their entry points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from drift_audit.model.changes import ChangeEvent, Fit
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Finding, Severity
from drift_audit.model.health import Question, Suspicion
from drift_audit.model.history import Past
from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey, ResourceKey
from drift_audit.model.progress import Step
from drift_audit.model.result import AuditResult
from drift_audit.model.values import Observed
from drift_audit.model.views import CloudScopeView, ClusterView, Gap

Progress = Callable[[Step], None]
"""Told whenever a scope begins, has read some more, and ends; goes to standard error. May be called from any thread,
and never raises or waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRequest:
    """One cloud scope that the fleet uses, and whose clusters live in it."""

    scope: CloudScope
    clusters: tuple[ClusterKey, ...]
    assumed: tuple[ClusterKey, ...] = ()
    """Those of them whose account nobody confirmed: nothing of theirs may be called missing on that ground alone."""
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the provider wants to tell its own collector: VPC ids, resource ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopePlan:
    """Which scopes have to be read, and what of the fleet cannot be."""

    requests: tuple[ScopeRequest, ...]
    gaps: tuple[Gap, ...] = ()
    scope_of: Mapping[ClusterKey, CloudScope] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """This CAPI object stands for this cloud resource."""

    management_cluster: str
    object: ObjectKey
    resource: ResourceKey
    cluster: ClusterKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A CAPI object names a resource that a *complete* listing of the right account does not hold."""

    link: Link
    path: str
    """The field that names it: `spec.providerID`."""
    detail: str
    """`terminated at ...`, or empty."""
    severity: Severity
    reaction: str
    next_steps: tuple[str, ...]
    transitional: bool = False
    """True while the object is being created or deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A resource that says it belongs to a cluster, and that no object of the fleet names."""

    resource: ResourceKey
    cluster: ClusterKey | None
    """The cluster that it claims; `None` when no audited management cluster has it."""
    claimed: str
    """The cluster name in its tag."""
    why_sure: str
    severity: Severity
    next_steps: tuple[str, ...]
    potential: bool = False
    created_at: str = ""
    """RFC 3339: when the resource was made; empty when its cloud does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A resource that should have been compared and could not be."""

    management_cluster: str
    object: ObjectKey
    cluster: ClusterKey
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """How a provider's resources and the fleet's objects belong together."""

    links: tuple[Link, ...] = ()
    absences: tuple[Absence, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    gaps: tuple[Gap, ...] = ()
    claimed: frozenset[ResourceKey] = frozenset()
    """Every listed resource that an object accounts for, linked or not: what is listed and not claimed is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One field of one linked resource, seen from both sides; nothing is judged yet.

    A row that spans many values (the rules of a security group) gives one fact per value that differs.
    """

    link: Link
    row: FieldRow
    path: str
    """What a finding shows: the row's path, or one that names the item: `ingress[tcp 22 from 0.0.0.0/0]`."""
    capi: Observed
    cloud: Observed
    capi_path: tuple[str, ...] = ()
    """Plain field path in the object whose Git declaration declares the value; empty when there is none."""
    severity: Severity | None = None
    """Raised or lowered against the row's, for example by exposure to the internet."""
    note: str = ""


@runtime_checkable
class CloudProvider(Protocol):
    """One cloud. Created once per audit with its settings; SDKs are imported only in `collect`."""

    name: str

    @classmethod
    def settings_type(cls) -> type[Any]:
        """The pydantic-validatable type of this provider's section under `clouds:`."""
        ...

    def __init__(self, settings: Any) -> None: ...

    def owns(self, kind: str) -> bool:
        """True for infrastructure kinds that this provider can audit: `AWSMachine`."""
        ...

    def plan(self, clusters: Sequence[ClusterView]) -> ScopePlan:
        """The scopes that the fleet lives in. Reads only the objects given."""
        ...

    def collect(self, request: ScopeRequest, progress: Progress) -> CloudScopeView:
        """Lists the scope. Never raises for what the cloud refuses: that is a gap in the view."""
        ...

    def reread(self, request: ScopeRequest, view: CloudScopeView, suspects: Sequence[ResourceKey]) -> CloudScopeView:
        """The same view with the suspects read once more, and named in `reread`."""
        ...

    def correlate(
        self,
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        now: datetime,
        orphan_min_age: timedelta,
    ) -> Correlation:
        """Which object stands for which resource, what is gone, and what is left over.

        Where a cluster lives is read from `CloudScopeView.clusters`, not from the settings: a recording is
        judged without the configuration that it was made with.
        """
        ...

    def rows(self, files: Sequence[Path] = ()) -> Sequence[FieldRow]:
        """The provider's own field map, and the rows of these files that are for it.

        Raises `ConfigError` with all mistakes of the files.
        """
        ...

    def compare(
        self,
        rows: Sequence[FieldRow],
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        links: Sequence[Link],
        *,
        equal_too: bool = False,
    ) -> Sequence[Fact]:
        """Facts of all rows that differ or that cannot be known; equal fields give one only when asked for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A change that can have made a finding."""

    change: ChangeEvent
    fit: Fit
    source: str
    """Where it is known from: `CloudTrail`, or the field of the resource that tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An edit that the controller has put back."""

    edit: ChangeEvent
    undone: ChangeEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoneEdit:
    """A field of one resource that somebody edited and the controller put back, once or again and again."""

    resource: ResourceKey
    """The linked resource: the instance, where its network interface was edited."""
    rule: str
    """The row of the field map that would have found it, while it stood."""
    path: str
    value: Observed
    """What the newest edit wrote; absent where it removed something."""
    severity: Severity
    attempts: tuple[Attempt, ...]
    """Newest first, at least one."""
    source: str
    """Where it is known from: `CloudTrail`."""


@runtime_checkable
class ChangeHistory(Protocol):
    """What a provider can tell besides, whose cloud records who changed what.

    Its `collect` puts one `ChangeLog` per log into the view, also for one that could not be read. The rest is
    judging, and reads nothing.
    """

    def candidates(
        self, findings: Sequence[Finding], rows: Sequence[FieldRow], clouds: Sequence[CloudScopeView]
    ) -> Mapping[str, Sequence[Candidate]]:
        """The changes that can have made each finding, by its id, newest first; attempts that were refused too.

        The controller's own changes are left out, except where the finding is about what it made and lost.
        """
        ...

    def undone(
        self, rows: Sequence[FieldRow], clouds: Sequence[CloudScopeView], links: Sequence[Link]
    ) -> Sequence[UndoneEdit]:
        """The edits of linked resources that the controller has put back."""
        ...


@runtime_checkable
class ConstraintProbe(Protocol):
    """What a provider can tell besides, whose cloud can be asked about its own limits."""

    def questions(
        self, suspicion: Suspicion, clusters: Sequence[ClusterView], clouds: Sequence[CloudScopeView]
    ) -> Sequence[Question]:
        """What is worth asking about the suspects: never more than their troubles need, each question once."""
        ...

    def ask(self, request: ScopeRequest, view: CloudScopeView, questions: Sequence[Question]) -> CloudScopeView:
        """The same view with `answers`, its `reads` grown by what asking cost.

        Never raises for what the cloud refuses: such an answer is `unknown`, and says why.
        """
        ...


@runtime_checkable
class HealthHistory(Protocol):
    """Where an audit finds what earlier ones saw. No audit fails for it: neither method ever raises."""

    def recall(self) -> Past:
        """All that is remembered; nothing where nothing can be read."""
        ...

    def keep(self, past: Past) -> None:
        """Takes the place of what was remembered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How a report is wanted."""

    width: int = 100
    color: bool = False
    verbose: bool = False


@runtime_checkable
class ReportFormat(Protocol):
    """One output format."""

    name: str

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        """The whole report. Everything in `result` is hostile text and leaves here escaped."""
        ...
