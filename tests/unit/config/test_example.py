"""`config.example.yaml` and the starter configuration keep up with the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from drift_audit.config.load import load_config
from drift_audit.config.settings import (
    CloserLook,
    Config,
    Dependency,
    DependencyEdge,
    GitSource,
    ManagementClusterSettings,
    ManagerRule,
    NamespaceOwner,
    Output,
    OwnerSettings,
    SuppressionMatch,
    SuppressionRule,
    Thresholds,
    WorkloadSettings,
)
from drift_audit.config.starter import starter_config
from drift_audit_aws.settings import AwsAccount, AwsSettings
from drift_audit_azure.settings import AzureSettings, AzureSubscription
from drift_audit_gcp.settings import GcpHistory, GcpProject, GcpSettings

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
PROVIDERS: Mapping[str, type[Any]] = {"aws": AwsSettings, "azure": AzureSettings, "gcp": GcpSettings}

SETTINGS: tuple[type[Any], ...] = (
    Config,
    Dependency,
    DependencyEdge,
    ManagementClusterSettings,
    GitSource,
    CloserLook,
    WorkloadSettings,
    ManagerRule,
    Thresholds,
    SuppressionRule,
    SuppressionMatch,
    OwnerSettings,
    NamespaceOwner,
    Output,
    AwsSettings,
    AwsAccount,
    AzureSettings,
    AzureSubscription,
    GcpSettings,
    GcpProject,
    GcpHistory,
)


def test_the_example_loads_and_fills_every_section() -> None:
    config = load_config(EXAMPLE, environ={}, provider_settings=PROVIDERS, report_formats=("console", "html", "json"))

    assert [cluster.name for cluster in config.management_clusters] == ["prod-eu", "staging"]
    assert len(config.management_clusters[0].git) == 2
    assert config.clouds["aws"].accounts[0].account == "123456789012"
    assert config.clouds["gcp"].projects[0].project == "fleet-prod"
    assert config.suppressions[0].match.path == "spec.replicas"


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings.__name__)
def test_the_example_shows_every_key(settings: type[Any]) -> None:
    keys = set(re.findall(r"^[ #-]*([a-z_]+):", EXAMPLE.read_text(), re.MULTILINE))
    keys |= set(re.findall(r"[{ ]([a-z_]+): ", EXAMPLE.read_text()))

    expected = {field.name for field in fields(settings)} - {"digest", "dependency_places"}

    assert expected - keys == set()


def test_the_starter_configuration_is_valid_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "drift-audit.yaml"
    file.write_text(starter_config())

    config = load_config(file, environ={}, provider_settings={})

    assert [cluster.name for cluster in config.management_clusters] == ["management"]


def test_the_starter_configuration_is_valid_with_its_comments_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "drift-audit.yaml"
    commented_key = re.compile(r"^( *)# ( *(?:- )?[a-z_]+:(?: .*)?)$", re.MULTILINE)
    one_way_to_reach = re.sub(r".*in_cluster.*\n", "", starter_config())
    file.write_text(commented_key.sub(r"\1\2", one_way_to_reach))

    config = load_config(file, environ={}, provider_settings=PROVIDERS)

    assert config.management_clusters[0].git[0].name == "fleet"
    assert config.clouds["aws"].accounts[0].account == "123456789012"
    assert config.suppressions[0].owner == "team-platform"
