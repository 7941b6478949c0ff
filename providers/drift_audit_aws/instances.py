"""EC2 instances, with their network interfaces. User data is no part of the listing and is never asked for."""

from __future__ import annotations

from drift_audit_aws.listing import ResourceReader

INSTANCE = "instance"

INSTANCES = ResourceReader(
    type=INSTANCE,
    operation="describe_instances",
    action="ec2:DescribeInstances",
    id_field="InstanceId",
    id_filter="instance-id",
    items=lambda page: (
        instance for reservation in page.get("Reservations", ()) for instance in reservation.get("Instances", ())
    ),
    by_vpc=True,
    created_field="LaunchTime",
)
