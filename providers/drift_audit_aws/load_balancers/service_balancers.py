"""Load balancers that controllers inside a cluster made for its Services, and that outlived the cluster.

They carry the cloud provider's tag and none of CAPA's. While their cluster lives they are its own business. Nobody here
sees every cluster of an account, so that this is never more than a suspicion, and it is voiced only where something
ties the name to the fleet: a VPC of the fleet, or another resource on which CAPA wrote the same name. A name that
running instances carry belongs to a cluster that lives, wherever it is managed.
"""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.interfaces import Leftover
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.fleet import Fleet
from drift_audit_aws.load_balancers.removal import REMOVAL
from drift_audit_aws.ownership import (
    CLOUD_PROVIDER_TAG_PREFIX,
    OWNED,
    OWNED_TAG_PREFIX,
    Circumstances,
    made_for_a_service,
    state_of,
    too_young,
    vpc_of,
)
from drift_audit_aws.resource_types import INSTANCE

_CONTROLLER_TAG = "elbv2.k8s.aws/cluster"
"""Of the AWS Load Balancer Controller; its value is the cluster's name."""


def abandoned_balancers(fleet: Fleet, cloud: CloudScopeView, circumstances: Circumstances) -> Iterator[Leftover]:
    """Those of clusters that neither an audited management cluster nor a running instance knows."""
    if not cloud.listed(INSTANCE):
        return
    alive = _names_of_the_living(fleet, cloud)
    vpcs = {cluster.vpc_id for cluster in fleet.clusters.values()} - {""}
    traces = _names_by_capa(cloud)
    for (kind, _), resource in sorted(cloud.resources.items()):
        if kind not in REMOVAL or not cloud.listed(kind) or not made_for_a_service(resource):
            continue
        names = _cluster_names(resource)
        tied = vpc_of(resource) in vpcs or bool(names & traces)
        if names and tied and not names & alive and not too_young(resource, circumstances):
            yield _leftover(resource, min(names))


def _leftover(resource: CloudResource, name: str) -> Leftover:
    words = {"id": resource.key.id, "region": resource.key.region}
    return Leftover(
        resource=resource.key,
        cluster=None,
        claimed=name,
        why_sure=f"a controller in cluster {name} made it for a Service; no audited management cluster has a cluster "
        "of that name, and no running instance carries the name; another management cluster may have it",
        severity=Severity.MEDIUM,
        next_steps=(
            f"Make sure that cluster {name} is gone, and that nobody uses {resource.key.id} any more.",
            REMOVAL[resource.key.type].format(**words),
        ),
        potential=True,
        created_at=resource.created_at,
    )


def _cluster_names(resource: CloudResource) -> frozenset[str]:
    """Every cluster that the tags of a controller name; one that CAPA made itself has none here."""
    if any(key.startswith(OWNED_TAG_PREFIX) for key in resource.tags):
        return frozenset()
    named = resource.tags.get(_CONTROLLER_TAG, "")
    return frozenset({*_tagged(resource, CLOUD_PROVIDER_TAG_PREFIX), *([named] if named else [])})


def _names_of_the_living(fleet: Fleet, cloud: CloudScopeView) -> frozenset[str]:
    known = {name for cluster in fleet.clusters.values() for name in cluster.tag_names}
    known |= {key.name for key, _ in fleet.broken}
    running = (
        resource
        for (kind, _), resource in cloud.resources.items()
        if kind == INSTANCE and state_of(resource) == "running"
    )
    return frozenset(known | {name for found in running for name in _tagged(found, CLOUD_PROVIDER_TAG_PREFIX)})


def _names_by_capa(cloud: CloudScopeView) -> frozenset[str]:
    return frozenset(name for found in cloud.resources.values() for name in _tagged(found, OWNED_TAG_PREFIX))


def _tagged(resource: CloudResource, prefix: str) -> Iterator[str]:
    return (
        key.removeprefix(prefix) for key, value in resource.tags.items() if key.startswith(prefix) and value == OWNED
    )
