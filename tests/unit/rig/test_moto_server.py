"""The AWS endpoint of the rig."""

from __future__ import annotations

import boto3
import pytest

from tests.rig.moto_server import ACCOUNT, AwsEndpoint


def test_the_caller_has_an_account(aws_endpoint: AwsEndpoint) -> None:
    identity = boto3.client("sts").get_caller_identity()

    assert identity["Account"] == ACCOUNT


@pytest.mark.parametrize("test_number", [1, 2])
def test_each_test_starts_with_an_empty_account(aws_endpoint: AwsEndpoint, test_number: int) -> None:
    ec2 = boto3.client("ec2")

    group = ec2.create_security_group(GroupName="nodes", Description="made by each test")["GroupId"]

    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["nodes"]}])["SecurityGroups"]
    assert [entry["GroupId"] for entry in found] == [group]
