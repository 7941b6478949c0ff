"""Why a read did not succeed, in words for a person: the reason and who can mend it how."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from urllib3 import exceptions as http

from drift_audit.collect.signs import holds_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request as RBAC sees it, for reasons and remedies."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """Instead of a resource: `/version`."""

    def __str__(self) -> str:
        if self.path:
            return f"GET {self.path}"
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f" {self.name!r}" if self.name else ""
        where = f" in namespace {self.namespace!r}" if self.namespace else ""
        return f"{self.verb} {what}{named}{where}"

    @property
    def rule(self) -> str:
        """The RBAC rule that allows it, as YAML on one line."""
        if self.path:
            return f'nonResourceURLs: ["{self.path}"], verbs: ["get"]'
        return f'apiGroups: ["{self.group}"], resources: ["{self.resource}"], verbs: ["{self.verb}"]'


class Break(StrEnum):
    """Where a request ended that got no whole answer."""

    NO_NAME = "no name"
    NO_CONNECTION = "no connection"
    BAD_CERTIFICATE = "bad certificate"
    """The server's: expired, for another name, or of an authority that the kubeconfig does not name."""
    CUT = "cut"
    """There was a connection, and no whole answer."""


class Unreadable(Exception):
    """One read that the world refused. It never leaves the collector: at the edge of its kind it becomes a `Gap`."""

    def __init__(
        self,
        reason: str,
        remedy: str,
        *,
        status: int = 0,
        continue_token: str = "",
        right: str = "",
        broke: Break | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.status = status
        """The HTTP status, 0 where there was none."""
        self.continue_token = continue_token
        """The token that a 410 offers for going on in a newer revision."""
        self.right = right
        """The RBAC rule that would have allowed it, where a rule is what is missing."""
        self.broke = broke
        """Set where there was no whole answer."""


class _StatusMeta(msgspec.Struct):
    continue_: str = msgspec.field(name="continue", default="")


class _Status(msgspec.Struct):
    """The `Status` object in the body of an error."""

    message: str = ""
    metadata: _StatusMeta | None = None


_REMEDIES = {
    400: "Check label_selector and namespaces in the configuration; the message is the API server's own.",
    401: "Renew the credentials of this context; `kubectl auth whoami` with the same context shows whether they work.",
    404: "The kind was served a moment ago: run the audit again once its CRD is established.",
    406: "Check what stands between the audit and the API server: it does not answer with JSON.",
    410: "Run the audit again; if it repeats, raise page_size, so that the list ends before its snapshot expires.",
    429: "Run the audit when the API server is less busy, or give its user a priority level of its own.",
    500: "Look into the API server's log; for kinds with several versions, check the conversion webhook.",
    503: "Check that the API server (for an aggregated API: the service behind it) is healthy.",
    504: "Check the health of the API server and of etcd, or lower page_size.",
}
_LONGEST_MESSAGE = 300


def refusal(ask: Ask, status: int, body: bytes, credentials: Iterable[str] = ()) -> Unreadable:
    """The fault for an answer other than 200. What stands between us and the server may repeat our request in it,
    `credentials` included."""
    told = _status_of(body)
    message = _without(" ".join(told.message.split()), credentials)[:_LONGEST_MESSAGE]
    if status == 403:
        where = f"a Role in namespace {ask.namespace!r}" if ask.namespace else "a ClusterRole"
        remedy = f"Grant the audit's user, by {where}: {ask.rule}."
    else:
        remedy = _REMEDIES.get(status, "Look into the API server's log.")
    return Unreadable(
        f"{ask}: HTTP {status}" + (f": {message}" if message else ""),
        remedy,
        status=status,
        continue_token=told.metadata.continue_ if told.metadata else "",
        right=ask.rule if status == 403 else "",
    )


def _without(message: str, credentials: Iterable[str]) -> str:
    for credential in credentials:
        message = re.sub(re.escape(credential), "<masked>", message, flags=re.IGNORECASE)
    return "<masked: a message that may hold a secret>" if holds_secret(message) else message


def transport_fault(ask: Ask, host: str, error: http.HTTPError) -> Unreadable:
    """The fault for a request that got no complete answer."""
    happened, remedy = next(
        (told for type_, *told in _TRANSPORT if isinstance(error, type_)), ("the connection failed", _UNREACHABLE)
    )
    return Unreadable(f"{ask}: {happened} ({host}{_detail(error)})", remedy, broke=_broken_at(error))


def _broken_at(error: http.HTTPError) -> Break:
    if isinstance(error, http.NameResolutionError):
        return Break.NO_NAME
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return Break.BAD_CERTIFICATE
    return Break.NO_CONNECTION if unestablished(error) else Break.CUT


_UNREACHABLE = "Check that this machine reaches the API server: address, network, proxy, firewall."
_TLS = "Check certificate-authority, tls-server-name and the client certificate of this context in the kubeconfig."
_CUT = "Run the audit again; if it repeats, check the proxies and load balancers in between, or lower page_size."
_SLOW = "Raise timeout_seconds or lower page_size of this management cluster."

# The first row that fits counts; subclasses therefore stand before their bases.
_TRANSPORT: tuple[tuple[type[Exception], str, str], ...] = (
    (http.SSLError, "the TLS handshake failed", _TLS),
    (http.NameResolutionError, "the host name is not known", _UNREACHABLE),
    (http.NewConnectionError, "the connection was refused", _UNREACHABLE),
    (http.ConnectTimeoutError, "no connection within the timeout", _UNREACHABLE),
    (http.ProxyError, "the proxy refused", "Check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY."),
    (http.ReadTimeoutError, "no answer within the timeout", _SLOW),
    (http.DecodeError, "the compressed answer is damaged", _CUT),
    (http.ProtocolError, "the connection broke before the answer was whole", _CUT),
)


def too_slow(ask: Ask, size: int, seconds: float) -> Unreadable:
    """The fault for an answer that goes on and on."""
    told = f"{ask}: the answer was not whole after {seconds:g} s ({size} bytes had come)"
    return Unreadable(told, _SLOW, broke=Break.CUT)


def unestablished(error: http.HTTPError) -> bool:
    """True when there was no connection at all, so that other requests will fail just so."""
    return isinstance(error, (http.NewConnectionError, http.ConnectTimeoutError, http.SSLError, http.ProxyError))


def broke_off(error: http.HTTPError) -> bool:
    """True for a broken connection, which a second try usually mends: an idle one that the other side closed."""
    return isinstance(error, (http.ProtocolError, http.DecodeError)) and not isinstance(error, http.ReadTimeoutError)


def _detail(error: http.HTTPError) -> str:
    """What the system says about it; the texts of urllib3 itself carry object addresses and are left out."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f", {cause.verify_message}"
            case ssl.SSLError():
                return f", {cause.reason or 'TLS error'}"
            case socket.gaierror() | OSError() if cause.strerror:
                return f", {cause.strerror}"
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it comes from, a few steps deep: urllib3 keeps some causes among the arguments."""
    cause: BaseException | None = error
    for _ in range(5):
        if cause is None:
            return
        yield cause
        inner = next((part for part in cause.args if isinstance(part, BaseException)), None)
        cause = inner or cause.__cause__ or cause.__context__


def _status_of(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Status()
