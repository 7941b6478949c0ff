"""Partial answers: the parameter `fields`, as Google's APIs understand it.

items/*/instances(name,metadata/items/key),nextPageToken
"""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r"[\w*-]+|[/(),]")

Mask = dict[str, "Mask"]
"""Names of fields, each with what is wanted of it; an empty one: all."""


def masked(body: Any, fields: str) -> Any:
    """The part of the body that was asked for."""
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != fields:
        raise ValueError(f"fields {fields!r}")
    mask = _several(tokens)
    if tokens:
        raise ValueError(f"fields {fields!r}")
    return _kept(body, mask)


def _several(tokens: list[str]) -> Mask:
    mask: Mask = {}
    while True:
        name = tokens.pop(0)
        mask.setdefault(name, {}).update(_below(tokens))
        if not tokens or tokens[0] != ",":
            return mask
        tokens.pop(0)


def _below(tokens: list[str]) -> Mask:
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        return {tokens.pop(0): _below(tokens)}
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        inner = _several(tokens)
        if tokens.pop(0) != ")":
            raise ValueError("unclosed")
        return inner
    return {}


def _kept(body: Any, mask: Mask) -> Any:
    if not mask:
        return body
    if isinstance(body, list):
        return [_kept(item, mask) for item in body]
    if not isinstance(body, dict):
        return body
    if "*" in mask:
        return {name: _kept(value, mask["*"]) for name, value in body.items()}
    return {name: _kept(value, mask[name]) for name, value in body.items() if name in mask}
