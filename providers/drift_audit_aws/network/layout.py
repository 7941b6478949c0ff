"""How the network of a scope hangs together: which table a subnet uses, what stands in it, what a VPC has.

Asked once for a whole scope (`CloudIndex.ask`), so that comparing stays proportional to what was listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.ownership import OWNED, OWNED_TAG_PREFIX, ROLE_TAG, owned_tag, state_of, vpc_of
from drift_audit_aws.resource_types import (
    DEFAULT_GROUP,
    ELASTIC_IP,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    ROUTE_TABLE,
    SUBNET,
    VPC,
    VPC_ENDPOINT,
)

_BUILT_TYPES = frozenset({SUBNET, ROUTE_TABLE, INTERNET_GATEWAY})
_STANDING = frozenset({"pending", "available"})
"""States in which CAPA counts a NAT gateway (natgateways.go, describeNatGatewaysBySubnet)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """See the module."""

    vpcs: Mapping[str, CloudResource]
    subnets: Mapping[str, CloudResource]
    subnets_of_vpcs: Mapping[str, tuple[CloudResource, ...]]
    tables_of_subnets: Mapping[str, CloudResource]
    """Only by an explicit association."""
    main_tables: Mapping[str, CloudResource]
    """By VPC."""
    gateways_of_vpcs: Mapping[str, tuple[str, ...]]
    """Ids of the attached internet gateways, in the order of the listing."""
    nat_gateways: Mapping[str, CloudResource]
    """By subnet: those that are there or about to be."""
    endpoints_of_vpcs: Mapping[str, tuple[CloudResource, ...]]
    default_groups: Mapping[str, str]
    """Id by VPC."""
    addresses_of_instances: Mapping[str, tuple[str, ...]]
    builders: Mapping[str, frozenset[str]]
    """By VPC, the clusters of which it holds parts that CAPA makes only in a VPC of its own."""

    def carries_tag(self, resource: CloudResource, cluster_name: str) -> bool:
        """Whatever its value: CAPA filters by the key alone (pkg/cloud/filter/ec2.go, Cluster)."""
        return owned_tag(cluster_name) in resource.tags


def layout(view: CloudScopeView) -> Layout:
    """The layout of everything that was listed."""
    tables = list(_of(view, ROUTE_TABLE))
    return Layout(
        vpcs={vpc.key.id: vpc for vpc in _of(view, VPC)},
        subnets={subnet.key.id: subnet for subnet in _of(view, SUBNET)},
        subnets_of_vpcs=_by_vpc(_of(view, SUBNET)),
        tables_of_subnets={subnet: table for table in tables for subnet in associated_subnets(table)},
        main_tables={vpc_of(table): table for table in tables if _is_main(table)},
        gateways_of_vpcs={
            vpc: tuple(gateway.key.id for gateway in gateways)
            for vpc, gateways in _by_vpc(_of(view, INTERNET_GATEWAY)).items()
        },
        nat_gateways={
            text(gateway.attributes.get("SubnetId")): gateway
            for gateway in _of(view, NAT_GATEWAY)
            if state_of(gateway) in _STANDING
        },
        endpoints_of_vpcs=_by_vpc(_of(view, VPC_ENDPOINT)),
        default_groups={vpc_of(group): group.key.id for group in _of(view, DEFAULT_GROUP)},
        addresses_of_instances=_addresses(view),
        builders=_builders(view),
    )


def associated_subnets(table: CloudResource) -> tuple[str, ...]:
    """The subnets that name the table explicitly."""
    entries = map(mapping, sequence(table.attributes.get("Associations")))
    return tuple(filter(None, (text(entry.get("SubnetId")) for entry in entries)))


def _is_main(table: CloudResource) -> bool:
    return any(mapping(entry).get("Main") is True for entry in sequence(table.attributes.get("Associations")))


def _of(view: CloudScopeView, kind: str) -> Iterator[CloudResource]:
    return (resource for (found, _), resource in view.resources.items() if found == kind)


def _by_vpc(resources: Iterator[CloudResource]) -> Mapping[str, tuple[CloudResource, ...]]:
    found: dict[str, list[CloudResource]] = defaultdict(list)
    for resource in resources:
        found[vpc_of(resource)].append(resource)
    return {vpc: tuple(some) for vpc, some in found.items()}


def _addresses(view: CloudScopeView) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for address in _of(view, ELASTIC_IP):
        found[text(address.attributes.get("InstanceId"))].append(address.key.id)
    return {instance: tuple(ids) for instance, ids in found.items() if instance}


def _builders(view: CloudScopeView) -> Mapping[str, frozenset[str]]:
    """Told by the owner's tag together with the role tag: CAPA writes both, a person who tags a subnet rarely does."""
    found: dict[str, set[str]] = defaultdict(set)
    for (kind, _), resource in view.resources.items():
        if kind in _BUILT_TYPES and ROLE_TAG in resource.tags:
            for key, value in resource.tags.items():
                if key.startswith(OWNED_TAG_PREFIX) and value == OWNED:
                    found[vpc_of(resource)].add(key.removeprefix(OWNED_TAG_PREFIX))
    return {vpc: frozenset(names) for vpc, names in found.items()}
