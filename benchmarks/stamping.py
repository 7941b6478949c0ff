"""One cluster's text as a template for many: its name, ids, uids and region become marks that a number fills in.

The marks are characters of Unicode's private use, which JSON and XML can hold and nobody uses, so that filling in
is a plain replacement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

CLUSTER = "bench-c0000"
"""The name of the cluster that is multiplied; its digits are the number."""
REGION = "eu-central-1"
REGIONS = (
    *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1", "eu-central-2", "eu-south-2"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "ap-south-1", "ap-south-2"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
)
PER_REGION = 25
"""Clusters of one region: about what its default quotas hold."""

_NAME, _ID, _UID, _REGION, _SHORT = (chr(0xE000 + mark).encode() for mark in range(5))
_PATTERN = re.compile(
    rb"(?P<name>bench-c)\d{4}"
    rb"|(?P<id>\b[a-z]{1,8}-|/|%2F)[0-9a-f]{4}(?=[0-9a-f]{4,13}\b)"  # `/` in ARNs of load balancers and target groups
    rb"|(?P<short>apiserver-target-)[0-9a-f]{5}\b"
    rb"|\b[0-9a-f]{8}(?P<uid>-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)"
    rb"|(?P<region>" + re.escape(REGION.encode()) + rb")"
)
_STAMPED = re.compile(
    r"bench-c(?P<name>\d{4})"
    r"|(?:\b[a-z]{1,8}-|/|%2F)(?P<id>[0-9a-f]{4})(?=[0-9a-f]{4,13}\b)"
    r"|apiserver-target-(?P<short>[0-9a-f]{5})\b"
)
_ANY_REGION = re.compile("|".join(sorted(REGIONS, key=len, reverse=True)))


def template_of(text: bytes) -> bytes:
    """The text with a mark in every place that tells one cluster from the next."""
    return _PATTERN.sub(_mark, text)


def _mark(found: re.Match[bytes]) -> bytes:
    match found.lastgroup:
        case "name":
            return found["name"] + _NAME
        case "id":
            return found["id"] + _ID
        case "short":
            return found["short"] + _SHORT
        case "uid":
            return _UID + found["uid"]
        case _:
            return _REGION


def belongs_to_cluster(template: bytes) -> bool:
    """False for what the clusters share."""
    return any(mark in template for mark in (_NAME, _ID, _SHORT))


def stamped(template: bytes, number: int) -> bytes:
    """The text of cluster `number`."""
    return (
        template.replace(_NAME, b"%04d" % number)
        .replace(_ID, b"%04x" % number)
        .replace(_UID, b"%08x" % number)
        .replace(_SHORT, b"%05x" % number)
        .replace(_REGION, region_of(number).encode())
    )


def region_of(number: int) -> str:
    """Where cluster `number` lives; when all regions are full, they are filled once more."""
    return REGIONS[number // PER_REGION % len(REGIONS)]


@dataclass(frozen=True, slots=True)
class Unstamped:
    """A text that a client sent, as it would have been sent for the first cluster."""

    text: str
    numbers: frozenset[int]
    """The clusters that it names."""


def unstamped(text: str) -> Unstamped:
    """What the text says, apart from which clusters it says it of."""
    numbers = frozenset(_numbers(text))
    plain = _STAMPED.sub(lambda found: _with_zeros(found[0], len(found[found.lastgroup or 0])), text)
    return Unstamped(_ANY_REGION.sub(REGION, plain), numbers)


def _with_zeros(text: str, digits: int) -> str:
    return text[:-digits] + "0" * digits


def _numbers(text: str) -> Iterator[int]:
    for found in _STAMPED.finditer(text):
        yield int(found["name"]) if found["name"] else int(found["id"] or found["short"], 16)
