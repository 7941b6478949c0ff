"""Whose credentials a project is read with, and how long the next try waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.auth import impersonated_credentials

from drift_audit_gcp.session import BadKey, ProjectSession, _wait
from drift_audit_gcp.settings import GcpProject, GcpSettings
from tests.rig.gcp.server import AUDITOR, GcpServer

READ_ONLY = ["https://www.googleapis.com/auth/compute.readonly"]


def session(**fields: Any) -> ProjectSession:
    return ProjectSession(GcpSettings(), GcpProject(project="fleet-project", **fields))


def test_a_key_may_read_and_nothing_else(gcp_server: GcpServer) -> None:
    found = session(credentials_file=str(gcp_server.key_file))._credentials()

    assert found.service_account_email == AUDITOR
    assert list(found.scopes) == READ_ONLY


def test_another_account_is_acted_as_with_the_right_to_read_alone(gcp_server: GcpServer) -> None:
    reader = "reader@network-project.iam.gserviceaccount.com"

    found = session(credentials_file=str(gcp_server.key_file), impersonate=reader)._credentials()

    assert isinstance(found, impersonated_credentials.Credentials)
    assert (found.service_account_email, found._target_scopes) == (reader, READ_ONLY)


def test_the_ambient_credentials_are_those_that_google_finds(
    gcp_server: GcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp_server.key_file))

    assert session()._credentials().service_account_email == AUDITOR


def test_a_key_that_cannot_be_used_is_no_bug(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"type": "service_account"}))

    with pytest.raises(BadKey):
        session(credentials_file=str(file))._opened()


@pytest.mark.parametrize(
    ("attempt", "asked_for", "least", "most"),
    [(1, "", 0.5, 1.0), (3, "", 2.0, 4.0), (9, "", 10.0, 20.0), (1, "7", 7.0, 7.0), (1, "999", 20.0, 20.0)],
)
def test_the_next_try_waits_longer_and_never_for_ever(attempt: int, asked_for: str, least: float, most: float) -> None:
    assert least <= _wait(attempt, asked_for) <= most
