"""A user's mistake is a text with a remedy and exit code 2; it never is a traceback, and never looks like drift."""

from __future__ import annotations

import json
import os
import shlex
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
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://prod.example"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "prod-admin", "context": {"cluster": "c", "user": "u"}}],
    }
    (program.folder / "kubeconfig").write_text(json.dumps(kubeconfig))

    done = program("validate", KUBECONFIG="kubeconfig")

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
    assert told.splitlines()[-1].endswith(
        "before the end: there is no result (a file that is there is whole, perhaps an older one)"
    )


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


@pytest.mark.parametrize("written", ["0", "-5", "soon", "1d", "m", "1h-5m", ""])
def test_a_timeout_that_is_no_duration_is_a_mistake(program: Program, written: str) -> None:
    done = program("check", "--timeout", written)

    assert done.returncode == 2
    assert "is not a duration such as 90s, 10m or 1h30m" in done.stderr


@pytest.mark.parametrize("verb", ["validate", "check"])
def test_the_rows_of_a_field_map_are_checked_before_anything_is_read(program: Program, verb: str) -> None:
    (program.folder / "drift-audit.yaml").write_text(CONFIG + "field_maps: [rows.yaml]\n")
    (program.folder / "rows.yaml").write_text("rows:\n- id: x\n  kind: Foo\n- id: y\n  kind: AWSMachin\n")

    done = program(verb)

    assert done.returncode == 2
    assert "rows.yaml:3: no provider has objects of the kind 'Foo'" in done.stderr
    assert "rows.yaml:5: y: nothing is compared of the kind 'AWSMachin' (did you mean 'AWSMachine'?)" in done.stderr
    assert "cannot be reached" not in done.stderr


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {token: secret-of-the-test}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
"""
TWO_CLUSTERS = """\
management_clusters:
  - {name: lost, kubeconfig: none.yaml, context: x}
  - {name: known, kubeconfig: here.yaml, context: x}
"""


def test_one_missing_kubeconfig_is_a_gap_and_the_other_clusters_are_read(program: Program) -> None:
    (program.folder / "drift-audit.yaml").write_text(TWO_CLUSTERS)
    (program.folder / "here.yaml").write_text(KUBECONFIG)

    done = program("doctor")

    assert "  NO     lost" in done.stdout
    assert "there is no such kubeconfig: " in done.stdout
    assert "  NO     known" in done.stdout and "GET /version: the connection was refused" in done.stdout
    assert "mistake" not in done.stderr


def test_validate_names_a_kubeconfig_that_is_not_here(program: Program) -> None:
    (program.folder / "drift-audit.yaml").write_text(TWO_CLUSTERS)
    (program.folder / "here.yaml").write_text(KUBECONFIG)

    done = program("validate")

    assert done.returncode == 0
    assert "management cluster 'lost' cannot be audited from here: " in done.stderr
    assert "'known'" not in done.stderr


def test_no_kubeconfig_at_all_is_the_users_mistake_of_all_clusters(program: Program) -> None:
    (program.folder / "drift-audit.yaml").write_text(TWO_CLUSTERS)

    done = program("check")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "none.yaml: there is no such kubeconfig" in done.stderr
    assert "here.yaml: there is no such kubeconfig" in done.stderr
    assert "drift-audit: 2 mistakes in the configuration" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("check", "-o", "html=none/x.html", "-o", "json=none/x.json"), ("record", "-o", "none/x.dar")],
)
def test_a_file_that_cannot_be_written_is_told_before_the_fleet_is_read(
    program: Program, arguments: tuple[str, ...]
) -> None:
    (program.folder / "drift-audit.yaml").write_text(
        "management_clusters: [{name: known, kubeconfig: here.yaml, context: x}]\n"
    )
    (program.folder / "here.yaml").write_text(KUBECONFIG)

    done = program(*arguments)

    assert done.returncode == 2
    assert "cannot write none/x." in done.stderr
    assert done.stderr.count("No such file or directory") == len(arguments[2::2])
    assert "reading the management cluster" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_report_in_a_pipe_is_utf_8_whatever_the_locale(program: Program, encoding: str) -> None:
    (program.folder / "drift-audit.yaml").write_text(TWO_CLUSTERS)
    (program.folder / "here.yaml").write_text(KUBECONFIG)

    done = program("check", "-q", PYTHONIOENCODING=encoding)

    assert "defect" not in done.stderr
    assert "→" in done.stdout


@pytest.mark.parametrize(("closed", "told"), [(">&-", "cannot write standard output: it is closed"), ("2>&-", "")])
def test_a_stream_that_is_closed_is_no_defect(program: Program, closed: str, told: str) -> None:
    (program.folder / "drift-audit.yaml").write_text(CONFIG)
    command = shlex.join(program.command("schema"))

    done = subprocess.run(
        f"{command} {closed}",
        shell=True,
        cwd=program.folder,
        env=dict(program.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == (2 if told else 0)
    assert told in done.stderr
    assert "defect" not in done.stderr
