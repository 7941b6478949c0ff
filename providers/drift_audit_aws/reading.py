"""How one resource type is read: in pages, for all clusters of a scope at once, never one call per object."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import is_
from typing import Any, Protocol, TypeAlias

from drift_audit.clock import stamp
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit_aws.ownership import OWNED_TAG_PATTERN

Filters: TypeAlias = "list[dict[str, Any]]"
Found: TypeAlias = Mapping[tuple[str, str], CloudResource]

VALUES_PER_FILTER = 200
"""The most values that EC2 takes in one filter (EC2 API reference, `DescribeInstances`, Filter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a type is to be read in a scope."""

    scope: CloudScope
    vpcs: tuple[str, ...] = ()
    """The VPCs of the fleet in this scope."""
    named: frozenset[str] = frozenset()
    """Ids of this type that objects of the fleet name: to be found even where no tag and no VPC shows them."""
    only: frozenset[str] | None = None
    """Just these ids, for a second look; `None`: everything."""
    before: Found = field(default_factory=dict)
    """What the readers before this one found in the scope."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Ids by type that objects of the fleet name: for a reader that reads details of another type's resources."""
    page_size: int = 1000

    def of_type(self, resource_type: str) -> Iterator[CloudResource]:
        """The resources of a type that was read before."""
        return (resource for (kind, _), resource in self.before.items() if kind == resource_type)


class Calls(Protocol):
    """The door to the services of one scope: paced, counted, and closed to everything but reads."""

    def client(self, service: str) -> Any:
        """The boto3 client of a service; may raise a `BotoCoreError`."""
        ...


class Reader(Protocol):
    """Reads one resource type of a scope."""

    @property
    def type(self) -> str:
        """Our short word for the resource type."""
        ...

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions that reading takes, `ec2:DescribeInstances`: the policy is made of them."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Types that have to be read first, and completely, so that this one can be complete."""
        ...

    @property
    def everywhere(self) -> bool:
        """False for what an account has only once, and not in each region: it is read in one scope of the account."""
        ...

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        """The resources, as the pages come; raises what botocore raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedReader:
    """A resource type that one EC2-like operation lists by filters, with its tags."""

    type: str
    operation: str
    """Of boto3: `describe_instances`."""
    actions: tuple[str, ...]
    id_field: str
    id_filter: str
    items: Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any]]]
    """The resources of one page."""
    vpc_filter: str = ""
    """Also everything in the VPCs of the fleet, so that a resource that lost its tags is still seen: `vpc-id`."""
    tags_field: str = "Tags"
    created_field: str = ""
    filters_name: str = "Filters"
    """NAT gateways alone take `Filter`."""
    largest_page: int = 1000
    paginated: bool = True
    """False for the few operations that give everything at once (botocore has no paginator for them)."""
    service: str = "ec2"
    needs: tuple[str, ...] = ()
    everywhere: bool = True
    behind: Callable[[Wanted], Iterable[str]] = lambda wanted: ()
    """Further ids that what was read before names: the volumes of the instances."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the operation."""
    by_tag: bool = True
    """False where only named ids are wanted: of images, those that specs name."""

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        """All passes, then one more for the named ids that no pass showed.

        The last pass finds an instance that stands in a foreign VPC and has lost its tags: without it that
        instance would be called missing.
        """
        client = calls.client(self.service)
        if wanted.only is not None:
            yield from self._by_id(client, wanted, wanted.only)
            return
        seen: set[str] = set()
        for filters in self._passes(wanted.vpcs):
            for resource in self._pass(client, wanted, filters, but=seen):
                seen.add(resource.key.id)
                yield resource
        yield from self._by_id(client, wanted, {*wanted.named, *self.behind(wanted)} - seen)

    def _passes(self, vpcs: Sequence[str]) -> Iterator[Filters]:
        """The passes that together see every resource of the scope that is or says that it is a cluster's."""
        if self.vpc_filter:
            for some in chunks(vpcs):
                yield [{"Name": self.vpc_filter, "Values": list(some)}]
        if self.by_tag:
            yield [{"Name": "tag-key", "Values": [OWNED_TAG_PATTERN]}]

    def _by_id(self, client: Any, wanted: Wanted, ids: Iterable[str]) -> Iterator[CloudResource]:
        """Passes for single resources. As filters, because one unknown id among `InstanceIds` fails the whole call."""
        for some in chunks(sorted(ids)):
            yield from self._pass(client, wanted, [{"Name": self.id_filter, "Values": list(some)}])

    def _pass(self, client: Any, wanted: Wanted, filters: Filters, but: Container[str] = ()) -> Iterator[CloudResource]:
        """The resources of one pass, `but` for those that an earlier one has shown."""
        for page in self._pages(client, filters, min(wanted.page_size, self.largest_page)):
            for item in self.items(page):
                if item[self.id_field] in but:
                    continue
                # Answers in XML come with plain values all through (`responses`).
                yield _plain_resource(
                    wanted.scope,
                    self.type,
                    item[self.id_field],
                    item,
                    tag_list(item.get(self.tags_field, ())),
                    item.get(self.created_field),
                )

    def _pages(self, client: Any, filters: Filters, page_size: int) -> Iterable[Mapping[str, Any]]:
        """Page by page; botocore refuses a token that comes twice with a `PaginationError`."""
        arguments = {self.filters_name: filters, **self.arguments}
        if not self.paginated:
            return [getattr(client, self.operation)(**arguments)]
        pages: Iterable[Mapping[str, Any]] = client.get_paginator(self.operation).paginate(
            **arguments, PaginationConfig={"PageSize": page_size}
        )
        return pages


def chunks(values: Sequence[str], size: int = VALUES_PER_FILTER) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def resource_of(
    scope: CloudScope,
    resource_type: str,
    resource_id: str,
    item: Mapping[str, Any],
    *,
    tags: Mapping[str, str],
    created: Any = None,
) -> CloudResource:
    """One resource of an API response, with its moments in RFC 3339."""
    return _plain_resource(scope, resource_type, resource_id, jsonable(item), tags, jsonable(created))


def _plain_resource(
    scope: CloudScope,
    resource_type: str,
    resource_id: str,
    attributes: Mapping[str, Any],
    tags: Mapping[str, str],
    created: Any,
) -> CloudResource:
    return CloudResource(
        key=ResourceKey(scope.provider, scope.account, scope.region, resource_type, resource_id),
        attributes=attributes,
        tags=tags,
        created_at=created if isinstance(created, str) else "",
    )


def tag_list(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The tags of a response, which come as a list of `Key` and `Value`."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def jsonable(value: Any) -> Any:
    """The value of an API response with its moments in RFC 3339; the very same value when it holds none."""
    kind = type(value)
    if kind is dict:
        changed = {
            key: plain
            for key, inner in value.items()
            if type(inner) is not str and (plain := jsonable(inner)) is not inner
        }
        return {**value, **changed} if changed else value
    if kind is list or kind is tuple:
        plain_items = [jsonable(inner) for inner in value]
        return value if all(map(is_, plain_items, value)) else plain_items
    if kind in _PLAIN:
        return value
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"an AWS response holds no {kind.__name__}")


_PLAIN = frozenset({str, int, bool, float, type(None)})
