"""Pages of items that are alike: whatever stands in them, they read as their trees read, or fail as those fail."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from botocore.parsers import ResponseParserError, ResponseParserFactory
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_audit_aws.responses import QuickParserFactory, _QuickEc2, stamp_of
from drift_audit_aws.skeletons import WORTH_A_PATTERN

_INSTANCE = """
    <item>
      <instanceId>i-{number:017x}</instanceId><imageId>ami-1</imageId>
      <instanceState><code>16</code><name>running</name></instanceState>
      <launchTime>2026-11-20T08:00:{second:02d}.000Z</launchTime><ebsOptimized>true</ebsOptimized>
      <blockDeviceMapping>
        <item><deviceName>/dev/sda1</deviceName><ebs><volumeId>vol-{number}</volumeId><status>attached</status></ebs></item>
      </blockDeviceMapping>
      <productCodes/><reason></reason><groupSet /><unheardOf><of>{number}</of></unheardOf>
      <tagSet>{tags}</tagSet>
      <placement><availabilityZone>eu-central-1a</availabilityZone></placement>
    </item>"""
_TAG = "<item><key>{}</key><value>{}</value></item>"


def _instance(number: int, *tags: tuple[str, str]) -> str:
    return _INSTANCE.format(number=number, second=number % 60, tags="".join(_TAG.format(*tag) for tag in tags))


def _page(instances: Sequence[str], *, before: str = "", after: str = "", head: str = "") -> bytes:
    """A page with each instance in a reservation of its own, long enough to be taken apart."""
    reservations = "".join(
        f"<item>\n<reservationId>r-{place}</reservationId><instancesSet>{each}</instancesSet>\n</item>\n"
        for place, each in enumerate(instances)
    )
    return (
        f'{head}<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">\n'
        f"{before}<requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE{'-' * 10_000}</requestId>"
        f"<reservationSet>\n{reservations}</reservationSet>\n{after}</DescribeInstancesResponse>"
    ).encode()


@functools.cache
def _operation() -> Any:
    return get_session().get_service_model("ec2").operation_model("DescribeInstances").output_shape


def _parsed(factory: ResponseParserFactory, body: bytes) -> Any:
    """What the answer says, or the kind of error that it is."""
    response = {"status_code": 200, "headers": {}, "body": body, "context": {}}
    try:
        return factory.create_parser("ec2").parse(response, _operation())
    except (ResponseParserError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


class _AsTrees(QuickParserFactory):
    """Reads every page as a tree: what `test_responses` holds together with botocore."""

    def create_parser(self, protocol_name: str) -> Any:
        return _TreeParser(stamp_of)


class _TreeParser(_QuickEc2):
    def _by_skeletons(self, response: Any, shape: Any) -> None:
        return None


@functools.cache
def _learned() -> QuickParserFactory:
    """A reader that knows the usual instance, and one with two tags."""
    factory = QuickParserFactory()
    usual = [_instance(number) for number in range(WORTH_A_PATTERN)]
    tagged = [_instance(number, ("Name", f"n-{number}"), ("a", "b")) for number in range(WORTH_A_PATTERN)]
    _parsed(factory, _page([*usual, *tagged]))
    return factory


def _reads_alike(body: bytes) -> None:
    assert _parsed(_learned(), body) == _parsed(_AsTrees(), body)


def test_items_of_a_known_skeleton_are_no_longer_read_as_trees() -> None:
    reader = next(iter(_learned().create_parser("ec2")._lists.values()))
    asked: list[str] = []
    item = reader.item

    def noted(node: Element) -> Any:
        asked.append("tree")
        return item(node)

    reader.item = noted
    try:
        _reads_alike(_page([_instance(7), _instance(8, ("Name", "n"), ("c", "d"))]))
        known = len(asked)
        _reads_alike(_page([_instance(9, ("Name", "n"))]))
    finally:
        reader.item = item

    assert (known, len(asked)) == (0, 1)


def test_equal_parts_of_instances_are_one_value() -> None:
    reservations = _parsed(_learned(), _page([_instance(1), _instance(2)]))["Reservations"]
    one, other = (reservation["Instances"][0] for reservation in reservations)

    assert one["State"] == {"Code": 16, "Name": "running"}
    assert one["State"] is other["State"]
    assert one["BlockDeviceMappings"] != other["BlockDeviceMappings"]


@pytest.mark.parametrize(
    "value",
    [
        "a &amp; b",
        "&#65;",
        "a > b",
        "Zürich",
        "🙂",
        "  ",
        "",
        "\t",
        "a\r\nb",
        "<![CDATA[<item>]]>",
        "<!-- <item> -->",
        "<?x?>",
        "]]>",
        "\x01",
        "&unknown;",
        "<b>bold</b>",
        "<item/>",
        "<item>",
        "</item>",
        "</value>",
        "\ufffe",
        "x" * 5_000,
    ],
)
def test_whatever_a_tag_says(value: str) -> None:
    _reads_alike(_page([_instance(1, ("Name", "n"), ("a", value)), _instance(2)]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<code>16</code>", "<code>many</code>"),
        ("<code>16</code>", "<code> 16</code>"),
        ("<code>16</code>", "<code/>"),
        ("2026-11-20T08:00", "Fri, 20"),
        ("<item>\n<reservationId>", '<item a="b">\n<reservationId>'),
        ("<item>\n<reservationId>", "<item >\n<reservationId>"),
        ("<item>\n<reservationId>", "and <item>\n<reservationId>"),
        ("<item>\n<reservationId>", "<item/><item>\n<reservationId>"),
        ("<item>\n<reservationId>", "<other>1</other><item>\n<reservationId>"),
        ("<item>\n<reservationId>", "<p:item>\n<reservationId>"),
        ("</item>\n<item>\n<reservationId>", "</item>\nand <item>\n<reservationId>"),
        ("</item>\n<item>\n<reservationId>", "</item>\n<!-- and --><item>\n<reservationId>"),
        ("</item>\n<item>\n<reservationId>", "</item>\n<other>1</other>\n<item>\n<reservationId>"),
        ("<imageId>", "<!-- <item> --><imageId>"),
        ("<imageId>", "<!-- </item> --><imageId>"),
        ("<imageId>", "<!-- </item>\n<item> --><imageId>"),
        ("<imageId>", "<imageId>ami-2</imageId><imageId>"),
        ("<imageId>", "<p:imageId>x</p:imageId><imageId>"),
        ("<imageId>", "words <imageId>"),
        ("</imageId>", "</imageID>"),
        ("</item>\n</reservationSet>", "</item >\n</reservationSet>"),
        ("</reservationSet>", "</reservationSet><reservationSet><item><ownerId>1</ownerId></item></reservationSet>"),
        ("</reservationSet>", "</reservationSet><p:reservationSet/>"),
        ("</reservationSet>", ""),
        ("<requestId>", "<requestId>&lt;"),
        ("<requestId>", "<nextToken>t</nextToken><requestId>"),
        ("<requestId>", '<a b="<item>">1</a><requestId>'),
        ("xmlns=", "xmlns:p='y' xmlns="),
        ("<DescribeInstancesResponse", "<?xml version='1.0' encoding='ISO-8859-1'?><DescribeInstancesResponse"),
        ("<DescribeInstancesResponse", '<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse'),
        ("<DescribeInstancesResponse", "\ufeff<DescribeInstancesResponse"),
        ("</DescribeInstancesResponse>", "</DescribeInstancesResponse><more/>"),
        ("</DescribeInstancesResponse>", "<nextToken>next</nextToken></DescribeInstancesResponse>"),
    ],
)
def test_whatever_is_odd_about_a_page(old: str, new: str) -> None:
    page = _page([_instance(1), _instance(2, ("Name", "n"), ("a", "b")), _instance(3)]).decode()
    assert old in page

    _reads_alike(page.replace(old, new).encode())
    _reads_alike(page.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<imageId>", "<imageId>ami-2</imageId><imageId>"),
        ("<imageId>", "<p:imageId xmlns:p='y'>x</p:imageId><imageId>"),
        ("<imageId>", "words &amp; <imageId>"),
        ("<imageId>", "<!-- words --><imageId>"),
        ("<code>16</code>", "<code>16<a/></code>"),
        ("<imageId>ami-1</imageId>", "<imageId><b>ami-1</b></imageId>"),
        ("</imageId>", "</imageId><imageId/>"),
        ("<placement>", "<placement/><placement>"),
        ("<instanceState>", '<instanceState a="1">'),
        ("<reason></reason>", "<reason>\n</reason><hypervisor/>"),
        ("\n", "\r\n"),
        ("\n", ""),
    ],
)
def test_whatever_all_items_of_a_page_have_in_common(old: str, new: str) -> None:
    page = _page([_instance(number, ("Name", f"n{number}")) for number in range(3 * WORTH_A_PATTERN)]).decode()
    assert old in page
    body = page.replace(old, new).encode()

    assert _parsed(QuickParserFactory(), body) == _parsed(_AsTrees(), body)


def test_a_page_that_is_no_text_at_all() -> None:
    _reads_alike(_page([_instance(1)]).replace(b"ami-1", b"\xff\xfe"))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_page_that_ends_anywhere(data: st.DataObject) -> None:
    page = _page([_instance(1), _instance(2, ("Name", "n"), ("a", "b"))])
    end = data.draw(st.integers(min_value=10_000, max_value=len(page)))

    _reads_alike(page[:end])


_PIECES = re.compile(r"<[^<>]*>|[^<>]+")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_pieces_of_a_page_lost_doubled_or_put_elsewhere(data: st.DataObject) -> None:
    page = _page([_instance(1), _instance(2, ("Name", "n"), ("a", "b"))]).decode()
    pieces = _PIECES.findall(page)
    place, target = (data.draw(st.integers(min_value=2, max_value=len(pieces) - 1)) for _ in range(2))
    change = data.draw(st.sampled_from(["lost", "doubled", "moved", "swapped"]))

    match change:
        case "lost":
            del pieces[place]
        case "doubled":
            pieces.insert(place, pieces[place])
        case "moved":
            pieces.insert(target, pieces.pop(place))
        case _:
            pieces[place], pieces[target] = pieces[target], pieces[place]

    _reads_alike("".join(pieces).encode())


_values = st.text(max_size=30) | st.sampled_from(["<", ">", "&amp;", "</item>", "<item>", "]]>", "<!--", "-->", "\r"])


@settings(max_examples=200, deadline=None)
@given(tags=st.lists(st.tuples(_values, _values), max_size=4))
def test_tags_of_any_text(tags: list[tuple[str, str]]) -> None:
    page = _page([_instance(1, *tags), _instance(2)]) if _encodes(tags) else b""

    _reads_alike(page)


def _encodes(tags: Sequence[tuple[str, str]]) -> bool:
    return not any("\ud800" <= character <= "\udfff" for tag in tags for text in tag for character in text)
