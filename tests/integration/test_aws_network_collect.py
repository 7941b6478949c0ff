"""What the provider reads of networks, and what it says when AWS refuses: over HTTP, from moto's server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from drift_audit.clock import now
from drift_audit.interfaces import Correlation
from drift_audit.model.keys import ResourceKey
from drift_audit.model.values import Unknown
from drift_audit.model.views import CloudScopeView, ScopeStatus
from drift_audit_aws.network.readers import READERS
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_state import TAG, AwsClusterSpec, AwsClusterState, aws_client, build_cluster
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, SCOPE, cluster_objects, correlated, quiet, settings, view
from tests.unit.aws.faults import Answer, Fault, ec2_error, faulty_aws, refusing, refusing_after

SPEC = AwsClusterSpec(
    name="c1", zones=2, spec={"s3Bucket": {"name": "data"}, "network": {"vpc": {"ipv6": {}}}}, machines=()
)

BY_ACTION = {
    "DescribeVpcs": "vpc",
    "DescribeVpcAttribute": "vpc-attributes",
    "DescribeSubnets": "subnet",
    "DescribeRouteTables": "route-table",
    "DescribeInternetGateways": "internet-gateway",
    "DescribeEgressOnlyInternetGateways": "egress-only-internet-gateway",
    "DescribeNatGateways": "nat-gateway",
    "DescribeAddresses": "elastic-ip",
    "DescribeVpcEndpoints": "vpc-endpoint",
}


@pytest.fixture
def state(aws_endpoint: AwsEndpoint) -> AwsClusterState:
    return build_cluster(aws_endpoint.url, ACCOUNT, REGION, SPEC)


def provider_at(url: str, page_size: int = 1000) -> AwsProvider:
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    return AwsProvider(settings(account, endpoint_url=url, max_attempts=1, page_size=page_size))


def faulted(
    endpoint: AwsEndpoint, state: AwsClusterState, fault: Fault, page_size: int = 1000
) -> tuple[CloudScopeView, Correlation, Sequence[object]]:
    """(the scope, how it is linked, what both sides of the facts say) through a faulty endpoint."""
    views = [view(cluster_objects(SPEC, state))]
    with faulty_aws(endpoint.url, fault) as faulty:
        provider = provider_at(faulty.url, page_size)
        clouds = [provider.collect(asked, quiet) for asked in provider.plan(views).requests]
        correlation = correlated(provider, views, clouds, now())
        facts = provider.compare(provider.rows(), views, clouds, correlation.links)
    return clouds[0], correlation, [side for fact in facts for side in (fact.capi, fact.cloud)]


@pytest.mark.parametrize("action", BY_ACTION)
def test_a_denied_listing_is_one_gap_and_nothing_is_called_missing_or_drifted(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, action: str
) -> None:
    views = [view(cluster_objects(SPEC, state))]
    with faulty_aws(aws_endpoint.url, refusing(action, ec2_error("UnauthorizedOperation", 403))) as faulty:
        provider = provider_at(faulty.url)
        (asked,) = provider.plan(views).requests
        cloud = provider.collect(asked, quiet)
    correlation = correlated(provider, views, [cloud], now())
    facts = provider.compare(provider.rows(), views, [cloud], correlation.links)

    kind = BY_ACTION[action]
    assert [(gap.scope, gap.subject) for gap in cloud.gaps] == [(f"{SCOPE}/{kind}", kind)]
    assert f"ec2:{action}" in cloud.gaps[0].remedy
    dependent = {reader.type for reader in READERS if kind in reader.needs}
    assert {name for name, listing in cloud.listings.items() if not listing.complete} == {kind, *dependent}
    assert not (correlation.absences or correlation.leftovers)
    assert [fact for fact in facts if not isinstance(fact.capi, Unknown) and not isinstance(fact.cloud, Unknown)] == []


@pytest.mark.parametrize(
    "answer",
    [
        ec2_error("RequestLimitExceeded", 503),
        ec2_error("InternalError", 500),
        Answer(200, b"<DescribeSubnetsResponse>half a pa"),
    ],
    ids=["throttled", "failed", "half-a-page"],
)
def test_subnets_that_break_off_call_no_subnet_missing(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, answer: Answer
) -> None:
    cloud, correlation, _ = faulted(aws_endpoint, state, refusing("DescribeSubnets", answer))

    assert not cloud.listed("subnet")
    assert correlation.absences == ()


def test_the_second_page_of_route_tables_is_asked_for_and_its_failure_told(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    """Five tables: four of subnets and the VPC's main one."""
    whole, _, _ = faulted(aws_endpoint, state, lambda _: None, page_size=5)
    fault = refusing_after("DescribeVpcAttribute", 1, ec2_error("RequestLimitExceeded", 503))
    broken, correlation, sides = faulted(aws_endpoint, state, fault, page_size=5)

    assert len([key for key in whole.resources if key[0] == "route-table"]) == 5
    reads = {read.scope.rpartition("/")[2]: read for read in broken.reads}
    assert reads["vpc-attributes"].status is ScopeStatus.FAILED
    assert correlation.absences == ()
    assert sides == []


