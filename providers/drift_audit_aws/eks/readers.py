"""EKS clusters with all that belongs to them: node groups, Fargate profiles, add-ons, access entries, identity
providers; and the OIDC providers of IAM that their service accounts trust.

EKS has no listing with details: every cluster and every part of one takes a call of its own. Clusters are told apart
by their tags, which only their description has; parts are read of the clusters that objects name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import dig, text
from drift_audit_aws.ownership import OWNED_TAG_PREFIX
from drift_audit_aws.reading import Calls, Wanted, resource_of
from drift_audit_aws.resource_types import (
    ACCESS_ENTRY,
    ADDON,
    EKS_CLUSTER,
    FARGATE_PROFILE,
    IDENTITY_PROVIDER,
    NODE_GROUP,
    OIDC_PROVIDER,
)

_PER_PAGE = 100
"""EKS API reference: maxResults of every listing."""
CONFIG_MAP = "CONFIG_MAP"
"""The authentication mode in which EKS refuses to list access entries."""

Item = Mapping[str, Any]


def part_id(cluster: str, name: str) -> str:
    """The id of what belongs to a cluster."""
    return f"{cluster}/{name}"


def cluster_of(resource_id: str) -> str:
    return resource_id.partition("/")[0]


def name_of(resource_id: str) -> str:
    """Without the cluster; the ARN of a principal keeps its own slashes."""
    return resource_id.partition("/")[2]


@dataclass(frozen=True, slots=True)
class ClusterReader:
    """The clusters that objects name, and those that say they are a cluster's of Cluster API."""

    type: str = EKS_CLUSTER
    actions: tuple[str, ...] = ("eks:ListClusters", "eks:DescribeCluster")
    needs: tuple[str, ...] = ()
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        client = calls.client("eks")
        names = (
            sorted(wanted.only)
            if wanted.only is not None
            else _listed(client, "list_clusters", "clusters", wanted.page_size)
        )
        for name in names:
            found = _described(client, "describe_cluster", "cluster", name=name)
            if found is not None and _of_the_fleet(name, found, wanted):
                yield _resource(wanted, self.type, name, found)


def _of_the_fleet(name: str, found: Item, wanted: Wanted) -> bool:
    """The rest is other people's business."""
    owned = any(key.startswith(OWNED_TAG_PREFIX) for key in found.get("tags") or ())
    return wanted.only is not None or name in wanted.named or owned


def _everything(cluster: CloudResource) -> bool:
    return True


def _with_entries(cluster: CloudResource) -> bool:
    return text(dig(cluster.attributes, "accessConfig", "authenticationMode")) != CONFIG_MAP


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReader:
    """One kind of part: its names by a listing of each cluster, then each by itself."""

    type: str
    listing: str
    """Of boto3: `list_nodegroups`."""
    names: str
    """The field of the listing."""
    describe: Callable[[Any, str, str], Item | None]
    """The part, from the client, the cluster and the name; `None` for one that is gone by now."""
    actions: tuple[str, ...]
    worth_asking: Callable[[CloudResource], bool] = _everything
    named_by: Callable[[Any], str] = str
    """The name, from an entry of the listing."""
    needs: tuple[str, ...] = (EKS_CLUSTER,)
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        clusters = list(self._clusters(wanted))
        if not clusters and wanted.only is None:
            return
        client = calls.client("eks")
        for cluster, name in self._parts(client, wanted, clusters):
            found = self.describe(client, cluster, name)
            if found is not None:
                yield _resource(wanted, self.type, part_id(cluster, name), found)

    def _clusters(self, wanted: Wanted) -> Iterator[str]:
        named = frozenset(wanted.names.get(EKS_CLUSTER, ()))
        for cluster in wanted.of_type(EKS_CLUSTER):
            if cluster.key.id in named and self.worth_asking(cluster):
                yield cluster.key.id

    def _parts(self, client: Any, wanted: Wanted, clusters: Sequence[str]) -> Iterator[tuple[str, str]]:
        if wanted.only is not None:
            yield from ((cluster_of(each), name_of(each)) for each in sorted(wanted.only))
            return
        for cluster in clusters:
            for entry in _listed(client, self.listing, self.names, wanted.page_size, clusterName=cluster):
                yield cluster, self.named_by(entry)


def _listed(client: Any, operation: str, field: str, size: int = _PER_PAGE, **arguments: str) -> Iterator[Any]:
    """What stands on all pages; nothing of a cluster that is gone by now."""
    pages = client.get_paginator(operation)
    with _gone_by_now(client):
        for page in pages.paginate(**arguments, PaginationConfig={"PageSize": min(size, _PER_PAGE)}):
            yield from page.get(field) or ()


