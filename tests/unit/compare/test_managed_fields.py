"""Reading `metadata.managedFields`: the grammar of fieldsV1, and who owns a leaf.

- members, `.`, keys with dots, slashes and quotes
- unknown prefixes and malformed text never raise
- ancestors and parts count only for entries of another structure
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.compare.managed_fields import ManagedFields, read_managed_fields, value_at
from drift_audit.model.keys import FieldPath, ItemKey, SetItem, canonical_json
from drift_audit.model.values import Json
from tests.unit.compare.sides import API, T1, entry, fields_v1


def read(*entries: Any, structured: bool = True) -> ManagedFields:
    return read_managed_fields({"apiVersion": API, "metadata": {"managedFields": list(entries)}}, structured=structured)


def members(fields: Any) -> set[FieldPath]:
    (only,) = read({"manager": "m", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": fields}).entries
    return set(only.paths())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"f:spec": {"f:replicas": {}}}, {("spec", "replicas")}),
        ({"f:spec": {".": {}, "f:replicas": {}}}, {("spec",), ("spec", "replicas")}),
        ({"f:spec": {".": {}}}, {("spec",)}),
        ({"f:labels": {"f:a.b/c:d": {}, 'f:"q"': {}}}, {("labels", "a.b/c:d"), ("labels", '"q"')}),
        ({"f:": {}}, {("",)}),
        ({'v:"x"': {}, "v:1": {}}, {(SetItem('"x"'),), (SetItem("1"),)}),
        ({"i:3": {}}, {(3,)}),
        ({'k:{"port":80}': {"f:name": {}}}, {(ItemKey('{"port":80}'), "name")}),
    ],
)
def test_the_grammar_of_a_field_set(fields: Any, expected: set[FieldPath]) -> None:
    assert members(fields) == expected


def test_the_order_of_json_keys_does_not_matter() -> None:
    one = members({'k:{"name":"v","value":"2"}': {}})
    other = members({'k:{ "value": "2", "name": "v" }': {}})

    assert one == other


def test_a_number_and_a_text_are_two_keys() -> None:
    assert members({'k:{"port":80}': {}}) != members({'k:{"port":"80"}': {}})


@pytest.mark.parametrize(
    "key", ["x:new", "k:{broken", "k:[1]", "v:", "i:one", "nothing", "", "k:" + "[" * 5000, "v:" + "[" * 100_000]
)
def test_what_cannot_be_read_is_passed_over(key: str) -> None:
    assert members({key: {"f:below": {}}, "f:spec": {}}) == {("spec",)}


STEPS = st.one_of(
    st.text(max_size=8),
    st.builds(
        ItemKey.of,
        st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.integers() | st.booleans(), min_size=1),
    ),
    st.builds(SetItem.of, st.text(max_size=4) | st.integers() | st.booleans() | st.none()),
    st.integers(0, 99),
)


@given(st.sets(st.lists(STEPS, min_size=1, max_size=4).map(tuple), max_size=8))
def test_a_set_comes_back_as_it_was_written(paths: set[FieldPath]) -> None:
    sent = json.loads(json.dumps(fields_v1(*paths)))

    assert members(sent) == paths


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["f:", "k:", "v:", "i:", "x:", "."]).flatmap(
                lambda p: st.text(max_size=6).map(lambda t: p + t)
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON, JSON)
def test_nothing_that_a_client_may_write_there_raises(fields: Any, other: Any) -> None:
    found = read({"manager": other, "fieldsV1": fields}, other)

    assert all(isinstance(path, tuple) for each in found.entries for path in each.paths())


def test_an_entry_of_another_format_makes_the_absence_of_an_owner_prove_nothing() -> None:
    found = read(entry("kubectl-edit", ("spec", "a")), {"manager": "m", "fieldsType": "FieldsV9", "fieldsV1": {}})

    assert found.partial
    assert [each.manager for each in found.entries] == ["kubectl-edit"]


def test_writes_of_status_are_left_out() -> None:
    assert read(entry("manager", ("status", "phase"), subresource="status")).entries == ()


def test_an_entry_without_a_time_is_kept() -> None:
    (only,) = read(
        {"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:a": {}}}
    ).entries

    assert (only.time, only.identity) == ("", "kubectl/Update/scale")


# Owners


def test_owning_a_map_is_not_owning_what_is_in_it() -> None:
    found = read(entry("kubectl-edit", ("spec", "options")))

    assert found.owners(("spec", "options", "a")) == ()


def test_a_leaf_inside_an_atomic_field_of_another_version_belongs_to_its_owner() -> None:
    """`infrastructureRef` is atomic in v1beta1 and a plain map in v1beta2."""
    found = read(entry("kubectl-edit", ("spec", "infrastructureRef"), api_version="example.cluster.x-k8s.io/v1beta1"))

    assert [each.manager for each in found.owners(("spec", "infrastructureRef", "name"))] == ["kubectl-edit"]


def test_parts_of_a_field_that_is_atomic_here_belong_to_their_owner_in_another_version() -> None:
    found = read(entry("kubectl-edit", ("spec", "ref", "name"), api_version="example.cluster.x-k8s.io/v1beta1"))

    assert [each.manager for each in found.owners(("spec", "ref"))] == ["kubectl-edit"]


def test_without_a_schema_an_atomic_field_around_a_leaf_counts() -> None:
    found = read(entry("kubectl-edit", ("spec", "nodeSelector")), structured=False)

    assert [each.manager for each in found.owners(("spec", "nodeSelector", "zone"))] == ["kubectl-edit"]


def test_the_structure_of_metadata_is_known_without_a_schema() -> None:
    found = read(entry("kubectl-edit", ("metadata", "labels")), structured=False)

    assert found.owners(("metadata", "labels", "a")) == ()


def test_the_signature_of_a_reset() -> None:
    seed = entry("manager", ("metadata", "name"), time=T1)

    assert read(seed).reset
    assert not read(seed, entry("kubectl-edit", ("spec", "a"))).reset
    assert not read().reset
    assert not read(entry("kustomize-controller", ("spec", "a"), operation="Apply")).reset


# Values


def test_a_value_is_found_through_keys_indexes_and_sets() -> None:
    raw: Json = {"spec": {"args": [{"name": "v", "value": "2"}], "zones": ["a", "b"], "files": [{"path": "/a"}]}}

    assert value_at(raw, ("spec", "args", ItemKey.of({"name": "v"}), "value")) == "2"
    assert value_at(raw, ("spec", "zones", SetItem.of("b"))) == "b"
    assert value_at(raw, ("spec", "files", 0, "path")) == "/a"
    assert value_at(raw, ("spec", "files", 1, "path")) is None
    assert value_at(raw, ("spec", "zones", SetItem.of("c"))) is None
    assert value_at(raw, ("spec", "args", ItemKey.of({"name": "w"}), "value")) is None


def test_key_hints_name_the_keys_of_lists_without_a_schema() -> None:
    key = ItemKey(canonical_json({"name": "a", "port": 1}))

    found = read(entry("m", ("spec", "ports", key, "port")), structured=False)

    assert found.key_hints() == {("spec", "ports"): ("name", "port")}
