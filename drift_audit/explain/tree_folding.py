"""Folds what is alike, so that the tree of a thousand machines fits on a screen.

Two siblings are alike when they show the same and everything below them is alike; names, ages and numbers do not
count. Nothing here recurses: a tree is as deep as the owners of its objects say, and those are other people's text.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from drift_audit.model.tree import NodeState, TreeNode

_NAMED_BY_PEOPLE = re.compile(r"(Cluster|MachineDeployment|MachinePool|\w*ControlPlane)\Z")
"""Kinds of which a cluster has few, each with a name that somebody chose: folded only when they are many."""
_MANY = 10


@dataclass(slots=True)
class Branch:
    """A node with what hangs below it, in order."""

    node: TreeNode
    children: list[Branch] = field(default_factory=list)
    look: int = 0
    """Equal for branches of one folded tree that show the same all the way down."""
    fine: bool = True
    """True when nothing is wrong in the whole branch of a folded tree."""
    names: frozenset[str] = frozenset()
    """All that the node stands for: a profile that a thousand machines share is one profile."""


def preorder(root: Branch) -> Iterator[TreeNode]:
    """The nodes, parents before children, each with its depth."""
    ahead = [(root, 0)]
    while ahead:
        branch, depth = ahead.pop()
        yield replace(branch.node, depth=depth)
        ahead += ((child, depth + 1) for child in reversed(branch.children))


def folded(root: Branch) -> Branch:
    """The tree with alike siblings as one branch each; their children are folded together as well."""
    return _rebuilt(root, _joined_alike)


def pruned(root: Branch) -> Branch:
    """The nodes with problems, their ancestors, and of the healthy siblings one leaf for each kind."""
    return _rebuilt(root, _healthy_as_one)


def _rebuilt(root: Branch, fold: Callable[[list[Branch]], list[Branch]]) -> Branch:
    """The tree, folded level by level from its leaves upwards."""
    numbers: dict[Hashable, int] = {}
    made: dict[int, Branch] = {}
    for branch in _children_first(root):
        children = fold([made[id(child)] for child in branch.children])
        node, below = branch.node, frozenset(child.look for child in children)
        made[id(branch)] = Branch(
            node,
            _worst_first(children),
            numbers.setdefault((node.view, node.kind, node.state, node.message, below), len(numbers)),
            node.state is NodeState.OK and all(child.fine for child in children),
            frozenset({node.name}),
        )
    return made[id(root)]


def _children_first(root: Branch) -> list[Branch]:
    found, ahead = [], [root]
    while ahead:
        branch = ahead.pop()
        found.append(branch)
        ahead += branch.children
    return found[::-1]


def _worst_first(siblings: list[Branch]) -> list[Branch]:
    """Of each kind, the branches with something wrong before the others; the kinds in the order they had."""
    kinds = {kind: at for at, kind in enumerate(dict.fromkeys(branch.node.kind for branch in siblings))}
    return sorted(siblings, key=lambda branch: (kinds[branch.node.kind], branch.fine))


def _joined_alike(siblings: list[Branch]) -> list[Branch]:
    kinds = Counter(branch.node.kind for branch in siblings)
    groups: dict[Hashable, list[Branch]] = defaultdict(list)
    for branch in siblings:
        few = bool(_NAMED_BY_PEOPLE.match(branch.node.kind)) and kinds[branch.node.kind] <= _MANY
        groups[("alone", id(branch)) if few else ("alike", branch.look)].append(branch)
    return [_joined(group) for group in groups.values()]


def _joined(group: Sequence[Branch]) -> Branch:
    """One branch for several alike ones. Alike branches have alike children, all the way down."""
    if len(group) == 1:
        return group[0]
    top = _one(group)
    ahead = [(top, group)]
    while ahead:
        parent, members = ahead.pop()
        below: dict[int, list[Branch]] = defaultdict(list)
        for child in (child for member in members for child in member.children):
            below[child.look].append(child)
        for alike in below.values():
            made = _one(alike)
            parent.children.append(made)
            ahead.append((made, alike))
    return top


def _healthy_as_one(siblings: list[Branch]) -> list[Branch]:
    groups: dict[Hashable, list[Branch]] = defaultdict(list)
    for branch in siblings:
        groups[(branch.node.view, branch.node.kind) if branch.fine else id(branch)].append(branch)
    return [_one(alike) if alike[0].fine else alike[0] for alike in groups.values()]


def _one(alike: Sequence[Branch]) -> Branch:
    """A leaf that stands for all of them, by the first one's name and since the earliest moment."""
    if len(alike) == 1:
        return Branch(alike[0].node, look=alike[0].look, fine=alike[0].fine, names=alike[0].names)
    nodes = [branch.node for branch in alike]
    names = frozenset(name for branch in alike for name in branch.names)
    node = replace(
        nodes[0],
        count=len(names),
        since=min((node.since for node in nodes if node.since), default=""),
        findings=tuple(dict.fromkeys(finding for node in nodes for finding in node.findings)),
    )
    return Branch(node, look=alike[0].look, fine=alike[0].fine, names=names)
