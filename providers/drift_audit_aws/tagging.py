"""The tags that CAPA writes on whatever it makes, as they should be and as they are: rows of every family use these.

Source: CAPA v2.13.0 api/v1beta2/tags.go, Build.
"""

from __future__ import annotations

from drift_audit.model.values import ABSENT, Observed, Present, mapping
from drift_audit_aws.ownership import (
    MACHINE_NAME_TAG,
    NAME_TAG,
    OWNED,
    ROLE_TAG,
    cloud_provider_tag,
    owned_tag,
    tags_of,
)
from drift_audit_aws.subject import Subject


def additional_tags(subject: Subject) -> Observed | None:
    """The cluster's tags with the machine's or the pool's over them, without those that CAPA's own overwrite."""
    has_own = subject.machine is not None or subject.pool is not None
    merged = {
        **mapping(subject.cluster.infra.spec.get("additionalTags")),
        **(mapping(subject.object.spec.get("additionalTags")) if has_own else {}),
    }
    own = {
        MACHINE_NAME_TAG,
        NAME_TAG,
        ROLE_TAG,
        *map(owned_tag, subject.cluster.tag_names),
        *map(cloud_provider_tag, subject.cluster.tag_names),
    }
    return Present({key: value for key, value in merged.items() if key not in own}) if merged else None


def owned(subject: Subject) -> Observed | None:
    return Present(OWNED)


def no_tag(subject: Subject) -> Observed | None:
    return ABSENT


def tags(subject: Subject) -> Observed:
    return Present(dict(tags_of(subject.resource)))


def name_tag(subject: Subject) -> Observed:
    return _tag(subject, NAME_TAG)


def machine_name_tag(subject: Subject) -> Observed:
    return _tag(subject, MACHINE_NAME_TAG)


def role_tag(subject: Subject) -> Observed:
    return _tag(subject, ROLE_TAG)


def machine_owned_tag(subject: Subject) -> Observed:
    """Of machines and what is made for them: under the name that EKS gives the cluster, where EKS does."""
    return _tag(subject, owned_tag(subject.cluster.tag_name))


def machine_cloud_provider_tag(subject: Subject) -> Observed:
    return _tag(subject, cloud_provider_tag(subject.cluster.tag_name))


def cluster_owned_tag(subject: Subject) -> Observed:
    """Of what is made for a whole cluster: under the name of the Cluster."""
    return _tag(subject, owned_tag(subject.cluster.key.name))


def cluster_cloud_provider_tag(subject: Subject) -> Observed:
    return _tag(subject, cloud_provider_tag(subject.cluster.key.name))


def _tag(subject: Subject, key: str) -> Observed:
    value = subject.resource.tags.get(key)
    return ABSENT if value is None else Present(value)


def chosen_name(subject: Subject) -> Observed | None:
    """The one tag of CAPA that a user's tag may overwrite; `None` when no user chose."""
    for spec in (subject.object.spec, subject.cluster.infra.spec):
        chosen = mapping(spec.get("additionalTags")).get(NAME_TAG)
        if chosen is not None:
            return Present(chosen)
    return None


EXPECTATIONS = (additional_tags, no_tag, owned)
OBSERVATIONS = (
    cluster_cloud_provider_tag,
    cluster_owned_tag,
    machine_cloud_provider_tag,
    machine_name_tag,
    machine_owned_tag,
    name_tag,
    role_tag,
    tags,
)
