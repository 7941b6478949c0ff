"""How a declaration gets into the management cluster: the GitOps object that applies it, and its state."""

from __future__ import annotations

from dataclasses import dataclass

from drift_audit.model.keys import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRule:
    """Fields that a GitOps tool leaves alone, of the objects that all four patterns match wholly."""

    group: str = ".*"
    """A regular expression, as the other three."""
    kind: str = ".*"
    namespace: str = ".*"
    name: str = ".*"
    pointers: tuple[str, ...] = ()
    """JSON pointers (RFC 6901)."""
    managers: tuple[str, ...] = ()
    """Field managers whose changes are left alone wherever they are."""
    expressions: tuple[str, ...] = ()
    """jq expressions: nobody evaluates them here, so each may cover any field."""
    condition: str = ""
    """A selector that is not evaluated here, so that the rule only may concern an object; empty when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One GitOps object (a Flux Kustomization, an Argo CD Application), read from the management cluster."""

    tool: str
    """`Flux` or `Argo CD`."""
    object: ObjectKey
    applier: str
    """Its field manager: `kustomize-controller`."""
    applied_revision: str = ""
    """Full commit id that was applied last with success; empty when unknown."""
    suspended: bool = False
    resume: str = ""
    """How to end the suspension, as a next step; empty when it is not suspended."""
    failing: str = ""
    """Why it cannot apply, in the tool's own words; empty when it can."""
    corrects: bool = True
    """True when it puts edits in the cluster back by itself."""
    last_success: str = ""
    """RFC 3339: when it last applied everything with success."""
    interval_seconds: int = 0
    repo: str = ""
    """Clone URL of its source; empty when that is no Git repository."""
    path: str = ""
    """Directory in the repository that it applies."""
    namespace: str = ""
    """The namespace that it puts on namespaced objects; empty when it leaves them as Git has them."""
    namespace_wins: bool = False
    """True when that namespace replaces the one in Git (Flux), False when it only fills an empty one (Argo CD)."""
    rewrites: str = ""
    """What it changes between Git and the cluster, so that the two need not agree: `spec.patches of Flux ...`."""
    ignores: tuple[IgnoreRule, ...] = ()
    """The differences that it does not correct."""

    def __str__(self) -> str:
        return f"{self.tool} {self.object}"
