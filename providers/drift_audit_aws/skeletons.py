"""Pages of items that are alike, read by one pattern for each sort of item.

The thousand instances of a page have two or three skeletons between them: the same elements in the same order, with
other texts. Of a skeleton that was met often enough, a pattern is made that finds the texts, and a builder that puts
them where the tables of `shapes` put them; one item is then one match. Everything unusual gives `None`, and the page
is read as a tree, which alone says what a page means: comments, CDATA, prefixes, a page that is torn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from sys import intern
from typing import Any, TypeAlias
from xml.etree.ElementTree import ParseError, fromstring

from drift_audit_aws.shapes import TEXT, Items, Read, Scalar, Shared, Structure

Texts: TypeAlias = tuple[str, ...]
Build: TypeAlias = Callable[[Texts], Any]

WORTH_A_PATTERN = 20
"""Sightings of a skeleton after which it is learned: that costs as much as reading some twenty items does."""
_MOST_PATTERNS = 24
"""Patterns of one list that are tried, the one that matched last before the others."""
_MOST_SKELETONS = 2_000

_PLAIN_TEXT = "([ -%'-;=?-~]*+)"
"""Printable ASCII but for `&`, `<` and `>`: what means itself in every XML document."""
_TOKEN = re.compile(r"<([^<>]*)>([^<>]*)")
_PLAIN_TAG = re.compile(r"/?[A-Za-z]\w*|[A-Za-z]\w* ?/", re.ASCII)
_BLANKS = re.compile(r"[ \t\n]*+")
_ITEM, _ITEM_END = "<item>", "</item>"

_HEAD = re.compile(
    r"(?:<\?xml version=\"1\.0\" encoding=\"UTF-8\"\?>\s*)?<\w+ xmlns=\"[\w:/.-]*\">\s*"
    r"(?:<\w+>[^<>]*</\w+>\s*)*<(\w+)>\s*\Z",
    re.ASCII | re.IGNORECASE,
)
"""All that comes before the first item: the beginning of the answer, single values, and the beginning of the list."""


class _Unusual(Exception):
    """Something that is read as a tree."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page taken apart."""

    frame: str
    """The page without its items."""
    list_tag: str
    items: list[Any]


@dataclass(slots=True)
class _Skeleton:
    """One sort of item: its pattern, and the value that its texts make."""

    match: Callable[[str, int], re.Match[str] | None]
    build: Build


@dataclass(slots=True)
class SkeletonReader:
    """Reads the items of one list."""

    item: Read
    _known: list[_Skeleton] = field(default_factory=list)
    """The one that matched last comes first."""
    _met: Counter[str] = field(default_factory=Counter)

    def read(self, page: str, at: int, end_tag: str) -> tuple[list[Any], int]:
        """(the items from there on, where the list ends); raises `_Unusual`."""
        items: list[Any] = []
        while page.startswith(_ITEM, at):
            value, at = self._one(page, at)
            items.append(value)
        if not page.startswith(end_tag, at):
            raise _Unusual
        return items, at

    def _one(self, page: str, at: int) -> tuple[Any, int]:
        for place, skeleton in enumerate(self._known):
            found = skeleton.match(page, at)
            if found is not None:
                if place:
                    self._known.insert(0, self._known.pop(place))
                return skeleton.build(found.groups()), found.end()
        return self._as_tree(page, at)

    def _as_tree(self, page: str, at: int) -> tuple[Any, int]:
        end = _end_of_item(page, at)
        text = page[at:end]
        value = self.item(fromstring(text))
        self._learn(text)
        blanks = _BLANKS.match(page, end)
        return value, blanks.end() if blanks else end

    def _learn(self, text: str) -> None:
        if len(self._met) >= _MOST_SKELETONS:
            return
        tokens = _TOKEN.findall(text)
        name = " ".join(tag for tag, _ in tokens)
        self._met[name] += 1
        if self._met[name] != WORTH_A_PATTERN or not all(_PLAIN_TAG.fullmatch(tag) for tag, _ in tokens):
            return
        try:
            build = _builder(self.item, next(_elements(iter(tokens), count())))
        except _Unusual:
            return
        self._known.insert(0, _Skeleton(match=_pattern(tokens).match, build=build))
        del self._known[_MOST_PATTERNS:]


