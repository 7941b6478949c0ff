"""Distributions with entry points, as an installer would leave them on the path.

The loader is tested through the real `importlib.metadata`; nothing of it is replaced. The project's own
distribution is written from `pyproject.toml`, so the tests need no installation and cannot meet a stale one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[3]

EntryPoints = Mapping[str, Mapping[str, str]]


def install(
    site: Path,
    name: str,
    entry_points: EntryPoints,
    *,
    modules: Mapping[str, str] | None = None,
    extras: Mapping[str, tuple[str, ...]] | None = None,
) -> Path:
    """The folder, now holding the distribution; put it on `sys.path` or `PYTHONPATH`."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    for extra, requirements in (extras or {}).items():
        metadata.append(f"Provides-Extra: {extra}")
        metadata += [f'Requires-Dist: {requirement}; extra == "{extra}"' for requirement in requirements]
    (info / "METADATA").write_text("\n".join(metadata) + "\n")
    sections = [
        "\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in named.items())])
        for group, named in entry_points.items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(sections) + "\n")
    for module, source in (modules or {}).items():
        (site / f"{module}.py").write_text(dedent(source))
    return site


def install_ourselves(site: Path) -> Path:
    """The project's own entry points and extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return install(
        site,
        project["name"],
        project["entry-points"],
        extras={extra: tuple(needs) for extra, needs in project["optional-dependencies"].items()},
    )
