"""Git repositories of the rig."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.rig.git_repo import BOB, GitRepo, make_repo, served_by_daemon


def test_a_commit_carries_the_chosen_author_and_date(git_repo: GitRepo) -> None:
    when = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)

    commit = git_repo.commit({"fleet/one.yaml": "kind: Cluster\n"}, "Add one", author=BOB, date=when)

    shown = git_repo.git("show", "--no-patch", "--format=%H|%an|%ae|%aI|%cI|%s")
    assert (
        shown.strip()
        == f"{commit}|Bob Example|bob@example.com|{when:%Y-%m-%dT%H:%M:%S+00:00}|{when:%Y-%m-%dT%H:%M:%S+00:00}|Add one"
    )


def test_files_can_be_changed_and_removed(git_repo: GitRepo) -> None:
    git_repo.commit({"a.yaml": "a", "b.yaml": b"\xff"})

    git_repo.commit({"a.yaml": None, "c/d.yaml": "d"})

    assert git_repo.git("ls-tree", "-r", "--name-only", "HEAD").split() == ["b.yaml", "c/d.yaml"]


def test_the_same_commits_have_the_same_hashes(tmp_path: Path) -> None:
    files = {"one.yaml": "kind: Cluster\n"}

    repos = [make_repo(tmp_path / name, files) for name in ("here", "there")]

    assert repos[0].head == repos[1].head


def test_a_branch_does_not_move_main(git_repo: GitRepo) -> None:
    first = git_repo.commit({"a.yaml": "1"})

    git_repo.branch("proposal")
    git_repo.commit({"a.yaml": "2"})
    git_repo.branch("main")

    assert git_repo.head == first
    assert git_repo.git("show", "proposal:a.yaml") == "2"


def test_a_repository_can_be_cloned_over_the_network(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "served" / "fleet", {"one.yaml": "kind: Cluster\n"})

    with served_by_daemon(tmp_path / "served") as url:
        subprocess.run(["git", "clone", "--quiet", f"{url}/fleet", tmp_path / "clone"], check=True)

    assert GitRepo(tmp_path / "clone").head == repo.head
