"""The API servers of the workload clusters of a synthetic fleet, behind one TLS port: what a closer look asks of them.

Sizes are those of real clusters: ten Pods of 3 kB on each Node, all of them well.
"""

from __future__ import annotations

import functools
import json
import re
import ssl
import tempfile
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.illness import Illness
from benchmarks.kube_texts import FILLER, Json, body, listed, meta
from benchmarks.stamping import stamped
from tests.rig.certificates import CertificateAuthority

PODS_OF_A_NODE = 10
_WORKLOAD = re.compile(r"/workload/(?P<number>\d+)(?P<path>/.*)")


class Workloads:
    """The API server of every workload cluster."""

    def __init__(self, illness: Illness, machines: Sequence[bytes], now: str) -> None:
        self._illness = illness
        self._machines = [json.loads(each) for each in machines]
        self._now = now

    def get(self, path: str) -> bytes | None:
        found = _WORKLOAD.fullmatch(path)
        if found is None:
            return None
        number, path = int(found["number"]), found["path"]
        if path == "/version":
            return body({"major": "1", "minor": "34", "gitVersion": "v1.34.2"})
        match path.rpartition("/")[2]:
            case "nodes":
                return listed("v1", "Node", self._nodes(number))
            case "pods":
                return listed("v1", "Pod", [pod for node in self._nodes(number) for pod in self._pods(node)])
        return listed("v1", "List", [])

    def _nodes(self, number: int) -> list[Json]:
        absent = {patient.name for patient in self._illness.of(number)}
        nodes = []
        for machine in self._machines:
            name = stamped(machine["metadata"]["name"].encode(), number).decode()
            if name in absent:
                continue
            conditions = [_condition("Ready", "True"), *(_condition(each, "False") for each in _PRESSURES)]
            status = {"conditions": conditions, "nodeInfo": {"kubeletVersion": machine["spec"]["version"]}}
            provider_id = stamped(machine["spec"]["providerID"].encode(), number).decode()
            nodes.append(
                {
                    "metadata": {**meta(f"ip-{name}", ""), "annotations": {"filler": FILLER}},
                    "spec": {"providerID": provider_id},
                    "status": {**status, "images": FILLER},
                }
            )
        return nodes

    def _pods(self, node: Json) -> list[Json]:
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "startTime": self._now}
        name = node["metadata"]["name"]
        return [
            {
                "metadata": meta(f"{name}-{index}", "kube-system" if index < 3 else "shop"),
                "spec": {"nodeName": name, "containers": [{"name": "main", "image": "shop:1", "env": FILLER}]},
                "status": {**ready, "containerStatuses": [{"name": "main", "ready": True, "state": {"running": {}}}]},
            }
            for index in range(PODS_OF_A_NODE)
        ]


_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")


def _condition(kind: str, status: str) -> Json:
    return {
        "type": kind,
        "status": status,
        "reason": "Kubelet",
        "message": "",
        "lastTransitionTime": "2026-11-01T08:00:00Z",
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def served_workloads(workloads: Workloads, authority: CertificateAuthority, note: Callable[[str], None]) -> str:
    """The address of a server of all of them, in this process; `note` is told each path that is asked for."""

    kept = functools.cache(workloads.get)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            note(path)
            said = kept(path)
            if said is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    pair = authority.server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(pair.certificate + pair.key)
        file.flush()
        context.load_cert_chain(Path(file.name))
    # Each thread shakes hands for itself: all connections would wait for one that is slow.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{server.server_address[1]}"
