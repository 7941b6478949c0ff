"""How one resource type of a project is read: in pages, for all clusters of the project at once.

Instances are asked for without the values of their metadata: the bootstrap data of machines, with their join tokens,
stands among them and must not enter this process. The answer is stripped of them once more, for a proxy that passes
the parameter `fields` on to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drift_audit.clock import moment, stamp
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit_gcp import resource_types as types
from drift_audit_gcp.links import id_of, path_of
from drift_audit_gcp.session import GoogleError, ProjectSession

INSTANCE_FIELDS = (
    "kind,id,name,zone,selfLink,creationTimestamp,machineType,status,statusMessage,labels,tags,metadata/items/key,"
    "networkInterfaces,serviceAccounts,scheduling,disks,canIpForward,shieldedInstanceConfig,confidentialInstanceConfig,"
    "guestAccelerators,deletionProtection"
)
_PAGE_FIELDS = "kind,nextPageToken,unreachables,warning"
_LOST = frozenset({"UNREACHABLE", "PARTIAL_SUCCESS", "LIST_OVERHEAD_QUOTA_EXCEED", "QUOTA_INFO_UNAVAILABLE"})
"""Warnings under which a part of the listing is not known. `NO_RESULTS_ON_PAGE` is that of every empty place."""


class PartlyUnreachable(Exception):
    """The listing ended, and says that it lacks something."""

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__(", ".join(places))
        self.places = places


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a type is to be read in a project."""

    scope: CloudScope
    named: frozenset[str] = frozenset()
    """Ids of this type that objects of the fleet name."""
    only: frozenset[str] | None = None
    """Just these ids, for a second look; `None`: everything."""
    page_size: int = 500

    @property
    def project(self) -> str:
        return self.scope.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One resource type: by `aggregatedList`, or by a plain list where Google has only that."""

    type: str
    kind: str
    """Of one resource: `compute#instance`."""
    permissions: tuple[str, ...]
    """What reading takes, the first for the listing: the role is made of them."""
    list_kind: str = ""
    """Of a page, where it is not the resource's own name with `AggregatedList`."""
    aggregated: bool = True
    fields: str = ""
    """Of one resource; empty: all."""
    of_network: bool = False
    """True for what stands in the host project of a shared VPC."""
    by_name: bool = False
    """True where only what objects name is read."""
    read: Callable[[Reader, ProjectSession, Wanted], Iterator[CloudResource]] = field(
        default_factory=lambda: read_listing
    )

    @property
    def collection(self) -> str:
        return types.COLLECTIONS[self.type]


def read_listing(reader: Reader, session: ProjectSession, wanted: Wanted) -> Iterator[CloudResource]:
    """All pages; or, for a second look, each suspect by itself."""
    if wanted.only is not None:
        yield from _one_by_one(reader, session, wanted)
        return
    lost: list[str] = []
    for page in _pages(reader, session, wanted):
        for body in _bodies(reader, page, lost):
            yield resource_of(reader.type, wanted.scope, body)
    if lost:
        raise PartlyUnreachable(sorted(set(lost)))


