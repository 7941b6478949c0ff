"""The load balancers in front of the API servers, of both APIs, with their listeners, target groups and targets."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit.model.steps import asking
from drift_audit_aws.family import Family, LeftoverRule
from drift_audit_aws.load_balancers import conditions, expected, observed, targets
from drift_audit_aws.load_balancers.comparers import COMPARERS
from drift_audit_aws.load_balancers.hindrances import HINDRANCES
from drift_audit_aws.load_balancers.names import (
    DETAILS,
    attached_machines,
    named_balancers,
    reached_groups,
    still_expected,
    unbalanced_clusters,
    waits_for_its_balancer,
)
from drift_audit_aws.load_balancers.readers import READERS
from drift_audit_aws.load_balancers.removal import REMOVAL
from drift_audit_aws.load_balancers.service_balancers import abandoned_balancers
from drift_audit_aws.resource_types import BALANCER, CLASSIC_BALANCER, TARGET_GROUP

_LOOK = (
    asking("Find out in CloudTrail who made it: event CreateLoadBalancer, load balancer {id}."),
    "See what still uses it.",
)

FAMILY = Family(
    readers=READERS,
    names=named_balancers,
    reaches=reached_groups,
    details=DETAILS,
    attachments=attached_machines,
    doubts=unbalanced_clusters,
    expectations=(
        expected.balancer_active,
        expected.balancer_address_type,
        expected.balancer_cross_zone,
        expected.balancer_groups,
        expected.balancer_idle_timeout,
        expected.balancer_listeners,
        expected.balancer_option_off,
        expected.balancer_scheme,
        expected.balancer_subnets,
        expected.balancer_tags,
        expected.balancer_type,
        expected.balancer_vpc,
        expected.classic_health_check,
        expected.classic_idle_timeout,
        expected.classic_listeners,
        expected.endpoint_of_cluster,
        expected.target_group_attributes,
        expected.target_group_health_check,
        expected.target_group_identity,
        expected.target_group_owned,
        targets.control_plane_targets,
        targets.member_instance,
        targets.member_well,
    ),
    observations=(
        observed.balancer_access_logs,
        observed.balancer_cross_zone,
        observed.balancer_deletion_protection,
        observed.balancer_groups,
        observed.balancer_idle_timeout,
        observed.balancer_listeners,
        observed.balancer_subnets,
        observed.classic_access_log,
        observed.classic_cross_zone,
        observed.classic_draining,
        observed.classic_idle_timeout,
        observed.classic_listeners,
        observed.target_group_attributes,
        observed.target_group_fields,
        targets.member_state,
        targets.registered_member,
        targets.registered_targets,
    ),
    conditions=(conditions.balancer_brought, conditions.balancer_provisioning, conditions.secondary_balancer),
    comparers=COMPARERS,
    hindrances=HINDRANCES,
    leftovers=(
        LeftoverRule(
            type=CLASSIC_BALANCER,
            severity=Severity.HIGH,
            next_steps=(*_LOOK, f"If nothing does: {REMOVAL[CLASSIC_BALANCER]}"),
            expected=still_expected,
        ),
        LeftoverRule(
            type=BALANCER,
            severity=Severity.HIGH,
            next_steps=(*_LOOK, f"If nothing does: {REMOVAL[BALANCER]}"),
            expected=still_expected,
        ),
        LeftoverRule(
            type=TARGET_GROUP,
            severity=Severity.LOW,
            next_steps=(
                "See that no load balancer uses it: aws elbv2 describe-target-groups --region {region} --names {id}",
                f"If none does: {REMOVAL[TARGET_GROUP]}",
            ),
            expected=still_expected,
            explained=waits_for_its_balancer,
        ),
    ),
    left_by_others=abandoned_balancers,
    always_sent=observed.ALWAYS_SENT,
)
