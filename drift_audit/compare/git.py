"""Compares one management cluster with Git: every pair, and human edits of objects that controllers made."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.compare.attribution import Attribution, IsApplier, applier_test, declared_share
from drift_audit.compare.leaves import leaves_of
from drift_audit.compare.managed_fields import Entry, ManagedFields, read_managed_fields
from drift_audit.compare.managers import ManagerClass, ManagerTable
from drift_audit.compare.noise import noise_of
from drift_audit.compare.object_pair import Pair, compare_pair
from drift_audit.compare.schema import SchemaNode
from drift_audit.model.comparison import LeafComparison, LeafOutcome, ObjectComparison
from drift_audit.model.keys import split_api_version
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.values import ABSENT, Present
from drift_audit.model.views import ClusterView


def compare_with_git(view: ClusterView, pairing: Pairing, table: ManagerTable) -> tuple[ObjectComparison, ...]:
    """One comparison per pair, in the order of the pairing."""
    return tuple(_compare(view, pair, table) for pair in pairing.pairs)


def _compare(view: ClusterView, pair: ObjectPair, table: ManagerTable) -> ObjectComparison:
    live = pair.live
    if live is None:
        return ObjectComparison(pair=pair)
    schema = _schema(view, live)
    fields = read_managed_fields(live.raw)
    if pair.membership is Membership.DERIVED:
        return ObjectComparison(pair=pair, leaves=tuple(_derived_edits(live, schema, fields, table)))
    if pair.declaration is None:
        return ObjectComparison(pair=pair)
    result = compare_pair(
        Pair(
            head=pair.head,
            applied=pair.applied,
            live=live,
            schema=schema,
            attribution=Attribution(
                fields=fields,
                table=table,
                is_applier=_applier(pair, live, schema, fields, table),
                created_at=live.created_at,
                last_run=pair.delivery.last_success if pair.delivery else "",
            ),
        )
    )
    return ObjectComparison(pair=pair, leaves=result.leaves, compared=result.compared, opaque=result.opaque)


def _schema(view: ClusterView, live: CapiObject) -> SchemaNode:
    group, version = split_api_version(live.api_version)
    return SchemaNode.of_object(view.schemas.get((group, live.kind, version)))


def _applier(
    pair: ObjectPair, live: CapiObject, schema: SchemaNode, fields: ManagedFields, table: ManagerTable
) -> IsApplier:
    """Who is meant to apply the object: as configured, as the GitOps tool says, or as the object itself shows.

    A pipeline that runs `kubectl apply` looks like a person. Where no GitOps tool ever wrote the
    object, the applying command that owns most of what Git declares is taken for the pipeline.
    """
    if pair.applier:
        manager, _, operation = pair.applier.rpartition("/")
        return applier_test(manager or operation, operation if manager else "", table)
    if pair.delivery is not None:
        named = applier_test(pair.delivery.applier, "", table)
        return lambda entry: named(entry) or table.of(entry).manager_class is ManagerClass.GITOPS
    if any(table.of(entry).manager_class is ManagerClass.GITOPS for entry in fields.entries):
        return applier_test("", "", table)
    appliers = [entry for entry in fields.entries if _applies(entry)]
    if not appliers or pair.declaration is None:
        return applier_test("", "", table)
    declared = list(leaves_of(pair.declaration.raw, schema, fields.key_hints(), noise_of(live.raw)))
    best = max(appliers, key=lambda entry: declared_share(entry, declared))
    return applier_test(best.manager, best.operation, table)


def _applies(entry: Entry) -> bool:
    return not entry.subresource and (
        entry.operation == "Apply" or entry.manager in ("kubectl-client-side-apply", "helm", "Helm", "kubectl-create")
    )


# A person who asks CAPI for something in the way CAPI documents has not changed intent.
_OPERATIONS = (
    "cluster.x-k8s.io/delete-machine",
    "cluster.x-k8s.io/remediate-machine",
    "kubectl.kubernetes.io/restartedAt",
)


def _derived_edits(
    live: CapiObject, schema: SchemaNode, fields: ManagedFields, table: ManagerTable
) -> Iterator[LeafComparison]:
    """Leaves of a controller-made object that a person owns: nobody else will say that they were edited."""
    attribution = Attribution(fields=fields, table=table, is_applier=lambda entry: False, created_at=live.created_at)
    noise = noise_of(live.raw)
    for path, leaf in leaves_of(live.raw, schema, fields.key_hints(), noise).items():
        if path[:2] == ("metadata", "finalizers") or any(step in _OPERATIONS for step in path):
            continue
        entries = [entry for entry in fields.owners(path) if table.of(entry).out_of_band]
        if not entries or not attribution.owners_of(fields.owners(path)).out_of_band:
            continue
        yield LeafComparison(
            path=path,
            positional=(),
            head=ABSENT,
            applied=ABSENT,
            live=Present(leaf.value),
            outcome=LeafOutcome.DERIVED_EDITED,
            actor=attribution.actor(entries, was_applied=False),
        )
