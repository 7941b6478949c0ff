"""The leaves of an object, as the API server cuts them."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.compare.leaves import leaves_of
from drift_audit.compare.noise import noise_of
from drift_audit.compare.schema import SchemaNode
from drift_audit.model.keys import format_path
from drift_audit.model.values import Json, JsonObject
from tests.unit.compare.sides import free_schema, live_object, schema_of

STRING = {"type": "string"}
KEYED = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port", "protocol"],
    "items": {
        "type": "object",
        "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "note": STRING},
    },
}


def cut(spec: Any, schema: SchemaNode | None = None) -> dict[str, Any]:
    return {
        format_path(path): leaf.value for path, leaf in leaves_of({"spec": spec}, schema or free_schema(), {}).items()
    }


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (STRING, "a", {"spec.f": "a"}),
        (STRING, None, {}),
        (STRING | {"nullable": True}, None, {"spec.f": None}),
        ({"type": "array"}, ["a", "b"], {"spec.f": ["a", "b"]}),
        ({"type": "array", "x-kubernetes-list-type": "atomic"}, [], {"spec.f": []}),
        ({"type": "array", "x-kubernetes-list-type": "set", "items": STRING}, ["a"], {'spec.f[="a"]': "a"}),
        (KEYED, [], {}),
        (
            KEYED,
            [{"port": 80, "note": "x"}],
            {
                "spec.f[port=80,protocol=TCP]": {"port": 80, "protocol": "TCP"},
                "spec.f[port=80,protocol=TCP].note": "x",
            },
        ),
        (KEYED, [{"port": 80, "protocol": "UDP"}], {"spec.f[port=80,protocol=UDP]": {"port": 80, "protocol": "UDP"}}),
        ({"type": "object", "properties": {"a": STRING}}, {}, {}),
        ({"type": "object", "properties": {"a": STRING}}, {"a": "x"}, {"spec.f.a": "x"}),
        ({"type": "object", "x-kubernetes-map-type": "atomic"}, {"a": {"b": 1}}, {"spec.f": {"a": {"b": 1}}}),
        ({"type": "object", "additionalProperties": STRING}, {"a.b/c": "x"}, {'spec.f["a.b/c"]': "x"}),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            {"a": [{"b": 1}], "c": {"d": 2}},
            {"spec.f.a": [{"b": 1}], "spec.f.c.d": 2},
        ),
    ],
)
def test_where_a_leaf_begins(field: Any, value: Any, expected: Any) -> None:
    assert cut({"f": value}, schema_of({"f": field})) == expected


def test_items_that_share_their_keys_are_one_leaf() -> None:
    twice = [{"port": 80, "note": "x"}, {"port": 80, "protocol": "TCP", "note": "y"}]

    assert cut({"f": twice}, schema_of({"f": KEYED})) == {"spec.f[port=80,protocol=TCP]": twice}


def test_an_item_without_its_key_is_compared_whole() -> None:
    leaves = cut({"f": [{"note": "x"}]}, schema_of({"f": KEYED}))

    assert leaves == {'spec.f[={"note":"x"}]': {"note": "x"}}


def test_an_item_knows_its_place_in_the_file() -> None:
    spec: Json = {"f": [{"port": 1, "note": "x"}, {"port": 2, "note": "y"}]}

    leaves = leaves_of({"spec": spec}, schema_of({"f": KEYED}), {})

    assert [leaf.positional for leaf in leaves.values()] == [
        ("spec", "f", 0),
        ("spec", "f", 0, "note"),
        ("spec", "f", 1),
        ("spec", "f", 1, "note"),
    ]


def test_without_a_schema_managed_fields_tell_which_lists_are_keyed() -> None:
    raw = {"spec": {"containers": [{"name": "a", "image": "x"}]}}

    leaves = leaves_of(raw, SchemaNode.of_object(None), {("spec", "containers"): ("name",)})

    assert [format_path(path) for path in leaves] == [
        "spec.containers[name=a]",
        "spec.containers[name=a].image",
    ]


def test_identity_status_and_bookkeeping_are_no_leaves() -> None:
    live = live_object({"a": 1}, uid="u", resourceVersion="1", generation=3, ownerReferences=[{"uid": "x"}])
    raw = {**live.raw, "status": {"phase": "Running"}}

    assert [format_path(path) for path in leaves_of(raw, free_schema(), {}, noise_of(raw))] == ["spec.a"]


def marked(part: str, name: str) -> JsonObject:
    given: Any = {part: {name: "x"}}
    return live_object(None, **given).raw


NOISE = [
    ("annotations", "kubectl.kubernetes.io/last-applied-configuration"),
    ("annotations", "cluster.x-k8s.io/conversion-data"),
    ("annotations", "machinedeployment.clusters.x-k8s.io/revision"),
    ("annotations", "crd-migration.cluster.x-k8s.io/observed-generation"),
    ("annotations", "config.kubernetes.io/origin"),
    ("annotations", "internal.config.kubernetes.io/index"),
    ("annotations", "alpha.config.kubernetes.io/transformations"),
    ("annotations", "argocd.argoproj.io/tracking-id"),
    ("annotations", "argocd.argoproj.io/refresh"),
    ("annotations", "meta.helm.sh/release-name"),
    ("annotations", "reconcile.fluxcd.io/requestedAt"),
    ("labels", "kustomize.toolkit.fluxcd.io/name"),
    ("labels", "helm.toolkit.fluxcd.io/namespace"),
]
SIGNALS = [
    ("annotations", "cluster.x-k8s.io/paused"),
    ("annotations", "cluster.x-k8s.io/managed-by"),
    ("annotations", "cluster.x-k8s.io/skip-remediation"),
    ("annotations", "topology.cluster.x-k8s.io/defer-upgrade"),
    ("annotations", "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"),
    ("annotations", "kustomize.toolkit.fluxcd.io/reconcile"),
    ("annotations", "kustomize.toolkit.fluxcd.io/ssa"),
    ("annotations", "argocd.argoproj.io/sync-options"),
    ("annotations", "argocd.argoproj.io/skip-reconcile"),
    ("labels", "team"),
]


@pytest.mark.parametrize(("part", "name"), NOISE)
def test_what_tools_note_for_themselves_is_noise(part: str, name: str) -> None:
    raw = marked(part, name)

    assert leaves_of(raw, free_schema(), {}, noise_of(raw)) == {}


@pytest.mark.parametrize(("part", "name"), SIGNALS)
def test_what_stops_corrections_is_never_noise(part: str, name: str) -> None:
    raw = marked(part, name)

    assert list(leaves_of(raw, free_schema(), {}, noise_of(raw))) == [("metadata", part, name)]


# What the schema knows


@pytest.mark.parametrize(
    ("field", "name", "kept"),
    [
        ({"type": "object", "properties": {"a": STRING}}, "a", True),
        ({"type": "object", "properties": {"a": STRING}}, "b", False),
        ({"type": "object"}, "b", False),
        ({"type": "object", "additionalProperties": STRING}, "b", True),
        ({"type": "object", "additionalProperties": True}, "b", True),
        ({"type": "object", "additionalProperties": False}, "b", False),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, "b", True),
        ({"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {}}}, "kind", True),
    ],
)
def test_which_fields_the_server_would_keep(field: Any, name: str, kept: bool) -> None:
    leaves = leaves_of({"spec": {"f": {name: "x"}}}, schema_of({"f": field}), {})

    assert [leaf.declared for leaf in leaves.values()] == [kept]


def test_a_default_of_an_object_is_the_default_of_its_parts() -> None:
    schema = schema_of({"f": {"type": "object", "default": {"a": 1}, "properties": {"a": {"type": "integer"}}}})

    (leaf,) = leaves_of({"spec": {"f": {"a": 1}}}, schema, {}).values()

    assert (leaf.schema.has_default, leaf.schema.default) == (True, 1)


def test_without_any_schema_everything_may_be_there() -> None:
    (leaf,) = leaves_of({"data": {"a": "x"}}, SchemaNode.of_object(None), {}).values()

    assert leaf.declared
    assert not SchemaNode.of_object(None).structured


def test_a_config_map_has_a_structure_although_it_has_no_crd() -> None:
    schema = SchemaNode.of_object(None, "v1", "ConfigMap")

    assert schema.structured
    assert [leaf.declared for leaf in leaves_of({"data": {"a": "x"}}, schema, {}).values()] == [True]
