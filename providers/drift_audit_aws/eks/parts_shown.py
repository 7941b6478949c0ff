"""What node groups, Fargate profiles, add-ons and access entries of EKS show, in the spelling of what they should."""

from __future__ import annotations

from drift_audit.model.values import ABSENT, Observed, Present, mapping, sequence, text
from drift_audit_aws.eks.facts import nested
from drift_audit_aws.eks.parts_wanted import (
    PROVIDER_FIELDS,
    UPDATE_FIELDS,
    parsed,
    policy_text,
    selectors_text,
    taint_text,
)
from drift_audit_aws.ownership import cloud_provider_tag, tags_of
from drift_audit_aws.subject import Subject


def labels_shown(subject: Subject) -> Observed:
    return Present(dict(mapping(subject.resource.attributes.get("labels"))))


def taints_shown(subject: Subject) -> Observed:
    taints = map(mapping, sequence(subject.resource.attributes.get("taints")))
    return Present(sorted(taint_text(each, text(each.get("effect"))) for each in taints))


def update_shown(subject: Subject) -> Observed:
    found = mapping(subject.resource.attributes.get("updateConfig"))
    return Present({name: found[name] for name in UPDATE_FIELDS if found.get(name) is not None})


def repair_shown(subject: Subject) -> Observed:
    return Present(nested(subject, "nodeRepairConfig", "enabled") is True)


def subnets_shown(subject: Subject) -> Observed:
    return Present(sorted(map(text, sequence(subject.resource.attributes.get("subnets")))))


def sources_shown(subject: Subject) -> Observed:
    return Present(sorted(map(text, sequence(nested(subject, "remoteAccess", "sourceSecurityGroups")))))


def part_tags_shown(subject: Subject) -> Observed:
    mark = cloud_provider_tag(subject.cluster.key.name)
    return Present({key: value for key, value in tags_of(subject.resource).items() if key != mark})


def selectors_shown(subject: Subject) -> Observed:
    return Present(selectors_text(subject.resource.attributes.get("selectors")))


def configuration_shown(subject: Subject) -> Observed:
    found = parsed(subject.resource.attributes.get("configurationValues"))
    return ABSENT if found is None else Present(found)


def groups_shown(subject: Subject) -> Observed:
    return Present(sorted(map(text, sequence(subject.resource.attributes.get("kubernetesGroups")))))


def policies_shown(subject: Subject) -> Observed:
    policies = map(mapping, sequence(subject.resource.attributes.get("associatedAccessPolicies")))
    return Present(sorted(policy_text(text(each.get("policyArn")), each.get("accessScope")) for each in policies))


def claims_shown(subject: Subject) -> Observed:
    found = subject.resource.attributes
    return Present({name: found.get(name) or empty for name, empty in PROVIDER_FIELDS.items()})


OBSERVATIONS = (
    claims_shown,
    configuration_shown,
    groups_shown,
    labels_shown,
    part_tags_shown,
    policies_shown,
    repair_shown,
    selectors_shown,
    sources_shown,
    subnets_shown,
    taints_shown,
    update_shown,
)
