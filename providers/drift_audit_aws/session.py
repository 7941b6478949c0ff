"""Credentials and clients: one session per account, every call counted, nothing but reads let out."""

from __future__ import annotations

import functools
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drift_audit import __version__
from drift_audit_aws.constraints.console import OPERATION as CONSOLE
from drift_audit_aws.constraints.console import without_secrets
from drift_audit_aws.settings import AwsAccount, AwsSettings
from drift_audit_aws.user_data import OPERATION as LAUNCH_TEMPLATE_VERSIONS
from drift_audit_aws.user_data import refuse_secrets, without_user_data

if TYPE_CHECKING:
    import boto3

logger = logging.getLogger(__name__)

_READS = ("Describe", "Get", "List")
_FURTHER_READS = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "LookupEvents", "SimulatePrincipalPolicy"})
_SECRET_READS = frozenset(
    {
        "DescribeInstanceAttribute",
        "GetConsoleScreenshot",
        "GetLaunchTemplateData",
        "GetObject",
        "GetParameter",
        "GetParameters",
        "GetParametersByPath",
        "GetPasswordData",
        "GetSecretValue",
    }
)
"""Reads that can return user data or secrets: bootstrap tokens must not enter this process at all.

Two such reads are let out and lose what they may reveal before anything reads or logs the answer:
`DescribeLaunchTemplateVersions` its user data (`user_data`), `GetConsoleOutput` all but the lines that tell of a
failure (`constraints.console`).
"""

_BURST = 10.0
_OPENING = 1000
"""Bytes of an answer in which its first element stands."""
_ROOT = re.compile(rb"<\w+(?:Result|Response)\b")
"""Of the listings of S3 and Route 53."""


class RefusedCall(Exception):
    """A call that an audit must never make. It is a bug of ours, so it is not caught as a refusal of AWS."""


def check_allowed(operation: str) -> None:
    """Raises `RefusedCall` for every operation that is not a plain read."""
    reads = operation.startswith(_READS) or operation in _FURTHER_READS
    if not reads or operation in _SECRET_READS:
        raise RefusedCall(f"{operation} is not among the calls that an audit may make")


def check_answer(protocol: str, operation: str, status: int, body: bytes) -> None:
    """Raises `ResponseParserError` for a good answer that is not one to this operation.

    botocore takes JSON that cannot be read for an error message, and XML of any other kind for an answer without
    content (botocore/parsers.py, BaseJSONParser and BaseXMLResponseParser): half a page, or the login page of a
    proxy, would be a listing with nothing in it.
    """
    if status >= 300:
        return
    from botocore.parsers import ResponseParserError

    if protocol in ("ec2", "query") and f"<{operation}Response".encode() not in body[:_OPENING]:
        raise ResponseParserError(f"the answer is no {operation}Response")
    if protocol == "rest-xml" and _ROOT.search(body[:_OPENING]) is None:
        raise ResponseParserError("the answer is no result of a listing")
    if "json" in protocol:
        try:
            parsed = json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            raise ResponseParserError("the answer is not JSON") from error
        if not isinstance(parsed, dict):
            raise ResponseParserError("the answer is no JSON object")


@dataclass(slots=True)
class Pace:
    """Lets calls out at `per_second`, after a first burst."""

    per_second: float
    burst: float = _BURST
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _tokens: float | None = None
    _at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        with self._lock:
            now = self.clock()
            tokens = self.burst if self._tokens is None else self._tokens
            if self._at is not None:
                tokens = min(self.burst, tokens + (now - self._at) * self.per_second)
            self._at = now
            self._tokens = tokens - 1
            shortfall = -self._tokens / self.per_second if self._tokens < 0 else 0.0
        if shortfall > 0:
            self.sleep(shortfall)


@dataclass(slots=True)
class Meter:
    """Counts what one client did. Retries count as calls: they cost the same budget."""

    calls: int = 0
    throttles: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *, throttled: bool) -> None:
        with self._lock:
            self.calls += 1
            self.throttles += throttled


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredClient:
    """A client of one service in one region, and what it has cost so far."""

    client: Any
    """Of boto3; typed loosely because every operation is a method made at run time."""
    meter: Meter


