"""Nothing of user data but its length gets past the door.

- the answer of EC2 loses it before botocore's parser reads or logs it
- whether it is the text that CAPA noted is told, and nothing else
- a body that is no XML loses everything, for botocore quotes such a body in its exception
- should botocore ever parse without asking first, the answer is refused
"""

from __future__ import annotations

import base64
import hashlib
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore.parsers import ResponseParserError

from drift_audit_aws.session import AccountSession
from drift_audit_aws.user_data import HASH_TAG, Against, SecretsLetThrough, read_mark, refuse_secrets, without_user_data
from tests.unit.aws.builders import REGION, settings
from tests.unit.aws.faults import Answer, faulty_aws, refusing

CANARY = "kubeadm join --token canary1.0123456789abcdef"
ENCODED = base64.b64encode(CANARY.encode()).decode()
HASH = hashlib.sha256(CANARY.encode()).hexdigest()
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


def answer(user_data: str = ENCODED, noted: str = HASH, element: str = "userData") -> bytes:
    tag = f"<item><key>{HASH_TAG}</key><value>{noted}</value></item>" if noted else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<DescribeLaunchTemplateVersionsResponse xmlns="{NAMESPACE}">
  <requestId>1</requestId>
  <launchTemplateVersionSet>
    <item>
      <launchTemplateId>lt-1</launchTemplateId>
      <versionNumber>4</versionNumber>
      <launchTemplateData>
        <imageId>ami-1</imageId>
        <{element}>{user_data}</{element}>
        <tagSpecificationSet><item><resourceType>instance</resourceType>
          <tagSet><item><key>Name</key><value>mp-0</value></item>{tag}</tagSet></item></tagSpecificationSet>
      </launchTemplateData>
    </item>
  </launchTemplateVersionSet>
</DescribeLaunchTemplateVersionsResponse>""".encode()


def parsed(body: bytes) -> Any:
    """What botocore reads in an answer."""
    session = botocore.session.get_session()
    model = session.get_service_model("ec2").operation_model("DescribeLaunchTemplateVersions")
    parser = session.get_component("response_parser_factory").create_parser("ec2")
    return parser.parse({"body": body, "headers": {}, "status_code": 200}, model.output_shape)


def shown(body: bytes) -> str:
    """The user data of the one version in an answer."""
    text: str = parsed(without_user_data(body))["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"]
    return text


def secrets() -> list[str]:
    """Every spelling in which a part of it would be seen."""
    return [CANARY, "canary1", ENCODED, ENCODED[:24], ENCODED[8:40]]


@pytest.mark.parametrize(
    ("body", "against"),
    [
        (answer(), Against.NOTED),
        (answer(noted="0" * 64), Against.OTHER),
        (answer(noted=""), Against.NO_NOTE),
        (answer(base64.b64encode(b'{"ignition": {}}').decode()), Against.POINTER),
        (answer(f"<![CDATA[{ENCODED}]]>"), Against.NOTED),
        (answer(f"\n  {ENCODED}\n"), Against.NOTED),
        (answer("not base64 at all: canary1"), Against.OTHER),
    ],
)
def test_only_a_mark_is_left(body: bytes, against: Against) -> None:
    left = without_user_data(body)

    mark = read_mark(shown(body))
    assert mark is not None and mark[0] is against
    assert [secret for secret in secrets() if secret.encode() in left] == []


def test_the_length_is_that_of_the_decoded_text() -> None:
    assert read_mark(shown(answer())) == (Against.NOTED, len(CANARY))


def test_everything_else_stays_as_it_was() -> None:
    kept = parsed(without_user_data(answer()))["LaunchTemplateVersions"][0]
    whole = parsed(answer())["LaunchTemplateVersions"][0]

    assert {**whole["LaunchTemplateData"], "UserData": ""} == {**kept["LaunchTemplateData"], "UserData": ""}
    assert kept["VersionNumber"] == 4


@pytest.mark.parametrize("element", ["UserData", "userdata"])
def test_another_spelling_of_the_element_hides_nothing(element: str) -> None:
    assert ENCODED.encode() not in without_user_data(answer(element=element))


@pytest.mark.parametrize("cut", [200, 460, 520, len(answer()) - 1])
def test_a_body_that_ends_half_way_is_dropped_whole(cut: int) -> None:
    left = without_user_data(answer()[:cut])

    assert b"lt-1" not in left
    assert [secret for secret in secrets() if secret.encode() in left] == []


@pytest.mark.parametrize("text", [ENCODED, CANARY, "user-data:sha256-noted:12x", "user-data:else:1"])
def test_what_is_no_mark_is_refused_and_not_quoted(text: str) -> None:
    found = {"LaunchTemplateVersions": [{"LaunchTemplateData": {"UserData": text}}]}

    with pytest.raises(SecretsLetThrough) as refused:
        refuse_secrets(found)

    assert text not in str(refused.value)


def test_marks_are_not_refused() -> None:
    refuse_secrets(parsed(without_user_data(answer())))


@contextmanager
def endpoint(body: bytes) -> Iterator[Any]:
    """A client of the audit for an EC2 that gives this answer."""
    with faulty_aws("http://127.0.0.1:9", refusing("DescribeLaunchTemplateVersions", Answer(200, body))) as aws:
        configured = settings(endpoint_url=aws.url, max_attempts=1)
        yield AccountSession(configured, configured.accounts[0]).client("ec2", REGION).client


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")


@pytest.mark.usefixtures("keys")
def test_the_most_talkative_log_of_the_wire_shows_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with endpoint(answer()) as client:
        found = client.describe_launch_template_versions(Versions=["$Latest"])

    assert "Response body" in caplog.text, "botocore logs bodies at this level: the test proves something"
    assert [secret for secret in secrets() if secret in caplog.text + str(found)] == []


@pytest.mark.usefixtures("keys")
def test_the_exception_about_a_broken_body_shows_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with endpoint(answer()[:520]) as client, pytest.raises(ResponseParserError) as broken:
        client.describe_launch_template_versions(Versions=["$Latest"])

    told = "".join(traceback.format_exception(broken.value)) + caplog.text
    assert [secret for secret in secrets() if secret in told] == []


@pytest.mark.usefixtures("keys")
def test_a_botocore_that_parses_without_asking_fails_instead_of_leaking(caplog: pytest.LogCaptureFixture) -> None:
    with endpoint(answer()) as client:
        client.meta.events.register_last("before-parse", _put_back)
        with pytest.raises(SecretsLetThrough):
            client.describe_launch_template_versions(Versions=["$Latest"])


def _put_back(response_dict: dict[str, Any], **_: Any) -> None:
    response_dict["body"] = answer()
