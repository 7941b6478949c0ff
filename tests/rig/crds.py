"""The real CRDs of Cluster API, its providers, Flux and Argo CD, labelled as their kustomizations label them.

No webhook runs in the rig, so the conversion stanza is left out: the server then converts between versions
by changing nothing but the apiVersion (strategy None).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.rig.cache import cached, digest_of
from tests.rig.client import Json, RigClient
from tests.rig.modules import module_folder, pinned_modules

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_API = "apiextensions.k8s.io/v1"
_SERVED_WITHIN_SECONDS = 60.0
_PARALLEL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CrdSet:
    """The CRDs of one kustomization."""

    module: str
    folder: str
    provider: str = ""
    """Value of the label `cluster.x-k8s.io/provider`, which the release manifests carry."""


_KUBEADM = (
    ("bootstrap/kubeadm/config/crd", "bootstrap-kubeadm"),
    ("controlplane/kubeadm/config/crd", "control-plane-kubeadm"),
)
CORE = (
    CrdSet(module="core", folder="core/config/crd", provider="cluster-api"),
    *(CrdSet(module="core", folder=folder, provider=provider) for folder, provider in _KUBEADM),
    CrdSet(module="core", folder="cmd/clusterctl/config/crd"),
)
CORE_V1BETA1 = (
    CrdSet(module="core-v1beta1", folder="config/crd", provider="cluster-api"),
    *(CrdSet(module="core-v1beta1", folder=folder, provider=provider) for folder, provider in _KUBEADM),
    CrdSet(module="core-v1beta1", folder="cmd/clusterctl/config/crd"),
)
AWS = (CrdSet(module="aws", folder="config/crd", provider="infrastructure-aws"),)
AZURE = (CrdSet(module="azure", folder="config/crd", provider="infrastructure-azure"),)
GCP = (CrdSet(module="gcp", folder="config/crd", provider="infrastructure-gcp"),)
FLUX = (
    CrdSet(module="flux-kustomize", folder="config/crd"),
    CrdSet(module="flux-source", folder="config/crd"),
)
ARGO = (CrdSet(module="argo", folder="manifests/crds"),)

EVERYTHING = (*CORE, *AWS, *AZURE, *GCP, *FLUX, *ARGO)
EVERYTHING_V1BETA1 = (*CORE_V1BETA1, *AWS, *AZURE, *GCP, *FLUX, *ARGO)


def load_crds(sets: Sequence[CrdSet] = EVERYTHING) -> list[Json]:
    """The CRDs as their kustomizations render them, without conversion webhooks; read from the rig's cache."""
    sums = [f"{entry} {pinned_modules()[entry.module].sum}" for entry in sets]
    key = digest_of(Path(__file__).read_bytes(), *sums)

    def convert(target: Path) -> None:
        target.write_text(json.dumps([crd for entry in sets for crd in _rendered(entry)]))

    loaded: list[Json] = json.loads(cached("crds", key, convert).read_text())
    return loaded


def install_crds(client: RigClient, crds: Sequence[Json]) -> None:
    """Applies the CRDs and returns once the server serves all of them; raises `TimeoutError` if it does not."""
    with ThreadPoolExecutor(_PARALLEL) as workers:
        list(workers.map(lambda crd: client.apply(crd, "rig-install"), crds))
        list(workers.map(lambda crd: _await_served(client, crd), crds))
    _await_discovered(client, crds)


def _await_discovered(client: RigClient, crds: Sequence[Json]) -> None:
    """Waits until aggregated discovery lists every CRD; it may lag behind the serving by a second."""
    wanted = {(crd["spec"]["group"], crd["spec"]["names"]["plural"]) for crd in crds}
    deadline = time.monotonic() + _SERVED_WITHIN_SECONDS
    while missing := wanted - _discovered(client):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not discovered after {_SERVED_WITHIN_SECONDS:.0f} s: {sorted(missing)}")
        time.sleep(0.1)


def _discovered(client: RigClient) -> set[tuple[str, str]]:
    return {
        (group["metadata"]["name"], resource["resource"])
        for group in client.raw("GET", "/apis", accept=_AGGREGATED)["items"]
        for version in group["versions"]
        for resource in version.get("resources", ())
    }


def _await_served(client: RigClient, crd: Json) -> None:
    """Waits until every served version can be listed.

    That is later than the condition `Established`: the server fills its watch cache on the first request for
    a version, and answers 429 "storage is (re)initializing" until that is done.
    """
    spec = crd["spec"]
    paths = [
        f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}?limit=1"
        for version in spec["versions"]
        if version["served"]
    ]
    deadline = time.monotonic() + _SERVED_WITHIN_SECONDS
    while paths:
        status, answer = client.raw_text(paths[-1])
        if status == 200:
            paths.pop()
        elif time.monotonic() > deadline:
            raise TimeoutError(f"{paths[-1]} is not served after {_SERVED_WITHIN_SECONDS:.0f} s: {status} {answer}")
        else:
            time.sleep(0.1)


def _rendered(entry: CrdSet) -> Iterator[Json]:
    """The CRDs of one kustomization with its labels; of its patches only the labels matter here."""
    folder = module_folder(entry.module) / entry.folder
    kustomization = _documents(folder / "kustomization.yaml")[0]
    common = dict(kustomization.get("commonLabels", {}))
    for labels in kustomization.get("labels", []):
        common |= labels["pairs"]
    if entry.provider:
        common |= {"cluster.x-k8s.io/provider": entry.provider}
    patched = _labels_of_patches(folder, kustomization)
    for resource in kustomization["resources"]:
        for crd in _documents(folder / resource):
            yield _labelled(crd, {**patched.get(crd["metadata"]["name"], {}), **common})


def _labelled(crd: Json, labels: Mapping[str, str]) -> Json:
    metadata = crd["metadata"]
    spec = {key: value for key, value in crd["spec"].items() if key != "conversion"}
    return {
        "apiVersion": _API,
        "kind": "CustomResourceDefinition",
        "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **labels}},
        "spec": spec,
    }


def _labels_of_patches(folder: Path, kustomization: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    patches = [patch["path"] for patch in kustomization.get("patches", []) if "path" in patch]
    found: dict[str, dict[str, str]] = {}
    for name in (*patches, *kustomization.get("patchesStrategicMerge", [])):
        for document in _documents(folder / name):
            metadata = document["metadata"]
            found.setdefault(metadata["name"], {}).update(metadata.get("labels") or {})
    return found


def _documents(path: Path) -> list[Json]:
    return [document for document in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader) if document]
