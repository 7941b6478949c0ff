"""Paged lists of one kind: every page, or as far as the server let us come, and the account of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from drift_audit.collect.cluster.connection import Connection
from drift_audit.collect.cluster.discovery import ServedKind
from drift_audit.collect.cluster.faults import Ask, Unreadable
from drift_audit.collect.cluster.pacing import Tally
from drift_audit.collect.cluster.parsing import Glance, Page, PageParser, RawObject, parsed_object

Keep = Callable[[RawObject], RawObject]
"""What is kept of an object; an empty one is not kept at all."""

TWO_REVISIONS = "the list spans two revisions: its snapshot expired on the way"


@dataclass(slots=True)
class Listed:
    """The objects of one list by (namespace, name), and how far it came."""

    objects: dict[tuple[str, str], RawObject] = field(default_factory=dict)
    resource_version: str = ""
    fault: Unreadable | None = None
    """Why it is not complete."""
    remark: str = ""

    @property
    def complete(self) -> bool:
        return self.fault is None


def list_kind(
    connection: Connection,
    served: ServedKind,
    version: str,
    tally: Tally,
    *,
    namespace: str = "",
    page_size: int = 500,
    selector: str = "",
    fields: str = "",
    keep: Keep | None = None,
    glance: Glance | None = None,
    on_page: Callable[[int], None] = lambda objects: None,
) -> Listed:
    """All objects of the kind in `namespace` (empty: all). What was read before a failure is kept; the number of
    objects of each page is told as it comes.

    An expired snapshot (410) is continued once in the newer revision that the server offers: whatever existed all
    the time is then still seen. If that fails as well, the kind is listed once more from the beginning.

    `selector` is one of labels, `fields` one of fields. `keep` makes of each object, as soon as its page is there,
    what is kept of it: for kinds of which there are too many to hold. What a `glance` is enough for is counted, and
    neither parsed nor kept.
    """
    if namespace and not _can_exist(namespace):
        return Listed()
    selectors = {"labelSelector": selector, "fieldSelector": fields}
    paging = _Paging(connection, served, version, tally, namespace, page_size, selectors, keep, glance, on_page)
    listed = paging.run()
    if listed.fault is not None and listed.fault.status == 410:
        again = paging.run()
        return again if again.complete else _larger(listed, again)
    return listed


def get_object(
    connection: Connection, served: ServedKind, version: str, namespace: str, name: str, tally: Tally
) -> RawObject | None:
    """One object by name, `None` where the server has none; raises `Unreadable`."""
    if served.namespaced and not namespace:
        raise Unreadable(
            f"{served.kind} {name!r}: Git leaves out its namespace",
            "Set namespace: of the Git source to the one that the applying tool chooses.",
        )
    if not (_can_exist(name) and _can_exist(namespace or "default")):
        return None
    ask = Ask(verb="get", group=served.group, resource=served.plural, namespace=namespace, name=name)
    place = served.path(version, quote(namespace, safe=""))
    try:
        reply = connection.get(ask, f"{place}/{quote(name, safe='')}", tally)
    except Unreadable as fault:
        if fault.status == 404:
            return None
        raise
    try:
        return parsed_object(reply.body)
    except ValueError as error:
        raise _malformed(ask) from error


def _can_exist(segment: str) -> bool:
    """False for names that Kubernetes refuses as part of a path: what Git declares may be hostile, and a name
    such as `..` would make the request one for something else."""
    return segment not in ("", ".", "..") and not any(sign in segment for sign in "/%")


@dataclass(slots=True)
class _Paging:
    connection: Connection
    served: ServedKind
    version: str
    tally: Tally
    namespace: str
    page_size: int
    selectors: Mapping[str, str]
    keep: Keep | None
    glance: Glance | None
    on_page: Callable[[int], None]
    parser: PageParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = PageParser() if self.keep is None else PageParser(most_shared=0, glance=self.glance)

    def run(self) -> Listed:
        listed = Listed()
        try:
            self._pages(listed)
        except Unreadable as fault:
            listed.fault = fault
        if self.keep is not None:
            listed.objects = {name: kept for name, kept in listed.objects.items() if kept}
        return listed

    def _pages(self, listed: Listed) -> None:
        ask = Ask(verb="list", group=self.served.group, resource=self.served.plural, namespace=self.namespace)
        token = ""
        used: set[str] = set()
        while True:
            try:
                page = self._page(ask, token)
            except Unreadable as fault:
                if fault.status != 410 or not fault.continue_token or listed.remark:
                    raise
                listed.remark = TWO_REVISIONS
                token = fault.continue_token
                continue
            before = len(listed.objects)
            self._take(page, listed)
            self.on_page(len(page.objects) + len(page.passed))
            listed.resource_version = page.resource_version
            token = page.continue_token
            if not token:
                return
            if token in used or len(listed.objects) == before:
                raise Unreadable(
                    f"{ask}: the server repeats the same page",
                    "Check the proxies in between: one of them drops the query of the request or answers from a cache.",
                )
            used.add(token)

    def _page(self, ask: Ask, token: str) -> Page:
        query = [("limit", str(self.page_size))]
        query += [(name, selector) for name, selector in self.selectors.items() if selector]
        if token:
            query.append(("continue", token))
        path = self.served.path(self.version, quote(self.namespace, safe=""))
        reply = self.connection.get(ask, path, self.tally, query=query)
        try:
            return self.parser.page(reply.body)
        except ValueError as error:
            raise _malformed(ask) from error

    def _take(self, page: Page, listed: Listed) -> None:
        listed.objects |= {name: {} for name in page.passed}
        api_version = f"{self.served.group}/{self.version}" if self.served.group else self.version
        for found in page.objects:
            if "kind" not in found:  # lists of built-in kinds name it only once, for the list
                found = {"apiVersion": api_version, "kind": self.served.kind, **found}
            metadata = found["metadata"]
            name = metadata.get("namespace", ""), metadata["name"]
            listed.objects[name] = found if self.keep is None else self.keep(found)


def _larger(one: Listed, other: Listed) -> Listed:
    return one if len(one.objects) > len(other.objects) else other


def _malformed(ask: Ask) -> Unreadable:
    return Unreadable(
        f"{ask}: the answer is not valid JSON of a Kubernetes object list",
        "Check the proxies in between and the API server's log; then run the audit again.",
    )
