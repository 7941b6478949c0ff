"""Load balancers of both APIs and target groups with their tags; of the fleet's API load balancers alone, the rest.

Neither API filters by tag or VPC, so that a listing is of the whole region, in pages of 400, with the tags of 20
resources per call. Attributes, listeners and health cost one call for each load balancer or target group: they are
read only for those in front of the fleet's API servers, each kind as a listing of its own.
Source: Elastic Load Balancing API references 2012-06-01 and 2015-12-01, DescribeLoadBalancers and DescribeTags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drift_audit.model.keys import CloudScope
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import sequence, text
from drift_audit_aws.ownership import CLOUD_PROVIDER_TAG_PREFIX, OWNED_TAG_PREFIX, vpc_of
from drift_audit_aws.reading import Calls, Wanted, chunks, resource_of, tag_list
from drift_audit_aws.resource_types import (
    BALANCER,
    BALANCER_ATTRIBUTES,
    BALANCER_LISTENERS,
    CLASSIC_BALANCER,
    CLASSIC_BALANCER_ATTRIBUTES,
    CLASSIC_BALANCER_HEALTH,
    TARGET_GROUP,
    TARGET_GROUP_ATTRIBUTES,
    TARGET_HEALTH,
)

_LARGEST_PAGE = 400
_TAGGED_PER_CALL = 20
_GONE = frozenset({"LoadBalancerNotFound", "TargetGroupNotFound"})
_CONTROLLER_TAG_PREFIXES = (OWNED_TAG_PREFIX, CLOUD_PROVIDER_TAG_PREFIX, "elbv2.k8s.aws/cluster")
_SECRETIVE = frozenset({"AuthenticateOidcConfig", "AuthenticateCognitoConfig"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailReader:
    """What one call more tells of each of the fleet's load balancers, or of each of their target groups."""

    type: str
    service: str
    operation: str
    argument: str
    """Of the call, and the field of the load balancer or target group that it takes."""
    result: str
    """The field of the answer that is kept, under the same name."""
    of_type: str
    actions: tuple[str, ...]
    paginated: bool = False
    everywhere: bool = True

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.of_type,)

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        client = calls.client(self.service)
        asked = _asked(wanted)
        for resource in [found for found in wanted.of_type(self.of_type) if asked(found)]:
            yield from self.of(client, wanted.scope, resource)

    def of(self, client: Any, scope: CloudScope, resource: CloudResource) -> Iterator[CloudResource]:
        """The detail of one resource; nothing when the resource is gone by now."""
        arguments = {self.argument: resource.attributes[self.argument]}
        try:
            found = self._answer(client, arguments)
        except client.exceptions.ClientError as error:
            if _gone(error):
                return
            raise
        yield resource_of(scope, self.type, resource.key.id, {self.result: _without_secrets(found)}, tags={})

    def _answer(self, client: Any, arguments: Mapping[str, Any]) -> Any:
        if not self.paginated:
            return getattr(client, self.operation)(**arguments)[self.result]
        pages = client.get_paginator(self.operation).paginate(**arguments, PaginationConfig={"PageSize": _LARGEST_PAGE})
        return [item for page in pages for item in page.get(self.result, ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedReader:
    """Everything of one type in a region with its tags, as far as the fleet or any cluster can have to do with it.

    A second look at one of them looks at its details too: what is told of them is told of it.
    """

    type: str
    service: str
    operation: str
    result: str
    name: str
    """The field with the name, which is our id."""
    names_argument: str
    tagged_by: str
    """The field by which tags are asked for."""
    tags_argument: str
    tags_name: str
    """The field of a tag description that says whose tags they are."""
    listing: tuple[str, ...]
    """The IAM actions of the listing itself."""
    details: Sequence[DetailReader]
    created: str = ""
    needs: tuple[str, ...] = ()
    everywhere: bool = True

    @property
    def actions(self) -> tuple[str, ...]:
        """With those of the details: a second look takes them too."""
        return (*self.listing, *(action for detail in self.details for action in detail.actions))

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        client = calls.client(self.service)
        if wanted.only is not None:
            yield from self._again(client, wanted, wanted.only)
            return
        pages = client.get_paginator(self.operation).paginate(
            PaginationConfig={"PageSize": min(wanted.page_size, _LARGEST_PAGE)}
        )
        asked = _asked(wanted)
        for page in pages:
            for resource in self._tagged(client, wanted.scope, page.get(self.result, ())):
                # The rest of the region is other people's: it is not kept.
                if asked(resource) or vpc_of(resource) in wanted.vpcs or _made_for_a_cluster(resource):
                    yield resource

    def _again(self, client: Any, wanted: Wanted, names: Iterable[str]) -> Iterator[CloudResource]:
        """One call per name: one unknown name among several fails the whole call."""
        for name in sorted(names):
            try:
                items = getattr(client, self.operation)(**{self.names_argument: [name]})[self.result]
            except client.exceptions.ClientError as error:
                if _gone(error):
                    continue
                raise
            for resource in self._tagged(client, wanted.scope, items):
                yield resource
                for detail in self.details:
                    if (detail.type, name) in wanted.before:
                        yield from detail.of(client, wanted.scope, resource)

    def _tagged(self, client: Any, scope: CloudScope, items: Sequence[Mapping[str, Any]]) -> Iterator[CloudResource]:
        tags = dict(self._tags(client, [item[self.tagged_by] for item in items]))
        for item in items:
            if item[self.tagged_by] in tags:
                yield resource_of(
                    scope,
                    self.type,
                    item[self.name],
                    item,
                    tags=tags[item[self.tagged_by]],
                    created=item.get(self.created),
                )

    def _tags(self, client: Any, names: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The tags of each that is still there. One that has gone fails its whole batch: that is asked one by one."""
        for some in chunks(names, _TAGGED_PER_CALL):
            try:
                yield from self._tags_of(client, some)
            except client.exceptions.ClientError as error:
                if not _gone(error):
                    raise
                if len(some) > 1:
                    for name in some:
                        yield from self._tags(client, [name])

    def _tags_of(self, client: Any, names: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
        descriptions = client.describe_tags(**{self.tags_argument: list(names)})["TagDescriptions"]
        found = {entry[self.tags_name]: tag_list(entry.get("Tags", ())) for entry in descriptions}
        for name in names:
            if name not in found:
                raise _untold_tags(name)
            yield name, found[name]


def _asked(wanted: Wanted) -> Callable[[CloudResource], bool]:
    """Whether a load balancer is one that an object of the fleet names, and a target group one of such a one."""
    named = (wanted.before.get((BALANCER, name)) for name in wanted.names.get(BALANCER, ()))
    arns = {text(balancer.attributes.get("LoadBalancerArn")) for balancer in named if balancer is not None}

    def asked(resource: CloudResource) -> bool:
        if wanted.only is not None:
            return resource.key.id in wanted.only
        if resource.key.type == TARGET_GROUP:
            return any(arn in arns for arn in sequence(resource.attributes.get("LoadBalancerArns")))
        return resource.key.id in wanted.names.get(resource.key.type, ())

    return asked


def _made_for_a_cluster(resource: CloudResource) -> bool:
    return any(key.startswith(_CONTROLLER_TAG_PREFIXES) for key in resource.tags)


def _gone(error: Any) -> bool:
    """True when a `ClientError` says that the resource of the call is not there (any more)."""
    return error.response.get("Error", {}).get("Code") in _GONE


def _untold_tags(name: str) -> Exception:
    """Without an answer nobody knows its tags: it must not look like a resource that lost them."""
    from botocore.exceptions import DataNotFoundError

    return DataNotFoundError(data_path=f"the tags of {name}")


def _without_secrets(value: Any) -> Any:
    """The answer without what a listener's sign-in action may hold."""
    match value:
        case dict():
            return {key: _without_secrets(inner) for key, inner in value.items() if key not in _SECRETIVE}
        case list():
            return [_without_secrets(item) for item in value]
        case _:
            return value


def _action(operation: str) -> str:
    return f"elasticloadbalancing:{operation}"


_CLASSIC_ATTRIBUTES = DetailReader(
    type=CLASSIC_BALANCER_ATTRIBUTES,
    service="elb",
    operation="describe_load_balancer_attributes",
    argument="LoadBalancerName",
    result="LoadBalancerAttributes",
    of_type=CLASSIC_BALANCER,
    actions=(_action("DescribeLoadBalancerAttributes"),),
)
_CLASSIC_HEALTH = DetailReader(
    type=CLASSIC_BALANCER_HEALTH,
    service="elb",
    operation="describe_instance_health",
    argument="LoadBalancerName",
    result="InstanceStates",
    of_type=CLASSIC_BALANCER,
    actions=(_action("DescribeInstanceHealth"),),
)
_ATTRIBUTES = DetailReader(
    type=BALANCER_ATTRIBUTES,
    service="elbv2",
    operation="describe_load_balancer_attributes",
    argument="LoadBalancerArn",
    result="Attributes",
    of_type=BALANCER,
    actions=(_action("DescribeLoadBalancerAttributes"),),
)
_LISTENERS = DetailReader(
    type=BALANCER_LISTENERS,
    service="elbv2",
    operation="describe_listeners",
    argument="LoadBalancerArn",
    result="Listeners",
    of_type=BALANCER,
    actions=(_action("DescribeListeners"),),
    paginated=True,
)
_GROUP_ATTRIBUTES = DetailReader(
    type=TARGET_GROUP_ATTRIBUTES,
    service="elbv2",
    operation="describe_target_group_attributes",
    argument="TargetGroupArn",
    result="Attributes",
    of_type=TARGET_GROUP,
    actions=(_action("DescribeTargetGroupAttributes"),),
)
_TARGET_HEALTH = DetailReader(
    type=TARGET_HEALTH,
    service="elbv2",
    operation="describe_target_health",
    argument="TargetGroupArn",
    result="TargetHealthDescriptions",
    of_type=TARGET_GROUP,
    actions=(_action("DescribeTargetHealth"),),
)
_CLASSIC_BALANCERS = TaggedReader(
    type=CLASSIC_BALANCER,
    service="elb",
    operation="describe_load_balancers",
    result="LoadBalancerDescriptions",
    name="LoadBalancerName",
    names_argument="LoadBalancerNames",
    tagged_by="LoadBalancerName",
    tags_argument="LoadBalancerNames",
    tags_name="LoadBalancerName",
    created="CreatedTime",
    listing=(_action("DescribeLoadBalancers"), _action("DescribeTags")),
    details=(_CLASSIC_ATTRIBUTES, _CLASSIC_HEALTH),
)
_BALANCERS = TaggedReader(
    type=BALANCER,
    service="elbv2",
    operation="describe_load_balancers",
    result="LoadBalancers",
    name="LoadBalancerName",
    names_argument="Names",
    tagged_by="LoadBalancerArn",
    tags_argument="ResourceArns",
    tags_name="ResourceArn",
    created="CreatedTime",
    listing=(_action("DescribeLoadBalancers"), _action("DescribeTags")),
    details=(_ATTRIBUTES, _LISTENERS),
)
_GROUPS = TaggedReader(
    type=TARGET_GROUP,
    service="elbv2",
    operation="describe_target_groups",
    result="TargetGroups",
    name="TargetGroupName",
    names_argument="Names",
    tagged_by="TargetGroupArn",
    tags_argument="ResourceArns",
    tags_name="ResourceArn",
    needs=(BALANCER,),
    listing=(_action("DescribeTargetGroups"), _action("DescribeTags")),
    details=(_GROUP_ATTRIBUTES, _TARGET_HEALTH),
)

READERS = (
    _CLASSIC_BALANCERS,
    _CLASSIC_ATTRIBUTES,
    _CLASSIC_HEALTH,
    _BALANCERS,
    _ATTRIBUTES,
    _LISTENERS,
    _GROUPS,
    _GROUP_ATTRIBUTES,
    _TARGET_HEALTH,
)
