"""The README shows what the program prints of the demo's fleet, line by line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RECORDING = "drift_audit/demo/fleet.dar"


def shown() -> list[list[str]]:
    """The blocks of output in the README."""
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```text\n")[1:]
    return [block.partition("```")[0].splitlines() for block in blocks]


def printed(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "drift_audit.cli", *arguments, "--from", RECORDING, "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


def test_the_first_causes_of_the_demo_are_shown_as_they_are() -> None:
    first, lines = shown()[0], printed("check")

    result = first.pop()
    assert [line for line in first if line != "…" and line not in lines] == []
    assert all(part in lines[-1] for part in result.split(" … "))


@pytest.mark.parametrize(("block", "arguments"), [(1, ("tree", "prod/web")), (2, ("orphans",))])
def test_a_table_is_shown_whole(block: int, arguments: tuple[str, ...]) -> None:
    assert shown()[block] == printed(*arguments)
