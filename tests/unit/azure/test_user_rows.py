"""Rows that users add for Azure: found, and held to what of Azure is linked."""

from __future__ import annotations

from pathlib import Path

import pytest

from drift_audit.errors import ConfigError
from drift_audit_azure.provider import AzureProvider
from drift_audit_azure.settings import AzureSettings

ROW = """
rows:
  - id: {id}
    kind: {kind}
    resource: {resource}
    capi: [spec.additionalTags.license]
    cloud: [properties.licenseType]
    comparer: {comparer}
    reaction: {{kind: ignored}}
    severity: low
    title: Licence differs
    source: our own convention
"""


def rows_of(tmp_path: Path, **words: str) -> list[str]:
    file = tmp_path / "rows.yaml"
    known = {"id": "acme.vm.licence", "kind": "AzureMachine", "resource": "virtual-machine", "comparer": "any-case"}
    file.write_text(ROW.format_map({**known, **words}))
    return [row.id for row in AzureProvider(AzureSettings()).rows([file])]


def test_a_row_of_the_users_is_one_more(tmp_path: Path) -> None:
    assert rows_of(tmp_path)[-1] == "acme.vm.licence"


def test_a_row_for_another_cloud_is_passed_over(tmp_path: Path) -> None:
    assert "acme.vm.licence" not in rows_of(tmp_path, kind="AWSMachine", resource="instance", comparer="their-own")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"kind": "AzureMachin"}, "nothing is compared of the kind 'AzureMachin'"),
        ({"resource": "instance"}, "no AzureMachine has a resource 'instance'"),
        ({"id": "azure.vm.size"}, "the id is that of a row of the provider's own"),
    ],
)
def test_a_row_that_would_compare_nothing_is_a_mistake(tmp_path: Path, words: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as mistakes:
        rows_of(tmp_path, **words)

    assert any(told in problem.message for problem in mistakes.value.problems)
