"""The programs of the rig, found on the machine or built once from their pinned Go modules."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rig.cache import MissingPart, cached, digest_of

RIG = Path(__file__).parent
_BUILD = ("build", "-trimpath", "-buildvcs=false")
_VERSION = "k8s.io/component-base/version"
_GO_SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoProgram:
    """A main package and the module (a folder of the rig) whose go.mod and go.sum pin what it is built from."""

    name: str
    module: Path
    package: str
    version: str = ""
    """What a program of Kubernetes says its version is. Unstamped ones say v0.0.0, which Cluster API refuses."""

    @property
    def build(self) -> tuple[str, ...]:
        """The arguments of go that build it, without the target."""
        link = ["-s", "-w"]
        if self.version:
            major, minor, _ = self.version.removeprefix("v").split(".")
            named = {"gitVersion": self.version, "gitMajor": major, "gitMinor": minor}
            link += [f"-X {_VERSION}.{name}={value}" for name, value in named.items()]
        return (*_BUILD, f"-ldflags={' '.join(link)}")


KUBERNETES = "v1.36.0"
"""The version of k8s.io/kubernetes in the go.mod files of the rig."""
API_SERVER = GoProgram(name="rig-apiserver", module=RIG / "apiserver", package=".", version=KUBERNETES)
KUBECTL = GoProgram(name="kubectl", module=RIG / "kubectl", package=".")
WEBHOOKS = GoProgram(name="rig-webhooks", module=RIG / "webhooks", package=".")
KUSTOMIZE = GoProgram(name="kustomize", module=RIG / "kustomize", package="sigs.k8s.io/kustomize/kustomize/v5")


def built(program: GoProgram) -> Path:
    """The path of the program, built on the first call; raises `MissingPart` where Go is lacking or the build fails."""
    version = go_version()
    sources = [path for pattern in ("go.mod", "go.sum", "*.go") for path in sorted(program.module.glob(pattern))]
    contents = [part for path in sources for part in (path.name, path.read_bytes())]
    key = digest_of(version, program.package, *program.build, *contents)

    def build(target: Path) -> None:
        target.mkdir()
        run_go([*program.build, "-o", str(target / program.name), program.package], folder=program.module)

    # A folder of its own per program: kubectl takes its User-Agent, and so its field manager, from its file's name.
    return cached(program.name, key, build) / program.name


def found_or_built(program: GoProgram) -> Path:
    """The program of that name on PATH, else the built one."""
    on_path = shutil.which(program.name)
    return Path(on_path) if on_path else built(program)


@dataclass(frozen=True, slots=True, kw_only=True)
class RigPrograms:
    api_server: Path
    webhooks: Path
    kubectl: Path
    kustomize: Path


def programs() -> RigPrograms:
    """Every program of the rig, built where it has to be."""
    return RigPrograms(
        api_server=api_server_programs()[0],
        webhooks=built(WEBHOOKS),
        kubectl=found_or_built(KUBECTL),
        kustomize=found_or_built(KUSTOMIZE),
    )


def api_server_programs() -> tuple[Path, Path | None]:
    """The API server, and the etcd that it needs beside it.

    `KUBEBUILDER_ASSETS` names a folder with the programs `kube-apiserver` and `etcd`, as envtest uses it;
    without it, the rig's own API server is built, which brings its etcd along (`None`).
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        return built(API_SERVER), None
    server, etcd = (Path(assets) / name for name in ("kube-apiserver", "etcd"))
    for program in (server, etcd):
        if not os.access(program, os.X_OK):
            raise MissingPart(f"KUBEBUILDER_ASSETS is set, but {program} is not a program")
    return server, etcd


@functools.cache
def go_version() -> str:
    return run_go(["env", "GOVERSION"], folder=RIG).strip()


def run_go(arguments: Sequence[str], *, folder: Path) -> str:
    """What the go command prints; raises `MissingPart` where there is no Go, or with go's own words if it fails."""
    try:
        done = subprocess.run(
            ["go", *arguments],
            cwd=folder,
            env=os.environ | _GO_SETTINGS,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise MissingPart("Go is not installed: put `go` on PATH, or name built parts by KUBEBUILDER_ASSETS") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise MissingPart(f"`go {' '.join(arguments)}` failed in {folder.name}: {said}")
    return done.stdout
