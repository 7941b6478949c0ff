"""The objects that the tests of Azure are made of, and the fields that our rows read, are those of CAPZ's real CRDs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from drift_audit_azure.provider import AzureProvider
from drift_audit_azure.settings import AzureSettings
from tests.conftest import required_parts
from tests.rig.azure.fleets import C1, PRIVATE, THEIRS
from tests.rig.crds import AZURE, load_crds
from tests.unit.azure.builders import cluster_objects

ROWS = [row for row in AzureProvider(AzureSettings()).rows() if any(path.startswith("spec.") for path in row.capi)]


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Any]:
    """The schema of the storage version, by kind."""
    with required_parts():
        return {
            crd["spec"]["names"]["kind"]: version["schema"]["openAPIV3Schema"]
            for crd in load_crds(AZURE)
            for version in crd["spec"]["versions"]
            if version["storage"]
        }


@pytest.mark.parametrize("fleet", [C1, PRIVATE, THEIRS], ids=lambda fleet: fleet.name)
def test_the_builders_write_only_fields_that_capz_has(schemas: Mapping[str, Any], fleet: Any) -> None:
    found = [each for each in cluster_objects(fleet) if each.kind in schemas]

    assert {each.kind for each in found} == {"AzureCluster", "AzureClusterIdentity", "AzureMachine"}
    assert [wrong for each in found for wrong in _unknown(schemas[each.kind], dict(each.raw), each.kind)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_reads_a_field_that_capz_has(schemas: Mapping[str, Any], row: Any) -> None:
    for path in (path for path in row.capi if path.startswith("spec.")):
        schema = schemas[row.kind]
        for step in path.split("."):
            assert step in schema["properties"], f"{row.kind} has no {path}"
            schema = schema["properties"][step]


def _unknown(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    """What the schema does not have, or has with another type or another choice of values."""
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    wanted = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}.get(schema.get("type", ""))
    if wanted is not None and type(value) is not wanted and not schema.get("x-kubernetes-int-or-string"):
        yield f"{path}: {schema['type']} is wanted, not {value!r}"
        return
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _unknown(schema["items"], item, f"{path}[{place}]")
    elif isinstance(value, dict) and "properties" in schema:
        for key, item in value.items():
            if key in schema["properties"]:
                yield from _unknown(schema["properties"][key], item, f"{path}.{key}")
            else:
                yield f"{path}.{key}: there is no such field"
        yield from (f"{path}: lacks {key}" for key in schema.get("required", ()) if key not in value)
