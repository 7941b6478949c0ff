"""Kinds of a team's own, as the configuration declares them: what they hang together with, and when they are not ready.

They take part like every other kind: an object that is not ready is a suspect, the edges are part of the graph, and a
signature made from the declaration names it as a cause. Expressions are JMESPath over the object; besides, `conditions`
holds its conditions by type.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import jmespath
from jmespath.exceptions import JMESPathError

from drift_audit.clock import moment, stamp
from drift_audit.config.dependencies import FILLED_IN
from drift_audit.config.settings import Dependency, DependencyEdge
from drift_audit.model.health import Clock, Condition, Layer
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, mapping, sequence, text
from drift_audit.model.views import ClusterView
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.clocks import Limits
from drift_audit.stuck.conditions import conditions_of
from drift_audit.stuck.graph import reference_key
from drift_audit.stuck.signature import Looks, Sign, Signature
from drift_audit.stuck.suspects import Trouble

PREFIX = "BESPOKE-"
_NAMED_CONDITION = re.compile(r"\bconditions\.(?:\"([^\"]+)\"|(\w+))")
_LOOK = "Look at it: `kubectl -n {{namespace}} describe {kind}.{group} {{name}}`."
_ROUNDS = 4
"""How far a cluster is passed on along edges: a claim of a host of a machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bespoke:
    """The objects of declared kinds in one management cluster."""

    needs: Mapping[ObjectKey, Sequence[ObjectKey]] = field(default_factory=dict)
    suspects: Mapping[ObjectKey, Sequence[Trouble]] = field(default_factory=dict)
    clusters: Mapping[ObjectKey, ClusterKey] = field(default_factory=dict)
    """Whose they are, where that follows from the edges alone."""


UNDECLARED = Bespoke()


def bespoke_in(
    view: ClusterView, dependencies: Sequence[Dependency], cluster_of: Mapping[ObjectKey, ClusterKey | None]
) -> Bespoke:
    """What the declarations say of the objects of this management cluster."""
    if not dependencies:
        return UNDECLARED
    needs: dict[ObjectKey, list[ObjectKey]] = defaultdict(list)
    suspects: dict[ObjectKey, list[Trouble]] = defaultdict(list)
    for dependency in dependencies:
        for live in _objects_of(dependency, view):
            for edge in dependency.edges:
                for target in _targets(edge, live):
                    lower, upper = (live.key, target) if edge.serves else (target, live.key)
                    if lower != upper and lower not in needs[upper]:
                        needs[upper].append(lower)
            if not live.deleting and not _verdict(dependency, live).ready:
                suspects[live.key].append(_trouble(dependency, live))
    return Bespoke(needs=dict(needs), suspects=dict(suspects), clusters=_clusters(needs, view, cluster_of))


def with_bespoke(
    suspects: Mapping[ObjectKey, Sequence[Trouble]], declared: Bespoke
) -> Mapping[ObjectKey, Sequence[Trouble]]:
    """All suspects; the troubles of an object that is both come together."""
    if not declared.suspects:
        return suspects
    keys = dict.fromkeys((*suspects, *declared.suspects))
    return {key: (*suspects.get(key, ()), *declared.suspects.get(key, ())) for key in keys}


def signatures_of(dependencies: Iterable[Dependency]) -> tuple[Signature, ...]:
    """A row for each declaration."""
    return tuple(
        Signature(
            id=f"{PREFIX}{dependency.name.upper()}",
            layer=Layer[dependency.layer.upper()],
            severity=dependency.severity,
            title=f"{dependency.kind} is not ready",
            kinds=(dependency.kind,),
            looks=_looks_for(dependency),
            mechanism="Declared in the configuration: what needs it waits until it is ready.",
            next_steps=dependency.next_steps or (_LOOK.format(kind=dependency.kind.lower(), group=dependency.group),),
            source=f"configuration, dependencies, {dependency.name}",
            clock=Clock.BESPOKE,
            limits=_limits(dependency),
        )
        for dependency in dependencies
    )


def _objects_of(dependency: Dependency, view: ClusterView) -> Iterator[CapiObject]:
    wanted = (dependency.group, dependency.kind)
    return (live for key, live in view.objects.items() if (key.group, key.kind) == wanted)


# Readiness


@dataclass(frozen=True, slots=True)
class _Verdict:
    ready: bool
    problem: str = ""
    """Why nobody can say."""


def _verdict(dependency: Dependency, live: CapiObject) -> _Verdict:
    try:
        return _Verdict(bool(_asked(dependency.ready, live)))
    except JMESPathError as error:
        return _Verdict(False, f"whether it is ready could not be worked out: {str(error).partition(chr(10))[0]}")


def _asked(expression: str, live: CapiObject) -> Json:
    """What an expression says of an object; raises `JMESPathError` for one that does not fit its values."""
    found: Json = jmespath.search(expression, {**live.raw, "conditions": _by_type(live)})
    return found


def _by_type(live: CapiObject) -> Mapping[str, Json]:
    return {
        condition.type: {
            "status": condition.status,
            "reason": condition.reason,
            "message": condition.message,
            "since": condition.since,
        }
        for condition in conditions_of(live)
    }


