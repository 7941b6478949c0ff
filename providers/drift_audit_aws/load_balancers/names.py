"""The load balancers that objects name, what belongs to them, and what it means when one is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.steps import asking
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.doubts import Doubt, Doubted, doubted
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import AwsCluster, Fleet, settled
from drift_audit_aws.load_balancers.api_balancers import (
    ApiBalancer,
    api_balancers,
    awaited,
    endpoint_host,
    former_balancers,
)
from drift_audit_aws.load_balancers.target_groups import first_fitting, groups_by_balancer, wanted_listeners, wanted_of
from drift_audit_aws.ownership import ROLE_TAG
from drift_audit_aws.placing import PROVIDER
from drift_audit_aws.resource_types import (
    BALANCER,
    BALANCER_ATTRIBUTES,
    BALANCER_LISTENERS,
    CLASSIC_BALANCER,
    CLASSIC_BALANCER_ATTRIBUTES,
    CLASSIC_BALANCER_HEALTH,
    INSTANCE,
    TARGET_GROUP,
    TARGET_GROUP_ATTRIBUTES,
    TARGET_HEALTH,
)
from drift_audit_aws.subject import CloudIndex

DETAILS = {
    CLASSIC_BALANCER: (CLASSIC_BALANCER_ATTRIBUTES, CLASSIC_BALANCER_HEALTH),
    BALANCER: (BALANCER_ATTRIBUTES, BALANCER_LISTENERS),
    TARGET_GROUP: (TARGET_GROUP_ATTRIBUTES, TARGET_HEALTH),
}

API_ROLE = "apiserver"

NEVER_MADE_AGAIN = (
    "CAPA cannot reconcile the cluster any more (LoadBalancerFailed): while the endpoint is set it makes no load "
    "balancer again"
)
MADE_AGAIN = "CAPA makes another one at its next reconcile"
_RESTORE = (
    asking("Find out in CloudTrail who deleted it: event DeleteLoadBalancer, load balancer {id}."),
    "Nodes and users reach the API server under {host}, and AWS gives a new load balancer another name. Make a load "
    "balancer {id} by hand and let the old name lead to it by DNS of your own, or move the workload to a new cluster.",
)


def named_balancers(fleet: Fleet) -> Iterator[Named]:
    """Those of the API servers of all AWSClusters; where another system keeps the network, they are only mentioned."""
    for cluster in fleet.clusters.values():
        for balancer in api_balancers(cluster):
            yield Named(
                object=cluster.infra,
                cluster=cluster.key,
                type=balancer.type,
                id=balancer.name,
                path=balancer.path,
                loss=None if cluster.externally_managed else _loss(balancer),
            )
        for former in former_balancers(cluster):
            yield Named(object=cluster.infra, cluster=cluster.key, type=former.type, id=former.name, path=former.path)


def _loss(balancer: ApiBalancer) -> Loss:
    cluster, host = balancer.cluster, endpoint_host(balancer.cluster)
    words = {"id": balancer.name, "host": host}
    return Loss(
        severity=Severity.CRITICAL,
        reaction=NEVER_MADE_AGAIN if host else MADE_AGAIN,
        next_steps=tuple(step.format(**words) for step in _RESTORE) if host else (),
        transitional=cluster.deleting or not host,
    )


def reached_groups(link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """The target groups of a cluster's load balancer."""
    if link.object.kind == "AWSCluster" and link.resource.type == BALANCER:
        yield from ((TARGET_GROUP, group.key.id) for group in index.ask(groups_by_balancer).get(link.resource.id, ()))


def attached_machines(fleet: Fleet, link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """What the instance of a control-plane machine has to be registered with: CAPA knows no order among them.

    Source: controllers/awsmachine_controller.go, reconcileLBAttachment; pkg/cloud/services/elb/loadbalancer.go,
    RegisterInstanceWithAPIServerLB, which takes every target group of the load balancer.
    """
    machine = fleet.machines.get((link.management_cluster, link.object))
    cluster = fleet.clusters.get(link.cluster)
    if machine is None or cluster is None or link.resource.type != INSTANCE or machine.role != "control-plane":
        return
    for balancer in () if cluster.externally_managed else api_balancers(cluster):
        if balancer.type == CLASSIC_BALANCER and (CLASSIC_BALANCER, balancer.name) in index.view.resources:
            yield CLASSIC_BALANCER, balancer.name
        elif balancer.type == BALANCER:
            for group in index.ask(groups_by_balancer).get(balancer.name, ()):
                yield TARGET_GROUP, group.key.id


def unbalanced_clusters(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """The clusters without a load balancer although CAPA has made their security groups and had the time for more."""
    for cluster in fleet.clusters.values():
        excused = cluster.externally_managed or cluster.deleting or not cluster.security_groups
        if awaited(cluster) and not excused and settled(cluster.infra, now):
            yield doubted(cluster.infra, cluster.key, _unbalanced(cluster))


def _unbalanced(cluster: AwsCluster) -> Doubt:
    name = f"{cluster.infra.kind} {cluster.infra.namespace}/{cluster.infra.name}"
    return Doubt(
        scope=f"{PROVIDER}/{cluster.key}",
        reason=f"{name} has no load balancer in its status and no endpoint: CAPA has not made it (or cannot)",
        remedy=f"Read the condition LoadBalancerReady of {name} and the log of the CAPA controller.",
    )


def still_expected(resource: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    """True while CAPA has not recorded what it makes for the API server."""
    return resource.tags.get(ROLE_TAG) == API_ROLE and (
        not cluster.ready or awaited(cluster) or not all(found.recorded for found in api_balancers(cluster))
    )


def waits_for_its_balancer(group: CloudResource, cluster: AwsCluster, cloud: CloudScopeView) -> bool:
    """True while the load balancer, or the listener, that the target group stood behind is missing itself."""
    if not cloud.listed(BALANCER):
        return True
    attached = groups_by_balancer(cloud)
    for balancer in api_balancers(cluster):
        wanted = wanted_of(group, wanted_listeners(balancer)) if balancer.type == BALANCER else None
        if wanted is not None and first_fitting(wanted, attached.get(balancer.name, ())) is None:
            return True
    return False
