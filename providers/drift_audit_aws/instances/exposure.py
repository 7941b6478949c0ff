"""Changes that are worse, or less bad, than their field alone would say."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.findings import Severity
from drift_audit.model.values import Json
from drift_audit_aws.family import Judgement


def tokens(wanted: Json, actual: Json) -> Severity | None:
    """Metadata without a session token hands the instance's role to every request that can be forged there."""
    return Severity.CRITICAL if wanted == "required" else None


def hops(wanted: Json, actual: Json) -> Severity | None:
    """More than one hop lets pods reach the metadata service."""
    further = isinstance(wanted, int) and isinstance(actual, int) and actual > max(wanted, 1)
    return Severity.CRITICAL if further else None


def endpoint(wanted: Json, actual: Json) -> Severity | None:
    return Severity.HIGH if wanted == "disabled" else None


def address(wanted: Json, actual: Json) -> Severity | None:
    return Severity.HIGH if actual is True else Severity.MEDIUM


JUDGEMENTS: Mapping[str, Judgement] = {
    "MetadataOptions.HttpTokens": tokens,
    "MetadataOptions.HttpPutResponseHopLimit": hops,
    "MetadataOptions.HttpEndpoint": endpoint,
    "PublicIpAddress": address,
}
"""By the first cloud path of the row."""
