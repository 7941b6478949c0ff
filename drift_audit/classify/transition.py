"""Whether a difference is a controller still at work: creating, deleting, rolling out, or failing."""

from __future__ import annotations

from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text

# Reasons that describe the drifted state itself; the controller is not failing to *apply* anything.
_STATE_REASONS = frozenset({"InstanceStopped", "InstanceTerminated", "InstanceNotReady", "InstanceNotFound"})
_PAUSED = "cluster.x-k8s.io/paused"


def in_transition(live: CapiObject, now: datetime, within: timedelta) -> str:
    """Why the object may legitimately differ just now; empty when it may not, or has had its time."""
    deleting = moment(text(live.metadata.get("deletionTimestamp")))
    if deleting is not None and now - deleting <= within:
        return "the object is being deleted"
    created = moment(live.created_at)
    if created is not None and now - created <= within and not _is_ready(live):
        return "the object is being created"
    return ""


def _is_ready(live: CapiObject) -> bool:
    """Provisioned, by either contract (v1beta1 `status.ready`, v1beta2 `status.initialization.provisioned`)."""
    initialization = mapping(live.status.get("initialization"))
    return live.status.get("ready") is True or initialization.get("provisioned") is True


def unreconciled(live: CapiObject) -> str:
    """Why the controller has not carried the spec to the cloud: a spec it has not seen, or an error it reports."""
    observed, generation = live.status.get("observedGeneration"), live.metadata.get("generation")
    if isinstance(observed, int) and isinstance(generation, int) and observed < generation:
        return f"the controller has seen generation {observed} of {generation}"
    for condition in map(mapping, sequence(live.status.get("conditions"))):
        failed = condition.get("status") == "False" and condition.get("severity") == "Error"
        if failed and text(condition.get("reason")) not in _STATE_REASONS:
            return f"{text(condition.get('type'))}: {text(condition.get('reason'))}"
    return ""


def paused_by(*objects: CapiObject | None) -> str:
    """What keeps controllers from repairing anything; empty when nothing does."""
    for live in objects:
        if live is None:
            continue
        if live.kind == "Cluster" and live.spec.get("paused") is True:
            return f"{live.key} has spec.paused"
        if _PAUSED in live.annotations:
            return f"{live.key} is annotated {_PAUSED}"
    return ""
