"""The parts of a cluster's load balancers as CAPG wrote them down, and what it means when one is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.steps import asking
from drift_audit.model.values import mapping, text
from drift_audit_gcp import resource_types as types
from drift_audit_gcp.doubts import Doubted, doubted, unbuilt
from drift_audit_gcp.family import Loss, Named
from drift_audit_gcp.fleet import Fleet, GcpCluster, settled
from drift_audit_gcp.links import id_of, project_of

RECORDED: Mapping[str, str] = {
    "apiServerHealthCheck": types.HEALTH_CHECK,
    "apiServerBackendService": types.BACKEND_SERVICE,
    "apiServerTargetProxy": types.TARGET_PROXY,
    "apiServerIpAddress": types.ADDRESS,
    "apiServerForwardingRule": types.FORWARDING_RULE,
    "apiInternalHealthCheck": types.HEALTH_CHECK,
    "apiInternalBackendService": types.BACKEND_SERVICE,
    "apiInternalIpAddress": types.ADDRESS,
    "apiInternalForwardingRule": types.FORWARDING_RULE,
}
"""By the field of `status.network`."""

_MADE_AGAIN = "CAPG makes it again at its next reconcile; until then the API server cannot be reached this way"
_NEW_ADDRESS = (
    "CAPG reserves another address and writes it into spec.controlPlaneEndpoint: certificates and kubeconfigs were "
    "made for the old one"
)


def named_parts(fleet: Fleet) -> Iterator[Named]:
    for cluster in fleet.clusters.values():
        for field, kind in RECORDED.items():
            if link := text(cluster.recorded.get(field)):
                yield _named(cluster, kind, link, f"status.network.{field}")
        for zone, group in sorted(mapping(cluster.recorded.get("apiServerInstanceGroups")).items()):
            path = f"status.network.apiServerInstanceGroups.{zone}"
            yield _named(cluster, types.INSTANCE_GROUP, text(group), path)


def _named(cluster: GcpCluster, kind: str, link: str, path: str) -> Named:
    paused = cluster.paused(cluster.infra)
    told = _NEW_ADDRESS if kind == types.ADDRESS else _MADE_AGAIN
    return Named(
        object=cluster.infra,
        cluster=cluster.key,
        project=project_of(link) or cluster.project,
        type=kind,
        id=id_of(link),
        path=path,
        loss=Loss(
            severity=Severity.CRITICAL,
            reaction=f"{paused}: CAPG does nothing before it is resumed" if paused else told,
            next_steps=(asking(f"Find out in the audit log who deleted the {kind.replace('-', ' ')}."),),
            transitional=cluster.deleting or not cluster.ready,
        ),
    )


def unbuilt_balancers(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """Clusters with a network, and without a part of their load balancers that should be there by now."""
    for cluster in fleet.clusters.values():
        expected = settled(cluster.infra, now) and not (cluster.deleting or cluster.externally_managed)
        if expected and cluster.recorded.get("selfLink"):
            lacking = sorted(field for field in _wanted(cluster) if not cluster.recorded.get(field))
            if lacking:
                yield doubted(cluster.infra, cluster.key, unbuilt(cluster, ", ".join(lacking)), whole=False)


def _wanted(cluster: GcpCluster) -> set[str]:
    sides = {"External": ("apiServer",), "Internal": ("apiInternal",)}.get(
        cluster.balancer_type, ("apiServer", "apiInternal")
    )
    return {field for field in RECORDED if field.startswith(sides)} | {"apiServerInstanceGroups"}
