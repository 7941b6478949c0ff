"""Who owns a file of a repository, by its CODEOWNERS.

The patterns are matched by the library `codeowners`; what GitHub documents about the file as a whole is kept here: a
line that is not valid is passed over, `!` and `[a-z]` have no meaning, and a remark begins at ` #`. Of GitLab's
sections the rules count and the headings do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from codeowners import CodeOwners

_REMARK = re.compile(r"(?:\A|\s)#.*\Z")
_LONGEST_LINE = 2_000
_MOST_STARS = 8
"""More in one pattern is nobody's path, and takes long to match."""


def owners_of(codeowners: str, file: str) -> tuple[str, ...]:
    """The owners of the last line that matches, as they are written; empty where none does, or it names nobody."""
    return tuple(owner for _, owner in _parsed(codeowners).of(file.lstrip("/")))


@lru_cache(maxsize=64)
def _parsed(codeowners: str) -> CodeOwners:
    return CodeOwners("\n".join(_usable(codeowners)))


def _usable(codeowners: str) -> Iterator[str]:
    for written in codeowners.splitlines():
        line = _REMARK.sub("", written).strip()
        pattern, *owners = line.replace("\\ ", "_").split() or [""]
        bad = pattern.startswith(("!", "^", "[")) or "[" in pattern or pattern.count("*") > _MOST_STARS
        valid = all("@" in owner for owner in owners)
        if pattern.strip("/") and not bad and valid and len(line) <= _LONGEST_LINE:
            yield line
