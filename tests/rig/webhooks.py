"""Cluster API's own webhooks, real but without its controllers.

Conversion between v1beta1 and v1beta2 is on for all core and kubeadm kinds: without it the server would cut
an object of one version down to the schema of the other. Admission (defaults and validation) is on in
namespaces that carry `ADMISSION_LABEL`. The providers' webhooks do not run.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import yaml

from tests.rig.apiserver import ApiServer
from tests.rig.build import WEBHOOKS, built
from tests.rig.client import Json, RigClient
from tests.rig.identities import Identity
from tests.rig.modules import module_folder
from tests.rig.processes import running_process

ADMISSION_LABEL = "drift-audit.example/admission"
_IDENTITY = Identity("rig-webhooks", ("system:masters",))
_CONVERTED = ("cluster-api", "bootstrap-kubeadm", "control-plane-kubeadm")
_MANIFESTS = {
    "core": "core/config/webhook/manifests.yaml",
    "bootstrap": "bootstrap/kubeadm/config/webhook/manifests.yaml",
    "control-plane": "controlplane/kubeadm/config/webhook/manifests.yaml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Where the webhooks answer."""

    url: str
    authority: bytes

    def client_config(self, path: str) -> Json:
        return {"url": self.url + path, "caBundle": base64.b64encode(self.authority).decode()}


@contextmanager
def running_webhooks(server: ApiServer) -> Iterator[Webhooks]:
    """The webhooks of that API server; requests that come before they are up wait instead of failing."""
    certificates = server.directory / "webhooks"
    certificates.mkdir()
    pair = server.authority.server()
    (certificates / "tls.crt").write_bytes(pair.certificate)
    (certificates / "tls.key").write_bytes(pair.key)
    with socket.create_server(("127.0.0.1", 0)) as listener, (certificates / "webhooks.log").open("wb") as log:
        port, descriptor = listener.getsockname()[1], listener.fileno()
        command = [
            str(built(WEBHOOKS)),
            f"--rig-kubeconfig={server.kubeconfig(_IDENTITY)}",
            f"--rig-certificates={certificates}",
            f"--rig-listener={descriptor}",
        ]
        with running_process(command, log.fileno(), certificates, inherited=(descriptor,)):
            # Only the program may hold the socket now: if it ends, callers are refused instead of left waiting.
            listener.close()
            yield Webhooks(url=f"https://127.0.0.1:{port}", authority=server.authority.certificate)


def with_conversion(crds: Sequence[Json], webhooks: Webhooks) -> list[Json]:
    """The CRDs; those of core and kubeadm kinds convert through their own webhook."""
    conversion = {
        "strategy": "Webhook",
        "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": webhooks.client_config("/convert")},
    }
    return [{**crd, "spec": {**crd["spec"], "conversion": conversion}} if _is_converted(crd) else crd for crd in crds]


def install_admission(client: RigClient, webhooks: Webhooks) -> None:
    """Registers Cluster API's mutating and validating webhooks for namespaces that ask for them by label."""
    for name, manifest in _MANIFESTS.items():
        text = (module_folder("core") / manifest).read_bytes()
        for configuration in yaml.load_all(text, Loader=yaml.CSafeLoader):
            hooks = [_rewired(hook, webhooks) for hook in configuration["webhooks"]]
            metadata = {"name": f"rig-{name}"}
            client.apply({**configuration, "metadata": metadata, "webhooks": hooks}, "rig-install")


def _is_converted(crd: Json) -> bool:
    return crd["metadata"]["labels"].get("cluster.x-k8s.io/provider") in _CONVERTED and len(crd["spec"]["versions"]) > 1


def _rewired(hook: Json, webhooks: Webhooks) -> Json:
    path = hook["clientConfig"]["service"]["path"]
    chosen = {"matchLabels": {ADMISSION_LABEL: "true"}}
    return {**hook, "clientConfig": webhooks.client_config(path), "namespaceSelector": chosen}
