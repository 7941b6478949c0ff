"""An AWS endpoint between the provider and moto that answers some calls the way AWS refuses them."""

from __future__ import annotations

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Params = Mapping[str, str]
Fault = Callable[[Params], "Answer | None"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent instead of moto's answer."""

    status: int
    body: bytes
    content_type: str = "text/xml"
    error_type: str = ""
    """The code of an error, where a service sends it in a header."""


@dataclass(slots=True)
class FaultyAws:
    """The endpoint's address and everything it was asked."""

    url: str
    asked: list[Params] = field(default_factory=list)

    def actions(self) -> list[str]:
        return [params["Action"] for params in self.asked]


def ec2_error(code: str, status: int = 400) -> Answer:
    """An error in the form of the EC2 API."""
    body = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
    return Answer(status, body.encode())


def sts_error(code: str, status: int = 403) -> Answer:
    """An error in the form of the STS API."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return Answer(status, body.encode())


def refusing(action: str, answer: Answer) -> Fault:
    """Every call of the action gets this answer."""
    return lambda params: answer if params.get("Action") == action else None


def refusing_after(action: str, calls: int, answer: Answer) -> Fault:
    """The action works so many times first."""
    seen = iter(range(calls))
    return lambda params: answer if params.get("Action") == action and next(seen, None) is None else None


@contextmanager
def faulty_aws(moto: str, fault: Fault) -> Iterator[FaultyAws]:
    """An endpoint that passes on to moto whatever the fault leaves alone."""
    endpoint = FaultyAws(url="")

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urllib.parse.unquote(self.path.partition("?")[0])
            params = {**_params(body, self.headers.get("X-Amz-Target") or ""), "Path": path}
            endpoint.asked.append(params)
            answer = fault(params) or _passed_on(f"{moto}{self.path}", self.command, body, dict(self.headers))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            if answer.error_type:
                self.send_header("X-Amzn-ErrorType", answer.error_type)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _params(body: bytes, target: str) -> Params:
    """The parameters with the operation as `Action`, which JSON services have in a header and S3 nowhere."""
    if target:
        return {"Action": target.rpartition(".")[2]}
    return {"Action": "", **dict(urllib.parse.parse_qsl(body.decode()))}


def _passed_on(url: str, method: str, body: bytes, headers: dict[str, str]) -> Answer:
    kept = {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}}
    request = urllib.request.Request(url, data=body or None, headers=kept, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return Answer(response.status, response.read(), response.headers.get("Content-Type") or "text/xml")
    except urllib.error.HTTPError as error:
        with error:
            kind, code = (error.headers.get(name) or "" for name in ("Content-Type", "X-Amzn-ErrorType"))
            return Answer(error.code, error.read(), kind or "text/xml", code)
