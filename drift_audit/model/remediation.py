"""How Machines that were found unhealthy are replaced: what was done, when, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.findings import ObjectRef
from drift_audit.model.keys import ClusterKey


class Step(StrEnum):
    """One step of a remediation, in this order."""

    DETECTED = "detected"
    CORDONED = "cordoned"
    DRAINED = "drained"
    DELETED = "deleted"
    REPLACED = "replaced"


class StepState(StrEnum):
    DONE = "done"
    IN_PROGRESS = "in_progress"
    PENDING = "pending"
    """Not begun."""
    SKIPPED = "skipped"
    """Left out on purpose, or for want of a Node."""
    UNKNOWN = "unknown"
    """Nothing that was read tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediationStep:
    """One step of one remediation. A time that nobody can know is empty, and never guessed."""

    step: Step
    state: StepState
    began: str = ""
    """RFC 3339, as `ended`."""
    ended: str = ""
    source: str = ""
    """Where it is known from: `condition HealthCheckSucceeded`, `status.deletion.nodeDrainStartTime`."""
    waited_for: str = ""
    """What it waits for, or waited for; empty for nothing that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    """One Machine that a MachineHealthCheck found unhealthy, and what became of it."""

    management_cluster: str
    cluster: ClusterKey | None
    machine: ObjectRef
    owner: str = ""
    """`MachineSet/one-md-0-abc`: who replaces it; empty when unknown."""
    node: str = ""
    checks: tuple[str, ...] = ()
    """Names of the MachineHealthChecks that select it."""
    reason: str = ""
    """What was wrong, as it was found: `UnhealthyNode: Condition Ready on Node is reporting status Unknown ...`."""
    steps: tuple[RemediationStep, ...]
    """All five, in order."""
    replacement: str = ""
    """The name of the Machine that took its place, where that is recorded or beyond doubt."""
    repair_seconds: float | None = None
    """From its detection to a replacement that is ready; `None` until then, and where one of the two is unknown."""
    blocked_by: str = ""
    """Why nothing goes on, where somebody says so: a MachineHealthCheck that has stopped, an owner that puts it off."""
    attempt: int = 0
    """How many replacements before it failed too, as far as is recorded."""
    loop: str = ""
    """One sentence, where replacing does not help: its replacement is unhealthy as well."""

    def at(self, step: Step) -> RemediationStep:
        return next(each for each in self.steps if each.step is step)
