"""How much an unapplied commit matters: nothing while the applier is on its way, more with age."""

from __future__ import annotations

from datetime import datetime, timedelta

from drift_audit.classify.repair import blocked_by
from drift_audit.clock import moment
from drift_audit.config.settings import Thresholds
from drift_audit.model.findings import Severity
from drift_audit.model.pairing import ObjectPair


def severity_of_waiting(pair: ObjectPair, thresholds: Thresholds, now: datetime) -> Severity:
    """`info` for a young commit, `low` when something blocks it, `medium` once it is older than the threshold."""
    committed = moment(pair.head_committed_at)
    age = now - committed if committed else None
    if age is not None and age > timedelta(minutes=thresholds.not_applied_after_minutes):
        return Severity.MEDIUM
    if pair.delivery is not None and blocked_by(pair):
        return Severity.LOW
    return Severity.INFO if age is not None else Severity.LOW
