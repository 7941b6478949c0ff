"""CODEOWNERS as GitHub documents it: the last match wins, a bad line is passed over, nobody is a possible answer."""

from __future__ import annotations

import time

import pytest

from drift_audit.explain.codeowners import owners_of

FILE = """\
# everything
*                     @org/platform
*.md                  @org/docs   # and whoever asks @nobody
/clusters/            @org/fleet
/clusters/prod/**     @org/prod ops@example.com
clusters/prod/legacy/
apps/*                @org/apps
**/secrets.yaml       @org/security
!/clusters/eu.yaml    @org/negated
/clusters/[ab].yaml   @org/range
/clusters/us.yaml     @org/us someone
with\\ space.yaml      @org/space
"""


@pytest.mark.parametrize(
    ("file", "owners"),
    [
        ("anything.yaml", ("@org/platform",)),
        ("deep/down/readme.md", ("@org/docs",)),
        ("clusters/eu.yaml", ("@org/fleet",)),
        ("clusters/deep/down.yaml", ("@org/fleet",)),
        ("clusters/prod/eu.yaml", ("@org/prod", "ops@example.com")),
        ("clusters/prod/legacy/old.yaml", ()),
        ("apps/one.yaml", ("@org/apps",)),
        ("apps/deep/one.yaml", ("@org/platform",)),
        ("clusters/prod/deep/secrets.yaml", ("@org/security",)),
        ("clusters/a.yaml", ("@org/fleet",)),
        ("clusters/us.yaml", ("@org/fleet",)),
        ("with space.yaml", ("@org/space",)),
        ("/clusters/eu.yaml", ("@org/fleet",)),
    ],
)
def test_the_last_line_that_matches_decides(file: str, owners: tuple[str, ...]) -> None:
    assert owners_of(FILE, file) == owners


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", "*", "\0\ufeff", "[unterminated @a", "/ @org/root"])
def test_a_file_that_says_nothing_names_nobody(text: str) -> None:
    assert owners_of(text, "a.yaml") == ()


def test_sections_of_gitlab_are_read_through() -> None:
    assert owners_of("[Docs]\n*.md @docs\n^[Optional] @all\n/a/ @a\n", "a/b.yaml") == ("@a",)


def test_a_monstrous_pattern_costs_nothing() -> None:
    hostile = "\n".join(["/" + "**/" * 200 + "x @evil", "a" * 100_000 + " @evil", "*" * 300 + " @evil", "* @us"])
    began = time.monotonic()

    assert owners_of(hostile, "a/" * 500 + "b.yaml") == ("@us",)
    assert time.monotonic() - began < 5
