"""Where the nodes of an owner tree stand in its picture. Plain arithmetic, done when the report is written.

Columns go from the Cluster to the cloud. A first child stands in its parent's row, so that the usual chain
Machine → AWSMachine → instance is one line, and a pool of twenty machines is twenty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drift_audit.model.tree import NodeState, TreeNode
from drift_audit_reports.eliding import elide, prose, width
from drift_audit_reports.html_report.words import NODE_LOOKS, Look

_CHARACTER = 7.3
"""Width of a character of the picture's monospaced font, in its units; other text is set smaller."""
_NARROWEST, _WIDEST = 112, 240
_PADDING = 20
_BETWEEN_COLUMNS, _BETWEEN_ROWS = 34, 10
_LINE = 15
_MARGIN = 6
_TALL, _LOW = 3 * _LINE + 11, 2 * _LINE + 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One node of the picture."""

    x: int
    y: int
    width: int
    height: int
    look: Look
    kind: str
    name: str
    note: str
    """What is wrong, in a word; empty for a sound node."""
    full: str
    """Everything, for the tooltip."""
    target: str
    """Anchor of its first finding; empty when there is none."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    """Paths from parents to children, in SVG's own spelling."""


def parents_of(nodes: Sequence[TreeNode]) -> list[int]:
    """For each node the index of its parent; -1 for a root. A depth that jumps is hung below what is there."""
    parents: list[int] = []
    way: list[int] = []
    for number, node in enumerate(nodes):
        while way and nodes[way[-1]].depth >= node.depth:
            way.pop()
        parents.append(way[-1] if way else -1)
        way.append(number)
    return parents


def picture_of(nodes: Sequence[TreeNode]) -> Picture:
    """The picture of a tree, parents before children; `findings` of the nodes are anchors of the page here."""
    parents = parents_of(nodes)
    columns = _columns(parents)
    rows = _rows(parents)
    widths = [0] * (max(columns, default=-1) + 1)
    heights = [_LOW] * (max(rows, default=-1) + 1)
    for node, column, row in zip(nodes, columns, rows, strict=True):
        widths[column] = max(widths[column], _wanted_width(node))
        if _note(node):
            heights[row] = _TALL
    lefts = _offsets(widths, _BETWEEN_COLUMNS)
    tops = _offsets(heights, _BETWEEN_ROWS)
    boxes = tuple(
        _box(node, lefts[column], tops[row], widths[column])
        for node, column, row in zip(nodes, columns, rows, strict=True)
    )
    return Picture(
        width=(lefts[-1] + widths[-1] if widths else 0) + _MARGIN,
        height=(tops[-1] + heights[-1] if heights else 0) + _MARGIN,
        boxes=boxes,
        lines=tuple(_line(boxes[parent], boxes[child]) for child, parent in enumerate(parents) if parent >= 0),
    )


def _columns(parents: Sequence[int]) -> list[int]:
    columns: list[int] = []
    for parent in parents:
        columns.append(columns[parent] + 1 if parent >= 0 else 0)
    return columns


def _rows(parents: Sequence[int]) -> list[int]:
    """Each node that is not its parent's first child opens a new row."""
    rows: list[int] = []
    has_child: set[int] = set()
    last = -1
    for parent in parents:
        first = parent >= 0 and parent not in has_child
        last = last if first else last + 1
        has_child.add(parent)
        rows.append(last)
    return rows


def _offsets(sizes: Sequence[int], between: int) -> list[int]:
    offsets, position = [], 1
    for size in sizes:
        offsets.append(position)
        position += size + between
    return offsets


def _note(node: TreeNode) -> str:
    return "" if node.state is NodeState.OK else NODE_LOOKS[node.state].word


def _wanted_width(node: TreeNode) -> int:
    longest = max(width(_kind(node)), width(prose(node.name)), width(_note(node)) + 2)
    return round(min(max(longest * _CHARACTER + _PADDING, _NARROWEST), _WIDEST))


def _kind(node: TreeNode) -> str:
    return prose(node.kind) + (f" × {node.count:,}" if node.count > 1 else "")


def _box(node: TreeNode, x: int, y: int, room: int) -> Box:
    characters = round((room - _PADDING) / _CHARACTER)
    told = [f"{prose(node.kind)} {prose(node.name)}", NODE_LOOKS[node.state].word, prose(node.message)]
    return Box(
        x=x,
        y=y,
        width=room,
        height=_TALL if _note(node) else _LOW,
        look=NODE_LOOKS[node.state],
        kind=elide(_kind(node), characters),
        name=elide(prose(node.name), characters),
        note=elide(_note(node), characters),
        full=": ".join(part for part in told if part),
        target=next(iter(node.findings), ""),
        count=node.count,
    )


def _line(parent: Box, child: Box) -> str:
    """From the parent's right side to the child's left one, with one bend."""
    from_x, from_y = parent.x + parent.width, parent.y + _LOW // 2
    to_x, to_y = child.x, child.y + _LOW // 2
    bend = to_x - _BETWEEN_COLUMNS // 2
    return f"M{from_x} {from_y}H{bend}V{to_y}H{to_x}" if from_y != to_y else f"M{from_x} {from_y}H{to_x}"
