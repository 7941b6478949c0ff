"""The security groups that CAPA puts on the network interfaces of an instance.

Source: CAPA v2.13.0 pkg/cloud/services/ec2/instances.go, GetCoreSecurityGroups and GetAdditionalSecurityGroupsIDs.
"""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, Observed, Present, Unknown, mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.ownership import vpc_of
from drift_audit_aws.resource_types import SECURITY_GROUP
from drift_audit_aws.subject import Subject

_CORE_ROLES = {
    ("node", False): ("node", "lb"),
    ("control-plane", False): ("node", "lb", "controlplane"),
    ("node", True): ("node", "node-eks-additional"),
    ("control-plane", True): ("node", "controlplane"),
}
"""Roles of the groups on an instance by (machine role, EKS): GetCoreSecurityGroups."""


def instance_groups(subject: Subject) -> Observed | None:
    """Sorted ids of the groups that every interface should have."""
    machine = subject.machine
    if machine is None:
        return None
    references = sequence(subject.object.spec.get("additionalSecurityGroups"))
    additional = additional_groups(subject, references, vpc_of(subject.resource))
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


def additional_groups(subject: Subject, references: Iterable[Json], vpc: str) -> list[str] | Unknown:
    """Ids of the groups that the references name, or choose by filters in the VPC of what they are for."""
    found: list[str] = []
    for reference in map(mapping, references):
        group, filters = text(reference.get("id")), reference.get("filters")
        if group:
            found.append(group)
        elif filters is not None:
            matching = _matching_groups(subject, [mapping(entry) for entry in sequence(filters)], vpc)
            if isinstance(matching, Unknown):
                return matching
            found.extend(matching)
    return found


def _matching_groups(subject: Subject, filters: Iterable[Mapping[str, Json]], vpc: str) -> list[str] | Unknown:
    """Ids of the groups in that VPC that EC2's filters would give; others could not be attached."""
    if not subject.cloud.listed(SECURITY_GROUP) or vpc != subject.cluster.vpc_id:
        return Unknown("the security groups that the spec's filters choose from are not completely known")
    groups = list(subject.index.ask(groups_by_vpc).get(subject.cluster.vpc_id, ()))
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


def groups_by_vpc(view: CloudScopeView) -> Mapping[str, tuple[CloudResource, ...]]:
    found: dict[str, list[CloudResource]] = defaultdict(list)
    for (kind, _), resource in view.resources.items():
        if kind == SECURITY_GROUP:
            found[vpc_of(resource)].append(resource)
    return {vpc: tuple(groups) for vpc, groups in found.items()}
