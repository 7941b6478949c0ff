"""Compares one management cluster with Git: every pair, and human edits of objects that controllers made."""

from __future__ import annotations

from dataclasses import replace

from drift_audit.compare.applier import applier_of, last_applied
from drift_audit.compare.attribution import Attribution
from drift_audit.compare.derived import derived_edits, untouched_by_people
from drift_audit.compare.doubts import Doubts
from drift_audit.compare.managed_fields import ManagedFields, read_managed_fields
from drift_audit.compare.managers import ManagerTable
from drift_audit.compare.object_pair import Pair, compare_pair
from drift_audit.compare.schema import SchemaNode
from drift_audit.compare.versions import in_version_of
from drift_audit.model.comparison import LeafComparison, LeafOutcome, ObjectComparison
from drift_audit.model.keys import split_api_version
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.values import JsonObject, Unknown
from drift_audit.model.views import ClusterView


def compare_with_git(view: ClusterView, pairing: Pairing, table: ManagerTable) -> tuple[ObjectComparison, ...]:
    """One comparison per pair, in the order of the pairing."""
    schemas = Schemas(view)
    return tuple(_compare_safely(schemas, pair, table) for pair in pairing.pairs)


class Schemas:
    """The structure of every kind of a management cluster, built once for all objects of the kind."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        self._known: dict[tuple[str, str], SchemaNode] = {}

    def of(self, live: CapiObject) -> SchemaNode:
        """The structure in the API version in which the object was read; a deduced one for a kind without a CRD."""
        name = (live.api_version, live.kind)
        if name not in self._known:
            group, version = split_api_version(live.api_version)
            self._known[name] = SchemaNode.of_object(self._view.schemas.get((group, live.kind, version)), *name)
        return self._known[name]


def _compare_safely(schemas: Schemas, pair: ObjectPair, table: ManagerTable) -> ObjectComparison:
    """The comparison; for an object that is nested beyond all measure, the one remark that it has none."""
    try:
        return _compare(schemas, pair, table)
    except RecursionError:
        unknown = Unknown("the object is nested too deeply to be compared")
        remark = LeafComparison(
            path=("spec",),
            positional=("spec",),
            head=unknown,
            applied=unknown,
            live=unknown,
            outcome=LeafOutcome.POSSIBLE_OOB,
            note=unknown.reason,
        )
        return ObjectComparison(pair=pair, leaves=(remark,))


def _compare(schemas: Schemas, pair: ObjectPair, table: ManagerTable) -> ObjectComparison:
    live = pair.live
    if live is None:
        return ObjectComparison(pair=pair)
    if pair.membership is Membership.DERIVED:
        if untouched_by_people(live, table):
            return ObjectComparison(pair=pair)
        schema = schemas.of(live)
        return ObjectComparison(pair=pair, leaves=tuple(derived_edits(live, schema, _owners(live, schema), table)))
    sides = comparable(schemas, pair, table)
    if sides is None:
        return ObjectComparison(pair=pair)
    result = compare_pair(sides)
    return ObjectComparison(pair=pair, leaves=result.leaves, compared=result.compared, opaque=result.opaque)


def comparable(schemas: Schemas, pair: ObjectPair, table: ManagerTable) -> Pair | None:
    """The pair with all that a comparison of its leaves looks at; `None` when it has no two sides."""
    live, declaration = pair.live, pair.declaration
    if live is None or declaration is None or live.api_version != declaration.api_version:
        return None
    schema = schemas.of(live)
    fields = _owners(live, schema)
    is_applier = applier_of(pair, live, schema, fields, table)
    applied, told = pair.applied, None
    if pair.head_is_applied is None or applied is None:
        told = last_applied(live, fields, is_applier, declaration)
        applied = applied if told is None else _as_applied(declaration, told)
    attribution = Attribution(
        fields=fields,
        table=table,
        is_applier=is_applier,
        created_at=live.created_at,
        last_run=pair.delivery.last_success if pair.delivery else "",
    )
    return Pair(
        head=pair.head,
        applied=applied,
        live=live,
        schema=schema,
        attribution=attribution,
        doubts=Doubts(
            rewritten_by=pair.delivery.rewrites if pair.delivery else "",
            head_may_be_newer=told is None and _head_may_be_newer(pair, attribution),
        ),
    )


def _owners(live: CapiObject, schema: SchemaNode) -> ManagedFields:
    """Who owns the object's leaves, in the API version in which it was read."""
    return in_version_of(live, read_managed_fields(live.raw, structured=schema.structured))


def _as_applied(declaration: Declaration, raw: JsonObject) -> Declaration:
    """What was applied, as the applier noted it in the object; it stands in no file, so it has no lines."""
    return replace(declaration, raw=raw, marks={}, opaque={})


def _head_may_be_newer(pair: ObjectPair, attribution: Attribution) -> bool:
    if pair.head_is_applied is not None or not pair.head_committed_at:
        return False
    return pair.head_committed_at > attribution.applied_at
