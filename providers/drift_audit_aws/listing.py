"""How one resource type is listed: in pages, for all clusters of a scope at once, never one call per object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from drift_audit.clock import stamp
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json

Filters: TypeAlias = "list[dict[str, Any]]"

VALUES_PER_FILTER = 200
"""The most values that EC2 takes in one filter (EC2 API reference, `DescribeInstances`, Filter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceReader:
    """What has to be known of one EC2 resource type in order to list it."""

    type: str
    """Our short word, and the key of its ids in `ScopeRequest.hints`."""
    operation: str
    """The paginator of boto3: `describe_instances`."""
    action: str
    """The IAM action that a person has to allow: `ec2:DescribeInstances`."""
    id_field: str
    id_filter: str
    items: Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any]]]
    """The resources of one page."""
    by_vpc: bool
    """Also everything in the VPCs of the fleet, so that a resource that lost its tags is still seen."""
    tags_field: str = "Tags"
    created_field: str = ""


def fleet_filters(reader: ResourceReader, vpcs: Sequence[str], tag_pattern: str) -> Iterator[Filters]:
    """The passes that together see every resource of the scope that is or says that it is a cluster's."""
    if reader.by_vpc:
        for some in chunks(vpcs):
            yield [{"Name": "vpc-id", "Values": list(some)}]
    yield [{"Name": "tag-key", "Values": [tag_pattern]}]


def id_filters(reader: ResourceReader, ids: Iterable[str]) -> Iterator[Filters]:
    """Passes for single resources. As filters, because one unknown id among `InstanceIds` fails the whole call."""
    for some in chunks(sorted(ids)):
        yield [{"Name": reader.id_filter, "Values": list(some)}]


def read_pass(
    reader: ResourceReader, client: Any, scope: CloudScope, filters: Filters, page_size: int
) -> Iterator[CloudResource]:
    """The resources of one pass, page by page; botocore refuses a token that comes twice with a `PaginationError`."""
    pages = client.get_paginator(reader.operation).paginate(Filters=filters, PaginationConfig={"PageSize": page_size})
    for page in pages:
        for item in reader.items(page):
            yield _resource(reader, scope, item)


def chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), VALUES_PER_FILTER):
        yield values[start : start + VALUES_PER_FILTER]


def _resource(reader: ResourceReader, scope: CloudScope, item: Mapping[str, Any]) -> CloudResource:
    attributes = {name: jsonable(value) for name, value in item.items()}
    created = item.get(reader.created_field)
    return CloudResource(
        key=ResourceKey(scope.provider, scope.account, scope.region, reader.type, item[reader.id_field]),
        attributes=attributes,
        tags={tag["Key"]: tag.get("Value", "") for tag in item.get(reader.tags_field, ())},
        created_at=stamp(created) if isinstance(created, datetime) else "",
    )


def jsonable(value: Any) -> Json:
    """The value of an API response with its moments in RFC 3339."""
    match value:
        case datetime():
            return stamp(value)
        case dict():
            return {str(key): jsonable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [jsonable(inner) for inner in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"an EC2 response holds no {type(value).__name__}")
