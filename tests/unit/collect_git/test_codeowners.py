"""The CODEOWNERS of a repository, read by real Git at the head, without a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.collect_git.reading import CLUSTER, place_with


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, ""),
        ({"CODEOWNERS": "* @root"}, "* @root"),
        ({"docs/CODEOWNERS": "* @docs"}, "* @docs"),
        ({"CODEOWNERS": "* @root", ".github/CODEOWNERS": "* @hub", "docs/CODEOWNERS": "* @docs"}, "* @hub"),
        ({"docs/CODEOWNERS": "* @docs", "CODEOWNERS": "* @root"}, "* @root"),
        ({".gitlab/CODEOWNERS": "* @lab"}, "* @lab"),
        ({"elsewhere/CODEOWNERS": "* @no"}, ""),
    ],
)
def test_the_first_place_that_has_one_counts(tmp_path: Path, files: dict[str, str], text: str) -> None:
    place = place_with(tmp_path, {"clusters/a.yaml": CLUSTER, **files})

    assert place.head(path="clusters").codeowners == text


def test_it_is_read_at_the_head_and_without_gaps(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER, "CODEOWNERS": "* @old"})
    place.repo.commit({"CODEOWNERS": "* @new\n\xff"})

    head = place.head()

    assert head.codeowners.startswith("* @new")
    assert head.gaps == ()


def test_a_link_out_of_the_repository_names_nobody(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    (place.repo.path / "CODEOWNERS").symlink_to("/etc/passwd")
    place.repo.commit({"b.yaml": CLUSTER.replace("blue", "green")})

    head = place.head()

    assert head.codeowners == ""
    assert head.gaps == ()
