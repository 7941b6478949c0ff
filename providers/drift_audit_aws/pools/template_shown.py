"""What the newest version of a launch template holds."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.pools.template_wanted import never_settling
from drift_audit_aws.subject import Subject
from drift_audit_aws.user_data import Against, read_mark

_METADATA = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "instanceMetadataTags": "InstanceMetadataTags",
}
_METADATA_DEFAULTS: Mapping[str, Json] = {"httpEndpoint": "enabled", "instanceMetadataTags": "disabled"}
"""CAPA v2.13.0 pkg/cloud/services/ec2/launchtemplate.go, SDKToLaunchTemplate."""
_DNS = {
    "hostnameType": "HostnameType",
    "enableResourceNameDnsARecord": "EnableResourceNameDnsARecord",
    "enableResourceNameDnsAAAARecord": "EnableResourceNameDnsAAAARecord",
}

SENT = frozenset(
    {
        "BlockDeviceMappings",
        "CapacityReservationSpecification",
        "EnclaveOptions",
        "IamInstanceProfile",
        "ImageId",
        "InstanceMarketOptions",
        "InstanceType",
        "KeyName",
        "MetadataOptions",
        "PrivateDnsNameOptions",
        "SecurityGroupIds",
        "TagSpecifications",
        "UserData",
    }
)
"""Everything that CAPA puts into a version (createLaunchTemplateData); the rest somebody else wrote."""


def data(subject: Subject) -> Mapping[str, Json]:
    return mapping(subject.resource.attributes.get("LaunchTemplateData"))


def version_image(subject: Subject) -> Observed:
    return _text(data(subject).get("ImageId"))


def version_instance_type(subject: Subject) -> Observed:
    return _text(data(subject).get("InstanceType"))


def version_profile(subject: Subject) -> Observed:
    """The name, or what stands behind `instance-profile/` in the ARN, with a path where there is one."""
    given = mapping(data(subject).get("IamInstanceProfile"))
    arn = text(given.get("Arn")).partition("instance-profile/")[2]
    return _text(arn or given.get("Name"))


def version_key(subject: Subject) -> Observed:
    return _text(data(subject).get("KeyName"))


def _text(value: Json) -> Observed:
    return Present(text(value)) if value else ABSENT


def version_groups(subject: Subject) -> Observed:
    return Present(sorted(map(text, sequence(data(subject).get("SecurityGroupIds")))))


def version_metadata(subject: Subject) -> Observed:
    return _struct(data(subject).get("MetadataOptions"), _METADATA, _METADATA_DEFAULTS)


def version_private_dns(subject: Subject) -> Observed:
    return _struct(data(subject).get("PrivateDnsNameOptions"), _DNS, {})


def _struct(value: Json, names: Mapping[str, str], defaults: Mapping[str, Json]) -> Observed:
    if value is None:
        return ABSENT
    shown = {name: mapping(value).get(field) for name, field in names.items()}
    return Present({**defaults, **{name: found for name, found in shown.items() if found is not None}})


def version_enclave(subject: Subject) -> Observed:
    return Present(dig(data(subject), "EnclaveOptions", "Enabled") is True)


def version_market(subject: Subject) -> Observed:
    return Present(text(dig(data(subject), "InstanceMarketOptions", "MarketType")) or "on-demand")


def version_spot_price(subject: Subject) -> Observed:
    return _text(dig(data(subject), "InstanceMarketOptions", "SpotOptions", "MaxPrice"))


def version_reservation(subject: Subject) -> Observed:
    target = dig(data(subject), "CapacityReservationSpecification", "CapacityReservationTarget")
    return _text(mapping(target).get("CapacityReservationId"))


def version_preference(subject: Subject) -> Observed:
    return _text(dig(data(subject), "CapacityReservationSpecification", "CapacityReservationPreference"))


def version_instance_tags(subject: Subject) -> Observed:
    """The tags that new instances get."""
    found = {}
    for specification in map(mapping, sequence(data(subject).get("TagSpecifications"))):
        if specification.get("ResourceType") == "instance":
            for tag in map(mapping, sequence(specification.get("Tags"))):
                found[text(tag.get("Key"))] = text(tag.get("Value"))
    return Present(found)


def version_user_data(subject: Subject) -> Observed:
    """What comparing it with the noted hash gave; of the text itself only the length is known."""
    mark = text(data(subject).get("UserData"))
    if not mark:
        return ABSENT
    read = read_mark(mark)
    if read is None:
        return Unknown("the user data of this version was not compared when it was read")
    against, length = read
    return Present(str(against) if against is Against.NOTED else f"other user data of {length} bytes")


def version_never_sent(subject: Subject) -> Observed:
    """The fields that CAPA never sends; false and empty ones say nothing."""
    return Present({name: value for name, value in data(subject).items() if name not in SENT and value})


def endless_fields(subject: Subject) -> Observed:
    return Present(list(never_settling(subject.pool.template)) if subject.pool is not None else [])
