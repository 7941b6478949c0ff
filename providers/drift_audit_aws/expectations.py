"""What CAPA would have made of a spec, where that takes more than reading one field.

Every function gives the value that the resource should have; `ABSENT` when it should have none, `Unknown` when
an input is missing, and `None` when the spec leaves the choice to AWS, so that there is nothing to compare.
Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/ec2/instances.go, CreateInstance and runInstance.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.expected_rules import NotYetKnown, default_egress, expected_ingress
from drift_audit_aws.ownership import (
    MACHINE_NAME_TAG,
    NAME_TAG,
    OWNED,
    ROLE_TAG,
    cloud_provider_tag,
    owned_tag,
    vpc_of,
)
from drift_audit_aws.security_groups import SECURITY_GROUP
from drift_audit_aws.subject import Subject

Expectation = Callable[[Subject], Observed | None]

_DEFAULT_KEY = "default"
_CORE_ROLES = {
    ("node", False): ("node", "lb"),
    ("control-plane", False): ("node", "lb", "controlplane"),
    ("node", True): ("node", "node-eks-additional"),
    ("control-plane", True): ("node", "controlplane"),
}
"""Roles of the groups on an instance by (machine role, EKS): GetCoreSecurityGroups."""

_PREFERENCES = {"None": "none", "Open": "open", "CapacityReservationsOnly": "capacity-reservations-only"}
_CONFIDENTIAL = {"AMDEncryptedVirtualizationNestedPaging": "enabled", "Disabled": "disabled"}


def instance_groups(subject: Subject) -> Observed | None:
    """Sorted ids of the groups that every interface should have."""
    machine = subject.machine
    if machine is None:
        return None
    additional = _additional_groups(subject)
    if isinstance(additional, Unknown):
        return additional
    if subject.cluster.externally_managed:
        return Present(sorted(machine.additional_group_ids))
    if not machine.role:
        return Unknown("the Machine that owns this AWSMachine was not read, so its role is not known")
    overrides = mapping(subject.object.spec.get("securityGroupOverrides"))
    wanted: set[str] = set(additional)
    for role in _CORE_ROLES[machine.role, subject.cluster.eks]:
        group = text(overrides.get(role)) or subject.cluster.security_groups.get(role, "")
        if not group:
            return Unknown(f"{subject.cluster.infra.kind} has no {role} security group in its status yet")
        wanted.add(group)
    return Present(sorted(wanted))


def _additional_groups(subject: Subject) -> list[str] | Unknown:
    found: list[str] = []
    for reference in map(mapping, sequence(subject.object.spec.get("additionalSecurityGroups"))):
        group, filters = text(reference.get("id")), reference.get("filters")
        if group:
            found.append(group)
        elif filters is not None:
            matching = _matching_groups(subject, [mapping(entry) for entry in sequence(filters)])
            if isinstance(matching, Unknown):
                return matching
            found.extend(matching)
    return found


def _matching_groups(subject: Subject, filters: Iterable[Mapping[str, Json]]) -> list[str] | Unknown:
    """Ids of the groups in the instance's VPC that EC2's filters would give; others could not be attached."""
    if not subject.cloud.listed(SECURITY_GROUP) or vpc_of(subject.resource) != subject.cluster.vpc_id:
        return Unknown("the security groups that the spec's filters choose from are not completely known")
    groups = list(subject.index.groups.get(subject.cluster.vpc_id, ()))
    for entry in filters:
        name = text(entry.get("name"))
        read = _filter_values(name)
        if read is None:
            return Unknown(f"filter {name} of additionalSecurityGroups is not evaluated")
        patterns = [text(value) for value in sequence(entry.get("values"))]
        groups = [group for group in groups if _any_match(read(group), patterns)]
    return [group.key.id for group in groups]


def _filter_values(name: str) -> Callable[[CloudResource], list[str]] | None:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda group: [group.tags[key]] if key in group.tags else []
    return _FILTERS.get(name)


_FILTERS: Mapping[str, Callable[[CloudResource], list[str]]] = {
    "description": lambda group: [text(group.attributes.get("Description"))],
    "group-id": lambda group: [group.key.id],
    "group-name": lambda group: [text(group.attributes.get("GroupName"))],
    "tag-key": lambda group: list(group.tags),
    "vpc-id": lambda group: [vpc_of(group)],
}


def _any_match(values: Iterable[str], patterns: Iterable[str]) -> bool:
    """EC2's filters know `*` and `?` and are case-sensitive."""
    wanted = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatch.fnmatchcase(value, pattern) for value in values for pattern in wanted)


