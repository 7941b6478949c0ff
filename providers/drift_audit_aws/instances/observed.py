"""What an instance shows, where that takes more than reading one field of EC2's answer."""

from __future__ import annotations

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.instances.interfaces import interfaces, primary_interface
from drift_audit_aws.subject import Subject

_LIFECYCLES = {"spot": "Spot", "capacity-block": "CapacityBlock"}


def instance_groups(subject: Subject) -> Observed:
    """Sorted group ids by interface, for every interface that CAPA answers for.

    The groups at the top of the answer are only those of the primary interface, and not in every answer.
    """
    answered = interfaces(subject)
    if not answered:
        return Unknown("the answer of EC2 has no network interfaces")
    groups: dict[str, Json] = {}
    for interface in answered:
        if interface.groups is None:
            return Unknown(f"the answer of EC2 has no groups for {interface.id}")
        if interface.primary or interface.tagged:
            groups[interface.id] = interface.groups
    return Present(groups)


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
    primary = primary_interface(subject)
    kind = text(primary.get("InterfaceType")) if primary is not None else ""
    return Present(kind) if kind else Unknown("the answer of EC2 has no primary network interface")


def primary_ipv6(subject: Subject) -> Observed:
    primary = primary_interface(subject)
    if primary is None:
        return Unknown("the answer of EC2 has no primary network interface")
    addresses = map(mapping, sequence(primary.get("Ipv6Addresses")))
    return Present("enabled" if any(entry.get("IsPrimaryIpv6") is True for entry in addresses) else "disabled")


def public_address(subject: Subject) -> Observed:
    if subject.resource.attributes.get("PublicIpAddress"):
        return Present(True)
    interfaces = map(mapping, sequence(subject.resource.attributes.get("NetworkInterfaces")))
    return Present(any(dig(interface, "Association", "PublicIp") for interface in interfaces))
