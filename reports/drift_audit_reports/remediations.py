"""The table of remediations: one line for each Machine that was found unhealthy, as far as is known.

Raw text, as in `wording`: each report escapes it for its own place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drift_audit.clock import moment
from drift_audit.model.remediation import Remediation, RemediationStep, Step, StepState
from drift_audit.model.result import AuditResult
from drift_audit_reports.wording import counted, duration_text, moment_text, object_text

TITLE = "Machines that were found unhealthy"
HEAD = ("Machine", "Detected", "Cordoned", "Drained", "Deleted", "Replaced", "Repaired in", "Remarks")

_WORDS: Mapping[StepState, str] = {
    StepState.DONE: "done",
    StepState.IN_PROGRESS: "in progress",
    StepState.PENDING: "not yet",
    StepState.SKIPPED: "left out",
    StepState.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One Machine, in the order of `HEAD`."""

    machine: str
    steps: tuple[str, ...]
    """Five, from detected to replaced."""
    repaired: str
    remarks: str

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.machine, *self.steps, self.repaired, self.remarks)


def lines_of(result: AuditResult) -> Sequence[Line]:
    """The table; empty where nothing was remediated."""
    return [_line(each) for each in result.remediations]


def counted_text(result: AuditResult) -> str:
    """`3 Machines, 1 in a loop, 2 held up`."""
    loops = sum(bool(each.loop) for each in result.remediations)
    held = sum(bool(each.blocked_by) for each in result.remediations)
    parts = [counted(len(result.remediations), "Machine")]
    parts += [f"{loops:,} in a loop"] if loops else []
    parts += [f"{held:,} held up"] if held else []
    return ", ".join(parts)


def _line(remediation: Remediation) -> Line:
    return Line(
        machine=object_text(remediation.machine),
        steps=tuple(_step(each) for each in remediation.steps),
        repaired=duration_text(timedelta(seconds=remediation.repair_seconds)) if remediation.repair_seconds else "–",
        remarks=_remarks(remediation),
    )


def _step(step: RemediationStep) -> str:
    """What it is at, and the times that are known: how long it took where both are."""
    began, ended = moment(step.began), moment(step.ended)
    if step.step is Step.DETECTED:
        return moment_text(step.ended) if ended else _WORDS[step.state]
    if step.state is StepState.DONE and began and ended and ended >= began:
        return f"{moment_text(step.ended)}, after {duration_text(ended - began)}"
    if step.state is StepState.DONE and ended:
        return moment_text(step.ended)
    word = _WORDS[step.state]
    return f"{word}, begun {moment_text(step.began)}" if began else word


def _remarks(remediation: Remediation) -> str:
    """What stops it first, then what it waits for, then what was wrong."""
    waits = next((each.waited_for for each in remediation.steps if each.waited_for), "")
    replaced = f"replaced by {remediation.replacement}" if remediation.replacement else ""
    told = (remediation.loop, remediation.blocked_by, f"waits: {waits}" if waits else "", replaced, remediation.reason)
    return "; ".join(filter(None, told))
