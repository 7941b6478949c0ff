"""One cluster on Azure as CAPZ builds it, read by the provider over HTTPS from the double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from drift_audit.clock import now
from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView, ClusterView
from drift_audit_azure.provider import AzureProvider
from tests.rig.azure.cluster import AzureClusterSpec, build_cluster
from tests.rig.azure.server import AzureEndpoint
from tests.rig.azure.world import AzureWorld
from tests.unit.azure.builders import ORPHAN_MIN_AGE, auditing, cluster_objects, quiet, view


@dataclass(frozen=True, slots=True)
class World:
    """A fleet in Azure, and what its management cluster holds."""

    provider: AzureProvider
    azure: AzureWorld
    objects: list[CapiObject]

    def read(self, objects: Sequence[CapiObject] = ()) -> tuple[list[ClusterView], list[CloudScopeView]]:
        views = [view(objects or self.objects)]
        assert not self.azure.check(), "a test has written what Azure would not"
        return views, [self.provider.collect(request, quiet) for request in self.provider.plan(views).requests]

    def facts(self, objects: Sequence[CapiObject] = ()) -> tuple[Fact, ...]:
        views, clouds = self.read(objects)
        assert not [gap for cloud in clouds for gap in cloud.gaps]
        links = self.correlated(views, clouds).links
        return tuple(self.provider.compare(self.provider.rows(), views, clouds, links))

    def correlation(self, objects: Sequence[CapiObject] = ()) -> Correlation:
        return self.correlated(*self.read(objects))

    def correlated(
        self, views: Sequence[ClusterView], clouds: Sequence[CloudScopeView], later: timedelta = timedelta()
    ) -> Correlation:
        return self.provider.correlate(views, clouds, now() + later, ORPHAN_MIN_AGE)

    def named(self, kind: str, name: str) -> CapiObject:
        return next(found for found in self.objects if (found.kind, found.name) == (kind, name))


def world(endpoint: AzureEndpoint, *specs: AzureClusterSpec, **settings: Any) -> World:
    """The clusters, built; the provider reads them with these settings."""
    for spec in specs:
        build_cluster(endpoint.world, spec)
    objects = {found.key: found for spec in specs for found in cluster_objects(spec)}
    return World(provider=auditing(endpoint, **settings), azure=endpoint.world, objects=list(objects.values()))
