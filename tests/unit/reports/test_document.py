"""The result document is a public contract: schema, dataclasses and documents agree."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.result import AuditResult
from drift_audit_reports.codec import PAIRS, field_types, key_of
from drift_audit_reports.document import DocumentError, from_document, in_document_order, to_document
from drift_audit_reports.json_report import JsonReport, schema
from tests.builders import actor, finding, present, result, shown_values
from tests.unit.reports.conftest import Golden
from tests.unit.reports.fleets import half_read_fleet, healthy_fleet, troubled_fleet
from tests.unit.reports.strategies import json_values


def valid(document: Mapping[str, Any]) -> None:
    Draft202012Validator(json.loads(schema()), format_checker=FormatChecker()).validate(document)


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(json.loads(schema()))


@pytest.mark.parametrize("audit", [troubled_fleet(), half_read_fleet(), healthy_fleet()])
def test_every_document_satisfies_the_schema(audit: AuditResult) -> None:
    valid(json.loads(JsonReport().render(audit, RenderOptions())))


@pytest.mark.parametrize("audit", [troubled_fleet(), half_read_fleet(), healthy_fleet()])
def test_a_document_read_back_is_the_result(audit: AuditResult) -> None:
    document = json.loads(JsonReport().render(audit, RenderOptions()))

    assert from_document(document) == in_document_order(audit)


def test_the_document_reads_as_reviewed(golden: Golden) -> None:
    golden("half-read.json", JsonReport().render(half_read_fleet(), RenderOptions()))


def test_every_finding_and_every_gap_is_in_the_document() -> None:
    troubled, half = troubled_fleet(), half_read_fleet()

    assert {one["id"] for one in to_document(troubled)["findings"]} == {one.id for one in troubled.findings}
    assert len(to_document(half)["coverage"]["gaps"]) == len(half.coverage.gaps)


def test_the_schema_refuses_an_unknown_key() -> None:
    document = to_document(healthy_fleet())

    errors = Draft202012Validator(json.loads(schema())).iter_errors({**document, "extra": 1})

    assert [error.validator for error in errors] == ["additionalProperties"]


def test_the_top_level_keys_stand_in_the_order_of_the_contract() -> None:
    assert list(to_document(healthy_fleet())) == [
        "schema_version",
        "tool",
        "run",
        "status",
        "complete",
        "coverage",
        "views",
        "clusters",
        "causes",
        "findings",
        "suppressions",
        "cost",
        "trees",
        "remediations",
    ]


def test_an_actor_is_written_with_its_class_and_its_window() -> None:
    document = to_document(result(findings=[finding(actor=actor())]))

    assert document["findings"][0]["actor"] == {
        "who": "kubectl-edit",
        "how": "kubectl edit",
        "class": "human",
        "between": ["2026-11-19T21:10:00Z", "2026-11-19T21:14:32Z"],
        "source": "managedFields",
        "grade": "B",
        "reason": "",
    }


def test_what_is_not_there_is_null() -> None:
    document = to_document(result(findings=[finding(cluster=None, object=None, resource=None)]))

    absent = {key for key, value in document["findings"][0].items() if value is None}
    assert absent == {"cluster", "object", "resource", "declared_at", "actor", "certainty", "suppressed"}
    assert document["run"]["recording_digest"] is None


def test_the_order_of_collection_leaves_no_trace() -> None:
    audit = troubled_fleet()

    shuffled = replace(
        audit,
        findings=audit.findings[::-1],
        causes=audit.causes[::-1],
        clusters=audit.clusters[::-1],
        coverage=replace(audit.coverage, scopes=audit.coverage.scopes[::-1]),
    )

    assert JsonReport().render(shuffled, RenderOptions()) == JsonReport().render(audit, RenderOptions())


@given(json_values)
def test_any_value_survives_the_way_out_and_back(value: Any) -> None:
    audit = result(findings=[finding(values=shown_values(present(value), None, None))])

    document = json.loads(JsonReport().render(audit, RenderOptions()))

    assert from_document(document) == in_document_order(audit)
    valid(document)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_become_text(number: float) -> None:
    text = JsonReport().render(result(findings=[finding(values=shown_values(number, None, None))]), RenderOptions())

    assert json.loads(text)["findings"][0]["values"]["git"]["value"] == str(number)


def test_hostile_names_leave_as_escapes_and_mean_the_same() -> None:
    title = "\x1b[2J\u202eevil\x9b"

    text = JsonReport().render(result(findings=[finding(title=title)]), RenderOptions())

    assert "\x1b" not in text and "\u202e" not in text and "\x9b" not in text
    assert json.loads(text)["findings"][0]["title"] == title


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"schema_version": "2"}, "schema_version '2'"),
        ({"status": "fine"}, "status: 'fine' is none of in_sync, drift, incomplete, error"),
        ({"complete": "yes"}, "complete: bool expected, str found"),
        ({"run": None}, "run: Run expected, NoneType found"),
        ({"clusters": [{"name": "a"}]}, "clusters[0].management_cluster: is missing"),
        ({"cost": {"calls": True, "throttles": 0, "by_scope": {}}}, "cost.calls: int expected, bool found"),
        ({"findings": {}}, "findings: "),
    ],
)
def test_a_damaged_document_is_refused_with_the_place(damage: dict[str, Any], told: str) -> None:
    document = {**to_document(healthy_fleet()), **damage}

    with pytest.raises(DocumentError) as refused:
        from_document(document)

    assert told in str(refused.value)


def test_all_faults_of_a_document_are_told_at_once() -> None:
    document = {**to_document(healthy_fleet()), "status": "fine", "complete": 1}

    with pytest.raises(DocumentError) as refused:
        from_document(document)

    assert "status:" in str(refused.value) and "complete:" in str(refused.value)


def test_a_key_that_a_later_version_added_is_passed_over() -> None:
    audit = in_document_order(healthy_fleet())

    assert from_document({**to_document(audit), "added_later": 1}) == audit


def test_the_reports_are_what_the_interface_asks_for() -> None:
    assert isinstance(JsonReport(), ReportFormat)
    assert JsonReport.schema() == schema()


def test_schema_and_dataclasses_agree_field_by_field() -> None:
    whole = json.loads(schema())
    disagreements: list[str] = []

    compare_class(AuditResult, whole, whole, "result", disagreements)

    assert disagreements == []


def compare_class(cls: Any, node: Any, whole: Any, where: str, found: list[str]) -> None:
    node = resolved(node, whole)
    if cls in PAIRS:
        if (node["type"], node["minItems"], node["maxItems"]) != ("array", len(fields(cls)), len(fields(cls))):
            found.append(f"{where}: not a list of {len(fields(cls))}")
        return
    keys = [key_of(cls, field.name) for field in fields(cls)]
    if list(node["properties"]) != keys or node["required"] != keys or node["additionalProperties"] is not False:
        found.append(f"{where}: {list(node['properties'])} against {keys}")
        return
    for field in fields(cls):
        key = key_of(cls, field.name)
        compare(field_types(cls)[field.name], node["properties"][key], whole, f"{where}.{key}", found)


def compare(shape: Any, node: Any, whole: Any, where: str, found: list[str]) -> None:
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    node = resolved(node, whole)
    if origin in (typing.Union, types.UnionType):
        inner, none = arguments
        assert none is type(None)
        options = node["oneOf"] if "oneOf" in node else [{"type": name} for name in node["type"]]
        if options[1] != {"type": "null"}:
            found.append(f"{where}: null is not allowed")
        compare(inner, options[0], whole, where, found)
    elif origin is tuple:
        if node.get("type") != "array":
            found.append(f"{where}: not a list")
        else:
            compare(arguments[0], node["items"], whole, f"{where}[]", found)
    elif origin is not None:
        compare(arguments[1], node["additionalProperties"], whole, f"{where}.*", found)
    elif is_dataclass(shape):
        compare_class(shape, node, whole, where, found)
    elif shape is Any:
        if "type" in node:
            found.append(f"{where}: must allow any value")
    elif issubclass(shape, StrEnum):
        if node.get("enum") != [member.value for member in shape]:
            found.append(f"{where}: {node.get('enum')} against {list(shape)}")
    elif "const" not in node:
        wanted = {str: "string", int: "integer", float: "number", bool: "boolean"}[shape]
        if node.get("type") != wanted:
            found.append(f"{where}: {node.get('type')} against {wanted}")


def resolved(node: Any, whole: Any) -> Any:
    if "$ref" not in node:
        return node
    return whole["$defs"][node["$ref"].removeprefix("#/$defs/")]


def test_every_key_of_the_schema_is_described() -> None:
    whole = json.loads(schema())

    silent = [
        f"{name}.{key}"
        for name, node in {"result": whole, **whole["$defs"]}.items()
        for key, inner in node.get("properties", {}).items()
        if not inner.get("description") and not resolved(inner, whole).get("description")
    ]

    assert silent == []