def instance_profile(subject: Subject) -> Observed | None:
    name = text(subject.object.spec.get("iamInstanceProfile"))
    return Present(name) if name else ABSENT


def key_name(subject: Subject) -> Observed | None:
    """Own name, else the cluster's, else `default`; an empty text at either place means no key at all."""
    for spec in (subject.object.spec, subject.cluster.infra.spec):
        if "sshKeyName" in spec and spec["sshKeyName"] is not None:
            return Present(text(spec["sshKeyName"])) if spec["sshKeyName"] else ABSENT
    return ABSENT if subject.cluster.externally_managed else Present(_DEFAULT_KEY)


def market_type(subject: Subject) -> Observed | None:
    spec = subject.object.spec
    implied = "OnDemand" if spec.get("spotMarketOptions") is None else "Spot"
    return Present(text(spec.get("marketType")) or implied)


def tenancy(subject: Subject) -> Observed | None:
    """What the spec asks for. Without a word of it the VPC's own tenancy decides."""
    asked = text(subject.object.spec.get("tenancy"))
    if asked:
        return Present(asked)
    return Present("host") if isinstance(host_id(subject), Present) else None


def host_id(subject: Subject) -> Observed | None:
    fixed = text(subject.object.spec.get("hostID"))
    allocated = text(dig(subject.object.status, "dedicatedHost", "id"))
    if fixed:
        return Present(fixed)
    dynamic = subject.object.spec.get("dynamicHostAllocation") is not None
    return Present(allocated) if dynamic and allocated else None


def host_affinity(subject: Subject) -> Observed | None:
    """Sent to EC2 only together with a host; the CRD fills in `default` for everybody else too."""
    if host_id(subject) is None:
        return None
    if subject.object.spec.get("dynamicHostAllocation") is not None:
        return Present("host")
    return Present(text(subject.object.spec.get("hostAffinity")) or "default")


def placement_group(subject: Subject) -> Observed | None:
    """Not sent where a host is given: the host's placement overwrites it."""
    name = text(subject.object.spec.get("placementGroupName"))
    return Present(name) if name and host_id(subject) is None else None


def placement_partition(subject: Subject) -> Observed | None:
    partition = subject.object.spec.get("placementGroupPartition")
    return Present(partition) if partition and placement_group(subject) is not None else None


def reservation_preference(subject: Subject) -> Observed | None:
    asked = text(subject.object.spec.get("capacityReservationPreference"))
    return Present(_PREFERENCES[asked]) if asked in _PREFERENCES else None


def confidential_compute(subject: Subject) -> Observed | None:
    asked = text(dig(subject.object.spec, "cpuOptions", "confidentialCompute"))
    return Present(_CONFIDENTIAL[asked]) if asked in _CONFIDENTIAL else None


def primary_ipv6(subject: Subject) -> Observed | None:
    asked = text(subject.object.spec.get("assignPrimaryIPv6"))
    return Present(asked) if asked else None


def public_address(subject: Subject) -> Observed | None:
    """Whether the instance should have a public address; a private subnet of the cluster gives none by itself."""
    spec = subject.object.spec
    if dig(spec, "elasticIpPool", "publicIpv4Pool"):
        return Present(True)
    if isinstance(spec.get("publicIP"), bool):
        return Present(spec["publicIP"])
    subnet = _cluster_subnets(subject).get(text(subject.resource.attributes.get("SubnetId")))
    return Present(False) if subnet is not None and subnet.get("isPublic") is not True else None


