"""`python -m tests.rig build | serve | demo`: prepare the rig, play with a server by hand, record the demo fleet."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.rig.apiserver import running_api_server
from tests.rig.build import API_SERVER, KUBECTL, KUSTOMIZE, WEBHOOKS, api_server_programs, built, found_or_built
from tests.rig.cache import MissingPart, cache_directory
from tests.rig.capi.controllers import running_controllers
from tests.rig.capi.manifests import COMPONENTS, rendered_components
from tests.rig.capi.programs import PROGRAMS
from tests.rig.crds import EVERYTHING, EVERYTHING_V1BETA1, load_crds
from tests.rig.demo import record_demo
from tests.rig.identities import ADMIN, AUDITOR, HUMAN
from tests.rig.management_cluster import running_management_cluster, running_older_management_cluster
from tests.rig.modules import module_folder, pinned_modules


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="build or find every program, download every module")
    serve = verbs.add_parser("serve", help="run an API server with all CRDs until interrupted")
    serve.add_argument("--v1beta1", action="store_true", help="with the core kinds of Cluster API 1.10")
    serve.add_argument("--live", action="store_true", help="with Cluster API's own controllers at work")
    demo = verbs.add_parser("demo", help="build the demo fleet and record it")
    demo.add_argument("path", type=Path, help="the recording to write")
    chosen = parser.parse_args(arguments)
    try:
        match chosen.verb:
            case "build":
                return _build()
            case "serve":
                return _serve(v1beta1=chosen.v1beta1, live=chosen.live)
            case _:
                return record_demo(chosen.path.absolute())
    except MissingPart as missing:
        print(f"a part of the rig is missing: {missing}", file=sys.stderr)
        return 1


def _build() -> int:
    print(f"cache: {cache_directory()}")
    steps: dict[str, Callable[[], Path]] = {
        API_SERVER.name: lambda: api_server_programs()[0],
        WEBHOOKS.name: partial(built, WEBHOOKS),
        KUBECTL.name: partial(found_or_built, KUBECTL),
        KUSTOMIZE.name: partial(found_or_built, KUSTOMIZE),
        **{title: partial(built, program) for title, program in PROGRAMS.items()},
        **{name: partial(module_folder, name) for name in pinned_modules()},
    }
    for name, step in steps.items():
        began = time.monotonic()
        path = step()
        print(f"{name:16} {time.monotonic() - began:6.1f} s  {path}", flush=True)
    for title, sets in (("CRDs", EVERYTHING), ("CRDs v1beta1", EVERYTHING_V1BETA1)):
        began = time.monotonic()
        print(f"{title:16} {len(load_crds(sets))} converted in {time.monotonic() - began:.1f} s", flush=True)
    began = time.monotonic()
    rendered_components()
    print(f"{'manifests':16} {len(COMPONENTS)} rendered in {time.monotonic() - began:.1f} s", flush=True)
    return 0


def _serve(*, v1beta1: bool, live: bool) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = running_older_management_cluster if v1beta1 else running_management_cluster
    with tempfile.TemporaryDirectory(prefix="rig-") as folder, ExitStack() as stack:
        server = stack.enter_context((running_api_server if live else running)(Path(folder)))
        if live:
            for name, log in stack.enter_context(running_controllers(server)).logs.items():
                print(f"{name:24} {log}")
        for identity in (ADMIN, HUMAN, AUDITOR):
            print(f"{identity.user:12} export KUBECONFIG={server.kubeconfig(identity)}")
        print("stop with Ctrl-C", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
