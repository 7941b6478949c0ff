"""Builders for the two sides of a comparison: what Git declares, what the cluster holds, and who wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from drift_audit.compare.attribution import Attribution
from drift_audit.compare.doubts import NO_DOUBTS, Doubts
from drift_audit.compare.managed_fields import read_managed_fields
from drift_audit.compare.managers import ManagerClass, ManagerTable
from drift_audit.compare.object_pair import Pair, compare_pair, rulings
from drift_audit.compare.schema import SchemaNode
from drift_audit.model.comparison import LeafComparison, LeafOutcome
from drift_audit.model.keys import FieldPath, ItemKey, SetItem, format_path
from drift_audit.model.objects import CapiObject, Declaration, Location

API = "example.cluster.x-k8s.io/v1"
T0, T1, T2, T3 = (f"2026-11-20T0{hour}:00:00Z" for hour in range(4))


def schema_of(spec: Mapping[str, Any]) -> SchemaNode:
    """The structure of an object whose `spec` has these properties."""
    return SchemaNode.of_object({"properties": {"spec": {"type": "object", "properties": spec}}})


def free_schema() -> SchemaNode:
    """A `spec` that may hold anything: maps by entry, lists as one leaf."""
    return SchemaNode.of_object(
        {"properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    )


def fields_v1(*paths: FieldPath) -> dict[str, Any]:
    """The `fieldsV1` of a set with these members."""
    root: dict[str, Any] = {}
    for path in paths:
        at = root
        for step in path:
            at = at.setdefault(_key(step), {})
    for path in paths:
        at = root
        for step in path:
            at = at[_key(step)]
        if at:
            at["."] = {}
    return root


def _key(step: object) -> str:
    match step:
        case ItemKey():
            return f"k:{step.text}"
        case SetItem():
            return f"v:{step.text}"
        case int():
            return f"i:{step}"
        case _:
            return f"f:{step}"


def entry(
    manager: str,
    *paths: FieldPath,
    operation: str = "Update",
    time: str = T2,
    api_version: str = API,
    subresource: str = "",
) -> dict[str, Any]:
    """One entry of managedFields."""
    made = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields_v1(*paths),
    }
    return made | ({"subresource": subresource} if subresource else {}) | ({} if time else {"time": None})


def applied(*paths: FieldPath, time: str = T1, **changes: Any) -> dict[str, Any]:
    """The entry of kustomize-controller."""
    return entry("kustomize-controller", *paths, operation="Apply", time=time, **changes)


def live_object(
    spec: Mapping[str, Any] | None = None,
    entries: Sequence[Mapping[str, Any]] = (),
    *,
    kind: str = "Thing",
    api_version: str = API,
    **metadata: Any,
) -> CapiObject:
    meta = {"name": "one", "namespace": "fleet", "creationTimestamp": T0, "managedFields": list(entries), **metadata}
    raw = {"apiVersion": api_version, "kind": kind, "metadata": meta} | ({} if spec is None else {"spec": spec})
    return CapiObject(
        api_version=api_version, kind=kind, namespace="fleet", name="one", raw=json.loads(json.dumps(raw))
    )


def declared(
    spec: Mapping[str, Any] | None = None,
    *,
    kind: str = "Thing",
    api_version: str = API,
    opaque: Mapping[FieldPath, str] | None = None,
    **metadata: Any,
) -> Declaration:
    raw = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "one", "namespace": "fleet", **metadata}}
    return Declaration(
        api_version=api_version,
        kind=kind,
        namespace="fleet",
        name="one",
        raw=raw | ({} if spec is None else {"spec": spec}),
        source="fleet",
        location=Location(repo="r", revision="1" * 40, file="fleet.yaml"),
        opaque=opaque or {},
    )


SAME_AS_HEAD = object()


def pair(
    head: Declaration | None,
    live: CapiObject,
    *,
    was: Any = SAME_AS_HEAD,
    schema: SchemaNode | None = None,
    doubts: Doubts = NO_DOUBTS,
    last_run: str = "",
) -> Pair:
    """A pair that kustomize-controller applies; `was` is the applied side where it is not the head."""
    table = ManagerTable()
    return Pair(
        head=head,
        applied=head if was is SAME_AS_HEAD else was,
        live=live,
        schema=schema or free_schema(),
        attribution=Attribution(
            fields=read_managed_fields(live.raw),
            table=table,
            is_applier=lambda each: table.of(each).manager_class is ManagerClass.GITOPS,
            created_at=live.created_at,
            last_run=last_run,
        ),
        doubts=doubts,
    )


def outcomes(made: Pair) -> dict[str, LeafOutcome]:
    """Every leaf with its raw outcome."""
    return {format_path(leaf.path): leaf.outcome for leaf in rulings(made)}


def found(made: Pair) -> dict[str, LeafOutcome]:
    """What would be reported."""
    return {format_path(leaf.path): leaf.outcome for leaf in compare_pair(made).leaves}


def the_leaf(made: Pair, path: str) -> LeafComparison:
    return next(leaf for leaf in compare_pair(made).leaves if format_path(leaf.path) == path)
