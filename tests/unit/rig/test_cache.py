"""The rig's cache under many callers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.rig.build import KUBECTL, api_server_programs
from tests.rig.cache import MissingPart, cached, digest_of


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFT_AUDIT_RIG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_callers_that_race_make_the_thing_once(own_cache: Path) -> None:
    made: list[int] = []
    all_here = threading.Barrier(8, timeout=30)

    def ask(_: int) -> Path:
        all_here.wait()
        return cached("part", "0" * 16, make)

    def make(target: Path) -> None:
        made.append(1)
        target.write_text("done")

    with ThreadPoolExecutor(8) as callers:
        paths = set(callers.map(ask, range(8)))

    assert len(made) == 1
    assert [path.read_text() for path in paths] == ["done"]


def test_what_failed_half_way_is_not_kept(own_cache: Path) -> None:
    def fail(target: Path) -> None:
        target.write_text("half")
        raise MissingPart("no Go here")

    with pytest.raises(MissingPart):
        cached("part", "0" * 16, fail)

    assert [path.name for path in own_cache.iterdir()] == ["locks"]


def test_the_key_changes_with_every_part_and_its_place() -> None:
    keys = {digest_of(*parts) for parts in (["ab", "c"], ["a", "bc"], ["c", "ab"], ["abc"], [])}

    assert len(keys) == 5


def test_a_folder_of_assets_without_programs_is_a_missing_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    with pytest.raises(MissingPart, match="kube-apiserver is not a program"):
        api_server_programs()


def test_every_pinned_program_has_its_module_beside_it() -> None:
    assert (KUBECTL.module / "go.sum").is_file()
