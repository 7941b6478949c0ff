"""How much of a YAML text we are willing to read, and how a refusal is reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds for one text. Generous for manifests (the CRDs of a large operator are about 2 MB), deadly for bombs."""

    bytes: int = 8 * 1024 * 1024
    depth: int = 100
    """Nested mappings and sequences."""
    nodes: int = 1_000_000
    """Scalars, mappings and sequences as written."""
    expanded: int = 100_000
    """Nodes that aliases and merge keys add to what is written."""
    documents: int = 10_000


DEFAULT_LIMITS = Limits()


class ProblemCode(StrEnum):
    YAML_ERROR = "YAML_ERROR"
    """Not YAML, or a value that neither kubectl nor kustomize accepts."""
    YAML_NOT_UTF8 = "YAML_NOT_UTF8"
    YAML_DUPLICATE_KEY = "YAML_DUPLICATE_KEY"
    YAML_KEY = "YAML_KEY"
    """A key that is not a string and that the tool cannot turn into one."""
    YAML_TAG = "YAML_TAG"
    """A tag outside YAML's core."""
    YAML_ALIAS = "YAML_ALIAS"
    """An alias that names nothing, or contains itself."""
    YAML_TOO_LARGE = "YAML_TOO_LARGE"
    YAML_TOO_DEEP = "YAML_TOO_DEEP"
    YAML_TOO_MANY_NODES = "YAML_TOO_MANY_NODES"
    YAML_ALIAS_BOMB = "YAML_ALIAS_BOMB"
    YAML_TOO_MANY_DOCUMENTS = "YAML_TOO_MANY_DOCUMENTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextProblem:
    """Why a document, or all of a text, was not read. `line` and `column` count from 1; 0 when unknown."""

    line: int
    column: int
    code: ProblemCode
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class TextRefused(Exception):
    """Carries a problem out of the reading of one document."""

    def __init__(self, problem: TextProblem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def refuse(code: ProblemCode, message: str, line: int = 0, column: int = 0) -> TextRefused:
    return TextRefused(TextProblem(line=line, column=column, code=code, message=message))