def cluster_subnets(subject: Subject) -> Observed | None:
    """Ids of the subnets among which CAPA chose, when the spec chose none."""
    subnets = sorted(_cluster_subnets(subject))
    chosen = mapping(subject.object.spec.get("subnet"))
    return Present(subnets) if subnets and not chosen and not subject.object.spec.get("networkInterfaces") else None


def _cluster_subnets(subject: Subject) -> Mapping[str, Mapping[str, Json]]:
    """By the id that AWS knows: `resourceID`, or the `id` of a subnet that somebody brought."""
    subnets = map(mapping, sequence(dig(subject.cluster.infra.spec, "network", "subnets")))
    return {text(subnet.get("resourceID")) or text(subnet.get("id")): subnet for subnet in subnets}


def instance_state(subject: Subject) -> Observed | None:
    return Present("running")


def source_dest_check(subject: Subject) -> Observed | None:
    """CAPA leaves the default on. A CNI plug-in that routes by itself turns it off on all nodes of a cluster."""
    key = owned_tag(subject.cluster.tag_name), vpc_of(subject.resource)
    siblings = subject.index.source_checks.get(key, ())
    everywhere_off = len(siblings) > 1 and not any(value is True for value in siblings)
    return None if everywhere_off else Present(True)


def additional_tags(subject: Subject) -> Observed | None:
    """The cluster's tags with the machine's over them, without those that CAPA's own overwrite."""
    merged = {
        **mapping(subject.cluster.infra.spec.get("additionalTags")),
        **(mapping(subject.object.spec.get("additionalTags")) if subject.machine is not None else {}),
    }
    own = {
        MACHINE_NAME_TAG,
        NAME_TAG,
        ROLE_TAG,
        *map(owned_tag, subject.cluster.tag_names),
        *map(cloud_provider_tag, subject.cluster.tag_names),
    }
    return Present({key: value for key, value in merged.items() if key not in own}) if merged else None


def name_tag(subject: Subject) -> Observed | None:
    """The one tag of CAPA that a user's tag may overwrite (api/v1beta2/tags.go, Build)."""
    for spec in (subject.object.spec, subject.cluster.infra.spec):
        chosen = mapping(spec.get("additionalTags")).get(NAME_TAG)
        if chosen is not None:
            return Present(chosen)
    if subject.machine is None:
        return Present(text(subject.resource.attributes.get("GroupName")))
    return Present(subject.object.name)


def machine_name_tag(subject: Subject) -> Observed | None:
    name = subject.machine.machine_name if subject.machine is not None else ""
    return Present(name) if name else Unknown("the Machine that owns this AWSMachine was not read")


def role_tag(subject: Subject) -> Observed | None:
    role = subject.machine.role if subject.machine is not None else subject.group_role
    return Present(role) if role else Unknown("the Machine that owns this AWSMachine was not read")


def owned(subject: Subject) -> Observed | None:
    return Present(OWNED)


def no_tag(subject: Subject) -> Observed | None:
    return ABSENT


def ingress_rules(subject: Subject) -> Observed | None:
    try:
        return Present([rule.as_json() for rule in expected_ingress(subject.cluster, subject.group_role)])
    except NotYetKnown as reason:
        return Unknown(str(reason))


def egress_rules(subject: Subject) -> Observed | None:
    return Present([rule.as_json() for rule in default_egress()])


def no_rules(subject: Subject) -> Observed | None:
    return Present([])


EXPECTATIONS: Mapping[str, Expectation] = {
    function.__name__: function
    for function in (
        additional_tags,
        cluster_subnets,
        confidential_compute,
        egress_rules,
        host_affinity,
        host_id,
        ingress_rules,
        instance_groups,
        instance_profile,
        instance_state,
        key_name,
        machine_name_tag,
        market_type,
        name_tag,
        no_rules,
        no_tag,
        owned,
        placement_group,
        placement_partition,
        primary_ipv6,
        public_address,
        reservation_preference,
        role_tag,
        source_dest_check,
        tenancy,
    )
}
