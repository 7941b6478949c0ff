"""AWS answers in XML, read several times faster than botocore reads them, and to the same values.

Shapes are read by the tables of `shapes`, pages of many items by the patterns of `skeletons`; all other protocols are
left to botocore. Moments come as RFC 3339 texts, so that answers are JSON all through. Hooked in as the component
`response_parser_factory` of a session; `tests/unit/aws/test_responses.py` holds the readers together.
"""

from __future__ import annotations

import functools
import threading
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from botocore.parsers import EC2QueryParser, QueryParser, ResponseParserError, ResponseParserFactory
from botocore.utils import parse_timestamp

from drift_audit.clock import stamp
from drift_audit_aws.shapes import BOOLEAN, INTEGER, TEXT, Items, Member, Read, Scalar, Structure
from drift_audit_aws.skeletons import SkeletonReader, items_apart


class QuickParserFactory(ResponseParserFactory):
    """The parsers for the clients of all sessions: botocore asks for one at each answer, and the tables stay."""

    def __init__(self) -> None:
        super().__init__()
        self._quick: dict[str, Any] = {"ec2": _QuickEc2(stamp_of), "query": _QuickQuery(stamp_of)}

    def create_parser(self, protocol_name: str) -> Any:
        return self._quick.get(protocol_name) or super().create_parser(protocol_name)


@functools.lru_cache(maxsize=10_000)
def stamp_of(value: Any) -> str:
    """The moment that a timestamp of any spelling names, in RFC 3339; the machines of a cluster share theirs."""
    return stamp(_moment_of(value))


def _moment_of(value: Any) -> datetime:
    """The usual spelling, `2026-11-20T08:00:00.000Z`, is quick."""
    if isinstance(value, str) and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            pass
    moment: datetime = parse_timestamp(value)
    return moment


_Query: Any = QueryParser  # the stubs leave out what a parser is made of
_Ec2: Any = EC2QueryParser
_Tables = dict[str, Read]


class _QuickXml(_Query):  # type: ignore[misc]
    """Reads the body of a successful answer by tables."""

    def __init__(self, timestamp_parser: Any = None, blob_parser: Any = None) -> None:
        super().__init__(timestamp_parser, blob_parser)
        self._roots: dict[Any, Read] = {}
        """By the shape itself: services have shapes of the same name."""

    def _parse_shape(self, shape: Any, node: Any) -> Any:
        if isinstance(node, Element):
            found = self._root(shape)(node)
            # botocore writes its metadata into the answer: what it gets must be nobody else's.
            return dict(found) if isinstance(found, dict) else found
        return super()._parse_shape(shape, node)

    def _root(self, shape: Any) -> Read:
        known = self._roots.get(shape)
        if known is None:
            known = self._roots[shape] = self._reader(shape, {})
        return known

    def _reader(self, shape: Any, tables: _Tables) -> Read:
        known = tables.get(shape.name)
        if known is None:
            known = tables[shape.name] = self._compiled(shape, tables)
        return known

    def _compiled(self, shape: Any, tables: _Tables) -> Read:
        match shape.type_name:
            case "structure" if _is_plain_structure(shape):
                return Structure(lambda: self._members(shape, tables))
            case "list" if not shape.serialization.get("flattened"):
                return Items(self._reader(shape.member, tables))
            case "string" | "character":
                return TEXT
            case "boolean":
                return BOOLEAN
            case "integer" | "long":
                return INTEGER
            case "timestamp":
                return Scalar(self._timestamp_parser)
            case _:
                botocore = super()._parse_shape
                return lambda node: botocore(shape, node)

    def _members(self, shape: Any, tables: _Tables) -> dict[str, Member]:
        return {
            self._member_key_name(member, name): Member(
                name, self._reader(member, tables), member.type_name in ("structure", "list", "map")
            )
            for name, member in shape.members.items()
        }

    def _do_parse(self, response: Any, shape: Any) -> Any:
        # Threads take turns at Python code anyway, and a page's tree is ten times as large as the page.
        with _TREES:
            found = self._by_skeletons(response, shape)
            return super()._do_parse(response, shape) if found is None else found

    def _by_skeletons(self, response: Any, shape: Any) -> dict[str, Any] | None:
        return None


class _QuickQuery(_QuickXml):
    """`query`: load balancers, auto scaling, IAM, STS."""


class _QuickEc2(_QuickXml, _Ec2):  # type: ignore[misc]
    """`ec2`: one service, with pages of thousands of items."""

    def __init__(self, timestamp_parser: Any = None, blob_parser: Any = None) -> None:
        super().__init__(timestamp_parser, blob_parser)
        self._lists: dict[tuple[str, str], SkeletonReader] = {}

    def _by_skeletons(self, response: Any, shape: Any) -> dict[str, Any] | None:
        """The answer, where nothing about it is unusual; its frame is read as any answer."""
        root = self._root(shape) if shape is not None and len(response["body"]) >= _WORTH_TAKING_APART else None
        if not isinstance(root, Structure):
            return None
        try:
            page = items_apart(response["body"].decode(), lambda tag: self._items_of(root, shape.name, tag))
            if page is None:
                return None
            parsed: dict[str, Any] = super(_QuickXml, self)._do_parse({**response, "body": page.frame.encode()}, shape)
        except (UnicodeDecodeError, ResponseParserError):
            return None
        member = root.member(page.list_tag)
        return {**parsed, member.name: page.items} if member else None

    def _items_of(self, root: Structure, name: str, tag: str) -> SkeletonReader | None:
        member = root.member(tag)
        if member is None or not isinstance(member.read, Items):
            return None
        return self._lists.setdefault((name, tag), SkeletonReader(member.read.item))


_TREES = threading.Lock()
_WORTH_TAKING_APART = 10_000
"""Bytes of an answer."""


def _is_plain_structure(shape: Any) -> bool:
    """True when nothing but the element's children decides about the members."""
    if shape.metadata.get("exception") or getattr(shape, "is_tagged_union", False):
        return False
    return not any(
        member.type_name == "map"
        or (member.type_name == "list" and member.serialization.get("flattened"))
        or member.serialization.keys() & {"location", "eventheader", "xmlAttribute"}
        for member in shape.members.values()
    )
