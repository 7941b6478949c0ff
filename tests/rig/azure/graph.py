"""Azure Resource Graph as far as it is asked: one query, in pages."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.rig.azure.world import VM, AzureWorld

_QUERY = re.compile(
    r"resources\s*\|\s*where type in~ \((?P<types>[^)]*)\)\s*\|\s*where location in~ \((?P<locations>[^)]*)\)"
    r"\s*\|\s*project (?P<columns>[\w, ]+?)\s*\|\s*order by id asc\s*\Z"
)
_QUOTED = re.compile(r"'([^']*)'")
MOST_ROWS = 1000


class NotUnderstood(Exception):
    """A query that the real service may take and that this one does not: 400."""


def answer(world: AzureWorld, asked: Mapping[str, Any]) -> dict[str, Any]:
    """One page of the rows, with a token for the next one."""
    query = _QUERY.match(str(asked.get("query", "")))
    options = asked.get("options") or {}
    subscriptions = asked.get("subscriptions") or []
    if query is None or options.get("resultFormat") != "objectArray" or not subscriptions:
        raise NotUnderstood(f"not among the queries of the audit: {asked!r}")
    rows = _rows(world, subscriptions, query)
    top = min(int(options.get("$top", MOST_ROWS)), MOST_ROWS)
    start = _place(options.get("$skipToken"))
    page = rows[start : start + top]
    told = {"totalRecords": len(rows), "count": len(page), "data": page, "facets": [], "resultTruncated": "false"}
    if start + top < len(rows):
        told["$skipToken"] = base64.b64encode(str(start + top).encode()).decode()
    return told


def _rows(world: AzureWorld, subscriptions: Sequence[str], query: re.Match[str]) -> list[dict[str, Any]]:
    types = {text.casefold() for text in _QUOTED.findall(query["types"])}
    locations = {text.casefold() for text in _QUOTED.findall(query["locations"])}
    columns = [column.strip() for column in query["columns"].split(",")]
    found = []
    for subscription in subscriptions:
        for body in world.of(subscription):
            wanted = body["type"].casefold() in types and str(body.get("location")).casefold() in locations
            if wanted and body["id"].casefold() not in world.unindexed:
                found.append(_row(world, body, columns))
    return sorted(found, key=lambda row: str(row["id"]).casefold())


def _row(world: AzureWorld, body: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The resource with its type in lower case, and with a state of power that ARM's own listing has not."""
    row = copy.deepcopy(dict(body))
    row["type"] = row["type"].casefold()
    if row["type"] == VM:
        power = world.power.get(row["id"].casefold(), "running")
        row["properties"]["extended"] = {
            "instanceView": {
                "powerState": {
                    "code": f"PowerState/{power}",
                    "displayStatus": f"VM {power}",
                    "level": "Info",
                }
            }
        }
    return {column: row.get(column) for column in columns}


def _place(token: str | None) -> int:
    return int(base64.b64decode(token)) if token else 0
