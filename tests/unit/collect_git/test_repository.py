"""Repositories on disk and over the network: what is read, and what never happens to them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from drift_audit.collect.git import collect_authors, collect_revision
from drift_audit.collect.git.remotes import parse_remote, without_credentials
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import GitSource
from drift_audit.model.findings import DeclaredAt
from drift_audit.model.views import Gap, Rendering, ScopeStatus
from tests.rig.git_repo import served_by_daemon
from tests.unit.collect_git.reading import CLUSTER, Place, cluster, names, only_gap, place_with

SIGNATURE = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}

NO_HOOKS = {"GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": os.devnull}


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def revision(place: Place, at: str, source: GitSource | None = None) -> Rendering | Gap:
    return collect_revision(
        source or GitSource(name="fleet", url="repo"),
        at,
        cache_dir=place.folder / "cache",
        base_dir=place.folder,
        masker=Masker("test"),
        progress=place.said.append,
    )


def test_a_local_repository_is_read_in_place_and_left_as_it_was(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    (place.repo.path / "a.yaml").write_text("edited and not committed")
    before = fingerprint(place.repo.path)

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue"]
    assert fingerprint(place.repo.path) == before
    assert not (tmp_path / "cache").exists()


def test_branches_tags_and_commits_can_be_read(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    first = place.repo.head
    place.repo.git("tag", "-a", "v1", "-m", "first", environment=SIGNATURE)
    place.repo.branch("release/1")
    place.repo.commit({"b.yaml": cluster("red")})

    assert place.head(ref="main").revision == first
    assert place.head(ref="v1").revision == first
    assert place.head(ref=first).revision == first
    assert place.head(ref=first[:8]).revision == first
    assert names(place.head(ref="release/1")) == ["Cluster/fleet/blue", "Cluster/fleet/red"]


def test_a_branch_that_only_the_remote_has_is_found_as_in_a_ci_checkout(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(place.repo.path), str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", "--detach"], check=True)
    subprocess.run(["git", "-C", str(clone), "branch", "--quiet", "-D", "main"], check=True)

    assert names(place.head(url="clone")) == ["Cluster/fleet/blue"]


def test_bare_repositories_and_work_trees_can_be_read(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    subprocess.run(["git", "clone", "--quiet", "--bare", str(place.repo.path), str(tmp_path / "bare.git")], check=True)
    place.repo.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "other")

    assert names(place.head(url="bare.git")) == ["Cluster/fleet/blue"]
    assert names(place.head(url="tree", ref="other")) == ["Cluster/fleet/blue"]
    assert names(place.head(url=str(place.repo.path))) == ["Cluster/fleet/blue"]


def test_a_remote_is_fetched_into_a_bare_clone_and_brought_up_to_date(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with served_by_daemon(tmp_path) as base:
        first = place.head(url=f"{base}/repo")
        place.repo.commit({"b.yaml": cluster("red")})
        second = place.head(url=f"{base}/repo")

    assert names(first) == ["Cluster/fleet/blue"]
    assert names(second) == ["Cluster/fleet/blue", "Cluster/fleet/red"]
    (clone,) = (tmp_path / "cache" / "git").glob("*.git")
    assert (clone / "HEAD").exists()
    assert not (clone / "hooks").exists()
    assert "remote" not in (clone / "config").read_text()


def test_a_rewritten_and_a_deleted_branch_are_followed(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with served_by_daemon(tmp_path) as base:
        url = f"{base}/repo"
        place.repo.branch("topic")
        assert place.view(url=url, ref="topic").head is not None
        place.repo.branch("main")
        place.repo.git("branch", "-D", "topic")
        other = place.repo.git("commit-tree", "HEAD^{tree}", "-m", "x", environment=SIGNATURE).strip()
        place.repo.git("update-ref", "refs/heads/main", other)

        gone = place.view(url=url, ref="topic")
        rewritten = place.head(url=url)

    assert gone.head is None
    assert "no branch, tag or commit 'topic'" in only_gap(gone.gaps).reason
    assert rewritten.revision == place.repo.head


def test_an_old_clone_is_never_passed_off_as_the_present_state(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with served_by_daemon(tmp_path) as base:
        url = f"{base}/repo"
        assert place.view(url=url).head is not None

    view = place.view(url=url)

    assert view.head is None
    gap = only_gap(view.gaps)
    assert gap.status is ScopeStatus.FAILED
    assert "cannot be reached" in gap.reason


def test_the_applied_revision_is_read_by_the_name_that_flux_gives_it(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    applied = place.repo.head
    place.repo.commit({"b.yaml": cluster("red")})

    for name in (applied, f"main@sha1:{applied}", f"sha1:{applied}", f"main/{applied}", f"a/b@sha1:{applied}"):
        read = revision(place, name)

        assert isinstance(read, Rendering)
        assert (read.revision, names(read)) == (applied, ["Cluster/fleet/blue"])


def test_an_applied_revision_that_nobody_has_is_a_gap(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})

    gap = revision(place, "main@sha1:" + "0" * 40)

    assert isinstance(gap, Gap)
    assert "no branch, tag or commit" in gap.reason


def test_neither_hooks_nor_configuration_of_a_repository_run_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER, ".gitattributes": "*.yaml diff=evil filter=evil\n"})
    ran = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    evil.chmod(0o755)
    for key in ("diff.evil.textconv", "filter.evil.smudge", "core.fsmonitor", "core.pager", "core.sshCommand"):
        place.repo.git("config", key, str(evil))
    hooks = place.repo.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "reference-transaction").symlink_to(evil)
    (place.repo.path / ".git" / "info").mkdir(exist_ok=True)
    (place.repo.path / ".git" / "info" / "attributes").write_text("*.yaml diff=evil filter=evil\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\tfsmonitor = {evil}\n[init]\n\ttemplateDir = {tmp_path}\n")
    monkeypatch.setenv("HOME", str(home))

    head = place.head()
    collect_authors(
        (place.view(),),
        {("prod", "fleet"): GitSource(name="fleet", url="repo")},
        [DeclaredAt(repo="repo", revision=head.revision, file="a.yaml", line=1)],
        cache_dir=tmp_path,
        base_dir=tmp_path,
    )
    with served_by_daemon(tmp_path) as base:
        place.head(url=f"{base}/repo")
        (clone,) = (tmp_path / "cache" / "git").glob("*.git")
        (clone / "hooks").mkdir()
        (clone / "hooks" / "reference-transaction").symlink_to(evil)
        place.repo.git("branch", "--no-track", "another", environment={"GIT_CONFIG_COUNT": "1", **NO_HOOKS})
        place.head(url=f"{base}/repo", ref="another")

    assert names(head) == ["Cluster/fleet/blue"]
    assert not ran.exists()


@pytest.mark.parametrize("url", ["ext::sh -c 'touch ran'", "fd::17", "http://example.com/x.git", "ftp://example.com/x"])
def test_protocols_that_run_programs_or_hide_nothing_are_refused(tmp_path: Path, url: str) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})

    view = place.view(url=url)

    assert view.head is None
    assert "is not allowed" in only_gap(view.gaps).reason


@pytest.mark.parametrize(
    ("url", "expected", "protocol"),
    [
        ("https://user:s3cret@example.com/org/repo.git", "https://example.com/org/repo.git", "https"),
        ("https://s3cret@example.com:8443/repo", "https://example.com:8443/repo", "https"),
        ("https://example.com/repo", "https://example.com/repo", "https"),
        ("ssh://git@example.com/repo", "ssh://git@example.com/repo", "ssh"),
        ("https://example.com/a.git?access_token=s3cret", "https://example.com/a.git", "https"),
        ("https://u:s3cret@example.com/a.git?private_token=s3cret", "https://example.com/a.git", "https"),
        ("https://u@example.com/a.git#s3cret", "https://example.com/a.git", "https"),
        ("ssh://git:s3cret@example.com/repo", "ssh://git@example.com/repo", "ssh"),
        ("git@example.com:org/repo.git", "git@example.com:org/repo.git", "ssh"),
        ("git://example.com/repo", "git://example.com/repo", "git"),
        ("file:///srv/repo.git", "file:///srv/repo.git", "file"),
    ],
)
def test_a_url_is_kept_without_its_credentials(url: str, expected: str, protocol: str) -> None:
    remote = parse_remote(url)

    assert remote is not None
    assert (remote.url, remote.protocol) == (expected, protocol)
    assert "s3cret" not in repr(remote)
    assert "s3cret" not in without_credentials(f"fatal: unable to access '{url}'")


@pytest.mark.parametrize("path", [".", "repo", "../repo", "/srv/repo", "./a:b", "~/repo"])
def test_paths_are_no_urls(path: str) -> None:
    assert parse_remote(path) is None


def test_credentials_in_a_url_appear_nowhere(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    view = place.view(url=f"https://robot:s3cret@127.0.0.1:{port}/repo.git")

    assert view.head is None
    assert "s3cret" not in repr(view)
    assert "s3cret" not in repr(place.said)
    for folder, _, files in os.walk(tmp_path / "cache"):
        for name in files:
            assert b"s3cret" not in (Path(folder) / name).read_bytes()


def test_a_server_that_never_answers_is_a_gap_within_the_timeout(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        view = place.view(url=f"git://127.0.0.1:{silent.getsockname()[1]}/fleet", timeout_seconds=1)

    gap = only_gap(view.gaps)
    assert "did not answer in time" in gap.reason
    assert "timeout_seconds" in gap.remedy
    assert time.monotonic() - began < 15


def test_what_a_killed_git_left_in_the_clone_stops_no_later_fetch(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with served_by_daemon(tmp_path) as base:
        url = f"{base}/repo"
        assert place.view(url=url).head is not None
        [clone] = (tmp_path / "cache" / "git").glob("*.git")
        remains = [clone / "packed-refs.lock", clone / "refs/heads/main.lock", clone / "objects/pack/tmp_pack_x"]
        for path in remains:
            path.touch()
        place.repo.commit({"b.yaml": cluster("green")})
        head = place.head(url=url)

    assert names(head) == ["Cluster/fleet/blue", "Cluster/fleet/green"]
    assert not any(path.exists() for path in remains)


def test_a_clone_whose_making_was_interrupted_is_made_again(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with served_by_daemon(tmp_path) as base:
        url = f"{base}/repo"
        assert place.view(url=url).head is not None
        [clone] = (tmp_path / "cache" / "git").glob("*.git")
        shutil.rmtree(clone)
        clone.mkdir()
        (clone / "HEAD").write_text("ref: refs/heads/main\n")
        head = place.head(url=url)

    assert names(head) == ["Cluster/fleet/blue"]


def test_another_audit_that_keeps_the_clone_is_waited_for_only_so_long(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with served_by_daemon(tmp_path) as base:
        url = f"{base}/repo"
        assert place.view(url=url).head is not None
        [lock] = (tmp_path / "cache" / "git").glob("*.lock")
        with lock.open() as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            view = place.view(url=url, timeout_seconds=1)

    assert "another audit is fetching" in only_gap(view.gaps).reason
