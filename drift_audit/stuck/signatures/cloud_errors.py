"""What the errors of clouds mean: their codes, decoded from the text that a provider wraps around them.

One table for each cloud (`aws_errors`, `azure_errors`, `gcp_errors`): a new code is a new row. Only tokens count, never
the sentence around them, which changes from release to release. What an identity may not do, and what is wrong with
credentials, is not here: that is a layer of its own, and comes first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """Why a cloud does not give what it is asked for."""

    QUOTA = "quota"
    """A limit of the account, which people can raise."""
    CAPACITY = "capacity"
    """It has none left, there and of that kind."""
    ADDRESSES = "addresses"
    IMAGE = "image"
    DEPENDENCY = "dependency"
    """Something that the request names is not there: a subnet, a security group, a key."""
    ENCRYPTION = "encryption"
    """The key of a disk cannot be used."""
    POLICY = "policy"
    """Rules of the organisation, or a lock."""
    ACCOUNT = "account"
    """The account, the subscription or an API is not enabled."""
    REQUEST = "request"
    """The request contradicts itself, or what the cloud offers."""
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class CloudError:
    """One code of one cloud."""

    code: str
    means: Refusal
    pattern: str = ""
    """Where the code alone does not say it. A group `what` belongs to the code: the name of a quota."""

    @property
    def regex(self) -> str:
        return self.pattern or rf"(?<!\w){re.escape(self.code)}(?!\w)"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A code that was found in a text."""

    code: str
    means: Refusal
    at: int
    """Where it begins."""


class Vocabulary:
    """The codes of some clouds, by what they mean."""

    def __init__(self, *tables: Sequence[CloudError]) -> None:
        self._rows = [(row, re.compile(row.regex, re.DOTALL)) for table in tables for row in table]
        self._by_meaning = {
            meaning: re.compile("|".join(_plain(row) for row, _ in self._rows if row.means is meaning), re.DOTALL)
            for meaning in Refusal
            if any(row.means is meaning for row, _ in self._rows)
        }

    def pattern(self, meaning: Refusal) -> re.Pattern[str]:
        """Matches any code with that meaning."""
        return self._by_meaning[meaning]

    def decode(self, told: str, meaning: Refusal | None = None) -> Decoded | None:
        """The first code that the text has, of that meaning or of any; `None` when it has none that is known."""
        for row, regex in self._rows:
            if (meaning is None or row.means is meaning) and (match := regex.search(told)):
                what = match.groupdict().get("what")
                return Decoded(f"{row.code} {what}" if what else row.code, row.means, match.start())
        return None


def _plain(row: CloudError) -> str:
    """The pattern without names of groups, which may stand only once in an expression."""
    return "(?:" + row.regex.replace("(?P<what>", "(?:") + ")"
