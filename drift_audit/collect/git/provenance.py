"""Leads every rendered field back to the line that declares it, or says honestly that only the object is known."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drift_audit.collect.git.documents import FoundObject, objects_of
from drift_audit.collect.git.kustomization import Closure, Kustomization
from drift_audit.collect.git.kustomize import TREE, WRAPPER
from drift_audit.collect.git.patches import FieldSource, same, sources_in, value_at
from drift_audit.collect.git.snapshot import Snapshot
from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import Mark
from drift_audit.model.values import Json, JsonObject, mapping, sequence, text
from drift_audit.yaml_text import Flavor, read_documents

ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"

_ITEM_NAMES = ("name", "key", "id", "type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where a rendered object comes from."""

    file: str
    """Empty when kustomize does not say."""
    mark: Mark | None
    """Where the object starts in the file; `None` when it is generated, or cannot be told apart."""
    marks: Mapping[FieldPath, Mark]
    exact: bool = True
    """False when the line is only that of the generator which made the object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One object out of a build, without the annotations that we asked for."""

    raw: JsonObject
    origin: str
    """Path in the repository; empty for a generated object, and where a patch replaced all annotations."""
    generated_in: str
    """The kustomization file whose generator made it, else empty."""
    layers: tuple[str, ...]
    """The kustomization files that changed it, innermost first."""


def rendered_object(raw: JsonObject) -> Rendered:
    """Takes kustomize's notes about the origin out of an object, and reads them."""
    metadata = mapping(raw.get("metadata"))
    annotations = mapping(metadata.get("annotations"))
    kept = {key: value for key, value in annotations.items() if key not in (ORIGIN, TRANSFORMATIONS)}
    bare = {key: value for key, value in metadata.items() if key != "annotations"}
    if kept:
        bare["annotations"] = kept
    origin = _note(annotations.get(ORIGIN))
    layers = [
        _in_tree(text(mapping(step).get("configuredIn"))) for step in sequence(_note(annotations.get(TRANSFORMATIONS)))
    ]
    # Where a patch replaced all annotations, kustomize names the patch as the origin of the object.
    made_by = text(mapping(mapping(origin).get("configuredBy")).get("kind"))
    made_in = _in_tree(text(mapping(origin).get("configuredIn")))
    return Rendered(
        raw={**raw, "metadata": bare},
        origin=_in_tree(text(mapping(origin).get("path"))),
        generated_in=made_in if made_by.endswith("Generator") else "",
        layers=tuple(dict.fromkeys(layer for layer in (made_in, *layers) if layer)),
    )


def _note(annotation: Json) -> Json:
    documents = read_documents(text(annotation), flavor=Flavor.KUSTOMIZE).documents
    return documents[0].data if documents else None


def _in_tree(path: str) -> str:
    """A path relative to our wrapper as a path in the repository."""
    if not path:
        return ""
    normal = posixpath.normpath(posixpath.join(WRAPPER, path))
    return normal.removeprefix(f"{TREE}/") if normal.startswith(f"{TREE}/") else ""


@dataclass(slots=True)
class Tracer:
    """Traces the objects of one build; every file is parsed once."""

    snapshot: Snapshot
    closure: Closure
    _objects: dict[str, tuple[FoundObject, ...]] = field(default_factory=dict)

    def trace(self, rendered: Rendered) -> Trace:
        if rendered.generated_in:
            return self._generated(rendered)
        origin, raw = self._declared(rendered)
        if raw is None:
            return Trace(file=origin, mark=None, marks={})
        marks = dict(_agreeing(raw.raw, rendered.raw, raw.marks, ()))
        for layer in rendered.layers:
            if kustomization := self.closure.kustomizations.get(layer):
                for source in sources_in(kustomization, self.snapshot, raw, rendered.raw):
                    _claim(marks, source, rendered.raw)
        # Without these, a field that no line declares would be taken for exactly declared by the object.
        for key in rendered.raw:
            marks.setdefault((key,), raw.marks.get((key,), raw.start))
        return Trace(file=origin, mark=raw.start, marks=marks)

    def _declared(self, rendered: Rendered) -> tuple[str, FoundObject | None]:
        """(file, the document in it) that an object was rendered from, as far as that is certain."""
        if rendered.origin in self.closure.files:
            found = _written_as(self._in_file(rendered.origin), rendered.raw)
            return self.closure.files[rendered.origin].path, found
        places = [
            (self.closure.files[path].path, found)
            for path in sorted(self.closure.resources)
            if (found := _written_as(self._in_file(path), rendered.raw))
        ]
        return places[0] if len(places) == 1 else ("", None)

    def _in_file(self, path: str) -> tuple[FoundObject, ...]:
        if path not in self._objects:
            entry = self.closure.files[path]
            read = read_documents(self.snapshot.read([entry])[entry.path], flavor=Flavor.KUSTOMIZE)
            self._objects[path] = tuple(found for document in read.documents for found in objects_of(document))
        return self._objects[path]

    def _generated(self, rendered: Rendered) -> Trace:
        """A generator's entry, as long as its name says which one it is."""
        file = rendered.generated_in
        kustomization = self.closure.kustomizations.get(file)
        mark = _generator(kustomization, rendered.raw) if kustomization else None
        return Trace(file=file, mark=mark, marks={}, exact=False)


