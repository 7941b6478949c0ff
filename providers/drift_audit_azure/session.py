"""The door to Azure Resource Manager: the SDK's transport, authentication and retries, every call paced and counted.

Answers are read as plain JSON: the SDK's models cost several times more, and hide fields that they do not know.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from azure.core import PipelineClient
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    RequestIdPolicy,
    RetryPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest

from drift_audit import __version__
from drift_audit.model.values import Json, JsonObject, mapping, sequence, text
from drift_audit_azure.guard import ReadOnlyGuard
from drift_audit_azure.refusals import ArmRefusal, StrangeAnswer
from drift_audit_azure.settings import AzureSettings, AzureSubscription

GRAPH_API = "2021-03-01"
_CLOUDS: Mapping[str, tuple[str, str]] = {
    "public": ("https://management.azure.com", "https://login.microsoftonline.com"),
    "china": ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    "usgov": ("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
}
"""(ARM, the authority that gives tokens), by `clouds.azure.cloud`."""
_LONGEST_WAIT = 60.0
"""Seconds that `Retry-After` may ask for. What wants more is told as a gap instead of waited for."""
_BURST = 5.0


@dataclass(slots=True)
class Meter:
    """Counts what was asked of one subscription. Retries count as calls: they cost the same budget."""

    calls: int = 0
    throttles: int = 0


class _Counting(SansIOHTTPPolicy[Any, Any]):
    """Waits for its turn, and counts, at every attempt."""

    def __init__(self, meter: Meter, pace: Pace) -> None:
        super().__init__()
        self._meter, self._pace = meter, pace

    def on_request(self, request: PipelineRequest[Any]) -> None:
        self._pace.wait()
        self._meter.calls += 1

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        self._meter.throttles += response.http_response.status_code == 429


class _PatientRetries(RetryPolicy[Any, Any]):
    """Gives up where Azure asks for more patience than an audit has."""

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        return (self.get_retry_after(response) or 0) <= _LONGEST_WAIT and super().is_retry(settings, response)


@dataclass(slots=True)
class Pace:
    """Lets calls out at `per_second`, after a first burst."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _tokens: float = _BURST
    _at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        with self._lock:
            now = self.clock()
            if self._at is not None:
                self._tokens = min(_BURST, self._tokens + (now - self._at) * self.per_second)
            self._at = now
            self._tokens -= 1
            shortfall = -self._tokens / self.per_second if self._tokens < 0 else 0.0
        if shortfall > 0:
            self.sleep(shortfall)


