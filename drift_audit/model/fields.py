"""Field-map rows: where one fact lives in the CAPI object and in the cloud, and what the controller does about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.findings import FindingKind, Severity


class ReactionKind(StrEnum):
    REVERTED = "reverted"
    """The controller puts it back by itself."""
    IGNORED = "ignored"
    """The controller never notices."""
    BREAKS = "breaks"
    """The next reconcile fails, or a later create or delete does."""
    ADOPTED = "adopted"
    """The controller copies the cloud's value into the spec."""


class Writer(StrEnum):
    """Who decides the value when nobody interferes."""

    SPEC = "spec"
    """A person, through the object's spec."""
    CONTROLLER = "controller"
    """Derived by the controller: there is no single spec field."""
    CLOUD = "cloud"
    """Assigned by the cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    kind: ReactionKind
    within_minutes: int = 0
    """For `reverted`: the longest time that a healthy controller takes."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One row of a field map. Rows are data: a YAML file per provider, extended by the user's own.

    A row either compares a plain path on each side, or names functions of the provider (`expect`,
    `observe`) that compute the two values; the paths then say what these functions read.
    """

    id: str
    """`aws.instance.type`: stable, shown as the rule of a finding."""
    kind: str
    """Kind of the CAPI object, such as `AWSMachine`."""
    resource: str
    """Resource type of the provider, such as `instance`."""
    capi: tuple[str, ...]
    """Dotted paths in the CAPI object, `[]` after a list: `spec.additionalSecurityGroups[].id`."""
    cloud: tuple[str, ...]
    """Dotted paths in the API's response shape for the resource."""
    path: str
    """The path that a finding shows; the first of `capi` when the file does not say."""
    comparer: str
    """Name of a comparer: `exact`, `set`, ..."""
    expect: str = ""
    observe: str = ""
    skip_when: str = ""
    """Name of a provider's condition under which the row does not apply: `instance_pending`."""
    default: str | int | bool | None = None
    """What an absent spec field means; without it an absent spec field is not compared."""
    writer: Writer = Writer.SPEC
    reaction: Reaction
    immutable: bool = False
    changeable: bool = True
    """False for what the cloud never changes on an existing resource: only a new one can have another value."""
    severity: Severity
    finding: FindingKind = FindingKind.DRIFT
    """What a difference is: `health` for trouble that the cloud reports, `hazard` for what will hurt."""
    title: str
    """What it means for a person: `Instance type changed outside Cluster API`."""
    source: str
    """Where the facts of this row come from."""
    next_steps: tuple[str, ...] = ()
    """What a person can do, with `{id}` and `{region}` of the resource; empty: the general advice. One that asks
    who did it begins with `who? `; see `model/steps.py`."""
