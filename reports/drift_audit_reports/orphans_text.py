"""The orphans of a result: as a table for a terminal, as JSON, and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING

from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import AuditResult
from drift_audit_reports.codec import encode
from drift_audit_reports.columns import Column, Row, write_table
from drift_audit_reports.eliding import prose
from drift_audit_reports.escaping import json_safe, one_line, spreadsheet_text
from drift_audit_reports.orphans import ListedScope, Orphan, listed_scopes, orphans_of, unjudged
from drift_audit_reports.summary import GAP_LABELS, grouped
from drift_audit_reports.wording import counted, listed

if TYPE_CHECKING:
    from drift_audit_reports.terminal import Page

_MOST_REASONS = 12
_STYLES = {"critical": "bold red", "high": "bold red", "medium": "bold yellow", "low": "yellow", "info": "dim"}


class OrphansReport:
    """`-o orphans`, and the table of `drift-audit orphans`."""

    name = "orphans"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        from drift_audit_reports.terminal import Page

        page = Page(max(options.width, 60), color=options.color)
        found = orphans_of(result)
        page.paragraph((_headline(found, result), "bold"))
        for (scope, owner), group in groupby(found, key=lambda each: (each.scope, _owner(each))):
            page.blank()
            page.paragraph((one_line(scope), "bold"), f"  {one_line(owner)}")
            _write_group(page, list(group))
        _write_unjudged(page, result)
        _write_scopes(page, listed_scopes(result))
        return page.finished()


class OrphansJsonReport:
    """`drift-audit orphans -o json`."""

    name = "orphans-json"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        document = {
            "schema_version": result.schema_version,
            "run": encode(result.run),
            "complete": not unjudged(result),
            "orphans": encode(orphans_of(result)),
            "scopes": [{**encode(scope), "percent": scope.percent} for scope in listed_scopes(result)],
            "not_judged": encode(unjudged(result)),
        }
        return json_safe(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


class OrphansCsvReport:
    """`drift-audit orphans -o csv`: one line for each orphan, and one for each scope that could not be judged."""

    name = "orphans-csv"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = [field.name for field in fields(Orphan)]
        writer.writerow(["state", *names])
        for orphan in orphans_of(result):
            cells = (getattr(orphan, name) for name in names)
            writer.writerow(["orphan", *map(_cell, cells)])
        for gap in unjudged(result):
            row = dict.fromkeys(names, "") | {"id": gap.scope, "why": gap.reason, "next_steps": gap.remedy}
            writer.writerow(["not judged", *(_cell(row[name]) for name in names)])
        return text.getvalue()


def _cell(value: str | tuple[str, ...]) -> str:
    return spreadsheet_text(value if isinstance(value, str) else " | ".join(value))


def _headline(found: list[Orphan], result: AuditResult) -> str:
    open_ = [each for each in found if not each.suppressed_by]
    hidden = len(found) - len(open_)
    told = counted(len(open_), "orphan") if open_ else "no orphans"
    told += f", {hidden:,} suppressed" if hidden else ""
    scopes = counted(len(result.views.cloud), "cloud scope")
    doubt = ", and not everything could be judged" if unjudged(result) else ""
    return f"{told} in {scopes}{doubt}" if result.views.cloud else f"{told}: no cloud scope was read{doubt}"


def _owner(orphan: Orphan) -> str:
    if orphan.cluster:
        return f"claim cluster {orphan.cluster}"
    return f"claim cluster {orphan.claims}, which no audited management cluster surely has" if orphan.claims else ""


def _write_group(page: Page, group: list[Orphan]) -> None:
    columns = (
        Column("KIND", least=8),
        Column("ID", least=21, share=0.4, middle=True),
        Column("AGE", least=4),
        Column("SEVERITY", least=8),
        Column("WHY", least=24, wraps=True),
    )
    write_table(page, columns, [_row(orphan) for orphan in group])
    for step in dict.fromkeys(_shared_steps(group)):
        page.labelled("→", prose(step), style="bold")


def _row(orphan: Orphan) -> Row:
    certainty = {"confirmed": "", "potential": "not sure: "}.get(orphan.confidence, "")
    hidden = f"suppressed by {orphan.suppressed_by}: " if orphan.suppressed_by else ""
    return Row(
        mark=" " if orphan.suppressed_by else "■" if orphan.confidence == "confirmed" else "?",
        cells=tuple(
            map(
                one_line,
                (orphan.type, orphan.id, orphan.age, orphan.severity, f"{hidden}{certainty}{orphan.why}"),
            )
        ),
        styles=("", "bold", "dim", _STYLES.get(orphan.severity, "")),
    )


def _shared_steps(group: list[Orphan]) -> Iterator[str]:
    """The next steps of each type once, with the ids of all that they hold for."""
    for kind in dict.fromkeys(orphan.type for orphan in group):
        alike = [orphan for orphan in group if orphan.type == kind and not orphan.suppressed_by]
        for orphan in alike[:1]:
            others = listed([each.id for each in alike[1:]], 3)
            more = f" (likewise {others})" if others else ""
            yield from (f"{step}{more}" for step in orphan.next_steps)


def _write_unjudged(page: Page, result: AuditResult) -> None:
    gaps = unjudged(result)
    if not gaps:
        return
    page.blank()
    page.paragraph(("! NOT JUDGED  ", "bold magenta"), (f"{counted(len(gaps), 'scope')}", "bold"))
    groups = grouped(gaps)
    for group in groups[:_MOST_REASONS]:
        view = group.gaps[0].view
        page.labelled(GAP_LABELS.get(view, view), prose(listed(group.scopes, 3)))
        page.labelled("", prose(group.reason))
        if group.remedy:
            page.labelled("→", prose(group.remedy), style="bold")
    if len(groups) > _MOST_REASONS:
        page.labelled("", f"and {counted(len(groups) - _MOST_REASONS, 'more reason')}: see -o json")


def _write_scopes(page: Page, scopes: list[ListedScope]) -> None:
    if not scopes:
        return
    page.blank()
    columns = (
        Column("SCOPE", least=20, share=0.6, middle=True),
        Column("LISTED", least=6),
        Column("CLAIMED", least=7),
        Column("COVERAGE", least=8),
        Column("ORPHANS", least=7),
    )
    write_table(page, columns, [Row(cells=_numbers(scope)) for scope in scopes])


def _numbers(scope: ListedScope) -> tuple[str, ...]:
    return (
        one_line(scope.scope),
        f"{scope.listed:,}",
        f"{scope.claimed:,}",
        _coverage(scope),
        f"{scope.orphans:,}",
    )


def _coverage(scope: ListedScope) -> str:
    """How much of what was listed somebody accounts for; nothing listed is never "all of it"."""
    if scope.percent is None:
        return "nothing listed" if scope.complete else "not read"
    return f"{scope.percent:g}%" + ("" if scope.complete else ", not all listed")
