"""How long a change waits is told by the commit that brought it, not by whatever was committed last."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drift_audit.collect.git import collect_history, collect_revision
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import GitSource
from drift_audit.model.views import Rendering
from tests.unit.collect_git.reading import CLUSTER, Place, cluster, named, place_with

PATCH = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: blue, namespace: fleet}
spec: {paused: true}
"""
OVERLAY = {
    "base/kustomization.yaml": "resources: [blue.yaml, red.yaml]\n",
    "base/blue.yaml": CLUSTER,
    "base/red.yaml": cluster("red"),
    "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: pause.yaml}]\n",
    "prod/pause.yaml": PATCH,
}


def day(number: int) -> str:
    return f"2026-02-{number:02}T09:00:00Z"


def commit(place: Place, number: int, files: Mapping[str, str | bytes | None]) -> str:
    return place.repo.commit(files, date=datetime(2026, 2, number, 9, tzinfo=UTC))


def history(place: Place, applied: str = "", path: str = "") -> Rendering:
    source = GitSource(name="fleet", url="repo", path=path)
    where = {"cache_dir": place.folder / "cache", "base_dir": place.folder}
    head = place.head(path=path)
    if not applied:
        return collect_history(source, head, None, **where)
    before = collect_revision(source, applied, masker=Masker("test"), progress=place.said.append, **where)
    assert isinstance(before, Rendering)
    return collect_history(source, head, before, **where)


def age(rendering: Rendering, name: str = "blue") -> str:
    return rendering.changed(named(rendering, name))


def test_an_unrelated_commit_does_not_make_a_waiting_change_young_again(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    applied = place.repo.head
    commit(place, 2, {"a.yaml": CLUSTER.replace("false", "true")})
    commit(place, 9, {"README.md": "unrelated"})

    assert age(history(place, applied)) == day(2)
    assert age(history(place)) == day(2)


def test_a_file_waits_since_its_first_change_after_the_applied_revision(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    applied = place.repo.head
    commit(place, 2, {"a.yaml": CLUSTER.replace("false", "true")})
    commit(place, 5, {"a.yaml": CLUSTER.replace("10.0.0.0", "10.9.0.0")})

    assert age(history(place, applied)) == day(2)
    assert age(history(place)) == day(5)


def test_a_removed_file_waits_since_the_commit_that_removed_it(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER, "b.yaml": cluster("red")})
    applied = place.repo.head
    commit(place, 2, {"a.yaml": CLUSTER.replace("false", "true")})
    commit(place, 4, {"a.yaml": None})
    commit(place, 9, {"README.md": "unrelated"})

    assert history(place, applied).changed_at["a.yaml"] == day(4)


def test_a_file_that_came_back_is_not_taken_for_removed(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    applied = place.repo.head
    commit(place, 2, {"a.yaml": None, "c.yaml": cluster("green")})
    commit(place, 4, {"a.yaml": CLUSTER})

    assert age(history(place, applied)) == day(2)


def test_what_a_merge_brought_waits_since_the_merge(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    applied = place.repo.head
    trunk = place.repo.git("branch", "--show-current").strip()
    place.repo.branch("topic")
    commit(place, 2, {"a.yaml": CLUSTER.replace("false", "true")})
    place.repo.branch(trunk)
    commit(place, 5, {"README.md": "unrelated"})
    signature = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), day(7))
    place.repo.git("merge", "--quiet", "--no-ff", "-m", "Merge", "topic", environment=signature | dates)

    assert age(history(place, applied)) == day(7)
    assert age(history(place)) == day(7)


@pytest.mark.parametrize("name", ["ü b.yaml", 'quo"te.yaml', "two\nlines.yaml"])
def test_odd_file_names_have_an_age_too(tmp_path: Path, name: str) -> None:
    place = place_with(tmp_path, {"README.md": ""})
    commit(place, 3, {name: CLUSTER})
    commit(place, 9, {"README.md": "unrelated"})

    assert age(history(place)) == day(3)


def test_a_rendered_object_is_as_young_as_the_newest_file_that_contributes(tmp_path: Path) -> None:
    place = place_with(tmp_path, OVERLAY)
    applied = place.repo.head
    commit(place, 2, {"base/red.yaml": cluster("red").replace("false", "true")})
    commit(place, 3, {"prod/pause.yaml": PATCH + "# why\n"})
    commit(place, 9, {"base/README.md": "unrelated", "other/kustomization.yaml": "resources: []\n"})

    for since in (applied, ""):
        head = history(place, since, path="prod")

        assert (age(head, "blue"), age(head, "red")) == (day(3), day(2))


def test_a_change_of_the_kustomization_is_a_change_of_all_that_it_renders(tmp_path: Path) -> None:
    place = place_with(tmp_path, OVERLAY)
    applied = place.repo.head
    commit(place, 3, {"prod/kustomization.yaml": OVERLAY["prod/kustomization.yaml"] + "commonAnnotations: {a: b}\n"})
    commit(place, 9, {"README.md": "unrelated"})

    for since in (applied, ""):
        head = history(place, since, path="prod")

        assert (age(head, "blue"), age(head, "red")) == (day(3), day(3))


def test_without_a_history_the_time_of_the_head_counts(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    commit(place, 5, {"README.md": "unrelated"})
    gone = GitSource(name="fleet", url="gone")

    head = collect_history(gone, place.head(), None, cache_dir=tmp_path / "cache", base_dir=tmp_path)

    assert age(head) == day(5)


def test_files_older_than_all_that_is_read_are_at_least_that_old(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    stream = "".join(
        f"commit refs/heads/long\ncommitter x <x@example.com> {1770000000 + number} +0000\ndata 1\nx\n"
        + (f"from {place.repo.head}\n" if not number else "")
        for number in range(2100)
    )

    subprocess.run(["git", "-C", str(place.repo.path), "fast-import", "--quiet"], input=stream.encode(), check=True)
    source = GitSource(name="fleet", url="repo", ref="long")

    head = collect_history(source, place.head(ref="long"), None, cache_dir=tmp_path / "cache", base_dir=tmp_path)

    assert head.committed_at == "2026-02-02T03:14:59Z"
    assert age(head) == "2026-02-02T02:41:40Z"


def test_a_history_and_its_recording_are_the_same_at_every_run(tmp_path: Path) -> None:
    place = place_with(tmp_path, {f"{name}.yaml": cluster(name) for name in ("red", "blue", "green")})

    changed_at = history(place).changed_at

    assert list(changed_at) == ["blue.yaml", "green.yaml", "red.yaml"]
