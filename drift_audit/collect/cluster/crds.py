"""CustomResourceDefinitions: the schema of each version (list types, defaults) and the labels (CAPI contracts).

Read by name, only for kinds that the audit holds objects of: management clusters carry hundreds of definitions
that are nobody's business here, some of them megabytes long.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from drift_audit.collect.cluster.discovery import ServedKind
from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.kinds import Reader
from drift_audit.collect.cluster.listing import get_object
from drift_audit.collect.cluster.pacing import Tally
from drift_audit.collect.cluster.parsing import RawObject
from drift_audit.model.values import Json, dig, mapping, sequence, text
from drift_audit.model.views import Gap, ScopeRead, ScopeStatus, View

_CRD = ServedKind(
    group="apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
    versions=("v1",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """What the definitions say."""

    read: ScopeRead
    schemas: Mapping[tuple[str, str, str], Json] = field(default_factory=dict)
    """By (group, kind, version), without descriptions."""
    labels: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


def read_definitions(reader: Reader, kinds: Sequence[ServedKind], pool: Executor) -> Definitions:
    """The definitions of these kinds; built-in kinds have none."""
    started = time.monotonic()
    schemas: dict[tuple[str, str, str], Json] = {}
    labels: dict[tuple[str, str], Mapping[str, str]] = {}
    faults: dict[str, Unreadable] = {}
    tallies = [Tally()]
    asked = [kind for kind in kinds if "." in kind.group]
    for kind, (answer, tally) in zip(asked, pool.map(lambda kind: _definition(reader, kind), asked), strict=True):
        tallies.append(tally)
        if isinstance(answer, Unreadable):
            faults[f"{kind.plural}.{kind.group}"] = answer
        elif answer is not None:
            labels[kind.group, kind.kind] = _labels(answer)
            schemas.update({(kind.group, kind.kind, version): schema for version, schema in _schemas(answer).items()})
    gaps = _gaps(reader, faults, len(asked))
    failed = bool(faults) and len(faults) == len(asked)
    status = ScopeStatus.FAILED if failed else ScopeStatus.PARTIAL if gaps else ScopeStatus.COMPLETE
    return Definitions(
        read=ScopeRead(
            view=View.CAPI,
            scope=reader.scope(_CRD.kind),
            status=status,
            reason=gaps[0].reason if gaps else "",
            calls=sum(tally.calls for tally in tallies),
            throttles=sum(tally.throttles for tally in tallies),
            seconds=round(time.monotonic() - started, 3),
        ),
        schemas=schemas,
        labels=labels,
        gaps=gaps,
    )


def _definition(reader: Reader, kind: ServedKind) -> tuple[RawObject | Unreadable | None, Tally]:
    tally = Tally()
    try:
        return get_object(reader.connection, _CRD, "v1", "", f"{kind.plural}.{kind.group}", tally), tally
    except Unreadable as fault:
        return fault, tally


def _gaps(reader: Reader, faults: Mapping[str, Unreadable], asked: int) -> tuple[Gap, ...]:
    """One gap per definition; a single one where they all failed, as they do when the permission is missing."""
    if faults and len(faults) == asked:
        return (reader.gap(_CRD.kind, next(iter(faults.values()))),)
    return tuple(reader.gap(_CRD.kind, fault, subject=name, partial=True) for name, fault in faults.items())


def _labels(definition: RawObject) -> dict[str, str]:
    return {key: text(value) for key, value in mapping(dig(definition, "metadata", "labels")).items()}


def _schemas(definition: RawObject) -> dict[str, Json]:
    versions = map(mapping, sequence(dig(definition, "spec", "versions")))
    return {
        text(version.get("name")): _without_descriptions(dig(version, "schema", "openAPIV3Schema"))
        for version in versions
        if version.get("served") is True
    }


_BY_NAME = ("properties", "patternProperties", "definitions")
"""Below these, keys are names of fields, and a field may well be called `description`."""
_VERBATIM = ("default", "enum", "example", "required", "x-kubernetes-validations", "x-kubernetes-list-map-keys")


def _without_descriptions(schema: Json) -> Json:
    """The schema without its prose, which is two thirds of it."""
    if isinstance(schema, Mapping):
        return {key: _kept(key, value) for key, value in schema.items() if key != "description"}
    if isinstance(schema, list):
        return [_without_descriptions(item) for item in schema]
    return schema


def _kept(key: str, value: Json) -> Json:
    if key in _VERBATIM:
        return value
    if key in _BY_NAME and isinstance(value, Mapping):
        return {name: _without_descriptions(below) for name, below in value.items()}
    return _without_descriptions(value)
