"""A reverse proxy in front of the real API server that spoils chosen answers.

Whatever it does not spoil is the server's own answer, byte for byte, so that the shape on the wire stays real.
It speaks plain HTTP to its clients and uses the certificate of one identity towards the server.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3

from tests.rig.client import RigClient

_HOP_BY_HOP = ("connection", "content-length", "date", "keep-alive", "transfer-encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as the proxy got it."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def is_continued(self) -> bool:
        return "continue" in self.query


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
    reset: bool = False
    """Send nothing and reset the connection."""


Spoil = Callable[[Asked, Answer], Answer]
"""Makes the answer to be sent out of the request and the server's answer."""


@dataclass(slots=True)
class Fault:
    """Spoils the first `times` answers whose request matches."""

    spoil: Spoil
    path_ends: str = ""
    when: Callable[[Asked], bool] = lambda asked: True
    times: int = 1_000_000

    def fits(self, asked: Asked) -> bool:
        return self.times > 0 and asked.path.endswith(self.path_ends) and self.when(asked)


@dataclass(slots=True)
class FaultProxy:
    """A running proxy; faults can be added at any time."""

    url: str
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spoil(
        self,
        spoil: Spoil,
        *,
        path_ends: str = "",
        when: Callable[[Asked], bool] = lambda asked: True,
        times: int = 1_000_000,
    ) -> None:
        self.faults.append(Fault(spoil=spoil, path_ends=path_ends, when=when, times=times))

    def kubeconfig(self, folder: Path, *, user: Mapping[str, Any] | None = None, context: str = "proxied") -> Path:
        """A kubeconfig file that leads here; `user` becomes the user entry."""
        target = folder / f"{context}.kubeconfig"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": {"server": self.url}}],
            "users": [{"name": context, "user": dict(user or {})}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        }
        target.write_text(json.dumps(document))
        return target

    def requests_to(self, path_ends: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.endswith(path_ends)]

    def _note(self, asked: Asked) -> Fault | None:
        with self._lock:
            self.asked.append(asked)
            fault = next((fault for fault in self.faults if fault.fits(asked)), None)
            if fault is not None:
                fault.times -= 1
            return fault


@contextmanager
def fault_proxy(upstream: RigClient) -> Iterator[FaultProxy]:
    """A proxy that asks the server as the identity of `upstream`; stopped at the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    server.block_on_close = False
    proxy = FaultProxy(url=f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = _handler(proxy, upstream)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(proxy: FaultProxy, upstream: RigClient) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            asked = Asked(path=parts.path, query=query, headers=dict(self.headers))
            fault = proxy._note(asked)
            answer = _forwarded(upstream, self.path, asked.headers)
            self._send(fault.spoil(asked, answer) if fault else answer)

        def _send(self, answer: Answer) -> None:
            time.sleep(answer.delay)
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                self.close_connection = True
                self.connection.close()
                return
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: answer.cut_at])
            except OSError:  # the client gave up, which some faults are made for
                self.close_connection = True
            if answer.cut_at is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _forwarded(upstream: RigClient, target: str, headers: Mapping[str, str]) -> Answer:
    wanted = {name: headers[name] for name in ("Accept", "User-Agent", "Accept-Encoding") if headers.get(name)}
    response: urllib3.BaseHTTPResponse = upstream.pool.request(
        "GET", upstream.url + target, headers=wanted, retries=False, decode_content=False
    )
    kept = {name: value for name, value in response.headers.items() if name.lower() not in _HOP_BY_HOP}
    return Answer(status=response.status, headers=kept, body=response.data)


# Faults


def status(code: int, reason: str, message: str = "", **headers: str) -> Spoil:
    """An error as the API server words it."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    text = json.dumps({**body, "message": message or reason, "reason": reason, "code": code}).encode()
    named = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
    return lambda asked, answer: Answer(status=code, headers=named, body=text)


def cut(share: float = 0.5) -> Spoil:
    """The body ends early, although all of it was announced."""
    return lambda asked, answer: _changed(answer, cut_at=int(len(answer.body) * share))


def malformed() -> Spoil:
    """A body that is no JSON, under the server's own status and content type."""
    return lambda asked, answer: Answer(
        status=answer.status, headers={"Content-Type": "application/json"}, body=b'{"kind": "MachineList", "items": [{'
    )


def reset() -> Spoil:
    return lambda asked, answer: _changed(answer, reset=True)


def delayed(seconds: float) -> Spoil:
    return lambda asked, answer: _changed(answer, delay=seconds)


def first_page_again(client: RigClient, *, fresh_token: bool) -> Spoil:
    """As a proxy that drops the query: page one again and again, with its old token or with new ones."""
    count = iter(range(1_000_000))

    def spoil(asked: Asked, answer: Answer) -> Answer:
        page = client.raw("GET", f"{asked.path}?limit={asked.query['limit']}")
        if fresh_token:
            page["metadata"]["continue"] += str(next(count))
        return Answer(status=200, headers={"Content-Type": "application/json"}, body=json.dumps(page).encode())

    return spoil


def expired(*, with_token: bool) -> Spoil:
    """410 for an expired snapshot, as etcd3/errors.go of the API server words it.

    The token offered is the request's own with the revision -1, which the server takes as "go on after that key
    in the newest revision".
    """

    def spoil(asked: Asked, answer: Answer) -> Answer:
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body |= {"message": "The provided continue parameter is too old to display a consistent list result."}
        body |= {"reason": "Expired", "code": 410}
        if with_token:
            token = asked.query["continue"]
            place = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            renewed = base64.urlsafe_b64encode(json.dumps({**place, "rv": -1}).encode()).decode().rstrip("=")
            body["metadata"] = {"continue": renewed}
        return Answer(status=410, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())

    return spoil


def _changed(answer: Answer, **changes: Any) -> Answer:
    fields = {name: getattr(answer, name) for name in ("status", "headers", "body", "cut_at", "delay", "reset")}
    return Answer(**{**fields, **changes})
