"""What the servers of a synthetic fleet say: the prototype's answers, for as many clusters as are wanted, in pages."""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from benchmarks.illness import WELL, Illness
from benchmarks.prototype import AwsAnswer, KubeAnswer, Prototype
from benchmarks.stamping import belongs_to_cluster, region_of, stamped, unstamped

_INVENTORY = b'"inventory"'
_PAGE_SIZES = ("MaxResults", "MaxRecords", "PageSize", "MaxItems")
_PAGE_MARKS = ("NextToken", "Marker")
_IN_NAMESPACE = re.compile(r"/namespaces/[^/]+/")
_NUMBERED = re.compile(r"\d+")
_XMLNS = re.compile(rb' xmlns="[^"]*"')
_ROOT = re.compile(r"\{(?P<namespace>[^}]*)\}(?P<name>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    content_type: str
    content: bytes


class KubeAnswers:
    """The API server of a fleet of so many clusters, all of which are applied at `revision`."""

    def __init__(self, prototype: Prototype, clusters: int, revision: str, illness: Illness = WELL) -> None:
        self._prototype = prototype
        self._clusters = clusters
        self._revision = revision.encode()
        self._illness = illness

    def get(self, path: str, query: Mapping[str, str]) -> Body | None:
        """`None` for what the prototype was never asked."""
        path = _IN_NAMESPACE.sub("/", path)  # all of the fleet is in one
        known = self._prototype.kube.get(path)
        if known is None:
            return self._single(*path.rsplit("/", 1))
        if known.items is None:
            return Body(content_type=known.content_type, content=known.body)
        return Body(content_type=known.content_type, content=self._page(path, known, query))

    def _page(self, path: str, known: KubeAnswer, query: Mapping[str, str]) -> bytes:
        items = self._items(path)
        start, size = int(query.get("continue", "0")), int(query.get("limit", "0")) or len(items)
        envelope = json.loads(known.body)
        del envelope["items"]
        if start + size < len(items):
            envelope["metadata"] |= {"continue": str(start + size), "remainingItemCount": len(items) - start - size}
        opened = json.dumps(envelope, separators=(",", ":")).encode().removesuffix(b"}")
        return b"".join((opened, b',"items":[', b",".join(items[start : start + size]), b"]}"))

    def _single(self, collection: str, name: str) -> Body | None:
        """One object of a kind that was listed."""
        if collection not in self._prototype.kube:
            return None
        named = b'"name":"%s","namespace":' % name.encode()
        found = next((item for item in self._items(collection) if named in item), None)
        return Body(content_type="application/json", content=found) if found else None

    @functools.cache  # noqa: B019 - it lives as long as its process
    def _items(self, path: str) -> list[bytes]:
        """The items in the order of a real list: that of their keys, cluster by cluster."""
        items: list[bytes] = []
        own = []
        for template in self._prototype.kube[path].items or ():
            if _INVENTORY in template:
                items.append(self._delivery(template))
            elif belongs_to_cluster(template):
                own.append(template)
            else:
                items.append(stamped(template, 0))
        items += (stamped(template, number) for number in range(self._clusters) for template in own)
        return self._illness.told_by(path, items)

    def _delivery(self, template: bytes) -> bytes:
        """The GitOps object, with an inventory of every cluster."""
        item = json.loads(template.replace(self._prototype.revision.encode(), self._revision))
        inventory = item["status"]["inventory"]
        inventory["entries"] = [
            {**entry, "id": stamped(entry["id"].encode(), number).decode()}
            for entry in inventory["entries"]
            for number in (range(self._clusters) if belongs_to_cluster(entry["id"].encode()) else (0,))
        ]
        return stamped(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode(), 0)


@dataclass(frozen=True, slots=True)
class _Listing:
    """An answer of the prototype, taken apart: what is around the items of its list, and each item."""

    head: bytes
    items: tuple[bytes, ...]
    tail: bytes


class AwsAnswers:
    """Every region of one account. A request is answered for the clusters that it names, else for the whole region."""

    def __init__(self, prototype: Prototype, clusters: int, illness: Illness = WELL) -> None:
        self._illness = illness
        self._by_request: dict[tuple[str, str], AwsAnswer] = {}
        for answer in prototype.aws:
            self._by_request.setdefault((answer.service, _canonical(answer.request).key), answer)
        self._in_region: dict[str, list[int]] = defaultdict(list)
        for number in range(clusters):
            self._in_region[region_of(number)].append(number)

    def post(self, service: str, region: str, request: str) -> Body:
        asked = _canonical(request)
        known = self._by_request.get((service, asked.key))
        if known is None:
            return Body(content_type="text/xml", content=_empty(service, asked))
        here = self._in_region[region]
        numbers = [number for number in here if number in asked.numbers] if asked.numbers else here
        listing = _listing(known.body)
        if not listing.items:
            return Body(content_type=known.content_type, content=stamped(known.body, min(numbers, default=0)))
        items = self._illness.missing_in(_items_of(known.body, tuple(numbers)), numbers)
        page = items[asked.start : asked.start + asked.size] if asked.size else items
        more = bool(asked.size) and asked.start + asked.size < len(items)
        head, tail = stamped(listing.head, min(numbers, default=0)), stamped(listing.tail, min(numbers, default=0))
        token = _token(service, asked.start + asked.size) if more else b""
        return Body(content_type=known.content_type, content=b"".join((head, *page, _with(token, tail))))


@functools.cache
def _items_of(body: bytes, numbers: tuple[int, ...]) -> list[bytes]:
    items = _listing(body).items
    shared = [stamped(item, 0) for item in items if not belongs_to_cluster(item)]
    own = [item for item in items if belongs_to_cluster(item)]
    return shared + [stamped(item, number) for number in numbers for item in own]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    key: str
    """The request as it would be for the first cluster, without paging."""
    action: str
    version: str
    numbers: frozenset[int]
    start: int
    size: int


def _canonical(request: str) -> _Asked:
    plain = unstamped(request)
    fields = dict(parse_qsl(plain.text, keep_blank_values=True))
    size = next((int(fields[name]) for name in _PAGE_SIZES if name in fields), 0)
    start = next((int(fields[name]) for name in _PAGE_MARKS if name in fields), 0)
    rest = {
        (_NUMBERED.sub("*", name), value) for name, value in fields.items() if name not in (*_PAGE_SIZES, *_PAGE_MARKS)
    }
    return _Asked(
        key=_without_moments(plain.text) if request.startswith("{") else json.dumps(sorted(rest)),
        action=fields.get("Action", ""),
        version=fields.get("Version", ""),
        numbers=plain.numbers,
        start=start,
        size=size,
    )


def _without_moments(request: str) -> str:
    """A request in JSON without the window that it asks for: what CloudTrail tells of the prototype is told of the
    first cluster of every region."""
    fields = json.loads(request)
    return json.dumps({name: value for name, value in fields.items() if name not in ("StartTime", "EndTime")})


def _empty(service: str, asked: _Asked) -> bytes:
    """A list with nothing in it: what a region says that has none of the things asked for."""
    if service == "ec2":
        namespace = f"http://ec2.amazonaws.com/doc/{asked.version}/"
        return f'<{asked.action}Response xmlns="{namespace}"><requestId>0</requestId></{asked.action}Response>'.encode()
    if asked.action:
        inner = f"<{asked.action}Result/><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>"
        return f"<{asked.action}Response>{inner}</{asked.action}Response>".encode()
    return b"{}"


@functools.cache
def _listing(body: bytes) -> _Listing:
    """The first list of an answer in XML; without items where it has none."""
    if not body.lstrip().startswith(b"<"):
        return _Listing(body, (), b"")
    root = ElementTree.fromstring(body)
    name = _ROOT.match(root.tag)
    if name:
        ElementTree.register_namespace("", name["namespace"])
    holder = _holder(root)
    if holder is None:
        return _Listing(body, (), b"")
    items = [ElementTree.tostring(item, "utf-8") for item in holder]
    holder[:] = []
    holder.text = "\uf8ff"
    head, _, tail = ElementTree.tostring(root, "utf-8").partition("\uf8ff".encode())
    return _Listing(head, tuple(_XMLNS.sub(b"", item, count=1) for item in items), tail)


def _holder(root: ElementTree.Element) -> ElementTree.Element | None:
    """The outermost element that holds a list."""
    level: Sequence[ElementTree.Element] = [root]
    while level:
        for element in level:
            if len(element) and all(_local(child) in ("item", "member") for child in element):
                return element
        level = [child for element in level for child in element]
    return None


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


_TOKENS = {"ec2": "nextToken", "autoscaling": "NextToken", "iam": "Marker", "elasticloadbalancing": "NextMarker"}


def _token(service: str, start: int) -> bytes:
    name = _TOKENS.get(service, "NextToken")
    more = "<IsTruncated>true</IsTruncated>" if service == "iam" else ""
    return f"{more}<{name}>{start}</{name}>".encode()


def _with(token: bytes, tail: bytes) -> bytes:
    """The end of an answer with the token behind its list."""
    closed, sign, rest = tail.partition(b">")
    return b"".join((closed, sign, token, rest))
