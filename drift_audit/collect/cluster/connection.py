"""GET requests to one API server: authentication, TLS and proxies by the official client, bodies raw.

Of `kubernetes` only the configuration, its auth settings and the pool manager of its REST client are used: the
three things that releases with different generators have in common. There is no other method than GET.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from drift_audit import __version__
from drift_audit.clock import Clock
from drift_audit.collect.cluster.faults import (
    Ask,
    Unreadable,
    broke_off,
    refusal,
    too_slow,
    transport_fault,
    unestablished,
)
from drift_audit.collect.cluster.kubeconfig import Access, ClientConfiguration
from drift_audit.collect.cluster.pacing import RECONNECTS, RETRIES, Deadline, Tally, pause_before_retry

logger = logging.getLogger(__name__)

JSON = "application/json"
_CHUNK = 1 << 18
_LARGEST_BODY = 1 << 30
"""Bytes of one answer. A page of 500 objects at etcd's limit of 1.5 MB each stays below it."""
_LONGEST_LOGIN = 120.0
_PATIENCE = 4.0
"""Times `timeout_seconds` for one whole answer: one that drips must not use up the time of all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A successful answer."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """One loading of the credentials; replaced as a whole when they are renewed."""

    configuration: ClientConfiguration
    pool: urllib3.PoolManager

    @property
    def host(self) -> str:
        return str(self.configuration.host).rstrip("/")

    @property
    def address(self) -> str:
        """The host for people: a login in front of it stays unsaid."""
        return re.sub(r"(?<=://)[^/]*@", "", self.host)

    def headers(self) -> dict[str, str]:
        settings: Mapping[str, Mapping[str, Any]] = self.configuration.auth_settings()
        return {
            str(setting["key"]): str(setting["value"])
            for setting in settings.values()
            if setting["in"] == "header" and setting["value"]
        }

    def credentials(self) -> list[str]:
        """What of the headers is nobody's business: whole values, and tokens without the word before them."""
        return [part for value in self.headers().values() for part in (value, value.partition(" ")[2]) if len(part) > 3]


