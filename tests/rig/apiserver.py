"""A running kube-apiserver with its own etcd, certificate authority and identities."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from tests.rig.build import api_server_programs
from tests.rig.certificates import CertificateAuthority, signing_key_pair
from tests.rig.client import Discovery, RigClient
from tests.rig.identities import ADMIN, AUDITOR, Identity, role_bindings
from tests.rig.processes import reserved_port, running_process

READY_WITHIN_SECONDS = 120.0

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": list(AUDITOR.groups)}, {"level": "None"}],
}


class ServerFailed(Exception):
    """The API server ended or did not get ready; the text holds the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRequest:
    """One request of the auditor, as the server's own audit log has it."""

    user: str
    verb: str
    uri: str
    code: int


@dataclass(slots=True, kw_only=True)
class ApiServer:
    """A ready server; stays up until the `running_api_server` block ends."""

    url: str
    directory: Path
    authority: CertificateAuthority
    _clients: dict[str, RigClient] = field(default_factory=dict)
    _kubeconfigs: set[Path] = field(default_factory=set)
    _discovery: Discovery = field(default_factory=Discovery)

    @property
    def log(self) -> Path:
        return self.directory / "apiserver.log"

    @property
    def admin(self) -> RigClient:
        return self.client(ADMIN)

    def kubeconfig(self, identity: Identity, *, context: str = "rig") -> Path:
        """A kubeconfig file, certificates inside, for that identity; made on the first call."""
        target = self.directory / "kubeconfigs" / f"{identity.file_name}-{context}.yaml"
        if target not in self._kubeconfigs:
            self._kubeconfigs.add(target)
            target.parent.mkdir(exist_ok=True)
            target.write_text(json.dumps(self._kubeconfig(identity, context), indent=1))
            target.chmod(0o600)
        return target

    def client(self, identity: Identity) -> RigClient:
        """A raw client with the certificate of that identity; one connection pool per identity."""
        if identity.user not in self._clients:
            pair = self.authority.client(identity.user, identity.groups)
            files = self.directory / "pki"
            certificate, key = files / f"{identity.file_name}.crt", files / f"{identity.file_name}.key"
            certificate.write_bytes(pair.certificate)
            key.write_bytes(pair.key)
            pool = urllib3.PoolManager(
                maxsize=16, cert_file=str(certificate), key_file=str(key), ca_certs=str(files / "ca.crt"), retries=False
            )
            self._clients[identity.user] = RigClient(pool=pool, url=self.url, discovery=self._discovery)
        return self._clients[identity.user]

    def audited(self, *, skip: int = 0) -> list[AuditedRequest]:
        """What members of the auditors' group have asked so far, oldest first, without the first `skip` requests."""
        path = self.directory / "audit.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [_audited(json.loads(line)) for line in lines[skip:]]

    def close_connections(self) -> None:
        for client in self._clients.values():
            client.pool.clear()

    def _kubeconfig(self, identity: Identity, context: str) -> dict[str, Any]:
        pair = self.authority.client(identity.user, identity.groups)
        cluster = {"server": self.url, "certificate-authority-data": _base64(self.authority.certificate)}
        user = {"client-certificate-data": _base64(pair.certificate), "client-key-data": _base64(pair.key)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": identity.user, "user": user}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": identity.user}}],
        }


@contextmanager
def running_api_server(directory: Path) -> Iterator[ApiServer]:
    """A ready API server whose files (log, audit log, kubeconfigs, etcd) lie in `directory`.

    Several may run at once. Raises `MissingPart` where it cannot be built, `ServerFailed` where it does not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    authority = CertificateAuthority()
    _write_pki(directory / "pki", authority)
    (directory / "audit-policy.yaml").write_text(json.dumps(_AUDIT_POLICY))
    with ExitStack() as stack:
        etcd_folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-etcd-")))
        port = stack.enter_context(reserved_port())
        log = stack.enter_context((directory / "apiserver.log").open("wb"))
        program, etcd = api_server_programs()
        storage = f"--etcd-servers={_running_etcd(stack, etcd, etcd_folder, log.fileno())}" if etcd else ""
        command = [str(program), storage or f"--rig-etcd-dir={etcd_folder}", *_flags(directory, port)]
        process = stack.enter_context(running_process(command, log.fileno(), directory))
        server = ApiServer(url=f"https://127.0.0.1:{port}", directory=directory, authority=authority)
        stack.callback(server.close_connections)
        _await_ready(server, process)
        for binding in role_bindings():
            server.admin.apply(binding, "rig-install")
        yield server


def _flags(directory: Path, port: int) -> list[str]:
    pki = directory / "pki"
    return [
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--permit-port-sharing=true",  # the rig keeps the port reserved with a socket of its own
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        "--disable-admission-plugins=ServiceAccount",
        "--event-ttl=2h",
        f"--audit-policy-file={directory / 'audit-policy.yaml'}",
        f"--audit-log-path={directory / 'audit.log'}",
        "--shutdown-delay-duration=0s",
        "--v=1",
    ]


def _running_etcd(stack: ExitStack, etcd: Path, folder: Path, log: int) -> str:
    """The URL of an etcd that runs until the stack is unwound."""
    port = stack.enter_context(reserved_port())
    url, peers = f"http://127.0.0.1:{port}", "http://127.0.0.1:0"
    flags = [
        *(f"--data-dir={folder}", "--unsafe-no-fsync", "--log-level=error", "--socket-reuse-port"),
        *(f"--listen-client-urls={url}", f"--advertise-client-urls={url}"),
        *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
        f"--initial-cluster=default={peers}",
    ]
    stack.enter_context(running_process([str(etcd), *flags], log, folder))
    return url


def _await_ready(server: ApiServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    answer = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerFailed(f"the API server ended with code {process.returncode}:\n{_tail(server.log)}")
        try:
            status, answer = server.admin.raw_text("/readyz?verbose")
        except urllib3.exceptions.HTTPError:
            status = 0
        if status == 200:
            return
        time.sleep(0.05)
    raise ServerFailed(f"not ready after {READY_WITHIN_SECONDS:.0f} s: {answer}\n{_tail(server.log)}")


def _write_pki(folder: Path, authority: CertificateAuthority) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    server, accounts = authority.server(), signing_key_pair()
    contents = {
        "ca.crt": authority.certificate,
        "server.crt": server.certificate,
        "server.key": server.key,
        "service-accounts.pub": accounts.certificate,
        "service-accounts.key": accounts.key,
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)


def _audited(event: dict[str, Any]) -> AuditedRequest:
    return AuditedRequest(
        user=event["user"]["username"],
        verb=event["verb"],
        uri=event["requestURI"],
        code=event.get("responseStatus", {}).get("code", 0),
    )


def _tail(log: Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
