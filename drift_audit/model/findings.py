"""Findings: judged facts, with the evidence that each stands on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.keys import ClusterKey, ResourceKey
from drift_audit.model.values import Json


class FindingKind(StrEnum):
    DRIFT = "drift"
    STUCK = "stuck"
    MISSING = "missing"
    ORPHAN = "orphan"
    UNMANAGED = "unmanaged"
    HEALTH = "health"
    HAZARD = "hazard"


class Verdict(StrEnum):
    """Section 7 of the design; `docs/verdicts.md` explains each to a reader."""

    IN_SYNC = "in_sync"
    EDITED_IN_CLUSTER = "edited_in_cluster"
    EDITED_IN_CLOUD = "edited_in_cloud"
    EDITED_AND_REVERTED = "edited_and_reverted"
    NOT_APPLIED = "not_applied"
    NOT_RECONCILED = "not_reconciled"
    RECONCILING = "reconciling"
    ADOPTED = "adopted"
    CONFLICT = "conflict"
    MISSING = "missing"
    ORPHAN = "orphan"
    UNMANAGED = "unmanaged"
    HAZARD = "hazard"
    STUCK = "stuck"
    UNHEALTHY = "unhealthy"
    UNDETERMINED = "undetermined"


class Severity(StrEnum):
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Confidence(StrEnum):
    CONFIRMED = "confirmed"
    """May fail a run."""
    POTENTIAL = "potential"
    """Is shown, never fails a run."""


class Certainty(StrEnum):
    """How well the cause of something stuck is proven; `docs/stuck.md` has the rule."""

    HIGH = "high"
    """Two independent sources agree."""
    MEDIUM = "medium"
    """One source says so."""
    LOW = "low"
    """Only the time that it takes speaks."""


class Grade(StrEnum):
    """How well an actor is proven; `docs/verdicts.md` has the scale."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class ValueState(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """One of the three values as a report shows it."""

    state: ValueState
    value: Json = None
    reason: str = ""
    """Why it is unknown, or a remark such as `not sent by the controller`."""


NO_COUNTERPART = ShownValue(state=ValueState.UNKNOWN, reason="no counterpart in this view")
"""For a view that has no such field at all: nothing was to be compared, and reports leave it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValues:
    git: ShownValue
    capi: ShownValue
    cloud: ShownValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit that wrote a declaration."""

    id: str
    author: str
    """The author's name as Git has it, without the address."""
    date: str
    """The author's date, RFC 3339 in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAt:
    repo: str
    revision: str
    file: str
    line: int
    exact: bool = True
    """False: the line is only the nearest known one. The object is rendered from this file; or, of what is stuck, a
    controller made it from what is declared here."""
    line_commit: Commit | None = None
    """Who wrote the line last (`git blame`); `None` where nobody asked or Git could not tell."""
    file_commit: Commit | None = None
    """The last change of the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """The window in which it happened, RFC 3339; empty strings where a side is open."""

    after: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    who: str
    """The name as the evidence gives it. A field manager is a tool, never a person."""
    how: str
    """`kubectl edit`, `AWS console`, ..."""
    actor_class: str
    """Key `class` in the document: `human`, `script`, `gitops`, `controller`, `autoscaler`, `unknown`, ..."""
    between: Between
    source: str
    """Where this is known from: `managedFields`, `CloudTrail`."""
    grade: Grade
    reason: str = ""
    """Why nobody is named, or what makes the proof weaker than it looks; empty when there is nothing to add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One hop from the deepest broken thing up to the alarm."""

    layer: str
    """Of the cause; `edit`, `commit`, `missing` or `hazard` for drift that did it; `consequence` for all others."""
    object: str
    fact: str
    evidence: str
    since: str = ""
    """RFC 3339; empty when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    rule: str
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One judged fact about one subject. The JSON form of this is a public contract."""

    id: str
    kind: FindingKind
    verdict: Verdict
    confidence: Confidence
    severity: Severity
    rule: str
    """What found it: a field-map row (`aws.instance.type`) or a comparison rule (`git.leaf`)."""
    title: str
    """One sentence without values that change from run to run."""
    cluster: ClusterKey | None
    management_cluster: str
    object: ObjectRef | None
    resource: ResourceKey | None
    path: str
    values: ShownValues
    declared_at: DeclaredAt | None = None
    actor: Actor | None = None
    owner: str = ""
    """The team that can act, where it is known."""
    reaction: str = ""
    """What happens next if nobody acts: `reverts within 10 min`, `nothing will repair this`."""
    since: str = ""
    """RFC 3339: when it began; of an edit, the moment by which it had happened (`actor.between` has the window).
    Empty when unknown."""
    first_seen: str = ""
    """A place for whoever keeps results: an audit knows nothing of earlier ones, and leaves it empty."""
    certainty: Certainty | None = None
    """Of the cause of something stuck; `None` for what needs no cause."""
    variant: str = ""
    """What tells causes of one rule apart: an error code, an action that is denied."""
    chain: tuple[ChainLink, ...] = ()
    affected: tuple[str, ...] = ()
    """What else is not well because of it: `Machine/fleet/one-abc`."""
    ruled_out: tuple[str, ...] = ()
    """Other causes that the evidence speaks against."""
    possible_causes: tuple[str, ...] = ()
    """What may have brought it about, and that nothing proves."""
    evidence: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    cause: str = ""
    suppressed: Suppression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Findings with one explanation: one row in every report."""

    id: str
    title: str
    kind: FindingKind
    severity: Severity
    clusters: tuple[ClusterKey, ...]
    findings: tuple[str, ...]
    explanation: str
    next_steps: tuple[str, ...] = ()


def finding_id(*identity: str) -> str:
    """Sixteen hex digits over what the finding *is about*; never over values, times, counts or severity."""
    return hashlib.sha256("\x00".join(identity).encode()).hexdigest()[:16]
