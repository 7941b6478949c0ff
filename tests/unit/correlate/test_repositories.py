"""Spellings of one repository, of one commit, and of one directory."""

from __future__ import annotations

import pytest

from drift_audit.correlate.repositories import bare, commit_of, covers, depth, same_repository

C = "8c1f2ab08c1f2ab08c1f2ab08c1f2ab08c1f2ab0"


@pytest.mark.parametrize(
    ("revision", "commit"),
    [
        (f"main@sha1:{C}", C),
        (f"refs/heads/main@sha1:{C}", C),
        (f"sha1:{C}", C),
        (f"main/{C}", C),
        (f"feature/a/{C}", C),
        (C, C),
        ("", ""),
        ("main", ""),
        ("v1.2.3@sha256:" + "a" * 64, ""),
        (f"main@sha1:{C[:-1]}", ""),
        (f"main@sha1:{C}f", ""),
        (C.upper(), ""),
    ],
)
def test_the_commit_of_a_revision(revision: str, commit: str) -> None:
    assert commit_of(revision) == commit


@pytest.mark.parametrize(
    "spelling",
    [
        "https://git.example.com/platform/fleet.git",
        "https://git.example.com/platform/fleet",
        "https://git.example.com/platform/fleet/",
        "https://git.example.com/platform/fleet.git/",
        "https://GIT.example.com/platform/fleet.git",
        "https://user@git.example.com/platform/fleet.git",
        "https://user:pass@git.example.com:8443/platform/fleet.git",
        "http://git.example.com/platform/fleet.git",
        "ssh://git@git.example.com/platform/fleet.git",
        "ssh://git@git.example.com:22/platform/fleet.git",
        "git@git.example.com:platform/fleet.git",
        "git@git.example.com:/platform/fleet",
        "git.example.com:platform/fleet",
        " https://git.example.com/platform/fleet.git\n",
    ],
)
def test_one_repository_has_many_spellings(spelling: str) -> None:
    assert same_repository(spelling, "https://git.example.com/platform/fleet.git")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("https://git.example.com/platform/fleet", "https://git.example.com/platform/fleet-2"),
        ("https://git.example.com/platform/fleet", "https://git.example.org/platform/fleet"),
        ("https://git.example.com/platform/fleet", "https://git.example.com/Platform/fleet"),
        ("git@host:1password/fleet", "git@host:password/fleet"),
        ("", ""),
        ("", "https://git.example.com/platform/fleet"),
        ("https://git.example.com/", "https://git.example.com"),
    ],
)
def test_different_repositories(left: str, right: str) -> None:
    assert not same_repository(left, right)


def test_a_local_repository_is_known_by_its_path() -> None:
    assert same_repository("/srv/git/fleet.git", "file:///srv/git/fleet")
    assert not same_repository("/srv/git/fleet.git", "/srv/git/other.git")


@pytest.mark.parametrize("directory", ["", ".", "./", "/", "clusters", "./clusters", "clusters/", "./clusters//"])
def test_a_directory_covers_what_is_in_it(directory: str) -> None:
    assert covers(directory, "clusters/eu/one.yaml")


@pytest.mark.parametrize("directory", ["cluster", "clusters/us", "eu", "clusters/eu/one.yaml/x"])
def test_a_directory_covers_nothing_else(directory: str) -> None:
    assert not covers(directory, "clusters/eu/one.yaml")


def test_the_nearest_directory_is_the_deepest() -> None:
    assert [depth(each) for each in ("", ".", "./a", "a/b/", "a/./b/c")] == [0, 0, 1, 2, 3]
    assert bare("./clusters//prod/") == "clusters/prod"
