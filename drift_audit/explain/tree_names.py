"""Which cluster a person means by `NAME`, `NAMESPACE/NAME` or `MANAGEMENT-CLUSTER/NAMESPACE/NAME`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from drift_audit.errors import UsageError
from drift_audit.model.keys import ClusterKey
from drift_audit.model.result import AuditResult
from drift_audit.model.views import Views

_MOST_CANDIDATES = 8
_TELLING = 3
"""So many characters of a name say which one is meant."""
_CORE_GROUP = "cluster.x-k8s.io"


def find_cluster(written: str, views: Views, result: AuditResult) -> ClusterKey:
    """The one cluster of that name; raises `UsageError` with the candidates when there is none, or more than one."""
    known = sorted(
        {entry.key for entry in result.clusters} | {each.cluster for each in result.findings if each.cluster}
    )
    found = [key for key in known if written in _names(key)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} clusters are called {written!r}: say which one, {_listed(found)}")
    doubt = _why_unseen(views)
    if doubt:
        raise UsageError(f"cluster {written!r} was not seen, but that says nothing: {doubt}")
    near = _near(written, known)
    hint = f"; did you mean {_listed(near)}?" if near else f"; there are {_listed(known)}" if known else ""
    raise UsageError(f"no cluster of this audit is called {written!r}{hint}")


def _names(key: ClusterKey) -> tuple[str, ...]:
    """All that a person may write for the cluster. Names of management clusters can hold slashes themselves."""
    return key.name, f"{key.namespace}/{key.name}", str(key)


def _near(written: str, known: Sequence[ClusterKey]) -> list[ClusterKey]:
    last = written.rpartition("/")[2]
    elsewhere = [key for key in known if key.name == last]
    if elsewhere:
        return elsewhere
    by_name: dict[str, ClusterKey] = {name: key for key in known for name in _names(key)}
    close = difflib.get_close_matches(written, by_name, n=_MOST_CANDIDATES)
    close += difflib.get_close_matches(last, by_name, n=_MOST_CANDIDATES)
    close += [name for name in by_name if len(last) >= _TELLING and last in name]
    return sorted({by_name[name] for name in close})


def _listed(keys: list[ClusterKey]) -> str:
    shown = ", ".join(map(str, keys[:_MOST_CANDIDATES]))
    return shown + (f" and {len(keys) - _MOST_CANDIDATES} more" if len(keys) > _MOST_CANDIDATES else "")


def _why_unseen(views: Views) -> str:
    """Why a cluster may exist that nobody saw; empty when every Cluster of every management cluster was listed."""
    for view in views.clusters:
        listing = view.kinds.get((_CORE_GROUP, "Cluster"))
        if listing is not None and not listing.complete:
            return listing.reason or f"not all Clusters of {view.management_cluster} were read"
        if not view.kinds and view.gaps:
            return view.gaps[0].reason
    return ""
