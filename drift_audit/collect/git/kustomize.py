"""Runs kustomize on a copy of exactly the files that a build needs, with no network and no other program."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drift_audit.collect.git.kustomization import Closure
from drift_audit.collect.git.problems import GitProblem, one_line
from drift_audit.collect.git.reading import partial
from drift_audit.collect.git.snapshot import Snapshot

_TIMEOUT_SECONDS = 30.0
MAX_OUTPUT_BYTES = 64 * 1024 * 1024

TREE, WRAPPER = "tree", "build"
"""Folders of the scratch copy: the repository's files, and the kustomization of ours around them."""

_VERSION = re.compile(r"v\d+\.\d+\.\d+[\w.+-]*")
_KUBECTL_NOISE = re.compile(r'^E\d{4} \S+\s+\d+ \S+\] "command failed" err=')
_NOWHERE = "http://127.0.0.1:9"
_LIMITED = {"HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "ALL_PROXY": _NOWHERE, "PATH": "", "GOMEMLIMIT": "512MiB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KustomizeTool:
    """A program on this machine that can build kustomizations."""

    build: tuple[str, ...]
    """Command line up to the folder."""
    version: str
    timeout_seconds: float = _TIMEOUT_SECONDS

    @property
    def name(self) -> str:
        return f"kustomize {self.version}"


def find_tool() -> KustomizeTool:
    """kustomize, or the one inside kubectl. Raises GitProblem where there is neither."""
    if program := shutil.which("kustomize"):
        return KustomizeTool(build=(program, "build"), version=_version([program, "version"]))
    if program := shutil.which("kubectl"):
        return KustomizeTool(
            build=(program, "kustomize"), version=_version([program, "version", "--client", "-o", "json"])
        )
    raise GitProblem("neither kustomize nor kubectl is installed", "install kustomize 5 and put it on PATH")


def _version(command: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory(prefix="drift-audit-") as home:
        try:
            told = subprocess.run(
                command, env=_environment(Path(home)), capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
            ).stdout.decode(errors="replace")
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitProblem(f"{command[0]} cannot be run: {error}", "repair or reinstall it") from error
    with contextlib.suppress(ValueError, AttributeError):
        told = str(json.loads(told).get("kustomizeVersion", told))
    found = _VERSION.search(told)
    return found[0] if found else "of unknown version"


def build(tool: KustomizeTool, snapshot: Snapshot, closure: Closure) -> bytes:
    """The rendered objects as YAML, each with kustomize's annotations about its origin.

    These are asked for by a kustomization of ours around the one to be built, so that no file of the
    repository is changed. Raises GitProblem.
    """
    with tempfile.TemporaryDirectory(prefix="drift-audit-") as scratch:
        root = Path(scratch)
        _lay_out(snapshot, closure, root / TREE)
        (root / WRAPPER).mkdir()
        wrapper = {
            "resources": [f"../{TREE}/{closure.folder}".rstrip("/")],
            "buildMetadata": ["originAnnotations", "transformerAnnotations"],
        }
        (root / WRAPPER / "kustomization.yaml").write_text(json.dumps(wrapper))
        (root / "home").mkdir()
        # The restriction to files below the folder would forbid `../base/file.yaml`, which Flux allows; here
        # nothing but files of the commit can be reached anyway.
        command = [*tool.build, "--load-restrictor", "LoadRestrictionsNone", str(root / WRAPPER)]
        return _run(command, root, closure.folder, tool.timeout_seconds)


def _lay_out(snapshot: Snapshot, closure: Closure, tree: Path) -> None:
    contents = snapshot.read(closure.files.values())
    for path, entry in closure.files.items():
        steps = path.split("/")
        if any(step in ("", ".", "..") for step in steps):
            raise partial(path, f"{path!r} is no usable file name", "rename the file")
        target = tree.joinpath(*steps)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents[entry.path])


def _environment(home: Path) -> dict[str, str]:
    return {**_LIMITED, "HOME": str(home), "TMPDIR": str(home), "XDG_CONFIG_HOME": str(home)}


def _run(command: Sequence[str], root: Path, folder: str, timeout: float) -> bytes:
    place = folder or "the top folder"
    with (root / "stderr").open("w+b") as stderr:
        try:
            process = subprocess.Popen(
                command, cwd=root, env=_environment(root / "home"), stdout=subprocess.PIPE, stderr=stderr
            )
        except OSError as error:
            raise GitProblem(f"{command[0]} cannot be run: {error}", "repair or reinstall it") from error
        too_slow = threading.Event()

        def stop() -> None:
            too_slow.set()
            process.kill()

        watchdog = threading.Timer(timeout, stop)
        watchdog.start()
        with process:
            assert process.stdout is not None
            output = process.stdout.read(MAX_OUTPUT_BYTES + 1)
            if len(output) > MAX_OUTPUT_BYTES:
                process.kill()
        watchdog.cancel()
        if too_slow.is_set():
            raise partial(folder, f"building {place} took longer than {timeout:g} s", "simplify the overlay")
        if len(output) > MAX_OUTPUT_BYTES:
            raise partial(folder, f"building {place} gives more than {MAX_OUTPUT_BYTES // 2**20} MiB", "split it")
        if process.returncode != 0:
            stderr.seek(0)
            said = stderr.read(65536).decode(errors="replace").replace(f"{root}/{TREE}/", "").replace(str(root), "")
            # It wraps the cause in the names of everything above it: the end is what matters.
            cause = one_line(_KUBECTL_NOISE.sub("", said), keep_end=True)
            raise partial(
                folder,
                f"kustomize cannot build {place}: {cause}",
                "mend the overlay: the GitOps tool cannot build it either",
            )
    return output
