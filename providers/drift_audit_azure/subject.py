"""One linked pair, an object and its resource, with everything that its field-map rows may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drift_audit.interfaces import Link
from drift_audit.model.objects import CapiObject, CloudResource, remembered
from drift_audit.model.values import Json, JsonObject, dig, mapping
from drift_audit.model.views import CloudScopeView
from drift_audit_azure.fleet import AzureCluster, AzureMachine


# Without slots: a dozen rows ask for the same properties.
@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is compared."""

    link: Link
    object: CapiObject
    resource: CloudResource
    cluster: AzureCluster
    machine: AzureMachine | None
    """`None` for the resources of a cluster."""
    cloud: CloudScopeView

    @remembered
    def properties(self) -> JsonObject:
        return mapping(self.resource.attributes.get("properties"))

    @property
    def tags(self) -> Mapping[str, str]:
        return self.resource.tags

    def shown(self, *steps: str) -> Json:
        """What lies below `properties`."""
        return dig(self.properties, *steps)

    def other(self, resource_type: str, identifier: str) -> CloudResource | None:
        """Another resource of the scope."""
        return self.cloud.resources.get((resource_type, identifier))
