"""Where moto's EC2 answers otherwise than AWS, and a test needs the answer of AWS (moto 5.2)."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPCEndPoint

_endpoint_value = VPCEndPoint.get_filter_value
_blocks: Any = Subnet.ipv6_cidr_block_association_set


def mend() -> None:
    """Takes the place of moto's own code, once or many times alike."""
    VPCEndPoint.get_filter_value = _with_own_id  # type: ignore[method-assign]
    Subnet.ipv6_cidr_block_association_set = property(_with_plain_state)  # type: ignore[assignment,method-assign]


def _with_own_id(self: VPCEndPoint, filter_name: str, method_name: str | None = None) -> Any:
    """The filter of DescribeVpcEndpoints by which a second look finds an endpoint is missing."""
    return self.id if filter_name == "vpc-endpoint-id" else _endpoint_value(self, filter_name, method_name)


def _with_plain_state(self: Subnet) -> list[dict[str, Any]]:
    """The state of an IPv6 block is the text of a dictionary: `{'State': 'associated'}`."""
    return [
        {**block, "ipv6CidrBlockState": {"state": block["ipv6CidrBlockState"]["state"]["State"]}}
        for block in _blocks.fget(self)
    ]
