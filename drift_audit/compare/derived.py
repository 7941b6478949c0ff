"""Edits of objects that controllers made: Git does not declare them, so only the owner of a leaf tells."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.compare.attribution import Attribution
from drift_audit.compare.collapse import collapse
from drift_audit.compare.leaves import Leaves, leaves_of
from drift_audit.compare.managed_fields import Entry, ManagedFields, writers_of
from drift_audit.compare.managers import ManagerClass, ManagerTable
from drift_audit.compare.noise import noise_of
from drift_audit.compare.schema import SchemaNode
from drift_audit.model.comparison import LeafComparison, LeafOutcome
from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import ABSENT, Json, Present

# A person who asks CAPI for something in the way CAPI documents has not changed intent.
_OPERATIONS = (
    "cluster.x-k8s.io/delete-machine",
    "cluster.x-k8s.io/remediate-machine",
    "kubectl.kubernetes.io/restartedAt",
)
# A name that nobody knows is no proof here: controllers write these objects all the time, under many names.
_PEOPLE = frozenset({ManagerClass.HUMAN, ManagerClass.SCRIPT})


def untouched_by_people(live: CapiObject, table: ManagerTable) -> bool:
    """True when no person has written to the object: the answer for nearly all of a fleet, from names alone."""
    return not any(table.named(*writer).manager_class in _PEOPLE for writer in writers_of(live.raw))


def derived_edits(
    live: CapiObject, schema: SchemaNode, fields: ManagedFields, table: ManagerTable
) -> list[LeafComparison]:
    """Leaves of a controller-made object that a person owns; nobody else will say that they were edited."""
    people = [entry for entry in fields.entries if table.of(entry).manager_class in _PEOPLE]
    if not people:
        return []
    leaves = leaves_of(live.raw, schema, fields.key_hints(), noise_of(live.raw))
    if not _made_by_controller(leaves, fields, table):
        return []
    attribution = Attribution(fields=fields, table=table, is_applier=lambda entry: False, created_at=live.created_at)
    edits = list(_edits(leaves, attribution))
    return collapse(edits, head=leaves.keys() - {edit.path for edit in edits})


def _made_by_controller(leaves: Leaves, fields: ManagedFields, table: ManagerTable) -> bool:
    """False for an object that a person made by hand and a controller adopted: there everything is theirs."""
    return any(
        table.of(entry).manager_class not in _PEOPLE
        for path in leaves
        if path[0] == "spec"
        for entry in fields.owners(path)
    )


def _edits(leaves: Leaves, attribution: Attribution) -> Iterator[LeafComparison]:
    for path, leaf in leaves.items():
        if path[:2] == ("metadata", "finalizers") or any(step in _OPERATIONS for step in path):
            continue
        entries = [
            entry for entry in attribution.fields.owners(path) if attribution.table.of(entry).manager_class in _PEOPLE
        ]
        if entries:
            yield _edit(path, leaf.value, attribution, entries)


def _edit(path: FieldPath, value: Json, attribution: Attribution, entries: list[Entry]) -> LeafComparison:
    return LeafComparison(
        path=path,
        positional=(),
        head=ABSENT,
        applied=ABSENT,
        live=Present(value),
        outcome=LeafOutcome.DERIVED_EDITED,
        actor=attribution.actor(entries, was_applied=False),
    )
