"""When a field-map row does not apply to a group or to a launch template."""

from __future__ import annotations

from dataclasses import replace

from drift_audit.model.fields import FieldRow, Reaction, ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.values import Observed, Unknown
from drift_audit_aws.family import Expectation, Observation
from drift_audit_aws.pools import template_shown as shown
from drift_audit_aws.pools import template_wanted as wanted
from drift_audit_aws.pools.comparers import COMPARERS
from drift_audit_aws.pools.group_facts import has_policy, template_id
from drift_audit_aws.pools.observed import unreadable_strategies
from drift_audit_aws.pools.volumes import template_volumes, volumes_shown
from drift_audit_aws.resource_types import LAUNCH_TEMPLATE_VERSION
from drift_audit_aws.subject import Subject


def scaled_by_others(subject: Subject) -> bool:
    """Scaling policies and scheduled actions are then what the pool is meant to have."""
    return subject.pool is not None and subject.pool.replicas_managed_elsewhere


def no_mixed_policy(subject: Subject) -> bool:
    """That there is none is told once, by the row about the policy."""
    return not has_policy(subject.resource)


def strange_strategy(subject: Subject) -> bool:
    return not has_policy(subject.resource) or bool(unreadable_strategies(subject.resource))


def warmup_never_set(subject: Subject) -> bool:
    """A group that an older CAPA made has none, and CAPA never adds it."""
    return subject.resource.attributes.get("DefaultInstanceWarmup") is None


def all_protected(subject: Subject) -> bool:
    """That new instances are protected explains that the present ones are."""
    return subject.resource.attributes.get("NewInstancesProtectedFromScaleIn") is True


def foreign_template(subject: Subject) -> bool:
    """That the group names another template explains that its members do."""
    return subject.pool is None or template_id(subject.resource) != subject.pool.template_id


COMPARED: tuple[tuple[Expectation, Observation, str], ...] = (
    (wanted.template_image, shown.version_image, "template"),
    (wanted.template_type, shown.version_instance_type, "template"),
    (wanted.template_profile, shown.version_profile, "template"),
    (wanted.template_key, shown.version_key, "template"),
    (wanted.template_groups, shown.version_groups, "template-set"),
    (wanted.template_metadata, shown.version_metadata, "template-struct"),
    (wanted.template_private_dns, shown.version_private_dns, "template-struct"),
    (wanted.template_enclave, shown.version_enclave, "template"),
    (wanted.template_market, shown.version_market, "template"),
    (wanted.template_spot_price, shown.version_spot_price, "template-number"),
    (wanted.template_reservation, shown.version_reservation, "template"),
    (wanted.template_preference, shown.version_preference, "template"),
    (wanted.template_instance_tags, shown.version_instance_tags, "template-tags"),
    (wanted.template_user_data, shown.version_user_data, "template"),
    (wanted.nothing_more, shown.version_never_sent, "template-extras"),
    (template_volumes, volumes_shown, "template-volumes"),
)
"""Everything that is compared of a version, and how; a test holds the field map to it."""

_SOME_ROW = FieldRow(
    id="aws.launch-template-version",
    kind="AWSMachinePool",
    resource=LAUNCH_TEMPLATE_VERSION,
    capi=(),
    cloud=(),
    path="spec",
    comparer="template",
    reaction=Reaction(kind=ReactionKind.IGNORED),
    severity=Severity.INFO,
    title="",
    source="",
)


def version_told_by_its_content(subject: Subject) -> bool:
    """A version that somebody made by hand is told by what it changes, where that can be seen."""
    version = subject.cloud.resources.get((LAUNCH_TEMPLATE_VERSION, subject.resource.key.id))
    if version is None:
        return False
    about = replace(subject, resource=version)
    return any(_differs(about, expect(about), observe(about), comparer) for expect, observe, comparer in COMPARED)


def _differs(about: Subject, expected: Observed | None, found: Observed, comparer: str) -> bool:
    if expected is None or isinstance(expected, Unknown) or isinstance(found, Unknown):
        return False
    return any(True for _ in COMPARERS[comparer](about, _SOME_ROW, expected, found))
