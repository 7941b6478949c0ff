"""One cluster on AWS as CAPA builds it, read by the provider over HTTP from moto's server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from drift_audit.clock import now
from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView, ClusterView
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_state import AwsClusterSpec, AwsClusterState, aws_client, build_cluster
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, cluster_objects, correlated, quiet, settings, view


@dataclass(frozen=True, slots=True)
class World:
    """One cluster of the fleet in AWS, and what its management cluster holds."""

    provider: AwsProvider
    state: AwsClusterState
    objects: list[CapiObject]
    ec2: Any

    def facts(self, objects: Sequence[CapiObject] = ()) -> tuple[Fact, ...]:
        return self.compared(*self.read(objects))

    def read(self, objects: Sequence[CapiObject] = ()) -> tuple[list[ClusterView], list[CloudScopeView]]:
        views = [view(objects or self.objects)]
        clouds = [self.provider.collect(request, quiet) for request in self.provider.plan(views).requests]
        assert not [gap for cloud in clouds for gap in cloud.gaps]
        return views, clouds

    def compared(self, views: Sequence[ClusterView], clouds: Sequence[CloudScopeView]) -> tuple[Fact, ...]:
        links = correlated(self.provider, views, clouds, now()).links
        return tuple(self.provider.compare(self.provider.rows(), views, clouds, links))

    def correlation(self, objects: Sequence[CapiObject] = (), later: timedelta = timedelta()) -> Correlation:
        """As it is judged `later` than it was read: what was just made is no leftover yet."""
        views = [view(objects or self.objects)]
        clouds = [self.provider.collect(request, quiet) for request in self.provider.plan(views).requests]
        return correlated(self.provider, views, clouds, now() + later)

    def named(self, kind: str, name: str) -> CapiObject:
        return next(found for found in self.objects if (found.kind, found.name) == (kind, name))


def world(endpoint: AwsEndpoint, spec: AwsClusterSpec) -> World:
    state = build_cluster(endpoint.url, ACCOUNT, REGION, spec)
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    return World(
        provider=AwsProvider(settings(account, endpoint_url=endpoint.url)),
        state=state,
        objects=cluster_objects(spec, state),
        ec2=aws_client("ec2", endpoint.url, ACCOUNT, REGION),
    )
