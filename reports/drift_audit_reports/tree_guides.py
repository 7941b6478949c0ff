"""The lines that join the nodes of a tree on paper: `├─`, `└─` and `│`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drift_audit.model.tree import TreeNode

_DEEPEST = 12
"""Levels that are drawn: deeper ones are owners of owners that somebody made up, and would push the names away."""


@dataclass(frozen=True, slots=True)
class Guides:
    """What stands before the name of one node."""

    first: str
    below: str
    """On the further lines of the same node."""


def guides_of(nodes: Sequence[TreeNode]) -> list[Guides]:
    """One for each node of a tree in preorder."""
    found: list[Guides] = []
    later: list[bool] = []
    """For each depth whether a sibling follows, seen from the end of the tree."""
    for at in range(len(nodes) - 1, -1, -1):
        depth = nodes[at].depth
        later += [False] * (depth + 1 - len(later))
        has_children = at + 1 < len(nodes) and nodes[at + 1].depth > depth
        found.append(_guides(later, depth, has_children=has_children))
        later[depth] = True
        del later[depth + 1 :]
    return found[::-1]


def _guides(later: Sequence[bool], depth: int, *, has_children: bool) -> Guides:
    child = "│  " if has_children else ""
    if depth == 0:
        return Guides("", child)
    start = max(depth - _DEEPEST, 1)
    above = ("… " if start > 1 else "") + "".join("│  " if later[level] else "   " for level in range(start, depth))
    follows = later[depth]
    return Guides(above + ("├─ " if follows else "└─ "), above + ("│  " if follows else "   ") + child)
