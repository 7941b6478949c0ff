"""EC2 instances, and the network interfaces that carry a cluster tag.

User data is no part of these listings and is never asked for.

CAPA changes the security groups of an instance's interface only where the interface has the cluster's tag
(pkg/cloud/services/ec2/instances.go, UpdateInstanceSecurityGroups), and the listing of instances does not show
the tags of their interfaces. Interfaces of a CNI plug-in have none and stay out of the comparison.
"""

from __future__ import annotations

from drift_audit_aws.reading import PagedReader
from drift_audit_aws.resource_types import INSTANCE, NETWORK_INTERFACE

INSTANCES = PagedReader(
    type=INSTANCE,
    operation="describe_instances",
    actions=("ec2:DescribeInstances",),
    id_field="InstanceId",
    id_filter="instance-id",
    items=lambda page: (
        instance for reservation in page.get("Reservations", ()) for instance in reservation.get("Instances", ())
    ),
    vpc_filter="vpc-id",
    created_field="LaunchTime",
)

NETWORK_INTERFACES = PagedReader(
    type=NETWORK_INTERFACE,
    operation="describe_network_interfaces",
    actions=("ec2:DescribeNetworkInterfaces",),
    id_field="NetworkInterfaceId",
    id_filter="network-interface-id",
    items=lambda page: page.get("NetworkInterfaces", ()),
    tags_field="TagSet",
)
