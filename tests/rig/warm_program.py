"""The program as a process of its own, started by a fork of one that has imported everything already.

    with warm_program(environ) as program:
        done = program.run(["check", "-o", "json"], cwd=folder)

A process takes a second for its imports, and a test of two hundred runs has not the time. Everything else is that
of a real start: command line, working directory, standard streams, signals and exit code.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

_IMPORTED = (
    "drift_audit.audit",
    "drift_audit.cli.failures",
    "drift_audit.cli.leaving",
    "drift_audit.cli.outputs",
    "drift_audit.cli.prepare",
    "drift_audit.collect.recording",
    "kubernetes.client",
    "kubernetes.config",
    "boto3",
    "git",
)
_SERVICES = ("ec2", "sts")
"""Of AWS, whose descriptions take longest to load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that has ended. Its output lies in files, because nobody reads pipes meanwhile."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Running:
    """A run that goes on."""

    pid: int
    folder: Path
    _answers: Any

    def wait(self) -> Ended:
        code = int(self._answers.readline())
        out, err = ((self.folder / name).read_text(errors="replace") for name in ("stdout", "stderr"))
        return Ended(code=code, out=out, err=err)


@dataclass(slots=True)
class WarmProgram:
    """Starts one run at a time."""

    _process: subprocess.Popen[str]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Running:
        """A run in that folder, with nothing else in its environment; its output goes there too."""
        assert self._process.stdin is not None and self._process.stdout is not None
        order = {"arguments": list(arguments), "folder": str(folder), "environ": dict(environ)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Running(int(self._process.stdout.readline()), folder, self._process.stdout)

    def run(self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Ended:
        with self._lock:
            return self.start(arguments, folder, environ).wait()


@contextmanager
def warm_program(environ: Mapping[str, str]) -> Iterator[WarmProgram]:
    """A program that is ready to start; `environ` is that of the process which waits."""
    command = [sys.executable, "-m", "tests.rig.warm_program"]
    with subprocess.Popen(
        command, env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield WarmProgram(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _serve() -> None:
    for module in _IMPORTED:
        import_module(module)
    _load_descriptions()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _load_descriptions() -> None:
    from drift_audit.config.load import load_config  # noqa: F401  (pydantic)
    from drift_audit.plugins import provider_names, report_names
    from drift_audit_aws import session

    for name in (*provider_names(), *report_names()):
        import_module({"aws": "drift_audit_aws.collect"}.get(name, "drift_audit.plugins"))
    for service in _SERVICES:
        session._botocore_session().create_client(service, region_name="eu-central-1")


def _become(order: Mapping[str, Any]) -> None:
    """The child: from here on it is the program."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    for number, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(target, number)
        os.close(target)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.argv = ["drift-audit", *order["arguments"]]
    from drift_audit.cli import main

    code = 70
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
