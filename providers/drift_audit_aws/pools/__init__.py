"""Machine pools: the Auto Scaling group and the launch template that stand behind an AWSMachinePool."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit_aws.family import Family, LeftoverRule
from drift_audit_aws.pools import conditions, expected, observed, template_shown, template_wanted
from drift_audit_aws.pools.comparers import COMPARERS
from drift_audit_aws.pools.group_readers import ACTIONS, ACTIVITIES, HOOKS, POLICIES, REFRESHES
from drift_audit_aws.pools.hindrances import HINDRANCES
from drift_audit_aws.pools.names import named_by_pools, reached_by_pools, template_still_expected, unbuilt_pools
from drift_audit_aws.pools.readers import GROUPS, TEMPLATES, VERSIONS
from drift_audit_aws.pools.sharing import silenced
from drift_audit_aws.pools.subnets import group_subnets, runs_in_subnets_of
from drift_audit_aws.pools.volumes import template_volumes, volumes_shown
from drift_audit_aws.resource_types import AUTO_SCALING_GROUP, LAUNCH_TEMPLATE

FAMILY = Family(
    readers=(GROUPS, TEMPLATES, VERSIONS, HOOKS, POLICIES, ACTIONS, ACTIVITIES, REFRESHES),
    names=named_by_pools,
    reaches=reached_by_pools,
    doubts=unbuilt_pools,
    silences=silenced,
    expectations=(
        expected.default_cooldown,
        expected.default_termination,
        expected.default_warmup,
        expected.latest_version,
        expected.lifecycle_hooks,
        expected.mixed_instance_types,
        expected.no_grace_period,
        expected.no_lifetime,
        expected.node_role_tag,
        expected.nobody,
        expected.nothing_protected,
        expected.plain_health_check,
        expected.pool_name_tag,
        expected.pool_replicas,
        expected.sole_owner,
        expected.suspended_processes,
        expected.template_in_use,
        expected.version_noted,
        group_subnets,
        template_volumes,
        template_wanted.nothing_more,
        template_wanted.settling_fields,
        template_wanted.template_enclave,
        template_wanted.template_groups,
        template_wanted.template_image,
        template_wanted.template_instance_tags,
        template_wanted.template_key,
        template_wanted.template_market,
        template_wanted.template_metadata,
        template_wanted.template_preference,
        template_wanted.template_private_dns,
        template_wanted.template_profile,
        template_wanted.template_reservation,
        template_wanted.template_spot_price,
        template_wanted.template_type,
        template_wanted.template_user_data,
    ),
    observations=(
        observed.actions_planned,
        observed.attached_subnets,
        observed.capacity_rebalance,
        observed.failed_activity,
        observed.failed_refresh,
        observed.group_owners,
        observed.hooks_set,
        observed.group_lifetime,
        observed.override_types,
        observed.policies_at_work,
        observed.protected_members,
        observed.standby_members,
        observed.strange_members,
        observed.strange_strategies,
        observed.suspended_now,
        observed.template_named,
        observed.version_named,
        observed.warm_pool,
        template_shown.version_enclave,
        template_shown.endless_fields,
        template_shown.version_groups,
        template_shown.version_image,
        template_shown.version_instance_tags,
        template_shown.version_instance_type,
        template_shown.version_key,
        template_shown.version_market,
        template_shown.version_metadata,
        template_shown.version_never_sent,
        template_shown.version_preference,
        template_shown.version_private_dns,
        template_shown.version_profile,
        template_shown.version_reservation,
        template_shown.version_spot_price,
        template_shown.version_user_data,
        volumes_shown,
    ),
    conditions=(
        conditions.all_protected,
        conditions.foreign_template,
        conditions.no_mixed_policy,
        conditions.scaled_by_others,
        conditions.strange_strategy,
        conditions.version_told_by_its_content,
        conditions.warmup_never_set,
    ),
    comparers=COMPARERS,
    hindrances=HINDRANCES,
    leftovers=(
        LeftoverRule(
            type=AUTO_SCALING_GROUP,
            severity=Severity.HIGH,
            next_steps=(
                "See what runs in it: aws autoscaling describe-auto-scaling-groups --region {region} "
                "--auto-scaling-group-names {id}",
                "If nothing needs it, delete it with its instances: aws autoscaling delete-auto-scaling-group "
                "--region {region} --auto-scaling-group-name {id} --force-delete",
            ),
            stands_in=runs_in_subnets_of,
        ),
        LeftoverRule(
            type=LAUNCH_TEMPLATE,
            severity=Severity.LOW,
            next_steps=(
                "See whether a group still names it: aws autoscaling describe-auto-scaling-groups --region {region}",
                "If none does: aws ec2 delete-launch-template --region {region} --launch-template-id {id}",
            ),
            expected=template_still_expected,
        ),
    ),
    always_sent={
        AUTO_SCALING_GROUP: frozenset(
            {
                "DefaultCooldown",
                "DesiredCapacity",
                "HealthCheckType",
                "MaxSize",
                "MinSize",
                "NewInstancesProtectedFromScaleIn",
                "TerminationPolicies",
            }
        ),
        LAUNCH_TEMPLATE: frozenset({"LatestVersionNumber"}),
    },
)
"""Auto Scaling and EC2 send the fields of `always_sent` in every answer about a group or a template."""
