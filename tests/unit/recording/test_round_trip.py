"""A recording gives back exactly the views that it was given."""

from __future__ import annotations

import json
import math
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drift_audit.collect.recording import Recording, read_recording, recorded_views, write_recording
from drift_audit.errors import OutputError, RecordingError
from drift_audit.model.keys import CloudScope, ClusterKey, ItemKey, ObjectKey, SetItem
from drift_audit.model.objects import Mark
from drift_audit.model.values import Json
from drift_audit.model.views import (
    CloudScopeView,
    ClusterView,
    Gap,
    GitSourceView,
    Reach,
    Rendering,
    SuspectView,
    View,
    Views,
    WorkloadView,
)
from tests.builders import capi_object, cloud_resource, declaration
from tests.unit.recording.views import any_views


def written(views: Views, path: Path, created_at: str = "2026-11-20T02:00:00Z") -> str:
    return write_recording(views, path, tool_version="0.1.0", created_at=created_at, config_digest="5d41")


def returned(views: Views, folder: Path) -> Recording:
    written(views, folder / "fleet.dar")
    return read_recording(folder / "fleet.dar")


def cluster_view(**changes: Any) -> ClusterView:
    found = [capi_object(name=f"m-{number}") for number in range(3)]
    view = ClusterView(management_cluster="prod", server_version="v1.36.0", objects={one.key: one for one in found})
    return replace(view, **changes)


def git_view(**changes: Any) -> GitSourceView:
    rendering = Rendering(revision="8c1f", renderer="plain", declarations=(declaration(**changes),))
    return GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo="https://git.example.com/fleet.git",
        ref="main",
        path=".",
        flavor="kubectl",
        applier="",
        head=rendering,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_views)
def test_what_is_read_equals_what_was_written(views: Views) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = returned(views, Path(folder))

    assert recording.views == views


def test_numbers_keep_their_type(tmp_path: Path) -> None:
    values: dict[str, Json] = {
        "int": 1,
        "float": 1.0,
        "bool": True,
        "text": "1",
        "null": None,
        "long": 2**70,
        "small": 1e-7,
    }
    machine = capi_object(spec=values)
    views = Views(git=(git_view(spec=values),), clusters=(cluster_view(objects={machine.key: machine}),))

    back = returned(views, tmp_path).views

    [cluster], [source] = back.clusters, back.git
    assert source.head is not None
    for spec in (cluster.objects[machine.key].spec, source.head.declarations[0].raw["spec"]):
        assert json.dumps(spec, sort_keys=True) == json.dumps(values, sort_keys=True)


def test_paths_with_items_and_sets_come_back_as_such(tmp_path: Path) -> None:
    path = ("spec", "a.b/c", 3, ItemKey.of({"name": "eth0"}), SetItem.of("x"))
    views = Views(git=(git_view(marks={path: Mark(4, 7)}, opaque={path: "templated"}),))

    assert returned(views, tmp_path).views == views


def test_what_only_yaml_can_say_survives(tmp_path: Path) -> None:
    views = Views(git=(git_view(spec={"limit": math.inf, "odd \ud800": "\udfff"}),))

    assert returned(views, tmp_path).views == views


def test_equal_views_have_the_same_digest_and_bytes_whatever_their_order(tmp_path: Path) -> None:
    view = cluster_view()
    turned = replace(view, objects=dict(reversed(list(view.objects.items()))))

    one = written(Views(clusters=(view,)), tmp_path / "one.dar")
    other = written(Views(clusters=(turned,)), tmp_path / "other.dar")

    assert one == other
    assert (tmp_path / "one.dar").read_bytes() == (tmp_path / "other.dar").read_bytes()


def test_the_digest_does_not_depend_on_when_it_was_written(tmp_path: Path) -> None:
    views = Views(clusters=(cluster_view(),))

    assert written(views, tmp_path / "a", "2026-01-01T00:00:00Z") == written(views, tmp_path / "b")


def test_another_value_is_another_digest(tmp_path: Path) -> None:
    assert written(Views(clusters=(cluster_view(),)), tmp_path / "a") != written(
        Views(clusters=(cluster_view(server_version="v1.36.1"),)), tmp_path / "b"
    )


def test_objects_come_back_in_the_order_of_a_live_view(tmp_path: Path) -> None:
    names = ["b", "a-1", "a", "a.x"]
    found = [capi_object(kind, name) for kind in ("MachineSet", "Machine") for name in names]
    views = Views(clusters=(cluster_view(objects={one.key: one for one in found}),))

    [back] = returned(views, tmp_path).views.clusters

    assert list(back.objects) == sorted(back.objects)


def test_the_manifest_tells_what_it_is_and_lists_every_member(tmp_path: Path) -> None:
    views = Views(git=(git_view(),), clusters=(cluster_view(),), gaps=(a_gap(),))
    digest = written(views, tmp_path / "fleet.dar")

    with zipfile.ZipFile(tmp_path / "fleet.dar") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = set(archive.namelist())

    assert manifest["format"] == "drift-audit recording"
    assert manifest["tool"] == "drift-audit 0.1.0"
    assert manifest["created_at"] == "2026-11-20T02:00:00Z"
    assert manifest["digest"] == digest
    assert "redacted" in manifest["redaction"]
    assert {member["name"] for member in manifest["members"]} | {"manifest.json"} == names
    assert "clusters/00000-prod/objects/00000-Machine.json" in names
    assert "git/00000-fleet.json" in names


