"""What the world can do to an audit: it says what it did not see, and calls nothing in sync, missing or left over.

One healthy cluster stands behind every test, so whatever an audit finds here is a false alarm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.e2e.cli_fleet import (
    CliFleet,
    Done,
    account_entry,
    aws_of,
    git_of,
    management_cluster_of,
    module_fleet,
)
from tests.rig.apiserver import ApiServer
from tests.rig.client import reference
from tests.rig.controllers import CORE, INFRA
from tests.rig.fault_proxy import (
    FaultProxy,
    Spoil,
    cut,
    delayed,
    expired,
    fault_proxy,
    malformed,
    reset,
    status,
)
from tests.rig.fleet import ACCOUNT, Fleet, Workload
from tests.rig.git_repo import make_repo
from tests.rig.identities import AUDITOR, POWERLESS
from tests.rig.moto_server import AwsEndpoint
from tests.rig.upstreams import Asked
from tests.unit.aws.faults import Fault as AwsFault
from tests.unit.aws.faults import ec2_error, faulty_aws, refusing, refusing_after, sts_error

GONE = "cluster.x-k8s.io/v1alpha4"
OTHER_ACCOUNT = "999999999999"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A healthy fleet, and a proxy before its API server."""

    fleet: Fleet
    cli: CliFleet
    proxy: FaultProxy
    proxied: Path
    """A kubeconfig that leads to the proxy."""

    def check(self, cluster: Mapping[str, Any] | None = None, **sections: Any) -> Done:
        """One run with changes to the management cluster's entry and to other sections of the configuration."""
        named = {"namespaces": [self.fleet.namespace], **(cluster or {})}
        self.cli.configure(management_clusters=[management_cluster_of(self.fleet, **named)], **sections)
        return self.cli("check", "-o", "console", "-o", "json=report.json", "-o", "markdown=report.md")

    def spoiled(self, *faults: ServerFault) -> Done:
        """One run against a server with these faults, in pages of one object."""
        self.proxy.faults.clear()
        for fault in faults:
            self.proxy.spoil(fault.spoil, path_ends=fault.path, when=fault.when)
        return self.check({"kubeconfig": str(self.proxied), "page_size": 1, "timeout_seconds": 2})

    @property
    def document(self) -> Any:
        return json.loads((self.cli.folder / "report.json").read_text())


