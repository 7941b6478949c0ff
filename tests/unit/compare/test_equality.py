"""When a declared value and a live one mean the same: rules E1 to E11, each from both sides."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.collect.masking import Masker
from drift_audit.compare.equality import compare_values, only_filled_in, same_as_absent, same_json
from drift_audit.compare.quantities import duration, quantity
from drift_audit.compare.schema import UNKNOWN, SchemaNode
from drift_audit.model.keys import FieldPath
from drift_audit.model.values import Json, mapping
from drift_audit.yaml_text import Flavor, read_documents

FIELD = ("spec", "field")
# As controller-gen writes it for `resource.Quantity`.
_NUMBER = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
QUANTITY = SchemaNode({"pattern": rf"^(\+|-)?{_NUMBER}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{_NUMBER}))?$"})
DATE = SchemaNode({"type": "string", "format": "date-time"})
REPLICAS: FieldPath = ("spec", "template", "spec", "version")


@pytest.mark.parametrize(
    ("kind", "path", "node", "git", "live", "rule"),
    [
        ("Thing", FIELD, UNKNOWN, {"a": [1, "x"]}, {"a": [1, "x"]}, "E1"),
        ("Thing", FIELD, UNKNOWN, 1, 1.0, "E1"),
        ("Thing", FIELD, QUANTITY, "1Gi", "1024Mi", "E4"),
        ("Thing", FIELD, QUANTITY, "0.1", "100m", "E4"),
        ("Thing", FIELD, QUANTITY, 2, "2", "E4"),
        ("MachineDeployment", ("spec", "template", "spec", "nodeDrainTimeout"), UNKNOWN, "10m", "10m0s", "E5"),
        ("Kustomization", ("spec", "interval"), UNKNOWN, "1h", "60m", "E5"),
        ("Thing", FIELD, DATE, "2026-11-20T00:00:00Z", "2026-11-20T01:00:00.5+01:00", "E6"),
        ("Cluster", ("spec", "topology", "version"), UNKNOWN, "1.30.1", "v1.30.1", "E7"),
        ("MachineDeployment", REPLICAS, UNKNOWN, "1.30.1", "v1.30.1", "E7"),
        ("Thing", FIELD, SchemaNode({"items": QUANTITY.raw}), ["1Gi", "1"], ["1024Mi", 1], "E10"),
        ("Thing", FIELD, UNKNOWN, [{"a": 1, "b": {}}], [{"a": 1}], "E10"),
        ("Thing", FIELD, UNKNOWN, [{"a": 1}], [{"a": 1, "b": {}, "c": [], "d": None}], "E10"),
        (
            "Thing",
            FIELD,
            SchemaNode({"items": {"properties": {"mode": {"default": "x"}}}}),
            [{}],
            [{"mode": "x"}],
            "E10",
        ),
        ("Thing", ("metadata", "labels", "a"), UNKNOWN, True, "true", "E11"),
        ("Thing", ("metadata", "annotations", "a"), UNKNOWN, 3, "3", "E11"),
        (
            "MachineDeployment",
            ("spec", "selector"),
            UNKNOWN,
            {"matchLabels": {"a": "b"}},
            {"matchLabels": {"a": "b", "cluster.x-k8s.io/cluster-name": "one"}},
            "selector",
        ),
    ],
)
def test_equal(kind: str, path: FieldPath, node: SchemaNode, git: Any, live: Any, rule: str) -> None:
    equality = compare_values(kind, path, node, git, live)

    assert (equality.equal, equality.rule) == (True, rule)


@pytest.mark.parametrize(
    ("kind", "path", "node", "git", "live", "note"),
    [
        ("Thing", FIELD, UNKNOWN, True, 1, ""),
        ("Thing", FIELD, UNKNOWN, 0, False, ""),
        ("Thing", FIELD, UNKNOWN, 1, "1", "type only"),
        ("Thing", FIELD, UNKNOWN, "true", True, "type only"),
        ("Thing", FIELD, UNKNOWN, "25%", 25, ""),
        ("Thing", FIELD, UNKNOWN, "1Gi", "1024Mi", ""),
        ("Thing", FIELD, QUANTITY, "1Gi", "1G", ""),
        ("Thing", FIELD, QUANTITY, "1Gi", "nonsense", ""),
        ("Thing", FIELD, UNKNOWN, "10m", "10m0s", ""),
        ("Thing", ("spec", "interval"), UNKNOWN, "10m", "11m", ""),
        ("Thing", FIELD, DATE, "2026-11-20T00:00:00Z", "2026-11-20T00:00:01Z", ""),
        ("Thing", FIELD, UNKNOWN, "2026-11-20T00:00:00Z", "2026-11-20T01:00:00+01:00", ""),
        ("Cluster", ("spec", "topology", "version"), UNKNOWN, "v1.30.1", "1.30.1", ""),
        ("Thing", FIELD, UNKNOWN, "1.30.1", "v1.30.1", ""),
        ("Thing", FIELD, UNKNOWN, "text", "text\n", "white space only"),
        ("Thing", FIELD, UNKNOWN, ["a", "b"], ["b", "a"], "order only"),
        ("Thing", FIELD, UNKNOWN, [{"a": 1, "b": 2}, {"c": 3}], [{"c": 3}, {"b": 2, "a": 1}], "order only"),
        ("Thing", FIELD, UNKNOWN, ["a", "b", "c"], ["a", "x", "c"], "first difference at index 1"),
        ("Thing", FIELD, UNKNOWN, ["a"], ["a", "b"], "first difference at index 1"),
        ("Thing", FIELD, UNKNOWN, [{"a": 1}], [{"a": 1, "b": 2}], "first difference at index 0"),
        ("Thing", ("spec", "labels", "a"), UNKNOWN, True, "true", "type only"),
        (
            "MachineDeployment",
            ("spec", "selector"),
            UNKNOWN,
            {"matchLabels": {"a": "b"}},
            {"matchLabels": {"a": "b", "other": "one"}},
            "",
        ),
    ],
)
def test_different(kind: str, path: FieldPath, node: SchemaNode, git: Any, live: Any, note: str) -> None:
    equality = compare_values(kind, path, node, git, live)

    assert (equality.equal, equality.note) == (False, note)


@pytest.mark.parametrize(
    ("kind", "path", "value", "same"),
    [
        ("Thing", FIELD, None, True),
        ("Thing", FIELD, {}, True),
        ("Thing", FIELD, [], True),
        ("Thing", ("spec", "nodeRegistration", "taints"), [], False),
        ("Thing", FIELD, "", False),
        ("Thing", FIELD, 0, False),
        ("Thing", FIELD, False, False),
        ("Thing", FIELD, "x", False),
        ("Machine", ("spec", "providerID"), "", True),
        ("KubeadmControlPlane", ("spec", "version"), "", True),
        ("Machine", ("metadata", "labels", "a"), "", False),
        ("Machine", ("spec", "replicas"), 0, False),
        ("Cluster", ("spec", "paused"), False, True),
        ("Cluster", ("spec", "other"), False, False),
        ("Cluster", ("spec", "paused"), 0, False),
    ],
)
def test_which_values_mean_the_same_as_none(kind: str, path: FieldPath, value: Any, same: bool) -> None:
    assert same_as_absent(kind, path, value) is same


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_everything_equals_itself_read_anew(value: Any) -> None:
    assert same_json(value, json.loads(json.dumps(value)))


@given(JSON, JSON)
def test_equality_is_symmetric_and_never_raises(left: Any, right: Any) -> None:
    assert same_json(left, right) == same_json(right, left)
    assert (
        compare_values("Thing", FIELD, UNKNOWN, left, right).equal
        == compare_values("Thing", FIELD, UNKNOWN, right, left).equal
    )


@pytest.mark.parametrize(
    ("git", "live", "expected"),
    [
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ([{"a": {"b": 1}}], [{"a": {"b": 1, "c": 2}}], True),
        ({"a": 1, "gone": {}}, {"a": 1, "c": 3}, True),
        ([{"a": 1}], [{"a": 2, "b": 2}], False),
        ([{"a": 1}], [{"a": 1}, {"b": 2}], False),
        ([{"a": 1}], [{"b": 2}], False),
        ({"a": 1}, {}, False),
        ("a", "b", False),
    ],
)
def test_what_admission_only_fills_in(git: Any, live: Any, expected: bool) -> None:
    assert only_filled_in("Thing", FIELD, UNKNOWN, git, live) is expected


def test_e8_both_spellings_of_a_secret_are_the_same_once_masked() -> None:
    masker = Masker("key")
    written: Json = {"apiVersion": "v1", "kind": "Secret", "stringData": {"k": "secret", "empty": ""}}
    kept: Json = {"apiVersion": "v1", "kind": "Secret", "data": {"k": "c2VjcmV0", "empty": ""}}
    rotated: Json = {"apiVersion": "v1", "kind": "Secret", "data": {"k": "b3RoZXI=", "empty": ""}}

    assert masker.mask_object(mapping(written)) == masker.mask_object(mapping(kept))
    assert masker.mask_object(mapping(rotated)) != masker.mask_object(mapping(kept))


# Quantities and durations


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"), ("1Ki", "1024"), ("1k", "1000"), ("0.5", "0.5"), (".5", "0.5"), ("5.", "5"), ("100m", "0.1"),
        ("1e3", "1000"), ("1E-3", "0.001"), ("1E", "1000000000000000000"), ("1Ei", str(2**60)), ("+1", "1"),
        ("-1u", "-0.000001"), (2, "2"), (1.5, "1.5"),
    ],
)  # fmt: skip
def test_quantities(text: Any, value: str) -> None:
    assert quantity(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "m", "1 Gi", "1gi", "1KI", "0x1", "1e", "--1", "1.2.3", True, None, [], "٣", "1" * 99]
)
def test_what_is_no_quantity(text: Any) -> None:
    assert quantity(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", "600"), ("10m0s", "600"), ("1h30m", "5400"), ("1.5h", "5400"), ("300ms", "0.3"), ("1us", "0.000001"),
        ("1µs", "0.000001"), ("-5s", "-5"), ("+5s", "5"), ("0", "0"), ("1h0m0.5s", "3600.5"), (".5s", "0.5"),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: str) -> None:
    assert duration(text) == Decimal(seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "10min", "1h 30m", "s10", "-", 600, None, "1d"])
def test_what_is_no_duration(text: Any) -> None:
    assert duration(text) is None


@given(st.text(max_size=12))
def test_no_text_breaks_the_readers(text: str) -> None:
    for value in (quantity(text), duration(text)):
        assert value is None or value.is_finite()


# What YAML makes of a value decides what is compared


@pytest.mark.parametrize(
    ("flavor", "written", "live", "equal"),
    [
        (Flavor.KUSTOMIZE, "yes", "yes", True),
        (Flavor.KUBECTL, "yes", True, True),
        (Flavor.KUSTOMIZE, "0644", 420, True),
        (Flavor.KUBECTL, "1e3", 1000, True),
        (Flavor.KUSTOMIZE, "'1'", 1, False),
        (Flavor.KUSTOMIZE, "1.30", "1.30", False),
    ],
)
def test_values_are_typed_by_the_tool_that_applies_them(flavor: Flavor, written: str, live: Any, equal: bool) -> None:
    (document,) = read_documents(f"field: {written}\n", flavor=flavor).documents
    data = document.data
    assert isinstance(data, dict)

    assert compare_values("Thing", FIELD, UNKNOWN, data["field"], live).equal is equal
