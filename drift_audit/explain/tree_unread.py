"""What of a cluster could not be read: Git, and kinds and resource types whose absence from its tree means nothing."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.explain.declared_view import unread_of_git
from drift_audit.explain.tree_parts import CORE_GROUP, ClusterParts
from drift_audit.model.views import KindListing, View

_SHARED_GROUPS = frozenset({CORE_GROUP, f"bootstrap.{CORE_GROUP}", f"controlplane.{CORE_GROUP}"})


def unread_git(parts: ClusterParts) -> str:
    """Why nobody knows what Git declares for the cluster; empty where all of it was read."""
    found = unread_of_git(parts.git, parts.gaps, parts.cluster.management_cluster)
    return f"what it declares is not wholly known: {'; '.join(found)}" if found else ""


def unread_kinds(parts: ClusterParts, infrastructure: str) -> Iterator[tuple[str, str]]:
    """(kind, why) of every kind of Cluster API and of the cluster's own provider that was not read completely."""
    for _, listing in sorted(parts.view.kinds.items()):
        if not listing.complete and _may_concern(listing, infrastructure):
            yield listing.kind, _reason(f"not all of its objects were read: {listing.reason}", listing.reason)


def _may_concern(listing: KindListing, infrastructure: str) -> bool:
    """False for the kinds of other providers: one management cluster often serves several clouds."""
    provider = infrastructure.removesuffix("Cluster").removesuffix("Managed")
    foreign = bool(provider) and not listing.kind.startswith(provider)
    if listing.group == f"infrastructure.{CORE_GROUP}":
        return not foreign
    return listing.group in _SHARED_GROUPS


def unread_cloud(parts: ClusterParts, infrastructure: str) -> Iterator[tuple[str, str]]:
    """(resource type, why) of what was not listed where the cluster lives; one for all where nobody looked."""
    if not parts.scopes:
        yield "cloud", f"nothing of it was read in the cloud: {_why_nowhere(parts, infrastructure)}"
    for scope in parts.scopes:
        for listing in scope.listings.values():
            if not scope.listed(listing.type):
                wrong = f"the account of {scope.scope} was not verified"
                yield listing.type, f"not listed in {scope.scope}: {listing.reason or wrong}"
        if not scope.listings:
            yield "cloud", f"nothing was listed in {scope.scope}"


def _why_nowhere(parts: ClusterParts, infrastructure: str) -> str:
    """The reason of the gap that names the cluster, else of the one that names its kind of infrastructure."""
    named = {str(parts.cluster), f"{parts.cluster.namespace}/{parts.cluster.name}"}
    cloud = [gap for gap in parts.gaps if gap.view is View.CLOUD]
    kind = f"{parts.cluster.management_cluster}/{infrastructure}"
    for gap in cloud:
        if gap.subject in named or any(gap.scope.endswith(f"/{name}") for name in named):
            return gap.reason
    return next((gap.reason for gap in cloud if gap.scope == kind), "its account and region are not known")


def _reason(told: str, reason: str) -> str:
    return told if reason else "not all of its objects were read"
