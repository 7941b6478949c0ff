"""From a YAML document to the Kubernetes objects in it, each with the lines of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from drift_audit.collect.git.opaque import is_encrypted, opaque_leaves, why_opaque
from drift_audit.collect.masking import Masker
from drift_audit.model.keys import FieldPath, split_api_version
from drift_audit.model.objects import Declaration, Location, Mark
from drift_audit.model.values import JsonObject, mapping, text
from drift_audit.yaml_text import TextDocument

_T = TypeVar("_T")

_KUSTOMIZE_GROUP = "kustomize.config.k8s.io"

_CLUSTER_SCOPED = frozenset(
    (group, kind)
    for group, kinds in {
        "": "Namespace Node PersistentVolume",
        "admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingWebhookConfiguration "
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding ValidatingAdmissionPolicy "
        "ValidatingAdmissionPolicyBinding",
        "apiextensions.k8s.io": "CustomResourceDefinition",
        "apiregistration.k8s.io": "APIService",
        "infrastructure.cluster.x-k8s.io": "AWSClusterControllerIdentity AWSClusterRoleIdentity "
        "AWSClusterStaticIdentity",
        "cert-manager.io": "ClusterIssuer",
        "networking.k8s.io": "IngressClass",
        "node.k8s.io": "RuntimeClass",
        "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
        "scheduling.k8s.io": "PriorityClass",
        "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment",
    }.items()
    for kind in kinds.split()
)
"""Kinds that never have a namespace, so that the default namespace of a source is not put on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """One object of a file, before it becomes a declaration."""

    raw: JsonObject
    start: Mark
    marks: Mapping[FieldPath, Mark]

    @property
    def identity(self) -> tuple[str, str, str]:
        """(group, kind, name) as it is written."""
        group = split_api_version(text(self.raw.get("apiVersion")))[0]
        return group, text(self.raw.get("kind")), text(mapping(self.raw.get("metadata")).get("name"))


def objects_of(document: TextDocument) -> Iterator[FoundObject]:
    """The objects of a document, lists taken apart; nothing for documents that are not for Kubernetes."""
    whole = mapping(document.data)
    if not _is_kubernetes(whole):
        return
    items = whole.get("items")
    kind = text(whole.get("kind"))
    if not kind.endswith("List") or not isinstance(items, (list, tuple)):
        yield FoundObject(raw=whole, start=document.start, marks=document.marks)
        return
    # Items of a typed list (`MachineList`) may leave out what the list says already.
    implied = {} if kind == "List" else {"apiVersion": whole["apiVersion"], "kind": kind.removesuffix("List")}
    marks_of_item: dict[int, dict[FieldPath, Mark]] = {}
    for path, mark in document.marks.items():
        if len(path) > 2 and path[0] == "items" and isinstance(path[1], int):
            marks_of_item.setdefault(path[1], {})[path[2:]] = mark
    for index, item in enumerate(items):
        raw = {**implied, **mapping(item)}
        if _is_kubernetes(raw):
            start = document.marks.get(("items", index), document.start)
            yield FoundObject(raw=raw, start=start, marks=marks_of_item.get(index, {}))


def _is_kubernetes(raw: JsonObject) -> bool:
    api_version, kind = text(raw.get("apiVersion")), text(raw.get("kind"))
    return bool(api_version and kind) and split_api_version(api_version)[0] != _KUSTOMIZE_GROUP


def lacks_identity(document: TextDocument) -> str:
    """Why a document that looks like an object of the fleet is none; empty for everything else.

    Values files, CI pipelines and the like name neither apiVersion nor kind and are nobody's loss.
    """
    raw = mapping(document.data)
    if is_encrypted(raw) and not _is_kubernetes(raw):
        return "is encrypted as a whole"
    if why_opaque(text(raw.get("kind"))) or why_opaque(text(raw.get("apiVersion"))):
        return "has a templated kind or apiVersion"
    if ("kind" in raw) != ("apiVersion" in raw) and "metadata" in raw and "spec" in raw:
        return "has no kind" if "kind" not in raw else "has no apiVersion"
    return ""


def unnamed(found: FoundObject) -> str:
    """Why an object cannot be told apart from others; empty when it can."""
    metadata = mapping(found.raw.get("metadata"))
    name = text(metadata.get("name")) or text(metadata.get("generateName"))
    for value, what in ((name, "name"), (text(metadata.get("namespace")), "namespace")):
        if reason := why_opaque(value):
            return f"its {what} is {reason}"
    return "" if name else "it has no name"


def declare(
    found: FoundObject,
    *,
    source: str,
    location: Location,
    default_namespace: str,
    masker: Masker,
) -> Declaration:
    """The declaration for a named object: secrets masked, unknown values marked."""
    raw = found.raw
    opaque = opaque_leaves(raw)
    if is_encrypted(raw):
        # Decryption takes the bookkeeping away, so the applied object does not have it.
        raw = {key: value for key, value in raw.items() if key != "sops"}
        opaque = {path: reason for path, reason in opaque.items() if path[0] != "sops"}
    marks = found.marks
    if raw.get("kind") == "Secret":
        opaque, marks = _folded(opaque), _folded(marks)
    metadata = mapping(raw.get("metadata"))
    name = text(metadata.get("name"))
    api_version, kind = text(raw.get("apiVersion")), text(raw.get("kind"))
    scoped = (split_api_version(api_version)[0], kind) not in _CLUSTER_SCOPED
    return Declaration(
        api_version=api_version,
        kind=kind,
        namespace=(text(metadata.get("namespace")) or default_namespace) if scoped else "",
        name=name or text(metadata.get("generateName")),
        raw=masker.mask_object(raw),
        source=source,
        location=location,
        marks=marks,
        opaque=opaque,
        generate_name=not name,
    )


def _folded(by_path: Mapping[FieldPath, _T]) -> dict[FieldPath, _T]:
    """Paths of a Secret as the API server keeps it: `stringData` wins over `data`, and becomes it."""
    folded = {path: value for path, value in by_path.items() if path[0] != "stringData"}
    for path, value in by_path.items():
        if path[0] == "stringData":
            folded["data", *path[1:]] = value
    return folded


def looks_like_fleet(found: FoundObject) -> bool:
    """True for kinds of Cluster API, where a document without a name is a mistake and not another tool's file."""
    group = found.identity[0]
    return group == "cluster.x-k8s.io" or group.endswith(".cluster.x-k8s.io")
