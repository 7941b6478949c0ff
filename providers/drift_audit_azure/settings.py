"""The section `clouds: azure:` of the configuration."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_LOCATION = re.compile(r"[a-z0-9]+\Z")
_PAGE_SIZES = range(1, 1001)


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSubscription:
    """One subscription and how the audit reads it."""

    subscription: str
    """Its id, a GUID."""
    tenant: str = ""
    """The tenant that it has to be in; empty: the one that the cluster's AzureClusterIdentity names, if any."""
    client_id: str = ""
    """Of the managed or workload identity that reads it; empty: the ambient one."""
    locations: tuple[str, ...] = ()
    """Read even where no audited cluster lives, to find leftovers: `westeurope`."""
    default_for: tuple[str, ...] = ()
    """Management clusters whose AzureClusters without a `subscriptionID` live here: CAPZ then takes its own."""

    def __post_init__(self) -> None:
        for name, value in (("subscription", self.subscription), ("tenant", self.tenant)):
            if (value or name == "subscription") and not _GUID.match(value):
                raise ValueError(f"{name} {value!r} is not a GUID")
        for location in self.locations:
            if not _LOCATION.match(location):
                raise ValueError(f"location {location!r} is not a short name such as westeurope")


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """Everything that the Azure provider can be told."""

    subscriptions: tuple[AzureSubscription, ...] = ()
    cloud: Literal["public", "china", "usgov"] = "public"
    credential: Literal["default", "cli", "environment", "managed-identity", "workload-identity"] = "default"
    """Where the audit's own token comes from, in the words of azure-identity. Never CAPZ's: it may write."""
    token_file: str = ""
    """A file with an access token that somebody else keeps fresh; takes the place of `credential`."""
    endpoint_url: str = ""
    """Another address for Azure Resource Manager, for tests and proxies."""
    ca_file: str = ""
    """Certificates of the authorities to trust; empty: those of the system's Python."""
    resource_graph: bool = True
    """False: read type by type, without Azure Resource Graph."""
    page_size: int = 1000
    """Rows that Resource Graph is asked for at once."""
    calls_per_second: float = 3.0
    """For each subscription. Resource Graph allows 15 queries in 5 seconds; the budget is shared with the fleet."""
    max_attempts: int = 5
    """How often one call is tried before it counts as failed."""
    max_lookups: int = 500
    """Resources that objects name and no listing shows are looked up one by one: at most so many in a scope."""
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        for subscription, count in Counter(each.subscription.casefold() for each in self.subscriptions).items():
            if count > 1:
                raise ValueError(f"subscription {subscription} is configured {count} times")
        for name, count in Counter(name for each in self.subscriptions for name in each.default_for).items():
            if count > 1:
                raise ValueError(f"management cluster {name!r} has {count} default subscriptions")
        if self.page_size not in _PAGE_SIZES:
            raise ValueError("page_size must be between 1 and 1000")
        if self.calls_per_second <= 0 or self.max_attempts < 1 or self.max_lookups < 0:
            raise ValueError("calls_per_second, max_attempts and max_lookups must be positive")

    def subscription(self, subscription: str) -> AzureSubscription | None:
        """The entry of that subscription; `None` when it is not configured."""
        wanted = subscription.casefold()
        return next((each for each in self.subscriptions if each.subscription.casefold() == wanted), None)
