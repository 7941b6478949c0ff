"""What keeps a Pod from being well, in the word that people know it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from drift_audit.clock import moment
from drift_audit.model.values import Json, dig, mapping, sequence, text

_PATIENCE = timedelta(minutes=5)
"""Pulling an image and starting take no longer, mostly."""
_ON_THE_WAY = ("ContainerCreating", "PodInitializing", "")
_GRACE_OVER = timedelta(minutes=1)


class _Metadata(msgspec.Struct):
    name: str
    namespace: str = ""
    deletionTimestamp: str | None = None


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Status(msgspec.Struct):
    phase: str
    conditions: list[_Condition] | None = None


class _Pod(msgspec.Struct):
    metadata: _Metadata
    status: _Status


_decode = msgspec.json.Decoder(_Pod).decode


def well_at_a_glance(pod: msgspec.Raw) -> tuple[str, str] | None:
    """(namespace, name) of a Pod that is plainly well, as nearly all are: done, or with all its containers ready."""
    try:
        seen = _decode(pod)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if seen.metadata.deletionTimestamp or not _is_well(seen.status):
        return None
    return seen.metadata.namespace, seen.metadata.name


def _is_well(status: _Status) -> bool:
    ready = any((each.type, each.status) == ("Ready", "True") for each in status.conditions or ())
    return status.phase == "Succeeded" or (status.phase == "Running" and ready)


def trouble_of(pod: Mapping[str, Json], now: datetime) -> str:
    """`Unschedulable`, `Evicted`, `CrashLoopBackOff`, `Terminating`, `NotReady`; empty for a Pod that is well, and for
    one that is young.

    Facts: Kubernetes API reference, PodStatus; `deletionTimestamp` is the moment at which the grace period ends.
    """
    status = mapping(pod.get("status"))
    phase = text(status.get("phase"))
    if deleted := moment(text(dig(pod, "metadata", "deletionTimestamp"))):
        return "Terminating" if now - deleted > _GRACE_OVER else ""
    if phase == "Succeeded" or (phase == "Running" and _condition(status, "Ready").get("status") == "True"):
        # Ready: every container is. That is nearly all of nearly every cluster.
        return ""
    if phase in ("Failed", "Unknown"):
        return text(status.get("reason")) or phase
    for reason in _waiting(status):
        if reason not in _ON_THE_WAY:
            return reason
    born = moment(text(dig(pod, "metadata", "creationTimestamp")))
    if born is not None and now - born < _PATIENCE:
        return ""
    return _late(status, phase, now)


def _late(status: Mapping[str, Json], phase: str, now: datetime) -> str:
    """What a Pod that had time enough still lacks."""
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        return text(scheduled.get("reason")) or "Unschedulable"
    for reason in _waiting(status):
        return reason or "Pending"
    if phase == "Pending":
        return "Pending"
    ready = _condition(status, "Ready")
    since = moment(text(ready.get("lastTransitionTime")))
    if ready.get("status") == "False" and (since is None or now - since >= _PATIENCE):
        return "NotReady"
    return ""


def _waiting(status: Mapping[str, Json]) -> Iterator[str]:
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in map(mapping, sequence(status.get(field))):
            waiting = dig(container, "state", "waiting")
            if isinstance(waiting, Mapping):
                yield text(waiting.get("reason"))


def _condition(status: Mapping[str, Json], kind: str) -> Mapping[str, Json]:
    conditions = map(mapping, sequence(status.get("conditions")))
    return next((found for found in conditions if found.get("type") == kind), {})
