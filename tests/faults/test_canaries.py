"""Secrets planted wherever people put them appear in nothing that the program prints or writes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from drift_audit.collect.recording import read_recording
from drift_audit.model.views import Reach
from drift_audit.plugins import report_names
from tests.faults.bench import LIVE, SECRETS, Lane, Stage
from tests.faults.canaries import artefacts_of, beside_a_suspect, canary, found_in, log_about_a_suspect
from tests.integration.closer_world import kubeconfig_text
from tests.rig.fault_proxy import FaultProxy, Spoil, proxy_before, status
from tests.rig.management_cluster import delete_now
from tests.rig.upstreams import Answer, Asked
from tests.rig.warm_program import Ended


@pytest.fixture(scope="module")
def powerful(stage: Stage) -> Iterator[FaultProxy]:
    """The API server for somebody who may read Secrets."""
    with proxy_before(stage.powerful) as proxy:
        yield proxy


class Scene:
    """A folder with a configuration that holds secrets, and the runs in it."""

    def __init__(self, lane: Lane, api: FaultProxy) -> None:
        lane.reset()
        self.lane = lane
        self.folder = lane.stage.new_folder()
        self.config = lane.config(self.folder, masking_key=canary("config-key"))
        self.config["management_clusters"] = [self.live]
        self.streams: dict[str, str] = {}
        source = self.live["git"][0]
        self.live["git"] = [source, {**source, "name": SECRETS, "ref": SECRETS, "path": SECRETS}]
        self.kubeconfig(server=api.url, token=canary("kubeconfig-token"))
        self.environ = {
            **lane.stage.environ,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "AWS_SECRET_ACCESS_KEY": canary("aws-key"),
        }

    @property
    def live(self) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self.config["management_clusters"] if each["name"] == LIVE)
        return found

    def kubeconfig(self, server: str, **user: Any) -> None:
        path = Path(self.live["kubeconfig"])
        document = json.loads(path.read_text())
        document["clusters"][0]["cluster"]["server"] = server
        document["users"][0]["user"] = user
        path.write_text(json.dumps(document))

    def run(self, *arguments: str) -> Ended:
        (self.folder / "drift-audit.yaml").write_text(json.dumps(self.config))
        ended = self.lane.program.run(arguments, self.folder, self.environ)
        self.streams |= {f"stdout of {arguments[0]}": ended.out, f"stderr of {arguments[0]}": ended.err}
        return ended

    def leaks(self) -> list[str]:
        return found_in(artefacts_of(self.folder, self.streams))


def test_the_search_finds_what_is_there() -> None:
    text = f"user:{canary('proxy')}@host".encode()
    spelled = [
        text,
        base64.b64encode(text),
        text.hex().encode(),
        quote(text, safe="").encode(),
        text[::-1],
        text.upper(),
    ]

    assert [bool(found_in({"x": content})) for content in spelled] == [True] * len(spelled)
    assert found_in({"x": b"<masked: 12 bytes, 123456>"}) == []


def test_no_secret_leaves_the_program(lanes: Sequence[Lane], powerful: FaultProxy) -> None:
    scene = Scene(lanes[0], powerful)
    reports = [part for name in report_names() for part in ("-o", f"{name}=report.{name}")]

    checked = scene.run("check", "-vv", *reports)
    recorded = scene.run("record", "-vv", "-o", "fleet.dar")
    reached = scene.run("doctor", "-vv")
    namespace = lanes[0].stage.fleet.namespace
    told = [
        scene.run("explain", "-vv", name, "--from", "fleet.dar").out
        for name in (
            f"Secret/{namespace}/registry",
            f"KubeadmConfigTemplate/{namespace}/bastion",
            f"Cluster/{namespace}/one",
            f"AWSCluster/{namespace}/one",
        )
    ]

    document = json.loads((scene.folder / "report.json").read_text())
    paths = {found["path"] for found in document["findings"]}
    assert (checked.code, recorded.code) == (1, 0), checked.err + recorded.err
    assert {"data.token", "spec.template.spec.users"} <= paths, paths
    assert "ingress[tcp 8444 from 10.78.0.0/16]" in paths
    assert all("masked: " in text for text in told[:2])
    assert reached.out
    assert scene.leaks() == []


def _echoing() -> Spoil:
    """A server, or what stands before it, that repeats the request in its error."""

    def spoil(asked: Asked, answer: Answer) -> Answer:
        said = " ".join(f"{name}: {value}" for name, value in asked.headers.items())
        return status(500, "InternalError", said)(asked, answer)

    return spoil


def test_no_secret_is_in_the_words_of_a_failing_run(lanes: Sequence[Lane], powerful: FaultProxy) -> None:
    scene = Scene(lanes[0], powerful)
    failures: dict[str, Callable[[], object]] = {
        "the server echoes the request": lambda: powerful.spoil(_echoing()),
        "the server refuses the token": lambda: powerful.spoil(status(401, "Unauthorized", "no")),
        "the address has a password": lambda: scene.kubeconfig(
            server=f"http://bob:{quote(canary('kubeconfig-server'))}@127.0.0.1:9", token=canary("kubeconfig-token")
        ),
        "the plug-in fails": lambda: scene.kubeconfig(
            server=powerful.url,
            exec={
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": "/bin/sh",
                "args": ["-c", f"echo {canary('exec-message')} >&2; exit 3", canary("exec-argument")],
                "env": [{"name": "TOKEN", "value": canary("exec-environment")}],
                "interactiveMode": "Never",
            },
        ),
        "the proxy is not there": lambda: scene.environ.update(
            https_proxy=f"http://bob:{quote(canary('proxy'))}@127.0.0.1:9",
            http_proxy=f"http://bob:{quote(canary('proxy'))}@127.0.0.1:9",
            HTTPS_PROXY=f"http://bob:{quote(canary('proxy'))}@127.0.0.1:9",
        ),
    }
    for name, fail in failures.items():
        powerful.reset()
        fail()

        ended = scene.run("check", "-vv", "-o", "json", "-o", "console=report.txt")

        assert ended.code in (1, 2, 3), f"{name}: {ended.err}"
        assert "Traceback" not in ended.err, f"{name}: {ended.err}"
        assert scene.leaks() == [], name


def test_a_password_in_a_git_address_is_refused_without_being_repeated(
    lanes: Sequence[Lane], powerful: FaultProxy
) -> None:
    scene = Scene(lanes[0], powerful)
    scene.environ["GIT_URL"] = f"https://bob:{quote(canary('git-url'))}@git.example.com/fleet.git"
    scene.live["git"][0]["url"] = "${GIT_URL}"

    ended = scene.run("check", "-vv")

    assert ended.code == 2
    assert "holds credentials" in ended.err
    assert scene.leaks() == []


@pytest.fixture
def suspect(stage: Stage) -> Iterator[FaultProxy]:
    """Somebody unwell in the live fleet, and the workload cluster that its kubeconfig leads to."""
    namespace, client = stage.fleet.namespace, stage.fleet.management_cluster.client
    with proxy_before(stage.powerful, stage.tls) as workload:
        authority = (stage.folder / "ca.pem").read_bytes()
        kubeconfig = kubeconfig_text(workload.url, authority, token=canary("workload-token"))
        made = beside_a_suspect(namespace, kubeconfig)
        for target in made:
            client.create(target)
            if "status" in target:
                client.status(target)
        yield workload
        for target in made:
            delete_now(client, target)


def _log(namespace: str) -> Spoil:
    return lambda asked, answer: Answer(status=200, body=log_about_a_suspect(namespace) + b"\n")


def _pods_that_tell() -> Spoil:
    """One Pod of kube-system that does not start, and says why."""
    waiting = {"waiting": {"reason": "CreateContainerError", "message": f"password={canary('workload-pod')}"}}
    environment = [{"name": "GREETING", "value": canary("workload-pod")}]
    pod = {
        "metadata": {"name": "a", "namespace": "kube-system"},
        "spec": {"containers": [{"name": "a", "env": environment}]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "a", "state": waiting}]},
    }
    body = json.dumps({"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [pod]}).encode()
    return lambda asked, answer: Answer(status=200, body=body)


@pytest.mark.parametrize("echoes", [False, True], ids=["reached", "echoed"])
def test_no_secret_leaves_a_closer_look(
    lanes: Sequence[Lane], powerful: FaultProxy, suspect: FaultProxy, echoes: bool
) -> None:
    powerful.reset()
    scene = Scene(lanes[0], powerful)
    powerful.spoil(_log(lanes[0].stage.fleet.namespace), path_ends="/log")
    suspect.spoil(_echoing() if echoes else _pods_that_tell(), path_ends="" if echoes else "/pods")
    reports = [part for name in report_names() for part in ("-o", f"{name}=report.{name}")]
    namespace = lanes[0].stage.fleet.namespace

    checked = scene.run("check", "-vv", *reports)
    recorded = scene.run("record", "-vv", "-o", "fleet.dar")
    scene.run("doctor", "-vv")
    scene.run("explain", "-vv", f"Machine/{namespace}/sick", "--from", "fleet.dar")

    assert "Traceback" not in checked.err, checked.err
    assert scene.leaks() == []
    [beside] = read_recording(scene.folder / "fleet.dar").views.suspects
    workloads = read_recording(scene.folder / "fleet.dar").views.workloads
    workload = next(view for view in workloads if view.cluster.name == "one")
    assert recorded.code in (0, 3)
    assert {event.object.name for event in beside.events} == {line.object.name for line in beside.logs} == {"sick"}
    assert workload.reach is (Reach.FAILING if echoes else Reach.REACHED)
    sent = {name.lower(): value for name, value in suspect.asked[0].headers.items()}
    assert sent["authorization"] == f"Bearer {canary('workload-token')}"
