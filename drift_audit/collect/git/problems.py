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
        self.reason = reason
        self.remedy = remedy
        self.subject = subject
        self.status = status
        super().__init__(f"{reason} ({remedy})")


def one_line(text: str, limit: int = 300) -> str:
    """Output of a program as part of a sentence: no control characters, not too long."""
    plain = " ".join(_CONTROL.sub(" ", text).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
