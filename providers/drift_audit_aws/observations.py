"""What a resource shows, where that takes more than reading one field of the API's answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.ownership import (
    MACHINE_NAME_TAG,
    NAME_TAG,
    ROLE_TAG,
    cloud_provider_tag,
    owned_tag,
    tags_of,
)
from drift_audit_aws.paths import cloud_value
from drift_audit_aws.rules import EVERYWHERE, Rule, exploded
from drift_audit_aws.subject import Subject

Observation = Callable[[Subject], Observed]

_LIFECYCLES = {"spot": "Spot", "capacity-block": "CapacityBlock"}


def instance_groups(subject: Subject) -> Observed:
    """Sorted group ids by interface, for every interface that CAPA answers for.

    The groups at the top of the answer are only those of the primary interface, and not in every answer.
    """
    interfaces = subject.interfaces()
    if not interfaces:
        return Unknown("the answer of EC2 has no network interfaces")
    groups: dict[str, Json] = {}
    for interface in interfaces:
        if interface.groups is None:
            return Unknown(f"the answer of EC2 has no groups for {interface.id}")
        if interface.primary or interface.tagged:
            groups[interface.id] = interface.groups
    return Present(groups)


def untold_interfaces(subject: Subject) -> tuple[str, ...]:
    """Secondary interfaces of which nobody can say whether CAPA answers for them."""
    return tuple(
        interface.id for interface in subject.interfaces() if not interface.primary and interface.tagged is None
    )


def instance_profile(subject: Subject) -> Observed:
    """The profile's name. The ARN has a path before it; EC2 is asked by name alone."""
    arn = text(dig(subject.resource.attributes, "IamInstanceProfile", "Arn"))
    return Present(arn.rpartition("/")[2]) if arn else ABSENT


def market_type(subject: Subject) -> Observed:
    """EC2 says nothing for an on-demand instance."""
    lifecycle = text(subject.resource.attributes.get("InstanceLifecycle"))
    return Present(_LIFECYCLES.get(lifecycle, lifecycle) or "OnDemand")


def confidential_compute(subject: Subject) -> Observed:
    options = subject.resource.attributes.get("CpuOptions")
    if options is None:
        return Unknown("the answer of EC2 has no CpuOptions")
    return Present(text(dig(options, "AmdSevSnp")) or "disabled")


def nested_virtualization(subject: Subject) -> Observed:
    options = subject.resource.attributes.get("CpuOptions")
    if options is None:
        return Unknown("the answer of EC2 has no CpuOptions")
    return Present(text(dig(options, "NestedVirtualization")) or "disabled")


def reservation_preference(subject: Subject) -> Observed:
    """Absent only where a reservation is targeted by its id."""
    specification = subject.resource.attributes.get("CapacityReservationSpecification")
    if specification is None:
        return Unknown("the answer of EC2 has no CapacityReservationSpecification")
    preference = text(dig(specification, "CapacityReservationPreference"))
    return Present(preference) if preference else ABSENT


def interface_type(subject: Subject) -> Observed:
    primary = subject.primary_interface()
    kind = text(primary.get("InterfaceType")) if primary is not None else ""
    return Present(kind) if kind else Unknown("the answer of EC2 has no primary network interface")


def primary_ipv6(subject: Subject) -> Observed:
    primary = subject.primary_interface()
    if primary is None:
        return Unknown("the answer of EC2 has no primary network interface")
    addresses = map(mapping, sequence(primary.get("Ipv6Addresses")))
    return Present("enabled" if any(entry.get("IsPrimaryIpv6") is True for entry in addresses) else "disabled")


def public_address(subject: Subject) -> Observed:
    if subject.resource.attributes.get("PublicIpAddress"):
        return Present(True)
    interfaces = map(mapping, sequence(subject.resource.attributes.get("NetworkInterfaces")))
    return Present(any(dig(interface, "Association", "PublicIp") for interface in interfaces))


def tags(subject: Subject) -> Observed:
    return Present(dict(tags_of(subject.resource)))


def name_tag(subject: Subject) -> Observed:
    return _tag(subject, NAME_TAG)


def machine_name_tag(subject: Subject) -> Observed:
    return _tag(subject, MACHINE_NAME_TAG)


def role_tag(subject: Subject) -> Observed:
    return _tag(subject, ROLE_TAG)


def owned_tag_of_instance(subject: Subject) -> Observed:
    return _tag(subject, owned_tag(subject.cluster.tag_name))


def cloud_provider_tag_of_instance(subject: Subject) -> Observed:
    return _tag(subject, cloud_provider_tag(subject.cluster.tag_name))


def owned_tag_of_group(subject: Subject) -> Observed:
    return _tag(subject, owned_tag(subject.cluster.key.name))


def cloud_provider_tag_of_group(subject: Subject) -> Observed:
    return _tag(subject, cloud_provider_tag(subject.cluster.key.name))


def _tag(subject: Subject, key: str) -> Observed:
    value = subject.resource.tags.get(key)
    return ABSENT if value is None else Present(value)


def ingress_rules(subject: Subject) -> Observed:
    """The rules that CAPA looks at: those whose source is a CIDR or a group."""
    return _rules(subject, "IpPermissions", lambda rule: not rule.by_prefix_list)


def prefix_list_rules(subject: Subject) -> Observed:
    """The rules that CAPA does not see: its converter knows no prefix lists (ingressRulesFromSDKType)."""
    return _rules(subject, "IpPermissions", lambda rule: rule.by_prefix_list)


def egress_rules(subject: Subject) -> Observed:
    """Without the rule that AWS adds for IPv6 when the VPC has such a block while the group is made."""
    return _rules(subject, "IpPermissionsEgress", lambda rule: not _allows_all_ipv6(rule))


def _rules(subject: Subject, field: str, wanted: Callable[[Rule], bool]) -> Observed:
    match cloud_value(subject.resource.key.type, subject.resource.attributes, field):
        case Present(value):
            return Present([rule.as_json() for rule in _chosen(value, wanted)])
        case other:
            return other


def _chosen(permissions: Json, wanted: Callable[[Rule], bool]) -> Iterator[Rule]:
    return (rule for rule in exploded(permissions) if wanted(rule))


def _allows_all_ipv6(rule: Rule) -> bool:
    return rule.protocol == "-1" and rule.source in EVERYWHERE and ":" in rule.source


OBSERVATIONS: Mapping[str, Observation] = {
    function.__name__: function
    for function in (
        cloud_provider_tag_of_group,
        cloud_provider_tag_of_instance,
        confidential_compute,
        egress_rules,
        ingress_rules,
        instance_groups,
        instance_profile,
        interface_type,
        machine_name_tag,
        market_type,
        name_tag,
        nested_virtualization,
        owned_tag_of_group,
        owned_tag_of_instance,
        prefix_list_rules,
        primary_ipv6,
        public_address,
        reservation_preference,
        role_tag,
        tags,
    )
}
