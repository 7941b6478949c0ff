"""What a comparison is about: which load balancer of the cluster, and what was read of it besides."""

from __future__ import annotations

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, Unknown, mapping, sequence, text
from drift_audit_aws.load_balancers.api_balancers import ApiBalancer, api_balancers
from drift_audit_aws.load_balancers.target_groups import balancer_by_group, groups_by_balancer
from drift_audit_aws.ownership import OWNED, ROLE_TAG, owned_tag
from drift_audit_aws.resource_types import BALANCER, TARGET_GROUP
from drift_audit_aws.subject import Subject


def balancer_of(subject: Subject) -> ApiBalancer | None:
    """The load balancer of the spec that the compared resource is, or stands behind."""
    name, resource_type = subject.resource.key.id, subject.resource.key.type
    if resource_type == TARGET_GROUP:
        name, resource_type = subject.index.ask(balancer_by_group).get(name, ""), BALANCER
    found = api_balancers(subject.cluster)
    return next((each for each in found if (each.type, each.name) == (resource_type, name)), None)


def detail(subject: Subject, kind: str, field: str) -> Json | Unknown:
    """What a further call told of the compared resource; unknown when it was not answered."""
    found = subject.cloud.resources.get((kind, subject.resource.key.id))
    if found is not None:
        return found.attributes.get(field)
    listing = subject.cloud.listings.get(kind)
    reason = listing.reason if listing is not None else "it was not asked for"
    return Unknown(f"{kind} could not be read: {reason or 'it disappeared while it was being read'}")


def pairs_of(attributes: Json) -> dict[str, Json]:
    """The attributes of an answer, which come as a list of `Key` and `Value`."""
    return {text(mapping(entry).get("Key")): mapping(entry).get("Value") for entry in sequence(attributes)}


def keeps_its_settings(subject: Subject) -> bool:
    """True while CAPA keeps the settings of the load balancer: it carries the cluster's tag.

    Source: CAPA api/v1beta2/network_types.go, LoadBalancer.IsManaged.
    """
    balancer = balancer_of(subject)
    resource = _balancer_resource(subject, balancer) if balancer is not None else None
    return resource is not None and _owned(subject, resource)


def brought(subject: Subject) -> bool:
    """True for a load balancer that somebody else made and that CAPA only uses.

    CAPA tells it by the missing tag alone. Where a name of CAPA's own making, CAPA's role tag, its target groups or
    its note in the status say that CAPA made it, the tag was taken away, and the load balancer stays in the comparison.
    """
    balancer = balancer_of(subject)
    resource = _balancer_resource(subject, balancer) if balancer is not None else None
    if balancer is None or resource is None or _owned(subject, resource):
        return False
    return not (
        not text(balancer.spec.get("name"))
        or ROLE_TAG in resource.tags
        or mapping(balancer.status.get("tags")).get(owned_tag(subject.cluster.key.name)) == OWNED
        or any(_owned(subject, group) for group in subject.index.ask(groups_by_balancer).get(balancer.name, ()))
    )


def _balancer_resource(subject: Subject, balancer: ApiBalancer) -> CloudResource | None:
    return subject.cloud.resources.get((balancer.type, balancer.name))


def _owned(subject: Subject, resource: CloudResource) -> bool:
    return resource.tags.get(owned_tag(subject.cluster.key.name)) == OWNED
