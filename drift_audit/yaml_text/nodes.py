"""YAML text to nodes with places, by our own hand.

PyYAML's C parser gives events and survives anything; its C *composer* recurses and dies on 200,000
opening brackets. So the composing is done here, without recursion, and stops at the limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from drift_audit.yaml_text.limits import Limits, ProblemCode, TextProblem, TextRefused, refuse

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(("str", "int", "float", "bool", "null", "timestamp", "binary"))


@dataclass(slots=True)
class ScalarNode:
    line: int
    column: int
    text: str
    tag: str
    """Short core tag, empty when none is written."""
    plain: bool


@dataclass(slots=True)
class SequenceNode:
    line: int
    column: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class MappingNode:
    line: int
    column: int
    items: list[Node] = field(default_factory=list)
    """Keys and values in turn."""


@dataclass(slots=True)
class AliasNode:
    line: int
    column: int
    target: ScalarNode | SequenceNode | MappingNode


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode | AliasNode


@dataclass(slots=True)
class NodeDocument:
    index: int
    root: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStart:
    """Where in its file a piece of text begins."""

    index: int = 0
    """Documents before it."""
    lines_before: int = 0


def read_nodes(text: str, limits: Limits, first: NodeStart) -> Iterator[NodeDocument | TextProblem]:
    """Documents in order; a problem ends the stream.

    The parser cannot skip what it does not understand: to read on, the caller begins again at the next separator.
    """
    builder = _Builder(limits, first)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            document = builder.take(event)
            if document is not None:
                yield document
    except TextRefused as refused:
        yield refused.problem
    except yaml.reader.ReaderError as error:
        yield _reader_problem(text, error, first.lines_before)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        yield TextProblem(
            line=mark.line + 1 + first.lines_before if mark else 0,
            column=mark.column + 1 if mark else 0,
            code=ProblemCode.YAML_ERROR,
            message=f"not YAML: {error.problem or error.context or error}",
        )


def _reader_problem(text: str, error: yaml.reader.ReaderError, lines_before: int) -> TextProblem:
    # The C reader counts bytes of the UTF-8 text.
    before = text.encode()[: error.position].decode(errors="ignore")
    return TextProblem(
        line=before.count("\n") + 1 + lines_before,
        column=len(before) - before.rfind("\n"),
        code=ProblemCode.YAML_ERROR,
        message=f"not YAML: {error.reason}",
    )


class _Builder:
    """Turns events into nodes, one document at a time."""

    def __init__(self, limits: Limits, first: NodeStart) -> None:
        self._limits = limits
        self._index = first.index
        self._lines = first.lines_before + 1
        self._nodes = 0
        self._open: list[SequenceNode | MappingNode] = []
        self._anchors: dict[str, ScalarNode | SequenceNode | MappingNode] = {}
        self._root: Node | None = None

    def take(self, event: Any) -> NodeDocument | None:
        """The document that this event completes, if it completes one."""
        match event:
            case yaml.ScalarEvent():
                self._add(self._scalar(event), event.anchor)
            case yaml.MappingStartEvent():
                self._start(MappingNode(*self._place(event)), event, "map")
            case yaml.SequenceStartEvent():
                self._start(SequenceNode(*self._place(event)), event, "seq")
            case yaml.CollectionEndEvent():
                self._open.pop()
            case yaml.AliasEvent():
                self._add(self._alias(event), None)
            case yaml.DocumentStartEvent():
                if self._index >= self._limits.documents:
                    raise refuse(
                        ProblemCode.YAML_TOO_MANY_DOCUMENTS,
                        f"more than {self._limits.documents} documents in one file",
                        *self._place(event),
                    )
                self._anchors, self._root = {}, None
            case yaml.DocumentEndEvent():
                self._index += 1
                if self._root is not None:
                    return NodeDocument(self._index - 1, self._root)
        return None

    def _start(self, node: SequenceNode | MappingNode, event: Any, tag: str) -> None:
        if event.tag not in (None, "!", _CORE + tag):
            raise self._strange_tag(event)
        if len(self._open) >= self._limits.depth:
            raise refuse(
                ProblemCode.YAML_TOO_DEEP, f"nested deeper than {self._limits.depth} levels", node.line, node.column
            )
        self._add(node, event.anchor)
        self._open.append(node)

    def _add(self, node: Node, anchor: str | None) -> None:
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise refuse(
                ProblemCode.YAML_TOO_MANY_NODES,
                f"more than {self._limits.nodes} values in one file",
                node.line,
                node.column,
            )
        if anchor is not None and not isinstance(node, AliasNode):
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].items.append(node)
        else:
            self._root = node

    def _alias(self, event: Any) -> AliasNode:
        target = self._anchors.get(event.anchor)
        if target is None:
            raise refuse(ProblemCode.YAML_ALIAS, f"unknown alias *{event.anchor}", *self._place(event))
        if any(target is ancestor for ancestor in self._open):
            raise refuse(ProblemCode.YAML_ALIAS, f"anchor &{event.anchor} contains itself", *self._place(event))
        return AliasNode(*self._place(event), target)

    def _place(self, event: Any) -> tuple[int, int]:
        mark = event.start_mark
        return mark.line + self._lines, mark.column + 1

    def _scalar(self, event: Any) -> ScalarNode:
        tag = ""
        if event.tag is not None:
            tag = event.tag.removeprefix(_CORE)
            if tag not in _SCALAR_TAGS:
                raise self._strange_tag(event)
        line, column = self._place(event)
        return ScalarNode(line, column, event.value, tag, not event.style)

    def _strange_tag(self, event: Any) -> TextRefused:
        return refuse(ProblemCode.YAML_TAG, f"the tag {event.tag} is not part of plain YAML", *self._place(event))
