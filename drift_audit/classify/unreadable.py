"""Gaps that only show when the views are held side by side: what was declared, or read, and could not be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from drift_audit.model.keys import ObjectKey
from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.views import ClusterView, Gap, GitSourceView, ScopeStatus, View, Views

_CORE_GROUP = "cluster.x-k8s.io"
_DEFINITION = "CustomResourceDefinition"
_OF_NO_SOURCE = "not part of this audit"


def uncompared_gaps(views: Views) -> list[Gap]:
    """What makes an audit look in sync because it had nothing to compare: no Git, an empty Git, no Cluster at all."""
    found = [_without_git(view) for view in views.clusters if not _sources_of(view, views.git)]
    found += [_without_declarations(source) for source in views.git if _declares_nothing(source)]
    readable = [view for view in views.clusters if view.listed(_CORE_GROUP, "Cluster")]
    if readable and not any(key.kind == "Cluster" for view in readable for key in view.objects):
        found += [_without_clusters(view) for view in readable if view.left_out or view.namespaces]
    return found


def surely_read(view: ClusterView) -> frozenset[ObjectKey]:
    """The objects whose differences from Git may be confirmed: read twice, with all definitions at hand.

    Without a schema nobody knows the keys of a list, and without the contract labels of a kind nobody knows what a
    conversion makes of a reference to it: the healthiest object then differs from its own declaration.
    """
    definitions = f"{view.management_cluster}/{_DEFINITION}"
    return frozenset() if any(gap.scope == definitions for gap in view.gaps) else view.reread


def _sources_of(view: ClusterView, sources: Iterable[GitSourceView]) -> list[GitSourceView]:
    return [source for source in sources if source.management_cluster == view.management_cluster]


def _declares_nothing(source: GitSourceView) -> bool:
    """True for a source that was read without any trouble and holds no object."""
    return _is_whole(source) and source.head is not None and not source.head.declarations


def _is_whole(source: GitSourceView) -> bool:
    return source.head is not None and source.head.complete and not source.gaps


def _without_git(view: ClusterView) -> Gap:
    return Gap(
        view=View.GIT,
        scope=view.management_cluster,
        subject="",
        reason=f"management cluster {view.management_cluster} has no Git source: nothing says what it should hold",
        remedy="Add its repository under `git` of this management cluster in the configuration.",
        status=ScopeStatus.SKIPPED,
    )


def _without_declarations(source: GitSourceView) -> Gap:
    return Gap(
        view=View.GIT,
        scope=f"{source.management_cluster}/{source.source}",
        subject=source.path,
        reason=f"{source.repo} declares no object below {source.path!r} at {source.ref}",
        remedy="Correct `path` of the Git source, or remove the source.",
        status=ScopeStatus.PARTIAL,
    )


def _without_clusters(view: ClusterView) -> Gap:
    narrowed = "in the chosen namespaces" if view.namespaces else "with the chosen labels"
    return Gap(
        view=View.CAPI,
        scope=f"{view.management_cluster}/Cluster",
        subject="Cluster",
        reason=f"there is no Cluster {narrowed}: nothing was audited",
        remedy="Check the namespaces and the label selector for a typing mistake.",
        status=ScopeStatus.PARTIAL,
    )


def pairing_gaps(view: ClusterView, pairing: Pairing, sources: Iterable[GitSourceView]) -> list[Gap]:
    """One gap per reason. What the collectors already reported as incomplete is not told twice: a kind, and Git."""
    own = _sources_of(view, sources)
    all_of_git = bool(own) and all(map(_is_whole, own))
    by_reason: dict[tuple[str, str], list[ObjectPair]] = defaultdict(list)
    for pair in pairing.pairs:
        if pair.membership is not Membership.UNREADABLE:
            continue
        listing = view.kinds.get((pair.key.group, pair.key.kind))
        told = listing is not None and not listing.complete
        told |= _OF_NO_SOURCE in pair.note and not all_of_git
        if not told and pair.key not in view.left_out and view.kinds:
            by_reason[pair.key.kind, pair.note].append(pair)
    return [_contested(pair) for pair in pairing.pairs if pair.rivals] + [
        Gap(
            view=View.GIT,
            scope=f"{pairing.management_cluster}/{kind}",
            subject=", ".join(str(pair.key) for pair in pairs[:3]) + (" ..." if len(pairs) > 3 else ""),
            reason=f"{len(pairs)} {kind} not compared: {note}",
            remedy=_remedy(note),
            status=ScopeStatus.PARTIAL,
        )
        for (kind, note), pairs in sorted(by_reason.items())
    ]


def _remedy(note: str) -> str:
    if "API version" in note:
        return "Move the manifests to a served API version."
    if _OF_NO_SOURCE in note:
        return "Add the Git source of that GitOps object to this management cluster in the configuration."
    return "Widen the audit, or accept the lower coverage."


def _contested(pair: ObjectPair) -> Gap:
    own = pair.declaration
    first = f"{own.location.file} of source {own.source}" if own else "one source"
    others = ", ".join(f"{rival.location.file} of source {rival.source}" for rival in pair.rivals)
    return Gap(
        view=View.GIT,
        scope=f"{pair.management_cluster}/{pair.key.kind}",
        subject=str(pair.key),
        reason=f"{pair.key} is declared differently by several Git sources: {first} (compared) and {others} (left out)",
        remedy="Declare the object in one source only.",
        status=ScopeStatus.PARTIAL,
    )
