"""The servers of a synthetic fleet, in a process of their own: an API server and an AWS, both over plain HTTP.

    python -m benchmarks.server PROTOTYPE CLUSTERS REVISION SHARE

SHARE is that of the Machines that are unwell; with 0 there are no workload clusters, and nothing beside the fleet.
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
from benchmarks.beside import Beside
from benchmarks.illness import MACHINES, Illness, illness_in
from benchmarks.prototype import Prototype, service_and_region
from benchmarks.workloads import Workloads, served_workloads
from drift_audit.clock import now, stamp
from tests.rig.certificates import CertificateAuthority

LOG = "/-/log"
"""GET gives what was asked since the last time, and forgets it."""
_WORTH_PACKING = 128 * 1024
"""From here on the real API server compresses (`apiserver/pkg/endpoints/handlers/responsewriters`)."""


class FleetServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, prototype: Prototype, clusters: int, revision: str, share: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        illness = illness_in(prototype, clusters, share, now())
        self.kube = KubeAnswers(prototype, clusters, revision, illness)
        self.aws = AwsAnswers(prototype, clusters, illness)
        self.beside = self._served_beside(illness, prototype) if share else None
        self.kept: dict[tuple[str, ...], tuple[Body, bool]] = {}
        self.asked: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def _served_beside(self, illness: Illness, prototype: Prototype) -> Beside:
        """What a closer look is told, with the workload clusters on a port of their own."""
        authority, moment = CertificateAuthority(), stamp(now())
        workloads = Workloads(illness, prototype.kube[MACHINES].items or (), moment)
        address = served_workloads(workloads, authority, lambda path: self.note("GET", path, "workload"))
        return Beside(illness, moment, address, authority.certificate)

    def note(self, method: str, path: str, service: str, **more: Any) -> None:
        """Adds a request to the log."""
        asked = {"method": method, "path": path, "service": service, "action": "", "request": "", "headers": {}}
        with self.lock:
            self.asked.append({**asked, **more})


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
            body = self._answer(parts.path, dict(parse_qsl(parts.query)))
            if body is None:
                self._note("GET", "kube", "")
                self.send_error(404)
                return
            large = len(body.content) >= _WORTH_PACKING
            self.server.kept[key] = (_packed(body), True) if large else (body, False)
        self._note("GET", "kube", "")
        self._send(*self.server.kept[key])

    def _answer(self, path: str, query: dict[str, str]) -> Body | None:
        known = self.server.kube.get(path, query)
        if known is not None or self.server.beside is None:
            return known
        said = self.server.beside.get(path, query)
        return Body(content_type="application/json", content=said) if said is not None else None

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
        action = (self.headers["X-Amz-Target"] or "").rpartition(".")[2]
        self.server.note(method, self.path, service, action=action, request=request, headers=headers)

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
    prototype, clusters, revision, share = arguments
    server = FleetServer(Prototype.read(Path(prototype)), int(clusters), revision, float(share))
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