def _looks_for(dependency: Dependency) -> Looks:
    def looks(case: Case) -> Sign | None:
        live = case.live
        if live.key.group != dependency.group or live.deleting:
            return None
        verdict = _verdict(dependency, live)
        if verdict.ready:
            return None
        waits_for = tuple(key for key in case.graph.needs.get(live.key, ()) if case.graph.get(key) is not None)
        return Sign(
            fact=_fact(dependency, live, verdict),
            since=_since(dependency, live),
            proofs=_proofs(dependency, live, verdict),
            waits_for=waits_for,
            variant=_variant(dependency, live),
        )

    return looks


def _trouble(dependency: Dependency, live: CapiObject) -> Trouble:
    return Trouble(
        clock=Clock.BESPOKE,
        since=_since(dependency, live),
        fact=_fact(dependency, live, _verdict(dependency, live)),
        limits=_limits(dependency),
    )


def _limits(dependency: Dependency) -> Limits:
    return Limits(timedelta(minutes=dependency.warn_minutes), timedelta(minutes=dependency.critical_minutes))


def _fact(dependency: Dependency, live: CapiObject, verdict: _Verdict) -> str:
    if verdict.problem:
        return verdict.problem
    failing = next((condition for condition in _named_conditions(dependency, live) if condition.status != "True"), None)
    if dependency.cause:
        return FILLED_IN.sub(lambda found: _filled(found[1], live), dependency.cause)
    return said_by(failing).proof.text if failing else f"not ready: {dependency.ready} is not the case"


def _filled(expression: str, live: CapiObject) -> str:
    try:
        found = _asked(expression, live)
    except JMESPathError:
        found = None
    return "unknown" if found is None else found if isinstance(found, str) else str(found)


def _proofs(dependency: Dependency, live: CapiObject, verdict: _Verdict) -> tuple[Proof, ...]:
    if verdict.problem:
        return (Proof("time", verdict.problem),)
    told = tuple(said_by(condition).proof for condition in _named_conditions(dependency, live))
    return told or (Proof("object", f"{dependency.ready} is not the case"),)


def _variant(dependency: Dependency, live: CapiObject) -> str:
    return ", ".join(condition.reason for condition in _named_conditions(dependency, live) if condition.reason)


def _named_conditions(dependency: Dependency, live: CapiObject) -> list[Condition]:
    """The conditions that the declaration speaks of, as far as the object has them."""
    names = {first or second for first, second in _NAMED_CONDITION.findall(dependency.ready)}
    return [condition for condition in conditions_of(live) if condition.type in names]


def _since(dependency: Dependency, live: CapiObject) -> str:
    """When it began, or the latest moment that it can have: a year-old host may have failed a minute ago."""
    if dependency.since:
        try:
            told = text(_asked(dependency.since, live))
        except JMESPathError:
            told = ""
        if moment(told):
            return told
    named = [condition.since for condition in _named_conditions(dependency, live)]
    return _newest(named) or _newest([*_any_change(live), live.created_at])


def _any_change(live: CapiObject) -> Iterator[str]:
    """When its status was written last, as far as conditions and managedFields tell."""
    yield from (condition.since for condition in conditions_of(live))
    for entry in map(mapping, sequence(live.metadata.get("managedFields"))):
        if entry.get("subresource") == "status":
            yield text(entry.get("time"))


def _newest(times: Iterable[str]) -> str:
    found = [when for told in times if (when := moment(told)) is not None]
    return stamp(max(found)) if found else ""


# Edges


def _targets(edge: DependencyEdge, live: CapiObject) -> Iterator[ObjectKey]:
    try:
        found = _asked(edge.path, live)
    except JMESPathError:
        return
    for each in found if isinstance(found, list) else [found]:
        key = _target(edge, each, live.namespace)
        if key is not None:
            yield key


def _target(edge: DependencyEdge, found: Json, namespace: str) -> ObjectKey | None:
    """The object that a name or a reference means; what the reference leaves out the declaration tells."""
    if isinstance(found, str):
        return ObjectKey(edge.group, edge.kind, namespace, found) if found and edge.kind else None
    reference = mapping(found)
    kind = text(reference.get("kind")) or edge.kind
    key = reference_key({**reference, "kind": kind}, namespace)
    if key is None:
        return None
    return replace(key, group=key.group or text(reference.get("group")) or edge.group)


def _clusters(
    needs: Mapping[ObjectKey, Sequence[ObjectKey]],
    view: ClusterView,
    cluster_of: Mapping[ObjectKey, ClusterKey | None],
) -> dict[ObjectKey, ClusterKey]:
    """The cluster of each object that has none, where all that it hangs together with is of one."""
    known: dict[ObjectKey, ClusterKey] = {}
    for _ in range(_ROUNDS):
        claims: dict[ObjectKey, set[ClusterKey]] = defaultdict(set)
        for upper, lowers in needs.items():
            for lower in lowers:
                for one, other in ((upper, lower), (lower, upper)):
                    own = cluster_of.get(one) or known.get(one)
                    if own is not None and cluster_of.get(other) is None and other in view.objects:
                        claims[other].add(own)
        known = {key: next(iter(found)) for key, found in claims.items() if len(found) == 1}
    return known
