"""The cluster that a benchmark multiplies: built on the rig, audited once, and every answer written down.

Its objects come from a real API server with real managedFields, its AWS answers from moto, and what is written
down is what an audit really asks for: a collector that asks for more is measured with more.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import urllib3

from benchmarks.stamping import CLUSTER, REGION, stamped, template_of
from drift_audit.audit import run_audit
from drift_audit.clock import now
from drift_audit.model.result import Status
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount, AwsSettings
from tests.rig.fault_proxy import fault_proxy
from tests.rig.fleet import ACCOUNT, Fleet, Workload
from tests.rig.management_cluster import fresh_management_cluster, running_management_cluster
from tests.rig.moto_server import AwsEndpoint
from tests.rig.upstreams import Answer, Asked

_SERVICE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")


class KubeAnswer(msgspec.Struct, frozen=True):
    """What the API server said; of a list, `body` holds everything but the items."""

    content_type: str
    body: bytes
    items: tuple[bytes, ...] | None = None
    """Of a list: a template for each item."""


class AwsAnswer(msgspec.Struct, frozen=True):
    """What AWS said to one request."""

    service: str
    request: str
    """The body of the request as it was sent for the first cluster."""
    content_type: str
    body: bytes


class Prototype(msgspec.Struct, frozen=True):
    """One cluster with everything around it."""

    machines: int
    revision: str
    """The commit of which the cluster's GitOps object says that it is applied."""
    files: dict[str, bytes]
    """Templates of the declaring files by path; that of the cluster has a mark in its name."""
    kube: dict[str, KubeAnswer]
    """By path."""
    aws: tuple[AwsAnswer, ...]

    @classmethod
    def read(cls, path: Path) -> Prototype:
        return msgspec.msgpack.decode(path.read_bytes(), type=cls)

    def write(self, path: Path) -> None:
        path.write_bytes(msgspec.msgpack.encode(self))


def build_prototype(folder: Path, aws: AwsEndpoint, *, machines: int) -> Prototype:
    """Builds the cluster in an empty folder and an empty AWS, and lets it be audited once.

    Raises `MissingPart` without the rig.
    """
    with ExitStack() as stack:
        server = stack.enter_context(running_management_cluster(folder / "server"))
        cluster = stack.enter_context(fresh_management_cluster(server, "mgmt"))
        fleet = Fleet(cluster, folder, aws.url, name="fleet", namespace="prod")
        control_planes = 3 if machines > 3 else 1  # an even number is refused
        fleet.add(
            Workload(name=CLUSTER, region=REGION, control_planes=control_planes, workers=machines - control_planes)
        )
        fleet.deliver()
        kube, said = stack.enter_context(_kube_recorder(fleet)), stack.enter_context(_aws_recorder(aws.url))
        with _environment({**aws.environment, "AWS_ENDPOINT_URL": said.url}):
            _audit(fleet, folder, kube, said)
        return Prototype(
            machines=machines,
            revision=fleet.repo.head,
            files=_files(fleet),
            kube={path: _kube_answer(answer) for path, answer in kube.answers.items()},
            aws=tuple(said.answers),
        )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _audit(fleet: Fleet, folder: Path, kube: _KubeRecorder, said: _AwsRecorder) -> None:
    config = fleet.config()
    settings = replace(config.management_clusters[0], kubeconfig=str(kube.kubeconfig), context="proxied")
    accounts = (AwsAccount(account=ACCOUNT, identities=("AWSClusterControllerIdentity/default",)),)
    _, result = run_audit(
        replace(config, management_clusters=(settings,)),
        base_dir=folder,
        providers={"aws": AwsProvider(AwsSettings(accounts=accounts, endpoint_url=said.url))},
        progress=lambda _: None,
        clock=now,
    )
    if result.status is not Status.IN_SYNC:
        said_instead = [finding.title for finding in result.findings] + [gap.reason for gap in result.coverage.gaps]
        raise RuntimeError(f"the prototype is {result.status}: {said_instead[:5]}")


def _files(fleet: Fleet) -> dict[str, bytes]:
    tracked = fleet.repo.git("ls-files").splitlines()
    return {template_of(path.encode()).decode(): template_of((fleet.repo.path / path).read_bytes()) for path in tracked}


def _kube_answer(answer: Answer) -> KubeAnswer:
    body = gzip.decompress(answer.body) if answer.headers.get("Content-Encoding") == "gzip" else answer.body
    content_type = answer.headers.get("Content-Type", "application/json")
    parsed = json.loads(body)
    if not str(parsed.get("kind", "")).endswith("List") or "items" not in parsed or "aggregated" in content_type:
        return KubeAnswer(content_type=content_type, body=body)
    items = tuple(template_of(_compact(item)) for item in parsed["items"])
    return KubeAnswer(content_type=content_type, body=_compact({**parsed, "items": []}), items=items)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(slots=True)
class _KubeRecorder:
    kubeconfig: Path
    answers: dict[str, Answer] = field(default_factory=dict)


@contextmanager
def _kube_recorder(fleet: Fleet) -> Iterator[_KubeRecorder]:
    with fault_proxy(fleet.management_cluster.client) as proxy:
        recorder = _KubeRecorder(proxy.kubeconfig(fleet.folder))

        def note(asked: Asked, answer: Answer) -> Answer:
            if answer.status == 200:
                recorder.answers[asked.path] = answer
            return answer

        proxy.spoil(note)
        yield recorder


@dataclass(slots=True)
class _AwsRecorder:
    url: str
    answers: list[AwsAnswer] = field(default_factory=list)


@contextmanager
def _aws_recorder(upstream: str) -> Iterator[_AwsRecorder]:
    pool = urllib3.PoolManager()
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    recorder = _AwsRecorder(f"http://127.0.0.1:{server.server_address[1]}")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = pool.request("POST", upstream + self.path, body=sent, headers=headers, retries=False)
            content_type = answer.headers.get("Content-Type", "text/xml")
            if answer.status == 200:
                recorder.answers.append(
                    AwsAnswer(
                        service=service_and_region(self.headers.get("Authorization", ""))[0],
                        request=stamped(template_of(sent), 0).decode(),
                        content_type=content_type,
                        body=template_of(answer.data),
                    )
                )
            self.send_response(answer.status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()


def service_and_region(authorization: str) -> tuple[str, str]:
    """(service, region) of a signed request; empty strings where it is not signed."""
    found = _SERVICE.search(authorization)
    return (found["service"], found["region"]) if found else ("", "")
