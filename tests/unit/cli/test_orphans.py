"""`orphans` as a user starts it: formats and exit codes, and no green where something was not read."""

from __future__ import annotations

import csv
import io
import json
import re

from tests.unit.cli.conftest import Program
from tests.unit.cli.installed import ROOT
from tests.unit.cli.test_check import UNREAD, record

DEMO = str(ROOT / "drift_audit" / "demo" / "fleet.dar")


def test_the_orphan_of_the_demo_is_listed_with_its_age_and_what_to_do(program: Program) -> None:
    done = program("orphans", "--from", DEMO)

    assert (done.returncode, done.stderr) == (1, "")
    assert "claim cluster prod-eu/prod/search" in done.stdout
    assert re.search(r"^■ instance +i-[0-9a-f]+ +\d+[smhd]\S* +high ", done.stdout, re.MULTILINE)
    assert "aws ec2 terminate-instances" in done.stdout
    assert "aws/210987654321/us-east-1" in done.stdout


def test_the_exit_code_is_that_of_the_orphans_alone(program: Program) -> None:
    complete = json.loads(program("orphans", "--from", DEMO, "-o", "json").stdout)["complete"]

    assert program("orphans", "--from", DEMO).returncode == 1
    assert program("orphans", "--from", DEMO, "--detailed-exitcode").returncode == 2
    assert program("orphans", "--from", DEMO, "--fail-on", "critical").returncode == (0 if complete else 3)


def test_json_and_csv_hold_the_same_orphan(program: Program) -> None:
    document = json.loads(program("orphans", "--from", DEMO, "-o", "json").stdout)
    lines = list(csv.DictReader(io.StringIO(program("orphans", "--from", DEMO, "-o", "csv").stdout)))

    listed = [(orphan["id"], orphan["created_at"]) for orphan in document["orphans"]]
    assert listed == [(line["id"], line["created_at"]) for line in lines if line["state"] == "orphan"]
    assert len(document["not_judged"]) == sum(line["state"] == "not judged" for line in lines)
    assert listed


def test_an_audit_that_read_no_cloud_is_no_green(program: Program) -> None:
    done = program("orphans", "--from", str(record(program)))

    assert done.returncode == 3
    assert "no cloud scope was read" in done.stdout


def test_nothing_left_over_and_something_unread_is_incomplete(program: Program) -> None:
    done = program("orphans", "--from", str(record(program, UNREAD)))

    assert done.returncode == 3
    assert "no account is configured" in done.stdout
