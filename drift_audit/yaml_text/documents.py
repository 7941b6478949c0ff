"""YAML text to values whose every field knows its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import Mark
from drift_audit.model.values import Json
from drift_audit.yaml_text.limits import DEFAULT_LIMITS, Limits, ProblemCode, TextProblem, TextRefused, refuse
from drift_audit.yaml_text.nodes import (
    AliasNode,
    MappingNode,
    Node,
    NodeDocument,
    NodeStart,
    ScalarNode,
    SequenceNode,
    read_nodes,
)
from drift_audit.yaml_text.scalars import Flavor, ScalarError, resolve, resolve_key

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_MAX_RESUMES = 100
"""How often reading starts again behind a broken document of one file."""
_FINAL = frozenset((ProblemCode.YAML_TOO_MANY_NODES, ProblemCode.YAML_TOO_MANY_DOCUMENTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDocument:
    """One YAML document that holds something."""

    index: int
    """Counts the documents of the file from 0, empty and broken ones included."""
    data: Json
    marks: Mapping[FieldPath, Mark]
    """Positional paths: the place of the *key* of a mapping's entry, of the item in a sequence.

    What came through an alias or a merge key has the place where it is written, under the anchor.
    """
    start: Mark
    shared: frozenset[FieldPath] = frozenset()
    """Fields that came through an alias or a merge key: their line serves other fields too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRead:
    documents: tuple[TextDocument, ...]
    problems: tuple[TextProblem, ...] = ()


def read_documents(text: str | bytes, *, flavor: Flavor, limits: Limits = DEFAULT_LIMITS) -> TextRead:
    """The documents of a YAML (or JSON) text that could be read, and why the others could not.

    Never raises for what the text holds. A document with a problem is left out; those before and after it
    are read. Empty documents are passed over.
    """
    try:
        decoded = _decode(text, limits)
    except TextRefused as refused:
        return TextRead(documents=(), problems=(refused.problem,))
    documents: list[TextDocument] = []
    problems: list[TextProblem] = []
    for found in _all_nodes(decoded, limits):
        if isinstance(found, TextProblem):
            problems.append(found)
            continue
        try:
            document = _Reader(flavor, limits).document(found)
        except TextRefused as refused:
            problems.append(refused.problem)
        else:
            if document.data is not None:
                documents.append(document)
    return TextRead(documents=tuple(documents), problems=tuple(problems))


