"""How CAPZ names and tags what it makes: azure/defaults.go, api/v1beta1/tags.go."""

from __future__ import annotations

from dataclasses import dataclass

CREATED = "2026-01-01T00:00:00.0000000Z"
OWNED = "sigs.k8s.io_cluster-api-provider-azure_cluster_"
ROLE = "sigs.k8s.io_cluster-api-provider-azure_role"
CLOUD_PROVIDER = "kubernetes.io_cluster_"


@dataclass(frozen=True, slots=True)
class Naming:
    """The ids of one cluster whose resource group is called like it."""

    subscription: str
    cluster: str

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.cluster}"

    @property
    def owned_tag(self) -> str:
        return f"{OWNED}{self.cluster}"

    @property
    def vnet(self) -> str:
        return self.network("virtualNetworks", f"{self.cluster}-vnet")

    def subnet(self, name: str) -> str:
        return f"{self.vnet}/subnets/{name}"

    def network(self, kind: str, name: str) -> str:
        return f"{self.group_id}/providers/Microsoft.Network/{kind}/{name}"

    def compute(self, kind: str, name: str) -> str:
        return f"{self.group_id}/providers/Microsoft.Compute/{kind}/{name}"

    def balancer_pool(self, balancer: str) -> str:
        return f"{self.network('loadBalancers', balancer)}/backendAddressPools/{balancer}-backendPool"
