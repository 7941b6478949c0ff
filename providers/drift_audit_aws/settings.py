"""The section `clouds: aws:` of the configuration."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_IDENTITY = re.compile(r"([^/]+/)?AWSCluster(Controller|Role|Static)Identity/[^/]+\Z")
_PAGE_SIZES = range(5, 1001)
_MOST_HOURS = 90 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccount:
    """One AWS account and how the audit reads it."""

    account: str
    """The 12 digits, in quotes: YAML would otherwise read a number."""
    role_arn: str = ""
    """A read-only role to assume; empty: the ambient credentials, or those of `profile`, are used as they are."""
    external_id: str = ""
    profile: str = ""
    """A profile of the AWS configuration files: the credentials that assume `role_arn`, or that read directly."""
    regions: tuple[str, ...] = ()
    """Read even where no audited cluster lives, to find leftovers. Regions of clusters are read in any case."""
    identities: tuple[str, ...] = ()
    """CAPA identity objects that stand for this account, `AWSClusterStaticIdentity/prod`; the name of a management
    cluster in front, `mgmt-eu/AWSClusterControllerIdentity/default`, limits the entry to it."""
    session_name: str = "drift-audit"
    """How the audit shows in CloudTrail."""

    def __post_init__(self) -> None:
        if not _ACCOUNT.match(self.account):
            raise ValueError(f"account {self.account!r} is not 12 digits")
        for identity in self.identities:
            if not _IDENTITY.match(identity):
                raise ValueError(
                    f"identity {identity!r} is not KIND/NAME or MANAGEMENT-CLUSTER/KIND/NAME, with KIND one of "
                    "AWSClusterControllerIdentity, AWSClusterRoleIdentity, AWSClusterStaticIdentity"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsHistory:
    """How the audit asks CloudTrail who changed what. Never asked for single findings: one sweep per region."""

    enabled: bool = True
    required: bool = False
    """True: an audit whose findings cannot be attributed is incomplete (exit code 3). False: it only says so."""
    window_hours: float = 24.0
    """How far back; CloudTrail keeps 90 days."""
    max_pages: int = 240
    """Of 50 changes each, for each account and region; a sweep that ends early says how far it got."""
    max_seconds: float = 120.0
    requests_per_second: float = 2.0
    """For each account and region: CloudTrail allows no more."""

    def __post_init__(self) -> None:
        if not 0 < self.window_hours <= _MOST_HOURS:
            raise ValueError("history.window_hours must be more than 0 and at most 2160, which is 90 days")
        if self.max_pages < 1 or self.max_seconds <= 0 or self.requests_per_second <= 0:
            raise ValueError("history.max_pages, max_seconds and requests_per_second must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """Everything that the AWS provider can be told."""

    accounts: tuple[AwsAccount, ...] = ()
    history: AwsHistory = AwsHistory()
    endpoint_url: str = ""
    """Another address for every AWS service, for tests and proxies; empty: AWS itself."""
    page_size: int = 1000
    calls_per_second: float = 5.0
    """For each account, region and service. The budget is shared with the controllers of the fleet."""
    max_attempts: int = 6
    """How often one call is tried before it counts as failed."""
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        for account, count in Counter(entry.account for entry in self.accounts).items():
            if count > 1:
                raise ValueError(f"account {account} is configured {count} times")
        identities = Counter(identity for entry in self.accounts for identity in entry.identities)
        for identity, count in identities.items():
            if count > 1:
                raise ValueError(f"identity {identity!r} is mapped to {count} accounts")
        if self.page_size not in _PAGE_SIZES:
            raise ValueError("page_size must be between 5 and 1000")
        if self.calls_per_second <= 0 or self.max_attempts < 1:
            raise ValueError("calls_per_second and max_attempts must be positive")

    def account(self, number: str) -> AwsAccount | None:
        """The entry of that account; `None` when it is not configured."""
        return next((entry for entry in self.accounts if entry.account == number), None)
