"""Objects and definitions as an API server may send them, or what stands before it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.collect.cluster.parsing import PageParser, parsed_object
from drift_audit.collect.masking import Masker
from drift_audit.compare.leaves import leaves_of
from drift_audit.compare.managed_fields import read_managed_fields
from drift_audit.compare.schema import SchemaNode
from tests.fuzz.drawing import JSON, OBJECTS, damaged, fuzzed

PAGE = json.dumps(
    {
        "kind": "MachineList",
        "metadata": {"resourceVersion": "7", "continue": "x"},
        "items": [
            {
                "kind": "Machine",
                "metadata": {
                    "name": "a",
                    "namespace": "b",
                    "managedFields": [{"manager": "m", "operation": "Update", "fieldsV1": {"f:spec": {"f:x": {}}}}],
                },
                "spec": {"x": 1},
            }
        ],
    }
).encode()
ENTRIES = st.lists(
    st.one_of(
        JSON,
        st.fixed_dictionaries(
            {"manager": JSON, "operation": JSON, "fieldsV1": st.one_of(OBJECTS, JSON)},
            optional={"apiVersion": JSON, "time": JSON, "subresource": JSON},
        ),
    ),
    max_size=4,
)


@fuzzed(250)
@given(body=st.one_of(damaged(PAGE), JSON.map(lambda each: json.dumps(each).encode()), st.binary(max_size=40)))
def test_a_page_is_parsed_or_is_none(body: bytes) -> None:
    for parse in (PageParser().page, parsed_object):
        try:
            parse(body)
        except ValueError:
            continue


@pytest.mark.parametrize("sign", [b"[", b'{"a":'])
def test_a_page_that_is_nested_without_end_is_none(sign: bytes) -> None:
    with pytest.raises(ValueError, match="not a page"):
        PageParser().page(b'{"metadata": {}, "items": [{"metadata": {"name": "a"}, "spec": ' + sign * 200_000)


@fuzzed(250)
@given(entries=st.one_of(ENTRIES, JSON), structured=st.booleans())
def test_managed_fields_of_any_shape_are_read_as_far_as_they_go(entries: object, structured: bool) -> None:
    raw = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "managedFields": entries}}

    fields = read_managed_fields(raw, structured=structured)  # type: ignore[arg-type]

    again = read_managed_fields(raw, structured=structured)  # type: ignore[arg-type]
    for entry, same in zip(fields.entries, again.entries, strict=True):
        assert list(entry.paths()) == list(same.paths())
        assert list(entry.list_keys()) == list(same.list_keys())


@fuzzed(250)
@given(schema=st.one_of(OBJECTS, JSON), raw=OBJECTS)
def test_a_schema_of_any_shape_gives_leaves(schema: object, raw: dict[str, object]) -> None:
    node = SchemaNode.of_object(schema)  # type: ignore[arg-type]
    fields = read_managed_fields(raw)  # type: ignore[arg-type]

    leaves = leaves_of(raw, node, fields.key_hints())  # type: ignore[arg-type]

    assert leaves.keys() == leaves_of(raw, node, fields.key_hints()).keys()  # type: ignore[arg-type]


@fuzzed(250)
@given(raw=OBJECTS)
def test_an_object_of_any_shape_can_be_masked(raw: dict[str, object]) -> None:
    masked = Masker("key").mask_object(raw)  # type: ignore[arg-type]

    assert Masker("key").mask_object(raw) == masked  # type: ignore[arg-type]
