"""The servers of a synthetic fleet, in a process of their own: an API server and an AWS, both over plain HTTP.

    python -m benchmarks.server PROTOTYPE CLUSTERS REVISION

Prints its port, then serves until its standard input ends. Every answer is made once and kept, so that what is
measured after a first run is the client.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.answers import AwsAnswers, Body, KubeAnswers
from benchmarks.prototype import Prototype, service_and_region

LOG = "/-/log"
"""GET gives what was asked since the last time, and forgets it."""
_WORTH_PACKING = 128 * 1024
"""From here on the real API server compresses (`apiserver/pkg/endpoints/handlers/responsewriters`)."""


class FleetServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, prototype: Prototype, clusters: int, revision: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kube = KubeAnswers(prototype, clusters, revision)
        self.aws = AwsAnswers(prototype, clusters)
        self.kept: dict[tuple[str, ...], tuple[Body, bool]] = {}
        self.asked: list[dict[str, Any]] = []
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: FleetServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        if self.path == LOG:
            with self.server.lock:
                said, self.server.asked = json.dumps(self.server.asked).encode(), []
            self._send(Body(content_type="application/json", content=said), packed=False)
            return
        key = ("GET", self.path)
        if key not in self.server.kept:
            parts = urlsplit(self.path)
            body = self.server.kube.get(parts.path, dict(parse_qsl(parts.query)))
            if body is None:
                self.send_error(404)
                return
            large = len(body.content) >= _WORTH_PACKING
            self.server.kept[key] = (_packed(body), True) if large else (body, False)
        self._note("GET", "kube", "")
        self._send(*self.server.kept[key])

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        service, region = service_and_region(self.headers.get("Authorization", ""))
        key = ("POST", service, region, request)
        if key not in self.server.kept:
            self.server.kept[key] = self.server.aws.post(service, region, request), False
        self._note("POST", service, request)
        self._send(*self.server.kept[key])

    def __getattr__(self, name: str) -> Any:
        """Any other verb is noted and refused."""
        if not name.startswith("do_"):
            raise AttributeError(name)

        def refuse() -> None:
            self._note(name.removeprefix("do_"), "kube", "")
            self.send_error(405)

        return refuse

    def _note(self, method: str, service: str, request: str) -> None:
        headers = {name: self.headers[name] for name in ("Accept", "Authorization") if self.headers[name]}
        asked = {
            "method": method,
            "path": self.path,
            "service": service,
            "action": (self.headers["X-Amz-Target"] or "").rpartition(".")[2],
            "request": request,
            "headers": headers,
        }
        with self.server.lock:
            self.server.asked.append(asked)

    def _send(self, body: Body, packed: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", body.content_type)
        self.send_header("Content-Length", str(len(body.content)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body.content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _packed(body: Body) -> Body:
    # Level 4, as the API server does.
    packer = zlib.compressobj(4, wbits=31)
    return Body(content_type=body.content_type, content=packer.compress(body.content) + packer.flush())


def main(arguments: list[str]) -> None:
    prototype, clusters, revision = arguments
    server = FleetServer(Prototype.read(Path(prototype)), int(clusters), revision)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