@pytest.fixture(scope="module")
def bench(
    api_server: ApiServer, moto_endpoint: AwsEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bad-input")
    with (
        module_fleet(api_server, moto_endpoint, folder / "fleet") as fleet,
        fault_proxy(api_server.client(AUDITOR)) as proxy,
    ):
        fleet.add(Workload(name="calm", workers=1))
        fleet.deliver()
        cli = CliFleet.of(fleet, folder)
        proxied = proxy.kubeconfig(cli.folder, context=fleet.management_cluster.context)
        yield Bench(fleet=fleet, cli=cli, proxy=proxy, proxied=proxied)


def incomplete(bench: Bench, done: Done, *, says: str, remedy: str = "", cluster: bool = True) -> None:
    """The audit is incomplete for the reason given, and accuses nobody of anything."""
    told = bench.document
    assert done.code == 3, done.told
    assert (told["status"], told["complete"]) == ("incomplete", False)
    assert told["coverage"]["percent"] < 100
    assert accused(told) == []
    assert any(says in gap["reason"] for gap in told["coverage"]["gaps"]), told["coverage"]["gaps"]
    assert all(gap["reason"] and gap["remedy"] for gap in told["coverage"]["gaps"])
    assert any(remedy in gap["remedy"] for gap in told["coverage"]["gaps"])
    if cluster:
        assert [entry["status"] for entry in told["clusters"]] == ["incomplete"]
    assert "result: incomplete " in done.out
    assert says in " ".join(done.out.split())


def impossible(bench: Bench, done: Done, *, says: str) -> None:
    """Nothing could be audited, and the report says why."""
    assert done.code == 2, done.told
    assert bench.document["status"] == "error"
    assert accused(bench.document) == []
    assert says in " ".join(done.told.split())


def accused(document: Any) -> list[tuple[str, str]]:
    """Findings of a confirmed kind; `undetermined` and `reconciling` accuse nobody."""
    harmless = ("undetermined", "reconciling")
    return [
        (found["verdict"], found["rule"])
        for found in document["findings"]
        if found["verdict"] not in harmless and found["confidence"] == "confirmed"
    ]


def test_the_fleet_behind_these_tests_is_in_sync(bench: Bench) -> None:
    done = bench.check()

    assert done.code == 0, done.told
    assert bench.document["findings"] == []


# The management cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFault:
    """One answer of the API server that is not what was asked for."""

    spoil: Spoil
    path: str
    says: str
    when: Callable[[Asked], bool] = lambda asked: True


def continued(asked: Asked) -> bool:
    return asked.is_continued


# Each alone, because clusters and clouds are joined by these kinds.
DECIDING: dict[str, ServerFault] = {
    "403 on AWSMachines": ServerFault(
        spoil=status(403, "Forbidden", "not for you"), path="/awsmachines", says="HTTP 403: not for you"
    ),
    "403 on Clusters": ServerFault(spoil=status(403, "Forbidden", "not for you"), path="/clusters", says="HTTP 403"),
    "403 on a definition": ServerFault(
        spoil=status(403, "Forbidden", "no"), path="/clusters.cluster.x-k8s.io", says="HTTP 403"
    ),
    "500 on the second page": ServerFault(
        spoil=status(500, "InternalError", "boom"), path="/machines", when=continued, says="HTTP 500: boom"
    ),
    "a reset connection": ServerFault(spoil=reset(), path="/awsclusters", says="the connection broke"),
}
TOGETHER = (
    ServerFault(spoil=expired(with_token=False), path="/awsmachines", when=continued, says="HTTP 410"),
    ServerFault(spoil=status(429, "TooManyRequests", "busy", Retry_After="0"), path="/machinesets", says="HTTP 429"),
    ServerFault(spoil=delayed(2.5), path="/kubeadmcontrolplanes", says="no answer within the timeout"),
    ServerFault(spoil=cut(), path="/machinedeployments", says="the connection broke before the answer was whole"),
    ServerFault(spoil=malformed(), path="/awsmachinetemplates", says="not valid JSON"),
)


@pytest.mark.parametrize("fault", DECIDING.values(), ids=DECIDING.keys())
def test_a_failing_list_is_a_gap(bench: Bench, fault: ServerFault) -> None:
    done = bench.spoiled(fault)

    incomplete(bench, done, says=fault.says, cluster=fault.path != "/clusters")


def test_many_failing_lists_are_as_many_gaps(bench: Bench) -> None:
    done = bench.spoiled(*TOGETHER)

    for fault in TOGETHER:
        incomplete(bench, done, says=fault.says)


def test_a_user_without_any_permission_cannot_audit(bench: Bench) -> None:
    done = bench.check({"kubeconfig": str(bench.fleet.management_cluster.kubeconfig_of(POWERLESS))})

    impossible(bench, done, says="HTTP 403")
    assert "Grant the audit's user" in done.out


def test_a_server_out_of_reach_cannot_be_audited(bench: Bench) -> None:
    lost = bench.cli.write(bench.proxied.read_text().replace(bench.proxy.url, "http://127.0.0.1:9"), "lost.kubeconfig")

    done = bench.check({"kubeconfig": str(lost)})

    impossible(bench, done, says="the connection was refused")


def test_one_server_out_of_reach_leaves_the_others_audited(bench: Bench) -> None:
    lost = bench.cli.write(bench.proxied.read_text().replace(bench.proxy.url, "http://127.0.0.1:9"), "lost.kubeconfig")
    calm = management_cluster_of(bench.fleet, namespaces=[bench.fleet.namespace])
    other = management_cluster_of(bench.fleet, name="lost", kubeconfig=str(lost))
    bench.cli.configure(management_clusters=[calm, other])

    done = bench.cli("check", "-o", "json=report.json", "-o", "console")

    assert done.code == 3, done.told
    assert accused(bench.document) == []
    assert [entry["management_cluster"] for entry in bench.document["clusters"]] == ["mgmt"]


@pytest.mark.parametrize(
    ("change", "says"),
    [({"kubeconfig": "/nonexistent"}, "no such kubeconfig"), ({"context": "mgnt"}, "mgmt")],
)
def test_a_kubeconfig_that_does_not_fit_is_a_mistake_of_the_user(
    bench: Bench, change: dict[str, str], says: str
) -> None:
    bench.cli.configure(management_clusters=[management_cluster_of(bench.fleet, **change)])

    done = bench.cli("check")

    assert done.code == 2
    assert done.out == ""
    assert says in done.err


def test_a_cluster_whose_cloud_nobody_knows_is_a_gap(bench: Bench) -> None:
    server = bench.fleet.management_cluster
    namespace = server.new_namespace("foreign")
    for name, infrastructure in (("vsphere", "VSphereCluster"), ("azure", "AzureCluster"), ("bare", "")):
        spec = {"infrastructureRef": {"apiGroup": INFRA.split("/")[0], "kind": infrastructure, "name": name}}
        foreign = {**reference(CORE, "Cluster", name, namespace), "spec": spec if infrastructure else {"paused": False}}
        server.gitops.apply(foreign)

    done = bench.check({"namespaces": [namespace]}, fail_on="medium")

    assert done.code == 3, done.told
    reasons = {gap["reason"] for gap in bench.document["coverage"]["gaps"]}
    assert f"not audited in the cloud: 1 cluster of kind VSphereCluster ({namespace}/vsphere)" in reasons
    assert f"the AzureCluster of cluster {namespace}/azure could not be read" in reasons
    assert f"not audited in the cloud: 1 cluster without spec.infrastructureRef ({namespace}/bare)" in reasons
    assert {entry["status"] for entry in bench.document["clusters"]} <= {"incomplete", "drifted"}


# AWS


def test_the_credentials_of_another_account_are_a_gap(bench: Bench) -> None:
    foreign = account_entry(ACCOUNT, [], role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/drift-audit")

    done = bench.check(clouds={"aws": aws_of(bench.fleet, accounts=[foreign])})

    incomplete(bench, done, says=f"credentials are for account {OTHER_ACCOUNT}, expected {ACCOUNT}", remedy="role_arn")


@pytest.mark.parametrize("identities", [["AWSClusterControllerIdentity/default"], []])
def test_a_cluster_mapped_to_another_account_is_not_missing_there(bench: Bench, identities: list[str]) -> None:
    done = bench.check(
        clouds={"aws": aws_of(bench.fleet, accounts=[account_entry(OTHER_ACCOUNT, [], identities=identities)])}
    )

    assert done.code == 3, done.told
    assert accused(bench.document) == []
    assert {found["verdict"] for found in bench.document["findings"]} == {"undetermined"}
    # The ARN of its load balancer says whose the cluster is, whatever the configuration says.
    assert any(ACCOUNT in gap["reason"] for gap in bench.document["coverage"]["gaps"])


def test_an_aws_that_no_account_is_configured_for_is_a_gap(bench: Bench) -> None:
    done = bench.check(clouds={})

    incomplete(bench, done, says=f"of account {ACCOUNT}, which is not configured", remedy="clouds.aws.accounts")


def logged(done: Done) -> list[str]:
    """The lines of the log, which stand on standard error among those of the progress."""
    return [line for line in done.err.splitlines() if line.startswith(("ERROR ", "WARNING ", "INFO ", "DEBUG "))]


def test_an_aws_out_of_reach_is_a_gap(bench: Bench) -> None:
    lost = aws_of(bench.fleet, endpoint_url="http://127.0.0.1:9", max_attempts=1)

    done = bench.check(clouds={"aws": lost})

    incomplete(bench, done, says="the account could not be verified")
    assert logged(done) == []


AWS_FAULTS: dict[str, tuple[AwsFault, str]] = {
    "no role": (refusing("AssumeRole", sts_error("AccessDenied")), "the account could not be verified"),
    "no instances": (
        refusing("DescribeInstances", ec2_error("UnauthorizedOperation", 403)),
        "ec2:DescribeInstances is not allowed",
    ),
    "no security groups": (
        refusing("DescribeSecurityGroups", ec2_error("UnauthorizedOperation", 403)),
        "ec2:DescribeSecurityGroups is not allowed",
    ),
    "no network interfaces": (
        refusing("DescribeNetworkInterfaces", ec2_error("UnauthorizedOperation", 403)),
        "ec2:DescribeNetworkInterfaces is not allowed",
    ),
    "throttled half way": (
        refusing_after("DescribeInstances", 1, ec2_error("RequestLimitExceeded", 503)),
        "was throttled in eu-central-1",
    ),
}


@pytest.mark.parametrize(("fault", "says"), AWS_FAULTS.values(), ids=AWS_FAULTS.keys())
def test_what_aws_refuses_is_a_gap(bench: Bench, fault: AwsFault, says: str) -> None:
    with faulty_aws(bench.fleet.aws, fault) as endpoint:
        done = bench.check(clouds={"aws": aws_of(bench.fleet, endpoint_url=endpoint.url, max_attempts=1)})

    incomplete(bench, done, says=says)
    assert logged(done) == []


# Git


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "https://127.0.0.1:9/fleet.git"}, "cannot be reached"),
        ({"url": "/nonexistent/fleet"}, "/nonexistent/fleet does not exist"),
        ({"ref": "mian"}, "no branch, tag or commit 'mian'"),
        ({"path": "clustrs"}, "no path 'clustrs'"),
    ],
)
def test_a_git_source_that_cannot_be_read_is_a_gap(bench: Bench, change: dict[str, str], says: str) -> None:
    done = bench.check({"git": [git_of(bench.fleet, **change)]})

    incomplete(bench, done, says=says)


