"""The tags that CAPZ writes on what it makes, and what keeps a tagged resource from being called left over.

Source: CAPZ v1.26.0 api/v1beta1/tags.go. A tag holds the name of the Cluster, without its namespace. ARM's tag keys
have no case.
"""

from __future__ import annotations

from collections.abc import Mapping

OWNED = "owned"
OWNED_PREFIX = "sigs.k8s.io_cluster-api-provider-azure_cluster_"
ROLE_TAG = "sigs.k8s.io_cluster-api-provider-azure_role"
CLOUD_PROVIDER_PREFIX = "kubernetes.io_cluster_"
NAME_TAG = "Name"
SERVICE_TAGS = ("k8s-azure-service", "service")
VOLUME_TAG = "kubernetes.io-created-for-pv-name"


def owned_tag(cluster: str) -> str:
    return f"{OWNED_PREFIX}{cluster}"


def cloud_provider_tag(cluster: str) -> str:
    return f"{CLOUD_PROVIDER_PREFIX}{cluster}"


def tag(tags: Mapping[str, str], key: str) -> str | None:
    """The value under a key, whatever its case."""
    if key in tags:
        return tags[key]
    wanted = key.casefold()
    return next((value for name, value in tags.items() if name.casefold() == wanted), None)


def owners(tags: Mapping[str, str]) -> list[str]:
    """Names of the clusters that the resource says CAPZ made it for, in lower case."""
    return sorted(
        key.casefold().removeprefix(OWNED_PREFIX)
        for key, value in tags.items()
        if key.casefold().startswith(OWNED_PREFIX) and value == OWNED
    )


def has_tag(tags: Mapping[str, str], *keys: str) -> bool:
    return any(tag(tags, key) is not None for key in keys)
