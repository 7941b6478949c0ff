"""A provider: machines in a rack, known from an inventory file.

{"account": "rack-1", "machines": [{"serial": "A1", "power": "on"}]}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from drift_audit.clock import now, stamp
from drift_audit.interfaces import Absence, Correlation, Fact, Link, Progress, ScopePlan, ScopeRequest
from drift_audit.model.fields import FieldRow, Reaction, ReactionKind, Writer
from drift_audit.model.findings import Severity
from drift_audit.model.keys import CloudScope, ClusterKey, ResourceKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import Present, text
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, ResourceListing, ScopeRead, ScopeStatus, View

MACHINE = "machine"
POWER = FieldRow(
    id="rack.machine.power",
    kind="RackMachine",
    resource=MACHINE,
    capi=("metadata.name",),
    cloud=("power",),
    path="power",
    comparer="exact",
    writer=Writer.CONTROLLER,
    reaction=Reaction(kind=ReactionKind.IGNORED, detail="nobody switches it on again"),
    severity=Severity.HIGH,
    title="Machine is switched off",
    source="the inventory's own description",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RackSettings:
    """The section `clouds: rack:`."""

    inventory: str = "inventory.json"


class RackProvider:
    """Implements `drift_audit.interfaces.CloudProvider`."""

    name = "rack"

    @classmethod
    def settings_type(cls) -> type[Any]:
        return RackSettings

    def __init__(self, settings: RackSettings) -> None:
        self._inventory = Path(settings.inventory)

    def owns(self, kind: str) -> bool:
        return kind.startswith("Rack")

    def plan(self, clusters: Sequence[ClusterView]) -> ScopePlan:
        members = tuple(sorted({_cluster(view, found) for view in clusters for found in _machines(view)}))
        scope = CloudScope(self.name, "rack-1", "here")
        return ScopePlan(requests=(ScopeRequest(scope=scope, clusters=members),) if members else ())

    def collect(self, request: ScopeRequest, progress: Progress) -> CloudScopeView:
        """Never raises: an inventory that cannot be read is a gap, and nothing in it is called missing."""
        scope = request.scope
        try:
            inventory = json.loads(self._inventory.read_text(encoding="utf-8"))
            machines = {entry["serial"]: entry for entry in inventory["machines"]}
            account = inventory["account"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            gap = Gap(
                view=View.CLOUD,
                scope=f"{scope}/{MACHINE}",
                subject=MACHINE,
                reason=f"the inventory could not be read: {type(error).__name__}",
                remedy=f"Check {self._inventory}.",
            )
            return _view(request, None, {}, gap)
        return _view(request, account, machines)

    def reread(self, request: ScopeRequest, view: CloudScopeView, suspects: Sequence[ResourceKey]) -> CloudScopeView:
        again = self.collect(request, lambda told: None)
        confirmed = frozenset((key.type, key.id) for key in suspects if not again.gaps)
        return CloudScopeView(
            scope=view.scope,
            clusters=view.clusters,
            identity=again.identity,
            resources=again.resources if not again.gaps else view.resources,
            listings=again.listings if not again.gaps else view.listings,
            reread=view.reread | confirmed,
            gaps=(*view.gaps, *again.gaps),
            reads=view.reads,
        )

    def correlate(
        self,
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        now: datetime,
        orphan_min_age: timedelta,
    ) -> Correlation:
        """What a complete listing does not hold is missing; of an incomplete one nothing is said but the gap."""
        links, absences = [], []
        for cloud in clouds:
            for view in clusters:
                for found in _machines(view):
                    link = _link(view, found, cloud.scope)
                    if (MACHINE, link.resource.id) in cloud.resources:
                        links.append(link)
                    elif cloud.listed(MACHINE):
                        absences.append(
                            Absence(
                                link=link,
                                path="spec.serial",
                                detail="",
                                severity=Severity.HIGH,
                                reaction="nothing puts it back into the rack",
                                next_steps=("Ask who took it out.",),
                            )
                        )
        return Correlation(links=tuple(links), absences=tuple(absences))

    def rows(self, files: Sequence[Path] = ()) -> Sequence[FieldRow]:
        return (POWER,)

    def compare(
        self,
        rows: Sequence[FieldRow],
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        links: Sequence[Link],
        *,
        equal_too: bool = False,
    ) -> Sequence[Fact]:
        held = {cloud.scope: cloud for cloud in clouds}
        facts = []
        for link in links:
            power = Present(held[link.resource.scope].resources[MACHINE, link.resource.id].attributes.get("power"))
            if equal_too or power != Present("on"):
                facts.append(Fact(link=link, row=POWER, path=POWER.path, capi=Present("on"), cloud=power))
        return facts


def _machines(view: ClusterView) -> list[CapiObject]:
    return [found for key, found in view.objects.items() if key.kind == "RackMachine"]


def _cluster(view: ClusterView, found: CapiObject) -> ClusterKey:
    return ClusterKey(view.management_cluster, found.namespace, found.labels.get("cluster.x-k8s.io/cluster-name", ""))


def _link(view: ClusterView, found: CapiObject, scope: CloudScope) -> Link:
    serial = text(found.spec.get("serial"))
    return Link(
        management_cluster=view.management_cluster,
        object=found.key,
        resource=ResourceKey(scope.provider, scope.account, scope.region, MACHINE, serial),
        cluster=_cluster(view, found),
    )


def _view(request: ScopeRequest, account: str | None, machines: dict[str, Any], *gaps: Gap) -> CloudScopeView:
    scope = request.scope
    status = ScopeStatus.FAILED if gaps else ScopeStatus.COMPLETE
    reason = gaps[0].reason if gaps else ""
    return CloudScopeView(
        scope=scope,
        clusters=request.clusters,
        identity=account,
        resources={
            (MACHINE, serial): CloudResource(
                key=ResourceKey(scope.provider, scope.account, scope.region, MACHINE, serial),
                attributes=entry,
                tags={},
            )
            for serial, entry in machines.items()
        },
        listings={MACHINE: ResourceListing(type=MACHINE, complete=not gaps, reason=reason)},
        read_at=stamp(now()),
        gaps=gaps,
        reads=(ScopeRead(view=View.CLOUD, scope=f"{scope}/{MACHINE}", status=status, reason=reason, calls=1),),
    )
