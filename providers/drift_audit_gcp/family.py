"""One part of Google Cloud that is linked, compared and cleaned up together: what each such part has to say.

Every package beside this module (`machines`, `networks`, `balancers`) has one `FAMILY`; `families.py` lists them.
Adding one is adding a package, a line there and a file under `fields/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ClusterKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import Json, Observed
from drift_audit.provider_kit.parts import Comparer
from drift_audit_gcp.doubts import Doubted
from drift_audit_gcp.fleet import Fleet, GcpCluster
from drift_audit_gcp.subject import CloudIndex, Subject

Expectation: TypeAlias = Callable[[Subject], Observed | None]
"""What a resource should have: `ABSENT` when nothing, `Unknown` when an input is missing, and `None` when the spec
leaves the choice to Google, so that there is nothing to compare."""

Observation: TypeAlias = Callable[[Subject], Observed]
Condition: TypeAlias = Callable[[Subject], bool]
"""When a field-map row does not apply."""
Judgement: TypeAlias = Callable[[Json, Json], Severity | None]
"""The severity of a change from the first value to the second; `None`: that of the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What it means that a resource which an object names is not there."""

    severity: Severity
    reaction: str
    next_steps: tuple[str, ...] = ()
    transitional: bool = False
    """True while the object is being created or deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A resource that an object names, or whose name follows from it."""

    object: CapiObject
    cluster: ClusterKey
    project: str
    type: str
    id: str
    path: str
    """The field that names it: `spec.providerID`."""
    loss: Loss | None = None
    """`None` for a mere mention: it is no leftover, but nothing of it is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverRule:
    """A resource type of which a marked resource that no object names is left over."""

    type: str
    severity: Severity
    next_steps: tuple[str, ...]
    """With `{id}` and `{project}`."""
    expected: Callable[[CloudResource, GcpCluster, Fleet], bool] = lambda resource, cluster, fleet: False
    """True while CAPG is about to record the resource."""


def _nothing(*_: object) -> Iterator[Any]:
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """See the module."""

    names: Callable[[Fleet], Iterator[Named]]
    reaches: Callable[[Link, CloudIndex], Iterator[tuple[str, str]]] = _nothing
    """Further resources of the project, as (type, id), that stand behind a linked one: the disks of an instance."""
    attachments: Callable[[Fleet, Link, CloudIndex], Iterator[tuple[str, str]]] = _nothing
    """The same for what only the fleet's objects tell: the group that an instance has to be in."""
    doubts: Callable[[Fleet, Sequence[Link], datetime], Iterator[Doubted]] = _nothing
    """Objects that should name something by now and do not, or that cannot be compared wholly."""
    expectations: tuple[Expectation, ...] = ()
    observations: tuple[Observation, ...] = ()
    conditions: tuple[Condition, ...] = ()
    comparers: Mapping[str, Comparer] = field(default_factory=dict)
    judgements: Mapping[str, Judgement] = field(default_factory=dict)
    """By the id of the row."""
    hindrances: Mapping[str, Callable[[Subject], str]] = field(default_factory=dict)
    """By the id of the row: what keeps CAPG from putting a value back here, as a sentence; empty when nothing does."""
    leftovers: tuple[LeftoverRule, ...] = ()
    always_sent: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Fields, by type, that Google puts into every whole answer: one of them missing says that it is not whole."""
