"""`schema` prints the contract of the JSON report."""

from __future__ import annotations

import json

from jsonschema.validators import validator_for

from tests.unit.cli.conftest import Program


def test_the_schema_is_a_json_schema(program: Program) -> None:
    printed = program("schema")

    assert printed.returncode == 0
    schema = json.loads(printed.stdout)
    validator_for(schema).check_schema(schema)
    assert "findings" in schema["properties"]
