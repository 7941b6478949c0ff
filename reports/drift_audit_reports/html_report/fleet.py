"""The fleet at a glance, and the panel of each cluster: what is wrong with it, and its owner tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from drift_audit.model.keys import ClusterKey
from drift_audit.model.result import AuditResult, ClusterEntry, ClusterStatus
from drift_audit.model.tree import ClusterTree, NodeState, TreeNode
from drift_audit.model.views import View
from drift_audit_reports.eliding import prose
from drift_audit_reports.html_report.anchors import cause_anchor, cluster_anchor, finding_anchor, name_of
from drift_audit_reports.html_report.tree_layout import Picture, picture_of
from drift_audit_reports.html_report.words import CLUSTER_LOOKS, NODE_LOOKS, Look
from drift_audit_reports.ranking import Overview
from drift_audit_reports.seen import machines_text
from drift_audit_reports.wording import counted, since_text

MOST_DRAWN = 3_000
"""Nodes in all pictures together; further trees are lists only."""
MOST_LISTED = 6_000
"""Nodes in all lists together; beyond it a report says what it leaves out."""
_LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One cluster of the overview."""

    anchor: str
    name: str
    look: Look
    findings: int
    full: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The clusters of one management cluster."""

    name: str
    counts: tuple[tuple[Look, int], ...]
    cells: tuple[CellView, ...]
    remark: str = ""
    """Why there are no cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """A cause as a cluster's panel names it."""

    anchor: str
    title: str
    severity: str
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLine:
    """One node of a tree as a list; `opens` and `closes` nest it."""

    kind: str
    name: str
    look: Look
    since: str
    message: str
    count: int
    findings: tuple[str, ...]
    closes: int
    """How many lists end before this node."""
    opens: bool
    """True when it is the first child of the node before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeView:
    nodes: tuple[NodeLine, ...]
    ends: int
    """Lists that are still open after the last node."""
    picture: Picture | None
    left_out: bool
    count: int
    problems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    anchor: str
    name: str
    look: Look
    facts: str
    causes: tuple[CauseLine, ...]
    tree: TreeView | None
    folds: bool
    """True when there is something to unfold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    groups: tuple[Group, ...]
    panels: tuple[Panel, ...]
    legend: tuple[tuple[Look, int], ...]


def fleet_of(overview: Overview) -> Fleet:
    """Every cluster of the result, every one that only a finding names, and every management cluster, read or not."""
    entries = _entries(overview)
    open_in = Counter(finding.cluster for finding in overview.open if finding.cluster is not None)
    looks = {entry.key: look_of(entry, open_in[entry.key]) for entry in entries}
    by_head: dict[str, list[ClusterEntry]] = {view.management_cluster: [] for view in overview.result.views.capi}
    for entry in entries:
        by_head.setdefault(entry.management_cluster, []).append(entry)
    return Fleet(
        groups=tuple(
            Group(
                name=name_of(head),
                counts=_counts([looks[entry.key] for entry in members]),
                cells=tuple(_cell(entry, looks[entry.key], open_in[entry.key]) for entry in members),
                remark="" if members else _without_clusters(overview, head),
            )
            for head, members in sorted(by_head.items())
        ),
        panels=_panels(overview, entries, looks),
        legend=_counts(list(looks.values())),
    )


def _without_clusters(overview: Overview, head: str) -> str:
    """That a management cluster shows no clusters means that it has none only where it was read."""
    gaps = [gap for gap in overview.result.coverage.gaps if gap.view == View.CAPI]
    whole = [gap for gap in gaps if gap.scope == head]
    partly = [gap for gap in gaps if gap.scope.startswith(f"{head}/")]
    if not whole and not partly:
        return "No cluster is in it."
    reason = prose((whole or partly)[0].reason, _LONGEST_MESSAGE)
    return f"Not read: {reason}" if whole else f"Not wholly read: {reason}"


def look_of(entry: ClusterEntry, findings: int) -> Look:
    """A cluster with a finding that counts, or one that was not wholly judged, is never shown as in sync."""
    if entry.status is not ClusterStatus.OK:
        return CLUSTER_LOOKS[entry.status]
    if findings:
        return CLUSTER_LOOKS[ClusterStatus.DRIFTED]
    return CLUSTER_LOOKS[ClusterStatus.OK if entry.complete else ClusterStatus.INCOMPLETE]


def _entries(overview: Overview) -> list[ClusterEntry]:
    known = {entry.key: entry for entry in overview.result.clusters}
    for finding in overview.open:
        key = finding.cluster
        if key is not None and key not in known:
            known[key] = ClusterEntry(
                management_cluster=key.management_cluster,
                namespace=key.namespace,
                name=key.name,
                infrastructure="",
                status=ClusterStatus.DRIFTED,
                findings=0,
                complete=False,
            )
    return [known[key] for key in sorted(known)]


