"""The kubeconfig of a workload cluster: text from outside, with an administrator's credentials in it.

Whoever can write the Secret must gain nothing by it on the machine that audits: programs (`exec`, `auth-provider`) are
not run, files are not read, and credentials go nowhere without TLS. Keys touch the disk only as long as the TLS library
needs to load them, in a folder that nobody else can open.
"""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
import yaml

from drift_audit.clock import stamp
from drift_audit.collect.cluster.kubeconfig import Access

_LARGEST = 256 << 10
"""Bytes. Those of Cluster API have 6 kB."""
_PROGRAMS = ("exec", "auth-provider")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_OPEN_READ = 0o600


class BadKubeconfig(Exception):
    """It cannot be used; the text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """What of a kubeconfig is needed. The credentials are in no text form of it."""

    server: str
    verify_ssl: bool = True
    tls_server_name: str = ""
    proxy_url: str = field(default="", repr=False)
    authority: str = field(default="", repr=False)
    """PEM; empty: the authorities that the system trusts."""
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def endpoint(self) -> str:
        """`https://host:port`, without anything that may stand beside it."""
        parts = urlsplit(self.server)
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}"

    @property
    def certificate_expires(self) -> str:
        """RFC 3339, of the first certificate; empty where there is none, or none that can be read."""
        if not self.certificate:
            return ""
        # Imported here: only this needs it, and it loads a library of its own.
        from cryptography import x509

        try:
            return stamp(x509.load_pem_x509_certificate(self.certificate.encode()).not_valid_after_utc)
        except (ValueError, TypeError):
            return ""


def parsed_kubeconfig(text: bytes) -> Kubeconfig:
    """The current context of a kubeconfig; raises `BadKubeconfig`."""
    document = _document(text)
    context = _entry(document, "contexts", "context", document.get("current-context"))
    cluster = _entry(document, "clusters", "cluster", context.get("cluster"))
    user = _entry(document, "users", "user", context.get("user"))
    for program in _PROGRAMS:
        if user.get(program):
            raise BadKubeconfig(f"its user has {program!r}: programs that a Secret names are not run")
    for name in _FILES:
        if cluster.get(name) or user.get(name):
            raise BadKubeconfig(f"it names a file for {name!r}: files that a Secret names are not read")
    found = Kubeconfig(
        server=_server(cluster.get("server")),
        verify_ssl=cluster.get("insecure-skip-tls-verify") is not True,
        tls_server_name=_text(cluster, "tls-server-name"),
        proxy_url=_text(cluster, "proxy-url"),
        authority=_pem(cluster, "certificate-authority-data"),
        certificate=_pem(user, "client-certificate-data"),
        key=_pem(user, "client-key-data"),
        token=_text(user, "token"),
    )
    if not found.token and not (found.certificate and found.key):
        raise BadKubeconfig("its user has neither a client certificate with its key nor a token")
    if not found.token.isascii() or not found.token.isprintable():
        raise BadKubeconfig("its token is no text that can be sent")
    return found


def _document(text: bytes) -> Mapping[str, Any]:
    if len(text) > _LARGEST:
        raise BadKubeconfig(f"it has {len(text)} bytes, and no kubeconfig has more than {_LARGEST}")
    try:
        document = yaml.safe_load(text.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise BadKubeconfig("it is not valid YAML") from None
    if not isinstance(document, dict):
        raise BadKubeconfig("it is not a kubeconfig")
    return document


def _entry(document: Mapping[str, Any], section: str, name: str, wanted: object) -> Mapping[str, Any]:
    entries = document.get(section)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and wanted and entry.get("name") == wanted:
            body = entry.get(name)
            return body if isinstance(body, dict) else {}
    raise BadKubeconfig(f"its current context leads to no {name}")


def _server(server: object) -> str:
    try:
        parts = urlsplit(server if isinstance(server, str) else "")
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadKubeconfig("its server is no https:// address")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise BadKubeconfig("the address of its server holds more than host, port and path")
    return parts.geturl()


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _pem(entry: Mapping[str, Any], name: str) -> str:
    try:
        return base64.b64decode(_text(entry, name), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise BadKubeconfig(f"its {name} is not base64 of a PEM text") from None


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What `Connection` asks of a configuration."""

    kubeconfig: Kubeconfig

    @property
    def host(self) -> str:
        return self.kubeconfig.server

    @property
    def verify_ssl(self) -> bool:
        return self.kubeconfig.verify_ssl

    @property
    def cert_file(self) -> str:
        return ""

    def auth_settings(self) -> dict[str, dict[str, str]]:
        if not self.kubeconfig.token:
            return {}
        return {"token": {"in": "header", "key": "authorization", "value": f"Bearer {self.kubeconfig.token}"}}


def access_by(kubeconfig: Kubeconfig, cluster: str) -> Access:
    """The way to the workload cluster; raises `BadKubeconfig` where its certificates cannot be used."""
    context = _tls(kubeconfig)
    return Access(
        name=f"the kubeconfig of {cluster}",
        load=lambda: _Configuration(kubeconfig),
        pool=lambda configuration: _pool(kubeconfig, context),
    )


def _tls(kubeconfig: Kubeconfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=kubeconfig.authority or None)
    except (ssl.SSLError, ValueError):
        raise BadKubeconfig("its certificate-authority-data holds no certificate") from None
    # Python 3.13 asks more of an authority than RFC 5280 as Go reads it: what the controllers accept must do here.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not kubeconfig.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if kubeconfig.certificate and kubeconfig.key:
        _load_pair(context, kubeconfig.certificate, kubeconfig.key)
    return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The `ssl` module takes a certificate and its key from files alone."""
    with tempfile.TemporaryDirectory(prefix="drift-audit-") as folder:
        pair = Path(folder) / "pair.pem"
        pair.touch(_OPEN_READ)
        pair.write_text(f"{certificate}\n{key}\n", encoding="ascii")
        try:
            context.load_cert_chain(pair, password=_no_password)
        except (ssl.SSLError, ValueError):
            raise BadKubeconfig("its client certificate and key are damaged, or do not belong together") from None


def _no_password() -> str:
    """For an encrypted key: without it the library would ask the terminal."""
    return ""


def _pool(kubeconfig: Kubeconfig, context: ssl.SSLContext) -> urllib3.PoolManager:
    how: dict[str, Any] = {"ssl_context": context, "maxsize": 4}
    if not kubeconfig.verify_ssl:
        how |= {"cert_reqs": "CERT_NONE", "assert_hostname": False}
    if kubeconfig.tls_server_name:
        how |= {"server_hostname": kubeconfig.tls_server_name}
    proxy = kubeconfig.proxy_url or _proxy_of_the_environment(kubeconfig.server)
    if proxy:
        return urllib3.ProxyManager(proxy, **how)
    return urllib3.PoolManager(**how)


def _proxy_of_the_environment(server: str) -> str:
    """`HTTPS_PROXY`, unless `NO_PROXY` names the host: as the controllers themselves go."""
    host = urlsplit(server).hostname or ""
    return "" if proxy_bypass(host) else getproxies().get("https", "")
