"""What the newest version of a machine pool's launch template should hold.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/ec2/launchtemplate.go, createLaunchTemplateData (what
is sent) and LaunchTemplateNeedsUpdate (what is compared).
"""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.instances.expected_groups import additional_groups
from drift_audit_aws.ownership import NAME_TAG, OWNED, ROLE_TAG, cloud_provider_tag, owned_tag
from drift_audit_aws.subject import Subject
from drift_audit_aws.user_data import Against, read_mark

_PREFERENCES = {"None": "none", "Open": "open", "CapacityReservationsOnly": "capacity-reservations-only"}
_MARKETS = {"OnDemand": "on-demand", "Spot": "spot", "CapacityBlock": "capacity-block"}
_METADATA = ("httpEndpoint", "httpTokens", "httpPutResponseHopLimit", "instanceMetadataTags")
"""`httpProtocolIpv6` is no part of what CAPA sends."""
_INLINE = "UnencryptedUserData"
"""Ignition that stands in the user data itself; any other kind only points to a bucket."""
_DNS = ("hostnameType", "enableResourceNameDnsARecord", "enableResourceNameDnsAAAARecord")


def template_image(subject: Subject) -> Observed | None:
    """Only a fixed image; one that CAPA looks up changes whenever a newer one is published."""
    image = text(dig(_template(subject), "ami", "id"))
    return Present(image) if image else None


def template_type(subject: Subject) -> Observed | None:
    return _text(_template(subject).get("instanceType"))


def template_profile(subject: Subject) -> Observed | None:
    return _text(_template(subject).get("iamInstanceProfile"))


def template_key(subject: Subject) -> Observed | None:
    """Of the pool alone: neither the cluster's key nor `default` stands in for it."""
    return _text(_template(subject).get("sshKeyName"))


def _text(value: Json) -> Observed:
    return Present(text(value)) if value else ABSENT


def template_groups(subject: Subject) -> Observed | None:
    """Sorted ids of the core groups of a node and the additional ones (instances.go, GetCoreNodeSecurityGroups)."""
    references = sequence(_template(subject).get("additionalSecurityGroups"))
    wanted = additional_groups(subject, references, subject.cluster.vpc_id)
    if isinstance(wanted, Unknown):
        return wanted
    groups = set(wanted)
    for role in ("node", "node-eks-additional") if subject.cluster.eks else ("node", "lb"):
        group = subject.cluster.security_groups.get(role, "")
        if not group:
            return Unknown(f"{subject.cluster.infra.kind} has no {role} security group in its status yet")
        groups.add(group)
    return Present(sorted(groups))


def template_metadata(subject: Subject) -> Observed | None:
    return _struct(_template(subject).get("instanceMetadataOptions"), _METADATA)


def template_private_dns(subject: Subject) -> Observed | None:
    return _struct(_template(subject).get("privateDnsName"), _DNS)


def _struct(value: Json, names: tuple[str, ...]) -> Observed:
    """The given fields of it; absent when the spec says nothing at all."""
    if value is None:
        return ABSENT
    return Present({name: mapping(value)[name] for name in names if mapping(value).get(name) is not None})


def template_enclave(subject: Subject) -> Observed | None:
    return Present(dig(_template(subject), "enclaveOptions", "enabled") is True)


def template_market(subject: Subject) -> Observed | None:
    template = _template(subject)
    implied = "OnDemand" if template.get("spotMarketOptions") is None else "Spot"
    return Present(_MARKETS.get(text(template.get("marketType")) or implied, implied))


def template_spot_price(subject: Subject) -> Observed | None:
    """Nothing where the pool does not buy on the spot market."""
    options = _template(subject).get("spotMarketOptions")
    return None if options is None else _text(mapping(options).get("maxPrice"))


def template_reservation(subject: Subject) -> Observed | None:
    return _text(_template(subject).get("capacityReservationId"))


def template_preference(subject: Subject) -> Observed | None:
    asked = text(_template(subject).get("capacityReservationPreference"))
    return Present(_PREFERENCES[asked]) if asked in _PREFERENCES else None


def template_instance_tags(subject: Subject) -> Observed | None:
    """The tags that new instances are to get, without the two about bootstrap data."""
    additional = {
        **mapping(subject.cluster.infra.spec.get("additionalTags")),
        **mapping(subject.object.spec.get("additionalTags")),
    }
    return Present(
        {
            NAME_TAG: subject.object.name,
            **additional,
            cloud_provider_tag(subject.cluster.tag_name): OWNED,
            owned_tag(subject.cluster.tag_name): OWNED,
            ROLE_TAG: "node",
        }
    )


def template_user_data(subject: Subject) -> Observed | None:
    """That it is the text whose hash CAPA noted beside it; nothing where no hash of the text itself was noted."""
    mark = read_mark(text(dig(subject.resource.attributes, "LaunchTemplateData", "UserData")))
    inline = dig(subject.object.spec, "ignition", "storageType") == _INLINE
    if mark is not None and (mark[0] is Against.NO_NOTE or (mark[0] is Against.POINTER and not inline)):
        return None
    return Present(str(Against.NOTED))


def nothing_more(subject: Subject) -> Observed | None:
    return Present({})


def settling_fields(subject: Subject) -> Observed | None:
    """None of the fields for which CAPA never sees its own value again; nothing to say where the spec has none."""
    return Present([]) if never_settling(_template(subject)) else None


def never_settling(template: Mapping[str, Json]) -> list[str]:
    """Declared fields that CAPA writes one way and reads back another (SDKToLaunchTemplate): always different."""
    found = []
    if dig(template, "instanceMetadataOptions", "httpProtocolIpv6") == "enabled":
        found.append("instanceMetadataOptions.httpProtocolIpv6: enabled is never sent")
    if template.get("enclaveOptions") is not None and dig(template, "enclaveOptions", "enabled") is not True:
        found.append("enclaveOptions: anything but enabled: true is read back as absent")
    if template.get("privateDnsName") is not None and not dig(template, "privateDnsName", "hostnameType"):
        found.append("privateDnsName.hostnameType: absent is read back as empty")
    return found


def _template(subject: Subject) -> Mapping[str, Json]:
    return subject.pool.template if subject.pool is not None else {}
