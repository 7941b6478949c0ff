"""Ctrl-C and SIGTERM wherever an audit may be: it ends at once, and leaves nothing half done behind.

The moment is chosen by the part that is being asked: it tells the test that it was reached, and does not answer.
"""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.bench import FAIL_ON, LIVE, Lane
from tests.rig.fault_proxy import FaultProxy
from tests.rig.git_repo import make_repo
from tests.rig.upstreams import Answer, Asked
from tests.unit.cli.conftest import HEARING_SIGNALS
from tests.unit.cli.installed import install

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
ENDS_WITHIN = 12.0
"""Seconds; far below any time that something is held up for here."""
MARK = "DRIFT_AUDIT_RIG_RUN"


@dataclass(slots=True)
class Scene:
    """One run that is about to be interrupted."""

    lane: Lane
    folder: Path
    environ: dict[str, str]
    config: dict[str, Any]
    site: Path

    @classmethod
    def of(cls, lane: Lane, **options: Any) -> Scene:
        lane.reset()
        folder = lane.stage.new_folder()
        environ = {**lane.stage.environ, "HOME": str(folder), "TMPDIR": str(folder / "tmp"), MARK: str(folder)}
        site = folder / "site"
        environ["PYTHONPATH"] = f"{site}{os.pathsep}{environ['PYTHONPATH']}"
        return cls(lane, folder, environ, lane.config(folder, **options), site)

    @property
    def live(self) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self.config["management_clusters"] if each["name"] == LIVE)
        return found

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        (self.folder / "drift-audit.yaml").write_text(json.dumps(self.config))
        return subprocess.Popen(
            [*HEARING_SIGNALS, sys.executable, "-m", "drift_audit.cli", *arguments],
            cwd=self.folder,
            env={**self.environ, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pipe(self) -> Path:
        """A named pipe through which a program says that it was reached."""
        path = self.folder / "reached"
        os.mkfifo(path)
        return path

    def left_behind(self) -> list[str]:
        """Temporary and lock files; our own lock beside each clone stays for ever, and is free."""
        temporary = list((self.folder / "tmp").rglob("*"))
        written = [path for path in self.folder.glob(".*") if path.name != ".cache"]
        locks = [path for path in (self.folder / "cache").rglob("*.lock") if path.parent.name != "git"]
        packs = list((self.folder / "cache").rglob("tmp_*"))
        return sorted(str(path) for path in (*temporary, *written, *locks, *packs))

    def still_running(self) -> list[str]:
        """What the run started and did not end."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if f"{MARK}={self.folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                        found.append((entry / "cmdline").read_text().replace("\0", " "))
                except OSError:
                    continue
        return found


Reached = Callable[[], None]
"""Returns when the run is where it is to be interrupted."""


def holding(proxy: FaultProxy, when: Callable[[Asked], bool]) -> Reached:
    reached = threading.Event()

    def spoil(asked: Asked, answer: Answer) -> Answer:
        reached.set()
        return Answer(status=answer.status, headers=answer.headers, body=answer.body, delay=60)

    proxy.spoil(spoil, when=when)

    def wait() -> None:
        assert reached.wait(30)

    return wait


def told_by(pipe: Path) -> Reached:
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    def wait() -> None:
        try:
            assert select.select([reading], [], [], 30)[0], "the moment never came"
            assert os.read(reading, 5) == b"here\n"
        finally:
            os.close(reading)

    return wait


def during_discovery(scene: Scene) -> Reached:
    return holding(scene.lane.api, lambda asked: asked.path == "/apis")


def during_a_list(scene: Scene) -> Reached:
    return holding(scene.lane.api, lambda asked: asked.path.endswith("/awsmachines"))


def during_the_second_look(scene: Scene) -> Reached:
    return holding(scene.lane.api, lambda asked: asked.path.endswith("/clusters/one"))


def during_a_listing_of_aws(scene: Scene) -> Reached:
    return holding(scene.lane.cloud, lambda asked: asked.aws_action == "ec2:DescribeInstances")


def during_the_account_check(scene: Scene) -> Reached:
    return holding(scene.lane.cloud, lambda asked: asked.aws_action == "sts:GetCallerIdentity")


def during_a_fetch(scene: Scene) -> Reached:
    scene.live["git"][0]["url"] = f"{scene.lane.git.url}/{scene.lane.stage.fleet.repo.path.name}"
    return holding(scene.lane.git, lambda asked: asked.method == "POST" and b"want" in asked.body)


def in_a_credential_plugin(scene: Scene) -> Reached:
    pipe = scene.pipe()
    plugin = _script(scene.folder / "plugin", f"echo here > {pipe}; /bin/sleep 61")
    path = Path(scene.live["kubeconfig"])
    kubeconfig = json.loads(path.read_text())
    api = "client.authentication.k8s.io/v1"
    kubeconfig["users"][0]["user"] = {"exec": {"apiVersion": api, "command": str(plugin), "interactiveMode": "Never"}}
    path.write_text(json.dumps(kubeconfig))
    return told_by(pipe)


def in_kustomize(scene: Scene) -> Reached:
    pipe = scene.pipe()
    # It is given no environment to speak of, so that the mark has to be handed on by the script.
    mark = f"{MARK}={scene.folder}"
    build = f"echo here > {pipe}; export {mark}; /bin/sleep 61"
    _script(scene.folder / "bin" / "kustomize", f'case "$1" in version) echo v5.8.1;; *) {build};; esac')
    scene.environ["PATH"] = f"{scene.folder / 'bin'}{os.pathsep}{scene.environ['PATH']}"
    repo = make_repo(scene.folder / "overlay", {"kustomization.yaml": "resources: []\n"})
    scene.live["git"] = [{"name": "overlay", "url": str(repo.path), "path": "."}]
    return told_by(pipe)


PLUGIN = """
from pathlib import Path
import threading

def here():
    with Path({pipe!r}).open("w") as pipe:
        pipe.write("here\\n")
    threading.Event().wait(61)
"""


def while_judging(scene: Scene) -> Reached:
    """In the thread that judges, between two findings: a provider of somebody else is asked then."""
    source = """
from drift_audit.interfaces import Correlation, ScopePlan

class Provider:
    name = "slow"
    @classmethod
    def settings_type(cls): return dict
    def __init__(self, settings): pass
    def owns(self, kind): return False
    def plan(self, clusters): return ScopePlan(requests=())
    def collect(self, request, progress): ...
    def reread(self, request, view, suspects): ...
    def correlate(self, clusters, clouds, now, orphan_min_age):
        here()
        return Correlation()
    def rows(self, files=()): return ()
    def compare(self, rows, clusters, clouds, links, *, equal_too=False): return ()
"""
    return _with_plugin(scene, {"drift_audit.providers": {"slow": "rig_plugin:Provider"}}, source)


def while_rendering(scene: Scene) -> Reached:
    """Between two outputs, of which the first is written already."""
    source = """
class Report:
    name = "slow"
    def render(self, result, options):
        here()
        return "late"
"""
    return _with_plugin(scene, {"drift_audit.reports": {"slow": "rig_plugin:Report"}}, source)


def _with_plugin(scene: Scene, entry_points: Mapping[str, Mapping[str, str]], source: str) -> Reached:
    pipe = scene.pipe()
    install(scene.site, "rig-plugin", entry_points, modules={"rig_plugin": PLUGIN.format(pipe=str(pipe)) + source})
    return told_by(pipe)


def _script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


MOMENTS: tuple[tuple[Callable[[Scene], Reached], signal.Signals], ...] = (
    (during_discovery, signal.SIGTERM),
    (during_a_list, signal.SIGINT),
    (during_a_list, signal.SIGTERM),
    (during_the_second_look, signal.SIGINT),
    (during_the_account_check, signal.SIGTERM),
    (during_a_listing_of_aws, signal.SIGINT),
    (during_a_fetch, signal.SIGTERM),
    (during_a_fetch, signal.SIGINT),
    (in_a_credential_plugin, signal.SIGTERM),
    (in_kustomize, signal.SIGINT),
    (while_judging, signal.SIGTERM),
    (while_rendering, signal.SIGINT),
)


@pytest.mark.parametrize(
    ("moment", "number"), MOMENTS, ids=lambda value: getattr(value, "__name__", None) or value.name
)
def test_a_signal_ends_the_audit_and_leaves_nothing_behind(
    moment: Callable[[Scene], Reached], number: signal.Signals, lanes: Sequence[Lane]
) -> None:
    scene = Scene.of(lanes[0])
    scene.live.update(timeout_seconds=60, deadline_seconds=60)
    scene.live["git"][0]["timeout_seconds"] = 60
    scene.config["clouds"]["aws"] |= {"read_timeout_seconds": 60}
    scene.config["cloud_deadline_seconds"] = 60
    reached = moment(scene)
    report = scene.folder / "report.md"
    report.write_text("the report of yesterday\n")
    outputs = ["-o", "slow=late.txt"] if moment is while_rendering else []
    with scene.start("check", "--fail-on", FAIL_ON, *outputs, "-o", f"markdown={report}", "-o", "json") as running:
        reached()

        running.send_signal(number)
        began = time.monotonic()
        out, err = running.communicate(timeout=60)
        took = time.monotonic() - began

    assert running.returncode == SIGNALS[number], err
    assert took < ENDS_WITHIN
    assert (out, "Traceback" in err) == ("", False)
    assert report.read_text() == "the report of yesterday\n"
    assert scene.left_behind() == []
    assert scene.still_running() == []


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_the_run_after_an_interrupted_fetch_finds_nothing_in_its_way(
    number: signal.Signals, lanes: Sequence[Lane]
) -> None:
    scene = Scene.of(lanes[0])
    scene.live["git"][0]["timeout_seconds"] = 60
    reached = during_a_fetch(scene)
    with scene.start("check") as running:
        reached()
        running.send_signal(number)
        running.communicate(timeout=60)
    scene.lane.reset()

    with scene.start("check", "--fail-on", FAIL_ON, "-o", "json") as again:
        out, err = again.communicate(timeout=60)

    assert again.returncode == 0, err
    assert json.loads(out)["coverage"]["gaps"] == []


def test_an_interrupted_recording_leaves_the_old_one(lanes: Sequence[Lane]) -> None:
    scene = Scene.of(lanes[0])
    reached = during_a_list(scene)
    scene.live.update(timeout_seconds=60, deadline_seconds=60)
    kept = scene.folder / "fleet.dar"
    kept.write_bytes(b"of yesterday")
    with scene.start("record", "-o", str(kept)) as running:
        reached()
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=60)

    assert running.returncode == 143, err
    assert kept.read_bytes() == b"of yesterday"
    assert scene.left_behind() == []
