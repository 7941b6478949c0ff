"""The program as a user starts it: another process, with the project's own plug-ins installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.cli.installed import ROOT, install_ourselves

HEARING_SIGNALS = ("env", "--default-signal=INT,TERM")
"""A shell that runs the tests in the background has every program below it ignore Ctrl-C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Starts `drift-audit` in its own folder."""

    folder: Path
    site: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Left running, for a signal. Whoever interrupts a program between two steps leaves files unclosed."""
        return subprocess.Popen(
            [*HEARING_SIGNALS, *self.command(*arguments)],
            cwd=self.folder,
            env={**self.environ, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "drift_audit.cli", *arguments]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    folder, site = tmp_path / "work", install_ourselves(tmp_path / "site")
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    path = os.pathsep.join(map(str, (site, ROOT, ROOT / "providers", ROOT / "reports")))
    own = {"PYTHONPATH": path, "PYTHONWARNINGS": "error", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    yield Program(folder=folder, site=site, environ={**kept, **own})
