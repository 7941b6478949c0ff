"""What the install manifests of Cluster API put into a management cluster, rewired to managers that run beside it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.rig.build import KUSTOMIZE, found_or_built
from tests.rig.cache import MissingPart, cached, digest_of
from tests.rig.client import Json
from tests.rig.manifests import objects_of
from tests.rig.modules import module_folder, pinned_modules

_INSTALLED = {
    *("Namespace", "CustomResourceDefinition", "ServiceAccount"),
    *("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
}
"""Deployments are left out: without a kubelet their status would be a lie. So are Services and cert-manager's kinds."""
_WEBHOOKS = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}
_WITHOUT_ENGINE = "docker"
"""The kinds of the provider's container backend start with this; they do not run here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One provider: where its manifests are, and who its manager is to the API server."""

    name: str
    module: str
    folder: str
    service_account: str
    """`namespace:name`, as in the rendered bindings."""


COMPONENTS = (
    Component(name="core", module="core", folder="core/config/default", service_account="capi-system:capi-manager"),
    Component(
        name="bootstrap",
        module="core",
        folder="bootstrap/kubeadm/config/default",
        service_account="capi-kubeadm-bootstrap-system:capi-kubeadm-bootstrap-manager",
    ),
    Component(
        name="control-plane",
        module="core",
        folder="controlplane/kubeadm/config/default",
        service_account="capi-kubeadm-control-plane-system:capi-kubeadm-control-plane-manager",
    ),
    Component(
        name="infrastructure",
        module="core-test",
        folder="infrastructure/docker/config/default",
        service_account="capd-system:capd-manager",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The objects in the order in which they have to be there."""

    namespaces: list[Json]
    crds: list[Json]
    access: list[Json]
    webhooks: list[Json]
    """To be applied when the managers answer: their failure policy is Fail."""


def installation(webhook_ports: Mapping[str, int], authority: bytes) -> Installation:
    """Everything that `clusterctl init` would install, with webhooks at `https://127.0.0.1:<port of the component>`."""
    bundle = base64.b64encode(authority).decode()
    rendered = rendered_components()
    objects = [
        _rewired(item, f"https://127.0.0.1:{webhook_ports[name]}", bundle)
        for name, items in rendered.items()
        for item in items
    ]
    return Installation(
        namespaces=_of_kinds(objects, {"Namespace"}),
        crds=_of_kinds(objects, {"CustomResourceDefinition"}),
        access=_of_kinds(objects, _INSTALLED - _WEBHOOKS - {"Namespace", "CustomResourceDefinition"}),
        webhooks=_of_kinds(objects, _WEBHOOKS),
    )


def _of_kinds(objects: Iterable[Json], kinds: set[str]) -> list[Json]:
    return [item for item in objects if item["kind"] in kinds]


def rendered_components() -> dict[str, list[Json]]:
    """The manifests as kustomize renders them, kept in the rig's cache."""
    sums = [f"{entry} {pinned_modules()[entry.module].sum}" for entry in COMPONENTS]
    key = digest_of(Path(__file__).read_bytes(), *sums)

    def render(target: Path) -> None:
        target.write_text(json.dumps({entry.name: _rendered(entry) for entry in COMPONENTS}))

    found: dict[str, list[Json]] = json.loads(cached("capi-manifests", key, render).read_text())
    return found


def _rendered(component: Component) -> list[Json]:
    folder = module_folder(component.module) / component.folder
    done = subprocess.run([found_or_built(KUSTOMIZE), "build", folder], capture_output=True, text=True)
    if done.returncode:
        raise MissingPart(f"kustomize cannot render {component.folder}: {done.stderr.strip()[-1000:]}")
    return [_plain(item) for item in objects_of(done.stdout) if item["kind"] in _INSTALLED and not _engine_only(item)]


def _engine_only(item: Json) -> bool:
    name: str = item["metadata"]["name"]
    return item["kind"] == "CustomResourceDefinition" and name.startswith(_WITHOUT_ENGINE)


def _plain(item: Json) -> Json:
    """The object without cert-manager's annotation and without hooks for kinds that are not served."""
    annotations = dict(item["metadata"].get("annotations", {}))
    annotations.pop("cert-manager.io/inject-ca-from", None)
    plain = {**item, "metadata": {**item["metadata"], "annotations": annotations}}
    if item["kind"] in _WEBHOOKS:
        plain["webhooks"] = [hook for hook in item["webhooks"] if not _hooks_engine_kinds(hook)]
    return plain


def _hooks_engine_kinds(hook: Json) -> bool:
    return all(name.startswith(_WITHOUT_ENGINE) for rule in hook["rules"] for name in rule["resources"])


def _rewired(item: Json, url: str, bundle: str) -> Json:
    """The object with each reference to a Service replaced by the URL that the manager really has."""
    if item["kind"] in _WEBHOOKS:
        return {**item, "webhooks": [_with_url(hook, url, bundle) for hook in item["webhooks"]]}
    if item["kind"] == "CustomResourceDefinition":
        conversion = item["spec"]["conversion"]
        rewired = {**conversion, "webhook": _with_url(conversion["webhook"], url, bundle)}
        return {**item, "spec": {**item["spec"], "conversion": rewired}}
    return item


def _with_url(webhook: Json, url: str, bundle: str) -> Json:
    path = webhook["clientConfig"]["service"]["path"]
    return {**webhook, "clientConfig": {"url": url + path, "caBundle": bundle}}