def test_an_empty_repository_is_a_gap(bench: Bench, tmp_path: Path) -> None:
    empty = make_repo(tmp_path / "empty")

    done = bench.check({"git": [git_of(bench.fleet, url=empty.url)]})

    incomplete(bench, done, says="it has no commit")


def test_a_source_that_declares_nothing_is_a_gap(bench: Bench, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "notes", {"clusters/notes.txt": "nothing here yet\n"})

    done = bench.check({"git": [git_of(bench.fleet, url=repo.url)]})

    incomplete(bench, done, says="declares no object below 'clusters'", remedy="Correct `path`")


def test_a_management_cluster_without_git_is_a_gap(bench: Bench) -> None:
    done = bench.check({"git": []})

    incomplete(bench, done, says="has no Git source", remedy="under `git`")
    assert len(bench.document["coverage"]["gaps"]) == 1


BROKEN: dict[str, tuple[bytes, str]] = {
    "deep.yaml": (b"apiVersion: v1\nkind: ConfigMap\nspec: " + b"[" * 200_000, "deep.yaml:3: nested deeper"),
    "bomb.yaml": (
        b"apiVersion: v1\nkind: ConfigMap\na: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 106)),
        "bomb.yaml:",
    ),
    "twice.yaml": (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n",
        "twice.yaml:5: the key 'name' is written twice",
    ),
    "latin.yaml": (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: caf\xe9}\n",
        "latin.yaml:3: the file is not UTF-8",
    ),
    "ev\x1b[31mil`|<img src=x>@org.yaml": (b"apiVersion: [", "il`|<img"),
}


