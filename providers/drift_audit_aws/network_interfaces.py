"""The network interfaces that carry a cluster tag.

CAPA changes the security groups of an instance's interface only where the interface has the cluster's tag
(pkg/cloud/services/ec2/instances.go, UpdateInstanceSecurityGroups), and the listing of instances does not show
the tags of their interfaces. Interfaces of a CNI plug-in have none and stay out of the comparison.
"""

from __future__ import annotations

from drift_audit_aws.listing import ResourceReader

NETWORK_INTERFACE = "network-interface"

NETWORK_INTERFACES = ResourceReader(
    type=NETWORK_INTERFACE,
    operation="describe_network_interfaces",
    action="ec2:DescribeNetworkInterfaces",
    id_field="NetworkInterfaceId",
    id_filter="network-interface-id",
    items=lambda page: page.get("NetworkInterfaces", ()),
    by_vpc=False,
    tags_field="TagSet",
)
