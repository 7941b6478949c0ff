"""Values at the dotted paths of field-map rows: `spec.ami.id`, `NetworkInterfaces[].Groups[].GroupId`."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, mapping

ALWAYS_SENT: Mapping[str, frozenset[str]] = {
    "instance": frozenset(
        {
            "ImageId",
            "InstanceType",
            "MetadataOptions.HttpEndpoint",
            "MetadataOptions.HttpProtocolIpv6",
            "MetadataOptions.HttpPutResponseHopLimit",
            "MetadataOptions.HttpTokens",
            "MetadataOptions.InstanceMetadataTags",
            "Placement.Tenancy",
            "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord",
            "PrivateDnsNameOptions.EnableResourceNameDnsARecord",
            "PrivateDnsNameOptions.HostnameType",
            "SourceDestCheck",
            "State.Name",
            "SubnetId",
            "VpcId",
        }
    ),
    "security-group": frozenset({"GroupName", "IpPermissions", "IpPermissionsEgress", "VpcId"}),
}
"""Fields that EC2 puts into every answer about a VPC instance that is not pending, and about a group.

One of them missing says that the answer is not whole, not that the field is empty.
"""


def steps(path: str) -> tuple[str, ...]:
    """The plain steps before the first list: a declaration can be looked up by them."""
    return tuple(path.partition("[]")[0].split("."))


def value_at(value: Json, path: str) -> Json:
    """What lies at the path, a flat list where it crosses lists; `None` when absent. An empty text is absent too."""
    head, crossed, rest = path.partition("[]")
    for step in head.split("."):
        value = mapping(value).get(step)
    if not crossed:
        return None if value == "" else value
    if not isinstance(value, (list, tuple)):
        return None
    if not rest:
        return value
    found: list[Json] = []
    for item in value:
        inner = value_at(item, rest.removeprefix("."))
        if isinstance(inner, (list, tuple)) and "[]" in rest:
            found.extend(inner)
        elif inner is not None:
            found.append(inner)
    return found


def cloud_value(resource_type: str, attributes: Json, path: str) -> Observed:
    """The field of a resource; unknown when AWS always sends it and this answer has it not."""
    value = value_at(attributes, path)
    if value is not None:
        return Present(value)
    if path in ALWAYS_SENT.get(resource_type, frozenset()):
        return Unknown(f"the answer of EC2 has no {path}")
    return ABSENT
