"""Nothing but reads leaves: a policy that stands in every pipeline, behind whatever else sends requests by itself.

Azure's own clients answer one 409 with `POST .../register`. Ours have no such policy, and the guard would stop it.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

_SECRETS = re.compile(r"/(list\w*keys?|listsecrets|listcredentials?|vault\w*|secrets)\b", re.IGNORECASE)
_QUERIES = frozenset({"/providers/microsoft.resourcegraph/resources"})
"""Reads that are a POST: the question stands in the body."""


class RefusedCall(Exception):
    """A call that an audit must never make. It is a bug of ours, so it is not caught as a refusal of Azure."""


def check_allowed(method: str, url: str) -> None:
    """Raises `RefusedCall` for every request that is not a plain read."""
    path = urlsplit(url).path.rstrip("/").casefold()
    reads = method in ("GET", "HEAD") or (method == "POST" and path in _QUERIES)
    if not reads or _SECRETS.search(path):
        raise RefusedCall(f"{method} {path} is not among the calls that an audit may make")


class ReadOnlyGuard(SansIOHTTPPolicy[Any, Any]):
    """Asked for every attempt, right before it is sent. `host` is where the token may go: a `nextLink` names any."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host.casefold()

    def on_request(self, request: PipelineRequest[Any]) -> None:
        url = str(request.http_request.url)
        if urlsplit(url).netloc.casefold() != self._host:
            raise RefusedCall(f"an answer of {self._host} sends the audit to {urlsplit(url).netloc}")
        check_allowed(str(request.http_request.method).upper(), url)
