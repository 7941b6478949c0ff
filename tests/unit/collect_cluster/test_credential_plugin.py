"""What a credential plug-in says when it fails may hold a token, and stays out of the log."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from drift_audit.collect.cluster.kubeconfig import access_to
from drift_audit.config.settings import ManagementClusterSettings

SECRET = "s3cret-refresh-token"


def kubeconfig(folder: Path, script: str) -> Path:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", script],
        "interactiveMode": "Never",
    }
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "current-context": "a",
                "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
                "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
                "users": [{"name": "a", "user": {"exec": plugin}}],
            }
        )
    )
    return path


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (f"import sys; sys.exit('{SECRET} has expired')", "exit code 1"),
        (f"print('{{\"{SECRET}')", "no usable answer"),
        ("print('{}')", "no usable answer"),
    ],
)
def test_the_words_of_a_failing_plugin_are_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, script: str, told: str
) -> None:
    settings = ManagementClusterSettings(name="a", kubeconfig=str(kubeconfig(tmp_path, script)))

    access_to(settings, tmp_path).load()

    (message,) = (record.getMessage() for record in caplog.records if record.name == "root")
    assert SECRET not in caplog.text
    assert told in message
