"""One spelling for security group rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.model.values import JsonObject
from drift_audit_aws.security_groups.rules import (
    Rule,
    differences,
    exploded,
    opens_to_everyone,
    rule,
    rule_of,
    shown,
    shown_fully,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rule("icmpv6", -1, -1, "::/0", ""), rule("58", -1, -1, "::/0", "")),
        (rule("4", -1, 65535, "sg-1", "x"), rule("4", None, None, "sg-1", "x")),
        (rule("-1", None, None, "sg-1", ""), rule("-1", 0, 65535, "sg-1", None)),
        (rule("6", 22, 22, "10.0.0.5/16", ""), rule("tcp", 22, 22, "10.0.0.0/16", "")),
        (rule("tcp", 1, 2, "2001:DB8::1/32", ""), rule("tcp", 1, 2, "2001:db8::/32", "")),
    ],
)
def test_spellings_of_one_rule_are_equal(one: Rule, other: Rule) -> None:
    assert list(differences([one], [other])) == []


def test_a_permission_is_one_rule_per_source() -> None:
    permission: JsonObject = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "a"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        "UserIdGroupPairs": [{"GroupId": "sg-1", "Description": "b"}, {"UserId": "1"}],
        "PrefixListIds": [{"PrefixListId": "pl-1"}],
    }

    found = list(exploded([permission]))

    assert [(each.source, each.description) for each in found] == [
        ("10.0.0.0/8", "a"),
        ("::/0", ""),
        ("sg-1", "b"),
        ("pl-1", ""),
    ]
    assert [each.by_prefix_list for each in found] == [False, False, False, True]


def test_a_rule_with_another_description_is_one_difference() -> None:
    wanted, actual = rule("tcp", 22, 22, "10.0.0.0/8", "SSH"), rule("tcp", 22, 22, "10.0.0.0/8", "ssh")

    (difference,) = differences([wanted], [actual])

    assert (difference.wanted, difference.actual) == (wanted, actual)


@pytest.mark.parametrize(
    ("found", "opened"),
    [
        (rule("tcp", 22, 22, "0.0.0.0/0", ""), "SSH"),
        (rule("tcp", 2000, 2400, "::/0", ""), "etcd, etcd peers"),
        (rule("-1", None, None, "0.0.0.0/0", ""), "all ports"),
        (rule("tcp", 0, 65535, "0.0.0.0/0", ""), "all ports"),
        (rule("tcp", 443, 443, "0.0.0.0/0", ""), ""),
        (rule("udp", 22, 22, "0.0.0.0/0", ""), ""),
        (rule("tcp", 22, 22, "10.0.0.0/8", ""), ""),
    ],
)
def test_what_a_rule_lays_open(found: Rule, opened: str) -> None:
    assert opens_to_everyone(found) == opened


def test_a_rule_is_shown_with_the_role_of_its_source() -> None:
    names = {"sg-1": "node"}

    assert shown(rule("tcp", 10250, 10250, "sg-1", "Kubelet API"), names) == "tcp 10250 from node"
    assert shown_fully(rule("4", None, None, "sg-1", "calico"), names) == 'IP-in-IP from node "calico"'
    assert shown(rule("-1", None, None, "0.0.0.0/0", ""), {}, "to") == "all to 0.0.0.0/0"


RULES = st.builds(
    rule,
    st.sampled_from(["tcp", "udp", "icmp", "58", "4", "50", "-1"]),
    st.one_of(st.none(), st.integers(-1, 65535)),
    st.one_of(st.none(), st.integers(-1, 65535)),
    st.sampled_from(["0.0.0.0/0", "::/0", "10.1.2.3/8", "sg-1", "pl-1"]),
    st.sampled_from(["", "a", "b"]),
)


@given(st.lists(RULES))
def test_rules_equal_themselves_in_any_order_and_survive_json(found: list[Rule]) -> None:
    assert list(differences(found, list(reversed(found)))) == []
    assert [rule_of(each.as_json()) for each in found] == found
