"""Who is meant to apply an object, and what that tool itself says it applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from drift_audit.compare.leaves import leaves_of
from drift_audit.compare.managed_fields import Entry, ManagedFields
from drift_audit.compare.managers import ManagerClass, ManagerTable
from drift_audit.compare.noise import noise_of
from drift_audit.compare.schema import SchemaNode
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.pairing import ObjectPair
from drift_audit.model.values import JsonObject

IsApplier = Callable[[Entry], bool]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_PIPELINES = frozenset({"kubectl-client-side-apply", "kubectl-create", "helm", "Helm"})
"""Commands that a pipeline runs to apply, besides every server-side apply."""


def applier_of(
    pair: ObjectPair, live: CapiObject, schema: SchemaNode, fields: ManagedFields, table: ManagerTable
) -> IsApplier:
    """A test for the entries of whoever applies: as configured, as the GitOps tool says, or as the object shows.

    A pipeline that runs `kubectl apply` looks like a person. Where no GitOps tool ever wrote the
    object, the applying command that owns most of what Git declares is taken for the pipeline.
    """

    def by_gitops(entry: Entry) -> bool:
        return table.of(entry).manager_class is ManagerClass.GITOPS

    if pair.applier:
        manager, _, operation = pair.applier.rpartition("/")
        return _named(manager or operation, operation if manager else "")
    if pair.delivery is not None:
        own = _named(pair.delivery.applier)
        return _without_impostors(lambda entry: own(entry) or by_gitops(entry), fields)
    commands = [entry for entry in fields.entries if _applies(entry)]
    if pair.declaration is None or not commands or any(map(by_gitops, fields.entries)):
        return by_gitops
    declared = leaves_of(pair.declaration.raw, schema, fields.key_hints(), noise_of(live.raw))
    best = max(commands, key=lambda entry: sum(entry.holds(path) for path in declared))
    return _named(best.manager, best.operation)


def _without_impostors(is_applier: IsApplier, fields: ManagedFields) -> IsApplier:
    """The test, but not for an Update under the applier's name that is younger than its last Apply.

    A tool that applies server-side does not go back to plain updates; a person may well borrow its name.
    """
    applied = max((each.time for each in fields.entries if is_applier(each) and each.operation == "Apply"), default="")
    if not applied:
        return is_applier
    return lambda entry: is_applier(entry) and not (entry.operation == "Update" and entry.time > applied)


def _named(manager: str, operation: str = "") -> IsApplier:
    return lambda entry: entry.manager == manager and operation in ("", entry.operation) and not entry.subresource


def _applies(entry: Entry) -> bool:
    return not entry.subresource and (entry.operation == "Apply" or entry.manager in _PIPELINES)


def last_applied(
    live: CapiObject, fields: ManagedFields, is_applier: IsApplier, like: Declaration
) -> JsonObject | None:
    """The object as client-side apply sent it, when it was the applier who wrote that annotation.

    Then it is exactly what was applied, whatever revision that was. `None` when it tells nothing: another
    hand wrote it, it is masked, or it has another API version than `like`. An applier that has changed to
    server-side apply leaves an old annotation behind; and a server-side apply by a manager called `kubectl`
    makes the API server itself rewrite the annotation, whose owner stays who it was (apimachinery
    `managedfields/internal/lastappliedupdater.go`). So no Apply by either may be there.
    """
    written = live.annotations.get(LAST_APPLIED, "")
    owners = fields.owners(("metadata", "annotations", LAST_APPLIED))
    if not written or not any(is_applier(entry) for entry in owners):
        return None
    if any(
        entry.operation == "Apply" and (is_applier(entry) or entry.manager == "kubectl") for entry in fields.entries
    ):
        return None
    try:
        parsed = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, Mapping) and parsed.get("apiVersion") == like.api_version else None
