"""`--help` answers at once, because nothing heavy is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from drift_audit.cli import program as command_line
from tests.unit.cli.conftest import Program

HEAVY = (
    "boto3",
    "botocore",
    "google",
    "requests",
    "kubernetes",
    "pydantic",
    "rich",
    "deepdiff",
    "git",
    "yaml",
    "msgspec",
    "urllib3",
    "jinja2",
)

LIST_IMPORTS = """
import sys
from drift_audit.cli import main
code = main(sys.argv[1:])
print("imported:", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments", [("--help",), ("check", "--help"), ("explain", "-h"), ("tree", "-h"), ("--version",)]
)
def test_help_imports_nothing_heavy(program: Program, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIST_IMPORTS, *arguments],
        env=dict(program.environ),
        capture_output=True,
        text=True,
        check=True,
    )

    imported = done.stdout.rpartition("imported:")[2].split()
    assert "click" in imported
    assert not set(HEAVY) & set(imported)


def test_help_lists_every_verb_with_one_line(program: Program) -> None:
    told = program("--help")

    assert told.returncode == 0
    for name, verb in command_line.commands.items():
        assert verb.short_help is not None
        assert f"  {name} " in told.stdout
        assert verb.short_help in told.stdout


@pytest.mark.parametrize("verb", sorted(command_line.commands))
def test_every_verb_explains_itself(program: Program, verb: str) -> None:
    told = program(verb, "--help")

    assert told.returncode == 0
    assert told.stdout.startswith(f"Usage: drift-audit {verb}")
    assert told.stderr == ""


def test_the_version_is_told(program: Program) -> None:
    assert program("--version").stdout.startswith("drift-audit 0.")
