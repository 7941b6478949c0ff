"""What CAPA really does about a difference on this object: its usual reaction, unless something keeps it from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from drift_audit.model.fields import FieldRow, Reaction, ReactionKind
from drift_audit.model.values import Present, mapping
from drift_audit_aws.comparers import Part
from drift_audit_aws.fleet import EXTERNALLY_MANAGED_ANNOTATION
from drift_audit_aws.subject import Subject

LAST_APPLIED_TAGS = "sigs.k8s.io/cluster-api-provider-aws-last-applied-tags"
SYNC_MINUTES = 10
"""CAPA's `--sync-period` (main.go); EKS allows no longer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """Something that keeps CAPA from putting a value back."""

    why: Callable[[Subject, FieldRow, Part], str]
    """What keeps it, as a sentence; empty when it does not."""


def _paused(subject: Subject, row: FieldRow, part: Part) -> str:
    reason = subject.cluster.paused(subject.object)
    return f"{reason}: CAPA puts nothing back before it is resumed" if reason else ""


def _failed(subject: Subject, row: FieldRow, part: Part) -> str:
    status = subject.object.status
    if subject.machine is None or not (status.get("failureReason") or status.get("failureMessage")):
        return ""
    return "the AWSMachine has failed for good: CAPA does not reconcile it any more"


def _externally_managed(subject: Subject, row: FieldRow, part: Part) -> str:
    if subject.machine is not None or not subject.cluster.externally_managed:
        return ""
    return f"{subject.object.kind} has the annotation {EXTERNALLY_MANAGED_ANNOTATION}: CAPA leaves its network alone"


def _left_to_cloud_provider(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.comparer != "rules" or not subject.left_to_cloud_provider:
        return ""
    return "the group has the cloud provider's tag: CAPA does not keep the rules of such a group"


def _untagged_interface(subject: Subject, row: FieldRow, part: Part) -> str:
    untagged = {interface.id for interface in subject.interfaces() if interface.tagged is False}
    if row.comparer != "interfaces" or part.item not in untagged:
        return ""
    return "the network interface lacks the cluster's tag: CAPA does not change the groups of such an interface"


HINDRANCES: tuple[Hindrance, ...] = tuple(
    Hindrance(why=why) for why in (_paused, _failed, _externally_managed, _left_to_cloud_provider, _untagged_interface)
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

    Source: controllers/awsmachine_tags.go, tagsChanged.
    """
    noted = subject.object.annotations.get(LAST_APPLIED_TAGS)
    if subject.machine is None or noted is None:
        return False
    try:
        applied = mapping(json.loads(noted))
    except ValueError:
        return False
    return applied.get(part.item) != (part.capi.value if isinstance(part.capi, Present) else None)
