"""Every row of the field maps points at a field that exists, on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from drift_audit.errors import ConfigError
from drift_audit.model.fields import FieldRow
from drift_audit_aws.families import ALWAYS_SENT
from drift_audit_aws.fieldmap import load_rows
from drift_audit_aws.known_fields import SHAPES, is_field
from drift_audit_aws.provider import AwsProvider
from tests.conftest import required_parts
from tests.rig.modules import module_folder
from tests.unit.aws.builders import settings

ROWS = AwsProvider(settings()).rows()


@cache
def crd_schema(kind: str) -> Mapping[str, Any]:
    """The schema of the kind in the version that CAPA stores."""
    with required_parts():
        folder = module_folder("aws") / "config" / "crd" / "bases"
    (path,) = folder.glob(f"*.cluster.x-k8s.io_{kind.lower()}s.yaml")
    crd = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    version = next(version for version in crd["spec"]["versions"] if version["storage"])
    schema: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def in_schema(schema: Mapping[str, Any], path: str) -> bool:
    for step in path.split("."):
        name = step.removesuffix("[]")
        if name not in schema.get("properties", {}):
            return False
        schema = schema["properties"][name]
        if step.endswith("[]"):
            schema = schema["items"]
    return True


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_path_of_a_row_exists(row: FieldRow) -> None:
    """`metadata.name` is in no CRD schema: it belongs to every object."""
    schema = crd_schema(row.kind)

    assert [path for path in row.capi if path != "metadata.name" and not in_schema(schema, path)] == []
    assert [path for path in row.cloud if not is_field(row.resource, path)] == []


def test_the_shape_of_every_resource_that_a_row_is_about_is_known() -> None:
    """Without one every path would do."""
    assert {row.resource for row in ROWS} <= SHAPES.keys()


@pytest.mark.parametrize(
    ("resource", "path"), [(kind, path) for kind in ALWAYS_SENT for path in sorted(ALWAYS_SENT[kind])]
)
def test_every_field_that_is_always_sent_exists(resource: str, path: str) -> None:
    assert is_field(resource, path)


@pytest.mark.parametrize("row", [row for row in ROWS if row.immutable], ids=lambda row: row.id)
def test_an_immutable_row_is_about_the_spec(row: FieldRow) -> None:
    assert all(path.startswith(("spec.", "status.")) for path in row.capi)


def test_a_default_is_one_that_the_schema_allows() -> None:
    for row in ROWS:
        if row.default is None:
            continue
        schema: Any = crd_schema(row.kind)
        for step in row.capi[0].split("."):
            schema = schema["properties"][step]
        assert row.default in schema.get("enum", [row.default]), row.id


def test_all_mistakes_of_a_file_come_at_once(tmp_path: Path) -> None:
    good = {
        "id": "my.ebs",
        "kind": "AWSMachine",
        "resource": "instance",
        "capi": ["spec.instanceType"],
        "cloud": ["InstanceType"],
        "comparer": "exact",
        "reaction": {"kind": "ignored"},
        "severity": "low",
        "title": "T",
        "source": "us",
    }
    rows = [
        good,
        {**good, "id": "a", "comparer": "exactly"},
        {**good, "id": "b", "severity": "dire"},
        {**good, "id": "c", "colour": "red"},
        {**good, "id": "my.ebs"},
        {**good, "id": "d", "cloud": []},
        "text",
    ]
    path = tmp_path / "rows.yaml"
    path.write_text(yaml.safe_dump({"rows": rows}, sort_keys=False))

    with pytest.raises(ConfigError) as raised:
        load_rows(path)

    messages = [problem.message for problem in raised.value.problems]
    assert messages[0] == "a: there is no comparer 'exactly'"
    assert "severity" in messages[1]
    assert messages[2:] == [
        "c: unknown key 'colour'",
        "my.ebs: the id is used twice",
        "d: needs a path under cloud, or observe",
        "a row is a mapping",
    ]
    assert all(problem.line > 1 for problem in raised.value.problems)


@pytest.mark.parametrize("text", ["rows: [", "rows: 1", "- a", "", "\x00"])
def test_a_file_that_is_no_field_map_is_a_mistake_not_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError):
        load_rows(path)


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_rows(tmp_path / "none.yaml")


def test_a_row_shows_its_first_capi_path_unless_it_says_otherwise(tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.id == "aws.instance.type")

    assert row.path == "spec.instanceType"
