"""Changes that are worse, or less bad, than their field alone would say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.values import Json, Observed, Present

Judgement = Callable[[Json, Json], Severity | None]


def _tokens(wanted: Json, actual: Json) -> Severity | None:
    """Metadata without a session token hands the instance's role to every request that can be forged there."""
    return Severity.CRITICAL if wanted == "required" else None


def _hops(wanted: Json, actual: Json) -> Severity | None:
    """More than one hop lets pods reach the metadata service."""
    further = isinstance(wanted, int) and isinstance(actual, int) and actual > max(wanted, 1)
    return Severity.CRITICAL if further else None


def _endpoint(wanted: Json, actual: Json) -> Severity | None:
    return Severity.HIGH if wanted == "disabled" else None


def _address(wanted: Json, actual: Json) -> Severity | None:
    return Severity.HIGH if actual is True else Severity.MEDIUM


_JUDGEMENTS: Mapping[str, Judgement] = {
    "MetadataOptions.HttpTokens": _tokens,
    "MetadataOptions.HttpPutResponseHopLimit": _hops,
    "MetadataOptions.HttpEndpoint": _endpoint,
    "PublicIpAddress": _address,
}
"""By the first cloud path of the row."""


def severity_of_change(row: FieldRow, wanted: Observed, actual: Observed) -> Severity | None:
    """The severity of this very change; `None`: that of the row."""
    judge = _JUDGEMENTS.get(row.cloud[0]) if row.cloud else None
    if judge is None or not isinstance(wanted, Present) or not isinstance(actual, Present):
        return None
    return judge(wanted.value, actual.value)
