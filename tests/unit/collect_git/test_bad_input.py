"""What can be wrong with a source ends as a gap that says what and who can mend it; the rest is still read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from drift_audit.model.views import ScopeStatus, View
from tests.rig.git_repo import make_repo
from tests.unit.collect_git.reading import CLUSTER, Place, cluster, names, only_gap, place_with

BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 200_000, "YAML_TOO_DEEP"),
        (BOMB, "YAML_ALIAS_BOMB"),
        (CLUSTER + "kind: Cluster\n", "bad.yaml:11: the key 'kind' is written twice, first in line 2"),
        (CLUSTER.encode().replace(b"blue", b"\xff"), "bad.yaml:4: the file is not UTF-8 text"),
        (CLUSTER.encode("utf-16"), "YAML_NOT_UTF8"),
        (CLUSTER + "  x: [\n", "bad.yaml:"),
        (CLUSTER + "  x: !foo 1\n", "bad.yaml:11: the tag !foo"),
        (CLUSTER + "  x: .inf\n", "has no form in JSON"),
        (b"\x00GITCRYPT\x00\x9a\x8b", "YAML_NOT_UTF8"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS"),
        ("x" * (8 * 1024 * 1024 + 1), "larger than 8 MiB"),
    ],
    ids=[
        "brackets",
        "bomb",
        "duplicate",
        "latin-1",
        "utf-16",
        "syntax",
        "tag",
        "infinity",
        "git-crypt",
        "lfs",
        "large",
    ],
)
def test_a_broken_file_is_a_gap_and_the_others_are_read(tmp_path: Path, content: str | bytes, said: str) -> None:
    place = place_with(tmp_path, {"bad.yaml": content, "good.yaml": cluster("good")})

    head = place.head()

    assert names(head) == ["Cluster/fleet/good"]
    assert not head.complete
    gap = only_gap(head.gaps)
    assert (gap.view, gap.scope, gap.subject) == (View.GIT, "fleet@main:.", "bad.yaml")
    assert gap.status is ScopeStatus.PARTIAL
    assert said in gap.reason


def test_of_a_broken_file_the_good_documents_are_read(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": f"{CLUSTER}---\na: [\n---\n{cluster('red')}"})

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue", "Cluster/fleet/red"]
    assert "a.yaml:13" in only_gap(head.gaps).reason


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "gone.yaml", "link.yaml"])
def test_a_link_out_of_the_tree_is_a_gap(tmp_path: Path, target: str) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    place.repo.link("link.yaml", target)
    place.repo.commit()

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue"]
    gap = only_gap(head.gaps)
    assert gap.subject == "link.yaml"
    assert "symbolic link" in gap.reason
    assert "root:" not in repr(head)


def test_a_link_to_a_file_of_the_tree_is_read_where_it_is(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"shared/a.yaml": CLUSTER})
    place.repo.link("apps/a.yaml", "../shared/a.yaml")
    place.repo.commit()

    head = place.head(path="apps")

    assert names(head) == ["Cluster/fleet/blue"]
    assert head.declarations[0].location.file == "shared/a.yaml"
    assert head.gaps == ()


def test_a_link_to_a_folder_that_is_read_nowhere_is_a_gap(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"shared/a.yaml": CLUSTER, "apps/own/b.yaml": cluster("red")})
    place.repo.link("apps/folder", "../shared")
    place.repo.link("apps/again", "own")
    place.repo.commit()

    head = place.head(path="apps")

    assert names(head) == ["Cluster/fleet/red"]
    gap = only_gap(head.gaps)
    assert gap.subject == "apps/folder"
    assert gap.reason == "apps/folder is a symbolic link to the folder shared, which is not followed"
    assert not head.complete


def test_a_path_that_is_a_link_to_a_folder_is_told_as_one(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"shared/a.yaml": CLUSTER})
    place.repo.link("prod", "shared")
    place.repo.commit()

    view = place.view(path="prod")

    assert view.head is None
    assert "prod is a symbolic link to a folder" in only_gap(view.gaps).reason


def test_a_submodule_is_a_gap(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    place.repo.git("update-index", "--add", "--cacheinfo", f"160000,{place.repo.head},vendor/sub")
    tree = place.repo.git("write-tree").strip()
    signature = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    commit = place.repo.git("commit-tree", tree, "-m", "x", environment=signature).strip()

    head = place.head(ref=commit)

    assert names(head) == ["Cluster/fleet/blue"]
    gap = only_gap(head.gaps)
    assert (gap.subject, gap.status) == ("vendor/sub", ScopeStatus.SKIPPED)


def test_an_empty_repository_is_a_gap(tmp_path: Path) -> None:
    place = Place(tmp_path, make_repo(tmp_path / "repo"))

    view = place.view()

    assert view.head is None
    assert "is empty" in only_gap(view.gaps).reason


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "nowhere"}, "does not exist"),
        ({"url": "."}, "is not a Git repository"),
        ({"url": "git://127.0.0.1:9/repo"}, "cannot be reached"),
        ({"url": "file:///nonexistent/repo.git"}, "does not exist"),
        ({"ref": "gone"}, "no branch, tag or commit 'gone'"),
        ({"ref": "--upload-pack=touch"}, "is not the name of a branch"),
        ({"ref": ""}, "is not the name of a branch"),
        ({"path": "gone"}, "no path 'gone'"),
        ({"path": "../outside"}, "outside the repository"),
        ({"path": "/etc"}, "outside the repository"),
        ({"path": ":(glob)**"}, "no path"),
    ],
)
def test_a_source_that_cannot_be_read_has_no_head_and_says_why(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})

    view = place.view(**changes)

    assert view.head is None
    gap = only_gap(view.gaps)
    assert gap.status is ScopeStatus.FAILED
    assert said in gap.reason


def test_a_cache_folder_that_cannot_be_written_is_a_gap(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    (tmp_path / "cache").write_text("a file, not a folder")

    view = place.view(url=f"file://{place.repo.path}")

    assert view.head is None
    assert "cannot be kept" in only_gap(view.gaps).reason


HOSTILE = (
    "[link](javascript:alert(1)).yaml",
    "`code`|table|.yaml",
    "\x1b[31mred\x1b[0m.yaml",
    "new\nline.yaml",
    'quote".yaml',
    "tab\tname.yaml",
    "ünïcödé \u202e.yaml",
    "-rf.yaml",
    "..yaml",
)


def test_hostile_file_names_are_read_like_any_other(tmp_path: Path) -> None:
    files = {name: cluster(f"c{number}") for number, name in enumerate(HOSTILE)}
    place = place_with(tmp_path, files)

    head = place.head()

    assert {found.location.file for found in head.declarations} == set(HOSTILE)
    assert head.gaps == ()


def test_a_file_name_that_is_not_utf_8_stays_printable(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    blob = place.repo.git("rev-parse", "HEAD:a.yaml").strip()
    place.repo.git("rm", "--quiet", "--cached", "a.yaml")
    index = f"100644 {blob}\t".encode() + b"caf\xe9.yaml\0"
    subprocess.run(["git", "-C", str(place.repo.path), "update-index", "-z", "--index-info"], input=index, check=True)
    tree = place.repo.git("write-tree").strip()
    signature = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    commit = place.repo.git("commit-tree", tree, "-m", "x", environment=signature).strip()

    head = place.head(ref=commit)

    assert [found.location.file for found in head.declarations] == ["caf\\xe9.yaml"]
    assert json.dumps(head.declarations[0].location.file).encode()


def test_hostile_names_of_objects_are_kept_as_they_are(tmp_path: Path) -> None:
    name = "a`b|<script>\x1b[2J"
    place = place_with(tmp_path, {"a.yaml": CLUSTER.replace("name: blue", f"name: {json.dumps(name)}")})

    assert place.head().declarations[0].name == name


def test_what_git_says_reaches_a_gap_without_control_characters(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})

    gap = only_gap(place.view(url="file:///nonexistent/\x1b[31mred").gaps)

    assert "nonexistent" in gap.reason
    assert gap.reason.isprintable()


def test_a_broken_file_with_cloud_inits_own_braces_names_the_line_and_is_no_template(tmp_path: Path) -> None:
    broken = CLUSTER + "  name: '{{ ds.meta_data.local_hostname }}'\n  list: [1, 2\n"
    view = place_with(tmp_path, {"a.yaml": broken, "b.yaml": cluster("red")}).view()

    gap = only_gap(view.head.gaps if view.head else ())

    assert gap.status is ScopeStatus.PARTIAL
    assert gap.reason.startswith("a.yaml:")
    assert gap.reason.split(":")[1].isdigit()
    assert "template" not in gap.reason


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"\x00GITCRYPT\x00\x9a\x8b", "mend the file"),
        (f"{CLUSTER}---\na: [\n", "mend the file; the rest of it was audited"),
    ],
)
def test_only_of_a_file_that_was_read_in_part_the_rest_was_audited(
    tmp_path: Path, content: str | bytes, remedy: str
) -> None:
    assert only_gap(place_with(tmp_path, {"bad.yaml": content}).head().gaps).remedy == remedy
