"""Findings of the comparison between a management cluster and a cloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from drift_audit.classify.cloud_context import CloudContext, object_of
from drift_audit.classify.git_findings import GitContext, derived_value
from drift_audit.classify.presence import absence_finding, leftover_finding, undecided_finding
from drift_audit.classify.severity import raised
from drift_audit.classify.transition import in_transition, paused_by, unreconciled
from drift_audit.classify.values import declared_at, shown
from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.fields import FieldRow, ReactionKind
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Finding,
    FindingKind,
    Severity,
    ShownValues,
    Verdict,
    finding_id,
)
from drift_audit.model.objects import CapiObject, Location
from drift_audit.model.steps import asking
from drift_audit.model.values import Absent, Observed, Present, Unknown, observed

_MEANING = {
    Verdict.EDITED_IN_CLOUD: "The object and the cloud differ.",
    Verdict.EDITED_IN_CLUSTER: "The object was changed, and the cloud still has what Git declares.",
    Verdict.CONFLICT: "Git, the object and the cloud have three different values.",
    Verdict.RECONCILING: "The controller is still at work on this object.",
    Verdict.NOT_RECONCILED: "The cloud does not have what the object asks for.",
    Verdict.HAZARD: "The cloud is in a state that will hurt, whoever brought it there.",
}


_DEFAULT = "the default: the object does not set it"


def cloud_findings(
    facts: Iterable[tuple[Fact, str]], correlation: Correlation, context: CloudContext
) -> Iterator[Finding]:
    """Every finding of one provider. With each fact comes the id of the Git finding that explains it, or nothing."""
    for fact, explained_by in facts:
        yield _fact_finding(fact, explained_by, context)
    for absence in correlation.absences:
        yield absence_finding(absence, context)
    for leftover in correlation.leftovers:
        yield leftover_finding(leftover, context)
    for undecided in correlation.undecided:
        live = context.live(undecided.management_cluster, undecided.object)
        yield undecided_finding(undecided, live)


def _fact_finding(fact: Fact, explained_by: str, context: CloudContext) -> Finding:
    link, row = fact.link, fact.row
    git = context.git[link.management_cluster]
    live = context.live(link.management_cluster, link.object)
    declared, location = _git_value(fact, live, git)
    verdict, why = _verdict(fact, declared, live, git)
    if explained_by and verdict is Verdict.EDITED_IN_CLOUD:
        verdict, why = (
            Verdict.NOT_RECONCILED,
            "the object was edited in the cluster, and the cloud does not have it yet",
        )
    paused = paused_by(context.cluster_object(link.cluster), context.infrastructure(link), live)
    severity = fact.severity or row.severity
    return Finding(
        id=finding_id(link.management_cluster, str(link.object), str(link.resource), row.id, fact.path),
        kind=row.finding,
        verdict=verdict,
        confidence=context.confidence(link, verdict),
        severity=_softened(verdict, raised(severity) if verdict is Verdict.CONFLICT else severity),
        rule=row.id,
        title=_title(row, verdict),
        cluster=link.cluster,
        management_cluster=link.management_cluster,
        object=object_of(link.object, live),
        resource=link.resource,
        path=fact.path,
        values=ShownValues(
            git=shown(declared) if declared is not None else NO_COUNTERPART,
            capi=shown(fact.capi, _DEFAULT if _is_default(fact, live) else ""),
            cloud=shown(fact.cloud),
        ),
        declared_at=declared_at(location),
        reaction=_reaction(row, verdict, paused),
        evidence=tuple(
            filter(None, (fact.note or _meaning(verdict, declared, fact), why, f"field map {row.id}: {row.source}"))
        ),
        next_steps=_next_steps(fact, verdict),
        cause=explained_by,
    )


def _git_value(fact: Fact, live: CapiObject | None, git: GitContext) -> tuple[Observed | None, Location | None]:
    """What Git says of the field, and where; `None` where the field follows from no declaration at all.

    A fact about one of many values (a rule of a security group) is computed from the declared field as a
    whole: where the object still has what Git declares, Git implies the same single value.
    """
    _, nearest = derived_value(fact.link.object, ("spec",), git)
    if not fact.capi_path:
        return None, nearest
    declared, location = derived_value(fact.link.object, fact.capi_path, git)
    origin = git.origins.get(fact.link.object)
    if origin is not None and origin.rollout_pending:
        return Unknown("it was cut from an earlier template, and its rollout is pending"), location or nearest
    if fact.path == ".".join(fact.capi_path) or isinstance(declared, Unknown) or _is_default(fact, live):
        return declared, location or nearest
    held = observed(live.at(*fact.capi_path)) if live is not None else declared
    return (fact.capi if _agree(declared, held) else declared), location or nearest


def _is_default(fact: Fact, live: CapiObject | None) -> bool:
    """True when the object does not set the field, so that the value shown is what the row says of its absence."""
    if fact.row.default is None or fact.capi != Present(fact.row.default) or not fact.capi_path or live is None:
        return False
    return isinstance(observed(live.at(*fact.capi_path)), Absent)


def _agree(declared: Observed, held: Observed) -> bool:
    """True when the object holds what Git declares; where Git is silent, the controller may fill in."""
    return isinstance(declared, Absent) or declared == held


def _verdict(fact: Fact, declared: Observed | None, live: CapiObject | None, git: GitContext) -> tuple[Verdict, str]:
    """The verdict for a field whose CAPI and cloud values differ, and what else speaks for it."""
    for side in (fact.capi, fact.cloud):
        if isinstance(side, Unknown):
            return Verdict.UNDETERMINED, side.reason
    if live is not None:
        transition = in_transition(live, git.now, timedelta(minutes=git.thresholds.transition_minutes))
        if transition:
            return Verdict.RECONCILING, transition
    if fact.row.finding is not FindingKind.DRIFT:
        return Verdict.HAZARD, ""
    if live is not None:
        failing = unreconciled(live)
        if failing and fact.row.reaction.kind is not ReactionKind.IGNORED:
            return Verdict.NOT_RECONCILED, failing
    if isinstance(declared, Present) and isinstance(fact.capi, Present) and declared.value != fact.capi.value:
        if isinstance(fact.cloud, Present) and fact.cloud.value == declared.value:
            return Verdict.EDITED_IN_CLUSTER, "the cloud still has Git's value: the cluster's was never sent"
        return Verdict.CONFLICT, "all three values differ"
    return Verdict.EDITED_IN_CLOUD, ""


def _meaning(verdict: Verdict, declared: Observed | None, fact: Fact) -> str:
    """The verdict in one sentence; that Git agrees is said only where Git was read and says the same."""
    if verdict is Verdict.EDITED_IN_CLOUD and declared == fact.capi:
        return "Git and the object agree, and the cloud differs."
    if verdict is Verdict.EDITED_IN_CLOUD and isinstance(declared, Unknown):
        return f"The object and the cloud differ; {_unknown_in_git(declared)}."
    if verdict is Verdict.EDITED_IN_CLOUD and isinstance(declared, Absent):
        return "The object and the cloud differ, and Git does not declare the field."
    return _MEANING.get(verdict, "")


def _unknown_in_git(declared: Unknown) -> str:
    if declared.reason.startswith("no declaration"):
        return "no declaration in Git was found"
    return f"what Git says is unknown: {declared.reason}"


def _softened(verdict: Verdict, severity: Severity) -> Severity:
    return Severity.INFO if verdict in (Verdict.RECONCILING, Verdict.UNDETERMINED) else severity


def _reaction(row: FieldRow, verdict: Verdict, paused: str) -> str:
    if verdict is Verdict.UNDETERMINED:
        return ""
    if verdict is Verdict.RECONCILING:
        return "the controller is at work"
    if verdict is Verdict.EDITED_IN_CLUSTER:
        return "never sent: the controller does not carry this field to a running resource"
    if paused and row.reaction.kind is not ReactionKind.IGNORED:
        return f"nothing will repair this: {paused}"
    detail = f" ({row.reaction.detail})" if row.reaction.detail else ""
    match row.reaction.kind:
        case ReactionKind.REVERTED if verdict is Verdict.NOT_RECONCILED:
            return f"the controller carries it to the cloud within {row.reaction.within_minutes} min{detail}"
        case ReactionKind.REVERTED:
            return f"reverts within {row.reaction.within_minutes} min{detail}"
        case ReactionKind.IGNORED:
            return f"nothing will repair this: {row.reaction.detail or 'the controller never compares it'}"
        case ReactionKind.BREAKS:
            return f"breaks reconciliation{detail}"
        case ReactionKind.ADOPTED:
            return f"the controller copies the cloud's value into the spec{detail}"


def _title(row: FieldRow, verdict: Verdict) -> str:
    """That of the row, which says that something differs: not where nobody knows whether it does."""
    if verdict is Verdict.UNDETERMINED:
        return f"{row.path} of the {row.resource} could not be compared"
    return row.title


def _next_steps(fact: Fact, verdict: Verdict) -> tuple[str, ...]:
    if verdict is Verdict.UNDETERMINED:
        return ("give the audit what it needs to read the value (see the gaps), then run it again",)
    if verdict is Verdict.RECONCILING:
        return ()
    resource = fact.link.resource
    if fact.row.next_steps:
        return tuple(step.format(id=resource.id, region=resource.region) for step in fact.row.next_steps)
    where = f"{resource.type} {resource.id}"
    if fact.row.finding is FindingKind.HEALTH:
        return (f"find out what is wrong: nobody edited {where}, and something behind it does not do its work",)
    if fact.row.reaction.kind is ReactionKind.REVERTED:
        return (
            asking(f"find out who changed {where}, and why"),
            f"put {where} back at once if it does harm; else the controller does it within "
            f"{fact.row.reaction.within_minutes} min, and again each time: declare what is wanted",
        )
    if not fact.row.changeable and not fact.link.object.kind.endswith("Machine"):
        return (asking(f"find out who made {where} anew: an existing one never changes in this"),)
    if fact.row.immutable or not fact.row.changeable:
        return (
            f"put {where} back, or replace the Machine"
            if fact.row.changeable
            else "replace the Machine: this cannot be changed on a running instance",
            "or, if the new value is wanted, create a new template with it, so that all Machines get it",
        )
    return (f"put {where} back, or write the new value into the declaration",)
