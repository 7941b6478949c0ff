"""The HTTPS server: routes of ARM that are reads, one query that is a POST, and every refusal that ARM knows."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.rig.azure import graph
from tests.rig.azure.world import VM, AzureWorld, group_of, type_of, with_instance_view
from tests.rig.certificates import CertificateAuthority

GRAPH = "/providers/microsoft.resourcegraph/resources"
TOKEN = "rig-token"


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire."""

    method: str
    path: str
    """In lower case: ARM's paths have no case."""
    query: Mapping[str, str]
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; `sent` is how much of the body, for answers that are cut off."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None


Fault = Callable[[Request], Answer | None]


@dataclass(slots=True)
class AzureEndpoint:
    """The address of the double, what it holds, and everything that it was asked."""

    url: str
    ca_file: Path
    token_file: Path
    world: AzureWorld = field(default_factory=AzureWorld)
    asked: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    page_size: int = 50
    """Of listings; Resource Graph takes the page size that it is asked for."""

    def reset(self) -> None:
        """Forgets everything."""
        self.world, self.page_size = AzureWorld(), 50
        self.asked.clear()
        self.faults.clear()

    def paths(self) -> list[str]:
        """`GET /subscriptions/...`, in the order asked."""
        return [f"{request.method} {request.path}" for request in self.asked]


def error(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    """A refusal in the form of ARM."""
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def refusing(path: str, answer: Answer, *, method: str = "", times: int | None = None) -> Fault:
    """Requests whose path ends so get this answer; the first `times` only, where that is given."""
    left = iter(range(times)) if times is not None else None

    def fault(request: Request) -> Answer | None:
        if not request.path.endswith(path.casefold()) or (method and request.method != method):
            return None
        return answer if left is None or next(left, None) is not None else None

    return fault


@contextmanager
def running_azure(folder: Path) -> Iterator[AzureEndpoint]:
    """An endpoint that serves until the block ends; its certificate and its token stand in the folder."""
    authority = CertificateAuthority()
    pair = authority.server()
    ca_file, token_file, own = folder / "azure-ca.pem", folder / "azure-token", folder / "azure-server.pem"
    ca_file.write_bytes(authority.certificate)
    token_file.write_text(TOKEN)
    own.write_bytes(pair.key + pair.certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    endpoint = AzureEndpoint(f"https://127.0.0.1:{server.server_address[1]}", ca_file, token_file)
    server.RequestHandlerClass = _handler(endpoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(endpoint: AzureEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _serve(self) -> None:
            request = _read(self)
            endpoint.asked.append(request)
            answer = next(filter(None, (fault(request) for fault in endpoint.faults)), None)
            answer = answer or _answered(endpoint, request)
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.sent])
            self.close_connection = answer.sent is not None

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    return Handler


def _read(handler: BaseHTTPRequestHandler) -> Request:
    raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    parts = urllib.parse.urlsplit(handler.path)
    query = {name.casefold(): values[0] for name, values in urllib.parse.parse_qs(parts.query).items()}
    return Request(
        method=handler.command,
        path=urllib.parse.unquote(parts.path).casefold(),
        query=query,
        body=json.loads(raw) if raw else {},
        headers={name.casefold(): value for name, value in handler.headers.items()},
    )


def _answered(endpoint: AzureEndpoint, request: Request) -> Answer:
    if request.headers.get("authorization") != f"Bearer {endpoint.token_file.read_text()}":
        return error(401, "InvalidAuthenticationToken", "The access token is invalid.")
    if "api-version" not in request.query:
        return error(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required.")
    if request.method == "POST" and request.path == GRAPH:
        try:
            return _json(graph.answer(endpoint.world, request.body))
        except graph.NotUnderstood as mistake:
            return error(400, "BadRequest", str(mistake))
    if request.method != "GET":
        return error(405, "MethodNotAllowed", f"{request.method} {request.path}")
    return _got(endpoint, request)


def _got(endpoint: AzureEndpoint, request: Request) -> Answer:
    match request.path.strip("/").split("/"):
        case ["subscriptions", subscription]:
            return _subscription(endpoint.world, subscription)
        case ["subscriptions", subscription, "resourcegroups"]:
            return _listed(endpoint, request, subscription, "microsoft.resources/resourcegroups")
        case ["subscriptions", subscription, "providers", namespace, kind]:
            return _listed(endpoint, request, subscription, f"{namespace}/{kind}")
        case ["subscriptions", *_]:
            return _one(endpoint.world, request)
        case _:
            return error(404, "InvalidResourceType", request.path)


def _subscription(world: AzureWorld, subscription: str) -> Answer:
    tenant = world.tenants.get(subscription)
    if tenant is None:
        return error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
    return _json(
        {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "tenantId": tenant,
            "displayName": "rig",
            "state": world.states.get(subscription, "Enabled"),
            "authorizationSource": "RoleBased",
        }
    )


def _listed(endpoint: AzureEndpoint, request: Request, subscription: str, kind: str) -> Answer:
    """A page, and the whole address of the next one: it repeats what was asked, or the next page would be another."""
    found = [body for body in endpoint.world.of(subscription) if body["type"].casefold() == kind]
    if kind == VM and request.query.get("statusonly") == "true":
        found = [_status_only(endpoint.world, body) for body in found]
    elif kind.startswith("microsoft.compute/"):
        found = [{**body, "id": _shouted(body["id"])} for body in found]
    start = int(request.query.get("$skiptoken", "0"))
    page = found[start : start + endpoint.page_size]
    told: dict[str, Any] = {"value": page}
    if start + endpoint.page_size < len(found):
        query = {**request.query, "$skiptoken": str(start + endpoint.page_size)}
        told["nextLink"] = f"{endpoint.url}{request.path}?{urllib.parse.urlencode(query)}"
    return _json(told)


def _shouted(resource_id: str) -> str:
    """Listings of Microsoft.Compute write the resource group in capitals."""
    parts = resource_id.split("/")
    return "/".join((*parts[:4], parts[4].upper(), *parts[5:]))


def _status_only(world: AzureWorld, body: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: body[name] for name in ("id", "name", "type", "location")}
    return {**told, "properties": {"instanceView": world.instance_view(body["id"])}}


def _one(world: AzureWorld, request: Request) -> Answer:
    action = f"{'/'.join(type_of(request.path).split('/'))}/read"
    if group_of(request.path) in world.hidden:
        message = f"The client does not have authorization to perform action '{action}' over scope '{request.path}'."
        return error(403, "AuthorizationFailed", message)
    body = world.find(request.path)
    if body is None:
        group = "/".join(request.path.split("/")[:5])
        known = any(key == group or key.startswith(f"{group}/") for key in world.resources)
        return error(404, "ResourceNotFound" if known else "ResourceGroupNotFound", request.path)
    expands = request.query.get("$expand", "").casefold() == "instanceview"
    return _json(with_instance_view(world, body) if expands and body["type"].casefold() == VM else body)


def _json(told: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(told).encode())