def _described(client: Any, operation: str, field: str, **arguments: Any) -> Item | None:
    """`None` for what is gone by now."""
    answer: Mapping[str, Item] = {}
    with _gone_by_now(client):
        answer = getattr(client, operation)(**arguments)
    return answer.get(field)


def _gone_by_now(client: Any) -> AbstractContextManager[None]:
    """Passes over what was deleted since it was listed. The SDK is not loaded by those that only name the readers."""
    return suppress(client.exceptions.ResourceNotFoundException)


def _resource(wanted: Wanted, kind: str, resource_id: str, found: Item) -> CloudResource:
    kept = {name: value for name, value in found.items() if name != "certificateAuthority"}
    return resource_of(
        wanted.scope, kind, resource_id, kept, tags=dict(found.get("tags") or {}), created=found.get("createdAt")
    )


def _node_group(client: Any, cluster: str, name: str) -> Item | None:
    return _described(client, "describe_nodegroup", "nodegroup", clusterName=cluster, nodegroupName=name)


def _fargate_profile(client: Any, cluster: str, name: str) -> Item | None:
    return _described(
        client, "describe_fargate_profile", "fargateProfile", clusterName=cluster, fargateProfileName=name
    )


def _addon(client: Any, cluster: str, name: str) -> Item | None:
    return _described(client, "describe_addon", "addon", clusterName=cluster, addonName=name)


def _access_entry(client: Any, cluster: str, principal: str) -> Item | None:
    """With its policies, of which the entry itself says nothing."""
    found = _described(client, "describe_access_entry", "accessEntry", clusterName=cluster, principalArn=principal)
    if found is None:
        return None
    policies = _listed(
        client,
        "list_associated_access_policies",
        "associatedAccessPolicies",
        clusterName=cluster,
        principalArn=principal,
    )
    return {**found, "associatedAccessPolicies": list(policies)}


def _identity_provider(client: Any, cluster: str, name: str) -> Item | None:
    """EKS knows one type, and one provider in a cluster."""
    found = _described(
        client,
        "describe_identity_provider_config",
        "identityProviderConfig",
        clusterName=cluster,
        identityProviderConfig={"type": "oidc", "name": name},
    )
    return found.get("oidc") if found is not None else None


def _config_name(entry: Mapping[str, str]) -> str:
    return entry["name"]


@dataclass(frozen=True, slots=True)
class OidcProviderReader:
    """The OIDC providers of the account that objects name, by their ARNs. The listing tells nothing else."""

    type: str = OIDC_PROVIDER
    actions: tuple[str, ...] = ("iam:ListOpenIDConnectProviders",)
    needs: tuple[str, ...] = ()
    everywhere: bool = False

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        asked = wanted.named if wanted.only is None else wanted.only
        if not asked:
            return
        for entry in calls.client("iam").list_open_id_connect_providers().get("OpenIDConnectProviderList", ()):
            if entry["Arn"] in asked:
                yield resource_of(wanted.scope, self.type, entry["Arn"], entry, tags={})


CLUSTERS = ClusterReader()
NODE_GROUPS = PartReader(
    type=NODE_GROUP,
    listing="list_nodegroups",
    names="nodegroups",
    describe=_node_group,
    actions=("eks:ListNodegroups", "eks:DescribeNodegroup"),
)
FARGATE_PROFILES = PartReader(
    type=FARGATE_PROFILE,
    listing="list_fargate_profiles",
    names="fargateProfileNames",
    describe=_fargate_profile,
    actions=("eks:ListFargateProfiles", "eks:DescribeFargateProfile"),
)
ADDONS = PartReader(
    type=ADDON,
    listing="list_addons",
    names="addons",
    describe=_addon,
    actions=("eks:ListAddons", "eks:DescribeAddon"),
)
ACCESS_ENTRIES = PartReader(
    type=ACCESS_ENTRY,
    listing="list_access_entries",
    names="accessEntries",
    describe=_access_entry,
    actions=("eks:ListAccessEntries", "eks:DescribeAccessEntry", "eks:ListAssociatedAccessPolicies"),
    worth_asking=_with_entries,
)
IDENTITY_PROVIDERS = PartReader(
    type=IDENTITY_PROVIDER,
    listing="list_identity_provider_configs",
    names="identityProviderConfigs",
    describe=_identity_provider,
    actions=("eks:ListIdentityProviderConfigs", "eks:DescribeIdentityProviderConfig"),
    named_by=_config_name,
)
OIDC_PROVIDERS = OidcProviderReader()
