"""What KubeadmControlPlanes remember of the Machines that they replaced (remediation.go, RemediationData)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject, mapping, text
from drift_audit.stuck.graph import CORE, ObjectGraph

IN_PROGRESS = "controlplane.cluster.x-k8s.io/remediation-in-progress"
"""On the control plane, from the deletion of a Machine to the creation of the next one."""
REPLACES = "controlplane.cluster.x-k8s.io/remediation-for"
"""On the Machine that was made instead; it stays there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One remediation, as an annotation or `status.lastRemediation` has it."""

    machine: ObjectKey
    """The Machine that was removed."""
    at: str
    """RFC 3339: when the control plane told it to go."""
    retries: int
    where: str
    owner: CapiObject | None
    in_progress: bool = False
    """The next Machine has yet to be made."""
    replacement: CapiObject | None = None


def records_of(graph: ObjectGraph) -> Iterator[Record]:
    """What is remembered, the less precise first, so that a later record of the same Machine takes its place."""
    for control_plane in graph.of_kind("KubeadmControlPlane"):
        last = mapping(control_plane.status.get("lastRemediation"))
        # `time` in v1beta2, `timestamp` in v1beta1.
        at = text(last.get("time")) or text(last.get("timestamp"))
        yield from _record({**last, "timestamp": at}, "status.lastRemediation", control_plane, control_plane)
        told = _parsed(control_plane.annotations.get(IN_PROGRESS, ""))
        yield from _record(told, f"annotation {IN_PROGRESS}", control_plane, control_plane, in_progress=True)
    for machine in graph.of_kind("Machine"):
        record = replaced_record(machine)
        if record is not None:
            yield replace(record, owner=graph.above(machine))


def replaced_record(machine: CapiObject) -> Record | None:
    """Instead of which Machine this one was made; `None` for a Machine that was made for another reason."""
    if REPLACES not in machine.annotations:
        return None
    told = _parsed(machine.annotations[REPLACES])
    found = _record(told, f"annotation {REPLACES}", machine, None, replacement=machine)
    return next(found, None)


def _record(
    told: JsonObject,
    where: str,
    on: CapiObject,
    owner: CapiObject | None,
    *,
    in_progress: bool = False,
    replacement: CapiObject | None = None,
) -> Iterator[Record]:
    name, retries = text(told.get("machine")), told.get("retryCount")
    if name:
        yield Record(
            machine=ObjectKey(CORE, "Machine", on.namespace, name),
            at=text(told.get("timestamp")),
            retries=retries if isinstance(retries, int) else 0,
            where=where,
            owner=owner,
            in_progress=in_progress,
            replacement=replacement,
        )


def _parsed(annotated: str) -> JsonObject:
    """The JSON of an annotation; nothing of what is none, for anybody may write it."""
    try:
        told = json.loads(annotated) if annotated else {}
    except (ValueError, RecursionError):
        return {}
    return mapping(told)
