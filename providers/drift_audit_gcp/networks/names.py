"""What of a network objects name, or what its name follows from them, and what it means when it is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.steps import asking
from drift_audit.model.values import text
from drift_audit_gcp.doubts import Doubted, doubted, unbuilt
from drift_audit_gcp.family import Loss, Named
from drift_audit_gcp.fleet import Fleet, GcpCluster, settled
from drift_audit_gcp.links import id_of, project_of
from drift_audit_gcp.networks.rules import expected_rules
from drift_audit_gcp.resource_types import FIREWALL, NETWORK, ROUTER, SUBNETWORK

_MADE_AGAIN = "CAPG makes it again at its next reconcile"
_NEVER = "CAPG fails at every reconcile: in a shared VPC it makes nothing"
_ALL_BROKEN = "CAPG makes an empty one of that name; everything that stood in the old one is gone with it"


def named_parts(fleet: Fleet) -> Iterator[Named]:
    """Nothing before CAPG has found or made the network: until then nobody misses anything."""
    for cluster in fleet.clusters.values():
        recorded = text(cluster.recorded.get("selfLink"))
        if not recorded:
            continue
        named = partial(_named, cluster)
        yield named(
            project_of(recorded) or cluster.network_project,
            NETWORK,
            id_of(recorded),
            "status.network.selfLink",
            _loss(cluster, Severity.CRITICAL, "network", _ALL_BROKEN),
        )
        if router := text(cluster.recorded.get("router")):
            loss = _loss(cluster, Severity.HIGH, "router", _MADE_AGAIN)
            yield named(project_of(router), ROUTER, id_of(router), "status.network.router", loss)
        for subnet in cluster.subnets:
            loss = _loss(cluster, Severity.CRITICAL, "subnet", _MADE_AGAIN)
            yield named(cluster.network_project, SUBNETWORK, cluster.subnet_id(subnet), "spec.network.subnets", loss)
        for name in cluster.ask(expected_rules):
            loss = _loss(cluster, Severity.HIGH, "firewall rule", _MADE_AGAIN)
            yield named(cluster.network_project, FIREWALL, name, "spec.network.firewall", loss)


def _named(cluster: GcpCluster, project: str, kind: str, resource_id: str, path: str, loss: Loss) -> Named:
    return Named(
        object=cluster.infra,
        cluster=cluster.key,
        project=project,
        type=kind,
        id=resource_id,
        path=path,
        loss=loss,
    )


def _loss(cluster: GcpCluster, severity: Severity, what: str, reaction: str) -> Loss:
    paused = cluster.paused(cluster.infra)
    told = f"{paused}: CAPG does nothing before it is resumed" if paused else reaction
    return Loss(
        severity=severity,
        reaction=_NEVER if cluster.shared_vpc and not paused else told,
        next_steps=(asking(f"Find out in the audit log who deleted the {what}."),),
        transitional=cluster.deleting or not cluster.ready,
    )


def unbuilt_networks(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """Clusters that should have a network by now: of all that stands in it nothing can be compared."""
    for cluster in fleet.clusters.values():
        expected = settled(cluster.infra, now) and not (cluster.deleting or cluster.externally_managed)
        if expected and not cluster.recorded.get("selfLink"):
            yield doubted(cluster.infra, cluster.key, unbuilt(cluster, "network"))