class TokenFile:
    """A credential that reads its token anew each time: somebody else keeps it fresh."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        try:
            return AccessToken(self._path.read_text(encoding="utf-8").strip(), int(time.time()) + 60)
        except OSError as error:
            raise ClientAuthenticationError(f"token_file cannot be read: {error.strerror}") from error


class NoCredential:
    """Stands for a credential that could not even be made: asking it tells why."""

    def __init__(self, why: str) -> None:
        self._why = why

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        raise ClientAuthenticationError(self._why)


class SubscriptionSession:
    """One subscription, read with one identity."""

    def __init__(self, settings: AzureSettings, subscription: AzureSubscription) -> None:
        endpoint, authority = _CLOUDS[settings.cloud]
        self.meter = Meter()
        self._base = settings.endpoint_url.rstrip("/") or endpoint
        credential = _credential(settings, subscription, urlsplit(authority).netloc)
        policies = [
            RequestIdPolicy(),
            UserAgentPolicy(base_user_agent=f"drift-audit/{__version__}"),
            _PatientRetries(
                retry_total=settings.max_attempts - 1, retry_backoff_max=20, retry_on_methods=frozenset({"GET", "POST"})
            ),
            BearerTokenCredentialPolicy(credential, f"{endpoint}/.default"),
            ReadOnlyGuard(urlsplit(self._base).netloc),
            _Counting(self.meter, Pace(settings.calls_per_second)),
        ]
        transport = RequestsTransport(
            connection_timeout=settings.connect_timeout_seconds,
            read_timeout=settings.read_timeout_seconds,
            connection_verify=settings.ca_file or True,
        )
        self._client: PipelineClient[Any, Any] = PipelineClient(self._base, policies=policies, transport=transport)

    def get(self, path: str, api_version: str, **query: str) -> JsonObject:
        """One resource. Raises `ArmRefusal` with status 404 where it is not there."""
        return self._sent(HttpRequest("GET", self._url(path, api_version, query)))

    def listed(self, path: str, api_version: str, **query: str) -> Iterator[JsonObject]:
        """Everything under `value`, page after page."""
        url, seen = self._url(path, api_version, query), set[str]()
        while url:
            if url in seen or urlsplit(url).netloc != urlsplit(self._base).netloc:
                raise StrangeAnswer("the next page is one that was given before, or on another host")
            seen.add(url)
            page = self._sent(HttpRequest("GET", url))
            if not isinstance(page.get("value"), list):
                raise StrangeAnswer("a listing has no value")
            yield from map(mapping, sequence(page.get("value")))
            url = text(page.get("nextLink"))

    def ask_graph(self, question: Mapping[str, Json]) -> JsonObject:
        """One page of Resource Graph."""
        url = self._url("/providers/Microsoft.ResourceGraph/resources", GRAPH_API, {})
        return self._sent(HttpRequest("POST", url, json=question))

    def _url(self, path: str, api_version: str, query: Mapping[str, str]) -> str:
        return f"{self._base}{quote(path)}?{urlencode({'api-version': api_version, **query})}"

    def _sent(self, request: HttpRequest) -> JsonObject:
        """The answer as a JSON object."""
        response: Any = self._client.send_request(request)
        body = response.content
        if response.status_code >= 300:
            raise ArmRefusal(response.status_code, _code(body))
        length = response.headers.get("Content-Length")
        if length and not response.headers.get("Content-Encoding") and int(length) != len(body):
            raise StrangeAnswer("the answer is cut off")
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise StrangeAnswer("the answer is not JSON") from error
        if not isinstance(parsed, dict):
            raise StrangeAnswer("the answer is no JSON object")
        return parsed


class Sessions:
    """The sessions of all subscriptions, each opened when it is first needed."""

    def __init__(self, settings: AzureSettings) -> None:
        self._settings = settings
        self._sessions: dict[str, SubscriptionSession] = {}
        self._lock = threading.Lock()

    def of(self, subscription: str) -> SubscriptionSession:
        with self._lock:
            if subscription not in self._sessions:
                entry = self._settings.subscription(subscription) or AzureSubscription(subscription=subscription)
                self._sessions[subscription] = SubscriptionSession(self._settings, entry)
            return self._sessions[subscription]


def _code(body: bytes) -> str:
    """ARM's error code; empty when the body is no error of ARM."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return text(mapping(mapping(parsed).get("error")).get("code"))


def _credential(settings: AzureSettings, subscription: AzureSubscription, authority: str) -> TokenCredential:
    """The audit's own identity. What its surroundings lack is told when it is asked for a token."""
    if settings.token_file:
        return TokenFile(Path(settings.token_file))
    try:
        return _ambient(settings, subscription, authority)
    except ValueError as error:
        return NoCredential(str(error))


def _ambient(settings: AzureSettings, subscription: AzureSubscription, authority: str) -> TokenCredential:
    """azure-identity is imported only where one of its kinds is wanted."""
    from azure import identity

    tenant, client = subscription.tenant or None, subscription.client_id or None
    match settings.credential:
        case "cli":
            return identity.AzureCliCredential(tenant_id=tenant or "")
        case "environment":
            return identity.EnvironmentCredential(authority=authority)
        case "managed-identity":
            return identity.ManagedIdentityCredential(client_id=client)
        case "workload-identity":
            return identity.WorkloadIdentityCredential(tenant_id=tenant, client_id=client, authority=authority)
        case "default":
            return identity.DefaultAzureCredential(
                authority=authority,
                managed_identity_client_id=client,
                workload_identity_client_id=client,
                exclude_interactive_browser_credential=True,
            )