def a_gap() -> Gap:
    return Gap(view=View.CLOUD, scope="aws", subject="", reason="no account", remedy="configure it")


def test_one_management_cluster_can_be_taken_out(tmp_path: Path) -> None:
    written(Views(clusters=(cluster_view(), cluster_view(management_cluster="test"))), tmp_path / "fleet.dar")

    assert [view.management_cluster for view in recorded_views(tmp_path / "fleet.dar", "test").clusters] == ["test"]
    with pytest.raises(RecordingError, match="it has prod, test"):
        recorded_views(tmp_path / "fleet.dar", "prod-eu")


def test_writing_replaces_an_older_recording(tmp_path: Path) -> None:
    (tmp_path / "fleet.dar").write_text("old")

    written(Views(), tmp_path / "fleet.dar")

    assert read_recording(tmp_path / "fleet.dar").views == Views()
    assert [path.name for path in tmp_path.iterdir()] == ["fleet.dar"]


def test_a_failed_write_leaves_the_older_recording_alone(tmp_path: Path) -> None:
    target = tmp_path / "fleet.dar"
    written(Views(), target)
    before = target.read_bytes()
    broken = Views(clusters=(cluster_view(server_version=object()),))

    with pytest.raises(TypeError):
        written(broken, target)

    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["fleet.dar"]


@pytest.mark.parametrize("place", ["absent/fleet.dar", "."])
def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path, place: str) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        written(Views(), tmp_path / place)


# Redaction


def all_text(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        pytest.param("https://bot:hunter2@git.example.com/fleet.git", "hunter2", id="password in a URL"),
        pytest.param("see https://ghp_16C7e42F292c6912E7@github.com/x", "ghp_16C7", id="token as user of a URL"),
        pytest.param('a\n-----BEGIN RSA PRIVATE KEY-----\nhunter2\n"x\\\n-----END', "hunter2", id="private key"),
    ],
)
def test_credentials_in_free_text_are_removed(tmp_path: Path, text: str, secret: str) -> None:
    machine = capi_object(metadata={"annotations": {"note": text}})
    cluster = cluster_view(objects={machine.key: machine})
    gap = replace(a_gap(), reason=text)
    cloud = CloudScopeView(
        scope=CloudScope("aws", "1", "eu"), identity=None, resources={("i", "1"): cloud_resource(tags={"t": text})}
    )

    recording = returned(
        Views(git=(git_view(spec={"x": text}),), clusters=(cluster,), clouds=(cloud,), gaps=(gap,)), tmp_path
    )

    assert secret.encode() not in all_text(tmp_path / "fleet.dar")
    assert "<redacted>" in str(recording.views.gaps)


def test_a_plain_user_in_an_ssh_address_is_no_credential(tmp_path: Path) -> None:
    views = Views(gaps=(replace(a_gap(), reason="ssh://git@git.example.com/fleet.git"),))

    assert returned(views, tmp_path).views == views


def test_secret_values_that_nobody_masked_are_removed(tmp_path: Path) -> None:
    raw: dict[str, Json] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": '{"data": "aHVudGVyMg=="}',
                "a": "kept",
            },
        },
        "data": {"password": "aHVudGVyMg==", "masked": "<masked: 7 bytes, 3f9a1c>"},
        "stringData": {"other": "aHVudGVyMg=="},
    }
    secret = replace(capi_object("Secret", "s", api_version="v1"), raw=raw)
    declared = replace(git_view(), head=Rendering(revision="1", renderer="plain", declarations=(declaration(raw=raw),)))
    views = Views(git=(declared,), clusters=(cluster_view(objects={secret.key: secret}),))

    [cluster] = returned(views, tmp_path).views.clusters

    assert b"aHVudGVy" not in all_text(tmp_path / "fleet.dar")
    back = cluster.objects[ObjectKey("", "Secret", "fleet", "s")]
    assert back.at("data", "masked") == "<masked: 7 bytes, 3f9a1c>"
    assert back.at("data", "password") == "<redacted>"
    assert back.annotations["a"] == "kept"


@given(st.text(st.sampled_from('ab:/@\\"\n -BEGINPRVATKY'), max_size=60))
def test_scrubbing_never_breaks_the_text_around_it(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine = capi_object(metadata={"annotations": {"note": text, "z": "kept"}})
        [cluster] = returned(
            Views(clusters=(cluster_view(objects={machine.key: machine}),)), Path(folder)
        ).views.clusters

    assert cluster.objects[machine.key].annotations["z"] == "kept"


def test_one_management_cluster_takes_along_what_was_looked_at_closer(tmp_path: Path) -> None:
    views = Views(
        clusters=(cluster_view(), cluster_view(management_cluster="other")),
        suspects=(SuspectView(management_cluster="prod"), SuspectView(management_cluster="other")),
        workloads=tuple(
            WorkloadView(cluster=ClusterKey(name, "fleet", "one"), reach=Reach.REACHED) for name in ("other", "prod")
        ),
    )
    written(views, tmp_path / "fleet.dar")

    found = recorded_views(tmp_path / "fleet.dar", "prod")

    assert [view.management_cluster for view in found.suspects] == ["prod"]
    assert [view.cluster.management_cluster for view in found.workloads] == ["prod"]
