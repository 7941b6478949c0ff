"""How long things may take before somebody should know, and before somebody should act.

The rows are the defaults; where a number comes from a controller's own default, the row says so. Minutes, because
nobody's patience is measured in seconds. A class of machines that starts slowly stretches them, and so do the
configuration and two annotations on a MachineDeployment, a control plane or a Cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.config.settings import StuckThresholds
from drift_audit.model.health import Clock
from drift_audit.model.objects import CapiObject


@dataclass(frozen=True, slots=True)
class Limits:
    """After which time somebody should know, and after which somebody should act."""

    warn: timedelta
    critical: timedelta


def _minutes(warn: float, critical: float) -> Limits:
    return Limits(timedelta(minutes=warn), timedelta(minutes=critical))


_HOUR, _DAY = 60.0, 24 * 60.0

DEFAULTS: Mapping[Clock, Limits] = {
    # An error text needs no patience but this: aggregations and retries settle within it.
    Clock.AT_ONCE: _minutes(2, 5),
    # A missing infrastructure object is looked for every 30 s (externalReadyWait), everything every 10 min.
    Clock.CLUSTER_PENDING: _minutes(5, 15),
    Clock.CLUSTER_PROVISIONING: _minutes(15, 30),
    Clock.CONTROL_PLANE_START: _minutes(15, 30),
    Clock.MACHINE_PENDING: _minutes(5, 15),
    # 10 min is the default of nodeStartupTimeoutSeconds of a MachineHealthCheck.
    Clock.MACHINE_PROVISIONING: _minutes(10, 20),
    Clock.MACHINE_PROVISIONED: _minutes(10, 20),
    # kube-controller-manager evicts after 5 min.
    Clock.NODE_UNHEALTHY: _minutes(5, 15),
    # --remote-conditions-grace-period of the core controller is 5 min.
    Clock.CONNECTION_DOWN: _minutes(5, 15),
    # Five failed probes, 10 s apart, and a grace period of 50 s.
    Clock.CONNECTION_PROBE: _minutes(2, 10),
    Clock.ROLLOUT: _minutes(20, 40),
    Clock.CONTROL_PLANE_ROLLOUT: _minutes(20, 45),
    # KCP itself waits 2 min before it calls a member unavailable.
    Clock.COMPONENTS: _minutes(2, 10),
    Clock.SCALING: _minutes(15, 40),
    # CAPI itself begins to say "since more than 15m".
    Clock.DELETING: _minutes(15, 60),
    Clock.DRAINING: _minutes(15, 60),
    Clock.VOLUME_DETACH: _minutes(10, 30),
    Clock.HOOK: _minutes(10, 30),
    Clock.INFRASTRUCTURE_DELETION: _minutes(10, 30),
    Clock.CLUSTER_DELETING: _minutes(30, 90),
    Clock.PAUSED: _minutes(4 * _HOUR, _DAY),
    # Two and six resyncs.
    Clock.TOPOLOGY: _minutes(20, 60),
    Clock.CLUSTER_UPGRADE: _minutes(_HOUR, 4 * _HOUR),
    Clock.UPGRADE_DEFERRED: _minutes(7 * _DAY, 30 * _DAY),
    Clock.REMEDIATION_BLOCKED: _minutes(15, 60),
    Clock.RESOURCES_APPLIED: _minutes(10, 30),
    Clock.GITOPS: _minutes(_DAY, 7 * _DAY),
    # Leases are renewed within 15 s (KCP: 60 s).
    Clock.CONTROLLER: _minutes(1, 5),
    # From 30 days before a certificate ends; critical for its last 7.
    Clock.CERTIFICATE: _minutes(0, 23 * _DAY),
    Clock.BESPOKE: _minutes(15, 60),
}

STRETCHED = frozenset(
    {
        Clock.CLUSTER_PROVISIONING,
        Clock.CONTROL_PLANE_START,
        Clock.MACHINE_PENDING,
        Clock.MACHINE_PROVISIONING,
        Clock.MACHINE_PROVISIONED,
        Clock.ROLLOUT,
        Clock.CONTROL_PLANE_ROLLOUT,
        Clock.SCALING,
        Clock.INFRASTRUCTURE_DELETION,
    }
)
"""Clocks of what a provider has to build or tear down: the class of machines stretches these."""

PATIENCE = "drift-audit.io/patience"
"""Annotation: a factor for every clock of what belongs to the object."""
CLOCK_PREFIX = "drift-audit.io/clock."
"""Annotation `drift-audit.io/clock.machine_provisioned: "45"`: minutes after which it is critical; half of it warns."""


class Clocks:
    """The limits that hold for one object: defaults, configuration, class of machines, annotations."""

    def __init__(self, settings: StuckThresholds) -> None:
        self._settings = settings

    def limits(self, clock: Clock, provider_class: str = "vm", *owners: CapiObject) -> Limits:
        """The limits of a clock; the nearest of `owners` that has an annotation of ours decides."""
        for owner in owners:
            if minutes := _number(owner.annotations.get(CLOCK_PREFIX + clock)):
                return _minutes(minutes / 2, minutes)
        limits = DEFAULTS[clock]
        if own := self._settings.clocks.get(clock):
            limits = _minutes(own.warn, own.critical)
        factor = self._settings.scale.get(provider_class, 1.0) if clock in STRETCHED else 1.0
        patience = next((each for owner in owners if (each := _number(owner.annotations.get(PATIENCE)))), 1.0)
        return Limits(limits.warn * factor * patience, limits.critical * factor * patience)


def elapsed(since: str, now: datetime) -> timedelta | None:
    """How long ago it was; `None` for a moment that nobody can read, and never less than nothing."""
    began = moment(since)
    return None if began is None else max(now - began, timedelta(0))


def _number(annotated: str | None) -> float:
    """A positive number of an annotation; zero for anything else."""
    try:
        number = float(annotated or "")
    except ValueError:
        return 0.0
    return number if 0 < number < float("inf") else 0.0
