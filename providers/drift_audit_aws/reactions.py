"""What CAPA really does about a difference on this object: its usual reaction, unless something keeps it from it."""

from __future__ import annotations

import json
from dataclasses import replace

from drift_audit.model.fields import FieldRow, Reaction, ReactionKind
from drift_audit.model.values import JsonObject, Present, mapping
from drift_audit_aws.families import FAMILIES
from drift_audit_aws.fleet import EXTERNALLY_MANAGED_ANNOTATION
from drift_audit_aws.parts import Hindrance, Part
from drift_audit_aws.resource_types import VOLUME
from drift_audit_aws.subject import Subject

LAST_APPLIED_TAGS = "sigs.k8s.io/cluster-api-provider-aws-last-applied-tags"
LAST_APPLIED_VOLUME_TAGS = "sigs.k8s.io/cluster-api-provider-last-applied-tags-on-volumes"
"""The second one has the tags of each volume by its id, and no `aws` in its name."""
SYNC_MINUTES = 10
"""CAPA's `--sync-period` (main.go); EKS allows no longer one."""


def _paused(subject: Subject, row: FieldRow, part: Part) -> str:
    reason = subject.cluster.paused(subject.object)
    return f"{reason}: CAPA puts nothing back before it is resumed" if reason else ""


def _failed(subject: Subject, row: FieldRow, part: Part) -> str:
    status = subject.object.status
    if subject.machine is None or not (status.get("failureReason") or status.get("failureMessage")):
        return ""
    return "the AWSMachine has failed for good: CAPA does not reconcile it any more"


def _externally_managed(subject: Subject, row: FieldRow, part: Part) -> str:
    if subject.machine is not None or subject.pool is not None or not subject.cluster.externally_managed:
        return ""
    return f"{subject.object.kind} has the annotation {EXTERNALLY_MANAGED_ANNOTATION}: CAPA leaves its network alone"


HINDRANCES: tuple[Hindrance, ...] = (
    *(Hindrance(why=why) for why in (_paused, _failed, _externally_managed)),
    *(hindrance for family in FAMILIES for hindrance in family.hindrances),
)
"""Asked in this order for every row whose value CAPA would put back."""


def row_for(subject: Subject, row: FieldRow, part: Part) -> FieldRow:
    """The row with the reaction that holds for this difference."""
    if row.reaction.kind is ReactionKind.REVERTED:
        why = next(filter(None, (hindrance.why(subject, row, part) for hindrance in HINDRANCES)), "")
        return replace(row, reaction=Reaction(kind=ReactionKind.IGNORED, detail=why)) if why else row
    if row.comparer == "tags" and _not_yet_applied(subject, part):
        reaction = Reaction(
            kind=ReactionKind.REVERTED, within_minutes=SYNC_MINUTES, detail="CAPA has not applied this tag yet"
        )
        return row_for(subject, replace(row, reaction=reaction), part)
    return row


def _not_yet_applied(subject: Subject, part: Part) -> bool:
    """True when CAPA's own note of the tags it applied differs from the spec: it is about to apply them.

    Source: controllers/awsmachine_tags.go, tagsChanged; pkg/cloud/services/ec2/launchtemplate.go, ensureTags.
    """
    if subject.machine is None and subject.pool is None:
        return False
    noted = _noted_tags(subject)
    return noted is not None and noted.get(part.item) != (part.capi.value if isinstance(part.capi, Present) else None)


def _noted_tags(subject: Subject) -> JsonObject | None:
    """The tags of the resource as CAPA noted them; `None` where it noted nothing."""
    if subject.resource.key.type == VOLUME:
        volumes = _parsed(subject.object.annotations.get(LAST_APPLIED_VOLUME_TAGS))
        return mapping(volumes[subject.resource.key.id]) if volumes and subject.resource.key.id in volumes else None
    return _parsed(subject.object.annotations.get(LAST_APPLIED_TAGS))


def _parsed(noted: str | None) -> JsonObject | None:
    try:
        return mapping(json.loads(noted)) if noted is not None else None
    except ValueError:
        return None
