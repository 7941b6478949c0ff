"""Finds the line of an overlay that decides a field: in a patch, or in the kustomization itself.

Only what can be proven is claimed: a line is given when it holds the very value that was rendered.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from drift_audit.collect.git.documents import FoundObject
from drift_audit.collect.git.kustomization import Kustomization
from drift_audit.collect.git.snapshot import Snapshot
from drift_audit.model.keys import FieldPath, canonical_json, split_api_version
from drift_audit.model.objects import Mark
from drift_audit.model.values import Json, JsonObject, mapping, sequence, text
from drift_audit.yaml_text import Flavor, TextDocument, read_documents

_LITERAL = re.compile(r"(?:patch:|-)\s*\|[-+]?\s*(?:#.*)?\Z")
_IDENTITY = frozenset({("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace")})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """A field that a layer sets, with the value that it sets."""

    path: FieldPath
    value: Json
    marks: Mapping[FieldPath, Mark]
    """Where the field stands, and what lies below it; relative to the field."""


def value_at(value: Json, path: FieldPath) -> tuple[bool, Json]:
    """(is it there, the value) at a positional path."""
    for step in path:
        match value, step:
            case Mapping(), str() if step in value:
                value = value[step]
            case ((list() | tuple()), int()) if 0 <= step < len(value):
                value = value[step]
            case _:
                return False, None
    return True, value


def same(left: Json, right: Json) -> bool:
    """Equal as JSON: `1` is not `true`."""
    return canonical_json(left) == canonical_json(right)


def sources_in(
    kustomization: Kustomization, snapshot: Snapshot, raw: FoundObject, rendered: JsonObject
) -> Iterator[FieldSource]:
    """What one kustomization sets on one object, in the order in which kustomize applies it."""
    yield from _patched(kustomization, snapshot, raw, rendered)
    yield from _transformed(kustomization, raw)


def _patched(
    kustomization: Kustomization, snapshot: Snapshot, raw: FoundObject, rendered: JsonObject
) -> Iterator[FieldSource]:
    for key, index, entry in _patch_entries(kustomization.data):
        target = mapping(mapping(entry).get("target"))
        for document in _documents(kustomization, snapshot, key, index, entry):
            if isinstance(document.data, Mapping):
                if _selects(target, raw, rendered) if target else _names(document.data, raw, rendered):
                    yield from _merged(document)
            elif target and _selects(target, raw, rendered):
                yield from _operations(document, rendered)


def _patch_entries(data: JsonObject) -> Iterator[tuple[str, int, Json]]:
    for key in ("patchesStrategicMerge", "patches", "patchesJson6902"):
        for index, entry in enumerate(sequence(data.get(key))):
            yield key, index, entry


def _documents(
    kustomization: Kustomization, snapshot: Snapshot, key: str, index: int, entry: Json
) -> Iterator[TextDocument]:
    """The documents of a patch with marks that name the file they stand in."""
    inline = entry if isinstance(entry, str) else text(mapping(entry).get("patch"))
    path = entry if isinstance(entry, str) else text(mapping(entry).get("path"))
    if inline and (inline is not path or "\n" in inline):
        mark = kustomization.marks.get((key, index) if isinstance(entry, str) else (key, index, "patch"))
        for document in read_documents(inline, flavor=Flavor.KUSTOMIZE).documents:
            if mark is not None:
                yield _placed(document, _inline_marks(document, inline, kustomization, mark))
    elif path:
        folder = kustomization.file.rpartition("/")[0]
        where = _joined(folder, path)
        if where in snapshot.entries:
            stored = snapshot.file(where)
            content = snapshot.read([stored])[stored.path]
            for document in read_documents(content, flavor=Flavor.KUSTOMIZE).documents:
                yield _placed(
                    document, {step: replace(mark, file=stored.path) for step, mark in document.marks.items()}
                )


def _placed(document: TextDocument, marks: Mapping[FieldPath, Mark]) -> TextDocument:
    return replace(document, marks=marks)


def _inline_marks(
    document: TextDocument, inline: str, kustomization: Kustomization, key: Mark
) -> dict[FieldPath, Mark]:
    """Lines of a patch that is written inside the kustomization: a literal block, or a text on one line."""
    header = _line(kustomization, key.line)
    if not _LITERAL.search(header):
        single = "\n" not in inline.strip() and inline.strip()[:20].strip("'\"") in header
        here = Mark(key.line, key.column, kustomization.file)
        return dict.fromkeys(document.marks, here) if single else {}
    lines = inline.split("\n")
    placed: dict[FieldPath, Mark] = {}
    for path, mark in document.marks.items():
        written, ours = _line(kustomization, key.line + mark.line), lines[mark.line - 1]
        if written.strip() == ours.strip():
            indent = len(written) - len(written.lstrip()) - (len(ours) - len(ours.lstrip()))
            placed[path] = Mark(key.line + mark.line, mark.column + indent, kustomization.file)
    return placed


def _line(kustomization: Kustomization, number: int) -> str:
    return kustomization.lines[number - 1] if 0 < number <= len(kustomization.lines) else ""


def _joined(folder: str, reference: str) -> str:
    return posixpath.normpath(posixpath.join(folder, reference))


def _selects(target: JsonObject, raw: FoundObject, rendered: JsonObject) -> bool:
    """True when a patch's `target` takes the object. Its names are regular expressions over the whole name.

    Labels may have changed on the way, so a selector by label or annotation is taken for no match: then
    the field falls back to its object's line.
    """
    group, kind, name = raw.identity
    version = split_api_version(text(raw.raw.get("apiVersion")))[1]
    metadata = mapping(rendered.get("metadata"))
    if target.get("labelSelector") or target.get("annotationSelector"):
        return False
    facts = (
        ("group", {group}),
        ("version", {version}),
        ("kind", {kind, text(rendered.get("kind"))}),
        ("name", {name, text(metadata.get("name"))}),
        ("namespace", {text(mapping(raw.raw.get("metadata")).get("namespace")), text(metadata.get("namespace"))}),
    )
    return all(_matches(text(target.get(key)), values) for key, values in facts)


def _matches(pattern: str, values: set[str]) -> bool:
    if not pattern:
        return True
    try:
        return any(re.fullmatch(pattern, value) for value in values)
    except re.error:
        return False


def _names(patch: JsonObject, raw: FoundObject, rendered: JsonObject) -> bool:
    """True when a merge patch without a target names the object, as it was written or as it became."""
    name = text(mapping(patch.get("metadata")).get("name"))
    group = split_api_version(text(patch.get("apiVersion")))[0]
    return (group, text(patch.get("kind"))) == raw.identity[:2] and name in (
        raw.identity[2],
        text(mapping(rendered.get("metadata")).get("name")),
    )


def _merged(document: TextDocument) -> Iterator[FieldSource]:
    """The fields of a merge patch. A list is one field: on custom resources it replaces the list below it."""
    lists: list[FieldPath] = []
    for path in document.marks:
        if path in _IDENTITY or any(path[: len(above)] == above for above in lists):
            continue
        _, value = value_at(document.data, path)
        if isinstance(value, (list, tuple)):
            lists.append(path)
        if not isinstance(value, Mapping) or not value:
            yield FieldSource(path=path, value=value, marks=_below(document.marks, path))


def _operations(document: TextDocument, rendered: JsonObject) -> Iterator[FieldSource]:
    """The fields that a list of JSON patch operations (RFC 6902) sets."""
    for index, operation in enumerate(map(mapping, sequence(document.data))):
        if operation.get("op") in ("add", "replace") and "value" in operation:
            path = _pointer(text(operation.get("path")), rendered)
            yield FieldSource(path=path, value=operation["value"], marks=_below(document.marks, (index, "value")))


def _pointer(pointer: str, rendered: JsonObject) -> FieldPath:
    """A JSON pointer as a path in the rendered object; `-` is the last item."""
    path: FieldPath = ()
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        _, here = value_at(rendered, path)
        if isinstance(here, (list, tuple)):
            path = (*path, int(name) if name.isdigit() else len(here) - 1)
        else:
            path = (*path, name)
    return path


def _below(marks: Mapping[FieldPath, Mark], path: FieldPath) -> dict[FieldPath, Mark]:
    return {step[len(path) :]: mark for step, mark in marks.items() if step[: len(path)] == path}


def _transformed(kustomization: Kustomization, raw: FoundObject) -> Iterator[FieldSource]:
    """What the kustomization says itself: namespace, labels, annotations, replicas."""
    for path, place in _settings(kustomization.data, raw.identity[2]):
        found, value = value_at(kustomization.data, place)
        mark = kustomization.marks.get(place)
        if found and mark is not None:
            yield FieldSource(path=path, value=value, marks={(): replace(mark, file=kustomization.file)})


def _settings(data: JsonObject, name: str) -> Iterator[tuple[FieldPath, FieldPath]]:
    """(field of the object, place in the kustomization)."""
    if "namespace" in data:
        yield ("metadata", "namespace"), ("namespace",)
    for key in mapping(data.get("commonLabels")):
        yield ("metadata", "labels", key), ("commonLabels", key)
    for index, entry in enumerate(map(mapping, sequence(data.get("labels")))):
        for key in mapping(entry.get("pairs")):
            yield ("metadata", "labels", key), ("labels", index, "pairs", key)
    for key in mapping(data.get("commonAnnotations")):
        yield ("metadata", "annotations", key), ("commonAnnotations", key)
    for index, entry in enumerate(map(mapping, sequence(data.get("replicas")))):
        if entry.get("name") == name:
            yield ("spec", "replicas"), ("replicas", index, "count")