def _counts(looks: Sequence[Look]) -> tuple[tuple[Look, int], ...]:
    counts = Counter(look.word for look in looks)
    return tuple((look, counts[look.word]) for look in CLUSTER_LOOKS.values() if counts[look.word])


def _cell(entry: ClusterEntry, look: Look, findings: int) -> CellView:
    told = f", {counted(findings, 'finding')}" if findings else ""
    return CellView(
        anchor=cluster_anchor(entry.key),
        name=name_of(entry.name),
        look=look,
        findings=findings,
        full=f"{name_of(str(entry.key))}: {look.word}{told}",
    )


def _panels(overview: Overview, entries: Sequence[ClusterEntry], looks: Mapping[ClusterKey, Look]) -> tuple[Panel, ...]:
    causes = _causes_by_cluster(overview)
    trees = {tree.cluster: tree for tree in overview.result.trees}
    drawing = _Drawing(overview)
    # The budget of pictures goes to what is worst; the panels stand in the order of the overview.
    worst = list(CLUSTER_LOOKS.values())
    by_need = sorted(entries, key=lambda entry: (worst.index(looks[entry.key]), entry.key))
    drawn = {entry.key: drawing.view(trees[entry.key]) for entry in by_need if entry.key in trees}
    return tuple(
        Panel(
            anchor=cluster_anchor(entry.key),
            name=name_of(str(entry.key)),
            look=looks[entry.key],
            facts=_facts(entry, overview.result),
            causes=causes.get(entry.key, ()),
            tree=drawn.get(entry.key),
            folds=entry.key in causes or entry.key in drawn,
        )
        for entry in entries
    )


def _facts(entry: ClusterEntry, result: AuditResult) -> str:
    machines = machines_text(result, [entry], [entry.management_cluster])
    parts = [name_of(entry.infrastructure), machines, "" if entry.complete else "not everything of it was read"]
    return " · ".join(part for part in parts if part)


def _causes_by_cluster(overview: Overview) -> Mapping[ClusterKey, tuple[CauseLine, ...]]:
    lines: dict[ClusterKey, list[CauseLine]] = defaultdict(list)
    for ranked in overview.causes:
        counts = Counter(finding.cluster for finding in ranked.findings if finding.cluster is not None)
        for cluster, count in counts.items():
            lines[cluster].append(
                CauseLine(
                    anchor=cause_anchor(ranked.cause),
                    title=prose(ranked.cause.title),
                    severity=ranked.cause.severity.value,
                    findings=count,
                )
            )
    return {cluster: tuple(entries) for cluster, entries in lines.items()}


class _Drawing:
    """Draws trees until the budget of nodes is used up."""

    def __init__(self, overview: Overview) -> None:
        self.run = overview.result.run
        self.known = {finding.id for finding in overview.result.findings}
        self.drawn = 0
        self.listed = 0

    def view(self, tree: ClusterTree) -> TreeView:
        nodes = [
            replace(node, findings=tuple(finding_anchor(id) for id in node.findings if id in self.known))
            for node in tree.nodes
        ]
        self.drawn += len(nodes)
        self.listed += len(nodes)
        lines, ends = self._lines(nodes) if self.listed <= MOST_LISTED else ((), 0)
        return TreeView(
            nodes=lines,
            ends=ends,
            picture=picture_of(nodes) if nodes and self.drawn <= MOST_DRAWN else None,
            left_out=self.listed > MOST_LISTED,
            count=sum(node.count for node in nodes),
            problems=sum(node.state not in (NodeState.OK, NodeState.CHANGING) for node in nodes),
        )

    def _lines(self, nodes: Sequence[TreeNode]) -> tuple[tuple[NodeLine, ...], int]:
        lines: list[NodeLine] = []
        way: list[int] = []
        for node in nodes:
            closes = 0
            while way and way[-1] >= node.depth:
                way.pop()
                closes += 1
            lines.append(self._line(node, closes=closes, opens=bool(lines) and closes == 0))
            way.append(node.depth)
        return tuple(lines), len(way)

    def _line(self, node: TreeNode, *, closes: int, opens: bool) -> NodeLine:
        return NodeLine(
            kind=name_of(node.kind),
            name=name_of(node.name),
            look=NODE_LOOKS[node.state],
            since=since_text(node.since, self.run) if node.since else "",
            message=prose(node.message, _LONGEST_MESSAGE),
            count=node.count,
            findings=node.findings,
            closes=closes,
            opens=opens,
        )
