"""What the controllers wrote, as text: the objects of a cluster without what only the API server needs."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from tests.rig.capi.declared import BOOTSTRAP, CONTROL_PLANE, CORE, INFRA
from tests.rig.capi.fleet import LiveFleet, deprecated_status
from tests.rig.client import Json

_ONE_LINE = 10_000
KINDS = (
    *((CORE, kind) for kind in ("Cluster", "MachineDeployment", "MachineSet", "Machine", "MachineHealthCheck")),
    (CONTROL_PLANE, "KubeadmControlPlane"),
    (BOOTSTRAP, "KubeadmConfig"),
    (INFRA, "DevCluster"),
    (INFRA, "DevMachine"),
)
"""The kinds that have conditions."""
_DROPPED = {"managedFields", "resourceVersion"}


class _Dumper(yaml.SafeDumper):
    """Writes a message of several lines in one, with its line ends escaped."""


_Dumper.add_representer(
    str,
    lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", data, style='"' if "\n" in data else None),
)
Shapes = dict[str, Json]


def shapes(fleet: LiveFleet, *, kinds: Iterable[tuple[str, str]] = KINDS) -> Shapes:
    """Every object of these kinds in the fleet's namespace by `Kind/name`."""
    return {
        f"{kind}/{item['metadata']['name']}": trimmed(item)
        for version, kind in kinds
        for item in fleet.objects(kind, api_version=version)
    }


def trimmed(item: Json) -> Json:
    """The object without managedFields and resourceVersion."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _DROPPED}
    return {**item, "metadata": metadata}


def changed(before: Shapes, after: Shapes) -> Shapes:
    """What is different from before, cut down to metadata that matters and the conditions that changed."""
    found = {name: _changes(before.get(name, {}), item) for name, item in after.items()}
    gone: Shapes = {name: {"gone": True} for name in before if name not in after}
    return {name: item for name, item in found.items() if item} | gone


def text(found: Shapes) -> str:
    """YAML with one document per object and one line per condition."""
    documents = [{"object": name, **item} for name, item in found.items()]
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=_ONE_LINE)


def _changes(before: Json, after: Json) -> Json:
    known, new = before.get("status", {}), after.get("status", {})
    changes = {
        "metadata": _differing(before.get("metadata", {}), after["metadata"]),
        "spec": _differing(before.get("spec", {}), after.get("spec", {})),
        "status": _differing(known, new, without=("conditions", "deprecated", "lastUpdated")),
        "conditions": _new_conditions(known, new),
        "v1beta1Conditions": _new_conditions(deprecated_status(known), deprecated_status(new)),
    }
    return {key: value for key, value in changes.items() if value}


def _differing(before: Json, after: Json, without: tuple[str, ...] = ()) -> Json:
    return {key: value for key, value in after.items() if key not in without and before.get(key) != value}


def _new_conditions(before: Json, after: Json) -> list[Json]:
    known = before.get("conditions", [])
    return [condition for condition in after.get("conditions", []) if condition not in known]
