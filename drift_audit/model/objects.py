"""What the views hold: an object of a management cluster, a declaration in Git, a resource of a cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeGuard, TypeVar, overload

from drift_audit.model.keys import FieldPath, ObjectKey, ResourceKey, split_api_version
from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerReference:
    """One entry of `metadata.ownerReferences`."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool


_T = TypeVar("_T")


class remembered(Generic[_T]):
    """A property that is computed on first use; afterwards it is a plain attribute, and costs as much as one.

    `functools.cached_property` takes a lock each time that it computes, and every object is asked.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> remembered[_T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...

    def __get__(self, instance: object | None, owner: type) -> _T | remembered[_T]:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value


# Without slots: what an object's body says is asked for again and again, and remembered in its dictionary.
@dataclass(frozen=True, kw_only=True)
class CapiObject:
    """One object as the management cluster's API server returned it, in `api_version`.

    `raw` is the parsed body. Secret values in it are already masked by the collector.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    raw: JsonObject

    @remembered
    def key(self) -> ObjectKey:
        return ObjectKey(split_api_version(self.api_version)[0], self.kind, self.namespace, self.name)

    @remembered
    def metadata(self) -> JsonObject:
        return mapping(self.raw.get("metadata"))

    @remembered
    def spec(self) -> JsonObject:
        return mapping(self.raw.get("spec"))

    @remembered
    def status(self) -> JsonObject:
        return mapping(self.raw.get("status"))

    @property
    def uid(self) -> str:
        return text(self.metadata.get("uid"))

    @remembered
    def labels(self) -> Mapping[str, str]:
        return _texts(self.metadata.get("labels"))

    @remembered
    def annotations(self) -> Mapping[str, str]:
        return _texts(self.metadata.get("annotations"))

    @property
    def deleting(self) -> bool:
        return bool(self.metadata.get("deletionTimestamp"))

    @property
    def created_at(self) -> str:
        """RFC 3339, as the API server wrote it; empty when it is missing."""
        return text(self.metadata.get("creationTimestamp"))

    @remembered
    def owners(self) -> tuple[OwnerReference, ...]:
        return owners_in(self.metadata)

    def at(self, *steps: str) -> Json:
        """What lies at a path of plain field names; `None` when absent."""
        return dig(self.raw, *steps)


def owners_in(metadata: JsonObject) -> tuple[OwnerReference, ...]:
    """The owner references of an object's metadata."""
    return tuple(
        OwnerReference(
            api_version=text(entry.get("apiVersion")),
            kind=text(entry.get("kind")),
            name=text(entry.get("name")),
            uid=text(entry.get("uid")),
            controller=entry.get("controller") is True,
        )
        for entry in map(mapping, sequence(metadata.get("ownerReferences")))
    )


def _texts(value: Json) -> Mapping[str, str]:
    """The entries of a map of texts; the map itself, as nearly always, when it holds nothing else."""
    found = mapping(value)
    return found if _all_texts(found) else {key: text(item) for key, item in found.items()}


def _all_texts(found: JsonObject) -> TypeGuard[Mapping[str, str]]:
    return all(isinstance(item, str) for item in found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in a Git repository. `line` and `column` count from 1; 0 means "the file as a whole"."""

    repo: str
    """The URL or path as configured, without credentials."""
    revision: str
    file: str
    line: int = 0
    column: int = 0
    exact: bool = True
    """False when the object was rendered from this file and the line is that of the whole object."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a field stands in its file. Both count from 1."""

    line: int
    column: int
    file: str = ""
    """Empty: the file of the object itself. An overlay's patch declares a field in another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One object as Git declares it, after rendering.

    Paths in `marks` and `opaque` are positional: field names and list indexes only.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    raw: JsonObject
    source: str
    """Name of the configured Git source."""
    location: Location
    """Where the object starts."""
    marks: Mapping[FieldPath, Mark] = field(default_factory=dict)
    """Empty for a rendered object whose fields cannot be traced to a line."""
    opaque: Mapping[FieldPath, str] = field(default_factory=dict)
    """Fields whose value is not known from Git, with the reason: templated, encrypted."""
    generate_name: bool = False
    rivals: tuple[Location, ...] = ()
    """Further places of the same source that declare the object: nobody knows which of them wins."""

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(split_api_version(self.api_version)[0], self.kind, self.namespace, self.name)

    @property
    def files(self) -> frozenset[str]:
        """The file of the object, and those of the patches that set fields of it."""
        named = {mark.file for mark in self.marks.values()}
        return frozenset(file for file in {self.location.file, *named} if file)

    def location_of(self, positional: FieldPath) -> Location:
        """The line that declares the field, or that of its nearest declared ancestor."""
        for length in range(len(positional), 0, -1):
            mark = self.marks.get(positional[:length])
            if mark is not None:
                return Location(
                    repo=self.location.repo,
                    revision=self.location.revision,
                    file=mark.file or self.location.file,
                    line=mark.line,
                    column=mark.column,
                    exact=self.location.exact and length == len(positional),
                )
        return replace(self.location, exact=False) if positional else self.location


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudResource:
    """One resource as the cloud's API describes it; `attributes` keeps the API's own field names."""

    key: ResourceKey
    attributes: JsonObject
    tags: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""
    """RFC 3339, empty when the API does not tell."""
