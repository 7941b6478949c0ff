"""Servers that can stand behind `fault_proxy`: the API server, moto, Git over HTTP, and a memory of their answers."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qsl

import urllib3

from tests.rig.client import RigClient

_HOP_BY_HOP = ("connection", "content-length", "date", "keep-alive", "transfer-encoding")
_BY_PATH = {("s3", "GET", "/"): "ListAllMyBuckets"}
"""Of services that speak REST: the IAM action by method and path."""
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as the proxy got it."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "GET"
    target: str = ""
    """Path and query as they were sent."""
    body: bytes = b""

    @property
    def is_continued(self) -> bool:
        return "continue" in self.query

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Of AWS's query protocols."""
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    @property
    def aws_service(self) -> str:
        return self._credential_scope[2]

    @property
    def aws_region(self) -> str:
        return self._credential_scope[1]

    @property
    def aws_action(self) -> str:
        """`ec2:DescribeInstances`, whichever protocol the service speaks."""
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or self.parameters.get("Action", "")
        return f"{self.aws_service}:{target or _BY_PATH.get((self.aws_service, self.method, self.path), '')}"

    @cached_property
    def _credential_scope(self) -> tuple[str, str, str]:
        """(access key, region, service) of the signature."""
        found = _SCOPE.search(self.headers.get("Authorization", ""))
        return (found[1], found[2], found[3]) if found else ("", "", "")

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for requests that one server answers equally while nothing changes."""
        names = ("Accept", "X-Amz-Target", "Git-Protocol", "Content-Type", "Accept-Encoding")
        return (
            self.method,
            self.target,
            self.body,
            self._credential_scope,
            *(self.headers.get(name) for name in names),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the proxy sends back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_at: int | None = None
    """Close the connection after so many bytes of the body, of which all are announced."""
    delay: float = 0.0
    """Seconds before the first byte."""
    drip: float = 0.0
    """Seconds between two bytes of the body."""
    reset: bool = False
    """Send nothing and reset the connection."""


Upstream = Callable[[Asked], Answer]


def api_server(client: RigClient) -> Upstream:
    """The API server, asked as the identity of the client."""

    def ask(asked: Asked) -> Answer:
        wanted = ("Accept", "User-Agent", "Accept-Encoding")
        headers = {name: asked.headers[name] for name in wanted if asked.headers.get(name)}
        return _answer(
            client.pool.request("GET", client.url + asked.target, headers=headers, retries=False, decode_content=False)
        )

    return ask


def aws(url: str) -> Upstream:
    """moto's server, or another one that speaks as AWS does."""
    pool = urllib3.PoolManager(maxsize=16, retries=False)

    def ask(asked: Asked) -> Answer:
        kept = {name: value for name, value in asked.headers.items() if name.lower() not in ("host", *_HOP_BY_HOP)}
        return _answer(
            pool.request(
                asked.method, url + asked.target, headers=kept, body=asked.body, retries=False, decode_content=False
            )
        )

    return ask


def git_over_http(folder: Path) -> Upstream:
    """Every repository below the folder, through git's own `http-backend`."""

    def ask(asked: Asked) -> Answer:
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.target.partition("?")[2],
            "REQUEST_METHOD": asked.method,
            "CONTENT_TYPE": asked.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(asked.body)),
            "HTTP_CONTENT_ENCODING": asked.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": asked.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=asked.body, env=environment, capture_output=True, check=False
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return Answer(status=int(headers.pop("Status", "200").split()[0]), headers=headers, body=body)

    return ask


def remembering(upstream: Upstream) -> Upstream:
    """The upstream, asked once for each distinct request: for a fleet that does not change any more."""
    known: dict[tuple[object, ...], Answer] = {}
    lock = threading.Lock()

    def ask(asked: Asked) -> Answer:
        found = known.get(asked.identity)
        if found is None:
            found = upstream(asked)
            with lock:
                known[asked.identity] = found
        return found

    return ask


def _answer(response: urllib3.BaseHTTPResponse) -> Answer:
    kept = {name: value for name, value in response.headers.items() if name.lower() not in _HOP_BY_HOP}
    return Answer(status=response.status, headers=kept, body=response.data)
