"""Why Git could not be read: one sentence about what happened, one about who can mend it."""

from __future__ import annotations

import re

from drift_audit.model.views import ScopeStatus

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class GitProblem(Exception):
    """Something of a source that cannot be read. It ends as a gap, never as a traceback."""

    def __init__(
        self, reason: str, remedy: str, *, subject: str = "", status: ScopeStatus = ScopeStatus.FAILED
    ) -> None:
        self.reason = one_line(reason, 600)
        self.remedy = remedy
        self.subject = subject
        self.status = status
        super().__init__(f"{reason} ({remedy})")


def one_line(said: str, limit: int = 300, *, keep_end: bool = False) -> str:
    """Foreign text as part of a sentence: no control characters, not too long."""
    plain = " ".join(_CONTROL.sub(" ", said).split())
    if len(plain) <= limit:
        return plain
    return f"…{plain[1 - limit :]}" if keep_end else f"{plain[: limit - 1]}…"
