"""What may leave the process, and how fast."""

from __future__ import annotations

import pytest
from botocore.parsers import ResponseParserError

from drift_audit_aws.session import AccountSession, Pace, RefusedCall, check_allowed, check_answer
from tests.unit.aws.builders import REGION, settings


@pytest.mark.parametrize("operation", ["DescribeInstances", "GetCallerIdentity", "ListTagsForResource", "AssumeRole"])
def test_reads_are_let_out(operation: str) -> None:
    check_allowed(operation)


@pytest.mark.parametrize(
    "operation",
    [
        "TerminateInstances",
        "CreateTags",
        "ModifyInstanceAttribute",
        "DescribeInstanceAttribute",
        "GetLaunchTemplateData",
        "GetSecretValue",
    ],
)
def test_writes_and_secrets_are_not(operation: str) -> None:
    with pytest.raises(RefusedCall):
        check_allowed(operation)


def test_a_write_is_refused_before_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    configured = settings(endpoint_url="http://127.0.0.1:9")
    session = AccountSession(configured, configured.accounts[0])

    metered = session.client("ec2", REGION)

    with pytest.raises(RefusedCall, match="TerminateInstances"):
        metered.client.terminate_instances(InstanceIds=["i-1"])
    assert metered.meter.calls == 0


def test_the_audit_names_itself_to_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    configured = settings()
    session = AccountSession(configured, configured.accounts[0])

    assert "drift-audit/" in session.client("ec2", REGION).client.meta.config.user_agent


def test_calls_are_spread_after_a_first_burst() -> None:
    moments = iter([0.0] * 12 + [10.0])
    slept: list[float] = []
    pace = Pace(5.0, clock=lambda: next(moments), sleep=slept.append)

    for _ in range(12):
        pace.wait()
    pace.wait()

    assert slept == [pytest.approx(0.2), pytest.approx(0.4)]


@pytest.mark.parametrize("content", [b'{"SecretList": [{"Na', b"<html>", b"[]", b"\xff"])
def test_a_json_answer_that_is_none_is_a_failure_and_no_empty_page(content: bytes) -> None:
    with pytest.raises(ResponseParserError):
        check_answer("json", "ListSecrets", 200, content)

    check_answer("json", "ListSecrets", 503, content)  # botocore reads errors itself


def test_an_answer_to_something_else_is_a_failure_and_no_empty_page() -> None:
    for content in (b"<html><body>Please log in</body></html>", b"<DescribeVpcsResponse/>", b""):
        with pytest.raises(ResponseParserError):
            check_answer("ec2", "DescribeInstances", 200, content)
        with pytest.raises(ResponseParserError):
            check_answer("rest-xml", "ListBuckets", 200, content.replace(b"Response", b""))


@pytest.mark.parametrize("content", [b"{}", b"", b'{"SecretList": []}'])
def test_a_whole_json_answer_is_let_through(content: bytes) -> None:
    check_answer("json", "ListSecrets", 200, content)
