"""What earlier audits saw, in a file: whatever is wrong with it is a warning and no more."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from drift_audit.collect.health_history import FileHistory, history_of
from drift_audit.config.settings import Config, ManagementClusterSettings
from drift_audit.interfaces import HealthHistory
from drift_audit.model.history import NOTHING, ConditionSeen, FindingSeen, Past
from drift_audit.model.keys import ObjectKey

PAST = Past(
    conditions=(
        ConditionSeen(
            management_cluster="prod",
            object=ObjectKey("cluster.x-k8s.io", "Machine", "fleet", "one\ud800\n2"),
            uid="u",
            type="NodeReady",
            status="False",
            since="2026-11-20T11:00:00Z",
            first="2026-11-20T10:00:00Z",
            turns=("2026-11-20T11:00:00Z", "2026-11-20T11:00:00Z"),
            last="2026-11-20T11:01:00Z",
        ),
    ),
    findings=(FindingSeen("a", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"),),
)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    history = FileHistory(tmp_path / "deep" / "down" / "h.jsonl")

    history.keep(PAST)

    assert history.recall() == PAST
    assert isinstance(history, HealthHistory)
    assert [path.name for path in history.path.parent.iterdir()] == ["h.jsonl"]


def test_the_first_audit_remembers_nothing_and_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert FileHistory(tmp_path / "h.jsonl").recall() == NOTHING
    assert caplog.records == []


HEAD = b'{"drift-audit health history":1}\n'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b'{"drift-audit health history":2}\n', id="another version"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(HEAD + b'{"finding":["a","b"]}\n', id="a finding that is too short"),
        pytest.param(HEAD + b'{"condition":[1],"turns":[]}\n', id="a condition that is none"),
        pytest.param(HEAD + b"null\n3\n", id="other things"),
    ],
)
def test_a_damaged_file_is_a_warning(content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(content)

    assert FileHistory(path).recall() == NOTHING
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_damaged_line_costs_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    history = FileHistory(tmp_path / "h.jsonl")
    history.keep(PAST)
    history.path.write_text(history.path.read_text() + '{"finding":["b","2026')

    assert history.recall() == PAST
    assert "1 lines" in caplog.text


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "h.jsonl"
    with path.open("wb") as file:
        file.truncate(40 * 1024 * 1024)

    assert FileHistory(path).recall() == NOTHING
    assert "too large" in caplog.text


def test_a_place_that_cannot_be_written_or_read_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    folder = tmp_path / "folder"
    folder.mkdir()

    FileHistory(blocked / "h.jsonl").keep(PAST)
    FileHistory(folder).keep(PAST)

    assert FileHistory(folder).recall() == NOTHING
    assert len(caplog.records) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_each_fleet_has_its_own_file_below_the_cache_folder(tmp_path: Path) -> None:
    def path_of(*names: str) -> Path:
        clusters = tuple(ManagementClusterSettings(name=name) for name in names)
        return history_of(Config(management_clusters=clusters, cache_dir=str(tmp_path))).path

    assert path_of("a", "b") == path_of("b", "a")
    assert path_of("a") != path_of("b")
    assert path_of("a").is_relative_to(tmp_path)


def test_the_file_holds_names_and_times_and_nothing_that_was_said(tmp_path: Path) -> None:
    history = FileHistory(tmp_path / "h.jsonl")
    history.keep(PAST)

    told = [json.loads(line) for line in history.path.read_text().splitlines()]

    assert [sorted(line) for line in told[1:]] == [["condition", "turns"], ["finding"]]