def test_the_calls_do_not_grow_with_clusters_but_for_the_attributes_of_vpcs(aws_endpoint: AwsEndpoint) -> None:
    specs = [AwsClusterSpec(name=f"c{number}") for number in range(3)]
    objects = [
        found
        for spec in specs
        for found in cluster_objects(spec, build_cluster(aws_endpoint.url, ACCOUNT, REGION, spec))
    ]
    provider = provider_at(aws_endpoint.url)
    (asked,) = provider.plan([view(objects)]).requests

    cloud = provider.collect(asked, quiet)

    calls = {read.scope.rpartition("/")[2]: read.calls for read in cloud.reads}
    assert {reader.type: calls[reader.type] for reader in READERS} == {
        "vpc": 2,
        "vpc-attributes": 6,
        "subnet": 2,
        "route-table": 2,
        "internet-gateway": 2,
        "egress-only-internet-gateway": 1,
        "carrier-gateway": 0,
        "nat-gateway": 2,
        "elastic-ip": 1,
        "vpc-endpoint": 2,
        "default-security-group": 0,
    }


def test_only_the_fleets_own_is_read_of_what_cannot_be_filtered(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    ec2 = aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION)
    stranger = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_egress_only_internet_gateway(VpcId=stranger)
    ec2.create_tags(Resources=[stranger], Tags=[{"Key": f"{TAG}gone", "Value": "owned"}])

    cloud, _, _ = faulted(aws_endpoint, state, lambda _: None)

    assert state.network is not None
    assert [key[1] for key in cloud.resources if key[0] == "egress-only-internet-gateway"] == [
        state.network.egress_gateway
    ]
    assert [key[1] for key in cloud.resources if key[0] == "vpc-attributes"] == [state.vpc_id]


@pytest.mark.parametrize("kind", [reader.type for reader in READERS if reader.type != "carrier-gateway"])
def test_every_type_can_be_looked_at_twice(aws_endpoint: AwsEndpoint, state: AwsClusterState, kind: str) -> None:
    provider = provider_at(aws_endpoint.url)
    (asked,) = provider.plan([view(cluster_objects(SPEC, state))]).requests
    before = provider.collect(asked, quiet)
    suspect = next(found for (found_kind, _), found in before.resources.items() if found_kind == kind)
    ghost = ResourceKey("aws", ACCOUNT, REGION, kind, f"{suspect.key.id[:-1]}z")

    after = provider.reread(asked, before, [suspect.key, ghost])

    assert after.gaps == ()
    assert after.reread == {(kind, suspect.key.id), (kind, ghost.id)}
    assert after.resources.keys() == before.resources.keys()
    assert after.resources[kind, suspect.key.id].attributes == suspect.attributes
