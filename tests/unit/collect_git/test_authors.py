"""Who wrote the lines that findings show: by real Git, in few calls, and never by a guess.

- the line's own commit, and the newest commit of its file
- a line or a file that does not exist costs nothing but its own answer
- clones that do not hold the history say nothing, instead of blaming their oldest commit
- a budget of files and seconds
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drift_audit.collect.git import collect_authors
from drift_audit.collect.git.authors import BlameBudget
from drift_audit.config.settings import GitSource
from drift_audit.model.findings import Commit, DeclaredAt
from drift_audit.model.views import GitSourceView, Rendering
from tests.rig.git_repo import ALICE, BOB, Author, GitRepo, served_by_daemon
from tests.unit.collect_git.reading import CLUSTER, Place, place_with

LATER = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAME_LINE, PAUSED_LINE = 4, 10


def place_of(head: Rendering, line: int, file: str = "a.yaml") -> DeclaredAt:
    return DeclaredAt(repo="repo", revision=head.revision, file=file, line=line)


def asked(place: Place, view: GitSourceView, places: Sequence[DeclaredAt], **more: BlameBudget) -> Rendering:
    (found,) = collect_authors(
        (view,),
        {("prod", "fleet"): GitSource(name="fleet", url=view.repo)},
        [replace(one, repo=view.repo) for one in places],
        cache_dir=place.folder / "cache",
        base_dir=place.folder,
        **more,
    )
    assert found.head is not None
    return found.head


def test_a_line_is_its_authors_whoever_changed_the_rest_of_the_file(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    first = place.repo.head
    second = place.repo.commit({"a.yaml": CLUSTER.replace("false", "true")}, author=BOB, date=LATER)
    view = place.view()
    assert view.head is not None

    head = asked(place, view, [place_of(view.head, NAME_LINE), place_of(view.head, PAUSED_LINE)])

    alice = Commit(id=first, author="Alice Example", date="2026-01-15T09:00:00Z")
    bob = Commit(id=second, author="Bob Example", date="2026-03-01T12:00:00Z")
    assert head.line_commits == {("a.yaml", NAME_LINE): alice, ("a.yaml", PAUSED_LINE): bob}
    assert head.file_commits == {"a.yaml": bob}


def test_the_author_is_asked_at_the_shown_revision_and_not_at_the_newest(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    view = place.view()
    assert view.head is not None
    place.repo.commit({"a.yaml": CLUSTER.replace("false", "true")}, author=BOB)

    head = asked(place, view, [place_of(view.head, PAUSED_LINE)])

    assert head.line_commits["a.yaml", PAUSED_LINE].author == "Alice Example"


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": 999},
        {"file": "gone.yaml"},
        {"file": "--output=x"},
        {"file": ":(top)"},
        {"file": "*"},
        {"revision": "0" * 40},
    ],
)
def test_a_place_that_does_not_exist_has_no_author_and_spoils_no_other_file(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER, "b.yaml": CLUSTER.replace("blue", "green")})
    view = place.view()
    assert view.head is not None
    nowhere = replace(place_of(view.head, 3), **wrong)

    head = asked(place, view, [nowhere, place_of(view.head, NAME_LINE, "b.yaml")])

    assert (nowhere.file, nowhere.line) not in head.line_commits
    assert head.line_commits["b.yaml", NAME_LINE].author == "Alice Example"


def test_the_file_as_a_whole_has_its_newest_commit_and_no_line(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    view = place.view()
    assert view.head is not None

    head = asked(place, view, [place_of(view.head, 0)])

    assert head.line_commits == {}
    assert head.file_commits["a.yaml"].author == "Alice Example"


def test_a_change_on_a_branch_is_its_authors_and_not_the_mergers(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER, "b.yaml": CLUSTER.replace("blue", "green")})
    place.repo.branch("feature")
    change = place.repo.commit({"a.yaml": CLUSTER.replace("false", "true")}, author=BOB)
    place.repo.branch("main")
    place.repo.commit({"b.yaml": None})
    place.repo.git(
        "-c", "user.name=Merger", "-c", "user.email=m@example.com", "merge", "--quiet", "--no-ff", "-m", "m", "feature"
    )
    view = place.view()
    assert view.head is not None

    head = asked(place, view, [place_of(view.head, PAUSED_LINE)])

    assert head.line_commits["a.yaml", PAUSED_LINE].id == change
    assert head.file_commits["a.yaml"].id == change


def test_authors_with_strange_names_and_lines_that_look_like_headers_come_through(tmp_path: Path) -> None:
    odd = 'Zoë "x" O\'Neil\x7f  '
    text = CLUSTER + "  # author Mallory\n\t# 0123 1 1\n"
    place = place_with(tmp_path, {"b.yaml": CLUSTER.replace("blue", "green")})
    place.repo.commit({"a.yaml": text.replace("\t", "  ")}, "author Mallory\nboundary", author=Author(odd, "z@x.y"))
    view = place.view()
    assert view.head is not None

    head = asked(place, view, [place_of(view.head, 11), place_of(view.head, 12)])

    assert {commit.author for commit in head.line_commits.values()} == {odd.strip()}


def test_names_with_spaces_and_other_scripts_are_found(tmp_path: Path) -> None:
    file = "clüster [1] a.yaml"
    place = place_with(tmp_path, {file: CLUSTER})
    view = place.view()
    assert view.head is not None

    head = asked(place, view, [place_of(view.head, NAME_LINE, file)])

    assert head.line_commits[file, NAME_LINE].author == head.file_commits[file].author == "Alice Example"


def cloned(place: Place, *how: str) -> Place:
    """A local clone that lacks something, as the source that is audited."""
    target = place.folder / "clone"
    place.repo.git("config", "uploadpack.allowFilter", "true")
    place.repo.git("clone", "--quiet", "--bare", *how, place.repo.path.as_uri(), str(target))
    return Place(folder=place.folder, repo=GitRepo(target))


def test_a_shallow_clone_blames_nobody_for_what_it_does_not_hold(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER, "b.yaml": CLUSTER.replace("blue", "green")})
    place.repo.commit({"b.yaml": CLUSTER.replace("blue", "red")}, author=BOB)
    place.repo.commit({"a.yaml": CLUSTER.replace("false", "true")}, author=ALICE)
    shallow = cloned(place, "--depth=1")
    view = shallow.view(url="clone")
    assert view.head is not None

    head = asked(shallow, view, [place_of(view.head, NAME_LINE), place_of(view.head, NAME_LINE, "b.yaml")])

    assert head.line_commits == {}
    assert head.file_commits == {}


def test_a_partial_clone_says_what_it_knows_and_fetches_nothing(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    place.repo.commit({"a.yaml": CLUSTER.replace("false", "true")}, author=BOB)
    whole = place.view()
    partial = cloned(place, "--filter=blob:none")
    assert whole.head is not None
    view = replace(whole, repo="clone")
    objects = sorted(path.name for path in (partial.repo.path / "objects").rglob("*"))

    head = asked(partial, view, [place_of(whole.head, PAUSED_LINE)])

    assert head.line_commits == {}
    assert head.file_commits["a.yaml"].author == "Bob Example"
    assert sorted(path.name for path in (partial.repo.path / "objects").rglob("*")) == objects


def test_a_remote_source_is_asked_in_its_bare_clone(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    with served_by_daemon(tmp_path) as base:
        view = place.view(url=f"{base}/repo")
    assert view.head is not None

    head = asked(place, view, [place_of(view.head, NAME_LINE)])

    assert head.line_commits["a.yaml", NAME_LINE].author == "Alice Example"


def test_the_budget_goes_to_the_first_places_and_the_others_have_no_author(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(4)]
    place = place_with(tmp_path, {f"{name}.yaml": CLUSTER.replace("blue", name) for name in names})
    view = place.view()
    assert view.head is not None
    places = [place_of(view.head, NAME_LINE, f"{name}.yaml") for name in names]

    few = asked(place, view, places, budget=BlameBudget(files=2))
    none = asked(place, view, places, budget=BlameBudget(seconds=0.0))

    assert sorted(few.file_commits) == ["c0.yaml", "c1.yaml"]
    assert sorted(file for file, _ in few.line_commits) == ["c0.yaml", "c1.yaml"]
    assert none.line_commits == {}


def test_a_repository_that_is_gone_costs_the_authors_and_nothing_else(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    view = place.view()
    assert view.head is not None
    place.repo.path.rename(tmp_path / "elsewhere")

    head = asked(place, view, [place_of(view.head, NAME_LINE)])

    assert head == view.head
