"""Causes in the shape of the result document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from drift_audit.config.settings import StuckThresholds
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Certainty,
    ChainLink,
    Confidence,
    Finding,
    FindingKind,
    ObjectRef,
    Severity,
    ShownValues,
    Verdict,
    finding_id,
)
from drift_audit.model.health import Answer
from drift_audit.model.history import NOTHING, Past
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView, Views
from drift_audit.stuck.bespoke import PREFIX, UNDECLARED, Bespoke, with_bespoke
from drift_audit.stuck.blame import UNEXPLAINED, Incident, find_incidents
from drift_audit.stuck.case import Surroundings
from drift_audit.stuck.clocks import Clocks
from drift_audit.stuck.graph import ObjectGraph
from drift_audit.stuck.recognition import Lateness
from drift_audit.stuck.signature import Signature
from drift_audit.stuck.signatures import SIGNATURES
from drift_audit.stuck.suspects import suspects_in
from drift_audit.stuck.wording import first_line

RULE_PREFIX = "stuck."
_VERDICTS = {FindingKind.STUCK: Verdict.STUCK, FindingKind.HEALTH: Verdict.UNHEALTHY}


def stuck_findings(
    views: Views,
    cluster_of: Mapping[str, Mapping[ObjectKey, ClusterKey | None]],
    thresholds: StuckThresholds,
    now: datetime,
    table: Sequence[Signature] = SIGNATURES,
    past: Past = NOTHING,
    bespoke: Mapping[str, Bespoke] | None = None,
) -> list[Finding]:
    """What is stuck or unwell in every management cluster, one finding for each object that a cause sits on."""
    beside = {view.management_cluster: view for view in views.suspects}
    workloads = {view.cluster: view for view in views.workloads}
    answers = _answers(views)
    found = []
    for view in views.clusters:
        declared = (bespoke or {}).get(view.management_cluster, UNDECLARED)
        suspects = with_bespoke(suspects_in(view), declared)
        clusters = {**cluster_of.get(view.management_cluster, {}), **declared.clusters}
        around = Surroundings(
            graph=ObjectGraph(view, clusters, declared.needs),
            now=now,
            clocks=Clocks(thresholds),
            beside=beside.get(view.management_cluster),
            workloads=workloads,
            answers=answers.get(view.management_cluster, {}),
            node_conditions=thresholds.node_conditions,
            past=past,
        )
        incidents = without_doubles(find_incidents(around, suspects, table))
        found += [_finding(incident, view, around) for incident in incidents]
    return found


def without_doubles(incidents: Sequence[Incident]) -> list[Incident]:
    """What a known signature says of an object is not said again by a declaration of the configuration."""
    known = {
        incident.hit.subject.key
        for incident in incidents
        if incident.hit.stuck and not incident.hit.signature.id.startswith(PREFIX)
    }
    return [
        incident
        for incident in incidents
        if not incident.hit.signature.id.startswith(PREFIX) or incident.hit.subject.key not in known
    ]


def _answers(views: Views) -> Mapping[str, Mapping[ObjectKey, list[Answer]]]:
    found: dict[str, dict[ObjectKey, list[Answer]]] = {}
    for cloud in views.clouds:
        for answer in cloud.answers:
            asked = answer.question
            found.setdefault(asked.management_cluster, {}).setdefault(asked.object, []).append(answer)
    return found


def _finding(incident: Incident, view: ClusterView, around: Surroundings) -> Finding:
    hit = incident.hit
    row, live = hit.signature, hit.subject
    certainty = certainty_of(incident)
    rule = RULE_PREFIX + row.id
    return Finding(
        id=finding_id(view.management_cluster, str(live.key), rule, hit.sign.variant),
        kind=row.kind,
        verdict=_VERDICTS.get(row.kind, Verdict.HAZARD),
        confidence=Confidence.POTENTIAL if certainty is Certainty.LOW else Confidence.CONFIRMED,
        severity=_severity(row, hit.lateness),
        certainty=certainty,
        rule=rule,
        title=row.title,
        cluster=around.graph.cluster_key(live),
        management_cluster=view.management_cluster,
        object=reference_to(live),
        resource=None,
        path=hit.sign.path,
        values=ShownValues(git=NO_COUNTERPART, capi=NO_COUNTERPART, cloud=NO_COUNTERPART),
        variant=hit.sign.variant,
        since=hit.since,
        reaction=row.mechanism,
        chain=tuple(_chain(incident)),
        affected=tuple(sorted(map(str, incident.affected))),
        evidence=tuple(
            dict.fromkeys(
                (
                    *(proof.text for proof in hit.sign.proofs),
                    *(f"against it: {proof.text}" for proof in hit.sign.contradicted_by),
                )
            )
        ),
        next_steps=tuple(_filled(step, incident, around) for step in row.next_steps),
    )


def certainty_of(incident: Incident) -> Certainty:
    """High where two sources agree, medium for one alone, low where only the time speaks."""
    sign = incident.hit.sign
    if incident.hit.signature is UNEXPLAINED:
        return Certainty.LOW
    sources = {proof.source for proof in sign.proofs} - {"time"}
    if len(sources) > 1 and not sign.contradicted_by:
        return Certainty.HIGH
    return Certainty.MEDIUM if sources else Certainty.LOW


def _severity(row: Signature, lateness: Lateness) -> Severity:
    """The row's own once it is overdue; until then somebody should know, and no more."""
    if lateness is Lateness.OVERDUE:
        return row.severity
    return min(row.severity, Severity.MEDIUM, key=lambda severity: severity.rank)


def _chain(incident: Incident) -> Iterable[ChainLink]:
    """From the cause up to the alarm."""
    hit = incident.hit
    first, *others = incident.way
    yield ChainLink(
        layer=hit.signature.layer.word,
        object=str(first[0].key),
        fact=hit.sign.fact,
        evidence=hit.sign.proofs[0].text if hit.sign.proofs else "",
        since=hit.since,
    )
    for live, trouble in others:
        condition = trouble.condition if trouble else None
        yield ChainLink(
            layer="consequence",
            object=str(live.key),
            fact=first_line(trouble.fact) if trouble else "",
            evidence=f"condition {condition.type} is {condition.status}" if condition else "",
            since=trouble.since if trouble else "",
        )


def reference_to(live: CapiObject) -> ObjectRef:
    return ObjectRef(api_version=live.api_version, kind=live.kind, namespace=live.namespace, name=live.name)


def _filled(step: str, incident: Incident, around: Surroundings) -> str:
    live = incident.hit.subject
    cluster = around.graph.cluster_key(live)
    known = {
        "kind": live.kind.lower(),
        "namespace": live.namespace,
        "name": live.name,
        "cluster": cluster.name if cluster else "",
        **dict(incident.hit.sign.values),
    }
    return re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], match[0]), step)
