"""What CAPG really does about a difference on this object: its usual reaction, unless something keeps it from it."""

from __future__ import annotations

from dataclasses import replace

from drift_audit.model.fields import FieldRow, Reaction, ReactionKind
from drift_audit_gcp.families import HINDRANCES
from drift_audit_gcp.fleet import EXTERNALLY_MANAGED_ANNOTATION
from drift_audit_gcp.subject import Subject


def row_for(subject: Subject, row: FieldRow) -> FieldRow:
    """The row with the reaction that holds for this difference."""
    if row.reaction.kind is not ReactionKind.REVERTED:
        return row
    hindered = HINDRANCES.get(row.id)
    why = _paused(subject) or _externally_managed(subject) or (hindered(subject) if hindered is not None else "")
    return replace(row, reaction=Reaction(kind=ReactionKind.IGNORED, detail=why)) if why else row


def _paused(subject: Subject) -> str:
    reason = subject.cluster.paused(subject.object)
    return f"{reason}: CAPG puts nothing back before it is resumed" if reason else ""


def _externally_managed(subject: Subject) -> str:
    if subject.machine is not None or not subject.cluster.externally_managed:
        return ""
    return f"GCPCluster has the annotation {EXTERNALLY_MANAGED_ANNOTATION}: CAPG leaves its network alone"
