"""One CloudTrail record in the few words that an audit needs.

Of the parameters only what the table of events names is taken, so that user data, policies and tokens never enter.
Records are other people's text: any of them may be broken, and a broken one costs only itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from drift_audit.clock import moment, stamp
from drift_audit.model.changes import ChangeEvent
from drift_audit.model.values import Json, JsonObject, mapping, sequence, text
from drift_audit.provider_kit.paths import value_at
from drift_audit_aws.history.callers import Caller, CallerClass, caller_of
from drift_audit_aws.history.events import EVENTS, SOURCES, EventRow
from drift_audit_aws.history.events.row import REQUEST
from drift_audit_aws.security_groups.rules import Rule, rule

SOURCE = "CloudTrail"
ACTION = "cloudtrail:LookupEvents"
"""The one IAM action that reading it takes."""

LONGEST_TEXT = 256
MOST_IDS = 1000
"""Of one event: `TerminateInstances` takes as many."""
_ID = re.compile(r"(?:[a-z]{1,12}(?:-[a-z]{1,12})?-[0-9a-f]{8,17}|arn:aws[\w-]*:[^\s]{1,240})\Z")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]{2,45}\Z")
_DEEPEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A record that was read."""

    event: ChangeEvent
    caller: Caller


def recorded(entry: Mapping[str, Any]) -> Recorded | None:
    """The change that one entry of `LookupEvents` tells; `None` when its record cannot be read."""
    try:
        record = json.loads(entry.get("CloudTrailEvent") or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    at = moment(text(record.get("eventTime"))) or entry.get("EventTime")
    name = text(record.get("eventName")) or text(entry.get("EventName"))
    if not isinstance(at, datetime) or not name:
        return None
    source = text(record.get("eventSource")) or text(entry.get("EventSource"))
    action = f"{SOURCES.get(source, source.partition('.')[0])}:{name}"
    caller = caller_of(record)
    plain_record = {
        part: plain(record.get(part), name) for part in ("requestParameters", "responseElements", "serviceEventDetails")
    }
    row = EVENTS.get(action)
    origin = text(record.get("sourceIPAddress"))
    event = ChangeEvent(
        id=_short(text(record.get("eventID")) or text(entry.get("EventId"))),
        at=stamp(at),
        action=_short(action),
        who=_short(caller.who),
        how=_short(caller.how),
        actor_class=caller.caller,
        controller=caller.caller is CallerClass.CAPA,
        resources=_resources(row, plain_record, entry),
        writes=_writes(row, plain_record) if row is not None else {},
        refused=_short(text(record.get("errorCode"))),
        origin=origin if _ADDRESS.match(origin) else "",
    )
    return Recorded(event=event, caller=caller)


def plain(value: Json, name: str = "", depth: int = 0) -> Json:
    """The parameters in one spelling, whatever generation of the service wrote them down."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        wrapped = next((value[key] for key in (f"{name}Request", f"{name}Response") if name and key in value), None)
        if wrapped is not None:
            return plain(wrapped, "", depth + 1)
        if value.keys() == {"items"}:
            return plain(value["items"], "", depth + 1)
        if value.keys() == {"value"}:
            return plain(value["value"], "", depth + 1)
        if value.keys() == {"tag", "content"}:
            return plain(value["content"], "", depth + 1)
        return {key[:1].lower() + key[1:]: plain(inner, "", depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, "", depth + 1) for item in value]
    return value


def _resources(row: EventRow | None, record: JsonObject, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of what was changed: where the table says, or else wherever ids stand."""
    named = dict.fromkeys(found for path in row.ids for found in _ids(record, path)) if row else {}
    if not named:
        named = dict.fromkeys(found for found in _texts(record) if _ID.match(found))
        listed = sequence(entry.get("Resources"))
        named |= dict.fromkeys(text(mapping(each).get("ResourceName")) for each in listed)
    return tuple(_short(found) for found in named if found)[:MOST_IDS]


def _ids(record: JsonObject, path: str) -> Iterator[str]:
    """What stands at the path; of a path with a slash the two parameters, which are part of an address."""
    whole, _, name = path.partition("/")
    for found in _texts(value_at(record, whole)):
        if not name:
            yield found
        else:
            yield from (f"{found}/{unquote(part)}" for part in _texts(value_at(record, REQUEST + name)))


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


# What was written

TAGS = "Tags"
TAG_FIELDS = frozenset({TAGS, "tags"})
"""EKS has its own spelling."""
PERMISSIONS = frozenset({"IpPermissions", "IpPermissionsEgress"})
ATTRIBUTES = frozenset({"Attributes"})


def _writes(row: EventRow, record: JsonObject) -> dict[str, Json]:
    """The written values by field. A field whose value the record does not have was not written, unless no record
    of this kind tells values."""
    found: dict[str, Json] = {}
    for name, path in row.writes.items():
        if not path:
            found[name] = None
            continue
        value = value_at(record, path)
        if value is None or value == []:
            continue
        if name in TAG_FIELDS:
            found[name] = _tags(value)
        elif name in PERMISSIONS:
            found[name] = [_rule_json(each) for each in rules_of(value)]
        elif name in ATTRIBUTES:
            found[name] = _attributes(value)
        else:
            found[name] = _scalars(value)
    return found


def _tags(value: Json) -> JsonObject:
    """The value by key; keys alone, of tags that were taken away, have none."""
    found: dict[str, Json] = {_short(key): _short(text(said)) for key, said in mapping(value).items()}
    for entry in sequence(value):
        if isinstance(entry, str):
            found[_short(entry)] = None
        elif key := text(mapping(entry).get("key")):
            said = mapping(entry).get("value")
            found[_short(key)] = _short(said) if isinstance(said, str) else None
    return found


def _attributes(value: Json) -> JsonObject:
    return {_short(text(entry.get("key"))): _scalars(entry.get("value")) for entry in map(mapping, sequence(value))}


def _scalars(value: Json) -> Json:
    """The value if it is plain, or a list of plain ones; anything else is not kept."""
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, (list, tuple)):
        return [_scalars(item) for item in value if isinstance(item, (str, int, float, bool))]
    return value if isinstance(value, (int, float)) else None


