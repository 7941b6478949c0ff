"""Reading single things with an account of each: what it cost, and what of it was refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from drift_audit.clock import Clock
from drift_audit.collect.cluster.connection import Connection
from drift_audit.collect.cluster.discovery import ServedKind
from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.listing import Keep, list_kind
from drift_audit.collect.cluster.pacing import Tally
from drift_audit.collect.cluster.parsing import Glance, RawObject
from drift_audit.collect.masking import Masker
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, mapping
from drift_audit.model.views import Gap, ScopeRead, ScopeStatus, View

Wanted: TypeAlias = "Mapping[str, Wanted | None]"
"""Fields that are kept: below each, which of its fields, or all of them."""

METADATA: Wanted = {
    **dict.fromkeys(("name", "namespace", "uid", "generation", "labels", "finalizers", "ownerReferences")),
    **dict.fromkeys(("creationTimestamp", "deletionTimestamp")),
}
"""Of objects that only stand beside: annotations repeat whole objects, field managers decide nothing there."""


def only(value: Json, wanted: Wanted | None) -> Json:
    """The value with no other fields than these; lists item by item."""
    if wanted is None:
        return value
    if isinstance(value, list):
        return [only(item, wanted) for item in value]
    found = mapping(value)
    return {name: only(found[name], below) for name, below in wanted.items() if name in found}


@dataclass(slots=True, kw_only=True)
class Part:
    """One thing that is read."""

    view: View
    scope: str
    instead: str = ""
    """How to do without it, for the remedy of a right that is missing: `set closer_look.logs: false`."""
    tally: Tally = field(default_factory=Tally)
    gaps: list[Gap] = field(default_factory=list)
    faults: list[Unreadable] = field(default_factory=list)
    found: bool = False
    """True once something of it was read."""
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def refuse(self, fault: Unreadable, subject: str = "") -> None:
        """Notes what could not be read; the same words once."""
        self.faults.append(fault)
        remedy = f"{fault.remedy} Or {self.instead}." if fault.right and self.instead else fault.remedy
        gap = Gap(
            view=self.view,
            scope=self.scope,
            subject=subject,
            reason=fault.reason,
            remedy=remedy,
            status=ScopeStatus.PARTIAL if self.found else ScopeStatus.FAILED,
            right=fault.right,
        )
        if not any(known.reason == gap.reason for known in self.gaps):
            self.gaps.append(gap)

    def end(self) -> None:
        self.seconds = round(time.monotonic() - self.began, 3)

    def read(self) -> ScopeRead:
        """The account."""
        failed = ScopeStatus.PARTIAL if self.found else ScopeStatus.FAILED
        return ScopeRead(
            view=self.view,
            scope=self.scope,
            status=failed if self.gaps else ScopeStatus.COMPLETE,
            reason=self.gaps[0].reason if self.gaps else "",
            calls=self.tally.calls,
            throttles=self.tally.throttles,
            seconds=self.seconds,
        )


_Found = TypeVar("_Found")
PartRead: TypeAlias = Callable[[], tuple[Part, list[_Found]]]


@dataclass(slots=True)
class Reading:
    """Parts that are read side by side, and the account of all."""

    pool: Executor
    parts: list[Part] = field(default_factory=list)

    def all(self, reads: Iterable[PartRead[_Found]]) -> list[_Found]:
        """What the jobs found, in their order."""
        found: list[_Found] = []
        for part, more in self.pool.map(_timed, list(reads)):
            self.parts.append(part)
            found += more
        return found

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(gap for part in self.parts for gap in part.gaps)

    @property
    def reads(self) -> tuple[ScopeRead, ...]:
        return tuple(part.read() for part in self.parts)


def _timed(read: PartRead[_Found]) -> tuple[Part, list[_Found]]:
    part, found = read()
    part.end()
    return part, found


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """What every part of one look needs."""

    connection: Connection
    masker: Masker
    clock: Clock
    page_size: int
    view: View
    scope: str
    """How the scopes of its parts begin: `prod, closer look`, `prod/fleet/one`."""

    def part(self, name: str, instead: str = "") -> Part:
        return Part(view=self.view, scope=f"{self.scope}/{name}", instead=instead)

    def listed(
        self,
        part: Part,
        kind: ServedKind,
        *,
        namespace: str = "",
        selector: str = "",
        fields: str = "",
        keep: Keep | None = None,
        glance: Glance | None = None,
    ) -> list[RawObject]:
        """The objects as the server has them; what it refuses is noted in the part."""
        listed = list_kind(
            self.connection,
            kind,
            kind.versions[0],
            part.tally,
            namespace=namespace,
            page_size=self.page_size,
            selector=selector,
            fields=fields,
            keep=keep,
            glance=glance,
        )
        part.found = part.found or listed.complete or bool(listed.resource_version)  # a page of it came
        if listed.fault is not None:
            part.refuse(listed.fault, subject=namespace)
        return [found for _, found in sorted(listed.objects.items())]

    def kept(self, kind: ServedKind, raw: RawObject, wanted: Wanted) -> CapiObject:
        """The object as a view holds it: the wanted fields, without secrets, what its status tells included."""
        metadata = raw["metadata"]
        body = {**mapping(only(raw, {"metadata": METADATA, **wanted})), "apiVersion": kind.api_version}
        body["kind"] = kind.kind
        return CapiObject(
            api_version=kind.api_version,
            kind=kind.kind,
            namespace=metadata.get("namespace") or "",
            name=metadata["name"],
            raw=self.masker.mask_told(body),
        )
