"""A reverse proxy in front of a real server that spoils chosen answers: of the API server, of AWS, of Git over HTTPS.

Whatever it does not spoil is the server's own answer, byte for byte, so that the shape on the wire stays real.
`tests.rig.upstreams` has the servers that can stand behind it.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.rig.client import RigClient
from tests.rig.upstreams import Answer, Asked, Upstream, api_server

Spoil = Callable[[Asked, Answer], Answer]
"""Makes the answer to be sent out of the request and the server's answer."""


@dataclass(slots=True)
class Fault:
    """Spoils the first `times` answers whose request matches."""

    spoil: Spoil
    path_ends: str = ""
    when: Callable[[Asked], bool] = lambda asked: True
    times: int = 1_000_000
    after: int = 0
    """So many matching answers come through first."""
    spoiled: int = 0

    def fits(self, asked: Asked) -> bool:
        if not (asked.path.endswith(self.path_ends) and self.when(asked)):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        return self.spoiled < self.times


@dataclass(slots=True)
class FaultProxy:
    """A running proxy; faults can be added at any time."""

    url: str
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    """Ends every wait: answers that are delayed or dripping go out at once."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spoil(
        self,
        spoil: Spoil,
        *,
        path_ends: str = "",
        when: Callable[[Asked], bool] = lambda asked: True,
        times: int = 1_000_000,
        after: int = 0,
    ) -> Fault:
        """Adds a fault; it counts in `spoiled` how often it struck."""
        fault = Fault(spoil=spoil, path_ends=path_ends, when=when, times=times, after=after)
        self.faults.append(fault)
        return fault

    def reset(self) -> None:
        """No faults, nothing asked, and nobody kept waiting any longer."""
        self.released.set()
        self.released = threading.Event()
        self.faults.clear()
        self.asked.clear()

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
                fault.spoiled += 1
            return fault


@contextmanager
def fault_proxy(upstream: RigClient) -> Iterator[FaultProxy]:
    """A proxy that asks the API server as the identity of `upstream`; stopped at the end of the block."""
    with proxy_before(api_server(upstream)) as proxy:
        yield proxy


@contextmanager
def proxy_before(upstream: Upstream, tls: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """A proxy in front of any server; with `tls` it speaks HTTPS to its clients."""
    server = _Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    server.block_on_close = False
    proxy = FaultProxy(url=f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = _handler(proxy, upstream, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.reset()
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients break off on purpose here."""


def _handler(proxy: FaultProxy, upstream: Upstream, tls: ssl.SSLContext | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True  # head and body are two writes: else the second waits for 40 ms

        def setup(self) -> None:
            if tls is not None:  # here and not at the listening socket: a client that breaks off costs one thread
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client gave up, which some faults are made for
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            finally:
                self.request.close()

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
            asked = Asked(
                path=parts.path,
                query=query,
                headers=dict(self.headers),
                method=self.command,
                target=self.path,
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            released = proxy.released
            fault = proxy._note(asked)
            answer = upstream(asked)
            self._send(fault.spoil(asked, answer) if fault else answer, released)

        def _send(self, answer: Answer, released: threading.Event) -> None:
            if answer.delay:
                released.wait(answer.delay)
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            body = answer.body[: answer.cut_at]
            while answer.drip and body and not released.is_set():
                self.wfile.write(body[:1])
                body = body[1:]
                released.wait(answer.drip)
            self.wfile.write(body)
            if answer.cut_at is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


# Faults


def status(code: int, reason: str, message: str = "", **headers: str) -> Spoil:
    """An error as the API server words it."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    text = json.dumps({**body, "message": message or reason, "reason": reason, "code": code}).encode()
    named = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
    return lambda asked, answer: Answer(status=code, headers=named, body=text)


def cut(share: float = 0.5) -> Spoil:
    """The body ends early, although all of it was announced."""
    return lambda asked, answer: replace(answer, cut_at=int(len(answer.body) * share))


def malformed() -> Spoil:
    """A body that is no JSON, under the server's own status and content type."""
    return lambda asked, answer: Answer(
        status=answer.status, headers={"Content-Type": "application/json"}, body=b'{"kind": "MachineList", "items": [{'
    )


def reset() -> Spoil:
    return lambda asked, answer: replace(answer, reset=True)


def delayed(seconds: float) -> Spoil:
    return lambda asked, answer: replace(answer, delay=seconds)


def dripping(seconds: float = 8.0) -> Spoil:
    """The body byte by byte, the whole of a short one in so many seconds; each byte comes within half a second."""
    return lambda asked, answer: replace(answer, drip=min(0.5, max(0.05, seconds / (len(answer.body) or 1))))


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
