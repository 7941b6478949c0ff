"""`check` and `explain` on recordings: what is printed where, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drift_audit.collect.recording import write_recording
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject
from drift_audit.model.views import ClusterView, Gap, GitSourceView, KindListing, Rendering, View, Views
from tests.builders import capi_object, declaration
from tests.unit.cli.conftest import Program

MADE_AT = "2026-11-20T02:00:00Z"
UNREAD = Gap(view=View.CLOUD, scope="aws/1/eu-west-1", subject="", reason="no account is configured", remedy="name it")
SUPPRESSION = """\
management_clusters: [{name: prod}]
suppressions:
  - {name: known, owner: team-a, reason: on purpose, expires: 2026-12-31, match: {path: spec.paused}}
outputs: [{format: json, path: out.json}]
"""


def cluster(*, paused: bool) -> CapiObject:
    """A Cluster whose `paused` was set by a person some hours before the audit."""
    entry: JsonObject = {
        "manager": "kubectl-edit",
        "operation": "Update",
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "time": "2026-11-19T20:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:paused": {}}},
    }
    return capi_object("Cluster", "eu-1", metadata={"managedFields": [entry]}, spec={"paused": paused})


def record(program: Program, *gaps: Gap, paused: bool = False) -> Path:
    """A recording of one Cluster, which Git declares not to be paused."""
    live = cluster(paused=paused)
    listing = KindListing(
        group=live.key.group,
        kind="Cluster",
        plural="clusters",
        version="v1beta2",
        served=("v1beta2",),
        namespaced=True,
        complete=True,
    )
    view = ClusterView(
        management_cluster="prod",
        server_version="v1.33.0",
        objects={live.key: live},
        kinds={(listing.group, listing.kind): listing},
        reread=frozenset({live.key}),
        read_at=MADE_AT,
    )
    declared = declaration("Cluster", "eu-1", spec={"paused": False})
    source = GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo="https://git.example.com/fleet.git",
        ref="main",
        path=".",
        flavor="kustomize",
        applier="",
        head=Rendering(revision="0" * 40, renderer="plain", declarations=(declared,)),
    )
    path = program.folder / "fleet.dar"
    views = Views(git=(source,), clusters=(view,), gaps=gaps)
    write_recording(views, path, tool_version="test", created_at=MADE_AT, config_digest="")
    return path


@pytest.mark.parametrize(
    ("paused", "gaps", "flags", "code"),
    [
        (False, (), (), 0),
        (True, (), (), 1),
        (True, (), ("--fail-on", "critical"), 0),
        (False, (UNREAD,), (), 3),
        (True, (UNREAD,), (), 1),
        (False, (), ("--detailed-exitcode",), 0),
        (True, (), ("--detailed-exitcode",), 2),
        (False, (UNREAD,), ("--detailed-exitcode",), 1),
    ],
)
def test_the_exit_code_tells_drift_from_incompleteness(
    program: Program, paused: bool, gaps: tuple[Gap, ...], flags: tuple[str, ...], code: int
) -> None:
    record(program, *gaps, paused=paused)

    done = program("check", "--from", "fleet.dar", *flags)

    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr == ""


def test_the_report_goes_to_standard_output_and_ends_with_its_result_line(program: Program) -> None:
    record(program, paused=True)

    done = program("check", "--from", "fleet.dar")

    assert "spec.paused" in done.stdout
    assert "\x1b" not in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("result: drift")]


def test_every_output_is_written_and_the_dash_means_standard_output(program: Program) -> None:
    record(program, paused=True)

    done = program("check", "--from", "fleet.dar", "-o", "md=report.md", "-o", "json=-", "-o", "console=report.txt")

    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "drift"
    assert "spec.paused" in (program.folder / "report.md").read_text()
    assert "result: drift" in (program.folder / "report.txt").read_text()


def test_an_output_that_cannot_be_written_fails_the_run_and_not_the_others(program: Program) -> None:
    record(program, paused=False)

    done = program("check", "--from", "fleet.dar", "-o", "json=/dev/full", "-o", "console", "-o", "md=report.md")

    assert done.returncode == 2
    assert "cannot write /dev/full: No space left on device" in done.stderr
    assert "result: in_sync" in done.stdout
    assert (program.folder / "report.md").exists()


def test_a_recording_takes_thresholds_and_suppressions_only_from_a_configuration_that_is_named(
    program: Program,
) -> None:
    record(program, paused=True)
    (program.folder / "drift-audit.yaml").write_text(SUPPRESSION)

    without = program("check", "--from", "fleet.dar", DRIFT_AUDIT_CONFIG="drift-audit.yaml")
    named = program("check", "--from", "fleet.dar", "--config", "drift-audit.yaml")

    assert without.returncode == 1
    assert named.returncode == 0
    told = json.loads((program.folder / "out.json").read_text())
    assert {finding["suppressed"]["rule"] for finding in told["findings"]} == {"known"}


def test_a_recording_is_judged_as_of_its_own_day(program: Program) -> None:
    record(program, paused=True)

    told = [json.loads(program("check", "--from", "fleet.dar", "-o", "json").stdout) for _ in range(2)]

    assert told[0]["run"]["finished_at"] == MADE_AT
    assert told[0]["findings"] == told[1]["findings"]


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and then nothing"])
def test_what_is_no_recording_could_not_be_audited(program: Program, content: bytes | None) -> None:
    if content is not None:
        (program.folder / "bad.dar").write_bytes(content)

    done = program("check", "--from", "bad.dar")

    assert done.returncode == 2
    assert done.stderr.startswith("drift-audit: bad.dar: ")
    assert "Traceback" not in done.stderr


def test_a_cut_recording_is_refused(program: Program) -> None:
    path = record(program)
    path.write_bytes(path.read_bytes()[:-100])

    assert program("check", "--from", "fleet.dar").returncode == 2


def test_a_configured_recording_stands_for_its_management_cluster(program: Program) -> None:
    record(program, paused=True)
    (program.folder / "drift-audit.yaml").write_text("management_clusters: [{name: prod, recording: fleet.dar}]\n")

    done = program("check")

    assert done.returncode == 1, done.stderr
    assert "spec.paused" in done.stdout


def test_a_finding_keeps_the_moment_at_which_an_audit_saw_it_first(program: Program) -> None:
    record(program, paused=True)
    (program.folder / "drift-audit.yaml").write_text("management_clusters: [{name: prod, recording: fleet.dar}]\n")

    told = [json.loads(program("check", "-o", "json").stdout) for _ in range(2)]
    replayed = json.loads(program("check", "--from", "fleet.dar", "-o", "json").stdout)

    first = [[finding["first_seen"] for finding in each["findings"]] for each in told]
    assert first[0] == first[1] and all(first[0])
    assert first[0][0] <= told[0]["run"]["finished_at"] <= told[1]["run"]["started_at"]
    assert {finding["first_seen"] for finding in replayed["findings"]} == {""}


def test_a_cache_that_cannot_be_written_is_a_warning(program: Program) -> None:
    record(program, paused=True)
    (program.folder / "drift-audit.yaml").write_text("management_clusters: [{name: prod, recording: fleet.dar}]\n")
    (program.folder / "blocked").write_text("")

    done = program("check", XDG_CACHE_HOME=str(program.folder / "blocked"))

    assert done.returncode == 1
    assert "cannot be kept" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_recording_can_be_recorded_again_from_a_configuration(program: Program) -> None:
    record(program, paused=True)
    (program.folder / "drift-audit.yaml").write_text("management_clusters: [{name: prod, recording: fleet.dar}]\n")

    done = program("record", "-o", "again.dar")

    assert done.returncode == 0, done.stderr
    assert "recorded again.dar" in done.stderr
    assert done.stdout == ""
    assert program("check", "--from", "again.dar").returncode == 1


def test_a_missing_kubeconfig_could_not_be_audited(program: Program) -> None:
    done = program("check", "--context", "prod", "--kubeconfig", "none")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "none" in done.stderr
    assert "Traceback" not in done.stderr


def test_explain_tells_of_one_object(program: Program) -> None:
    record(program, paused=True)

    done = program("explain", "Cluster/fleet/eu-1", "--from", "fleet.dar")

    assert done.returncode == 0
    assert "Cluster/fleet/eu-1" in done.stdout


def test_explain_says_when_there_is_no_such_object(program: Program) -> None:
    record(program)

    done = program("explain", "Cluster/fleet/eu-2", "--from", "fleet.dar")

    assert done.returncode == 2
    assert "eu-2" in done.stderr
