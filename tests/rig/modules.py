"""Folders of the pinned Go modules (`modules.toml`) that hold CRDs and cluster templates."""

from __future__ import annotations

import functools
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.rig.build import RIG, run_go
from tests.rig.cache import MissingPart


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedModule:
    name: str
    path: str
    version: str
    sum: str
    """`h1:…`, the hash of the module's files as go.sum has it."""


@functools.cache
def pinned_modules() -> dict[str, PinnedModule]:
    """Every module of `modules.toml` by its short name."""
    entries = tomllib.loads((RIG / "modules.toml").read_text())
    return {name: PinnedModule(name=name, **entry) for name, entry in entries.items()}


@functools.cache
def module_folder(name: str) -> Path:
    """The unpacked module in Go's module cache, downloaded on the first call.

    Raises `MissingPart` where it cannot be had, or where its content is not the pinned one.
    """
    module = pinned_modules()[name]
    answer = json.loads(run_go(["mod", "download", "-json", f"{module.path}@{module.version}"], folder=RIG))
    if answer["Sum"] != module.sum:
        raise MissingPart(f"{module.path}@{module.version} has the hash {answer['Sum']}, pinned is {module.sum}")
    return Path(answer["Dir"])


def cluster_templates(name: str) -> dict[str, Path]:
    """The cluster templates of a provider by flavour; the default one is `""`."""
    stem = "cluster-template"
    found = sorted((module_folder(name) / "templates").glob(f"{stem}*.yaml"))
    return {path.stem.removeprefix(stem).removeprefix("-"): path for path in found}
