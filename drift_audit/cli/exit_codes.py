"""What the exit code says. The same fact as `status` in the result document.

| code | meaning | `--detailed-exitcode` (Terraform's) |
|---|---|---|
| 0 | in sync | 0 |
| 1 | findings at or above `--fail-on` | 2 |
| 2 | could not audit: configuration, usage, nothing readable, a bug | 1 |
| 3 | incomplete: something could not be read | 1 |
| 130, 143 | interrupted, terminated | the same |

The order of precedence is 2, 1, 3, 0.
"""

from __future__ import annotations

from drift_audit.model.findings import Confidence, Finding, Severity, Verdict
from drift_audit.model.result import AuditResult, Status

IN_SYNC = 0
FINDINGS = 1
COULD_NOT_AUDIT = 2
INCOMPLETE = 3
INTERRUPTED = 130
TERMINATED = 143

_DETAILED = {IN_SYNC: 0, FINDINGS: 2, COULD_NOT_AUDIT: 1, INCOMPLETE: 1}

_NEVER_FAILS = frozenset({Verdict.IN_SYNC, Verdict.RECONCILING, Verdict.UNDETERMINED})
"""Healthy, on its way, or not known: what is not known makes the audit incomplete instead."""


def exit_code(result: AuditResult, fail_on: Severity, detailed: bool) -> int:
    """The code for a finished audit."""
    return spelled(_plain_code(result, fail_on), detailed=detailed)


def spelled(code: int, *, detailed: bool) -> int:
    """The code as it leaves the process: with `--detailed-exitcode` a configuration error must not look like drift."""
    return _DETAILED.get(code, code) if detailed else code


def fails_run(finding: Finding, fail_on: Severity) -> bool:
    """True for a confirmed finding that nobody suppressed, at or above the severity."""
    return (
        finding.confidence is Confidence.CONFIRMED
        and finding.suppressed is None
        and finding.verdict not in _NEVER_FAILS
        and finding.severity.rank >= fail_on.rank
    )


def _plain_code(result: AuditResult, fail_on: Severity) -> int:
    if result.status is Status.ERROR:
        return COULD_NOT_AUDIT
    if any(fails_run(finding, fail_on) for finding in result.findings):
        return FINDINGS
    return IN_SYNC if result.complete else INCOMPLETE
