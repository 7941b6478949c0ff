"""Secrets that are planted wherever people put them, and the search for them in whatever a run leaves behind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile, is_zipfile

from tests.rig.client import Json, reference
from tests.rig.controllers import BOOTSTRAP, CORE

PLACES = (
    "annotation",
    "annotation-edited",
    "argument",
    "aws-key",
    "cloud-description",
    "cloud-tag",
    "cloud-tag-drifted",
    "cloud-user-data",
    "command-url",
    "config-key",
    "event",
    "exec-argument",
    "exec-environment",
    "exec-message",
    "file",
    "git-url",
    "kubeconfig-server",
    "kubeconfig-token",
    "last-applied",
    "log",
    "log-field",
    "passwd",
    "passwd-edited",
    "pod-argument",
    "pod-environment",
    "proxy",
    "remote-url",
    "secret-data",
    "secret-edited",
    "secret-string",
    "workload-pod",
    "workload-token",
)


def canary(place: str) -> str:
    """The secret of that place: long enough to be searched for, with a sign that URLs spell otherwise."""
    assert place in PLACES
    return f"Kan4rie!{place}!9xQ7"


def found_in(artefacts: Mapping[str, bytes]) -> list[str]:
    """`place in artefact, as spelling` for every secret that can be read somewhere."""
    folded = {name: content.lower() for name, content in artefacts.items()}
    return [
        f"{place} in {name}, {spelling}: ...{content[max(0, content.find(text) - 60) : content.find(text) + 60]!r}"
        for place in PLACES
        for spelling, text in _spellings(canary(place))
        for name, content in folded.items()
        if text in content
    ]


def _spellings(secret: str) -> Iterator[tuple[str, bytes]]:
    raw = secret.encode()
    yield "plain", raw.lower()
    yield "url", quote(secret, safe="").lower().encode()
    yield "hex", raw.hex().encode()
    yield "reversed", raw[::-1].lower()
    # Inside a longer text the letters of base64 depend on where the secret begins; its ends are cut off.
    for offset in range(3):
        yield f"base64 after {offset}", base64.b64encode(b"x" * offset + raw)[4:-4].lower()


def artefacts_of(folder: Path, streams: Mapping[str, str]) -> dict[str, bytes]:
    """Everything that a run printed and wrote, recordings unpacked."""
    found = {name: text.encode() for name, text in streams.items()}
    for path in folder.rglob("*"):
        if not path.is_file() or path.suffix in (".yaml", ".kubeconfig"):  # what the user wrote
            continue
        name = str(path.relative_to(folder))
        found[name] = path.read_bytes()
        if is_zipfile(path):
            with ZipFile(path) as archive:
                found |= {f"{name}:{member}": archive.read(member) for member in archive.namelist()}
    return found


def bootstrap_with_secrets(namespace: str) -> Json:
    """A bootstrap template as people write them."""
    spec = {
        "files": [{"path": "/etc/app.conf", "content": f"db = {canary('file')}\n"}],
        "users": [{"name": "ops", "passwd": canary("passwd")}],
        "preKubeadmCommands": [f"curl -O https://bob:{canary('command-url')}@git.example.com/setup.sh"],
        "joinConfiguration": {
            "nodeRegistration": {"kubeletExtraArgs": [{"name": "cloud-api-token", "value": canary("argument")}]}
        },
    }
    shape = reference(BOOTSTRAP, "KubeadmConfigTemplate", "bastion", namespace)
    return {**shape, "spec": {"template": {"spec": spec}}}


def secret_annotations() -> dict[str, str]:
    last = {"kind": "Secret", "apiVersion": "v1", "stringData": {"token": canary("last-applied")}}
    return {
        "acme.example.com/deploy-token": canary("annotation"),
        "acme.example.com/previous": json.dumps(last),
    }


def secret_object(namespace: str) -> Json:
    """A Secret with values in both spellings, and once more in the annotation that kubectl writes."""
    last = json.dumps({"kind": "Secret", "stringData": {"token": canary("last-applied")}})
    shape = reference("v1", "Secret", "registry", namespace)
    return {
        **shape,
        "metadata": {
            **shape["metadata"],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": last},
        },
        "data": {"token": base64.b64encode(canary("secret-data").encode()).decode()},
        "stringData": {"other": canary("secret-string")},
    }


def beside_a_suspect(namespace: str, kubeconfig: bytes) -> list[Json]:
    """A Machine that is not well, and what a closer look at it finds: an event, a controller, a kubeconfig."""

    def named(kind: str, name: str, api_version: str = "v1", labels: Json | None = None, **body: Any) -> Json:
        made = reference(api_version, kind, name, namespace)
        return {**made, "metadata": {**made["metadata"], "labels": labels or {}}, **body}

    sick = {"type": "Ready", "status": "False", "reason": "NotReady", "message": ""}
    infrastructure = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSMachine", "name": "sick"}
    spec = {"clusterName": "one", "bootstrap": {"dataSecretName": "x"}, "infrastructureRef": infrastructure}
    machine = named(
        "Machine",
        "sick",
        CORE,
        {"cluster.x-k8s.io/cluster-name": "one"},
        spec=spec,
        status={"conditions": [{**sick, "lastTransitionTime": "2026-11-01T08:00:00Z"}]},
    )
    event = named(
        "Event",
        "sick.1",
        involvedObject={"apiVersion": CORE, "kind": "Machine", "namespace": namespace, "name": "sick"},
        type="Warning",
        reason="FailedCreate",
        message=f"sent user data with password={canary('event')}",
    )
    manager = {
        "name": "manager",
        "image": "capi:1",
        "args": [f"--api-token={canary('pod-argument')}"],
        "env": [{"name": "GREETING", "value": canary("pod-environment")}],
    }
    pod = named("Pod", "capi-1", labels={"cluster.x-k8s.io/provider": "cluster-api"}, spec={"containers": [manager]})
    secret = named("Secret", "one-kubeconfig", data={"value": base64.b64encode(kubeconfig).decode()})
    return [machine, event, pod, secret]


def log_about_a_suspect(namespace: str) -> bytes:
    """What a controller writes about the Machine, and had better not."""
    about = {"controllerKind": "Machine", "namespace": namespace, "name": "sick", "data": canary("log-field")}
    return json.dumps({"msg": "Reconciler error", "err": f"join with token={canary('log')}", **about}).encode()
