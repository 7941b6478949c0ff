"""The way from what a finding is about to the top: what owns it, what owns that, and its Cluster at the end."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.findings import Finding
from drift_audit.model.keys import ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView

_MOST_STEPS = 12
"""More is a circle."""


def way_up(view: ClusterView | None, about: ObjectKey | None, cluster: ObjectKey | None) -> Iterator[ObjectKey]:
    """The object, its owners as far as the view knows them, and the Cluster, each once."""
    seen: list[ObjectKey] = []
    here = about
    while here is not None and here not in seen and len(seen) < _MOST_STEPS:
        seen.append(here)
        yield here
        live = view.objects.get(here) if view is not None else None
        here = _owner(live) if live is not None else None
    if cluster is not None and cluster not in seen:
        yield cluster


def object_of(finding: Finding) -> ObjectKey | None:
    """The object that the finding is about."""
    target = finding.object
    if target is None:
        return None
    return ObjectKey(split_api_version(target.api_version)[0], target.kind, target.namespace, target.name)


def cluster_of(finding: Finding) -> ObjectKey | None:
    """The Cluster that the finding belongs to."""
    cluster = finding.cluster
    return ObjectKey("cluster.x-k8s.io", "Cluster", cluster.namespace, cluster.name) if cluster is not None else None


def _owner(live: CapiObject) -> ObjectKey | None:
    """The controlling owner, else the first one."""
    owner = next((each for each in live.owners if each.controller), next(iter(live.owners), None))
    if owner is None:
        return None
    return ObjectKey(split_api_version(owner.api_version)[0], owner.kind, live.namespace, owner.name)