def _generator(kustomization: Kustomization, raw: JsonObject) -> Mark | None:
    name = text(mapping(raw.get("metadata")).get("name"))
    key = {"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}.get(text(raw.get("kind")), "")
    for index, entry in enumerate(map(mapping, sequence(kustomization.data.get(key)))):
        if text(entry.get("name")) and text(entry.get("name")) in name:
            return kustomization.marks.get((key, index))
    return None


def _written_as(candidates: Sequence[FoundObject], rendered: JsonObject) -> FoundObject | None:
    """The document that the object was before prefixes, suffixes and namespaces; `None` when it is not certain."""
    metadata = mapping(rendered.get("metadata"))
    name, kind = text(metadata.get("name")), text(rendered.get("kind"))
    of_kind = [found for found in candidates if found.identity[1] == kind]
    exact = [found for found in of_kind if found.identity[2] == name]
    if len(exact) > 1:
        namespace = metadata.get("namespace")
        exact = [found for found in exact if mapping(found.raw.get("metadata")).get("namespace") == namespace]
    if len(exact) == 1:
        return exact[0]
    affixed = [found for found in of_kind if found.identity[2] and found.identity[2] in name]
    longest = max((len(found.identity[2]) for found in affixed), default=0)
    affixed = [found for found in affixed if len(found.identity[2]) == longest]
    return affixed[0] if len(affixed) == 1 and not exact else None


def _agreeing(
    raw: Json, rendered: Json, marks: Mapping[FieldPath, Mark], path: FieldPath
) -> Iterator[tuple[FieldPath, Mark]]:
    """The marks of the fields that were rendered as they are written."""
    if same(raw, rendered):
        yield from ((place, mark) for place, mark in marks.items() if place[: len(path)] == path and place)
    elif isinstance(raw, Mapping) and isinstance(rendered, Mapping):
        for key in raw.keys() & rendered.keys():
            yield from _agreeing(raw[key], rendered[key], marks, (*path, key))
    elif isinstance(raw, (list, tuple)) and isinstance(rendered, (list, tuple)):
        # Items may have moved. One is taken for the same if it is equal as a whole, or carries the same name.
        for index, (ours, theirs) in enumerate(zip(raw, rendered, strict=False)):
            if same(ours, theirs) or _same_item(ours, theirs):
                yield from _agreeing(ours, theirs, marks, (*path, index))


def _same_item(ours: Json, theirs: Json) -> bool:
    left, right = mapping(ours), mapping(theirs)
    return any(key in left and left[key] == right.get(key) for key in _ITEM_NAMES)


def _claim(marks: dict[FieldPath, Mark], source: FieldSource, rendered: JsonObject) -> None:
    """Moves a field, and what lies below it, to the layer that set it; only if its value is what was rendered."""
    found, value = value_at(rendered, source.path)
    if not found or not same(value, source.value):
        return
    for place in [place for place in marks if place[: len(source.path)] == source.path]:
        del marks[place]
    for below, mark in source.marks.items():
        marks[(*source.path, *below)] = mark
