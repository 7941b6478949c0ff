"""How far the reading of a scope has come, told step by step: `progress(read(scope, len(page)))`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_T = TypeVar("_T")
_FEW = 500


class Stage(StrEnum):
    BEGAN = "began"
    WORKING = "working"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that has just happened in one scope. Numbers add up over its steps."""

    scope: str
    """`prod-eu`, `git fleet`, `aws/123456789012/eu-west-1`: for people, and to tell running scopes apart."""
    stage: Stage = Stage.WORKING
    items: int = 0
    """Objects or resources that were read with this step."""
    parts: int = 0
    """Kinds or resource types of which it is now known that they will be read."""
    done: int = 0
    """How many of these parts were finished with this step."""
    text: str = ""
    """When it begins, what is being done; when it ends, what came of it. Empty: only worth telling if it takes long."""
    things: str = "objects"
    """What `items` counts; said when it begins."""
    kinds: str = "kinds"
    """What `parts` counts; likewise."""


def began(scope: str, text: str = "", *, things: str = "objects", kinds: str = "kinds") -> Step:
    return Step(scope=scope, stage=Stage.BEGAN, text=text, things=things, kinds=kinds)


def planned(scope: str, parts: int) -> Step:
    return Step(scope=scope, parts=parts)


def read(scope: str, items: int) -> Step:
    return Step(scope=scope, items=items)


def part_done(scope: str) -> Step:
    return Step(scope=scope, done=1)


def ended(scope: str, text: str = "") -> Step:
    return Step(scope=scope, stage=Stage.ENDED, text=text)


def counted(progress: Callable[[Step], None], scope: str, items: Iterable[_T]) -> Iterator[_T]:
    """The same items; every few of them are told, however they come in pages."""
    untold = 0
    try:
        for item in items:
            untold += 1
            if untold == _FEW:
                progress(read(scope, untold))
                untold = 0
            yield item
    finally:
        if untold:
            progress(read(scope, untold))
