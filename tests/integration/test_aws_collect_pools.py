"""How machine pools are read over HTTP: few calls for many pools, in pages; one refusal blinds only its own part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from drift_audit.clock import now
from drift_audit.interfaces import Correlation
from drift_audit.model.keys import ResourceKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.families import READERS
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_pools import PoolSpec
from tests.rig.aws_state import AwsClusterSpec, AwsClusterState, MachineSpec, aws_client, build_cluster
from tests.rig.moto_pools import fail_launches
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, SCOPE, cluster_objects, correlated, quiet, settings, view
from tests.unit.aws.faults import Answer, FaultyAws, ec2_error, faulty_aws, refusing, refusing_after, sts_error

POOLS = tuple(PoolSpec(name=f"mp-{number}", replicas=1) for number in range(7))
P1 = AwsClusterSpec(name="p1", pools=POOLS)
OURS = (
    "auto-scaling-group",
    "instance-refresh",
    "launch-template",
    "launch-template-version",
    "lifecycle-hooks",
    "scaling-activities",
    "scaling-policies",
    "scheduled-actions",
)

TEMPLATES = {"launch-template", "launch-template-version"}


def auditing(url: str, **more: int) -> AwsProvider:
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    return AwsProvider(settings(account, endpoint_url=url, max_attempts=1, **more))


@pytest.fixture
def state(aws_endpoint: AwsEndpoint) -> AwsClusterState:
    return build_cluster(aws_endpoint.url, ACCOUNT, REGION, P1)


def read(provider: AwsProvider, objects: Sequence[CapiObject]) -> tuple[CloudScopeView, Correlation]:
    views = [view(objects)]
    (cloud,) = [provider.collect(asked, quiet) for asked in provider.plan(views).requests]
    return cloud, correlated(provider, views, [cloud], now(), timedelta(0))


def of_pools(endpoint: FaultyAws) -> Counter[str]:
    """How often each operation of the machine pools was asked for; other services speak JSON and name none."""
    ours = {action.partition(":")[2] for reader in READERS if reader.type in OURS for action in reader.actions}
    return Counter(params["Action"] for params in endpoint.asked if params.get("Action") in ours)


def test_seven_pools_take_a_call_each_for_their_hooks_and_one_for_everything_else(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    with faulty_aws(aws_endpoint.url, lambda _: None) as endpoint:
        cloud, correlation = read(auditing(endpoint.url), cluster_objects(P1, state))
        actions = of_pools(endpoint)

    assert cloud.gaps == ()
    assert actions == {
        "DescribeAutoScalingGroups": 1,
        "DescribeLaunchTemplates": 1,
        "DescribeLaunchTemplateVersions": 1,
        "DescribeLifecycleHooks": 7,
        "DescribePolicies": 1,
        "DescribeScheduledActions": 1,
    }
    assert len([link for link in correlation.links if link.resource.type == "auto-scaling-group"]) == 7


def test_a_fleet_without_pools_is_asked_only_for_what_may_be_left_over(aws_endpoint: AwsEndpoint) -> None:
    plain = AwsClusterSpec(name="c1", machines=(MachineSpec(name="md-0"),))
    built = build_cluster(aws_endpoint.url, ACCOUNT, REGION, plain)

    with faulty_aws(aws_endpoint.url, lambda _: None) as endpoint:
        cloud, _ = read(auditing(endpoint.url), cluster_objects(plain, built))
        actions = of_pools(endpoint)

    assert actions == {"DescribeAutoScalingGroups": 1, "DescribeLaunchTemplates": 1}
    assert all(cloud.listed(kind) for kind in OURS)


def test_groups_and_templates_come_page_after_page(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    cloud, _ = read(auditing(aws_endpoint.url, page_size=5), cluster_objects(P1, state))

    assert {key[1] for key in cloud.resources if key[0] == "auto-scaling-group"} == {pool.name for pool in POOLS}
    assert {key[1] for key in cloud.resources if key[0] == "launch-template-version"} == {
        pool.template_id for pool in state.pools.values()
    }
    listings = (cloud.listings[kind] for kind in ("auto-scaling-group", "launch-template", "launch-template-version"))
    assert [listing.calls for listing in listings] == [2, 2, 2]


def test_other_peoples_groups_and_templates_are_not_kept(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    ec2 = aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION)
    autoscaling = aws_client("autoscaling", aws_endpoint.url, ACCOUNT, REGION)
    theirs = ec2.create_launch_template(
        LaunchTemplateName="theirs", LaunchTemplateData={"ImageId": "ami-0123456789abcdef0", "UserData": "c2VjcmV0"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="theirs",
        MinSize=0,
        MaxSize=0,
        VPCZoneIdentifier=state.subnet_ids["private"],
        LaunchTemplate={"LaunchTemplateId": theirs},
    )

    cloud, correlation = read(auditing(aws_endpoint.url), cluster_objects(P1, state))

    assert not [key for key in cloud.resources if key[1] in ("theirs", theirs)]
    assert correlation.leftovers == ()


@pytest.mark.parametrize(
    ("operation", "action", "blind"),
    [
        ("DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingGroups", {*OURS} - TEMPLATES),
        ("DescribeLaunchTemplates", "ec2:DescribeLaunchTemplates", {*TEMPLATES, "instance-refresh"}),
        ("DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplateVersions", {"launch-template-version"}),
        ("DescribeLifecycleHooks", "autoscaling:DescribeLifecycleHooks", {"lifecycle-hooks"}),
        ("DescribePolicies", "autoscaling:DescribePolicies", {"scaling-policies"}),
        ("DescribeScheduledActions", "autoscaling:DescribeScheduledActions", {"scheduled-actions"}),
        ("DescribeScalingActivities", "autoscaling:DescribeScalingActivities", {"scaling-activities"}),
        ("DescribeInstanceRefreshes", "autoscaling:DescribeInstanceRefreshes", {"instance-refresh"}),
    ],
)  # fmt: skip
def test_a_refusal_names_the_action_to_allow_and_leaves_the_rest_whole(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, operation: str, action: str, blind: set[str]
) -> None:
    fail_launches(ACCOUNT, REGION, "mp-0", wanted=2, message="no capacity")
    aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION).create_launch_template_version(
        LaunchTemplateId=state.pools["mp-1"].template_id, LaunchTemplateData={"InstanceType": "m5.large"}
    )
    answer = ec2_error("UnauthorizedOperation", 403) if action.startswith("ec2:") else sts_error("AccessDenied")

    with faulty_aws(aws_endpoint.url, refusing(operation, answer)) as endpoint:
        cloud, correlation = read(auditing(endpoint.url), cluster_objects(P1, state))

    assert action in next(gap for gap in cloud.gaps if "is not allowed" in gap.reason).remedy
    assert {kind for kind in OURS if not cloud.listed(kind)} == blind
    assert all(cloud.listed(kind) for kind in ("instance", "security-group"))
    assert len(cloud.gaps) == 1
    assert (correlation.absences, correlation.leftovers) == ((), ())


def test_half_a_page_of_groups_is_undecided_and_nothing_is_missing(
    aws_endpoint: AwsEndpoint, state: AwsClusterState
) -> None:
    fault = refusing_after("DescribeAutoScalingGroups", 1, sts_error("Throttling", 400))

    with faulty_aws(aws_endpoint.url, fault) as endpoint:
        cloud, correlation = read(auditing(endpoint.url, page_size=5), cluster_objects(P1, state))

    assert "was throttled" in next(gap for gap in cloud.gaps if gap.subject == "auto-scaling-group").reason
    assert correlation.absences == ()
    assert len(correlation.undecided) == 2


def test_a_broken_answer_with_user_data_is_a_gap_without_it(
    aws_endpoint: AwsEndpoint, state: AwsClusterState, caplog: pytest.LogCaptureFixture
) -> None:
    body = b"<DescribeLaunchTemplateVersionsResponse><userData>c2VjcmV0IGNhbmFyeQ=="

    with faulty_aws(aws_endpoint.url, refusing("DescribeLaunchTemplateVersions", Answer(200, body))) as endpoint:
        cloud, _ = read(auditing(endpoint.url), cluster_objects(P1, state))

    assert not cloud.listed("launch-template-version")
    assert "c2VjcmV0" not in caplog.text + str(cloud)


def test_suspects_are_read_once_more(aws_endpoint: AwsEndpoint, state: AwsClusterState) -> None:
    provider = auditing(aws_endpoint.url)
    asked = provider.plan([view(cluster_objects(P1, state))]).requests[0]
    before = provider.collect(asked, quiet)
    autoscaling = aws_client("autoscaling", aws_endpoint.url, ACCOUNT, REGION)
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="mp-0", MaxSize=9)
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="mp-1", ForceDelete=True)
    gone = state.pools["mp-2"].template_id
    aws_client("ec2", aws_endpoint.url, ACCOUNT, REGION).delete_launch_template(LaunchTemplateId=gone)
    suspects = [
        *(("auto-scaling-group", name) for name in ("mp-0", "mp-1", "mp-none")),
        *(("launch-template", template) for template in (gone, state.pools["mp-3"].template_id)),
        *(("launch-template-version", template) for template in (gone, state.pools["mp-3"].template_id)),
        *((kind, name) for kind in ("lifecycle-hooks", "scaling-policies") for name in ("mp-0", "mp-1")),
    ]

    after = provider.reread(asked, before, [ResourceKey("aws", ACCOUNT, REGION, *suspect) for suspect in suspects])

    assert after.gaps == ()
    assert after.reread == set(suspects)
    assert after.resources["auto-scaling-group", "mp-0"].attributes["MaxSize"] == 9
    assert before.resources.keys() - after.resources.keys() == {
        ("auto-scaling-group", "mp-1"),
        ("launch-template", gone),
        ("launch-template-version", gone),
        ("lifecycle-hooks", "mp-1"),
        ("scaling-policies", "mp-1"),
    }
    assert str(SCOPE) in after.reads[-1].scope
