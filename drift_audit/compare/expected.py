"""Changes that controllers and autoscalers make to declared objects as their job.

A row here is a claim about a controller, with its source in CAPI's code; the value must still lie
inside what the row allows, so that leaving the band is a finding again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drift_audit.compare.managers import ManagerClass
from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, JsonObject, mapping, text

MIN_SIZE = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"
MAX_SIZE = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"
REPLICAS_MANAGED_BY = "cluster.x-k8s.io/replicas-managed-by"

SCALABLE = frozenset({"MachineDeployment", "MachineSet", "MachinePool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A declared leaf that differs, with everything a rule may look at."""

    kind: str
    path: FieldPath
    git: Json
    live: Json
    classes: frozenset[ManagerClass]
    scaled: bool
    """True when an owner wrote through the `scale` subresource."""
    object: JsonObject
    """The live object."""

    @property
    def annotations(self) -> Mapping[str, Json]:
        return mapping(mapping(self.object.get("metadata")).get("annotations"))


@dataclass(frozen=True, slots=True)
class Expectation:
    name: str
    why: str
    applies: Callable[[Change], bool]
    two_writers: bool = False
    """True when Git should not declare the field: its value is taken back at every apply."""


def autoscaler_band(annotations: Mapping[str, Json]) -> tuple[int, int] | None:
    """(min, max) when both autoscaler annotations hold numbers; else the autoscaler is not in charge."""
    low, high = text(annotations.get(MIN_SIZE)), text(annotations.get(MAX_SIZE))
    if not (low.isascii() and low.isdigit() and high.isascii() and high.isdigit()):
        return None
    return int(low), int(high)


def outside_band(live: CapiObject, path: FieldPath, value: Json) -> bool:
    """True for a number of replicas that the object's own autoscaler annotations forbid: an autoscaler never set it."""
    if live.kind not in SCALABLE or path != ("spec", "replicas"):
        return False
    band = autoscaler_band(live.annotations)
    return band is not None and isinstance(value, int) and not band[0] <= value <= band[1]


def _in_band(change: Change) -> bool:
    if change.kind not in SCALABLE or change.path != ("spec", "replicas"):
        return False
    if not (change.scaled or ManagerClass.AUTOSCALER in change.classes):
        return False
    band = autoscaler_band(change.annotations)
    return band is not None and isinstance(change.live, int) and band[0] <= change.live <= band[1]


def _replicas_managed_elsewhere(change: Change) -> bool:
    managed_by = text(change.annotations.get(REPLICAS_MANAGED_BY))
    is_count = change.kind == "MachinePool" and change.path in (("spec", "replicas"), ("spec", "providerIDList"))
    return is_count and managed_by not in ("", "false")


def _by_controller(change: Change) -> bool:
    return ManagerClass.CONTROLLER in change.classes


_ZERO: tuple[Json, ...] = ("", 0, None)
_FILLED_IN = frozenset(("spec", name) for name in ("controlPlaneEndpoint", "infrastructureRef", "controlPlaneRef"))


def _filled_in(change: Change) -> bool:
    """A zero in Git that the controller replaces by what it found out."""
    return change.path[:2] in _FILLED_IN and _by_controller(change) and change.git in _ZERO


def _reference_version(change: Change) -> bool:
    """v1beta1 references name a version; controllers raise it to the contract's."""
    is_reference = change.path[-1] == "apiVersion" and len(change.path) > 1
    if not is_reference or not _by_controller(change):
        return False
    return text(change.git).rpartition("/")[0] == text(change.live).rpartition("/")[0]


EXPECTATIONS: tuple[Expectation, ...] = (
    Expectation(
        "autoscaler-band",
        "the cluster autoscaler owns replicas inside its min/max annotations",
        _in_band,
        two_writers=True,
    ),
    Expectation(
        "replicas-managed-by",
        "an external autoscaler owns the replicas of this MachinePool",
        _replicas_managed_elsewhere,
        two_writers=True,
    ),
    Expectation("filled-in", "the controller fills in what Git leaves empty", _filled_in),
    Expectation("reference-version", "controllers raise the API version of references", _reference_version),
)


def expected_change(change: Change) -> Expectation | None:
    """The first rule that explains the change, if any does."""
    return next((rule for rule in EXPECTATIONS if rule.applies(change)), None)
