"""User data on the wire: it holds bootstrap tokens, so nothing of it but its length gets past this module.

`DescribeLaunchTemplateVersions` gives the user data of every version. botocore lets a handler change the body of
an answer before its parser logs and reads it (event `before-parse`, botocore/endpoint.py); here every user data
becomes a mark such as `user-data:sha256-noted:1422`. A second handler looks at the parsed answer and refuses it
when any other text stands there, so that a botocore without that event fails instead of leaking.

Whether the text is still the one that CAPA wrote can be told at the same place: CAPA notes the SHA-256 of the
bootstrap data in a tag of the same version (CAPA v2.13.0 pkg/cloud/services/ec2/launchtemplate.go,
buildLaunchTemplateTagSpecificationRequest).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

OPERATION = "DescribeLaunchTemplateVersions"
HASH_TAG = "sigs.k8s.io/cluster-api-provider-aws/bootstrap-data-hash"

_ELEMENT = "userData"
_UNREADABLE = b"<unreadable"
"""No XML either, so that the listing fails as it should and is not taken for an empty one."""


class Against(StrEnum):
    """What comparing user data with the hash beside it gave."""

    NOTED = "sha256-noted"
    """It is the text whose hash CAPA noted."""
    OTHER = "sha256-other"
    NO_NOTE = "no-note"
    """No hash stands beside it: an older CAPA wrote the version, or somebody else."""
    POINTER = "pointer"
    """It only says where the bootstrap data is (Ignition in a bucket); the hash is of what lies there."""


class SecretsLetThrough(Exception):
    """User data got past `without_user_data`. A bug, or a botocore that parses without asking: never carry on."""


_MARK = re.compile(rf"user-data:(?P<against>{'|'.join(Against)}):(?P<length>[0-9]+)\Z")
"""No base64 text looks so: it has no colon."""


def without_user_data(body: bytes) -> bytes:
    """The XML with a mark in place of every user data. Of a body that is no XML nothing is left at all.

    botocore quotes an unreadable body in its exception, and a body that ends half way may hold half a token.
    """
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return _UNREADABLE
    for parent in root.iter():
        for element in parent:
            if _local(element).casefold() == _ELEMENT.casefold():
                _replace(element, _noted_hash(parent))
    encoded: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return encoded


def read_mark(mark: str) -> tuple[Against, int] | None:
    """(what the comparison gave, length in bytes) of a mark; `None` for any other text."""
    found = _MARK.match(mark)
    return (Against(found["against"]), int(found["length"])) if found else None


def refuse_secrets(parsed: Mapping[str, Any]) -> None:
    """Raises `SecretsLetThrough` unless every user data of a parsed answer is a mark."""
    if any(read_mark(text) is None for text in _user_data_in(parsed)):
        raise SecretsLetThrough(f"an answer to {OPERATION} still held user data; it was not kept")


def _replace(element: ElementTree.Element, noted: str) -> None:
    text = "".join(element.itertext())
    tail = element.tail
    element.clear()
    element.text, element.tail = _mark(text.strip(), noted), tail


def _mark(encoded: str, noted: str) -> str:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        data = encoded.encode()
    return f"user-data:{_against(data, noted)}:{len(data)}"


def _against(data: bytes, noted: str) -> Against:
    if not noted:
        return Against.NO_NOTE
    if hashlib.sha256(data).hexdigest() == noted:
        return Against.NOTED
    return Against.POINTER if data.lstrip().startswith(b"{") else Against.OTHER


def _noted_hash(template_data: ElementTree.Element) -> str:
    """The hash in the instance tags of the same version; empty when there is none."""
    for item in template_data.iter():
        texts = {_local(child): child.text or "" for child in item}
        if texts.get("key") == HASH_TAG:
            return texts.get("value", "")
    return ""


def _local(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _user_data_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if str(key).casefold() == _ELEMENT.casefold():
                yield str(inner)
            else:
                yield from _user_data_in(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _user_data_in(item)
