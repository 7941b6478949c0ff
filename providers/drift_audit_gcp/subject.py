"""One linked pair, an object and its resource, with everything that its field-map rows may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drift_audit.interfaces import Link
from drift_audit.model.keys import CloudScope
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import Json, text
from drift_audit.model.views import CloudScopeView
from drift_audit_gcp.fleet import Fleet, GcpCluster, GcpMachine
from drift_audit_gcp.links import relative
from drift_audit_gcp.placing import scope_of
from drift_audit_gcp.resource_types import PROJECT

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudIndex:
    """All projects that were read, with the answers to questions about all of one, each found once."""

    views: Mapping[CloudScope, CloudScopeView]
    numbers: Mapping[str, str]
    """Project id by project number: some links have the one, some the other."""
    _answers: dict[Any, Any] = field(default_factory=dict)

    def of_project(self, project: str) -> CloudScopeView | None:
        return self.views.get(scope_of(project))

    def ask(self, question: Callable[[CloudScopeView], Answer], view: CloudScopeView) -> Answer:
        """The answer of a function of the scope, such as the rules of each network."""
        if (question, view.scope) not in self._answers:
            self._answers[question, view.scope] = question(view)
        found: Answer = self._answers[question, view.scope]
        return found


def index_scopes(clouds: Sequence[CloudScopeView]) -> CloudIndex:
    projects = (cloud.resources.get((PROJECT, cloud.scope.account)) for cloud in clouds)
    return CloudIndex(
        views={cloud.scope: cloud for cloud in clouds},
        numbers={text(found.attributes.get("id")): found.key.account for found in projects if found is not None},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is compared."""

    link: Link
    object: CapiObject
    resource: CloudResource
    cluster: GcpCluster
    machine: GcpMachine | None
    """`None` for the resources of a cluster."""
    index: CloudIndex
    fleet: Fleet

    @property
    def cloud(self) -> CloudScopeView:
        return self.index.views[self.resource.key.scope]

    def at(self, *steps: str) -> Json:
        """What lies at a path of the resource."""
        value: Json = self.resource.attributes
        for step in steps:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def plain(self, link: Json) -> str:
        """The link in the one spelling in which links can be compared."""
        return relative(link, self.resource.key.account, self.index.numbers)
