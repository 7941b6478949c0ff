"""What a configured URL names, and how it may be reached. Credentials are taken out of it at once."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from drift_audit.collect.git.problems import GitProblem

ALLOWED_PROTOCOLS = ("https", "ssh", "git", "file")

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY = re.compile(r"(?i)(https?://[^\s?#'\"]+)[?#][^\s'\"]*")
_SCP_LIKE = re.compile(r"(?:[\w.~-]+@)?[\w.-]+:(?!//|\\)\S.*")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::|::")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository that has to be fetched."""

    url: str
    """Without credentials: safe to keep, to print and to pass on a command line."""
    protocol: str
    header: str = field(default="", repr=False)
    """HTTP header with the credentials that the URL carried."""


def without_credentials(text: str) -> str:
    """The text with user parts and queries cut out of the URLs in it; `ssh://git@host` keeps its login name."""
    return _QUERY.sub(r"\1", _CREDENTIALS.sub(lambda found: "git@" if found[0] == "git@" else "", text))


def parse_remote(url: str) -> Remote | None:
    """The remote that a URL names; `None` for the path of a local repository.

    Raises GitProblem for protocols that run programs (`ext::`), that do not encrypt (`http:`), or that
    nobody asked for.
    """
    if _HELPER.match(url):
        raise _not_allowed(url.partition("::")[0] or "::")
    if "://" not in url:
        return Remote(url=url, protocol="ssh") if _SCP_LIKE.fullmatch(url) else None
    parts = urlsplit(url)
    protocol = parts.scheme.lower()
    if protocol not in ALLOWED_PROTOCOLS:
        raise _not_allowed(protocol)
    if protocol != "https" or parts.username is None:
        return Remote(url=without_credentials(url) if protocol != "ssh" else _ssh_url(url), protocol=protocol)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Remote(
        url=urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")),
        protocol=protocol,
        header=f"Authorization: Basic {base64.b64encode(login.encode()).decode()}",
    )


def _ssh_url(url: str) -> str:
    """The login name is part of an SSH address; a password in it is of no use to ssh and goes."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    name = login.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host))


def _not_allowed(protocol: str) -> GitProblem:
    return GitProblem(
        f"the protocol {protocol!r} is not allowed for a Git source",
        f"use an {', '.join(ALLOWED_PROTOCOLS[:-1])} or {ALLOWED_PROTOCOLS[-1]} URL, or the path of a local repository",
    )
