"""A repository and a source in it, for tests that say what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from drift_audit.collect.git import collect_git
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import GitSource
from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import Declaration, Location
from drift_audit.model.progress import Step
from drift_audit.model.views import Gap, GitSourceView, Rendering
from tests.rig.git_repo import GitRepo, make_repo

CLUSTER = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: blue
  namespace: fleet
spec:
  clusterNetwork:
    pods:
      cidrBlocks: [10.0.0.0/16]
  paused: false
"""


def cluster(name: str, namespace: str = "fleet") -> str:
    return CLUSTER.replace("name: blue", f"name: {name}").replace("namespace: fleet", f"namespace: {namespace}")


@dataclass(frozen=True)
class Place:
    """A folder with one repository, and how it is read."""

    folder: Path
    repo: GitRepo
    said: list[Step] = field(default_factory=list)

    def view(self, **changes: Any) -> GitSourceView:
        """What the repository's source holds; `changes` are keys of the configuration."""
        return collect_git(
            "prod",
            replace(GitSource(name="fleet", url="repo"), **changes),
            cache_dir=self.folder / "cache",
            base_dir=self.folder,
            masker=Masker("test"),
            progress=self.said.append,
        )

    def head(self, **changes: Any) -> Rendering:
        view = self.view(**changes)
        assert view.head is not None, view.gaps
        return view.head


def place_with(folder: Path, files: Mapping[str, str | bytes | None]) -> Place:
    return Place(folder, make_repo(folder / "repo", files))


def names(rendering: Rendering) -> list[str]:
    return sorted(str(declaration.key) for declaration in rendering.declarations)


def named(rendering: Rendering, name: str) -> Declaration:
    (found,) = [declaration for declaration in rendering.declarations if declaration.name == name]
    return found


def line_of(place: Place, location: Location) -> str:
    """The text of the line that a location names."""
    text = place.repo.git("show", f"{location.revision}:{location.file}")
    return text.splitlines()[location.line - 1].strip()


def declared(place: Place, declaration: Declaration, *path: str | int) -> tuple[str, str, bool]:
    """(file, text of the line, exact) of a field."""
    positional: FieldPath = path
    location = declaration.location_of(positional)
    return location.file, line_of(place, location), location.exact


def only_gap(gaps: tuple[Gap, ...]) -> Gap:
    (gap,) = gaps
    assert gap.reason
    assert gap.remedy
    return gap
