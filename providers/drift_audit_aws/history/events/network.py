"""Calls that change VPCs, subnets, routes, gateways and endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit_aws.history.events.row import RESPONSE, Effect, EventRow, event_row


def network_events() -> Iterator[EventRow]:
    yield event_row(
        "ec2:ModifyVpcAttribute",
        Effect.SET,
        "vpcId",
        {"EnableDnsSupport": "enableDnsSupport", "EnableDnsHostnames": "enableDnsHostnames"},
        undone_by=("ec2:ModifyVpcAttribute",),
    )
    for name, effect in (("AssociateVpcCidrBlock", Effect.ADD), ("DisassociateVpcCidrBlock", Effect.REMOVE)):
        yield event_row(f"ec2:{name}", effect, ("vpcId", RESPONSE + "vpcId"), {"CidrBlockAssociationSet": ""})
    yield event_row(
        "ec2:ModifySubnetAttribute",
        Effect.SET,
        "subnetId",
        {
            "MapPublicIpOnLaunch": "mapPublicIpOnLaunch",
            "AssignIpv6AddressOnCreation": "assignIpv6AddressOnCreation",
            "PrivateDnsNameOptionsOnLaunch": "privateDnsHostnameTypeOnLaunch",
        },
    )
    for name, effect in (("CreateRoute", Effect.ADD), ("ReplaceRoute", Effect.SET), ("DeleteRoute", Effect.REMOVE)):
        yield event_row(
            f"ec2:{name}", effect, "routeTableId", {"Routes": ""}, undone_by=("ec2:ReplaceRoute", "ec2:CreateRoute")
        )
    for name, effect in (
        ("AssociateRouteTable", Effect.ADD),
        ("ReplaceRouteTableAssociation", Effect.SET),
        ("DisassociateRouteTable", Effect.REMOVE),
    ):
        yield event_row(f"ec2:{name}", effect, ("routeTableId", "subnetId"), {"Associations": "", "RouteTableId": ""})
    yield event_row("ec2:EnableVgwRoutePropagation", Effect.ADD, "routeTableId", {"PropagatingVgws": "", "Routes": ""})
    for name, effect in (("AttachInternetGateway", Effect.ADD), ("DetachInternetGateway", Effect.REMOVE)):
        yield event_row(f"ec2:{name}", effect, ("internetGatewayId", "vpcId"), {"Attachments": "", "Routes": ""})
    yield event_row("ec2:ModifyVpcEndpoint", Effect.SET, "vpcEndpointId", {"RouteTableIds": "", "PolicyDocument": ""})
    yield event_row("ec2:DeleteVpcEndpoints", Effect.DESTROY, "vpcEndpointId")