class AccountSession:
    """The one session of an account. Clients are made once and may be used from several threads."""

    def __init__(self, settings: AwsSettings, account: AwsAccount) -> None:
        self._settings = settings
        self._account = account
        self._session: Any = None
        self._clients: dict[tuple[str, str], MeteredClient] = {}
        self._verified: str | None = None
        self._lock = threading.RLock()

    def client(self, service: str, region: str) -> MeteredClient:
        """The client of a service in a region; the first call imports boto3 and may raise a `BotoCoreError`."""
        with self._lock:
            if (service, region) not in self._clients:
                meter = Meter()
                client = self._opened(region).client(service, region_name=region, **self._client_options())
                _watch(client, meter, self._pace(service))
                self._clients[service, region] = MeteredClient(client=client, meter=meter)
            return self._clients[service, region]

    def _pace(self, service: str) -> Pace:
        """CloudTrail has a budget of its own, a small one, and no burst to speak of."""
        if service == "cloudtrail":
            return Pace(self._settings.history.requests_per_second, burst=1.0)
        return Pace(self._settings.calls_per_second)

    def identity(self, region: str) -> str:
        """The account that AWS names for the credentials. Asked once; a failure is raised and asked again next time."""
        with self._lock:
            if self._verified is None:
                self._verified = str(self.client("sts", region).client.get_caller_identity()["Account"])
            return self._verified

    def _opened(self, region: str) -> Any:
        if self._session is None:
            self._session = self._assuming(region) if self._account.role_arn else self._base()
        return self._session

    def _base(self) -> boto3.Session:
        import boto3

        return boto3.Session(profile_name=self._account.profile or None, botocore_session=_botocore_session())

    def _assuming(self, region: str) -> boto3.Session:
        """A session whose credentials renew themselves: an audit may outlast the hour of an assumed role."""
        import boto3
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
        from botocore.exceptions import NoCredentialsError

        base: Any = self._base()
        source = base.get_credentials()
        if source is None:
            raise NoCredentialsError

        def sts_client(service: str, **options: Any) -> Any:
            client = base.client(service, region_name=region, **self._client_options(), **options)
            _watch(client, Meter(), Pace(self._settings.calls_per_second))
            return client

        arguments = {"RoleSessionName": self._account.session_name}
        if self._account.external_id:
            arguments["ExternalId"] = self._account.external_id
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=sts_client,
            source_credentials=source,
            role_arn=self._account.role_arn,
            extra_args=arguments,
        )
        assumed: Any = _botocore_session()
        assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        return boto3.Session(botocore_session=assumed)

    def _client_options(self) -> dict[str, Any]:
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "total_max_attempts": self._settings.max_attempts},
            connect_timeout=self._settings.connect_timeout_seconds,
            read_timeout=self._settings.read_timeout_seconds,
            # Given whole: botocore would put one together anew, and clean each part of it, for every call.
            user_agent=f"drift-audit/{__version__}",
            max_pool_connections=16,
        )
        endpoint = {"endpoint_url": self._settings.endpoint_url} if self._settings.endpoint_url else {}
        return {"config": config, **endpoint}


class Sessions:
    """The sessions of all configured accounts, each opened when it is first needed."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._sessions: dict[str, AccountSession] = {}
        self._lock = threading.Lock()

    def of(self, account: AwsAccount) -> AccountSession:
        with self._lock:
            if account.account not in self._sessions:
                self._sessions[account.account] = AccountSession(self._settings, account)
            return self._sessions[account.account]


def _botocore_session() -> Any:
    """A new session that shares the parsed service models, of which those of EC2 alone take 25 MB and 0.2 s, and what
    was learned about answers."""
    from botocore.session import get_session

    session = get_session()
    session.register_component("data_loader", _model_loader())
    session.register_component("response_parser_factory", _parser_factory())
    return session


@functools.cache
def _model_loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


@functools.cache
def _parser_factory() -> Any:
    from drift_audit_aws.responses import QuickParserFactory

    return QuickParserFactory()


def _watch(client: Any, meter: Meter, pace: Pace) -> None:
    """Hooks the guard, the pace, the meter and the removal of user data into a client's events."""

    def before_call(model: Any, **_: Any) -> None:
        check_allowed(model.name)

    def before_send(**_: Any) -> None:
        pace.wait()

    def needs_retry(response: tuple[Any, Mapping[str, Any]] | None, **_: Any) -> None:
        from drift_audit_aws.refusals import THROTTLES

        error = response[1].get("Error", {}) if response else {}
        meter.count(throttled=error.get("Code") in THROTTLES)

    def before_parse(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        protocol = operation_model.service_model.resolved_protocol
        check_answer(protocol, operation_model.name, response_dict["status_code"], response_dict["body"])
        if operation_model.name == LAUNCH_TEMPLATE_VERSIONS:
            response_dict["body"] = without_user_data(response_dict["body"])
        elif operation_model.name == CONSOLE:
            response_dict["body"] = without_secrets(response_dict["body"])

    def after_call(model: Any, parsed: Mapping[str, Any], **_: Any) -> None:
        if model.name == LAUNCH_TEMPLATE_VERSIONS:
            refuse_secrets(parsed)

    client.meta.events.register("before-call", before_call)
    client.meta.events.register("before-parse", before_parse)
    client.meta.events.register("after-call", after_call)
    client.meta.events.register("before-send", before_send)
    client.meta.events.register("needs-retry", needs_retry)
