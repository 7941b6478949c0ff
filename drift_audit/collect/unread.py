"""What stands in the views for a cloud that could not be read: a gap, and nothing that counts as listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from drift_audit.collect.in_time import Late
from drift_audit.interfaces import CloudProvider, ScopeRequest
from drift_audit.model.values import dig, mapping, text
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, ScopeRead, ScopeStatus, View

_CORE_GROUP = "cluster.x-k8s.io"


def unread_scope(request: ScopeRequest, why: Late) -> CloudScopeView:
    """The view of a scope of which nothing was learned."""
    scope = str(request.scope)
    return CloudScopeView(
        scope=request.scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=None,
        resources={},
        gaps=(Gap(view=View.CLOUD, scope=scope, subject="", reason=why.reason, remedy=why.remedy),),
        reads=(ScopeRead(view=View.CLOUD, scope=scope, status=ScopeStatus.FAILED, reason=why.reason),),
    )


def without_second_look(view: CloudScopeView, why: Late) -> CloudScopeView:
    """The view as it was read first: its suspects stay unconfirmed."""
    scope = f"{view.scope} (second read)"
    gap = Gap(
        view=View.CLOUD, scope=scope, subject="", reason=why.reason, remedy=why.remedy, status=ScopeStatus.PARTIAL
    )
    return replace(view, gaps=(*view.gaps, gap))


def unexpected(provider: CloudProvider, error: Exception) -> Late:
    """The words for a bug of a provider; the log has its traceback."""
    return Late(
        reason=f"reading failed unexpectedly: {type(error).__name__} inside provider {provider.name!r}",
        remedy="See the traceback in the log and report it.",
    )


def without_provider(clusters: Iterable[ClusterView], providers: Iterable[CloudProvider]) -> list[Gap]:
    """Clusters whose cloud no provider can read: listed, so that they are never silently green."""
    known = list(providers)
    unread: dict[tuple[str, str], list[str]] = {}
    for view in clusters:
        for key, live in view.objects.items():
            if key.group != _CORE_GROUP or key.kind != "Cluster":
                continue
            kind = text(mapping(dig(live.raw, "spec", "infrastructureRef")).get("kind"))
            if not any(provider.owns(kind) for provider in known):
                unread.setdefault((view.management_cluster, kind), []).append(f"{key.namespace}/{key.name}")
    return [
        Gap(
            view=View.CLOUD,
            scope=f"{management_cluster}/{kind or 'Cluster'}",
            subject=kind or "Cluster",
            reason=f"not audited in the cloud: {_counted(names)} {_infrastructure(kind)} ({_some(names)})",
            remedy="No installed provider plug-in reads it: install one, or accept the lower coverage."
            if kind
            else "Wait until the controllers have set spec.infrastructureRef, or set it.",
            status=ScopeStatus.SKIPPED,
        )
        for (management_cluster, kind), names in sorted(unread.items())
    ]


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} cluster{'' if len(names) == 1 else 's'}"


def _infrastructure(kind: str) -> str:
    return f"of kind {kind}" if kind else "without spec.infrastructureRef"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
