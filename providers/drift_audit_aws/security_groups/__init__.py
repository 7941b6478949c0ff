"""Security groups with their rules: what stands behind the roles in an AWSCluster's status."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit_aws.family import Family, LeftoverRule
from drift_audit_aws.resource_types import SECURITY_GROUP
from drift_audit_aws.security_groups import conditions, expected, observed
from drift_audit_aws.security_groups.comparers import COMPARERS
from drift_audit_aws.security_groups.hindrances import HINDRANCES
from drift_audit_aws.security_groups.names import named_groups, still_expected, unbuilt_clusters
from drift_audit_aws.security_groups.readers import SECURITY_GROUPS

FAMILY = Family(
    readers=(SECURITY_GROUPS,),
    names=named_groups,
    doubts=unbuilt_clusters,
    expectations=(
        expected.egress_rules,
        expected.group_name_tag,
        expected.group_role_tag,
        expected.ingress_rules,
        expected.no_rules,
    ),
    observations=(observed.egress_rules, observed.ingress_rules, observed.prefix_list_rules),
    conditions=(
        conditions.group_of_others,
        conditions.lb_group,
        conditions.not_the_lb_group,
        conditions.rules_of_others,
    ),
    comparers=COMPARERS,
    hindrances=HINDRANCES,
    leftovers=(
        LeftoverRule(
            type=SECURITY_GROUP,
            severity=Severity.LOW,
            next_steps=(
                "See what still uses the group: aws ec2 describe-network-interfaces --region {region} "
                "--filters Name=group-id,Values={id}",
                "If nothing does: aws ec2 delete-security-group --region {region} --group-id {id}",
            ),
            expected=still_expected,
        ),
    ),
    always_sent={SECURITY_GROUP: observed.ALWAYS_SENT},
)
