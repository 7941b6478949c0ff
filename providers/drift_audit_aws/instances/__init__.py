"""EC2 instances and their network interfaces: what stands behind an AWSMachine."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit.model.steps import asking
from drift_audit_aws.family import Family, LeftoverRule
from drift_audit_aws.instances import bastion, conditions, expected, observed
from drift_audit_aws.instances.comparers import COMPARERS
from drift_audit_aws.instances.expected_groups import instance_groups
from drift_audit_aws.instances.exposure import JUDGEMENTS
from drift_audit_aws.instances.hindrances import HINDRANCES
from drift_audit_aws.instances.names import named_instances, ownerless_machines, reached_interfaces, still_expected
from drift_audit_aws.instances.readers import INSTANCES, NETWORK_INTERFACES
from drift_audit_aws.resource_types import INSTANCE

FAMILY = Family(
    readers=(INSTANCES, NETWORK_INTERFACES),
    names=named_instances,
    reaches=reached_interfaces,
    doubts=ownerless_machines,
    expectations=(
        bastion.bastion_groups,
        bastion.bastion_image,
        bastion.bastion_role_tag,
        bastion.bastion_type,
        expected.cluster_subnets,
        expected.confidential_compute,
        expected.host_affinity,
        expected.host_id,
        instance_groups,
        expected.instance_name_tag,
        expected.instance_profile,
        expected.instance_role_tag,
        expected.instance_state,
        expected.key_name,
        expected.machine_name_tag,
        expected.market_type,
        expected.placement_group,
        expected.placement_partition,
        expected.primary_ipv6,
        expected.public_address,
        expected.reservation_preference,
        expected.source_dest_check,
        expected.tenancy,
    ),
    observations=(
        observed.confidential_compute,
        observed.instance_groups,
        observed.instance_profile,
        observed.interface_type,
        observed.market_type,
        observed.nested_virtualization,
        observed.primary_ipv6,
        observed.public_address,
        observed.reservation_preference,
    ),
    conditions=(
        bastion.no_bastion_wanted,
        conditions.instance_not_running,
        conditions.instance_pending,
        conditions.metadata_pending,
    ),
    comparers=COMPARERS,
    hindrances=HINDRANCES,
    judgements=JUDGEMENTS,
    leftovers=(
        LeftoverRule(
            type=INSTANCE,
            severity=Severity.HIGH,
            next_steps=(
                asking("Find out in CloudTrail who made the instance: event RunInstances, resource {id}."),
                "If nothing needs it: aws ec2 terminate-instances --region {region} --instance-ids {id}",
            ),
            expected=still_expected,
        ),
    ),
    always_sent={
        INSTANCE: frozenset(
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
        )
    },
)
"""EC2 sends the fields of `always_sent` in every answer about a VPC instance that is not pending."""
