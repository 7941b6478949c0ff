"""The result document: `AuditResult` as plain JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drift_audit.errors import DriftAuditError
from drift_audit.model.findings import Cause, Finding
from drift_audit.model.remediation import Remediation, Step
from drift_audit.model.result import SCHEMA_VERSION, AuditResult
from drift_audit.model.values import Json
from drift_audit_reports.codec import Misfit, decode, encode
from drift_audit_reports.ranking import cause_rank, finding_rank

_SHOWN_MISFITS = 10


class DocumentError(DriftAuditError):
    """A stored result that is no result document of this major version; exit 2."""


def to_document(result: AuditResult) -> dict[str, Any]:
    """The result as the public contract spells it (`schema/result-v1.schema.json`).

    The order of every list depends on what stands in it, never on which collector finished first.
    """
    document: dict[str, Any] = encode(in_document_order(result))
    return document


def from_document(document: Mapping[str, Json]) -> AuditResult:
    """The result that `to_document` wrote; raises `DocumentError` that names every place that does not fit."""
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise DocumentError(
            f"the result document has schema_version {version!r}; this version reads {SCHEMA_VERSION!r}: "
            "render it with the drift-audit that wrote it"
        )
    result, misfits = decode(AuditResult, dict(document))
    if result is None:
        raise DocumentError(_told(misfits))
    return result


def in_document_order(result: AuditResult) -> AuditResult:
    """The same result with its lists in the order of the document: causes by rank, findings by subject."""
    coverage = replace(
        result.coverage,
        scopes=tuple(sorted(result.coverage.scopes, key=lambda read: (read.view, read.scope))),
        gaps=tuple(sorted(result.coverage.gaps, key=lambda gap: (gap.view, gap.scope, gap.subject, gap.reason))),
    )
    views = replace(
        result.views,
        git=tuple(sorted(result.views.git, key=lambda view: (view.management_cluster, view.source))),
        capi=tuple(sorted(result.views.capi, key=lambda view: view.management_cluster)),
        cloud=tuple(sorted(result.views.cloud, key=lambda view: (view.provider, view.account, view.region))),
    )
    return replace(
        result,
        coverage=coverage,
        views=views,
        clusters=tuple(sorted(result.clusters, key=lambda entry: entry.key)),
        causes=tuple(sorted(map(_ordered_cause, result.causes), key=cause_rank)),
        findings=tuple(sorted(result.findings, key=_finding_order)),
        suppressions=tuple(sorted(result.suppressions, key=lambda use: use.rule)),
        remediations=tuple(sorted(result.remediations, key=_remediation_order)),
    )


def _ordered_cause(cause: Cause) -> Cause:
    return replace(cause, clusters=tuple(sorted(cause.clusters)), findings=tuple(sorted(cause.findings)))


def _finding_order(finding: Finding) -> tuple[str, ...]:
    return finding_rank(finding)


def _remediation_order(remediation: Remediation) -> tuple[str, ...]:
    """Oldest first; those of which nobody knows when they began, last."""
    machine = remediation.machine
    return (
        remediation.at(Step.DETECTED).ended or "9",
        remediation.management_cluster,
        machine.namespace,
        machine.name,
    )


def _told(misfits: tuple[Misfit, ...]) -> str:
    lines = [f"  {misfit}" for misfit in misfits[:_SHOWN_MISFITS]]
    if len(misfits) > _SHOWN_MISFITS:
        lines.append(f"  and {len(misfits) - _SHOWN_MISFITS} more")
    return "\n".join(["this is no result document of drift-audit:", *lines])
