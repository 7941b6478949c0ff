"""What CAPZ and ASO really do about a difference on this object: the usual, unless something keeps them from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drift_audit.model.fields import FieldRow, Reaction, ReactionKind
from drift_audit_azure.ownership import OWNED, owned_tag, tag
from drift_audit_azure.parts import Part
from drift_audit_azure.resource_types import SUBNET, VIRTUAL_NETWORK
from drift_audit_azure.subject import Subject


def _paused(subject: Subject, row: FieldRow, part: Part) -> str:
    reason = subject.cluster.paused(subject.object)
    return f"{reason}: CAPZ and ASO put nothing back before it is resumed" if reason else ""


def _failed(subject: Subject, row: FieldRow, part: Part) -> str:
    if subject.machine is None or not subject.machine.failed:
        return ""
    return "the AzureMachine has failed for good: CAPZ does not reconcile it any more"


def _externally_managed(subject: Subject, row: FieldRow, part: Part) -> str:
    if subject.machine is not None or not subject.cluster.externally_managed:
        return ""
    return "another system keeps the infrastructure of this AzureCluster: CAPZ leaves it alone"


def _disowned(subject: Subject, row: FieldRow, part: Part) -> str:
    """azure/services/tags/tags.go, isResourceManaged."""
    key = owned_tag(subject.cluster.key.name)
    if row.comparer != "tags" or tag(subject.tags, key) == OWNED:
        return ""
    return f"the tag {key} is gone, and without it CAPZ keeps no tags"


_HINDRANCES: tuple[Callable[[Subject, FieldRow, Part], str], ...] = (_paused, _failed, _externally_managed, _disowned)


def row_for(subject: Subject, row: FieldRow, part: Part) -> FieldRow:
    """The row with the reaction that holds for this difference."""
    if part.item == "extra" and row.reaction.kind is ReactionKind.BREAKS:
        return replace(row, reaction=Reaction(kind=ReactionKind.IGNORED, detail=part.note))
    row = _of_a_rule(row, part)
    if row.reaction.kind not in (ReactionKind.REVERTED, ReactionKind.BREAKS):
        return row
    why = next(filter(None, (hindrance(subject, row, part) for hindrance in _HINDRANCES)), "")
    if why:
        return replace(row, reaction=Reaction(kind=ReactionKind.IGNORED, detail=why))
    if _brought(subject):
        detail = "CAPZ did not make this network, and copies its address blocks into the AzureCluster"
        return replace(row, reaction=Reaction(kind=ReactionKind.ADOPTED, detail=detail))
    return row


def _of_a_rule(row: FieldRow, part: Part) -> FieldRow:
    """What CAPZ does about a rule that is gone, and about one with another port: azure/services/securitygroups/spec.go,
    Parameters, adds what it does not find to all that is there."""
    if row.comparer != "rules" or part.item not in _RULE_REACTIONS:
        return row
    return replace(row, reaction=_RULE_REACTIONS[part.item])


_RULE_REACTIONS = {
    "missing": Reaction(kind=ReactionKind.REVERTED, within_minutes=10, detail="CAPZ makes the rule again"),
    "moved": Reaction(
        kind=ReactionKind.BREAKS,
        detail="CAPZ sends its rule besides the changed one of the same name, which Azure refuses; as its source "
        "reads, not seen live",
    ),
}


def _brought(subject: Subject) -> bool:
    """ASO only reads a network that CAPZ did not make: its reconcile policy is `skip`."""
    return subject.resource.key.type in (VIRTUAL_NETWORK, SUBNET) and not subject.cluster.builds_its_network
