"""The section `clouds: gcp:` of the configuration."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]\Z")
_ACCOUNT = re.compile(r"[^@\s/]+@[^@\s/]+\Z")
_PAGE_SIZES = range(1, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpProject:
    """One project and how the audit reads it."""

    project: str
    """Its id, `fleet-prod`; neither its number nor its display name."""
    impersonate: str = ""
    """A read-only service account to act as; empty: the credentials are used as they are."""
    credentials_file: str = ""
    """The key of a service account; empty: what Google's libraries find (Application Default Credentials)."""

    def __post_init__(self) -> None:
        if not _PROJECT.match(self.project):
            raise ValueError(f"project {self.project!r} is no project id")
        if self.impersonate and not _ACCOUNT.match(self.impersonate):
            raise ValueError(f"impersonate {self.impersonate!r} is no e-mail address of a service account")


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpHistory:
    """How the audit asks who changed what: by the operations that Compute Engine keeps."""

    enabled: bool = True
    window_hours: float = 24.0
    """How far back; Google keeps operations for an hour at least and for two weeks at most."""
    max_pages: int = 20
    """Of 500 operations each, for each project; a sweep that ends early says how far it got."""
    controllers: tuple[str, ...] = ()
    """Service accounts that CAPG acts as: what they change is what the objects say, and nobody's edit."""

    def __post_init__(self) -> None:
        if self.window_hours <= 0 or self.max_pages < 1:
            raise ValueError("history.window_hours and max_pages must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpSettings:
    """Everything that the Google Cloud provider can be told."""

    projects: tuple[GcpProject, ...] = ()
    history: GcpHistory = GcpHistory()
    endpoint_url: str = "https://compute.googleapis.com"
    """Where Compute Engine answers. An object's `serviceEndpoints` are never followed: our token would go there."""
    page_size: int = 500
    calls_per_second: float = 8.0
    """For each project. The budget is shared with the controllers of the fleet."""
    max_attempts: int = 5
    """How often one call is tried before it counts as failed."""
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 60.0

    def __post_init__(self) -> None:
        for project, count in Counter(entry.project for entry in self.projects).items():
            if count > 1:
                raise ValueError(f"project {project} is configured {count} times")
        if self.page_size not in _PAGE_SIZES:
            raise ValueError("page_size must be between 1 and 500")
        if self.calls_per_second <= 0 or self.max_attempts < 1:
            raise ValueError("calls_per_second and max_attempts must be positive")

    def project(self, name: str) -> GcpProject | None:
        """The entry of that project; `None` when it is not configured."""
        return next((entry for entry in self.projects if entry.project == name), None)