def _decode(text: str | bytes, limits: Limits) -> str:
    try:
        raw = text.encode() if isinstance(text, str) else text
        decoded = raw.decode("utf-8-sig")
    except UnicodeError as error:
        line = raw[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 0
        raise refuse(ProblemCode.YAML_NOT_UTF8, "the file is not UTF-8 text", line) from error
    if len(raw) > limits.bytes:
        raise refuse(ProblemCode.YAML_TOO_LARGE, f"the file is larger than {limits.bytes} bytes")
    return decoded


def _all_nodes(text: str, limits: Limits) -> Iterator[NodeDocument | TextProblem]:
    """Nodes of all documents; behind a problem, reading goes on at the next line that separates documents."""
    offset, first = 0, NodeStart()
    last: TextProblem | None = None
    for _ in range(_MAX_RESUMES):
        index, stopped = first.index, None
        for found in read_nodes(text[offset:], limits, first):
            if isinstance(found, NodeDocument):
                index = found.index + 1
                yield found
            else:
                stopped = found
        if stopped is None:
            return
        if stopped != last:
            yield stopped
        last = stopped
        separator = _next_separator(text, offset, stopped.line - first.lines_before)
        if separator is None or stopped.code in _FINAL:
            return
        first = NodeStart(index=index + 1, lines_before=first.lines_before + text.count("\n", offset, separator))
        offset = separator
    yield TextProblem(
        line=first.lines_before + 1,
        column=1,
        code=ProblemCode.YAML_ERROR,
        message="too many broken documents: the rest of the file was not read",
    )


def _next_separator(text: str, offset: int, line: int) -> int | None:
    """Where the first `---` line stands from `line` on, counted from 1 at `offset`.

    The line itself counts: an unclosed bracket is reported at the separator that follows it.
    """
    position = offset
    for _ in range(line - 1):
        position = text.find("\n", position) + 1
        if position == 0:
            return None
    found = _SEPARATOR.search(text, max(position, offset + 1))
    return found.start() if found else None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a mapping once merge keys are resolved."""

    mark: Mark
    value: Node
    shared: bool


class _Reader:
    """Turns the nodes of one document into a value, and remembers where its fields stand."""

    def __init__(self, flavor: Flavor, limits: Limits) -> None:
        self._flavor = flavor
        self._limits = limits
        self._marks: dict[FieldPath, Mark] = {}
        self._shared: set[FieldPath] = set()
        self._expanded = 0

    def document(self, found: NodeDocument) -> TextDocument:
        data = self._value(found.root, (), shared=False)
        return TextDocument(
            index=found.index,
            data=data,
            marks=self._marks,
            start=Mark(found.root.line, found.root.column),
            shared=frozenset(self._shared),
        )

    def _value(self, node: Node, path: FieldPath, *, shared: bool) -> Json:
        # Aliases can nest deeper than anything that is written, so depth is checked here again.
        if len(path) > self._limits.depth:
            raise refuse(
                ProblemCode.YAML_TOO_DEEP, f"nested deeper than {self._limits.depth} levels", node.line, node.column
            )
        if isinstance(node, AliasNode):
            node, shared = node.target, True
        if shared:
            self._spend(node)
            self._shared.add(path)
        match node:
            case ScalarNode():
                return self._scalar(node)
            case SequenceNode():
                return [self._item(item, (*path, index), shared=shared) for index, item in enumerate(node.items)]
            case MappingNode():
                entries = self._entries(node, shared=shared, level=len(path))
                return {key: self._entry(entry, (*path, key)) for key, entry in entries.items()}

    def _item(self, node: Node, path: FieldPath, *, shared: bool) -> Json:
        self._marks[path] = Mark(node.line, node.column)
        return self._value(node, path, shared=shared)

    def _entry(self, entry: _Entry, path: FieldPath) -> Json:
        self._marks[path] = entry.mark
        return self._value(entry.value, path, shared=entry.shared)

    def _scalar(self, node: ScalarNode) -> Json:
        try:
            return resolve(node.text, tag=node.tag, plain=node.plain, flavor=self._flavor)
        except ScalarError as error:
            raise refuse(ProblemCode.YAML_ERROR, str(error), node.line, node.column) from error

    def _key(self, node: Node) -> str:
        node = node.target if isinstance(node, AliasNode) else node
        if not isinstance(node, ScalarNode):
            raise refuse(ProblemCode.YAML_KEY, "a mapping or a list cannot be a key", node.line, node.column)
        try:
            return resolve_key(node.text, tag=node.tag, plain=node.plain, flavor=self._flavor)
        except ScalarError as error:
            raise refuse(ProblemCode.YAML_KEY, str(error), node.line, node.column) from error

    def _entries(self, node: MappingNode, *, shared: bool, level: int) -> dict[str, _Entry]:
        """The entries with merge keys resolved.

        To kubectl (go-yaml 2) a merge key counts where it stands and overrides what is above it; to
        kustomize (go-yaml 3) whatever is written in the mapping itself wins, and a second `<<` is an error.
        """
        entries: dict[str, _Entry] = {}
        written: dict[str, int] = {}
        merged: dict[str, _Entry] = {}
        for key_node, value in zip(node.items[::2], node.items[1::2], strict=True):
            if _is_merge(key_node):
                if "<<" in written and self._flavor is Flavor.KUSTOMIZE:
                    raise _duplicate("<<", key_node, written["<<"])
                written["<<"] = key_node.line
                merged = self._merged(value, level=level)
                if self._flavor is Flavor.KUBECTL:
                    entries.update(merged)
                continue
            key = self._key(key_node)
            if key in written:
                raise _duplicate(key, key_node, written[key])
            written[key] = key_node.line
            entries[key] = _Entry(Mark(key_node.line, key_node.column), value, shared)
        if self._flavor is Flavor.KUSTOMIZE:
            return {**merged, **entries}
        return entries

    def _merged(self, value: Node, *, level: int) -> dict[str, _Entry]:
        """What a merge key brings; of several sources the first that has a key gives it."""
        if level >= self._limits.depth:
            raise refuse(ProblemCode.YAML_TOO_DEEP, "too many merge keys in a row", value.line, value.column)
        merged: dict[str, _Entry] = {}
        for source in value.items if isinstance(value, SequenceNode) else [value]:
            target = source.target if isinstance(source, AliasNode) else source
            if not isinstance(target, MappingNode):
                raise refuse(
                    ProblemCode.YAML_ERROR, "<< takes a mapping or a list of mappings", source.line, source.column
                )
            self._spend(target)
            for key, entry in self._entries(target, shared=target is not source, level=level + 1).items():
                merged.setdefault(key, entry)
        return merged

    def _spend(self, node: Node) -> None:
        self._expanded += 1 + (len(node.items) if isinstance(node, MappingNode) else 0)
        if self._expanded > self._limits.expanded:
            raise refuse(
                ProblemCode.YAML_ALIAS_BOMB,
                f"its aliases stand for more than {self._limits.expanded} values",
                node.line,
                node.column,
            )


def _is_merge(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.text == "<<" and node.plain and not node.tag


def _duplicate(key: str, node: Node, first_line: int) -> TextRefused:
    return refuse(
        ProblemCode.YAML_DUPLICATE_KEY,
        f"the key {key!r} is written twice, first in line {first_line}",
        node.line,
        node.column,
    )
