"""One EKS cluster as CAPA builds it, with everything that a spec can declare, read by the provider over HTTP."""

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
from tests.rig.aws_eks import EksSpec, EksState, GroupSpec, ProfileSpec, build_eks
from tests.rig.aws_state import aws_client
from tests.rig.moto_eks import Item, eks_cluster, eks_part
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, correlated, eks_objects, quiet, settings, view

VIEW_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ADMINS = f"arn:aws:iam::{ACCOUNT}:role/admins"
READERS = f"arn:aws:iam::{ACCOUNT}:role/team/readers"
PRIVATE = f"e1-subnet-private-{REGION}a"
"""A subnet as the spec calls it."""
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"

PLAIN = EksSpec(name="e1", groups=(GroupSpec(name="ng"),), profiles=(ProfileSpec(name="fp"),))
FULL = EksSpec(
    name="e1",
    spec={
        "version": "v1.31.4",
        "additionalTags": {"cost-centre": "42"},
        "endpointAccess": {"public": True, "private": True, "publicCIDRs": ["192.0.2.0/24"]},
        "logging": {"apiServer": True, "audit": True},
        "encryptionConfig": {"provider": KEY, "resources": ["secrets"]},
        "accessConfig": {"authenticationMode": "api_and_config_map"},
        "accessEntries": [
            {"principalARN": ADMINS, "type": "standard", "kubernetesGroups": ["admins"], "username": "admin"},
            {
                "principalARN": READERS,
                "type": "standard",
                "username": "reader",
                "accessPolicies": [
                    {"policyARN": VIEW_POLICY, "accessScope": {"type": "namespace", "namespaces": ["web"]}}
                ],
            },
        ],
        "addons": [
            {
                "name": "vpc-cni",
                "version": "v1.20.0-eksbuild.1",
                "serviceAccountRoleARN": f"arn:aws:iam::{ACCOUNT}:role/cni",
                "configuration": '{"env": {"WARM_IP_TARGET": "2"}}',
            },
            {"name": "coredns", "version": "v1.11.4-eksbuild.2"},
        ],
        "oidcIdentityProviderConfig": {
            "identityProviderConfigName": "dex",
            "issuerUrl": "https://dex.example.com",
            "clientId": "kubernetes",
            "groupsClaim": "groups",
        },
        "associateOIDCProvider": True,
        "upgradePolicy": "extended",
    },
    groups=(
        GroupSpec(
            name="ng",
            version="v1.31.0",
            spec={
                "additionalTags": {"team": "web"},
                "scaling": {"minSize": 1, "maxSize": 5},
                "labels": {"tier": "web"},
                "taints": [{"key": "dedicated", "value": "web", "effect": "no-schedule"}],
                "instanceType": "m6i.large",
                "capacityType": "spot",
                "amiType": "AL2023_x86_64_STANDARD",
                "amiVersion": "1.31.4-20261101",
                "diskSize": 80,
                "nodeRepairConfig": {"enabled": True},
                "updateConfig": {"maxUnavailablePercentage": 20},
                "remoteAccess": {"sshKeyName": "ops"},
            },
        ),
        GroupSpec(
            name="lt",
            replicas=None,
            spec={"awsLaunchTemplate": {"instanceType": "m6i.large"}, "subnetIDs": [PRIVATE]},
        ),
    ),
    profiles=(
        ProfileSpec(
            name="fp", spec={"selectors": [{"namespace": "web", "labels": {"a": "b"}}], "subnetIDs": [PRIVATE]}
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class EksWorld:
    """One EKS cluster in AWS, and what its management cluster holds."""

    provider: AwsProvider
    spec: EksSpec
    state: EksState
    objects: list[CapiObject]
    eks: Any
    url: str

    @property
    def name(self) -> str:
        return self.spec.eks_name

    def facts(self, objects: Sequence[CapiObject] = ()) -> tuple[Fact, ...]:
        views, clouds = self.read(objects)
        gaps = [gap for cloud in clouds for gap in cloud.gaps]
        assert not gaps, gaps
        links = correlated(self.provider, views, clouds, now()).links
        return tuple(self.provider.compare(self.provider.rows(), views, clouds, links))

    def read(self, objects: Sequence[CapiObject] = ()) -> tuple[list[ClusterView], list[CloudScopeView]]:
        views = [view(objects or self.objects)]
        return views, [self.provider.collect(request, quiet) for request in self.provider.plan(views).requests]

    def correlation(self, objects: Sequence[CapiObject] = (), later: timedelta = timedelta()) -> Correlation:
        """As it is judged `later` than it was read: what was just made is no leftover yet."""
        views, clouds = self.read(objects)
        return correlated(self.provider, views, clouds, now() + later)

    def named(self, kind: str, name: str) -> CapiObject:
        return next(found for found in self.objects if (found.kind, found.name) == (kind, name))

    def control_plane(self) -> CapiObject:
        return self.named("AWSManagedControlPlane", f"{self.spec.name}-cp")

    def answer(self) -> Item:
        """What EKS will say of the cluster, to be changed in place: for what no call can bring about."""
        return eks_cluster(ACCOUNT, REGION, self.name)

    def part(self, kind: str, name: str) -> Item:
        return eks_part(ACCOUNT, REGION, kind, self.name, name)


def auditing(url: str, **more: int) -> AwsProvider:
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    return AwsProvider(settings(account, endpoint_url=url, **more))


def eks_world(endpoint: AwsEndpoint, spec: EksSpec = FULL) -> EksWorld:
    state = build_eks(endpoint.url, ACCOUNT, REGION, spec)
    return EksWorld(
        provider=auditing(endpoint.url),
        spec=spec,
        state=state,
        objects=eks_objects(spec, state),
        eks=aws_client("eks", endpoint.url, ACCOUNT, REGION),
        url=endpoint.url,
    )
