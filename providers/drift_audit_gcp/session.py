"""Credentials and calls: one session per project, every call counted, nothing but reads let out.

Answers are read as plain JSON through the transport and the authentication of Google's own library: its generated
clients take several times as long for the same page.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from drift_audit import __version__
from drift_audit.provider_kit.pacing import Meter, Pace
from drift_audit_gcp.settings import GcpProject, GcpSettings

_SCOPES = ("https://www.googleapis.com/auth/compute.readonly",)
_ASKING_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
"""Of the credentials that only ask for those of another account: IAM Credentials knows no narrower scope."""

_READS_BY_POST = re.compile(r"/compute/v1/projects/[^/]+/zones/[^/]+/instanceGroups/[^/]+/listInstances\Z")
_PASSING = frozenset({429, 500, 502, 503, 504})
_THROTTLES = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_LONGEST_WAIT = 20.0


class RefusedCall(Exception):
    """A call that an audit must never make. It is a bug of ours, so it is not caught as a refusal of Google."""


class BadKey(Exception):
    """The file that should hold a key cannot be used."""


class GoogleError(Exception):
    """An answer of Google that is none to what was asked."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        """`forbidden`, `notFound`, `rateLimitExceeded`; `garbled` for what Google would not send."""
        self.message = message

    @property
    def throttled(self) -> bool:
        return self.status == 429 or (self.status == 403 and self.reason in _THROTTLES)

    @property
    def passing(self) -> bool:
        return self.throttled or self.status in _PASSING


def check_allowed(method: str, path: str) -> None:
    """Raises `RefusedCall` for every request that is not a read."""
    if method not in ("GET", "HEAD") and not (method == "POST" and _READS_BY_POST.match(path)):
        raise RefusedCall(f"{method} {path} is not among the calls that an audit may make")


class ProjectSession:
    """The one session of a project."""

    def __init__(self, settings: GcpSettings, project: GcpProject, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._project = project
        self._pace = Pace(settings.calls_per_second)
        self._sleep = sleep
        self._session: Any = None
        self._lock = threading.Lock()
        self.meter = Meter()

    def get(self, path: str, kind: str, **query: str) -> Mapping[str, Any]:
        """The answer to `projects/P/...`, known to be of that kind. Raises what `refusals.failures` names."""
        return self._asked("GET", path, kind, query)

    def read_by_post(self, path: str, kind: str, **query: str) -> Mapping[str, Any]:
        """The same for the few reads that are sent with a body."""
        return self._asked("POST", path, kind, query)

    def _asked(self, method: str, path: str, kind: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        session = self._opened()
        for attempt in range(1, self._settings.max_attempts + 1):
            self._pace.wait()
            response = session.request(
                method,
                f"{self._settings.endpoint_url.rstrip('/')}/compute/v1/{path}",
                params=query,
                json={} if method == "POST" else None,
                allow_redirects=False,
                timeout=(self._settings.connect_timeout_seconds, self._settings.read_timeout_seconds),
            )
            try:
                return _read(response.status_code, response.content, kind)
            except GoogleError as error:
                self.meter.throttles += error.throttled
                if not error.passing or attempt == self._settings.max_attempts:
                    raise
                self._sleep(_wait(attempt, response.headers.get("Retry-After", "")))
        raise AssertionError("unreachable")

    def _opened(self) -> Any:
        with self._lock:
            if self._session is None:
                try:
                    credentials = self._credentials()
                except (OSError, ValueError) as error:
                    raise BadKey(type(error).__name__) from error
                self._session = _transport(credentials, self.meter)
            return self._session

    def _credentials(self) -> Any:
        """Imports the SDK; raises a `GoogleAuthError` where nothing is found."""
        import google.auth
        from google.auth import impersonated_credentials
        from google.oauth2 import service_account

        scopes = _ASKING_SCOPES if self._project.impersonate else _SCOPES
        if self._project.credentials_file:
            found = service_account.Credentials.from_service_account_file(self._project.credentials_file, scopes=scopes)
        else:
            found, _ = google.auth.default(scopes=scopes)
        if not self._project.impersonate:
            return found
        return impersonated_credentials.Credentials(
            source_credentials=found, target_principal=self._project.impersonate, target_scopes=list(_SCOPES)
        )


class Sessions:
    """The sessions of all projects, each opened when it is first needed."""

    def __init__(self, settings: GcpSettings) -> None:
        self._settings = settings
        self._sessions: dict[str, ProjectSession] = {}
        self._lock = threading.Lock()

    def of(self, project: GcpProject) -> ProjectSession:
        with self._lock:
            if project.project not in self._sessions:
                self._sessions[project.project] = ProjectSession(self._settings, project)
            return self._sessions[project.project]


def _transport(credentials: Any, meter: Meter) -> Any:
    """A session whose every request passes the guard and the meter, and carries a token.

    Google's own `AuthorizedSession` would do the last by itself, and besides ask another service, in a thread of its
    own, where the account may work from (google-auth 2.62, `_regional_access_boundary_utils`): one more host to let
    through a firewall, for an answer that only matters to those who write. Tokens are fetched outside of the guard,
    which knows the reads of Compute Engine and nothing else.
    """
    import requests
    from google.auth.transport.requests import Request
    from requests.adapters import HTTPAdapter

    class Guarded(HTTPAdapter):  # type: ignore[misc]
        def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
            check_allowed(request.method, request.path_url.partition("?")[0])
            meter.count(throttled=False)
            return super().send(request, *arguments, **options)

    fetching = Request(session=requests.Session())

    def with_token(request: Any) -> Any:
        if not credentials.valid:
            credentials.refresh(fetching)
        credentials.apply(request.headers)
        return request

    session = requests.Session()
    session.auth = with_token
    session.headers["User-Agent"] = f"drift-audit/{__version__}"
    for scheme in ("https://", "http://"):
        session.mount(scheme, Guarded(pool_maxsize=4))
    return session


def _read(status: int, content: bytes, kind: str) -> Mapping[str, Any]:
    """The body of a good answer. One that is not of the kind that was asked for is no answer: half a page, the login
    page of a proxy, and an empty object would all be listings with nothing in them."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if status == 200 and isinstance(body, dict) and body.get("kind") == kind:
        return body
    if status == 200:
        raise GoogleError(status, "garbled", f"the answer is no {kind}")
    error = body.get("error") if isinstance(body, dict) else None
    told = error if isinstance(error, dict) else {}
    first = next((each for each in told.get("errors") or () if isinstance(each, dict)), {})
    raise GoogleError(status, str(first.get("reason", "")), str(told.get("message", "")))


def _wait(attempt: int, asked_for: str) -> float:
    if asked_for.isdigit():
        return min(float(asked_for), _LONGEST_WAIT)
    return min(2.0 ** (attempt - 1), _LONGEST_WAIT) * random.uniform(0.5, 1.0)
