"""The owner tree of a workload cluster, from its Cluster object down to cloud resources, with what is wrong on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.keys import ClusterKey
from drift_audit.model.views import View


class NodeState(StrEnum):
    """How one node of a tree is; the worst of its findings decides."""

    OK = "ok"
    CHANGING = "changing"
    """In a legitimate transition: rolling out, scaling, being created or deleted."""
    DRIFTED = "drifted"
    STUCK = "stuck"
    MISSING = "missing"
    ORPHAN = "orphan"
    UNKNOWN = "unknown"
    """It could not be read, or what it should be could not be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """One object or cloud resource, or several alike siblings that are folded into one."""

    depth: int
    """0 for the Cluster; a node belongs to the nearest node before it that has a smaller depth."""
    view: View
    kind: str
    """`MachineDeployment`, or the resource type of the cloud: `instance`; empty for a node that only gathers others."""
    name: str
    """Name of the object, or the id of the resource; of folded siblings, the first one's. Empty where a whole kind or
    resource type could not be read."""
    state: NodeState
    since: str = ""
    """RFC 3339: since when it is in this state, or when it was made; empty when unknown."""
    message: str = ""
    """One sentence; empty for what is as it should be."""
    findings: tuple[str, ...] = ()
    """Ids of the findings on this very node."""
    count: int = 1
    """How many siblings this node stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTree:
    """The tree of one cluster, parents before children."""

    cluster: ClusterKey
    nodes: tuple[TreeNode, ...]
