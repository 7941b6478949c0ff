"""The subnets that a load balancer stands in: those of its spec, or one of the cluster's in each availability zone.

Source: CAPA v2.13.0 pkg/cloud/services/elb/loadbalancer.go, getAPIServerLBSpec and getAPIServerClassicELBSpec;
api/v1beta2/network_types.go, FilterPrivate, FilterPublic, FilterNonCni and IsEdge.
"""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.load_balancers.api_balancers import ApiBalancer

_ASSOCIATION_TAG = "sigs.k8s.io/cluster-api-provider-aws/association"
_EDGE_ZONES = frozenset({"local-zone", "wavelength-zone"})


def chosen_subnets(balancer: ApiBalancer) -> tuple[str, ...]:
    """Ids of the subnets that the spec of the load balancer lists; empty when it leaves the choice to CAPA."""
    return tuple(filter(None, map(text, sequence(balancer.spec.get("subnets")))))


def zones_of_candidates(balancer: ApiBalancer) -> Mapping[str, str]:
    """Zone by id of the subnets among which CAPA chooses, in its order: it takes the first of each zone."""
    cluster = balancer.cluster
    private = usable_subnets(cluster, public=False)
    wanted = private if balancer.scheme == "internal" and private else usable_subnets(cluster, public=True)
    return {subnet_id(subnet): text(subnet.get("availabilityZone")) for subnet in wanted}


def first_in_each_zone(candidates: Mapping[str, str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for subnet, zone in candidates.items():
        first.setdefault(zone, subnet)
    return tuple(first.values())


def usable_subnets(cluster: AwsCluster, *, public: bool) -> tuple[JsonObject, ...]:
    """The public or private subnets that core infrastructure may use: not those at the edge or for pods alone."""
    subnets = map(mapping, sequence(dig(cluster.infra.spec, "network", "subnets")))
    return tuple(
        subnet
        for subnet in subnets
        if (subnet.get("isPublic") is True) == public
        and text(subnet.get("zoneType")) not in _EDGE_ZONES
        and dig(subnet, "tags", _ASSOCIATION_TAG) != "secondary"
    )


def subnet_id(subnet: JsonObject) -> str:
    """The id that AWS knows: `resourceID`, or the `id` of a subnet that somebody brought."""
    return text(subnet.get("resourceID")) or text(subnet.get("id"))
