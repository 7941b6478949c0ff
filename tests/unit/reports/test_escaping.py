"""No hostile text leaves a report with its teeth; markdown-it is the judge of what Markdown means."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from drift_audit_reports.escaping import (
    html_text,
    json_safe,
    markdown_code,
    markdown_text,
    one_line,
    table_code,
    visible,
)

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ZERO_WIDTH = "\u200b"

hostile = st.text(
    st.one_of(
        st.sampled_from("`*_[]()<>&|~$#@!-+=.:\\/\"' \n\t\x1b\x07\x9b\u202e\u2066\u200b\u2028\u00a0"),
        st.characters(),
        st.sampled_from("abc012WwGgHh"),
    ),
    max_size=40,
)


def inline_tokens(markdown: str) -> list[Token]:
    """The inline tokens of Markdown that has to be exactly one paragraph."""
    blocks = MARKDOWN.parse(markdown)
    assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close"]
    return blocks[1].children or []


def cells(markdown_row: str) -> list[list[Token]]:
    blocks = MARKDOWN.parse(f"| a | b |\n|---|---|\n{markdown_row}\n")
    inside = [block.children or [] for block in blocks if block.type == "inline"]
    assert sum(block.type == "tr_open" for block in blocks) == 2
    return inside[2:]


def plain(tokens: list[Token]) -> str:
    assert {token.type for token in tokens} <= {"text", "text_special"}
    return "".join(token.content for token in tokens)


@given(hostile)
def test_no_character_that_steers_a_terminal_survives(text: str) -> None:
    shown = visible(text)

    assert {unicodedata.category(character) for character in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


@given(hostile)
def test_text_without_unsafe_characters_is_shown_unchanged(text: str) -> None:
    safe = visible(text)

    assert visible(safe) == safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b2J", r"\x9b2J"),
        ("admin\u202etxt.exe", r"admin\u202etxt.exe"),
        ("a\u200bb", r"a\u200bb"),
        ("a\u00a0b", r"a\xa0b"),
        ("two\nlines\tand a tab", r"two\nlines\tand a tab"),
        ("\U000e0041", r"\U000e0041"),
        ("Zürich, 東京, 🙂", "Zürich, 東京, 🙂"),
    ],
)
def test_unsafe_characters_are_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_prose_keeps_its_words_when_it_spans_lines() -> None:
    assert one_line("  first\n\n  second\tthird ") == "first second third"


@given(hostile)
def test_escaped_json_means_the_same_and_hides_nothing(text: str) -> None:
    serialised = json.dumps({"name": text, "list": [text]}, ensure_ascii=False, indent=2)

    safe = json_safe(serialised)

    assert json.loads(safe) == {"name": text, "list": [text]}
    assert visible(safe.replace("\n", "")) == safe.replace("\n", "")


@given(hostile)
def test_markdown_text_is_nothing_but_text(text: str) -> None:
    shown = plain(inline_tokens(f"x {markdown_text(text)} x"))

    assert shown.replace(ZERO_WIDTH, "") == f"x {one_line(text)} x"


@given(hostile.filter(str.strip))
def test_markdown_text_at_the_start_of_a_line_opens_no_block(text: str) -> None:
    assert plain(inline_tokens(markdown_text(text))).replace(ZERO_WIDTH, "") == one_line(text)


@given(hostile)
def test_markdown_text_holds_nothing_that_github_links(text: str) -> None:
    shown = plain(inline_tokens(f"x {markdown_text(text)} x"))

    assert not re.search(r"@\w|://|www\.|mailto:|#\d|GH-\d", shown, re.IGNORECASE)


@given(hostile, hostile)
def test_markdown_text_and_code_keep_a_table_whole(text: str, code: str) -> None:
    row = f"| {markdown_text(text)} | {table_code(code)} |"

    first, second = cells(row)

    assert plain(first).replace(ZERO_WIDTH, "") == one_line(text)
    assert [token.type for token in second] == ["code_inline"]
    assert second[0].content == (visible(code) or " ")


@given(hostile, hostile)
def test_a_code_span_shows_exactly_the_text(text: str, code: str) -> None:
    tokens = inline_tokens(f"{markdown_text('x' + text)} {markdown_code(code)}")

    assert [token.type for token in tokens if token.type not in ("text", "text_special")] == ["code_inline"]
    assert tokens[-1].content == (visible(code) or " ")


@given(hostile)
def test_html_text_opens_no_tag_and_no_block(text: str) -> None:
    shown = html_text(text)

    assert not re.search("[<>\"'\n]", shown)
    assert not re.search(r"@\w|://", shown)


@pytest.mark.parametrize(
    "attack",
    [
        "@admin",
        "<!-- hidden",
        "<img src=x onerror=alert(1)>",
        "[click](https://evil.example)",
        "</details>",
        "` | `",
        "https://evil.example",
        "#123",
        "# heading",
        "1. list",
        "***",
        "| a | b |",
    ],
)
def test_known_attacks_stay_text(attack: str) -> None:
    assert plain(inline_tokens(markdown_text(attack))).replace(ZERO_WIDTH, "") == attack
    assert "<" not in html_text(attack)
