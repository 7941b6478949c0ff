"""A user's mistake is a text with a remedy and exit code 2; it never is a traceback, and never looks like drift."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Program
from tests.unit.cli.installed import install

CONFIG = "management_clusters:\n  - {name: prod, context: prod-admin}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("chek",), "No such command 'chek'"),
        (("check", "--contxt", "x"), "--contxt"),
        (("check",), "there is no drift-audit.yaml here"),
        (("record", "-o", "x.dar"), "there is no drift-audit.yaml here"),
        (("explain", "Machine/a/b"), "there is no drift-audit.yaml here"),
        (("validate",), "drift-audit.yaml: there is no such file"),
        (("check", "--config", "none.yaml"), "none.yaml: there is no such file (`drift-audit init` writes one"),
        (("check", "--config", "."), "is a directory"),
        (("check", "-o", "console", "-o", "json=-"), "two outputs go to standard output"),
        (("check", "-o", "json=a", "-o", "markdown=./a"), "two outputs go to "),
        (("check", "-o", "json="), "-o json=: expected FORMAT or FORMAT=PATH"),
        (("check", "-n", "a", "-A", "--context", "x"), "-n and -A contradict each other"),
        (("check", "--from", "a.dar", "-n", "x"), "a recording is judged whole"),
        (("check", "--fail-on", "dire"), "'dire' is not one of"),
        (("record",), "Missing option '--output'"),
        (("explain", "Machine"), "'Machine' is not KIND/NAMESPACE/NAME"),
        (("explain", "a//b"), "'a//b' is not KIND/NAMESPACE/NAME"),
    ],
)
def test_a_usage_error_says_what_is_wrong(program: Program, arguments: tuple[str, ...], told: str) -> None:
    done = program(*arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_every_mistake_of_a_configuration_is_on_a_line_of_its_own(program: Program) -> None:
    (program.folder / "drift-audit.yaml").write_text(CONFIG + "fail_onn: low\nclouds:\n  asw: {}\noutputs: 3\n")

    done = program("check")

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "drift-audit.yaml:3: unknown key 'fail_onn' (did you mean 'fail_on'?)",
        "drift-audit.yaml:5: no provider is called 'asw' (did you mean 'aws'?)",
        "drift-audit.yaml:6: 'outputs' must be a list",
        "drift-audit: 3 mistakes in the configuration",
    ]


@pytest.mark.parametrize(
    "arguments", [("check", "--config", "none.yaml"), ("check", "--from", "none.dar", "-A"), ("check", "--nope")]
)
def test_with_terraforms_codes_an_error_is_1_and_never_2(program: Program, arguments: tuple[str, ...]) -> None:
    assert program(*arguments, "--detailed-exitcode").returncode == 1


def test_an_unknown_context_of_a_configuration_is_refused(program: Program) -> None:
    (program.folder / "drift-audit.yaml").write_text(CONFIG)

    done = program("check", "--context", "prd")

    assert done.returncode == 2
    assert "no configured management cluster is called 'prd' (did you mean 'prod'?)" in done.stderr


def test_an_unknown_report_format_costs_no_audit(program: Program) -> None:
    (program.folder / "drift-audit.yaml").write_text(CONFIG)

    done = program("check", "-o", "pdf")

    assert done.returncode == 2
    assert "no report format is called 'pdf'" in done.stderr


def test_the_environment_can_name_the_configuration(program: Program) -> None:
    (program.folder / "other.yaml").write_text(CONFIG)

    assert program("validate", DRIFT_AUDIT_CONFIG="other.yaml").stdout.startswith("other.yaml: valid")


def test_validate_counts_what_it_read(program: Program) -> None:
    (program.folder / "drift-audit.yaml").write_text(CONFIG)

    done = program("validate")

    assert done.returncode == 0
    assert (
        done.stdout == "drift-audit.yaml: valid (1 management cluster, 0 Git sources, 0 clouds, 0 suppression rules)\n"
    )
    assert done.stderr == ""


def test_validate_tells_of_an_expired_rule_and_passes(program: Program) -> None:
    rule = "{name: old, owner: team-a, reason: r, expires: 2020-01-31, match: {kind: Machine}}"
    (program.folder / "drift-audit.yaml").write_text(CONFIG + f"suppressions: [{rule}]\n")

    done = program("validate")

    assert done.returncode == 0
    assert "suppression rule 'old' of team-a expired on 2020-01-31" in done.stderr


def test_control_characters_in_a_message_do_not_reach_the_terminal(program: Program) -> None:
    done = program("check", "--config", "\x1b[31mred\u202e.yaml")

    assert "\x1b" not in done.stderr
    assert r"\x1b[31mred\u202e.yaml: there is no such file" in done.stderr


def test_a_defect_keeps_its_traceback_and_is_no_finding(program: Program) -> None:
    source = """
        class Json:
            name = "json"
            def render(self, result, options): ...
            def schema(self): return 1 / 0
    """
    install(program.site, "drift-audit", {"drift_audit.reports": {"json": "acme:Json"}}, modules={"acme": source})

    done = program("schema")

    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr
    assert "this is a defect of drift-audit" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_code(program: Program, number: signal.Signals, code: int) -> None:
    pipe = program.folder / "never-ending.yaml"
    os.mkfifo(pipe)
    with program.start("validate", "--config", str(pipe)) as running:
        writer = connected_writer(pipe, running)

        running.send_signal(number)
        _, told = running.communicate(timeout=30)
        os.close(writer)

    assert running.returncode == code
    assert "Traceback" not in told


def connected_writer(pipe: Path, running: subprocess.Popen[str]) -> int:
    """The writing end, as soon as the process reads from the pipe: without a reader it cannot be opened."""
    deadline = time.monotonic() + 30
    while running.poll() is None and time.monotonic() < deadline:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.02)
    running.kill()
    raise AssertionError("the program never opened its configuration")


@pytest.mark.parametrize("arguments", [("schema",), ("check", "--help")])
def test_a_reader_that_went_away_is_no_error(program: Program, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        program.command(*arguments),
        cwd=program.folder,
        env=dict(program.environ),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert done.stderr == ""
    assert done.returncode != 1
