"""What CAPA would have made of a machine's spec, where that takes more than reading one field.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/ec2/instances.go, CreateInstance and runInstance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.ownership import OWNED_TAG_PREFIX, owned_tag, vpc_of
from drift_audit_aws.resource_types import INSTANCE
from drift_audit_aws.subject import Subject
from drift_audit_aws.tagging import chosen_name

_DEFAULT_KEY = "default"

_PREFERENCES = {"None": "none", "Open": "open", "CapacityReservationsOnly": "capacity-reservations-only"}
_CONFIDENTIAL = {"AMDEncryptedVirtualizationNestedPaging": "enabled", "Disabled": "disabled"}


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
    return subject.cluster.ask(_subnets_by_id)


def _subnets_by_id(cluster: AwsCluster) -> Mapping[str, Mapping[str, Json]]:
    """By the id that AWS knows: `resourceID`, or the `id` of a subnet that somebody brought."""
    subnets = map(mapping, sequence(dig(cluster.infra.spec, "network", "subnets")))
    return {text(subnet.get("resourceID")) or text(subnet.get("id")): subnet for subnet in subnets}


def instance_state(subject: Subject) -> Observed | None:
    return Present("running")


def source_dest_check(subject: Subject) -> Observed | None:
    """CAPA leaves the default on. A CNI plug-in that routes by itself turns it off on all nodes of a cluster."""
    key = owned_tag(subject.cluster.tag_name), vpc_of(subject.resource)
    siblings = subject.index.ask(source_checks).get(key, ())
    everywhere_off = len(siblings) > 1 and not any(value is True for value in siblings)
    return None if everywhere_off else Present(True)


def machine_name_tag(subject: Subject) -> Observed | None:
    name = subject.machine.machine_name if subject.machine is not None else ""
    return Present(name) if name else Unknown("the Machine that owns this AWSMachine was not read")


def instance_name_tag(subject: Subject) -> Observed | None:
    return chosen_name(subject) or Present(subject.object.name)


def instance_role_tag(subject: Subject) -> Observed | None:
    role = subject.machine.role if subject.machine is not None else ""
    return Present(role) if role else Unknown("the Machine that owns this AWSMachine was not read")


def source_checks(view: CloudScopeView) -> Mapping[tuple[str, str], tuple[Json, ...]]:
    """The source/destination checks of all instances by (cluster tag, VPC)."""
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for (kind, _), resource in view.resources.items():
        if kind == INSTANCE:
            for key in resource.tags:
                if key.startswith(OWNED_TAG_PREFIX):
                    found[key, vpc_of(resource)].append(resource.attributes.get("SourceDestCheck"))
    return {key: tuple(checks) for key, checks in found.items()}
