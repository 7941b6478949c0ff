"""What AWS says of a load balancer and its target groups, where it takes more than one field of one answer."""

from __future__ import annotations

from drift_audit.model.values import Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.load_balancers.about import detail, pairs_of
from drift_audit_aws.load_balancers.listeners import led
from drift_audit_aws.resource_types import (
    BALANCER,
    BALANCER_ATTRIBUTES,
    BALANCER_LISTENERS,
    CLASSIC_BALANCER,
    CLASSIC_BALANCER_ATTRIBUTES,
    TARGET_GROUP,
    TARGET_GROUP_ATTRIBUTES,
)
from drift_audit_aws.subject import Subject

ALWAYS_SENT = {
    CLASSIC_BALANCER: frozenset(
        {"DNSName", "HealthCheck", "ListenerDescriptions", "Scheme", "SecurityGroups", "Subnets", "VPCId"}
    ),
    BALANCER: frozenset({"DNSName", "IpAddressType", "Scheme", "State.Code", "Type", "VpcId"}),
}

_BOOLEANS = {"true": True, "false": False}


def balancer_subnets(subject: Subject) -> Observed:
    zones = subject.resource.attributes.get("AvailabilityZones")
    if zones is None:
        return Unknown("the answer of AWS has no AvailabilityZones")
    return Present(sorted(text(dig(zone, "SubnetId")) for zone in sequence(zones)))


def balancer_groups(subject: Subject) -> Observed:
    return Present(sorted(map(text, sequence(subject.resource.attributes.get("SecurityGroups")))))


def classic_cross_zone(subject: Subject) -> Observed:
    return _classic_attribute(subject, "CrossZoneLoadBalancing", "Enabled")


def classic_idle_timeout(subject: Subject) -> Observed:
    return _classic_attribute(subject, "ConnectionSettings", "IdleTimeout")


def classic_access_log(subject: Subject) -> Observed:
    return _classic_attribute(subject, "AccessLog", "Enabled")


def classic_draining(subject: Subject) -> Observed:
    return _classic_attribute(subject, "ConnectionDraining", "Enabled")


def _classic_attribute(subject: Subject, *steps: str) -> Observed:
    found = detail(subject, CLASSIC_BALANCER_ATTRIBUTES, "LoadBalancerAttributes")
    return found if isinstance(found, Unknown) else _sent(dig(found, *steps), steps[0])


def balancer_cross_zone(subject: Subject) -> Observed:
    return _attribute(subject, "load_balancing.cross_zone.enabled")


def balancer_idle_timeout(subject: Subject) -> Observed:
    return _attribute(subject, "idle_timeout.timeout_seconds")


def balancer_deletion_protection(subject: Subject) -> Observed:
    return _attribute(subject, "deletion_protection.enabled")


def balancer_access_logs(subject: Subject) -> Observed:
    """A gateway load balancer has no such attribute, and writes no such log."""
    return _attribute(subject, "access_logs.s3.enabled", absent=False)


def _attribute(subject: Subject, key: str, *, absent: Json = None) -> Observed:
    """One attribute, which the API gives as text."""
    found = detail(subject, BALANCER_ATTRIBUTES, "Attributes")
    if isinstance(found, Unknown):
        return found
    value = pairs_of(found).get(key, absent)
    return _sent(_typed(value), key)


def _typed(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    return _BOOLEANS.get(value.lower(), int(value) if value.isdecimal() else value)


def _sent(value: Json, name: str) -> Observed:
    return Unknown(f"the answer of AWS has no {name}") if value is None else Present(value)


def classic_listeners(subject: Subject) -> Observed:
    descriptions = subject.resource.attributes.get("ListenerDescriptions")
    if descriptions is None:
        return Unknown("the answer of AWS has no ListenerDescriptions")
    listeners = (mapping(dig(entry, "Listener")) for entry in sequence(descriptions))
    return Present(
        sorted(
            f"{text(each.get('Protocol')).upper()} {each.get('LoadBalancerPort')} to "
            f"{text(each.get('InstanceProtocol')).upper()} {each.get('InstancePort')}"
            for each in listeners
        )
    )


def balancer_listeners(subject: Subject) -> Observed:
    """CAPA tells its listeners by their target groups: without all of these nobody can say which is which."""
    if not subject.cloud.listed(TARGET_GROUP):
        return Unknown("target-group could not be listed, by which CAPA tells its listeners")
    found = detail(subject, BALANCER_LISTENERS, "Listeners")
    return found if isinstance(found, Unknown) else Present([led(mapping(each)) for each in sequence(found)])


def target_group_fields(subject: Subject) -> Observed:
    """The fields of the target group as they are; what is compared says which."""
    return Present(subject.resource.attributes)


def target_group_attributes(subject: Subject) -> Observed:
    found = detail(subject, TARGET_GROUP_ATTRIBUTES, "Attributes")
    return found if isinstance(found, Unknown) else Present(pairs_of(found))
