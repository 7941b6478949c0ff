"""Who changed it: from real calls of different callers to moto, over the sweep, to the actor of a finding.

- one change by each kind of caller is attributed to that caller, with the grade that the record carries
- the controller is never the author of an edit, and a person with its credentials is told
- what was put back by the controller is a finding of its own that fails no run
- nobody is named without proof, and the reason is said
- the sweep is one per region, is paced, and tells how far it reaches

The records follow the layout that AWS documents (tests/rig/cloudtrail.py); AWS did not produce them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from drift_audit.audit import judge
from drift_audit.clock import now
from drift_audit.collect.recording import read_recording, write_recording
from drift_audit.config.settings import Config, ManagementClusterSettings
from drift_audit.explain.assemble import fails
from drift_audit.model.findings import Actor, Finding, Grade, Severity, Verdict
from drift_audit.model.keys import ResourceKey
from drift_audit.model.objects import Declaration, Location
from drift_audit.model.result import AuditResult, Status
from drift_audit.model.views import ClusterView, GitSourceView, Rendering, ScopeStatus, View, Views
from drift_audit_aws.history.collect import global_region
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.resource_types import ROLE
from drift_audit_aws.settings import AwsAccount, AwsHistory
from tests.integration.aws_callers import (
    ALICE_CONSOLE,
    BOB_CONSOLE,
    BORROWER,
    CAROL_CLI,
    CONTROLLER,
    ON_NODE,
    SCALING,
    SCRIPT,
    TERRAFORM_RUN,
    Who,
)
from tests.rig.aws_state import AwsClusterSpec, AwsClusterState, MachineSpec, build_cluster
from tests.rig.cloudtrail import TRAIL
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, cluster_objects, quiet, settings, view

SPEC = AwsClusterSpec(
    name="c1",
    machines=(
        MachineSpec(
            name="md-0",
            spec={"instanceType": "m5.large", "additionalTags": {"team": "payments"}},
        ),
    ),
)
FAST = AwsHistory(requests_per_second=1000.0)
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)


@dataclass(frozen=True)
class Fleet:
    """One cluster that was built half a day ago."""

    endpoint: AwsEndpoint
    state: AwsClusterState

    @property
    def instance(self) -> str:
        return self.state.instances["md-0"]

    @property
    def group(self) -> str:
        return self.state.security_groups["node"]

    def by(self, who: Who, service: str = "ec2") -> Any:
        return who.client(self.endpoint, service)

    def provider(self, history: AwsHistory = FAST) -> AwsProvider:
        account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
        return AwsProvider(settings(account, endpoint_url=self.endpoint.url, history=history))

    def views(self, history: AwsHistory = FAST) -> Views:
        provider = self.provider(history)
        cluster = view(cluster_objects(SPEC, self.state))
        clouds = []
        for request in provider.plan([cluster]).requests:
            cloud = provider.collect(request, quiet)
            keys = [resource.key for resource in cloud.resources.values()]
            clouds.append(provider.reread(request, cloud, keys))
        return Views(git=(declared(cluster),), clusters=(cluster,), clouds=tuple(clouds))

    def result(self, history: AwsHistory = FAST) -> AuditResult:
        return judged(self.views(history))

    def finding(self, rule: str, history: AwsHistory = FAST) -> Finding:
        (found,) = [finding for finding in self.result(history).findings if finding.rule == rule]
        return found

    def actor(self, rule: str, history: AwsHistory = FAST) -> Actor:
        actor = self.finding(rule, history).actor
        assert actor is not None
        return actor


def declared(cluster: ClusterView) -> GitSourceView:
    """A Git source that declares everything as it is."""
    place = Location(repo="fleet", revision="r1", file="c1.yaml", line=1)
    declarations = tuple(
        Declaration(
            api_version=found.api_version,
            kind=found.kind,
            namespace=found.namespace,
            name=found.name,
            raw={key: value for key, value in found.raw.items() if key != "status"},
            source="fleet",
            location=place,
        )
        for found in cluster.objects.values()
    )
    return GitSourceView(
        management_cluster=cluster.management_cluster,
        source="fleet",
        repo="fleet",
        ref="main",
        path="",
        flavor="kubectl",
        applier="",
        head=Rendering(revision="r1", renderer="plain", declarations=declarations),
    )


def judged(views: Views) -> AuditResult:
    config = Config(management_clusters=(ManagementClusterSettings(name="mgmt"),))
    provider = AwsProvider(settings())
    return judge(views, config, providers={"aws": provider}, clock=now, started_at=now())


@pytest.fixture
def fleet(aws_endpoint: AwsEndpoint) -> Iterator[Fleet]:
    with TRAIL.at(BEGIN - timedelta(days=30)):
        state = build_cluster(aws_endpoint.url, ACCOUNT, REGION, SPEC)
    yield Fleet(aws_endpoint, state)


def retype(fleet: Fleet, who: Who, kind: str = "m5.4xlarge") -> None:
    ec2 = fleet.by(who)
    ec2.modify_instance_attribute(InstanceId=fleet.instance, InstanceType={"Value": kind})


def permission(port: int = 22, cidr: str = "0.0.0.0/0", protocol: str = "tcp") -> dict[str, Any]:
    return {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}


TYPE = "aws.instance.type"
INGRESS = "aws.security-group.ingress"


@pytest.mark.parametrize(
    ("who", "name", "how", "actor_class"),
    [
        (ALICE_CONSOLE, "alice@example.com", "AWS console, permission set Admin", "console-human"),
        (BOB_CONSOLE, "bob", "AWS console, role Operators", "console-human"),
        (CAROL_CLI, "carol@example.com", "AWS CLI, permission set Admin", "cli-human"),
        (TERRAFORM_RUN, "terraform-prod", "Terraform, role deployer", "iac"),
        (SCRIPT, "cleanup-lambda", "boto3, role cleanup-lambda", "automation"),
        (ON_NODE, "i-0123456789abcdef0", "AWS CLI, role nodes.cluster-api-provider-aws.sigs.k8s.io", "automation"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else "",
)
def test_an_edit_is_its_callers(fleet: Fleet, who: Who, name: str, how: str, actor_class: str) -> None:
    at = BEGIN + timedelta(hours=3)
    with TRAIL.at(at):
        retype(fleet, who)

    finding = fleet.finding(TYPE)

    actor = finding.actor
    assert actor is not None
    assert (actor.who, actor.how, actor.actor_class, actor.grade) == (name, how, actor_class, Grade.A)
    assert actor.between.after == actor.between.before == finding.since == at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert actor.source == "CloudTrail"
    assert any("ec2:ModifyInstanceAttribute" in told and "127.0.0.1" in told for told in finding.evidence) or who is (
        BOB_CONSOLE
    )


Change = Callable[[Fleet, Any], Any]
CHANGES: tuple[tuple[str, Change, Grade], ...] = (
    (
        TYPE,
        lambda f, ec2: ec2.modify_instance_attribute(InstanceId=f.instance, InstanceType={"Value": "t3.nano"}),
        Grade.A,
    ),
    ("aws.instance.state", lambda f, ec2: ec2.stop_instances(InstanceIds=[f.instance]), Grade.A),
    (
        "aws.instance.source-dest-check",
        lambda f, ec2: ec2.modify_instance_attribute(InstanceId=f.instance, SourceDestCheck={"Value": False}),
        Grade.A,
    ),
    (
        "aws.instance.metadata.hop-limit",
        lambda f, ec2: ec2.modify_instance_metadata_options(
            InstanceId=f.instance,
            HttpEndpoint="enabled",
            HttpTokens="optional",
            HttpPutResponseHopLimit=3,
            HttpProtocolIpv6="disabled",
            InstanceMetadataTags="disabled",
        ),
        Grade.A,
    ),
    (
        "aws.instance.security-groups",
        lambda f, ec2: ec2.modify_network_interface_attribute(
            NetworkInterfaceId=interface_of(f), Groups=[f.state.security_groups["lb"]]
        ),
        Grade.A,
    ),
    (
        "aws.instance.tags",
        lambda f, ec2: ec2.create_tags(Resources=[f.instance], Tags=[{"Key": "team", "Value": "mine"}]),
        Grade.A,
    ),
    ("aws.instance.tags", lambda f, ec2: ec2.delete_tags(Resources=[f.instance], Tags=[{"Key": "team"}]), Grade.A),
    (
        "aws.instance.tag.owned",
        lambda f, ec2: ec2.delete_tags(
            Resources=[f.instance], Tags=[{"Key": "sigs.k8s.io/cluster-api-provider-aws/cluster/c1"}]
        ),
        Grade.A,
    ),
    (
        INGRESS,
        lambda f, ec2: ec2.authorize_security_group_ingress(GroupId=f.group, IpPermissions=[permission()]),
        Grade.A,
    ),
    (
        INGRESS,
        lambda f, ec2: ec2.revoke_security_group_ingress(
            GroupId=f.group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 10250,
                    "ToPort": 10250,
                    "UserIdGroupPairs": [
                        {"GroupId": f.state.security_groups["controlplane"], "Description": "Kubelet API"}
                    ],
                }
            ],
        ),
        Grade.A,
    ),
    (
        "aws.security-group.egress",
        lambda f, ec2: ec2.revoke_security_group_egress(
            GroupId=f.group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        ),
        Grade.A,
    ),
    ("aws.instance.missing", lambda f, ec2: ec2.terminate_instances(InstanceIds=[f.instance]), Grade.A),
)


def interface_of(fleet: Fleet) -> str:
    found = fleet.by(SCRIPT).describe_instances(InstanceIds=[fleet.instance])["Reservations"][0]["Instances"][0]
    return str(found["NetworkInterfaces"][0]["NetworkInterfaceId"])


@pytest.mark.parametrize(("rule", "change", "grade"), CHANGES, ids=[f"{n}-{row[0]}" for n, row in enumerate(CHANGES)])
def test_each_kind_of_edit_is_found_in_the_history(fleet: Fleet, rule: str, change: Change, grade: Grade) -> None:
    with TRAIL.at(BEGIN):
        change(fleet, fleet.by(CONTROLLER) if rule == "none" else fleet.by(ALICE_CONSOLE))

    actor = fleet.actor(rule)

    assert (actor.who, actor.grade) == ("alice@example.com", grade), actor.reason


def test_an_untouched_fleet_has_no_finding_and_a_complete_history(fleet: Fleet) -> None:
    views = fleet.views()

    (cloud,) = views.clouds
    assert judged(views).findings == ()
    (log,) = cloud.history
    assert log.events == () and log.reason == ""
    assert log.complete_from == log.asked_from
    (read,) = [read for read in cloud.reads if read.view is View.HISTORY]
    assert (read.scope, read.status) == (f"aws/{ACCOUNT}/{REGION}/change-history", ScopeStatus.COMPLETE)
    assert read.calls == 1


def test_the_newest_of_two_editors_of_one_value_is_the_author(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, BOB_CONSOLE, "m5.2xlarge")
    with TRAIL.at(BEGIN + timedelta(hours=1)):
        retype(fleet, CAROL_CLI, "m5.4xlarge")

    actor = fleet.actor(TYPE)

    assert (actor.who, actor.grade, actor.reason) == ("carol@example.com", Grade.A, "")


def test_two_people_who_wrote_the_same_value_share_the_doubt(fleet: Fleet) -> None:
    for hours, who in ((0, BOB_CONSOLE), (1, CAROL_CLI)):
        with TRAIL.at(BEGIN + timedelta(hours=hours)):
            retype(fleet, who)

    actor = fleet.actor(TYPE)

    assert (actor.who, actor.grade) == ("carol@example.com", Grade.B)
    assert "bob (AWS console, role Operators)" in actor.reason


def test_an_edit_of_another_field_or_another_machine_accuses_nobody(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN - timedelta(days=10)):
        retype(fleet, CAROL_CLI)
    with TRAIL.at(BEGIN):
        fleet.by(BOB_CONSOLE).modify_instance_attribute(InstanceId=fleet.instance, SourceDestCheck={"Value": True})
        fleet.by(BOB_CONSOLE).create_tags(Resources=[fleet.instance], Tags=[{"Key": "seen", "Value": "1"}])

    actor = fleet.actor(TYPE)

    assert (actor.who, actor.actor_class, actor.grade) == ("", "unknown", Grade.E)
    assert "has no change that can have made it between" in actor.reason
    assert "it is older, or too young to be delivered" in actor.reason


def test_a_refused_attempt_is_told_and_accuses_nobody(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN - timedelta(days=10)):
        retype(fleet, CAROL_CLI)
    with TRAIL.at(BEGIN), pytest.raises(ClientError):
        fleet.by(BOB_CONSOLE).authorize_security_group_ingress(
            GroupId=fleet.group, IpPermissions=[permission(cidr="not-a-cidr")]
        )

    (log,) = fleet.views().clouds[0].history

    assert [(event.who, bool(event.refused)) for event in log.events] == [("bob", True)]
    assert fleet.actor(TYPE).who == ""


def test_the_controller_is_never_the_author_of_an_edit(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, CONTROLLER)
        fleet.by(BOB_CONSOLE).create_tags(Resources=[fleet.instance], Tags=[{"Key": "seen", "Value": "1"}])

    (log,) = fleet.views().clouds[0].history
    actor = fleet.actor(TYPE)

    assert sorted(event.controller for event in log.events) == [False, True]
    assert (actor.who, actor.actor_class) == ("", "unknown")


def test_a_person_with_the_controllers_credentials_is_told_apart_from_it(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, BORROWER)

    actor = fleet.actor(TYPE)

    assert (actor.who, actor.actor_class) == ("mallory", "cli-human")
    assert actor.how.endswith("with the controller's own credentials")


def test_a_service_that_acts_for_itself_is_named_as_one(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        fleet.by(SCALING).terminate_instances(InstanceIds=[fleet.instance])

    actor = fleet.actor("aws.instance.missing")

    assert (actor.actor_class, actor.how.split(",")[0]) == ("aws-service", "autoscaling.amazonaws.com")


# What the controller put back


def open_and_revert(fleet: Fleet, who: Who, at: datetime, minutes: int = 4) -> None:
    with TRAIL.at(at):
        fleet.by(who).authorize_security_group_ingress(GroupId=fleet.group, IpPermissions=[permission()])
    with TRAIL.at(at + timedelta(minutes=minutes)):
        fleet.by(CONTROLLER).revoke_security_group_ingress(GroupId=fleet.group, IpPermissions=[permission()])


def test_an_edit_that_was_put_back_is_found_and_fails_nothing(fleet: Fleet) -> None:
    open_and_revert(fleet, ALICE_CONSOLE, BEGIN)

    result = fleet.result()

    (finding,) = result.findings
    assert (finding.verdict, finding.path) == (Verdict.EDITED_AND_REVERTED, "ingress[tcp 22 from 0.0.0.0/0]")
    assert finding.actor is not None and finding.actor.who == "alice@example.com"
    assert finding.severity is Severity.MEDIUM
    assert finding.object is not None and finding.object.kind == "AWSCluster"
    assert finding.evidence[0].startswith("Once edited in the cloud by alice@example.com, and put back")
    assert "after 4 min" in finding.evidence[0]
    assert not fails(finding, Severity.INFO)
    assert result.status is Status.IN_SYNC


def test_a_repeat_offender_is_one_cause_with_a_count(fleet: Fleet) -> None:
    for day in range(3):
        open_and_revert(fleet, ALICE_CONSOLE, BEGIN + timedelta(hours=2 * day))

    result = fleet.result()

    (finding,) = result.findings
    (cause,) = result.causes
    assert cause.explanation.startswith("3 times edited in the cloud by alice@example.com")
    assert [link.fact.split(" at ")[0] for link in finding.chain] == [
        "capa-session (CAPA v2.13.0, role controllers.cluster-api-provider-aws.sigs.k8s.io) put it back",
        "alice@example.com (AWS console, permission set Admin) changed it",
    ]
    assert len(finding.evidence) == 1 + 3


METADATA = {
    "HttpEndpoint": "enabled",
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": 1,
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}


def _metadata(fleet: Fleet, who: Who, **changes: Any) -> None:
    fleet.by(who).modify_instance_metadata_options(InstanceId=fleet.instance, **{**METADATA, **changes})


def _groups(fleet: Fleet, who: Who, *roles: str) -> None:
    fleet.by(who).modify_network_interface_attribute(
        NetworkInterfaceId=interface_of(fleet), Groups=[fleet.state.security_groups[role] for role in roles]
    )


def test_what_was_put_back_is_told_of_every_kind_of_field(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        _metadata(fleet, CAROL_CLI, HttpPutResponseHopLimit=5)
        _groups(fleet, BOB_CONSOLE, "node", "lb", "controlplane")
    with TRAIL.at(BEGIN + timedelta(minutes=7)):
        _metadata(fleet, CONTROLLER)
        _groups(fleet, CONTROLLER, "lb", "node")

    findings = fleet.result().findings

    told = {(found.rule, found.actor.who if found.actor else "", found.verdict) for found in findings}
    assert told == {
        ("aws.instance.metadata.hop-limit", "carol@example.com", Verdict.EDITED_AND_REVERTED),
        ("aws.instance.security-groups", "bob", Verdict.EDITED_AND_REVERTED),
    }


def test_a_write_of_the_controller_long_after_or_of_the_same_value_puts_nothing_back(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        _metadata(fleet, CAROL_CLI)
    with TRAIL.at(BEGIN + timedelta(minutes=2)):
        _metadata(fleet, CONTROLLER)
    open_and_revert(fleet, ALICE_CONSOLE, BEGIN, minutes=90)

    assert fleet.result().findings == ()


def test_who_opens_again_what_was_closed_is_drift_and_a_repeat_offender(fleet: Fleet) -> None:
    open_and_revert(fleet, ALICE_CONSOLE, BEGIN)
    with TRAIL.at(BEGIN + timedelta(hours=1)):
        fleet.by(ALICE_CONSOLE).authorize_security_group_ingress(GroupId=fleet.group, IpPermissions=[permission()])

    result = fleet.result()

    assert sorted(found.verdict for found in result.findings) == [
        Verdict.EDITED_AND_REVERTED,
        Verdict.EDITED_IN_CLOUD,
    ]
    assert result.status is Status.DRIFT


# How far the sweep reaches


def test_without_the_right_the_drift_is_judged_and_nobody_is_named(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, ALICE_CONSOLE)
    TRAIL.spoil = refusing("AccessDeniedException")

    result = fleet.result()

    (finding,) = result.findings
    assert finding.actor is not None
    assert "cloudtrail:LookupEvents is not allowed" in finding.actor.reason
    assert (result.status, result.complete) == (Status.DRIFT, True)
    (gap,) = result.coverage.gaps
    assert (gap.view, gap.status) == ("history", "failed")
    assert "cloudtrail:LookupEvents" in gap.remedy
    assert result.coverage.percent == 100.0


def test_a_history_that_is_required_and_refused_makes_the_audit_incomplete(fleet: Fleet) -> None:
    TRAIL.spoil = refusing("AccessDeniedException")

    result = fleet.result(replace(FAST, required=True))

    assert (result.status, result.complete) == (Status.INCOMPLETE, False)
    (gap,) = result.coverage.gaps
    assert gap.view == "cloud"


def test_a_history_that_is_switched_off_is_not_asked_and_says_so(fleet: Fleet) -> None:
    retype(fleet, ALICE_CONSOLE)

    actor = fleet.actor(TYPE, replace(FAST, enabled=False))

    assert "switched off" in actor.reason
    assert TRAIL.lookups == []


def refusing(code: str, after: int = 0) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """LookupEvents gives so many pages, then nothing but this error."""
    from moto.core.exceptions import JsonRESTError

    seen = iter(range(after))

    def spoil(page: dict[str, Any], request: Any) -> dict[str, Any]:
        if next(seen, None) is None:
            raise JsonRESTError(code, "no")
        return page

    return spoil


def many(fleet: Fleet, count: int) -> None:
    """So many writes of the controller after an edit by a person, and one more by another person."""
    with TRAIL.at(BEGIN):
        retype(fleet, ALICE_CONSOLE)
    with TRAIL.at(BEGIN + timedelta(minutes=1)):
        fleet.by(CONTROLLER).create_tags(Resources=[fleet.state.vpc_id], Tags=[{"Key": "Name", "Value": "c1-vpc"}])
    (again,) = [record for record in TRAIL.named("CreateTags") if "v2.13.0" in record["userAgent"]]
    for number in range(count):
        TRAIL.repeat(again, BEGIN + timedelta(minutes=2, milliseconds=number * 100))
    with TRAIL.at(BEGIN + timedelta(hours=2)):
        fleet.by(BOB_CONSOLE).authorize_security_group_ingress(GroupId=fleet.group, IpPermissions=[permission()])


def test_ten_thousand_writes_of_the_controller_do_not_hide_the_people_around_them(fleet: Fleet) -> None:
    many(fleet, 10_000)

    views = fleet.views()

    (log,) = views.clouds[0].history
    assert log.seen == 10_003
    assert [event.who for event in log.events] == ["bob", "alice@example.com"]
    actors = {found.rule: found.actor.who for found in judged(views).findings if found.actor}
    assert actors == {TYPE: "alice@example.com", INGRESS: "bob"}
    assert len(TRAIL.lookups) == 201


def test_a_sweep_that_ends_early_names_the_newest_and_says_from_when_on_it_is_complete(fleet: Fleet) -> None:
    many(fleet, 300)

    result = fleet.result(replace(FAST, max_pages=3))

    actors = {found.rule: found.actor for found in result.findings if found.actor is not None}
    assert actors[INGRESS].who == "bob"
    assert actors[TYPE].who == ""
    assert "it reaches back to" in actors[TYPE].reason
    (read,) = [read for read in result.coverage.scopes if read.view is View.HISTORY]
    assert read.status is ScopeStatus.PARTIAL
    assert result.complete


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "ExpiredTokenException"])
def test_pages_before_a_failure_still_count(fleet: Fleet, code: str) -> None:
    many(fleet, 100)
    TRAIL.spoil = refusing(code, after=1)

    views = fleet.views()

    (log,) = views.clouds[0].history
    assert [event.who for event in log.events] == ["bob"]
    assert log.complete_from > (BEGIN + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (gap,) = [gap for gap in views.clouds[0].gaps if gap.view is View.HISTORY]
    assert gap.status is ScopeStatus.PARTIAL


def same_token(page: dict[str, Any], request: Any) -> dict[str, Any]:
    return {**page, "NextToken": "50"}


def no_json(page: dict[str, Any], request: Any) -> dict[str, Any]:
    broken = ["{", "[]", "null", '{"eventTime": 5}', "[" * 100_000, ""]
    return {**page, "Events": [{**event, "CloudTrailEvent": broken[n % 6]} for n, event in enumerate(page["Events"])]}


def shuffled(page: dict[str, Any], request: Any) -> dict[str, Any]:
    return {**page, "Events": list(reversed(page["Events"]))}


def twice(page: dict[str, Any], request: Any) -> dict[str, Any]:
    return {**page, "Events": [*page["Events"], *page["Events"]]}


def test_a_token_that_comes_twice_ends_the_sweep(fleet: Fleet) -> None:
    many(fleet, 120)
    TRAIL.spoil = same_token

    (log,) = fleet.views().clouds[0].history

    assert len(TRAIL.lookups) == 2
    assert "the same page again" in log.reason
    assert log.complete_from > log.asked_from


def test_records_that_are_no_json_are_counted_and_spoil_nothing_else(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, ALICE_CONSOLE)
    TRAIL.spoil = no_json

    result = fleet.result()

    (finding,) = result.findings
    assert finding.actor is not None
    assert "stands among 1 records that could not be read" in finding.actor.reason


def test_disorder_and_repetition_change_no_answer(fleet: Fleet) -> None:
    many(fleet, 20)
    told = []
    for spoil in (None, shuffled, twice):
        TRAIL.spoil = spoil
        (log,) = fleet.views().clouds[0].history
        told.append((log.events, log.seen))

    assert told[0] == told[1] == told[2]


def test_a_change_that_is_not_delivered_yet_is_not_called_absent(fleet: Fleet) -> None:
    retype(fleet, ALICE_CONSOLE)
    TRAIL.spoil = lambda page, request: {"Events": []}

    actor = fleet.actor(TYPE)

    assert "too young to be delivered" in actor.reason


def test_the_window_is_asked_of_aws_and_nothing_older_is_claimed(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, ALICE_CONSOLE)

    views = fleet.views(replace(FAST, window_hours=2.0))

    (log,) = views.clouds[0].history
    (finding,) = judged(views).findings
    assert log.events == ()
    assert log.complete_from == log.asked_from
    assert finding.actor is not None and log.complete_from in finding.actor.reason


def test_one_sweep_serves_every_finding_and_no_finding_is_looked_up(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, ALICE_CONSOLE)
        fleet.by(BOB_CONSOLE).authorize_security_group_ingress(
            GroupId=fleet.group, IpPermissions=[permission(port) for port in range(20, 40)]
        )

    assert len(fleet.result().findings) == 21
    assert len(TRAIL.lookups) == 1
    assert TRAIL.lookups[0]["LookupAttributes"] == [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]


def test_the_sweep_keeps_to_the_pace_that_cloudtrail_allows(fleet: Fleet) -> None:
    many(fleet, 130)

    (cloud,) = fleet.views(AwsHistory()).clouds

    (read,) = [read for read in cloud.reads if read.view is View.HISTORY]
    assert read.calls == 3
    assert read.seconds >= 1.0


def test_user_data_and_tokens_never_enter_the_view(fleet: Fleet) -> None:
    canary = "canary-7d1f"
    with TRAIL.at(BEGIN):
        ec2 = fleet.by(ALICE_CONSOLE)
        ec2.stop_instances(InstanceIds=[fleet.instance])
        ec2.modify_instance_attribute(InstanceId=fleet.instance, UserData={"Value": base64.b64encode(canary.encode())})
    for record in TRAIL.records:
        record["requestParameters"]["userData"] = canary
        record["requestParameters"]["clientToken"] = canary
        record["responseElements"] = {"credentials": {"sessionToken": canary}}
        record["errorMessage"] = canary
        record["userIdentity"]["sessionContext"]["webIdFederationData"] = {"attributes": {"token": canary}}

    views = fleet.views()

    assert len(views.clouds[0].history[0].events) == 2
    assert canary not in repr(views.clouds[0].history)


def test_a_recording_gives_the_same_actors_without_aws(fleet: Fleet, tmp_path: Path) -> None:
    with TRAIL.at(BEGIN):
        retype(fleet, ALICE_CONSOLE)
    open_and_revert(fleet, BOB_CONSOLE, BEGIN)
    views = fleet.views()

    write_recording(views, tmp_path / "a.dar", tool_version="1", created_at="now", config_digest="x")
    replayed = read_recording(tmp_path / "a.dar").views

    assert replayed.clouds == views.clouds
    assert judged(replayed).findings == judged(views).findings


# IAM, whose changes stand in one region of the partition


def test_iam_is_swept_only_when_a_finding_is_about_it(fleet: Fleet) -> None:
    with TRAIL.at(BEGIN):
        fleet.by(ALICE_CONSOLE, "iam").create_role(RoleName="nodes-of-c1", AssumeRolePolicyDocument="{}")
    provider = fleet.provider()
    (request,) = provider.plan([view(cluster_objects(SPEC, fleet.state))]).requests
    cloud = provider.collect(request, quiet)
    role = ResourceKey("aws", ACCOUNT, REGION, ROLE, "nodes-of-c1")

    about_an_instance = provider.reread(
        request, cloud, [ResourceKey("aws", ACCOUNT, REGION, "instance", fleet.instance)]
    )
    about_a_role = provider.reread(request, cloud, [role])
    again = provider.reread(request, about_a_role, [role])

    assert [log.region for log in about_an_instance.history] == [REGION]
    assert [log.region for log in about_a_role.history] == [REGION, "us-east-1"]
    assert again.history == about_a_role.history
    assert f"aws/{ACCOUNT}/us-east-1/change-history" in {read.scope for read in about_a_role.reads}


@pytest.mark.parametrize(
    ("region", "home"),
    [("eu-west-1", "us-east-1"), ("cn-northwest-1", "cn-north-1"), ("us-gov-east-1", "us-gov-west-1")],
)
def test_each_partition_has_its_own_home_of_iam(region: str, home: str) -> None:
    assert global_region(region) == home
