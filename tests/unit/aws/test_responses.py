"""Our reader of XML answers against botocore's own: the same values from the same bytes.

The answers are those of moto for what an audit lists, and hand-written ones for what moto does not say.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.parsers import ResponseParserError, ResponseParserFactory, create_parser
from botocore.session import get_session

from drift_audit_aws.responses import QuickParserFactory, stamp_of
from drift_audit_aws.session import AccountSession
from drift_audit_aws.settings import AwsAccount, AwsSettings
from tests.rig.aws_state import AwsClusterSpec, MachineSpec, build_cluster
from tests.rig.moto_server import ACCOUNT, AwsEndpoint

REGION = "eu-central-1"
_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


@functools.cache
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


def _both(service: str, operation: str, body: bytes, status: int = 200) -> tuple[Any, Any]:
    """(what botocore reads, what we read)."""
    model = _model(service)
    shape = model.operation_model(operation).output_shape
    response = {"status_code": status, "headers": {}, "body": body, "context": {}}
    protocol = model.resolved_protocol
    botocores = ResponseParserFactory()
    botocores.set_parser_defaults(timestamp_parser=stamp_of)
    theirs, ours = botocores.create_parser(protocol), QuickParserFactory().create_parser(protocol)
    return theirs.parse(dict(response), shape), ours.parse(dict(response), shape)


@pytest.fixture
def recorded(aws_endpoint: AwsEndpoint) -> Iterator[list[tuple[str, str, bytes]]]:
    """(service, operation, body) of every answer that moto gives about a cluster that CAPA has built."""
    spec = AwsClusterSpec(
        name="alpha",
        namespace="fleet",
        spec={},
        machines=[MachineSpec(name="alpha-0", spec={"instanceType": "m6i.large", "sshKeyName": "ops"}, role="node")],
    )
    build_cluster(aws_endpoint.url, ACCOUNT, REGION, spec)
    bodies: list[tuple[str, str, bytes]] = []

    def note(http_response: Any, model: Any, **_: Any) -> None:
        bodies.append((model.service_model.service_name, model.name, http_response.content))

    session: Any = boto3.Session()
    for service, operations in _LISTS.items():
        client = session.client(service, endpoint_url=aws_endpoint.url, region_name=REGION)
        client.meta.events.register("after-call", note)
        for operation in operations:
            getattr(client, operation)()
        client.close()
    yield bodies


_LISTS = {
    "ec2": (
        "describe_instances",
        "describe_volumes",
        "describe_network_interfaces",
        "describe_security_groups",
        "describe_vpcs",
        "describe_subnets",
        "describe_route_tables",
        "describe_internet_gateways",
        "describe_nat_gateways",
        "describe_vpc_endpoints",
        "describe_addresses",
        "describe_tags",
    ),
    "sts": ("get_caller_identity",),
    "iam": ("list_roles", "list_instance_profiles"),
}


def test_every_answer_about_a_cluster_reads_as_botocore_reads_it(recorded: list[tuple[str, str, bytes]]) -> None:
    for service, operation, body in recorded:
        theirs, ours = _both(service, operation, body)

        assert ours == theirs, f"{service} {operation}"
    assert len(recorded) == sum(map(len, _LISTS.values()))


@pytest.mark.parametrize(
    "body",
    [
        f'<DescribeInstancesResponse xmlns="{_NAMESPACE}"><reservationSet/></DescribeInstancesResponse>',
        f'<DescribeInstancesResponse xmlns="{_NAMESPACE}"><requestId>r</requestId></DescribeInstancesResponse>',
        "<DescribeInstancesResponse><nextToken>t</nextToken></DescribeInstancesResponse>",
        f'<a:DescribeInstancesResponse xmlns:a="{_NAMESPACE}"><a:nextToken>t</a:nextToken>'
        "</a:DescribeInstancesResponse>",
        f"<DescribeInstancesResponse xmlns='{_NAMESPACE}'><nextToken/><newField><a>1</a></newField>"
        "</DescribeInstancesResponse>",
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><ebsOptimized>true</ebsOptimized>"
        "<amiLaunchIndex> 7 </amiLaunchIndex><launchTime>2026-11-20T08:00:00.000Z</launchTime><tagSet><item>"
        "<key>&lt;a&gt;</key><value></value></item></tagSet></item></instancesSet></item></reservationSet>"
        "</DescribeInstancesResponse>",
    ],
)
def test_empty_prefixed_unknown_and_odd_elements_read_as_botocore_reads_them(body: str) -> None:
    theirs, ours = _both("ec2", "DescribeInstances", body.encode())

    assert ours == theirs


def test_a_refusal_reads_as_botocore_reads_it() -> None:
    body = (
        b"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>"
        b"<RequestID>r</RequestID></Response>"
    )

    theirs, ours = _both("ec2", "DescribeInstances", body, status=403)

    assert ours == theirs
    assert ours["Error"]["Code"] == "UnauthorizedOperation"


def test_a_torn_answer_is_refused_as_botocore_refuses_it() -> None:
    with pytest.raises(ResponseParserError):
        _both("ec2", "DescribeInstances", b"<DescribeInstancesResponse><reservationSet><item>")


def test_maps_are_left_to_botocore() -> None:
    summary = (
        b"<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap><entry><key>Users</key><value>2</value>"
        b"</entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>"
    )

    theirs, ours = _both("iam", "GetAccountSummary", summary)

    assert ours == theirs
    assert ours["SummaryMap"] == {"Users": 2}


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T08:00:00.000Z", "2026-11-20T08:00:00Z", "2026-11-20T08:00:00+00:00", "Fri, 20 Nov 2026 08:00:00 GMT"],
)
def test_a_moment_is_the_same_however_it_is_spelled(text: str) -> None:
    assert stamp_of(text) == "2026-11-20T08:00:00Z"


def test_the_moments_of_an_answer_are_texts() -> None:
    body = (
        b"<DescribeInstanceStatusResponse><instanceStatusSet><item><eventsSet><item><code>instance-retirement</code>"
        b"<notBefore>2026-11-20T08:00:00.000Z</notBefore></item></eventsSet></item></instanceStatusSet>"
        b"</DescribeInstanceStatusResponse>"
    )

    theirs, ours = _both("ec2", "DescribeInstanceStatus", body)

    assert ours == theirs
    assert ours["InstanceStatuses"][0]["Events"][0]["NotBefore"] == "2026-11-20T08:00:00Z"


def test_other_protocols_keep_botocores_parser() -> None:
    assert type(QuickParserFactory().create_parser("json")) is type(create_parser("json"))


def test_the_clients_of_an_audit_read_with_it(aws_endpoint: AwsEndpoint) -> None:
    session = AccountSession(AwsSettings(endpoint_url=aws_endpoint.url), AwsAccount(account=ACCOUNT))
    client = session.client("ec2", REGION).client

    assert isinstance(client._endpoint._response_parser_factory, QuickParserFactory)
    client.close()


def test_a_parser_keeps_what_it_learned_for_the_next_answer() -> None:
    factory = QuickParserFactory()

    assert factory.create_parser("ec2") is factory.create_parser("ec2")
