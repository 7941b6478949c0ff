"""Findings about whole cloud resources: gone, left over, or not to be compared."""

from __future__ import annotations

from drift_audit.classify.cloud_context import CloudContext, object_of
from drift_audit.classify.git_findings import derived_value
from drift_audit.classify.values import declared_at, shown
from drift_audit.interfaces import Absence, Leftover, Undecided
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Confidence,
    Finding,
    FindingKind,
    Severity,
    ShownValue,
    ShownValues,
    ValueState,
    Verdict,
    finding_id,
)
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Unknown

_LEFTOVER_TITLES = {
    False: "{type} is tagged for a cluster of the fleet, and no object names it",
    True: "{type} is tagged for a cluster that no audited management cluster has",
}


def absence_finding(absence: Absence, context: CloudContext) -> Finding:
    """An object names a resource that a complete listing of the verified account does not hold."""
    link = absence.link
    live = context.live(link.management_cluster, link.object)
    git, location = derived_value(link.object, tuple(absence.path.split(".")), context.git[link.management_cluster])
    severity = Severity.INFO if absence.transitional else absence.severity
    return Finding(
        id=finding_id(link.management_cluster, str(link.object), str(link.resource), "missing"),
        kind=FindingKind.MISSING,
        verdict=Verdict.RECONCILING if absence.transitional else Verdict.MISSING,
        confidence=context.confidence(link, Verdict.RECONCILING if absence.transitional else Verdict.MISSING),
        severity=severity,
        rule=f"{link.resource.provider}.{link.resource.type}.missing",
        title=f"{link.object.kind} names a cloud {link.resource.type} that does not exist",
        cluster=link.cluster,
        management_cluster=link.management_cluster,
        object=object_of(link.object, live),
        resource=link.resource,
        path=absence.path,
        values=ShownValues(
            git=NO_COUNTERPART if isinstance(git, Unknown) else shown(git),
            capi=ShownValue(state=ValueState.PRESENT, value=link.resource.id),
            cloud=ShownValue(state=ValueState.ABSENT, reason=absence.detail),
        ),
        declared_at=declared_at(location),
        reaction=absence.reaction,
        evidence=tuple(
            filter(
                None,
                ("The account was verified, the scope was listed completely, and it is not there.", absence.detail),
            )
        ),
        next_steps=absence.next_steps,
    )


def leftover_finding(leftover: Leftover, context: CloudContext) -> Finding:
    """A resource claims a cluster, and no object names it."""
    resource = leftover.resource
    cluster = leftover.cluster
    sure = resource in context.confirmed and not leftover.potential
    claim = f"cluster {leftover.claimed}" if leftover.claimed else "a cluster"
    return Finding(
        id=finding_id(str(resource), "orphan"),
        kind=FindingKind.ORPHAN,
        verdict=Verdict.ORPHAN,
        confidence=Confidence.CONFIRMED if sure else Confidence.POTENTIAL,
        severity=leftover.severity,
        rule=f"{resource.provider}.{resource.type}.orphan",
        title=_LEFTOVER_TITLES[cluster is None].format(type=resource.type.replace("-", " ").capitalize()),
        cluster=cluster,
        management_cluster=cluster.management_cluster if cluster else "",
        object=None,
        resource=resource,
        path="",
        values=ShownValues(
            git=NO_COUNTERPART,
            capi=ShownValue(state=ValueState.ABSENT),
            cloud=ShownValue(state=ValueState.PRESENT, value=resource.id, reason=f"claims {claim}"),
        ),
        reaction="nothing will clean this up",
        since=leftover.created_at,
        evidence=(leftover.why_sure,),
        next_steps=leftover.next_steps,
    )


def undecided_finding(undecided: Undecided, live: CapiObject | None) -> Finding:
    """An object that should have been compared with the cloud, and could not be."""
    unknown = ShownValue(state=ValueState.UNKNOWN, reason=undecided.reason)
    return Finding(
        id=finding_id(
            undecided.management_cluster, str(undecided.object), undecided.object.group, "cloud", "undecided"
        ),
        kind=FindingKind.DRIFT,
        verdict=Verdict.UNDETERMINED,
        confidence=Confidence.POTENTIAL,
        severity=Severity.INFO,
        rule="cloud.undetermined",
        title=f"{undecided.object.kind} could not be compared with the cloud",
        cluster=undecided.cluster,
        management_cluster=undecided.management_cluster,
        object=object_of(undecided.object, live),
        resource=None,
        path="",
        values=ShownValues(git=NO_COUNTERPART, capi=NO_COUNTERPART, cloud=unknown),
        evidence=(undecided.reason,),
        next_steps=("mend the gap that is reported for this scope, then run the audit again",),
    )