def items_apart(page: str, reader_of: Callable[[str], SkeletonReader | None]) -> Page | None:
    """The page with its items read; `None` for one that has to be read as a tree.

    `reader_of` gives the reader for the items of an element of the answer, `None` where that is no list of them.
    """
    start = page.find(_ITEM)
    head = _HEAD.match(page, 0, start) if start > 0 else None
    reader = reader_of(head[1]) if head else None
    if head is None or reader is None:
        return None
    end_tag = f"</{head[1]}>"
    try:
        items, end = reader.read(page, start, end_tag)
    except (_Unusual, ParseError, ValueError):
        return None
    frame = page[:start] + page[end:]
    # A second list of that name would take the place of this one.
    return Page(frame=frame, list_tag=head[1], items=items) if frame.count(f"<{head[1]}") == 1 else None


def _end_of_item(page: str, at: int) -> int:
    """Where the item ends that begins there; raises `ValueError` for one that does not end.

    Other spellings of the tags (`<item >`) and tags in comments give a slice that is no element, and so no tree.
    """
    open_items, at = 1, at + len(_ITEM)
    while open_items:
        end = page.index(_ITEM_END, at)
        open_items += page.count(_ITEM, at, end) - 1
        at = end + len(_ITEM_END)
    return at


def _pattern(tokens: Sequence[tuple[str, str]]) -> re.Pattern[str]:
    """Matches an item with these tags and the same blanks between them, and the blanks after it."""
    following = [*(tag for tag, _ in tokens[1:]), ""]
    parts = (
        re.escape(f"<{tag}>") + (_PLAIN_TEXT if following_tag == f"/{tag}" else re.escape(text))
        for (tag, text), following_tag in zip(tokens, following, strict=True)
    )
    return re.compile("".join(parts) + _BLANKS.pattern)


@dataclass(frozen=True, slots=True)
class _Element:
    """An element of a skeleton."""

    tag: str
    group: int | None
    """Which text of the pattern is its own; `None` where it has none: `<a/>`, and elements with children."""
    children: tuple[_Element, ...] = ()


def _elements(tokens: Iterator[tuple[str, str]], groups: Iterator[int]) -> Iterator[_Element]:
    """The elements up to the next end tag that is not one of theirs; for those without children the pattern has a
    text."""
    for tag, _ in tokens:
        if tag.startswith("/"):
            return
        if tag.endswith("/"):
            yield _Element(tag.rstrip(" /"), None)
        else:
            children = tuple(_elements(tokens, groups))
            yield _Element(tag, None if children else next(groups), children)


def _builder(read: Read, element: _Element) -> Build:
    """What makes the value of an element of all texts of the item; raises `_Unusual`."""
    match read:
        case Scalar() if not element.children:
            return _scalar(read.value_of, element.group)
        case Items():
            builds = [_builder(read.item, child) for child in element.children]
            return lambda texts: [build(texts) for build in builds]
        case Structure():
            return _structure(read, element)
        case _:
            raise _Unusual


def _scalar(value_of: Callable[[str], Any], group: int | None) -> Build:
    if group is None:
        always = value_of("")
        return lambda texts: always
    return lambda texts: value_of(texts[group])


def _structure(read: Structure, element: _Element) -> Build:
    """A structure is a copy of one with all its members, with the texts put in at once and the rest one by one."""
    blank: dict[str, Any] = {}
    plain: dict[str, int] = {}
    others: list[tuple[str, Build]] = []
    groups: list[int] = []
    flat = True
    for child in element.children:
        member = read.member(child.tag)
        if member is None:
            continue
        if member.name in blank:
            raise _Unusual
        blank[member.name] = ""
        flat = flat and not member.nested
        groups += [] if child.group is None else [child.group]
        if member.read is TEXT and child.group is not None:
            plain[member.name] = child.group
        elif member.read is not TEXT or child.children:
            others.append((member.name, _builder(member.read, child)))
    names, texts_of = tuple(plain), _getter(tuple(plain.values()))

    def built(texts: Texts) -> dict[str, Any]:
        parsed = blank.copy()
        parsed.update(zip(names, map(intern, texts_of(texts)), strict=True))
        for name, build in others:
            parsed[name] = build(texts)
        return parsed

    return _one_of_equals(built, _getter(tuple(groups))) if flat else built


def _one_of_equals(build: Build, key_of: Callable[[Texts], Texts]) -> Build:
    shared = Shared()

    def built(texts: Texts) -> dict[str, Any]:
        key = key_of(texts)
        known = shared.get(key)
        return shared.keep(key, build(texts)) if known is None else known

    return built


def _getter(groups: tuple[int, ...]) -> Callable[[Texts], Texts]:
    """The texts of these groups, in their order."""
    match groups:
        case ():
            return lambda texts: ()
        case (only,):
            return lambda texts: (texts[only],)
        case _:
            return itemgetter(*groups)
