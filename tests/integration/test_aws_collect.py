"""What the provider reads of AWS, and what it says when AWS refuses: over HTTP, from moto's server.

- every cluster of an account and region at once, in pages
- the account is verified before anything may be called missing
- a refused call is a gap that names the action to allow; the other listings are unaffected
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drift_audit.clock import now
from drift_audit.interfaces import Correlation
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.views import CloudScopeView, ScopeStatus
from drift_audit_aws.families import READERS
from drift_audit_aws.history.keeping import HISTORY
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_state import TAG, AwsClusterSpec, AwsClusterState, MachineSpec, aws_client, build_cluster
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import (
    ACCOUNT,
    ORPHAN_MIN_AGE,
    OTHER_ACCOUNT,
    REGION,
    SCOPE,
    changed,
    cluster_objects,
    correlated,
    quiet,
    replaced,
    request,
    settings,
    view,
)
from tests.unit.aws.faults import Answer, Fault, ec2_error, faulty_aws, refusing, refusing_after, sts_error

C1 = AwsClusterSpec(name="c1", machines=tuple(MachineSpec(name=f"md-{number}") for number in range(7)))
KINDS = {"instance", "security-group", "network-interface"}


def auditing(url: str, account: str = ACCOUNT, role_account: str = "", **more: Any) -> AwsProvider:
    role = f"arn:aws:iam::{role_account or account}:role/audit"
    options = {"max_attempts": 1, **more}
    return AwsProvider(settings(AwsAccount(account=account, role_arn=role), endpoint_url=url, **options))


@pytest.fixture
def state(aws_endpoint: AwsEndpoint) -> AwsClusterState:
    return build_cluster(aws_endpoint.url, ACCOUNT, REGION, C1)


def read(
    provider: AwsProvider, objects: Sequence[CapiObject], orphan_min_age: timedelta = ORPHAN_MIN_AGE
) -> tuple[list[CloudScopeView], Correlation]:
    views = [view(objects)]
    clouds = [provider.collect(asked, quiet) for asked in provider.plan(views).requests]
    return clouds, correlated(provider, views, clouds, now(), orphan_min_age)


def faulted(
    endpoint: AwsEndpoint, state: AwsClusterState, fault: Fault, **more: Any
) -> tuple[CloudScopeView, Correlation]:
    """The one scope as it is read through a faulty endpoint."""
    with faulty_aws(endpoint.url, fault) as faulty:
        clouds, correlation = read(auditing(faulty.url, **more), cluster_objects(C1, state))
    return clouds[0], correlation


def test_all_clusters_of_a_region_are_read_with_a_handful_of_calls(aws_endpoint: AwsEndpoint) -> None:
    specs = [AwsClusterSpec(name=f"c{number}", machines=(MachineSpec(name=f"m{number}"),)) for number in range(4)]
    objects = [
        found
        for spec in specs
        for found in cluster_objects(spec, build_cluster(aws_endpoint.url, ACCOUNT, REGION, spec))
    ]

    with faulty_aws(aws_endpoint.url, lambda _: None) as endpoint:
        clouds, correlation = read(auditing(endpoint.url), objects)
        actions = endpoint.actions()

    assert len(clouds) == 1
    assert sum(link.resource.type in ("instance", "security-group") for link in correlation.links) == 4 * 5
    assert actions.count("AssumeRole") == actions.count("GetCallerIdentity") == 1
    calls = {read.scope.rpartition("/")[2]: read.calls for read in clouds[0].reads}
    assert calls.keys() == {*(reader.type for reader in READERS), HISTORY}
    assert calls.pop(HISTORY) == 3, "one sweep of what it took to build four clusters, 50 changes a page"
    assert calls.pop("vpc-attributes") == 2 * len(specs), "EC2 tells one attribute of one VPC at a time"
    of_each_balancer = {kind: calls.pop(kind) for kind in list(calls) if kind.startswith("classic-load-balancer-")}
    assert of_each_balancer == {"classic-load-balancer-attributes": 4, "classic-load-balancer-health": 4}
    assert max(calls.values()) <= 2
    assert all(read.status is ScopeStatus.COMPLETE for read in clouds[0].reads)


def test_a_listing_goes_on_page_after_page(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    provider = auditing(aws_endpoint.url, page_size=5)

    clouds, _ = read(provider, cluster_objects(C1, state))

    instances = {key[1] for key in clouds[0].resources if key[0] == "instance"}
    assert instances == set(state.instances.values())
    assert clouds[0].listings["instance"].calls == 4


def test_attributes_are_the_answer_of_the_api_with_moments_as_text(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    clouds, _ = read(auditing(aws_endpoint.url), cluster_objects(C1, state))

    found = clouds[0].resources["instance", state.instances["md-0"]]
    assert found.attributes["InstanceType"] == "m5.large"
    assert found.tags["MachineName"] == "default/md-0"
    assert found.created_at == found.attributes["LaunchTime"]
    assert found.created_at.endswith("Z")
    assert "UserData" not in found.attributes


def test_an_instance_without_tags_is_found_through_its_vpc(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    ec2 = aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION)
    ec2.delete_tags(Resources=[state.instances["md-0"]], Tags=[{"Key": f"{TAG}c1"}])

    _, correlation = read(auditing(aws_endpoint.url), cluster_objects(C1, state))

    assert state.instances["md-0"] in {link.resource.id for link in correlation.links}


def test_an_instance_without_tags_in_a_foreign_vpc_is_found_by_its_id(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    ec2 = aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/20")["Subnet"]["SubnetId"]
    launched = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0]
    objects = cluster_objects(C1, state)
    machine = next(found for found in objects if found.kind == "AWSMachine" and found.name == "md-0")
    moved = changed(machine, spec={"providerID": f"aws:///{REGION}a/{launched['InstanceId']}"})

    _, correlation = read(auditing(aws_endpoint.url), replaced(objects, moved))

    assert launched["InstanceId"] in {link.resource.id for link in correlation.links}
    assert correlation.absences == ()


def test_two_accounts_are_read_each_with_its_own_role(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    other = AwsClusterSpec(name="c9", machines=(MachineSpec(name="m9"),))
    other_state = build_cluster(aws_endpoint.url, OTHER_ACCOUNT, REGION, other)
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{OTHER_ACCOUNT}:loadbalancer/net/x/y"
    objects = cluster_objects(other, other_state)
    status = other_state.cluster_status(other)
    balanced = changed(objects[1], status={"networkStatus": {**status["networkStatus"], "apiServerElb": {"arn": arn}}})
    accounts = [
        AwsAccount(
            account=account,
            role_arn=f"arn:aws:iam::{account}:role/audit",
            identities=("mgmt/AWSClusterControllerIdentity/default",) if account == ACCOUNT else (),
        )
        for account in (ACCOUNT, OTHER_ACCOUNT)
    ]
    provider = AwsProvider(settings(*accounts, endpoint_url=aws_endpoint.url))

    plan = provider.plan([view(cluster_objects(C1, state)), view(replaced(objects, balanced), name="mgmt-2")])
    clouds = [provider.collect(asked, quiet) for asked in plan.requests]

    assert plan.gaps == ()
    assert [(cloud.scope.account, cloud.identity) for cloud in clouds] == [
        (ACCOUNT, ACCOUNT),
        (OTHER_ACCOUNT, OTHER_ACCOUNT),
    ]
    assert ("instance", other_state.instances["m9"]) in clouds[1].resources


def test_in_the_wrong_account_nothing_is_listed_and_nothing_is_missing(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    provider = auditing(aws_endpoint.url, role_account=OTHER_ACCOUNT)

    clouds, correlation = read(provider, cluster_objects(C1, state))

    assert [gap.reason for gap in clouds[0].gaps] == [
        f"credentials are for account {OTHER_ACCOUNT}, expected {ACCOUNT}"
    ]
    assert clouds[0].identity == OTHER_ACCOUNT
    assert not any(clouds[0].listed(kind) for kind in KINDS)
    assert correlation.absences == ()
    assert len(correlation.undecided) == len(C1.machines) + 1


def test_a_denied_call_is_a_gap_with_the_action_to_allow_and_the_rest_is_read(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    fault = refusing("DescribeInstances", ec2_error("UnauthorizedOperation", 403))

    cloud, correlation = faulted(aws_endpoint, state, fault)

    (gap,) = cloud.gaps
    assert (gap.scope, gap.subject, gap.status) == (f"{SCOPE}/instance", "instance", ScopeStatus.FAILED)
    assert "ec2:DescribeInstances" in gap.remedy
    assert not cloud.listed("instance")
    assert cloud.listed("security-group")
    assert correlation.absences == ()
    assert {undecided.object.kind for undecided in correlation.undecided} == {"AWSMachine"}
    assert len([link for link in correlation.links if link.resource.type == "security-group"]) == 4


def test_a_listing_that_breaks_off_keeps_its_pages_and_is_incomplete(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    fault = refusing_after("DescribeInstances", 1, ec2_error("InternalError", 500))

    cloud, correlation = faulted(aws_endpoint, state, fault, page_size=5)

    assert cloud.reads[0].status is ScopeStatus.PARTIAL
    assert len([key for key in cloud.resources if key[0] == "instance"]) == 5
    assert not cloud.listed("instance")
    assert correlation.absences == ()
    assert len(correlation.undecided) == 2


def test_throttling_is_retried_and_counted(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    throttled = iter(range(2))

    def fault(params: object) -> Answer | None:
        described = isinstance(params, dict) and params["Action"] == "DescribeInstances"
        return ec2_error("RequestLimitExceeded", 503) if described and next(throttled, None) is not None else None

    cloud, _ = faulted(aws_endpoint, state, fault, max_attempts=4)

    assert cloud.gaps == ()
    assert (cloud.reads[0].calls, cloud.reads[0].throttles) == (4, 2)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ec2_error("RequestLimitExceeded", 503), "was throttled"),
        (ec2_error("OptInRequired", 401), "is not enabled"),
        (ec2_error("AuthFailure", 401), "is not enabled"),
        (ec2_error("ExpiredToken"), "have expired"),
        (ec2_error("RequestExpired"), "have expired, or the clock of this machine is wrong"),
        (ec2_error("SomethingNew"), "failed with SomethingNew"),
        (Answer(200, b"<DescribeInstancesResponse>half a pa"), "is not what AWS sends"),
    ],
    ids=["throttled", "region", "auth-failure", "expired", "clock", "unknown", "half-a-page"],
)
def test_every_refusal_has_its_sentence(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, answer: Answer, reason: str
) -> None:
    cloud, correlation = faulted(aws_endpoint, state, refusing("DescribeInstances", answer))

    assert reason in cloud.gaps[0].reason
    assert cloud.gaps[0].remedy
    assert correlation.absences == ()


def test_a_token_that_comes_twice_does_not_loop(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    page = (
        b'<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet/>'
        b"<nextToken>again</nextToken></DescribeInstancesResponse>"
    )

    cloud, _ = faulted(aws_endpoint, state, refusing("DescribeInstances", Answer(200, page)))

    assert "gave the same page again" in cloud.gaps[0].reason


@pytest.mark.parametrize(
    ("action", "code", "reason"),
    [
        ("AssumeRole", "AccessDenied", "may not assume the role"),
        ("GetCallerIdentity", "ExpiredToken", "have expired"),
        ("GetCallerIdentity", "InvalidClientTokenId", "does not accept"),
        ("GetCallerIdentity", "", "is not what AWS sends"),
    ],
)
def test_without_a_verified_account_nothing_counts_as_listed(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, action: str, code: str, reason: str
) -> None:
    answer = sts_error(code) if code else Answer(200, b"<GetCallerIdentityResponse><half")
    cloud, correlation = faulted(aws_endpoint, state, refusing(action, answer))

    assert reason in cloud.gaps[0].reason
    assert cloud.identity is None
    assert all(not listing.complete for listing in cloud.listings.values())
    assert correlation.absences == ()


def test_an_unreachable_endpoint_is_a_gap(aws_endpoint: AwsEndpoint) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        provider = auditing(f"http://127.0.0.1:{unused.getsockname()[1]}", connect_timeout_seconds=1)

    cloud = provider.collect(request(), quiet)

    assert "could not be reached" in cloud.gaps[0].reason
    assert not any(cloud.listed(kind) for kind in KINDS)


def test_missing_credentials_are_a_gap(aws_endpoint: AwsEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)

    assumed = auditing(aws_endpoint.url).collect(request(), quiet)
    ambient = AwsProvider(settings(endpoint_url=aws_endpoint.url)).collect(request(), quiet)
    profile = AwsAccount(account=ACCOUNT, profile="nobody")
    named = AwsProvider(settings(profile, endpoint_url=aws_endpoint.url)).collect(request(), quiet)

    assert "no AWS credentials were found" in assumed.gaps[0].reason
    assert "no AWS credentials were found" in ambient.gaps[0].reason
    assert "does not exist" in named.gaps[0].reason


def test_suspects_are_read_once_more_and_the_disappeared_are_taken_out(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    provider = auditing(aws_endpoint.url)
    plan = provider.plan([view(cluster_objects(C1, state))])
    before = provider.collect(plan.requests[0], quiet)
    ec2 = aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION)
    instance, group = state.instances["md-0"], state.security_groups["node"]
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "Name", "Value": "renamed"}])
    suspects = [
        ResourceKey("aws", ACCOUNT, REGION, kind, suspect)
        for kind, suspect in (("instance", instance), ("instance", "i-gone"), ("security-group", group))
    ]
    ghost = before.resources["instance", state.instances["md-1"]]
    haunted = {**before.resources, ("instance", "i-gone"): ghost}

    after = provider.reread(plan.requests[0], _with(before, haunted), suspects)

    assert after.resources["instance", instance].tags["Name"] == "renamed"
    assert ("instance", "i-gone") not in after.resources
    assert after.reread == {("instance", instance), ("instance", "i-gone"), ("security-group", group)}
    assert len(after.resources) == len(before.resources)


def test_a_failed_second_read_confirms_nothing(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    suspect = ResourceKey("aws", ACCOUNT, REGION, "instance", state.instances["md-0"])
    fault = refusing_after("DescribeInstances", 2, ec2_error("UnauthorizedOperation", 403))

    with faulty_aws(aws_endpoint.url, fault) as faulty:
        provider = auditing(faulty.url)
        asked = provider.plan([view(cluster_objects(C1, state))]).requests[0]
        before = provider.collect(asked, quiet)
        after = provider.reread(asked, before, [suspect])

    assert before.gaps == ()
    assert after.reread == frozenset()
    assert after.resources == before.resources
    assert len(after.gaps) == 1


def test_a_terminated_instance_is_gone_and_says_why(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    ec2 = aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION)
    ec2.terminate_instances(InstanceIds=[state.instances["md-0"]])

    _, correlation = read(auditing(aws_endpoint.url), cluster_objects(C1, state))

    (absence,) = correlation.absences
    assert absence.link.object.name == "md-0"
    assert absence.path == "spec.providerID"
    assert absence.detail.startswith("terminated: User initiated")
    assert not absence.transitional


def test_an_instance_that_no_object_names_is_left_over(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    objects = [found for found in cluster_objects(C1, state) if found.name != "md-3"]
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    provider = AwsProvider(settings(account, endpoint_url=aws_endpoint.url))

    _, correlation = read(provider, objects, timedelta(0))

    (leftover,) = correlation.leftovers
    assert leftover.resource.id == state.instances["md-3"]
    assert str(leftover.cluster) == "mgmt/default/c1"
    assert not leftover.potential


def test_a_configured_region_without_clusters_is_read_too(aws_endpoint: AwsEndpoint) -> None:
    build_cluster(aws_endpoint.url, ACCOUNT, "eu-north-1", C1)
    role = f"arn:aws:iam::{ACCOUNT}:role/audit"
    account = AwsAccount(account=ACCOUNT, role_arn=role, regions=("eu-north-1",))
    provider = AwsProvider(settings(account, endpoint_url=aws_endpoint.url))

    clouds, correlation = read(provider, [], timedelta(0))

    assert [cloud.scope for cloud in clouds] == [CloudScope("aws", ACCOUNT, "eu-north-1")]
    kinds = Counter(leftover.resource.type for leftover in correlation.leftovers)
    assert (kinds["instance"], kinds["security-group"]) == (7, 4)
    assert all(leftover.cluster is None and leftover.potential for leftover in correlation.leftovers)


def _with(cloud: CloudScopeView, resources: Mapping[tuple[str, str], CloudResource]) -> CloudScopeView:
    return replace(cloud, resources=resources)
