"""Everything of a subscription and location at once: one query to Resource Graph, else one listing for each type.

Resource Graph lags behind by minutes and leaves out without a word what the caller may not read. What it does not show
is therefore never taken for gone: `lookups` asks for it by its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text
from drift_audit_azure.arm_ids import arm_type_of, location_of, resource_id
from drift_audit_azure.refusals import StrangeAnswer
from drift_audit_azure.resource_types import (
    BY_ARM_NAME,
    GROUPS,
    INDEXED,
    SUBNET,
    VIRTUAL_MACHINE,
    VIRTUAL_NETWORK,
    ArmType,
)
from drift_audit_azure.session import SubscriptionSession

_COLUMNS = "id, name, type, location, tags, zones, sku, identity, managedBy, properties"
_GLOBAL = "global"


def graph_query(location: str) -> str:
    """All that is indexed, of one location. Ordered, because unordered pages may skip rows."""
    types = ", ".join(f"'{each.name.casefold()}'" for each in INDEXED)
    return (
        f"resources\n| where type in~ ({types})\n| where location in~ ('{location}', '{_GLOBAL}')\n"
        f"| project {_COLUMNS}\n| order by id asc"
    )


def from_graph(session: SubscriptionSession, scope: CloudScope, page_size: int) -> Iterator[CloudResource]:
    """Every row; raises `StrangeAnswer` when the pages do not hold as many as they promise."""
    options: dict[str, Json] = {"resultFormat": "objectArray", "$top": page_size}
    question: dict[str, Json] = {
        "subscriptions": [scope.account],
        "query": graph_query(scope.region),
        "options": options,
    }
    told, promised = 0, 0
    while True:
        page = session.ask_graph(question)
        rows, token = page.get("data"), text(page.get("$skipToken"))
        total = page.get("totalRecords")
        if not isinstance(rows, list) or not isinstance(total, int):
            raise StrangeAnswer("a page of Resource Graph has no data")
        promised = max(promised, total)
        told += len(rows)
        for row in rows:
            yield from resources_in(mapping(row), scope)
        if not token:
            break
        if not rows or options.get("$skipToken") == token:
            raise StrangeAnswer("Resource Graph gave the same page again")
        options["$skipToken"] = token
    if told < promised or page.get("resultTruncated") not in (None, "false", False):
        raise StrangeAnswer(f"Resource Graph gave {told} of {promised} rows")


def from_listing(session: SubscriptionSession, scope: CloudScope, kind: ArmType) -> Iterator[CloudResource]:
    """Every resource of one type in the scope's location."""
    path = f"/subscriptions/{scope.account}/providers/{kind.name}"
    powers = _powers(session, path, kind) if kind.word == VIRTUAL_MACHINE else {}
    for body in session.listed(path, kind.api_version):
        if location_of(body.get("location")) in (scope.region, _GLOBAL):
            view = powers.get(resource_id(body.get("id")))
            yield from resources_in(_with_view(body, view), scope)


def groups(session: SubscriptionSession, scope: CloudScope) -> Iterator[CloudResource]:
    """All resource groups, wherever they say they are: their members may be in another location."""
    for body in session.listed(f"/subscriptions/{scope.account}/resourcegroups", GROUPS.api_version):
        yield from resources_in(body, scope)


def looked_up(session: SubscriptionSession, scope: CloudScope, kind: ArmType, identifier: str) -> list[CloudResource]:
    """One resource by its id, with what it tells of others; raises `ArmRefusal` (404) where it is not there."""
    expand = {"$expand": kind.expand} if kind.expand else {}
    body = session.get(identifier, kind.api_version, **expand)
    if resource_id(body.get("id")) != identifier:
        raise StrangeAnswer(f"asked for {identifier}, told of {text(body.get('id'))}")
    return list(resources_in(body, scope))


def resources_in(body: JsonObject, scope: CloudScope) -> Iterator[CloudResource]:
    """The resource, and the subnets of a network; raises `StrangeAnswer` for what is no resource."""
    found = _resource(body, scope)
    yield found
    if found.key.type == VIRTUAL_NETWORK:
        for subnet in map(mapping, sequence(dig(body, "properties", "subnets"))):
            yield _resource(subnet, scope, SUBNET)


def _resource(body: JsonObject, scope: CloudScope, word: str = "") -> CloudResource:
    identifier = resource_id(body.get("id"))
    kind = BY_ARM_NAME.get(arm_type_of(identifier))
    if kind is None or (word and kind.word != word) or not isinstance(body.get("properties"), dict):
        raise StrangeAnswer(f"{text(body.get('id')) or 'something without an id'} is no resource that was asked for")
    return CloudResource(
        key=ResourceKey(scope.provider, scope.account, scope.region, kind.word, identifier),
        attributes=body,
        tags={key: text(value) for key, value in mapping(body.get("tags")).items()},
        created_at=text(dig(body, "properties", "timeCreated")),
    )


def _powers(session: SubscriptionSession, path: str, kind: ArmType) -> Mapping[str, Json]:
    """Instance view by machine: a listing tells it only by itself."""
    told = session.listed(path, kind.api_version, statusOnly="true")
    return {resource_id(body.get("id")): dig(body, "properties", "instanceView") for body in told}


def _with_view(body: JsonObject, view: Json) -> JsonObject:
    if view is None:
        return body
    return {**body, "properties": {**mapping(body.get("properties")), "instanceView": view}}
