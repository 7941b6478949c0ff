"""A configuration file while it is being checked: where each key stands, and how a mistake is worded with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from drift_audit.errors import ConfigProblem
from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import Mark
from drift_audit.model.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something wrong at one path of the file."""

    path: FieldPath
    """May lead one step beyond what is written: a missing key stands where its parent does."""
    message: str
    hint: str = ""
    primary: bool = False
    """Told although the value is known to be unusable: this is the reason why it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSource:
    """The parsed file: what the user wrote, what it means after interpolation, and where it stands."""

    file: str
    written: Json
    data: Json
    marks: Mapping[FieldPath, Mark] = field(default_factory=dict)
    from_environment: frozenset[FieldPath] = frozenset()
    unusable: frozenset[FieldPath] = frozenset()
    """Values that already have a mistake of their own; what follows from them is not told again."""

    def line_of(self, path: FieldPath) -> int:
        """The line of the key, or that of its nearest ancestor that is written; 0 for the file."""
        for length in range(len(path), -1, -1):
            mark = self.marks.get(path[:length])
            if mark is not None:
                return mark.line
        return 0

    def shown(self, path: FieldPath) -> str:
        """The value as the user wrote it: `${TOKEN}`, never what the environment holds."""
        return str(value_at(self.written, path))

    def holds_environment(self, path: FieldPath) -> bool:
        """True when the value or anything below it came from the environment."""
        return any(secret[: len(path)] == path for secret in self.from_environment)

    def problems(self, mistakes: Iterable[Mistake]) -> list[ConfigProblem]:
        """The mistakes with their places, in the order of the file, each told once."""
        located = {
            ConfigProblem(self.file, self.line_of(mistake.path), mistake.message, mistake.hint): None
            for mistake in mistakes
            if mistake.primary or not self._follows_from_another(mistake.path)
        }
        return sorted(located, key=lambda problem: problem.line)

    def _follows_from_another(self, path: FieldPath) -> bool:
        return any(path[: len(bad)] == bad for bad in self.unusable)


def value_at(data: Json, path: FieldPath) -> Json:
    """What stands at the path; `None` where it leads nowhere."""
    for step in path:
        match data, step:
            case Mapping(), str():
                data = data.get(step)
            case list() | tuple(), int() if -len(data) <= step < len(data):
                data = data[step]
            case _:
                return None
    return data


def closest(word: str, known: Iterable[str]) -> str:
    """A hint with the known word that looks most like this one; empty when none does."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {str(close[0])!r}?" if close else ""


def nearest(word: str, known: Collection[str]) -> str:
    """A hint with the known word that looks most like this one, or with all of them."""
    return closest(word, known) or (f"known: {', '.join(sorted(known))}" if known else "")
