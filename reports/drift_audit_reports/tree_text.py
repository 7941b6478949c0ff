"""The trees of a result: as a table for a terminal, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from drift_audit.clock import moment
from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import AuditResult, ClusterEntry
from drift_audit.model.tree import ClusterTree, NodeState, TreeNode
from drift_audit_reports.ages import age_text
from drift_audit_reports.codec import encode
from drift_audit_reports.columns import Column, Row, write_table
from drift_audit_reports.document import in_document_order
from drift_audit_reports.escaping import json_safe, one_line
from drift_audit_reports.seen import machines_text
from drift_audit_reports.tree_guides import guides_of
from drift_audit_reports.wording import moment_text

if TYPE_CHECKING:
    from drift_audit_reports.terminal import Page

_STATES: Mapping[NodeState, tuple[str, str, str]] = {
    NodeState.OK: (" ", "ok", "green"),
    NodeState.CHANGING: ("~", "changing", "cyan"),
    NodeState.DRIFTED: ("■", "DRIFTED", "bold red"),
    NodeState.STUCK: ("■", "STUCK", "bold red"),
    NodeState.MISSING: ("■", "MISSING", "bold red"),
    NodeState.ORPHAN: ("■", "ORPHAN", "bold yellow"),
    NodeState.UNKNOWN: ("?", "UNKNOWN", "bold magenta"),
}
"""Mark, word and style of each state."""


class TreeReport:
    """`-o tree`, and the table of `drift-audit tree`."""

    name = "tree"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        from drift_audit_reports.terminal import Page

        page = Page(options.width, color=options.color)
        entries = {entry.key: entry for entry in result.clusters}
        for number, tree in enumerate(result.trees):
            if number:
                page.blank()
            _write_tree(page, tree, entries.get(tree.cluster), result)
        if not result.trees:
            doubt = "" if result.complete else ", but not everything could be read: see `drift-audit check`"
            page.paragraph(f"no cluster has a finding{doubt}")
        return page.finished()


class TreeJsonReport:
    """`drift-audit tree -o json`: the trees and their findings, in the shapes of the result document."""

    name = "tree-json"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        shown = {finding for tree in result.trees for node in tree.nodes for finding in node.findings}
        ordered = in_document_order(result)
        document = {
            "schema_version": result.schema_version,
            "run": encode(result.run),
            "complete": result.complete,
            "trees": encode(result.trees),
            "findings": [encode(finding) for finding in ordered.findings if finding.id in shown],
        }
        return json_safe(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _write_tree(page: Page, tree: ClusterTree, entry: ClusterEntry | None, result: AuditResult) -> None:
    now = moment(result.run.finished_at)
    page.paragraph((one_line(str(tree.cluster)), "bold"), _facts(entry, result, now))
    if not tree.nodes:
        page.paragraph("  its management cluster was not read")
        return
    columns = (
        Column("NAME", least=24, share=0.5, middle=True),
        Column("STATE", least=8),
        Column("SINCE", least=5),
        Column("MESSAGE", least=30, wraps=True),
    )
    write_table(page, columns, list(_rows(tree.nodes, now)))
    page.paragraph(_summary(tree.nodes))


def _facts(entry: ClusterEntry | None, result: AuditResult, now: datetime | None) -> str:
    told = [machines_text(result, [entry], [entry.management_cluster])] if entry else []
    told += [entry.infrastructure] if entry and entry.infrastructure else []
    told += ["not wholly judged"] if entry and not entry.complete else []
    told += [f"as of {moment_text(now.isoformat())}"] if now else []
    return f"  {', '.join(told)}" if told else ""


def _rows(nodes: Sequence[TreeNode], now: datetime | None) -> Iterator[Row]:
    for node, guides in zip(nodes, guides_of(nodes), strict=True):
        mark, word, style = _STATES[node.state]
        what, which = _label(node)
        well = node.state is NodeState.OK
        yield Row(
            mark=mark,
            cells=(what + which, word, age_text(node.since, now), one_line(node.message)),
            styles=("" if well else "bold", style, "dim", ""),
            before=guides.first,
            before_more=guides.below,
            keep=len(what),
        )


def _label(node: TreeNode) -> tuple[str, str]:
    """What it is, and which one: `Machine/`, `md-0-abc`; of folded ones how many, and the first."""
    name, kind = one_line(node.name), one_line(node.kind)
    if node.count > 1:
        return f"{node.count:,} × {kind or name}", f" ({name}, …)" if kind and name else ""
    return f"{kind}/" if kind and name else kind, name


def _summary(nodes: Sequence[TreeNode]) -> str:
    """`1 drifted, 2 unknown, 45 ok`, the worst first. What hangs below several nodes is one thing, folded or not."""
    numbers: Counter[NodeState] = Counter()
    things = {
        (node.view, node.kind, node.name) if node.count == 1 and node.name else at: node
        for at, node in enumerate(nodes)
    }
    for node in things.values():
        numbers[node.state] += node.count
    order = (*(state for state in NodeState if state is not NodeState.OK), NodeState.OK)
    return ", ".join(f"{numbers[state]:,} {state}" for state in order if numbers[state])
