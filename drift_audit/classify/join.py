"""Joins what is one fact seen twice: an edit in the cluster, and the cloud that therefore differs from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drift_audit.classify.severity import raised
from drift_audit.classify.values import shown
from drift_audit.interfaces import Fact
from drift_audit.model.findings import Finding, ObjectRef, ShownValues, ValueState, Verdict
from drift_audit.model.values import Absent, Present

_EDITS = frozenset({Verdict.EDITED_IN_CLUSTER, Verdict.CONFLICT, Verdict.NOT_APPLIED, Verdict.ADOPTED})


@dataclass(frozen=True, slots=True)
class Joined:
    findings: list[Finding]
    """Git findings; those of a field that the cloud also has now carry its value."""
    facts: list[tuple[Fact, str]]
    """Facts that remain findings of their own, with the id of the Git finding that explains them or nothing."""


def join_edits(findings: Iterable[Finding], facts: Iterable[Fact]) -> Joined:
    """Each difference told once.

    A person who edits `AWSMachine.spec.instanceType` makes the object differ from Git *and* from the
    cloud: one edit, so the Git finding takes the cloud's value. A fact about one of many values (a rule
    of a security group) stays a finding, because the edit need not explain it; it only shares the cause.
    """
    joined = list(findings)
    by_object: dict[tuple[str, ObjectRef | None], list[int]] = {}
    for index, finding in enumerate(joined):
        if finding.verdict in _EDITS and finding.path:
            by_object.setdefault((finding.management_cluster, _bare(finding.object)), []).append(index)
    left: list[tuple[Fact, str]] = []
    for fact in facts:
        candidates = by_object.get((fact.link.management_cluster, _of(fact)), [])
        same = next((index for index in candidates if joined[index].path == _field(fact) == fact.path), None)
        if same is not None and joined[same].resource is None:
            joined[same] = _completed(joined[same], fact)
            continue
        around = next((index for index in candidates if _touches(joined[index].path, fact)), None)
        left.append((fact, joined[around].id if around is not None else ""))
    return Joined(joined, left)


def _field(fact: Fact) -> str:
    return ".".join(fact.capi_path)


def _touches(path: str, fact: Fact) -> bool:
    """True when an edit of `path` can have made the cloud lack a value, or keep one that is no longer wanted."""
    one_sided = isinstance(fact.capi, Absent) != isinstance(fact.cloud, Absent)
    field = _field(fact)
    if not field or not one_sided:
        return False
    return path == field or path.startswith((f"{field}.", f"{field}[")) or field.startswith(f"{path}.")


def _completed(finding: Finding, fact: Fact) -> Finding:
    git = finding.values.git
    all_differ = isinstance(fact.cloud, Present) and git.state is ValueState.PRESENT and git.value != fact.cloud.value
    conflict = all_differ and finding.verdict is Verdict.EDITED_IN_CLUSTER
    return replace(
        finding,
        values=ShownValues(git=git, capi=finding.values.capi, cloud=shown(fact.cloud)),
        resource=fact.link.resource,
        verdict=Verdict.CONFLICT if conflict else finding.verdict,
        severity=raised(finding.severity) if conflict else finding.severity,
        reaction=finding.reaction if conflict else f"never sent to the cloud; {finding.reaction}",
        evidence=(*finding.evidence, f"the cloud does not have the cluster's value: {fact.link.resource}"),
    )


def _bare(ref: ObjectRef | None) -> ObjectRef | None:
    return replace(ref, api_version="") if ref else None


def _of(fact: Fact) -> ObjectRef:
    key = fact.link.object
    return ObjectRef(api_version="", kind=key.kind, namespace=key.namespace, name=key.name)
