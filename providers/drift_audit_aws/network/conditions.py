"""When a field-map row does not apply to a part of the network."""

from __future__ import annotations

from drift_audit.model.values import Present, dig, text
from drift_audit_aws.network.comparers import canonical
from drift_audit_aws.network.expected_subnets import named_role
from drift_audit_aws.network.keeping import built
from drift_audit_aws.network.layout import associated_subnets, layout
from drift_audit_aws.network.observed import ipv6_cidr
from drift_audit_aws.network.seen import flipped
from drift_audit_aws.network.subnets import declared_subnets, subnet_of
from drift_audit_aws.ownership import ROLE_TAG
from drift_audit_aws.resource_types import ROUTE_TABLE
from drift_audit_aws.subject import Subject


def network_of_others(subject: Subject) -> bool:
    """A network that somebody brought: CAPA uses it, and it needs no more than to be there."""
    return not built(subject)


def network_of_capa(subject: Subject) -> bool:
    return built(subject) or subject.cluster.externally_managed


def ipv6_block_gone(subject: Subject) -> bool:
    """Without the block itself its pool is no question."""
    actual = ipv6_cidr(subject)
    declared = text(dig(subject.cluster.infra.spec, "network", "vpc", "ipv6", "cidrBlock"))
    return not isinstance(actual, Present) or canonical(text(actual.value)) != canonical(declared)


def subnet_of_others(subject: Subject) -> bool:
    return not built(subject) or subnet_of(subject) is None


def subnet_turned(subject: Subject) -> bool:
    """While a subnet turns public or private, its tags follow: told once, by the turn itself."""
    return subnet_of_others(subject) or flipped(subject)


def shared_subnet_turned(subject: Subject) -> bool:
    return network_of_capa(subject) or subnet_of(subject) is None or flipped(subject)


def not_adopted(subject: Subject) -> bool:
    """Where the spec does not say anything else than the name that CAPA gave the subnet."""
    return subnet_turned(subject) or named_role(subject) is None


def association_kept(subject: Subject) -> bool:
    return _other_table(subject) != ""


def association_known(subject: Subject) -> bool:
    """Not associated with a table that CAPA does not see."""
    return _other_table(subject) != "unknown"


def association_unknown(subject: Subject) -> bool:
    """Not associated with another table of the cluster."""
    return _other_table(subject) != "known"


def _other_table(subject: Subject) -> str:
    """`known` or `unknown` to CAPA when the subnet uses another table than the spec's; empty when it uses none.

    `told` when there is nothing to compare: the table of the spec is gone, which is told by itself.
    """
    subnet = subnet_of(subject)
    if subnet is None or not built(subject):
        return "told"
    if subject.cloud.listed(ROUTE_TABLE) and (ROUTE_TABLE, subnet.route_table) not in subject.cloud.resources:
        return "told"
    ways = subject.index.ask(layout)
    table = ways.tables_of_subnets.get(subject.resource.key.id)
    if table is None:
        return ""
    if table.key.id == subnet.route_table:
        return "told"
    return "known" if ways.carries_tag(table, subject.cluster.key.name) else "unknown"


def table_of_others(subject: Subject) -> bool:
    """A table that no subnet of the cluster uses, or only one whose spec names another: told by the subnet."""
    users = set(associated_subnets(subject.resource))
    own = subject.resource.key.id
    used = any(
        subnet.resource_id in users and subnet.route_table in ("", own) for subnet in declared_subnets(subject.cluster)
    )
    return not built(subject) or not used


def endpoint_of_others(subject: Subject) -> bool:
    """An endpoint that CAPA did not make: without its role tag."""
    return not built(subject) or text(subject.resource.tags.get(ROLE_TAG)) == ""


MANAGED_ONLY = frozenset(
    condition.__name__
    for condition in (
        association_kept,
        association_known,
        association_unknown,
        endpoint_of_others,
        network_of_others,
        not_adopted,
        subnet_of_others,
        subnet_turned,
        table_of_others,
    )
)
"""Conditions of the rows that CAPA keeps in a VPC of its own only."""
