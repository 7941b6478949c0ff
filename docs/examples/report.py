"""A report: one line for each cause, for a chat channel."""

from __future__ import annotations

from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import AuditResult


class ChatReport:
    """`-o chat`."""

    name = "chat"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        lines = [f"drift-audit: {result.status}, {len(result.causes)} causes, coverage {result.coverage.percent:g}%"]
        lines += [f"{cause.severity}: {_plain(cause.title)} ({len(cause.findings)})" for cause in result.causes]
        return "\n".join(lines) + "\n"


def _plain(title: str) -> str:
    """Names are other people's text: no line breaks, no control signs, nothing that a chat would expand."""
    kept = "".join(sign if sign.isprintable() else "?" for sign in title)
    return kept.translate({ord(sign): "" for sign in "<>@`*_"})
