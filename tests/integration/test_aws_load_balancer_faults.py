"""What the provider says when AWS refuses a part of what it reads of load balancers: the rest stays whole.

The endpoint stands between boto3 and moto, and answers some calls the way AWS refuses them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drift_audit.clock import now
from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.values import Unknown
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.integration.balancer_world import CLASSIC, NETWORK, World, told, world
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, correlated, quiet, settings, view
from tests.unit.aws.faults import Answer, Fault, Params, faulty_aws, sts_error

CLASSIC_API, NEWER_API = "2012-06-01", "2015-12-01"
DENIED = sts_error("AccessDenied")
NOT_THERE = sts_error("LoadBalancerNotFound", 400)


def answering(version: str, action: str, answer: Answer, when: Callable[[Params], bool] = lambda _: True) -> Fault:
    """The two APIs share the names of their actions: the version tells them apart."""

    def fault(params: Params) -> Answer | None:
        asked = params.get("Action") == action and params.get("Version") == version
        return answer if asked and when(params) else None

    return fault


def read(endpoint: AwsEndpoint, at: World, fault: Fault) -> tuple[CloudScopeView, Correlation, list[Fact]]:
    with faulty_aws(endpoint.url, fault) as faulty:
        account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
        provider = AwsProvider(settings(account, endpoint_url=faulty.url, max_attempts=1))
        views = [view(at.objects)]
        (cloud,) = [provider.collect(request, quiet) for request in provider.plan(views).requests]
    correlation = correlated(provider, views, [cloud], now())
    return cloud, correlation, list(provider.compare(provider.rows(), views, [cloud], correlation.links))


DETAILS = (
    (CLASSIC_API, "DescribeLoadBalancerAttributes", "classic-load-balancer-attributes", "cross-zone"),
    (CLASSIC_API, "DescribeInstanceHealth", "classic-load-balancer-health", "member.health"),
    (NEWER_API, "DescribeLoadBalancerAttributes", "load-balancer-attributes", "cross-zone"),
    (NEWER_API, "DescribeListeners", "load-balancer-listeners", "listener.missing"),
    (NEWER_API, "DescribeTargetGroupAttributes", "target-group-attributes", "attributes"),
    (NEWER_API, "DescribeTargetHealth", "target-health", "member"),
)


@pytest.mark.parametrize(("version", "action", "kind", "row"), DETAILS, ids=[f"{each[2]}" for each in DETAILS])
def test_a_refused_detail_leaves_the_rest_whole(
    aws_endpoint: AwsEndpoint, version: str, action: str, kind: str, row: str
) -> None:
    built = world(aws_endpoint, CLASSIC if version == CLASSIC_API else NETWORK)

    cloud, correlation, facts = read(aws_endpoint, built, answering(version, action, DENIED))

    (gap,) = cloud.gaps
    assert f"Allow elasticloadbalancing:{action} in the policy" in gap.remedy
    assert {name for name, listing in cloud.listings.items() if not listing.complete} == {kind}
    assert not (correlation.absences or correlation.leftovers)
    assert facts
    assert all(isinstance(fact.cloud, Unknown) and kind in fact.cloud.reason for fact in facts)
    assert any(fact.row.id.endswith(f".{row}") for fact in facts)


@pytest.mark.parametrize("action", ["DescribeLoadBalancers", "DescribeTags"])
@pytest.mark.parametrize("answer", [DENIED, sts_error("Throttling", 400), Answer(200, b"<DescribeLoadBalancersResp")])
def test_without_the_listing_nothing_is_missing_and_nothing_in_sync(
    aws_endpoint: AwsEndpoint, action: str, answer: Answer
) -> None:
    built = world(aws_endpoint, CLASSIC)

    cloud, correlation, facts = read(aws_endpoint, built, answering(CLASSIC_API, action, answer))

    assert answer.status == 200 or f"elasticloadbalancing:{action}" in cloud.gaps[0].reason + cloud.gaps[0].remedy
    assert cloud.gaps[0].remedy
    assert cloud.listed("instance") and cloud.listed("load-balancer")
    assert not cloud.listed("classic-load-balancer")
    assert not (correlation.absences or correlation.leftovers)
    assert [undecided.object.kind for undecided in correlation.undecided] == ["AWSCluster"]
    assert facts == []


def test_without_the_newer_listing_its_target_groups_are_incomplete_too(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, NETWORK)

    cloud, correlation, _ = read(aws_endpoint, built, answering(NEWER_API, "DescribeLoadBalancers", DENIED))

    assert not cloud.listed("load-balancer") and not cloud.listed("target-group")
    assert cloud.listed("classic-load-balancer")
    assert not (correlation.absences or correlation.leftovers)


def test_target_groups_that_could_not_be_listed_are_not_left_over(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, NETWORK)

    cloud, correlation, facts = read(aws_endpoint, built, answering(NEWER_API, "DescribeTargetGroups", DENIED))

    incomplete = {name for name, listing in cloud.listings.items() if not listing.complete}
    assert incomplete == {"target-group", "target-group-attributes", "target-health"}
    assert not (correlation.absences or correlation.leftovers)
    assert all(isinstance(fact.cloud, Unknown) for fact in facts)
    assert facts


def test_a_load_balancer_that_vanishes_while_tags_are_read_takes_no_other_with_it(aws_endpoint: AwsEndpoint) -> None:
    """A batch with a name that is gone by now fails as a whole."""
    built = world(aws_endpoint, CLASSIC)
    listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 80}
    subnets = [built.state.subnet_ids["public"]]
    built.elb.create_load_balancer(LoadBalancerName="fleeting", Listeners=[listener], Subnets=subnets)

    def about_fleeting(params: Params) -> bool:
        return "fleeting" in params.values()

    cloud, correlation, facts = read(
        aws_endpoint, built, answering(CLASSIC_API, "DescribeTags", NOT_THERE, about_fleeting)
    )

    assert cloud.gaps == ()
    assert cloud.listed("classic-load-balancer")
    assert ("classic-load-balancer", "fleeting") not in cloud.resources
    assert not correlation.absences
    assert facts == []


def test_tags_that_are_not_told_are_no_missing_tags(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, CLASSIC)
    empty = (
        b'<DescribeTagsResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/"><DescribeTagsResult>'
        b"<TagDescriptions/></DescribeTagsResult></DescribeTagsResponse>"
    )

    cloud, correlation, facts = read(aws_endpoint, built, answering(CLASSIC_API, "DescribeTags", Answer(200, empty)))

    assert not cloud.listed("classic-load-balancer")
    assert not correlation.absences
    assert told(facts) == []


def test_a_load_balancer_that_vanishes_before_its_details_is_unknown_in_them(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, CLASSIC)
    gone = answering(CLASSIC_API, "DescribeLoadBalancerAttributes", NOT_THERE)

    cloud, _, facts = read(aws_endpoint, built, gone)

    assert cloud.gaps == ()
    assert facts
    assert all(isinstance(fact.cloud, Unknown) and "disappeared" in fact.cloud.reason for fact in facts)


def test_a_refused_second_look_confirms_nothing(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, NETWORK)
    (request,) = built.provider.plan([view(built.objects)]).requests
    before = built.provider.collect(request, quiet)
    suspect = before.resources["load-balancer", built.name].key

    with faulty_aws(aws_endpoint.url, answering(NEWER_API, "DescribeListeners", DENIED)) as faulty:
        account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
        provider = AwsProvider(settings(account, endpoint_url=faulty.url, max_attempts=1))
        after = provider.reread(request, before, [suspect])

    assert after.reread == frozenset()
    assert after.resources == before.resources
    assert "elasticloadbalancing:DescribeListeners" in after.gaps[0].remedy


def test_listings_go_on_page_after_page(aws_endpoint: AwsEndpoint) -> None:
    built = world(aws_endpoint, CLASSIC)
    listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 80}
    subnets = [built.state.subnet_ids["public"]]
    for number in range(27):
        built.elb.create_load_balancer(LoadBalancerName=f"a-{number}", Listeners=[listener], Subnets=subnets)
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")

    with faulty_aws(aws_endpoint.url, lambda _: None) as faulty:
        whole = AwsProvider(settings(account, endpoint_url=faulty.url))
        (request,) = whole.plan([view(built.objects)]).requests
        at_once = whole.collect(request, quiet)
        batches = [len([key for key in params if "member" in key]) for params in faulty.asked if _asks_tags(params)]
        paged = AwsProvider(settings(account, endpoint_url=faulty.url, page_size=5)).collect(request, quiet)

    assert max(batches) == 20
    assert paged.resources.keys() == at_once.resources.keys()
    assert len([kind for kind, _ in paged.resources if kind == "classic-load-balancer"]) == 28


def _asks_tags(params: Params) -> bool:
    return params.get("Action") == "DescribeTags"
