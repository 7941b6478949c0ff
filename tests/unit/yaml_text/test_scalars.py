"""Every row of the typing table, for both tools."""

from __future__ import annotations

import pytest

from drift_audit.model.values import Json, mapping
from drift_audit.yaml_text import Flavor, ProblemCode, read_documents
from tests.unit.yaml_text.typing_table import KEYS, REFUSED, SCALARS, ScalarRow


def typed(token: str, flavor: Flavor) -> Json:
    read = read_documents(f"v: {token}\n", flavor=flavor)
    assert read.problems == ()
    return mapping(read.documents[0].data)["v"]


def same_type_and_value(left: Json, right: Json) -> bool:
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("row", SCALARS, ids=lambda row: row.token)
def test_kubectl_types_a_scalar_by_yaml_1_1(row: ScalarRow) -> None:
    assert same_type_and_value(typed(row.token, Flavor.KUBECTL), row.kubectl)


@pytest.mark.parametrize("row", SCALARS, ids=lambda row: row.token)
def test_kustomize_types_a_scalar_by_go_yaml_3(row: ScalarRow) -> None:
    assert same_type_and_value(typed(row.token, Flavor.KUSTOMIZE), row.kustomize)


@pytest.mark.parametrize(("token", "kubectl", "kustomize"), KEYS)
def test_a_key_becomes_what_the_tool_makes_of_it(token: str, kubectl: str | None, kustomize: str | None) -> None:
    for flavor, expected in ((Flavor.KUBECTL, kubectl), (Flavor.KUSTOMIZE, kustomize)):
        read = read_documents(f"{token}: x\n", flavor=flavor)

        if expected is None:
            assert [problem.code for problem in read.problems] == [ProblemCode.YAML_KEY]
            assert read.documents == ()
        else:
            assert [document.data for document in read.documents] == [{expected: "x"}]


@pytest.mark.parametrize("flavor", Flavor)
@pytest.mark.parametrize("token", REFUSED)
def test_a_value_that_json_cannot_hold_is_a_problem(token: str, flavor: Flavor) -> None:
    read = read_documents(f"v: {token}\n", flavor=flavor)

    assert read.documents == ()
    assert [(problem.line, problem.column) for problem in read.problems] == [(1, 4)]


@pytest.mark.parametrize("flavor", Flavor)
@pytest.mark.parametrize("quoted", ["'yes'", '"0644"', "'1.30'", '"null"', "'2024-01-01'", '""'])
def test_quoted_scalars_are_strings(quoted: str, flavor: Flavor) -> None:
    assert typed(quoted, flavor) == quoted[1:-1]


@pytest.mark.parametrize("flavor", Flavor)
def test_block_scalars_are_strings(flavor: Flavor) -> None:
    assert typed("|\n  123\n", flavor) == "123\n"
