"""One line per finding for a spreadsheet; what could not be read has lines of its own.

RFC 4180: commas, quotes doubled, CRLF. UTF-8 with a byte order mark: without it a spreadsheet that opens the file
by a double click reads every name in the machine's old code page. Programs are better served by the JSON report.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from drift_audit.interfaces import RenderOptions
from drift_audit.model.findings import Cause, Finding, ShownValue, ValueState
from drift_audit.model.result import AuditResult, GapEntry
from drift_audit_reports.chains import link_text
from drift_audit_reports.document import in_document_order
from drift_audit_reports.escaping import spreadsheet_text
from drift_audit_reports.forge import shown_repo
from drift_audit_reports.ranking import Overview, fold_of, overview_of
from drift_audit_reports.summary import unnamed_gaps

BYTE_ORDER_MARK = "\ufeff"
LONGEST_CELL = 32_767
"""Characters of a cell in Excel ("Excel specifications and limits"); it drops the rest of a longer one unasked, and
Python's reader refuses a file with a cell four times as long."""
_MOST_REASONS = 100
_SEPARATOR = " | "
_CUT = " … (cut; the JSON report has all of it)"

Cell: TypeAlias = str | int | None
Column: TypeAlias = str | Callable[[Finding], Cell]
"""The dotted path of a finding's attribute, or what works it out."""


def _shown(value: ShownValue) -> str:
    if value.state is not ValueState.PRESENT:
        return value.reason
    return value.value if isinstance(value.value, str) else json.dumps(value.value, sort_keys=True, ensure_ascii=False)


def _yes_or_no(fact: bool) -> str:
    return "yes" if fact else "no"


FINDING_COLUMNS: Mapping[str, Column] = {
    "id": "id",
    "status": lambda one: fold_of(one).value,
    "severity": "severity",
    "kind": "kind",
    "verdict": "verdict",
    "confidence": "confidence",
    "title": "title",
    "rule": "rule",
    "management_cluster": "management_cluster",
    "cluster_namespace": "cluster.namespace",
    "cluster": "cluster.name",
    "object_api_version": "object.api_version",
    "object_kind": "object.kind",
    "object_namespace": "object.namespace",
    "object_name": "object.name",
    "provider": "resource.provider",
    "account": "resource.account",
    "region": "resource.region",
    "resource_type": "resource.type",
    "resource_id": "resource.id",
    "path": "path",
    "git_state": "values.git.state",
    "git_value": lambda one: _shown(one.values.git),
    "cluster_state": "values.capi.state",
    "cluster_value": lambda one: _shown(one.values.capi),
    "cloud_state": "values.cloud.state",
    "cloud_value": lambda one: _shown(one.values.cloud),
    "repo": lambda one: shown_repo(one.declared_at.repo) if one.declared_at else "",
    "revision": "declared_at.revision",
    "file": "declared_at.file",
    "line": "declared_at.line",
    "line_exact": lambda one: _yes_or_no(one.declared_at.exact) if one.declared_at else "",
    "line_commit": "declared_at.line_commit.id",
    "line_author": "declared_at.line_commit.author",
    "line_date": "declared_at.line_commit.date",
    "file_commit": "declared_at.file_commit.id",
    "file_author": "declared_at.file_commit.author",
    "file_date": "declared_at.file_commit.date",
    "actor": "actor.who",
    "actor_how": "actor.how",
    "actor_class": "actor.actor_class",
    "actor_after": "actor.between.after",
    "actor_before": "actor.between.before",
    "actor_source": "actor.source",
    "actor_grade": "actor.grade",
    "since": "since",
    "first_seen": "first_seen",
    "reaction": "reaction",
    "owner": "owner",
    "evidence": lambda one: _SEPARATOR.join(one.evidence),
    "suppressed_by": "suppressed.rule",
    "suppressed_owner": "suppressed.owner",
    "suppressed_reason": "suppressed.reason",
    "suppressed_expires": "suppressed.expires",
}
"""What a finding alone tells; a column is never renamed or moved, and new ones come at the end."""

