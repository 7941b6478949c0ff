"""One linked pair, an object and its resource, with everything that its field-map rows may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drift_audit.interfaces import Link
from drift_audit.model.keys import CloudScope
from drift_audit.model.objects import CapiObject, CloudResource, remembered
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.fleet import AwsCluster, AwsMachine, AwsPool, Fleet
from drift_audit_aws.ownership import state_of
from drift_audit_aws.resource_types import ACCOUNT_WIDE

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudIndex:
    """One scope, with the answers to questions about all of it, each found once for all its pairs."""

    view: CloudScopeView
    account_wide: CloudScopeView | None = None
    """The scope of the same account in which what an account has only once was read; `None`: in none."""
    _answers: dict[Any, Any] = field(default_factory=dict)

    def holding(self, resource_type: str) -> CloudScopeView | None:
        """The view in which a type of this account is; `None` when what is account-wide was read nowhere."""
        return self.account_wide if resource_type in ACCOUNT_WIDE else self.view

    def ask(self, question: Callable[[CloudScopeView], Answer]) -> Answer:
        """The answer of a function of the scope, such as the groups by VPC."""
        if question not in self._answers:
            self._answers[question] = question(self.view)
        found: Answer = self._answers[question]
        return found


def index_scopes(clouds: Sequence[CloudScopeView]) -> Mapping[CloudScope, CloudIndex]:
    """The index of every scope, each knowing where its account's account-wide resources are."""
    homes = {cloud.scope.account: cloud for cloud in clouds if any(kind in cloud.listings for kind in ACCOUNT_WIDE)}
    return {cloud.scope: CloudIndex(view=cloud, account_wide=homes.get(cloud.scope.account)) for cloud in clouds}


# Without slots: a dozen rows ask for the state.
@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is compared."""

    link: Link
    object: CapiObject
    resource: CloudResource
    cluster: AwsCluster
    machine: AwsMachine | None
    """`None` for the resources of a cluster or a pool."""
    pool: AwsPool | None = None
    index: CloudIndex
    fleet: Fleet

    @property
    def cloud(self) -> CloudScopeView:
        return self.index.view

    @remembered
    def state(self) -> str:
        return state_of(self.resource)

    @property
    def group_names(self) -> Mapping[str, str]:
        return self.cluster.group_roles
