"""The section `clouds: gcp:`, with its mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit_gcp.settings import GcpProject, GcpSettings


@pytest.mark.parametrize("project", ["fleet-prod", "example.com:old-project", "a12345"])
def test_a_project_is_known_by_its_id(project: str) -> None:
    assert GcpProject(project=project).project == project


@pytest.mark.parametrize("project", ["123456789012", "Fleet", "p", "../other", "fleet-prod/x", "fleet-prod\n", ""])
def test_what_is_no_project_id_is_refused(project: str) -> None:
    """It becomes a part of the path that our token is sent to."""
    with pytest.raises(ValueError, match="no project id"):
        GcpProject(project=project)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"projects": (GcpProject(project="fleet-prod"),) * 2}, "configured 2 times"),
        ({"page_size": 501}, "between 1 and 500"),
        ({"max_attempts": 0}, "must be positive"),
        ({"calls_per_second": 0}, "must be positive"),
    ],
)
def test_mistakes_are_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GcpSettings(**fields)


def test_an_account_to_act_as_is_an_address() -> None:
    with pytest.raises(ValueError, match="no e-mail address"):
        GcpProject(project="fleet-prod", impersonate="someone")