class Connection:
    """A way to ask one API server; used by several threads at once."""

    def __init__(self, access: Access, *, timeout: float, deadline: Deadline, clock: Clock) -> None:
        """Loads the credentials. Raises `ConfigError` or `UsageError` where only the user can mend it, and
        `Unreadable` where a credential plug-in refused."""
        self._access = access
        self._timeout = timeout
        self.deadline = deadline
        self._clock = clock
        self._lock = threading.Lock()
        self._session = self._open()
        self._dead: Unreadable | None = None

    @property
    def host(self) -> str:
        return self._session.host

    def get(
        self, ask: Ask, path: str, tally: Tally, *, query: Sequence[tuple[str, str]] = (), accept: str = JSON
    ) -> Reply:
        """The answer to one GET; raises `Unreadable` for any but a complete one with status 200.

        Renews the credentials once after a 401, and repeats what deserves it (`RETRIES`, `RECONNECTS`).
        """
        target = path + (f"?{urlencode(query)}" if query else "")
        renewed = False
        attempts = 0
        while True:
            self._check(ask)
            session = self._session
            tally.calls += 1
            try:
                status, headers, body = self._send(session, ask, target, accept)
            except urllib3.exceptions.HTTPError as error:
                fault = transport_fault(ask, session.address, error)
                if unestablished(error):
                    self._dead = fault
                # No request waits beyond the deadline: then that is what ran out, and what has to be raised.
                self.deadline.check(str(ask))
                if not broke_off(error) or attempts >= RECONNECTS:
                    raise fault from error
                headers = {}
            else:
                if status == 200:
                    return Reply(body=body, content_type=headers.get("Content-Type", ""))
                fault = refusal(ask, status, body, session.credentials())
                if status == 401 and not renewed:
                    renewed = True
                    self._renew(session)
                    continue
                if status in (429, 503):
                    tally.throttles += 1
                if attempts >= RETRIES.get(status, 0):
                    raise fault
            self._pause(fault, attempts, headers)
            attempts += 1

    def close(self) -> None:
        self._session.pool.clear()

    def _check(self, ask: Ask) -> None:
        if self._dead is not None:
            raise self._dead
        self.deadline.check(str(ask))

    def _pause(self, fault: Unreadable, attempts: int, headers: Mapping[str, str]) -> None:
        pause = pause_before_retry(attempts, headers, self._clock())
        if not self.deadline.allows(pause):
            raise fault
        logger.debug("waiting %.1f s after: %s", pause, fault.reason)
        time.sleep(pause)

    def _send(self, session: _Session, ask: Ask, target: str, accept: str) -> tuple[int, Mapping[str, str], bytes]:
        """(status, headers, body). The body is read in chunks, so that a dripping one meets the deadline."""
        seconds = min(self._timeout, max(self.deadline.remaining, 0.1))
        response = session.pool.request(
            "GET",
            session.host + target,
            headers={
                "Accept": accept,
                "Accept-Encoding": "gzip",
                "User-Agent": f"drift-audit/{__version__}",
                **session.headers(),
            },
            timeout=urllib3.Timeout(connect=seconds, read=seconds),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            chunks: list[bytes] = []
            size = 0
            ends = time.monotonic() + _PATIENCE * self._timeout
            # `stream` would wait until a chunk is full: hours, where an answer comes byte by byte.
            while chunk := response.read1(_CHUNK, decode_content=True):
                chunks.append(chunk)
                size += len(chunk)
                self.deadline.check(str(ask))
                if time.monotonic() > ends:
                    raise too_slow(ask, size, _PATIENCE * self._timeout)
                if size > _LARGEST_BODY:
                    raise Unreadable(f"{ask}: an answer larger than {_LARGEST_BODY >> 20} MiB", "Lower page_size.")
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return response.status, response.headers, b"".join(chunks)

    def _renew(self, used: _Session) -> None:
        """Loads the credentials anew, unless another thread did since `used` was taken."""
        with self._lock:
            if self._session is used:
                logger.info("the API server refused the credentials; loading them once more")
                self._session = self._open()

    def _open(self) -> _Session:
        configuration = _loaded_in_time(self._access, self.deadline)
        if self._access.plugin and not (configuration.auth_settings() or configuration.cert_file):
            raise Unreadable(
                f"the credential plug-in {self._access.plugin!r} of {self._access.name} gave no credentials",
                "Log in again; any kubectl command with the same context shows the plug-in's own message.",
                status=401,
            )
        if not configuration.verify_ssl:
            logger.warning("%s skips TLS verification (insecure-skip-tls-verify)", self._access.name)
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        pool = (self._access.pool or _official_pool)(configuration)
        return _Session(configuration=configuration, pool=pool)


def _official_pool(configuration: ClientConfiguration) -> urllib3.PoolManager:
    from kubernetes.client import rest

    pool: urllib3.PoolManager = rest.RESTClientObject(configuration).pool_manager
    return pool


def _loaded_in_time(access: Access, deadline: Deadline) -> ClientConfiguration:
    """The loaded configuration. A credential plug-in may wait for a person for ever, and the client does not limit
    it; therefore a thread that the process does not wait for."""
    if not access.plugin:
        return access.load()
    outcome: list[ClientConfiguration | Exception] = []

    def load() -> None:
        try:
            outcome.append(access.load())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=load, name="credential-plugin", daemon=True)
    thread.start()
    thread.join(min(_LONGEST_LOGIN, deadline.remaining))
    if not outcome:
        raise Unreadable(
            f"the credential plug-in {access.plugin!r} of {access.name} did not answer in time",
            "Log in before the audit, so that the plug-in need not ask a person.",
            status=401,
        )
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]
