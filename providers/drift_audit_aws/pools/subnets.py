"""The subnets in which a machine pool's instances should run.

Source: CAPA v2.13.0 pkg/cloud/scope/shared.go, Place, and pkg/cloud/services/autoscaling/autoscalinggroup.go,
SubnetIDs. Edge zones (Local Zones, Wavelength) and the subnets of a pod network are left out of every choice that
the spec does not make itself (api/v1beta2/network_types.go).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.ownership import vpc_of
from drift_audit_aws.resource_types import SUBNET
from drift_audit_aws.subject import Subject

_ASSOCIATION = "sigs.k8s.io/cluster-api-provider-aws/association"
_EDGE = frozenset({"local-zone", "wavelength-zone"})

_Subnet = Mapping[str, Json]


def group_subnets(subject: Subject) -> Observed | None:
    """Sorted ids: those that the spec names, else those of its zones, of the MachinePool's, or all private ones."""
    spec = subject.object.spec
    references = list(map(mapping, sequence(spec.get("subnets"))))
    named = [text(reference.get("id")) for reference in references if reference.get("id")]
    filters = [
        mapping(entry)
        for reference in references
        if not reference.get("id")
        for entry in sequence(reference.get("filters"))
    ]
    if filters:
        matching = _matching(subject, filters)
        return matching if isinstance(matching, Unknown) else Present(sorted({*named, *matching}))
    if named:
        return Present(sorted(set(named)))
    zones = _texts(spec.get("availabilityZones"))
    if not zones:
        if subject.pool is None or subject.pool.pool is None:
            return Unknown("the MachinePool that owns this AWSMachinePool was not read")
        zones = _texts(subject.pool.pool.spec.get("failureDomains"))
    chosen = _of_zones(subject, zones) if zones else _private(_subnets(subject))
    ids = {_id(subnet) for subnet in chosen if not _edge(subnet)}
    return Present(sorted(ids)) if ids else Unknown(f"{subject.cluster.infra.kind} has no such subnets in its spec yet")


def _matching(subject: Subject, filters: Sequence[Mapping[str, Json]]) -> list[str] | Unknown:
    """Ids of the subnets of the cluster's VPC that pass all filters. Those of a further VPC cannot serve one group."""
    if not subject.cloud.listed(SUBNET):
        return Unknown("the subnets that the spec's filters choose from are not completely known")
    found = [
        subnet
        for (kind, _), subnet in subject.cloud.resources.items()
        if kind == SUBNET and vpc_of(subnet) == subject.cluster.vpc_id and subnet.tags.get(_ASSOCIATION) != "secondary"
    ]
    for entry in filters:
        name = text(entry.get("name"))
        read = _filter_value(name)
        if read is None:
            return Unknown(f"filter {name} of spec.subnets is not evaluated")
        patterns = [pattern.replace("[", "[[]") for pattern in _texts(entry.get("values"))]
        found = [subnet for subnet in found if _passes(read(subnet), patterns)]
    return [subnet.key.id for subnet in found] or Unknown("no subnet of the cluster's VPC passes the spec's filters")


def _passes(value: str | None, patterns: Sequence[str]) -> bool:
    """EC2's filters know `*` and `?` and are case-sensitive."""
    return value is not None and any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def _filter_value(name: str) -> Callable[[CloudResource], str | None] | None:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda subnet: subnet.tags.get(key)
    field = _FILTER_FIELDS.get(name)
    return None if field is None else lambda subnet: text(subnet.attributes.get(field))


_FILTER_FIELDS: Mapping[str, str] = {
    "availability-zone": "AvailabilityZone",
    "cidr": "CidrBlock",
    "cidr-block": "CidrBlock",
    "subnet-id": "SubnetId",
    "vpc-id": "VpcId",
}
"""EC2 API reference, DescribeSubnets, Filter."""


def _of_zones(subject: Subject, zones: Sequence[str]) -> list[_Subnet]:
    pick = _PICKS.get(text(subject.object.spec.get("availabilityZoneSubnetType")), list)
    return pick(subnet for subnet in _subnets(subject) if text(subnet.get("availabilityZone")) in zones)


def _subnets(subject: Subject) -> list[_Subnet]:
    return list(map(mapping, sequence(dig(subject.cluster.infra.spec, "network", "subnets"))))


def _private(subnets: Iterable[_Subnet]) -> list[_Subnet]:
    return [subnet for subnet in subnets if subnet.get("isPublic") is not True and not _for_pods(subnet)]


def _public(subnets: Iterable[_Subnet]) -> list[_Subnet]:
    return [subnet for subnet in subnets if subnet.get("isPublic") is True and not _for_pods(subnet)]


_PICKS: Mapping[str, Callable[[Iterable[_Subnet]], list[_Subnet]]] = {"private": _private, "public": _public}


def _for_pods(subnet: _Subnet) -> bool:
    return dig(subnet, "tags", _ASSOCIATION) == "secondary"


def _edge(subnet: _Subnet) -> bool:
    return text(subnet.get("zoneType")) in _EDGE


def _id(subnet: _Subnet) -> str:
    """The id that AWS knows: `resourceID`, or the `id` of a subnet that somebody brought."""
    return text(subnet.get("resourceID")) or text(subnet.get("id"))


def _texts(value: Json) -> list[str]:
    return list(filter(None, map(text, sequence(value))))


def runs_in_subnets_of(group: CloudResource, cluster: AwsCluster) -> bool:
    """True for a group whose subnets are all the cluster's own."""
    own = {_id(mapping(subnet)) for subnet in sequence(dig(cluster.infra.spec, "network", "subnets"))}
    attached = {part.strip() for part in text(group.attributes.get("VPCZoneIdentifier")).split(",")} - {""}
    return bool(attached) and attached <= own