def test_broken_files_are_gaps_and_the_rest_is_audited(bench: Bench) -> None:
    files = {f"clusters/{name}": content for name, (content, _) in BROKEN.items()}
    ref = _branch(bench, "broken", files, link=("clusters/out.yaml", "../../../../../../etc/passwd"))

    done = bench.check({"git": [git_of(bench.fleet, ref=ref)]})

    for _, says in BROKEN.values():
        incomplete(bench, done, says=says)
    incomplete(bench, done, says="out.yaml is a symbolic link to outside the repository")
    assert len(bench.document["coverage"]["gaps"]) == len(BROKEN) + 1
    assert "root:" not in done.out
    _is_harmless(bench, done)


def test_one_object_declared_twice_is_a_gap_and_accuses_nobody(bench: Bench) -> None:
    copy = _declared(bench).replace("replicas: 1", "replicas: 9")

    done = bench.check({"git": [git_of(bench.fleet, ref=_branch(bench, "twice", {"clusters/copy.yaml": copy}))]})

    incomplete(bench, done, says="is declared twice", remedy="remove one of the two declarations")


def test_two_sources_that_declare_an_object_differently_are_a_gap(bench: Bench) -> None:
    text = _declared(bench)
    ref = _branch(bench, "rivals", {"x/calm.yaml": text.replace("replicas: 1", "replicas: 9"), "y/calm.yaml": text})

    differently = bench.check({"git": [git_of(bench.fleet), git_of(bench.fleet, name="x", ref=ref, path="x")]})
    incomplete(bench, differently, says="is declared differently by several Git sources")
    alike = bench.check({"git": [git_of(bench.fleet), git_of(bench.fleet, name="y", ref=ref, path="y")]})

    assert alike.code == 0, alike.told


