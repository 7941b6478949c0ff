"""One part of AWS that is read, linked, compared and cleaned up together: what each such part has to say.

Every package beside this module (`instances`, `security_groups`, ...) has one `FAMILY`; `families.py` lists them,
and nothing else knows them by name. Adding one is adding a package, a line there and a file under `fields/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from drift_audit.interfaces import Leftover, Link
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ClusterKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import Json, Observed
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.doubts import Doubted
from drift_audit_aws.fleet import AwsCluster, Fleet
from drift_audit_aws.ownership import Circumstances, vpc_of
from drift_audit_aws.parts import Comparer, Hindrance
from drift_audit_aws.reading import Reader
from drift_audit_aws.subject import CloudIndex, Subject

Expectation: TypeAlias = Callable[[Subject], Observed | None]
"""What a resource should have: `ABSENT` when nothing, `Unknown` when an input is missing, and `None` when the spec
leaves the choice to AWS, so that there is nothing to compare."""

Observation: TypeAlias = Callable[[Subject], Observed]
"""What a resource shows, where that takes more than reading one field of the API's answer."""

Condition: TypeAlias = Callable[[Subject], bool]
"""When a field-map row does not apply."""

Judgement: TypeAlias = Callable[[Json, Json], Severity | None]
"""The severity of a change from the first value to the second; `None`: that of the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What it means that a resource which an object names is not there."""

    severity: Severity
    reaction: str
    next_steps: tuple[str, ...]
    transitional: bool = False
    """True while the object is being created or deleted."""
    gone: Callable[[CloudResource], bool] = lambda resource: False
    """True for what is listed although it is not there any more: a terminated instance."""
    reaction_when_gone: str = ""
    """Instead of `reaction`, when it is still listed so."""
    detail: Callable[[CloudResource], str] = lambda resource: ""
    """What the listed rest tells of its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A resource that an object names."""

    object: CapiObject
    cluster: ClusterKey
    type: str
    id: str
    path: str
    """The field that names it: `spec.providerID`."""
    loss: Loss | None = None
    """`None` for a mere mention: it is no leftover and is looked up by its id, but nothing of it is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverRule:
    """A resource type of which a tagged resource that no object names is left over."""

    type: str
    severity: Severity
    next_steps: tuple[str, ...]
    """With `{id}` and `{region}`."""
    by_cloud_provider_tag: bool = False
    """True for types that CAPA marks with `kubernetes.io/cluster/NAME` alone; such a leftover is never sure."""
    expected: Callable[[CloudResource, AwsCluster, Fleet], bool] = lambda resource, cluster, fleet: False
    """True while CAPA is about to record the resource, or to use it again."""
    explained: Callable[[CloudResource, AwsCluster, CloudScopeView], bool] = lambda resource, cluster, cloud: False
    """True where something else in the scope explains it, and is told by itself."""
    stands_in: Callable[[CloudResource, AwsCluster], bool] = lambda resource, cluster: (
        bool(cluster.vpc_id) and cluster.vpc_id == vpc_of(resource)
    )
    """True when it stands in the cluster's own network, so that no other cluster of the name can be meant."""


def _nothing(fleet: Fleet, *_: object) -> Iterator[Any]:
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """See the module."""

    readers: tuple[Reader, ...]
    names: Callable[[Fleet], Iterator[Named]]
    """Every resource that an object of the fleet names."""
    reaches: Callable[[Link, CloudIndex], Iterator[tuple[str, str]]] | None = None
    """Further resources, as (type, id), that stand behind a linked one: the volumes of an instance."""
    attachments: Callable[[Fleet, Link, CloudIndex], Iterator[tuple[str, str]]] | None = None
    """The same for what only the fleet's objects tell: the target groups that an instance has to be in."""
    details: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By type: further types that only tell more of its resources, under their ids, and are claimed with them."""
    doubts: Callable[[Fleet, Sequence[Link], datetime], Iterator[Doubted]] = _nothing
    """Objects that should name something by now and do not, or that cannot be compared wholly."""
    silences: Callable[[Subject, FieldRow], bool] | None = None
    """True for a row that says nothing about this pair, whichever family the row is of."""
    expectations: tuple[Expectation, ...] = ()
    observations: tuple[Observation, ...] = ()
    conditions: tuple[Condition, ...] = ()
    comparers: Mapping[str, Comparer] = field(default_factory=dict)
    hindrances: tuple[Hindrance, ...] = ()
    leftovers: tuple[LeftoverRule, ...] = ()
    left_by_others: Callable[[Fleet, CloudScopeView, Circumstances], Iterator[Leftover]] = _nothing
    """What controllers inside a cluster left behind when it went; asked only where the whole fleet was read."""
    always_sent: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Fields, by type, that AWS puts into every whole answer: one of them missing says that the answer is not whole."""
    judgements: Mapping[str, Judgement] = field(default_factory=dict)
    """By the first cloud path of the row."""
