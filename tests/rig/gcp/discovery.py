"""What Google itself says about compute v1: which calls there are, what they take, and what answers may look like.

The discovery document is the one that ships in google-api-python-client. Schemas become JSON Schema: 64-bit numbers
are texts on the wire, and a field that the schema does not know is an error, where Google's clients pass over it.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

_WIDE = {"int64": r"^-?\d+$", "uint64": r"^\d+$"}
_KEPT = ("type", "enum", "pattern")


class Dishonest(AssertionError):
    """The fixture server was about to answer, or was asked, what Google would not understand."""


@dataclass(frozen=True, slots=True)
class Method:
    """One call of the API."""

    id: str
    """`compute.instances.aggregatedList`."""
    verb: str
    response: str
    path: re.Pattern[str]
    parameters: frozenset[str]


@functools.cache
def document() -> Mapping[str, Any]:
    name = "discovery_cache/documents/compute.v1.json"
    found: Mapping[str, Any] = json.loads(importlib.resources.files("googleapiclient").joinpath(name).read_text())
    return found


@functools.cache
def methods() -> tuple[Method, ...]:
    known = document()
    everywhere = frozenset(known["parameters"])
    found = []
    for resource in known["resources"].values():
        for method in resource["methods"].values():
            template = re.escape("/" + known["servicePath"] + method["path"])
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", template)
            found.append(
                Method(
                    id=method["id"],
                    verb=method["httpMethod"],
                    response=method.get("response", {}).get("$ref", ""),
                    path=re.compile(pattern + r"\Z"),
                    parameters=everywhere | frozenset(method.get("parameters", {})),
                )
            )
    return tuple(found)


def method_of(verb: str, path: str) -> tuple[Method, Mapping[str, str]] | None:
    """The call that such a request is, with the parts of its path."""
    for method in methods():
        if method.verb == verb and (match := method.path.match(path)):
            return method, match.groupdict()
    return None


def check(schema: str, body: Any) -> None:
    """Raises `Dishonest` for a body that Google's schema does not allow."""
    body_and_schema = schema, json.dumps(body, sort_keys=True)
    if body_and_schema in _GOOD:
        return
    mistakes = [f"{error.json_path}: {error.message[:200]}" for error in _validator(schema).iter_errors(body)]
    if mistakes:
        raise Dishonest(f"{schema}: " + "; ".join(mistakes[:5]))
    _GOOD.add(body_and_schema)


_GOOD: set[tuple[str, str]] = set()
"""What was checked already: most tests serve the same fleet."""


@functools.cache
def _validator(schema: str) -> Draft202012Validator:
    known = document()["schemas"]
    wanted, waiting = {}, [schema]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted[name] = _converted(known[name], waiting)
    return Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": wanted})


def _converted(schema: Mapping[str, Any], referred: list[str]) -> dict[str, Any]:
    if "$ref" in schema:
        referred.append(schema["$ref"])
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    found = {key: schema[key] for key in _KEPT if key in schema}
    if found.get("type") == "any":
        del found["type"]
    if schema.get("type") == "string" and schema.get("format") in _WIDE:
        found["pattern"] = _WIDE[schema["format"]]
    if "items" in schema:
        found["items"] = _converted(schema["items"], referred)
    if "properties" in schema:
        found["properties"] = {name: _converted(inner, referred) for name, inner in schema["properties"].items()}
        found["additionalProperties"] = False
        if named := schema["properties"].get("kind", {}).get("default"):
            found["properties"]["kind"] = {"const": named}
    if "additionalProperties" in schema:
        found["additionalProperties"] = _converted(schema["additionalProperties"], referred)
    return found
