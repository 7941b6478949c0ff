"""Errors that a user can mend.

    DriftAuditError            anything below; the command line prints it without a traceback
    ├── ConfigError            mistakes in the configuration: all of them at once; exit 2
    ├── UsageError             a flag or an argument that makes no sense; exit 2
    ├── RecordingError         a recording that cannot be read; exit 2
    ├── PluginError            a provider or a report that is not installed or not what it claims; exit 2
    └── OutputError            a report that cannot be written; exit 2

What the *world* refuses (403, timeouts) is no error: it is a `Gap` in the result. A bug of ours is an
ordinary exception and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class DriftAuditError(Exception):
    """A mistake that the person at the keyboard can mend. The text says what, where and the next step."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake in a file that the user wrote."""

    file: str
    line: int
    """Counts from 1; 0 when the mistake is about the file as a whole."""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(DriftAuditError):
    """Every mistake found in the configuration."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(DriftAuditError):
    pass


class RecordingError(DriftAuditError):
    pass


class PluginError(DriftAuditError):
    pass


class OutputError(DriftAuditError):
    pass
