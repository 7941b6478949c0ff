"""Hostile text made harmless, once for each place where it is printed.

Names, values and messages come from clusters, clouds and Git, where somebody else chose them. A character that
could steer a terminal or a reader is not dropped but spelled out (`\\x1b`, `\\u202e`): dropping it would let two
different names look alike.
"""

from __future__ import annotations

import html
import re
import unicodedata

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, format characters (bidi, zero width, tags), lone surrogates, line and paragraph separators."""

_INVISIBLE_LETTERS = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
)
"""Letters and marks that show as nothing. Unicode DerivedCoreProperties.txt, Default_Ignorable_Code_Point."""

_BEGINS_FORMULA = frozenset("=+-@＝＋－＠")

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


class _Spelling(dict[int, str]):
    """For `str.translate`: each code point to itself or to its visible spelling, worked out once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = _spelled(code) if is_unsafe(character) else character
        return self[code]


def is_unsafe(character: str) -> bool:
    """True for what a reader cannot see, or sees as a plain space that it is not."""
    category = unicodedata.category(character)
    return (
        category in _INVISIBLE_CATEGORIES
        or ord(character) in _INVISIBLE_LETTERS
        or (category == "Zs" and character != " ")
    )


def _spelled(code: int) -> str:
    if chr(code) in _SHORT:
        return _SHORT[chr(code)]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_SPELLING = _Spelling()


def visible(text: str) -> str:
    """The text on one line, with every unsafe character spelled out. Safe for any terminal."""
    # Nearly all names are plain ASCII, and a translation takes ten times as long as this question.
    return text if text.isascii() and text.isprintable() else text.translate(_SPELLING)


def one_line(text: str) -> str:
    """Prose on one line: runs of white space are one space, the rest as `visible`."""
    return visible(" ".join(text.split()))


def xml_text(text: str) -> str:
    """Prose on one line that XML 1.0 can hold: of what `visible` leaves, it refuses U+FFFE and U+FFFF only."""
    return re.sub("[\ufffe\uffff]", lambda match: _spelled(ord(match.group())), one_line(text))


def spreadsheet_text(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, by an apostrophe before what could begin one.

    Wide forms too: spreadsheets in East Asian locales read them as the plain ones. Tab and line breaks begin a
    formula in some programs; `visible` spells them out. Source: OWASP, "CSV Injection".
    """
    shown = visible(text)
    return f"'{shown}" if shown.lstrip(" ")[:1] in _BEGINS_FORMULA and shown.strip(" ") else shown


def sarif_text(text: str) -> str:
    """Plain text of a SARIF message: no placeholder, and no link that somebody else wrote into it.

    SARIF 2.1.0 sections 3.11.5 (braces are doubled) and 3.11.6 (brackets and backslashes are escaped).
    """
    escaped = re.sub(r"([\\\[\]])", r"\\\1", one_line(text))
    return escaped.replace("{", "{{").replace("}", "}}")


def json_safe(serialised: str) -> str:
    """JSON text with unsafe characters as `\\u` escapes; its own line breaks stay.

    Outside strings JSON is plain ASCII, so whatever is replaced stands inside a string and keeps its meaning.
    """
    return re.sub(r"[^\n -~]", lambda match: _json_spelled(match.group()), serialised)


def _json_spelled(character: str) -> str:
    if not is_unsafe(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


# Markdown, as GitHub reads it

_SPLIT = "\u200b"
"""Zero-width space. `visible` leaves none in the text, so it marks our own splits until they become entities."""

_ENTITY = "&#8203;"

_LINKED_BY_GITHUB = (
    (re.compile(r"@"), f"@{_SPLIT}"),
    (re.compile(r"://"), f":{_SPLIT}//"),
    (re.compile(r"(mailto|xmpp):", re.IGNORECASE), rf"\1{_SPLIT}:"),
    (re.compile(r"(www)\.", re.IGNORECASE), rf"\1{_SPLIT}."),
    (re.compile(r"#(?=\d)"), f"#{_SPLIT}"),
    (re.compile(r"(GH)-(?=\d)", re.IGNORECASE), rf"\1{_SPLIT}-"),
    (re.compile(r":(?=[\w+-]+:)(?!\d\d:\d\d)"), f":{_SPLIT}"),
)
"""Mentions, addresses, issue numbers, emoji names. GitHub links these after parsing, when backslashes are gone:
only a character between the parts keeps them apart. Source: GitHub docs, "Autolinked references and URLs"."""

_INLINE_SYNTAX = re.compile(r"([\\`*_\[\]<>&|~$#])")
_LEADING_MARKER = re.compile(r"\A([-+=])|\A(\d+)(?=[.)])")


def markdown_text(text: str) -> str:
    """Prose that stays prose: in a paragraph, a list item, a heading or a cell of a table."""
    split = _unlinked(one_line(text))
    escaped = _INLINE_SYNTAX.sub(r"\\\1", split)
    guarded = _LEADING_MARKER.sub(_guarded_marker, escaped)
    return guarded.replace(_SPLIT, _ENTITY)


def _guarded_marker(match: re.Match[str]) -> str:
    sign, number = match.groups()
    return f"\\{sign}" if sign else f"{number}{_ENTITY}"


def markdown_code(text: str) -> str:
    """A code span that shows exactly this text; GitHub links nothing inside one."""
    content = visible(text) or " "
    runs = [len(run) for run in re.findall("`+", content)]
    fence = "`" * (max(runs, default=0) + 1)
    padded = content.startswith("`") or content.endswith("`") or _loses_a_space(content)
    return f"{fence} {content} {fence}" if padded else f"{fence}{content}{fence}"


def _loses_a_space(content: str) -> bool:
    """CommonMark 6.1 strips one space from each side, unless all are spaces."""
    return content.startswith(" ") and content.endswith(" ") and content.strip(" ") != ""


def table_code(text: str) -> str:
    """A code span inside a table, where a bare `|` would end the cell even in code (GFM 4.10)."""
    return markdown_code(text).replace("|", "\\|")


def html_text(text: str) -> str:
    """Text inside an HTML element of a Markdown page, such as `<summary>`."""
    return html.escape(_unlinked(one_line(text))).replace(_SPLIT, _ENTITY)


def _unlinked(text: str) -> str:
    for pattern, split in _LINKED_BY_GITHUB:
        text = pattern.sub(split, text)
    return text
