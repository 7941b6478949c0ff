"""YAML manifests as objects, typed as kubectl types them."""

from __future__ import annotations

import yaml

from tests.rig.client import Json


class _KubectlLoader(yaml.CSafeLoader):
    """kubectl reads YAML as JSON would allow it: a date stays a text."""


_KubectlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def objects_of(text: str) -> list[Json]:
    """The objects of a YAML text with any number of documents; empty documents are left out."""
    return [document for document in yaml.load_all(text, Loader=_KubectlLoader) if document]


def text_of(*objects: Json) -> str:
    """The objects as a YAML text with one document each, keys in the order given."""
    return yaml.safe_dump_all(objects, sort_keys=False, width=120)


def without_nulls(declared: Json) -> Json:
    """The object without the fields whose value is null, at any depth."""
    return {key: _without_nulls(value) for key, value in declared.items() if value is not None}


def _without_nulls(value: object) -> object:
    match value:
        case dict():
            return without_nulls(value)
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value
