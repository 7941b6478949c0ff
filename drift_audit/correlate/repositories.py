"""Whether two clone URLs name one repository, and which commit a GitOps tool's revision is."""

from __future__ import annotations

import re

from drift_audit.model.delivery import Delivery
from drift_audit.model.views import GitSourceView

_COMMIT = re.compile(r"(?:^|[@:/])(?:sha1:)?([0-9a-f]{40})$")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def commit_of(revision: str) -> str:
    """The commit id in Flux's or Argo CD's spelling of a revision; empty when there is none.

    Flux writes `main@sha1:<40 hex>` or `sha1:<40 hex>`, and once wrote `main/<40 hex>`.
    """
    match = _COMMIT.search(revision)
    return match[1] if match else ""


def same_repository(left: str, right: str) -> bool:
    """True when two clone URLs name one repository: scheme, user, port and `.git` do not matter."""
    return _repository(left) == _repository(right) != ""


def delivers(delivery: Delivery, source: GitSourceView) -> bool:
    """True when the delivery applies from the repository of this source, under any of its URLs."""
    return any(same_repository(url, delivery.repo) for url in (source.repo, *source.remotes))


def _repository(url: str) -> str:
    """`host/path`, or only the path for a local repository."""
    url = url.strip()
    scheme = _SCHEME.match(url)
    if scheme:
        host, _, path = url[scheme.end() :].partition("/")
        host = re.sub(r":\d+$", "", host.rpartition("@")[2])
    elif (found := re.match(r"(?:[^/@]+@)?([^/:]+):(.*)", url)) is not None:
        # The short form of ssh, `git@host:path`, has no port: what follows the colon is the path.
        host, path = found[1], found[2]
    else:
        host, path = "", url
    name = path.strip("/").removesuffix(".git").rstrip("/")
    return f"{host.lower()}/{name}" if name else ""


def covers(directory: str, file: str) -> bool:
    """True when the file lies in the directory; an empty directory is the whole repository."""
    inside = bare(directory)
    return not inside or file == inside or file.startswith(f"{inside}/")


def depth(directory: str) -> int:
    """How deep a directory lies: the deepest of several that cover a file is the nearest."""
    inside = bare(directory)
    return inside.count("/") + 1 if inside else 0


def bare(directory: str) -> str:
    """`clusters/prod` for `./clusters//prod/`; empty for the top of the repository."""
    return "/".join(part for part in directory.split("/") if part not in ("", "."))