def _pages(reader: Reader, session: ProjectSession, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    place = "aggregated" if reader.aggregated else "global"
    path = f"projects/{wanted.project}/{place}/{reader.collection}"
    kind = reader.list_kind or f"{reader.kind}{'AggregatedList' if reader.aggregated else 'List'}"
    query = {"maxResults": str(wanted.page_size)}
    if reader.fields:
        query["fields"] = f"{_PAGE_FIELDS},items/*/warning,items/*/{reader.collection}({reader.fields})"
    return pages_of(lambda token: session.get(path, kind, **query, **token))


def pages_of(page_of: Callable[[Mapping[str, str]], Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Page after page; a token that comes twice would never end."""
    seen: set[str] = set()
    token: dict[str, str] = {}
    while True:
        page = page_of(token)
        yield page
        following = page.get("nextPageToken")
        if not following:
            return
        if following in seen:
            raise GoogleError(200, "repeated", "the same page token came twice")
        seen.add(following)
        token = {"pageToken": following}


def _bodies(reader: Reader, page: Mapping[str, Any], lost: list[str]) -> Iterator[Mapping[str, Any]]:
    """The resources of a page, and what it says that it lacks."""
    lost += page.get("unreachables") or ()
    items = page.get("items") or {}
    if not reader.aggregated:
        yield from items
        return
    for place, held in items.items():
        yield from held.get(reader.collection) or ()
        if (held.get("warning") or {}).get("code") in _LOST:
            lost.append(place)


def _one_by_one(reader: Reader, session: ProjectSession, wanted: Wanted) -> Iterator[CloudResource]:
    query = {"fields": reader.fields} if reader.fields else {}
    for resource_id in sorted(wanted.only or ()):
        path = path_of(wanted.project, reader.collection, resource_id)
        try:
            yield resource_of(reader.type, wanted.scope, session.get(path, reader.kind, **query))
        except GoogleError as error:
            if (error.status, error.reason) != (404, "notFound"):
                raise


def read_members(reader: Reader, session: ProjectSession, wanted: Wanted) -> Iterator[CloudResource]:
    """The members of the groups that objects name: one call for each, there is no listing of all."""
    for group in sorted(wanted.named if wanted.only is None else wanted.only):
        path = path_of(wanted.project, types.COLLECTIONS[types.INSTANCE_GROUP], group)
        try:
            members = list(_members_of(session, path, wanted.page_size))
        except GoogleError as error:
            if (error.status, error.reason) != (404, "notFound"):
                raise
            continue
        attributes = {"kind": reader.kind, "selfLink": path, "members": members}
        yield resource_of(reader.type, wanted.scope, attributes)


def _members_of(session: ProjectSession, path: str, page_size: int) -> Iterable[str]:
    pages = pages_of(
        lambda token: session.read_by_post(
            f"{path}/listInstances", "compute#instanceGroupsListInstances", maxResults=str(page_size), **token
        )
    )
    return (str(item["instance"]) for page in pages for item in page.get("items") or ())


def resource_of(resource_type: str, scope: CloudScope, body: Mapping[str, Any]) -> CloudResource:
    """One resource of an answer, under the id that its own link tells."""
    key = ResourceKey(scope.provider, scope.account, scope.region, resource_type, id_of(body["selfLink"]))
    created = moment(body.get("creationTimestamp", ""))
    return CloudResource(
        key=key,
        attributes=_without_values(body) if "metadata" in body else body,
        tags=body.get("labels") or {},
        created_at=stamp(created) if created is not None else "",
    )


def _without_values(body: Mapping[str, Any]) -> Mapping[str, Any]:
    items = [{"key": item.get("key")} for item in body["metadata"].get("items") or ()]
    return {**body, "metadata": {"items": items}}


def _reader(resource_type: str, kind: str, noun: str, *, gets: Sequence[str] = (), **more: Any) -> Reader:
    permissions = (f"compute.{noun}.list", *(f"compute.{each}.get" for each in (noun, *gets)))
    return Reader(type=resource_type, kind=kind, permissions=permissions, **more)


READERS: tuple[Reader, ...] = (
    _reader(types.INSTANCE, "compute#instance", "instances", fields=INSTANCE_FIELDS),
    _reader(types.DISK, "compute#disk", "disks"),
    _reader(types.INSTANCE_GROUP, "compute#instanceGroup", "instanceGroups"),
    Reader(
        type=types.GROUP_MEMBERS,
        kind="compute#instanceGroupsListInstances",
        permissions=("compute.instanceGroups.list",),
        by_name=True,
        read=read_members,
    ),
    _reader(types.GROUP_MANAGER, "compute#instanceGroupManager", "instanceGroupManagers"),
    _reader(types.FORWARDING_RULE, "compute#forwardingRule", "forwardingRules", gets=("globalForwardingRules",)),
    _reader(types.BACKEND_SERVICE, "compute#backendService", "backendServices", gets=("regionBackendServices",)),
    _reader(
        types.HEALTH_CHECK,
        "compute#healthCheck",
        "healthChecks",
        gets=("regionHealthChecks",),
        list_kind="compute#healthChecksAggregatedList",
    ),
    _reader(types.TARGET_PROXY, "compute#targetTcpProxy", "targetTcpProxies"),
    _reader(types.ADDRESS, "compute#address", "addresses", gets=("globalAddresses",)),
    _reader(types.NETWORK, "compute#network", "networks", aggregated=False, of_network=True),
    _reader(types.SUBNETWORK, "compute#subnetwork", "subnetworks", of_network=True),
    _reader(types.ROUTER, "compute#router", "routers", of_network=True),
    _reader(types.FIREWALL, "compute#firewall", "firewalls", aggregated=False, of_network=True),
)
"""In reading order. What stands in a project costs one call for each 500 of a type, however many clusters there are."""
