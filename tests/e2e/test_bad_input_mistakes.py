"""What a user can get wrong before anything is read: exit code 2, one text with the place and the next step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.installed import ROOT, install_ourselves

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The program in an empty folder."""
    site = install_ourselves(tmp_path / "site")
    path = os.pathsep.join(map(str, (site, ROOT, ROOT / "providers", ROOT / "reports")))
    (tmp_path / "work").mkdir()

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "drift_audit.cli", *arguments],
            cwd=tmp_path / "work",
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": path, "PYTHONWARNINGS": "error"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return start


MISTAKEN = """\
management_clusters:
  - name: prod
    kubconfig: /nowhere
    git:
      - name: fleet
        url: https://bob:hunter2-canary@git.example.com/fleet.git
        path: ../..
clouds:
  aws:
    accounts: [{account: 123}]
  asure: {}
suppressions:
  - {name: all, owner: me, reason: later, expires: 2027-01-01, match: {kind: "*"}}
fail_on: sometimes
"""

MISTAKES = (
    "drift-audit.yaml:3: unknown key 'management_clusters[0].kubconfig' (did you mean 'kubeconfig'?)",
    "drift-audit.yaml:7: the path of Git source 'fleet' leaves the repository",
    "drift-audit.yaml:11: no provider is called 'asure'",
    "drift-audit.yaml:13: ",
    "drift-audit.yaml:14: ",
)


@pytest.mark.parametrize("verb", [("validate",), ("check",), ("record", "-o", "fleet.dar")])
def test_every_mistake_is_told_at_once_with_its_line(run: Run, tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "work" / "drift-audit.yaml").write_text(MISTAKEN)

    done = run(*verb)

    assert done.returncode == 2
    assert done.stdout == ""
    assert [mistake for mistake in MISTAKES if mistake not in done.stderr] == [], done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2-canary" not in done.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "drift-audit.yaml: there is no such file"),
        (b"", "drift-audit.yaml: is empty"),
        (b"management_clusters: ]\n", "drift-audit.yaml:1: not YAML"),
        (b"- a\n- b\n", "drift-audit.yaml:1: the file must hold keys and values"),
        (b"a: 1\na: 2\n", "drift-audit.yaml:2: the key 'a' is written twice"),
        (b"a: \xff\n", "drift-audit.yaml:1: the file is not UTF-8"),
        (b"x: " + b"[" * 200_000, "drift-audit.yaml:1: nested deeper than"),
        (b"management_clusters: [{name: a}]\n---\nb: 1\n", "a second YAML document"),
    ],
    ids=["missing", "empty", "malformed", "a list", "duplicate keys", "not UTF-8", "deep", "two documents"],
)
def test_a_configuration_that_is_none_is_refused(run: Run, tmp_path: Path, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / "work" / "drift-audit.yaml").write_bytes(content)

    done = run("check", "--config", "drift-audit.yaml")

    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_of_usage_is_no_drift_for_detailed_exit_codes(run: Run) -> None:
    done = run("check", "--detailed-exitcode", "--config", "none.yaml")

    assert done.returncode == 1
    assert "there is no such file" in done.stderr


def test_without_any_configuration_the_next_step_is_told(run: Run) -> None:
    done = run("check")

    assert done.returncode == 2
    assert "drift-audit init" in done.stderr
