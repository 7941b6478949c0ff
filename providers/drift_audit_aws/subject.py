"""One linked pair, an object and its resource, with everything that its field-map rows may ask for."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from drift_audit.interfaces import Link
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import Json, dig, mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.fleet import AwsCluster, AwsMachine
from drift_audit_aws.instances import INSTANCE
from drift_audit_aws.network_interfaces import NETWORK_INTERFACE
from drift_audit_aws.ownership import OWNED_TAG_PREFIX, cloud_provider_tag, owned_tag, state_of, vpc_of
from drift_audit_aws.security_groups import SECURITY_GROUP


class CloudIndex:
    """Questions about a whole scope, answered once for all its pairs."""

    def __init__(self, view: CloudScopeView) -> None:
        self.view = view

    @functools.cached_property
    def source_checks(self) -> Mapping[tuple[str, str], tuple[Json, ...]]:
        """The source/destination checks of all instances by (cluster tag, VPC)."""
        found: dict[tuple[str, str], list[Json]] = defaultdict(list)
        for (kind, _), resource in self.view.resources.items():
            if kind == INSTANCE:
                for key in resource.tags:
                    if key.startswith(OWNED_TAG_PREFIX):
                        found[key, vpc_of(resource)].append(resource.attributes.get("SourceDestCheck"))
        return {key: tuple(checks) for key, checks in found.items()}

    @functools.cached_property
    def groups(self) -> Mapping[str, tuple[CloudResource, ...]]:
        """The security groups by VPC."""
        found: dict[str, list[CloudResource]] = defaultdict(list)
        for (kind, _), resource in self.view.resources.items():
            if kind == SECURITY_GROUP:
                found[vpc_of(resource)].append(resource)
        return {vpc: tuple(groups) for vpc, groups in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is compared."""

    link: Link
    object: CapiObject
    resource: CloudResource
    cluster: AwsCluster
    machine: AwsMachine | None
    """`None` for the resources of a cluster."""
    index: CloudIndex

    @property
    def cloud(self) -> CloudScopeView:
        return self.index.view

    @property
    def state(self) -> str:
        return state_of(self.resource)

    @property
    def group_role(self) -> str:
        """The role under which the AWSCluster's status holds this security group; empty for other resources."""
        roles = (role for role, group in self.cluster.security_groups.items() if group == self.resource.key.id)
        return next(roles, "")

    @property
    def group_names(self) -> Mapping[str, str]:
        """Role by group id: the same on every cluster, where ids are not."""
        return {group: role for role, group in self.cluster.security_groups.items()}

    @property
    def left_to_cloud_provider(self) -> bool:
        """True when the group carries the tag by which CAPA leaves its rules to the in-cluster cloud provider."""
        return self.resource.tags.get(cloud_provider_tag(self.cluster.key.name)) == "owned"

    @property
    def overridden(self) -> bool:
        return self.resource.key.id in self.cluster.overridden_groups

    def interfaces(self) -> tuple[Interface, ...]:
        """The instance's network interfaces whose groups CAPA answers for: the primary one, and every tagged one."""
        known = self.cloud.listed(NETWORK_INTERFACE)
        found = (self._interface(entry, known) for entry in sequence(self.resource.attributes.get("NetworkInterfaces")))
        return tuple(interface for interface in found if interface.primary or interface.tagged is not False)

    def _interface(self, entry: Json, known: bool) -> Interface:
        attributes = mapping(entry)
        interface_id = text(attributes.get("NetworkInterfaceId"))
        listed = self.cloud.resources.get((NETWORK_INTERFACE, interface_id))
        tagged = listed is not None and owned_tag(self.cluster.key.name) in listed.tags
        groups = attributes.get("Groups")
        return Interface(
            id=interface_id,
            primary=dig(attributes, "Attachment", "DeviceIndex") == 0,
            tagged=tagged if known else None,
            groups=None if groups is None else tuple(sorted(text(dig(group, "GroupId")) for group in sequence(groups))),
        )

    def primary_interface(self) -> Mapping[str, Json] | None:
        """The attributes of the interface with device index 0; `None` when the response has none."""
        for entry in map(mapping, sequence(self.resource.attributes.get("NetworkInterfaces"))):
            if dig(entry, "Attachment", "DeviceIndex") == 0:
                return entry
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One network interface of an instance."""

    id: str
    primary: bool
    tagged: bool | None
    """Whether it has the cluster's tag, without which CAPA leaves its groups alone; `None`: could not be listed."""
    groups: tuple[str, ...] | None
