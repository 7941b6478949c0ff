"""Values as a finding shows them."""

from __future__ import annotations

from drift_audit.model.findings import DeclaredAt, ShownValue, ValueState
from drift_audit.model.objects import Location
from drift_audit.model.values import Absent, Observed, Present, Unknown


def shown(value: Observed, remark: str = "") -> ShownValue:
    """The observation in the shape of the result document."""
    match value:
        case Present(found):
            return ShownValue(state=ValueState.PRESENT, value=found, reason=remark)
        case Absent():
            return ShownValue(state=ValueState.ABSENT, reason=remark)
        case Unknown(reason):
            return ShownValue(state=ValueState.UNKNOWN, reason=reason)


def declared_at(location: Location | None) -> DeclaredAt | None:
    """The place in Git in the shape of the result document."""
    if location is None:
        return None
    return DeclaredAt(
        repo=location.repo,
        revision=location.revision,
        file=location.file,
        line=location.line,
        exact=location.exact,
    )