def test_what_the_server_cannot_serve_is_told_as_that(bench: Bench) -> None:
    where = f"metadata: {{name: odd, namespace: {bench.fleet.namespace}}}\n"
    files = {
        "clusters/gizmo.yaml": f"apiVersion: example.com/v1\nkind: Gizmo\n{where}",
        "clusters/old.yaml": f"apiVersion: cluster.x-k8s.io/v1alpha4\nkind: MachineHealthCheck\n{where}",
    }

    done = bench.check({"git": [git_of(bench.fleet, ref=_branch(bench, "unserved", files))]})

    told = {found["evidence"][0]: found["next_steps"][0] for found in bench.document["findings"]}
    assert done.code == 1, done.told
    assert set(told) == {
        "the management cluster serves no kind Gizmo in example.com/v1",
        "Git uses API version v1alpha4, which is not served (served: v1beta2, v1beta1)",
    }
    assert all("it cannot be applied as it is" in step for step in told.values())


def test_an_object_in_an_api_version_that_is_not_served_is_a_gap(bench: Bench) -> None:
    name = f"clusters/{bench.fleet.namespace}/calm.yaml"
    kind = "kind: MachineDeployment"
    old = _declared(bench).replace(f"apiVersion: cluster.x-k8s.io/v1beta1\n{kind}", f"apiVersion: {GONE}\n{kind}")
    assert GONE in old

    done = bench.check({"git": [git_of(bench.fleet, ref=_branch(bench, "old", {name: old}))]})

    incomplete(bench, done, says="Git uses API version v1alpha4, which is not served", remedy="served API version")


# Hostile text


def test_hostile_text_stays_text_in_every_report(bench: Bench) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07`|\n# done <!-- <img src=x onerror=alert(1)> @org \u202egnp.exe [a](javascript:x)"
    target = reference(CORE, "Cluster", "calm", bench.fleet.namespace)
    human = bench.fleet.management_cluster.human.as_manager("kubectl-annotate")
    human.merge_patch(target, {"metadata": {"annotations": {"team.example.com/note": hostile}}})

    done = bench.check()
    explained = bench.cli("explain", f"Cluster/{bench.fleet.namespace}/calm", "-vv")

    human.merge_patch(target, {"metadata": {"annotations": {"team.example.com/note": None}}})
    assert done.code == 1
    assert "owned" in done.out
    _is_harmless(bench, done)
    _is_harmless(bench, explained)


def _is_harmless(bench: Bench, done: Done) -> None:
    markdown = (bench.cli.folder / "report.md").read_text()
    for text in (done.out, done.err, markdown):
        assert [sign for sign in text if not sign.isprintable() and sign != "\n"] == []
    tags = re.findall(r"<(\w+)", MarkdownIt("commonmark").enable("table").render(markdown))
    assert not {"img", "script", "a"} & set(tags)


def _declared(bench: Bench) -> str:
    return (bench.fleet.repo.path / f"clusters/{bench.fleet.namespace}/calm.yaml").read_text()


def _branch(bench: Bench, name: str, files: Mapping[str, str | bytes], *, link: tuple[str, str] | None = None) -> str:
    """A branch of the fleet's repository with further files; gives its name."""
    repo = bench.fleet.repo
    repo.branch(name)
    if link is not None:
        repo.link(*link)
    repo.commit(files)
    repo.branch("main")
    return name