_RANGES = (
    ("ipRanges", "cidrIp"),
    ("ipv6Ranges", "cidrIpv6"),
    ("groups", "groupId"),
    ("prefixListIds", "prefixListId"),
)


def rules_of(value: Json) -> Iterator[Rule]:
    """The rules that a request names, exploded as the comparison explodes those of a group."""
    entries = sequence(value) if isinstance(value, (list, tuple)) else (value,)
    for entry in map(mapping, entries):
        nested = entry.get("securityGroupRule")
        if isinstance(nested, Mapping):
            yield from _rule_by_id(nested)
            continue
        for ranges, name in _RANGES:
            for source in map(mapping, sequence(entry.get(ranges))):
                yield _rule(entry, text(source.get(name)), source.get("description"))


def _rule_json(each: Rule) -> JsonObject:
    return {key: value for key, value in each.as_json().items() if key != "declared"}


def _rule_by_id(entry: JsonObject) -> Iterator[Rule]:
    """A rule as `ModifySecurityGroupRules` has it."""
    for name in ("cidrIpv4", "cidrIpv6", "referencedGroupId", "prefixListId"):
        if source := text(entry.get(name)):
            yield _rule(entry, source, entry.get("description"))


def _rule(entry: JsonObject, source: str, description: Json) -> Rule:
    return rule(
        entry.get("ipProtocol"),
        _number(entry.get("fromPort")),
        _number(entry.get("toPort")),
        _short(source),
        _short(text(description)),
    )


def _number(value: Json) -> Json:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_TEXT else f"{value[: LONGEST_TEXT - 1]}…"
