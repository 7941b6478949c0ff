"""Calls that change instances, their volumes, addresses and profiles, and pairs of calls that make and delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drift_audit_aws.history.events.row import RESPONSE, Effect, EventRow, event_row

_METADATA = ("HttpEndpoint", "HttpTokens", "HttpPutResponseHopLimit", "HttpProtocolIpv6", "InstanceMetadataTags")


def machine_events() -> Iterator[EventRow]:
    yield event_row("ec2:RunInstances", Effect.CREATE, RESPONSE + "instancesSet[].instanceId")
    for name in ("StopInstances", "StartInstances"):
        yield event_row(f"ec2:{name}", Effect.SET, "instancesSet[].instanceId", {"State": ""})
    yield event_row("ec2:TerminateInstances", Effect.DESTROY, "instancesSet[].instanceId")
    yield event_row("ec2:BidEvictedEvent", Effect.DESTROY, "serviceEventDetails.instanceIdSet[]")
    yield event_row(
        "ec2:ModifyInstanceAttribute",
        Effect.SET,
        "instanceId",
        {
            "InstanceType": "instanceType",
            "NetworkInterfaces.Groups": "groupSet[].groupId",
            "SourceDestCheck": "sourceDestCheck",
            "DisableApiTermination": "disableApiTermination",
            "EbsOptimized": "ebsOptimized",
            "BlockDeviceMappings.Ebs.DeleteOnTermination": "blockDeviceMapping[].ebs.deleteOnTermination",
        },
        undone_by=("ec2:ModifyNetworkInterfaceAttribute",),
    )
    yield event_row(
        "ec2:ModifyNetworkInterfaceAttribute",
        Effect.SET,
        "networkInterfaceId",
        {
            "NetworkInterfaces.Groups": "groupSet[].groupId",
            "SourceDestCheck": "sourceDestCheck",
            "Groups": "groupSet[].groupId",
        },
        undone_by=("ec2:ModifyNetworkInterfaceAttribute",),
    )
    yield event_row(
        "ec2:ModifyInstanceMetadataOptions",
        Effect.SET,
        "instanceId",
        {f"MetadataOptions.{name}": name[0].lower() + name[1:] for name in _METADATA},
        undone_by=("ec2:ModifyInstanceMetadataOptions",),
    )
    for name in ("AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"):
        yield event_row(
            f"ec2:{name}",
            Effect.SET,
            ("instanceId", RESPONSE + "iamInstanceProfileAssociation.instanceId"),
            {"IamInstanceProfile": "iamInstanceProfile.name"},
        )
    yield event_row(
        "ec2:DisassociateIamInstanceProfile",
        Effect.REMOVE,
        RESPONSE + "iamInstanceProfileAssociation.instanceId",
        {"IamInstanceProfile": ""},
    )
    yield event_row(
        "ec2:ModifyInstancePlacement",
        Effect.SET,
        "instanceId",
        {
            "Placement.Tenancy": "tenancy",
            "Placement.HostId": "hostId",
            "Placement.Affinity": "affinity",
            "Placement.GroupName": "groupName",
            "Placement.PartitionNumber": "partitionNumber",
        },
    )
    yield event_row("ec2:ModifyInstanceCpuOptions", Effect.SET, "instanceId", {"CpuOptions": ""})
    yield event_row(
        "ec2:ModifyPrivateDnsNameOptions",
        Effect.SET,
        "instanceId",
        {
            "PrivateDnsNameOptions.HostnameType": "privateDnsHostnameType",
            "PrivateDnsNameOptions.EnableResourceNameDnsARecord": "enableResourceNameDnsARecord",
            "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord": "enableResourceNameDnsAAAARecord",
        },
    )
    yield event_row(
        "ec2:ModifyInstanceCapacityReservationAttributes",
        Effect.SET,
        "instanceId",
        {"CapacityReservationSpecification": "", "CapacityReservationId": ""},
    )
    for name, effect in (("AssociateAddress", Effect.ADD), ("DisassociateAddress", Effect.REMOVE)):
        yield event_row(f"ec2:{name}", effect, ("instanceId", "networkInterfaceId"), {"PublicIpAddress": ""})
    yield event_row("ec2:AllocateAddress", Effect.CREATE, RESPONSE + "allocationId")
    yield event_row("ec2:ReleaseAddress", Effect.DESTROY, "allocationId")
    for name, effect in (("AttachVolume", Effect.ADD), ("DetachVolume", Effect.REMOVE)):
        yield event_row(
            f"ec2:{name}", effect, ("volumeId", "instanceId"), {"BlockDeviceMappings": "", "Attachments": ""}
        )
    yield event_row(
        "ec2:ModifyVolume",
        Effect.SET,
        "volumeId",
        {"Size": "size", "VolumeType": "volumeType", "Iops": "iops", "Throughput": "throughput"},
    )
    yield event_row(
        "ec2:CreateReplaceRootVolumeTask", Effect.SET, "instanceId", {"ImageId": "imageId", "SnapshotId": ""}
    )
    yield event_row("ec2:CreateVpcEndpoint", Effect.CREATE, RESPONSE + "vpcEndpoint.vpcEndpointId")
    for name, id_path in _LIFE.items():
        yield event_row(f"ec2:Create{name}", Effect.CREATE, RESPONSE + id_path[0])
        yield event_row(f"ec2:Delete{name}", Effect.DESTROY, id_path[1])


_LIFE: Mapping[str, tuple[str, str]] = {
    "InternetGateway": ("internetGateway.internetGatewayId", "internetGatewayId"),
    "LaunchTemplate": ("launchTemplate.launchTemplateId", "launchTemplateId"),
    "NatGateway": ("natGateway.natGatewayId", "natGatewayId"),
    "NetworkInterface": ("networkInterface.networkInterfaceId", "networkInterfaceId"),
    "RouteTable": ("routeTable.routeTableId", "routeTableId"),
    "SecurityGroup": ("groupId", "groupId"),
    "Subnet": ("subnet.subnetId", "subnetId"),
    "Volume": ("volumeId", "volumeId"),
    "Vpc": ("vpc.vpcId", "vpcId"),
}
"""Kinds that are made and deleted by a pair of calls, with the path of the id in the answer and in the request."""
