"""A recording that was damaged, truncated or forged is refused in one sentence, or read as what it was."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drift_audit.collect.recording import read_recording, write_recording
from drift_audit.collect.recording.archive import content_digest, write_archive
from drift_audit.errors import RecordingError
from drift_audit.model.views import ClusterView, Gap, KindListing, View, Views
from tests.builders import capi_object

MACHINES = [capi_object(name=f"m-{number}", spec={"n": number}) for number in range(20)]
VIEWS = Views(
    clusters=(
        ClusterView(
            management_cluster="prod",
            server_version="v1.36.0",
            objects={one.key: one for one in MACHINES},
            kinds={
                ("cluster.x-k8s.io", "Machine"): KindListing(
                    group="cluster.x-k8s.io",
                    kind="Machine",
                    plural="machines",
                    version="v1beta2",
                    served=("v1beta2",),
                    namespaced=True,
                    complete=True,
                )
            },
        ),
    ),
    gaps=(Gap(view=View.CLOUD, scope="aws", subject="", reason="no account", remedy="configure it"),),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("recording") / "fleet.dar"
    write_recording(VIEWS, target, tool_version="0.1.0", created_at="2026-11-20T02:00:00Z", config_digest="")
    return target


def refused(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        read_recording(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=3))
def test_flipped_bytes_are_refused_or_harmless(whole: Path, flips: list[tuple[float, int]]) -> None:
    data = bytearray(whole.read_bytes())
    for place, mask in flips:
        data[int(place * len(data))] ^= mask
    damaged = whole.with_name("damaged.dar")
    damaged.write_bytes(data)

    try:
        views = read_recording(damaged).views
    except RecordingError:
        return

    assert views == VIEWS


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_recording_is_refused(whole: Path, share: float) -> None:
    data = whole.read_bytes()
    cut = whole.with_name("cut.dar")
    cut.write_bytes(data[: int(len(data) * share)])

    refused(cut)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "not a recording", id="empty"),
        pytest.param(b"management_clusters: []\n", "not a recording", id="a text"),
        pytest.param(b"PK\x03\x04" + b"\0" * 100, "not a recording", id="only the first bytes"),
    ],
)
def test_other_files_are_no_recordings(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    assert told in refused(path)


def test_a_recording_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "no such recording" in refused(tmp_path / "absent.dar")


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path)


def test_another_zip_archive_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "hello")

    assert "it has no manifest" in refused(path)


# Forged recordings: the digests fit, the content does not


def forged(whole: Path, target: Path, **members: Callable[[Any], Any] | None) -> Path:
    """A copy whose members (named by the last part, without `.json`) are changed, or left out for `None`."""
    with zipfile.ZipFile(whole) as archive:
        contents = {name: json.loads(archive.read(name)) for name in archive.namelist() if name != "manifest.json"}
    changed: list[tuple[str, bytes]] = []
    for name, content in contents.items():
        change = members.get(name.rpartition("/")[2].removesuffix(".json"), lambda content: content)
        if change is not None:
            changed.append((name, json.dumps(change(content)).encode()))
    write_archive(target, changed, tool="x", created_at="", config_digest="")
    return target


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"view": lambda view: {**view, "surprise": 1}}, "unknown keys: surprise", id="unknown key"),
        pytest.param({"view": lambda view: {"objects": []}}, "lacks management_cluster", id="missing key"),
        pytest.param({"view": lambda view: {**view, "server_version": 5}}, "expected text", id="wrong type"),
        pytest.param({"view": lambda view: {**view, "gaps": {}}}, "expected a list", id="object for a list"),
        pytest.param({"view": lambda view: []}, "expected a ClusterView", id="list for an object"),
        pytest.param({"view": None}, "no view.json", id="member left out"),
        pytest.param({"views": None}, "no views.json", id="top member left out"),
        pytest.param({"views": lambda gaps: [{**gaps[0], "view": "moon"}]}, "expected a View", id="unknown enum"),
    ],
)
def test_a_forged_member_is_refused(
    whole: Path, tmp_path: Path, change: dict[str, Callable[[Any], Any] | None], told: str
) -> None:
    assert told in refused(forged(whole, tmp_path / "forged.dar", **change))


def test_a_key_that_stands_twice_is_refused(whole: Path, tmp_path: Path) -> None:
    twice = {"00000-Machine": lambda pairs: [pairs[0], pairs[0]]}

    assert "a key stands twice" in refused(forged(whole, tmp_path / "forged.dar", **twice))


def test_a_missing_optional_key_takes_the_models_default(whole: Path, tmp_path: Path) -> None:
    without = {"view": lambda view: {key: value for key, value in view.items() if key != "left_out"}}

    assert read_recording(forged(whole, tmp_path / "older.dar", **without)).views == VIEWS


def test_an_unknown_member_is_refused(tmp_path: Path) -> None:
    write_archive(
        tmp_path / "x.dar", [("views.json", b"[]"), ("../evil", b"")], tool="x", created_at="", config_digest=""
    )

    assert "a member that no recording has" in refused(tmp_path / "x.dar")


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    write_archive(tmp_path / "x.dar", [("views.json", b"[" * 200_000)], tool="x", created_at="", config_digest="")

    assert "views.json is not JSON" in refused(tmp_path / "x.dar")


def rewritten_manifest(whole: Path, target: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            data = archive.read(name)
            copy.writestr(name, json.dumps(change(json.loads(data))) if name == "manifest.json" else data)
    return target


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"format": "other"}, "not a recording of drift-audit", id="other format"),
        pytest.param({"version": 2}, "in format 2; this version reads format 1", id="newer format"),
        pytest.param({"surprise": 1}, "manifest is not valid", id="unknown key"),
        pytest.param({"digest": "0" * 64}, "does not fit its list", id="wrong digest"),
        pytest.param({"members": []}, "exactly the members", id="no members"),
        pytest.param({"created_at": None}, "manifest is not valid", id="wrong type"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    whole: Path, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    path = rewritten_manifest(whole, tmp_path / "x.dar", lambda manifest: {**manifest, **change})

    assert told in refused(path)


def test_a_member_with_another_digest_is_refused(whole: Path, tmp_path: Path) -> None:
    from drift_audit.collect.recording.archive import Member

    def other_digest(manifest: dict[str, Any]) -> dict[str, Any]:
        members = [Member(**{**member, "sha256": "0" * 64}) for member in manifest["members"]]
        listed = [{"name": one.name, "sha256": one.sha256, "size": one.size} for one in members]
        return {**manifest, "members": listed, "digest": content_digest(members)}

    assert "does not have the digest" in refused(rewritten_manifest(whole, tmp_path / "x.dar", other_digest))


def test_a_member_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    write_archive(
        tmp_path / "bomb.dar",
        [("views.json", b"[" + b" " * (64 << 20) + b"]")],
        tool="x",
        created_at="",
        config_digest="",
    )

    assert "made to fill the memory" in refused(tmp_path / "bomb.dar")


def test_the_views_of_these_tests_are_not_trivial(whole: Path) -> None:
    assert read_recording(whole).views == VIEWS
    assert replace(VIEWS, gaps=()) != VIEWS