STORY_COLUMNS: Mapping[str, Column] = {
    "certainty": "certainty",
    "variant": "variant",
    "chain": lambda one: _SEPARATOR.join(map(link_text, one.chain)),
    "affected": lambda one: _SEPARATOR.join(one.affected),
    "ruled_out": lambda one: _SEPARATOR.join(one.ruled_out),
    "possible_causes": lambda one: _SEPARATOR.join(one.possible_causes),
}
"""What is said of stuck and unwell objects."""

COLUMNS: tuple[str, ...] = (
    "record",
    *FINDING_COLUMNS,
    "cause",
    "cause_title",
    "next_steps",
    "gap_view",
    "gap_scope",
    "gap_reason",
    "gap_remedy",
    "run",
    "complete",
    *STORY_COLUMNS,
)
"""`record` is `finding` or `gap`. `docs/reports.md` explains each."""


class CsvReport:
    """`-o csv`. Width, colour and verbosity change nothing."""

    name = "csv"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        overview = overview_of(in_document_order(result))
        text = io.StringIO(newline="")
        text.write(BYTE_ORDER_MARK)
        writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
        writer.writeheader()
        common = {"run": result.run.id, "complete": _yes_or_no(overview.complete)}
        # A file without lines would look like a clean fleet: what was not read has to stand in it as well.
        for line in (*_gap_lines(overview), *_finding_lines(overview)):
            writer.writerow({name: _cell(cell) for name, cell in {**line, **common}.items()})
        return text.getvalue()


def _cell(cell: Cell) -> str | int:
    if cell is None or isinstance(cell, int):
        return "" if cell is None else cell
    shown = spreadsheet_text(cell)
    return shown if len(shown) <= LONGEST_CELL else f"{shown[: LONGEST_CELL - len(_CUT)]}{_CUT}"


def _finding_lines(overview: Overview) -> list[dict[str, Cell]]:
    """Those that count first, in the order of their causes."""
    known = {cause.id: cause for cause in overview.result.causes}
    told = [(finding, ranked.cause) for ranked in overview.causes for finding in ranked.findings]
    counted = {finding.id for finding, _ in told}
    rest = (finding for findings in overview.folded.values() for finding in findings if finding.id not in counted)
    return [_finding_line(finding, cause) for finding, cause in (*told, *((one, known.get(one.cause)) for one in rest))]


def _finding_line(finding: Finding, cause: Cause | None) -> dict[str, Cell]:
    steps = finding.next_steps or (cause.next_steps if cause else ())
    return {
        "record": "finding",
        **{name: _value(finding, column) for name, column in (*FINDING_COLUMNS.items(), *STORY_COLUMNS.items())},
        "cause": cause.id if cause else "",
        "cause_title": cause.title if cause else "",
        "next_steps": _SEPARATOR.join(steps),
    }


def _value(finding: Finding, column: Column) -> Cell:
    """What the column holds for this finding; nothing where a part on the way is absent."""
    if not isinstance(column, str):
        return column(finding)
    value: Any = finding
    for attribute in column.split("."):
        value = None if value is None else getattr(value, attribute)
    cell: Cell = value
    return cell


def _gap_lines(overview: Overview) -> list[dict[str, Cell]]:
    history = [_gap_line(gap) for gap in overview.unproven]
    if overview.complete:
        return history
    gaps = [_gap_line(gap) for gap in overview.gaps]
    unnamed = unnamed_gaps(overview, _MOST_REASONS)
    return [*(gaps or [{"record": "gap", "gap_reason": reason} for reason in unnamed]), *history]


def _gap_line(gap: GapEntry) -> dict[str, Cell]:
    return {
        "record": "gap",
        "status": gap.status,
        "gap_view": gap.view,
        "gap_scope": gap.scope if gap.scope.endswith(gap.subject) else f"{gap.scope} {gap.subject}",
        "gap_reason": gap.reason,
        "gap_remedy": gap.remedy,
    }
