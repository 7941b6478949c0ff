"""Names of things: objects, clusters, cloud scopes and resources, and paths of fields."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

from drift_audit.model.values import Json


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """A Kubernetes object inside one management cluster. The version is not part of its identity."""

    group: str
    kind: str
    namespace: str
    """Empty for a cluster-scoped object."""
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


@dataclass(frozen=True, slots=True, order=True)
class ClusterKey:
    """A workload cluster: the Cluster object that stands for it."""

    management_cluster: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.management_cluster}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class CloudScope:
    """The unit in which a cloud is listed: provider, account (subscription, project) and region."""

    provider: str
    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.account}/{self.region}"


@dataclass(frozen=True, slots=True, order=True)
class ResourceKey:
    """A cloud resource. `type` is the provider's short word for it, such as `instance`."""

    provider: str
    account: str
    region: str
    type: str
    id: str

    @property
    def scope(self) -> CloudScope:
        return CloudScope(self.provider, self.account, self.region)

    def __str__(self) -> str:
        return f"{self.provider}/{self.account}/{self.region}/{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class ItemKey:
    """One item of an associative list, named by its key fields as canonical JSON."""

    text: str

    @classmethod
    def of(cls, keys: dict[str, Json]) -> ItemKey:
        return cls(canonical_json(keys))

    @property
    def keys(self) -> dict[str, Json]:
        keys: dict[str, Json] = json.loads(self.text)
        return keys


@dataclass(frozen=True, slots=True)
class SetItem:
    """One item of a list that is a set, named by its value as canonical JSON."""

    text: str

    @classmethod
    def of(cls, value: Json) -> SetItem:
        return cls(canonical_json(value))


PathStep: TypeAlias = str | int | ItemKey | SetItem
FieldPath: TypeAlias = tuple[PathStep, ...]
"""A field of an object. Steps are never joined by dots for identity: label keys contain dots."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def canonical_json(value: Json) -> str:
    """One spelling for equal values; `1`, `1.0`, `"1"` and `true` stay apart."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def format_path(path: FieldPath) -> str:
    """For people: `spec.topology.variables[name=region].value`, `metadata.annotations["a.b/c"]`."""
    parts: list[str] = []
    for step in path:
        match step:
            case str() if _PLAIN.match(step):
                parts.append(f".{step}" if parts else step)
            case str():
                parts.append(f"[{json.dumps(step, ensure_ascii=False)}]")
            case int():
                parts.append(f"[{step}]")
            case ItemKey():
                named = ",".join(f"{key}={value}" for key, value in step.keys.items())
                parts.append(f"[{named}]")
            case SetItem():
                parts.append(f"[={step.text}]")
    return "".join(parts)


def split_api_version(api_version: str) -> tuple[str, str]:
    """(group, version); the core group is the empty string."""
    group, _, version = api_version.rpartition("/")
    return group, version
