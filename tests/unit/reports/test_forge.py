"""Links to forges: the right page for each, and nothing at all for what is not sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit_reports.forge import commit_address, file_address, repository_path, shown_repo

REVISION = "8c1f2ab0" * 5


@pytest.mark.parametrize(
    ("repo", "address"),
    [
        (
            "https://github.com/platform/fleet.git",
            f"https://github.com/platform/fleet/blob/{REVISION}/clusters/eu%201.yaml#L41",
        ),
        (
            "git@github.com:platform/fleet.git",
            f"https://github.com/platform/fleet/blob/{REVISION}/clusters/eu%201.yaml#L41",
        ),
        (
            "ssh://git@github.example.com:2222/platform/fleet",
            f"https://github.example.com/platform/fleet/blob/{REVISION}/clusters/eu%201.yaml#L41",
        ),
        (
            "https://gitlab.example.com:8443/group/sub/fleet.git",
            f"https://gitlab.example.com:8443/group/sub/fleet/-/blob/{REVISION}/clusters/eu%201.yaml#L41",
        ),
        (
            "git@bitbucket.org:platform/fleet.git",
            f"https://bitbucket.org/platform/fleet/src/{REVISION}/clusters/eu%201.yaml#lines-41",
        ),
        (
            "https://bitbucket.example.com/scm/PLAT/fleet.git",
            f"https://bitbucket.example.com/projects/PLAT/repos/fleet/browse/clusters/eu%201.yaml?at={REVISION}#41",
        ),
        (
            "ssh://git@bitbucket.example.com:7999/~jd/fleet.git",
            f"https://bitbucket.example.com/projects/~jd/repos/fleet/browse/clusters/eu%201.yaml?at={REVISION}#41",
        ),
        (
            "https://acme@dev.azure.com/acme/The%20Fleet/_git/fleet",
            f"https://dev.azure.com/acme/The%20Fleet/_git/fleet?path=/clusters/eu%201.yaml&version=GC{REVISION}"
            "&line=41&lineEnd=41&lineStartColumn=1&lineEndColumn=1&lineStyle=plain",
        ),
        (
            "git@ssh.dev.azure.com:v3/acme/Fleet/fleet",
            f"https://dev.azure.com/acme/Fleet/_git/fleet?path=/clusters/eu%201.yaml&version=GC{REVISION}"
            "&line=41&lineEnd=41&lineStartColumn=1&lineEndColumn=1&lineStyle=plain",
        ),
        (
            "https://codeberg.org/platform/fleet",
            f"https://codeberg.org/platform/fleet/src/commit/{REVISION}/clusters/eu%201.yaml#L41",
        ),
        (
            "http://gitea.lan/platform/fleet.git",
            f"http://gitea.lan/platform/fleet/src/commit/{REVISION}/clusters/eu%201.yaml#L41",
        ),
    ],
)
def test_each_forge_gets_its_own_address_of_the_line(repo: str, address: str) -> None:
    assert file_address(repo, REVISION, "clusters/eu 1.yaml", 41) == address


def test_credentials_never_reach_an_address_or_the_shown_repository() -> None:
    repo = "https://bot:s3cret@github.com/platform/fleet.git"

    assert "s3cret" not in file_address(repo, REVISION, "a.yaml", 1) + commit_address(repo, REVISION)
    assert shown_repo(repo) == "https://github.com/platform/fleet.git"


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "javascript:alert(1)",
        "javascript://github.com/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://github.com",
        "https://github.com/../..",
        "https://github.com@evil.example/platform/fleet",
        "https://git.example.com/platform/fleet.git",
        "https://github.com.evil\x00.example/a/b",
        "https://github.com/a\u202eb/c",
        "/srv/git/fleet",
        "file:///srv/git/fleet",
        "https://dev.azure.com/acme/fleet",
        "https://bitbucket.example.com/fleet",
    ],
)
def test_what_is_no_sound_address_of_a_known_forge_gets_no_link(repo: str) -> None:
    assert file_address(repo, REVISION, "a.yaml", 1) == ""
    assert commit_address(repo, REVISION) == ""


@pytest.mark.parametrize("revision", ["", "main", "8c1f2ab0/../x", "8C1F2AB0", '8c1f2ab0"onclick='])
def test_only_a_commit_id_is_linked(revision: str) -> None:
    assert file_address("https://github.com/a/b", revision, "a.yaml", 1) == ""


@pytest.mark.parametrize("file", ["", "/etc/passwd", "../a.yaml", "a//b", "a/./b"])
def test_a_path_that_leads_out_of_the_repository_is_none(file: str) -> None:
    assert repository_path(file) == ""
    assert file_address("https://github.com/a/b", REVISION, file, 1) == ""


def test_a_file_without_a_known_line_is_linked_as_a_whole() -> None:
    assert file_address("https://github.com/a/b", REVISION, "x{y}.yaml") == (
        f"https://github.com/a/b/blob/{REVISION}/x%7By%7D.yaml"
    )


def test_the_page_of_a_commit() -> None:
    assert commit_address("git@gitlab.com:a/b.git", REVISION) == f"https://gitlab.com/a/b/-/commit/{REVISION}"


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_the_parts_are_an_address_is_plain_ascii_of_a_web_page(repo: str, file: str) -> None:
    for address in (
        file_address(f"https://github.com/a/{repo}", REVISION, file, 3),
        file_address(repo, REVISION, file, 3),
    ):
        assert not address or (address.isascii() and address.startswith(("https://", "http://")))
        assert not set(address) & set("<>\"' {}\\")
