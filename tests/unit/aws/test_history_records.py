"""One record of CloudTrail in few words: ids from wherever they stand, values only where the table names them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from drift_audit.model.changes import ChangeEvent
from drift_audit_aws.history.events import EVENTS, Effect
from drift_audit_aws.history.records import LONGEST_TEXT, recorded


def event(name: str, request: Any = None, response: Any = None, source: str = "ec2", **more: Any) -> ChangeEvent:
    record = {
        "eventID": "e-1",
        "eventTime": "2026-11-20T12:00:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        "requestParameters": request,
        "responseElements": response,
        **more,
    }
    found = recorded({"CloudTrailEvent": json.dumps(record)})
    assert found is not None
    return found.event


RULE = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "source": "0.0.0.0/0", "description": ""}
LAYOUTS: tuple[tuple[str, dict[str, Any], tuple[str, ...], dict[str, Any]], ...] = (
    (
        "StopInstances",
        {"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaa"}, {"instanceId": "i-0bbbbbbbb"}]}, "force": False},
        ("i-0aaaaaaaa", "i-0bbbbbbbb"),
        {"State": None},
    ),
    (
        "ModifyInstanceAttribute",
        {"instanceId": "i-0aaaaaaaa", "instanceType": {"value": "m5.4xlarge"}},
        ("i-0aaaaaaaa",),
        {"InstanceType": "m5.4xlarge"},
    ),
    (
        "ModifyInstanceAttribute",
        {"instanceId": "i-0aaaaaaaa", "userData": "<sensitiveDataRemoved>"},
        ("i-0aaaaaaaa",),
        {},
    ),
    (
        "ModifyInstanceMetadataOptions",
        {"ModifyInstanceMetadataOptionsRequest": {"InstanceId": "i-0aaaaaaaa", "HttpPutResponseHopLimit": 3}},
        ("i-0aaaaaaaa",),
        {"MetadataOptions.HttpPutResponseHopLimit": 3},
    ),
    (
        "ModifyNetworkInterfaceAttribute",
        {"networkInterfaceId": "eni-0aaaaaaaa", "groupSet": {"items": [{"groupId": "sg-1"}, {"groupId": "sg-2"}]}},
        ("eni-0aaaaaaaa",),
        {"NetworkInterfaces.Groups": ["sg-1", "sg-2"], "Groups": ["sg-1", "sg-2"]},
    ),
    (
        "CreateTags",
        {
            "resourcesSet": {"items": [{"resourceId": "i-0aaaaaaaa"}]},
            "tagSet": {"items": [{"key": "team", "value": "mine"}]},
        },
        ("i-0aaaaaaaa",),
        {"Tags": {"team": "mine"}},
    ),
    (
        "DeleteTags",
        {"resourcesSet": {"items": [{"resourceId": "i-0aaaaaaaa"}]}, "tagSet": {"items": [{"key": "team"}]}},
        ("i-0aaaaaaaa",),
        {"Tags": {"team": None}},
    ),
    (
        "AuthorizeSecurityGroupIngress",
        {
            "groupId": "sg-0aaaaaaaa",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 22,
                        "toPort": 22,
                        "groups": {},
                        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
        ("sg-0aaaaaaaa",),
        {"IpPermissions": [RULE]},
    ),
    (
        "ModifySecurityGroupRules",
        {
            "ModifySecurityGroupRulesRequest": {
                "GroupId": "sg-0aaaaaaaa",
                "SecurityGroupRule": {
                    "SecurityGroupRuleId": "sgr-0bbbbbbbb",
                    "tag": 1,
                    "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "0.0.0.0/0"},
                },
            }
        },
        ("sg-0aaaaaaaa",),
        {"IpPermissions": [RULE], "IpPermissionsEgress": [RULE]},
    ),
    (
        "DeleteVpcEndpoints",
        {"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-0aaaaaaaa"}}},
        ("vpce-0aaaaaaaa",),
        {},
    ),
)


@pytest.mark.parametrize(("name", "request_", "ids", "writes"), LAYOUTS, ids=[row[0] for row in LAYOUTS])
def test_each_documented_layout_gives_ids_and_values(
    name: str, request_: dict[str, Any], ids: tuple[str, ...], writes: dict[str, Any]
) -> None:
    found = event(name, request_)

    assert (found.action, found.resources, dict(found.writes)) == (f"ec2:{name}", ids, writes)


def test_an_id_that_only_the_answer_has_is_found_there() -> None:
    answer = {
        "DisassociateIamInstanceProfileResponse": {"iamInstanceProfileAssociation": {"instanceId": "i-0aaaaaaaa"}}
    }

    found = event(
        "DisassociateIamInstanceProfile", {"DisassociateIamInstanceProfileRequest": {"AssociationId": "x"}}, answer
    )

    assert found.resources == ("i-0aaaaaaaa",)


def test_a_call_that_nobody_listed_is_known_by_the_ids_inside_it_and_keeps_no_value() -> None:
    request = {"deep": [{"er": "i-0aaaaaaaa"}], "secret": "canary", "arn": "arn:aws:ec2:eu-west-1:1:x/y"}

    found = event("ModifyTheFuture", request)

    assert found.resources == ("i-0aaaaaaaa", "arn:aws:ec2:eu-west-1:1:x/y")
    assert found.writes == {}
    assert "canary" not in repr(found)


def test_other_services_name_their_resources_in_their_own_way() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/1"
    balancer = event(
        "SetSecurityGroups", {"loadBalancerArn": arn, "securityGroups": ["sg-1"]}, source="elasticloadbalancing"
    )
    pool = event(
        "UpdateAutoScalingGroup", {"autoScalingGroupName": "workers", "minSize": 2, "maxSize": 9}, source="autoscaling"
    )
    role = event("DetachRolePolicy", {"roleName": "nodes", "policyArn": "arn:aws:iam::aws:policy/X"}, source="iam")

    assert (balancer.resources, balancer.writes) == ((arn,), {"SecurityGroups": ["sg-1"]})
    assert (pool.resources, dict(pool.writes)) == (("workers",), {"MinSize": 2, "MaxSize": 9})
    assert role.resources == ("nodes",)


def test_texts_are_cut_and_an_attempt_keeps_only_the_code_of_its_error() -> None:
    found = event(
        "ModifyInstanceAttribute",
        {"instanceId": "i-0aaaaaaaa", "instanceType": {"value": "m" * 5000}},
        errorCode="UnauthorizedOperation",
        errorMessage="Encoded authorization failure message: canary",
        sourceIPAddress="203.0.113.7; rm -rf /",
    )

    assert len(str(found.writes["InstanceType"])) == LONGEST_TEXT
    assert found.refused == "UnauthorizedOperation"
    assert found.origin == ""
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "5",
        '"x"',
        "{}",
        '{"eventTime": 5}',
        '{"eventTime": "soon", "eventName": "X"}',
        "[" * 99999,
    ],
)
def test_a_broken_record_is_none(text: str) -> None:
    assert recorded({"CloudTrailEvent": text}) is None


def test_a_record_without_a_time_takes_that_of_its_entry() -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    found = recorded({"CloudTrailEvent": '{"eventName": "StopInstances"}', "EventTime": at, "EventId": "e"})

    assert found is not None
    assert (found.event.at, found.event.id) == ("2026-11-20T12:00:00Z", "e")


def test_every_row_of_the_table_names_an_action_of_aws_and_what_it_undoes_is_in_the_table() -> None:
    from botocore.session import get_session

    models = {
        "ec2": ("ec2",),
        "elasticloadbalancing": ("elb", "elbv2"),
        "autoscaling": ("autoscaling",),
        "iam": ("iam",),
        "eks": ("eks",),
    }
    session = get_session()
    known = {
        f"{prefix}:{operation}"
        for prefix, services in models.items()
        for service in services
        for operation in session.get_service_model(service).operation_names
    }
    not_a_call = {"ec2:BidEvictedEvent"}

    assert set(EVENTS) - known == not_a_call
    assert {back for row in EVENTS.values() for back in row.undone_by} <= set(EVENTS)
    assert all(row.writes or row.effect in (Effect.CREATE, Effect.DESTROY) for row in EVENTS.values())


PRINCIPAL = "arn:aws:iam::111122223333:role/team/admins"
GROUP = {"clusterName": "prod_e1", "nodegroupName": "ng"}


@pytest.mark.parametrize(
    ("name", "request_parameters", "resources"),
    [
        ("UpdateClusterConfig", {"name": "prod_e1"}, ("prod_e1",)),
        ("UpdateNodegroupConfig", GROUP, ("prod_e1/ng",)),
        ("UpdateNodegroupConfig", {"name": "prod_e1", "nodegroupName": "ng"}, ("prod_e1/ng",)),
        ("DeleteNodegroup", GROUP, ("prod_e1/ng",)),
        ("CreateAddon", {"name": "prod_e1", "addonName": "adot"}, ("prod_e1/adot", "prod_e1")),
        ("UpdateAddon", {"clusterName": "prod_e1", "addonName": "coredns"}, ("prod_e1/coredns",)),
        (
            "AssociateAccessPolicy",
            {"name": "prod_e1", "principalArn": PRINCIPAL.replace(":", "%3A").replace("/", "%2F")},
            (f"prod_e1/{PRINCIPAL}",),
        ),
        ("DeleteAccessEntry", {"clusterName": "prod_e1", "principalArn": PRINCIPAL}, (f"prod_e1/{PRINCIPAL}",)),
        (
            "CreateAccessEntry",
            {"clusterName": "prod_e1", "principalArn": PRINCIPAL},
            (f"prod_e1/{PRINCIPAL}", PRINCIPAL),
        ),
        ("DeleteFargateProfile", {"name": "prod_e1", "fargateProfileName": "fp"}, ("prod_e1/fp",)),
        (
            "DisassociateIdentityProviderConfig",
            {"name": "prod_e1", "identityProviderConfig": {"type": "oidc", "name": "dex"}},
            ("prod_e1/dex",),
        ),
    ],
)
def test_a_part_of_an_eks_cluster_is_known_by_both_names(
    name: str, request_parameters: Any, resources: tuple[str, ...]
) -> None:
    assert event(name, request_parameters, source="eks").resources == resources


def test_tags_of_eks_are_kept_by_their_keys() -> None:
    arn = "arn:aws:eks:eu-west-1:111122223333:cluster/prod_e1"

    tagged = event("TagResource", {"resourceArn": arn, "tags": {"team": "web"}}, source="eks")
    untagged = event("UntagResource", {"resourceArn": arn, "tagKeys": ["team"]}, source="eks")

    assert (tagged.resources, tagged.writes) == ((arn,), {"tags": {"team": "web"}})
    assert untagged.writes == {"tags": {"team": None}}
