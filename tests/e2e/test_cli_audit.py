"""The verbs of the command line, as processes of their own, on one fleet with planted differences."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from drift_audit_aws import rights
from tests.e2e import mutations as planted
from tests.e2e.cli_fleet import CliFleet, Done, aws_of, git_of, management_cluster_of, module_fleet, suppression
from tests.rig.apiserver import ApiServer
from tests.rig.client import Json, reference
from tests.rig.controllers import BOOTSTRAP, CORE
from tests.rig.fleet import Fleet, Workload
from tests.rig.manifests import text_of
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.faults import FaultyAws, faulty_aws

FOUND = {
    ("edited_in_cloud", "aws.security-group.ingress"),
    ("edited_in_cluster", "git.changed"),
    ("edited_in_cluster", "git.extra"),
    ("missing", "aws.instance.missing"),
    ("not_applied", "git.pending"),
    ("orphan", "aws.instance.orphan"),
}
SECRET_WORDS = ("canary-content", "canary-passwd", "canary-url", "canary-applied", "canary-data", "canary-rotated")
"""What no report, recording or log may hold. None of them is part of a name."""
TIER = {"metadata": {"labels": {"tier": "gold"}}}
NEW_VERSION = ("version: v1.34.2", "version: v1.34.9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The fleet, the program beside it, and everything that it asked of AWS."""

    fleet: Fleet
    cli: CliFleet
    aws: FaultyAws

    @property
    def calm(self) -> str:
        """The namespace of the cluster in which nothing is wrong."""
        return self.fleet.workloads["calm"].namespace


@pytest.fixture(scope="module")
def bench(
    api_server: ApiServer, moto_endpoint: AwsEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("cli")
    with (
        module_fleet(api_server, moto_endpoint, folder / "fleet") as fleet,
        faulty_aws(moto_endpoint.url, lambda params: None) as aws,
    ):
        _build(fleet)
        cli = CliFleet.of(fleet, folder, clouds={"aws": aws_of(fleet, endpoint_url=aws.url)})
        yield Bench(fleet=fleet, cli=cli, aws=aws)


def _build(fleet: Fleet) -> None:
    calm = fleet.management_cluster.new_namespace("calm", admission=True)
    fleet.add(planted.WORKLOAD)
    fleet.add(Workload(name="prod-2", workers=1, addons=[_bootstrap_with_secrets(fleet.namespace)]))
    fleet.add(Workload(name="calm", namespace=calm, workers=1))
    fleet.deliver()
    planted.patch("kubectl-edit", CORE, "MachineDeployment", planted.MD, {"spec": {"replicas": 5}})(fleet)
    planted.patch("kubectl-label", CORE, "Cluster", "prod-2", TIER)(fleet)
    planted.open_port(fleet, "node", 22, "0.0.0.0/0")
    planted.terminate(fleet)
    planted.leave_instance(fleet)
    planted.commit(fleet, NEW_VERSION)


def _bootstrap_with_secrets(namespace: str) -> Json:
    """A bootstrap template with secrets wherever people put them."""
    shape = reference(BOOTSTRAP, "KubeadmConfigTemplate", "bastion", namespace)
    spec = {
        "files": [{"path": "/etc/app.conf", "content": "db = canary-content"}],
        "users": [{"name": "ops", "passwd": "canary-passwd"}],
        "preKubeadmCommands": ["curl -O https://bob:canary-url@git.example.com/setup.sh"],
    }
    return {**shape, "spec": {"template": {"spec": spec}}}


def _secret(namespace: str, value: str) -> Json:
    last = json.dumps({"kind": "Secret", "stringData": {"token": "canary-applied"}})
    shape = reference("v1", "Secret", "registry", namespace)
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": last}
    return {
        **shape,
        "metadata": {**shape["metadata"], "annotations": annotations},
        "stringData": {"token": value, "other": "canary-data"},
    }


@pytest.fixture(scope="module")
def checked(bench: Bench) -> Done:
    """One run with three reports."""
    return bench.cli("check", "-v", "-o", "console", "-o", "json=report.json", "-o", "markdown=report.md")


@pytest.fixture(scope="module")
def document(bench: Bench, checked: Done) -> Any:
    return json.loads((bench.cli.folder / "report.json").read_text())


@pytest.fixture(scope="module")
def recorded(bench: Bench) -> Done:
    return bench.cli("record", "-o", "fleet.dar")


# check


def test_standard_output_is_the_report_and_standard_error_the_progress(checked: Done) -> None:
    assert checked.code == 1
    assert checked.out.startswith("drift-audit ")
    assert checked.out.splitlines()[-1].startswith("result: drift ")
    assert "reading" not in checked.out
    assert "\x1b" not in checked.told
    assert "mgmt: reading the management cluster\n" in checked.err


def test_what_was_planted_is_found_and_nothing_else(document: Any) -> None:
    found = {(finding["verdict"], finding["rule"]) for finding in document["findings"]}

    assert found == FOUND
    assert {finding["confidence"] for finding in document["findings"]} == {"confirmed"}
    assert document["status"] == "drift"
    assert document["complete"]
    assert document["coverage"]["percent"] == 100
    assert {cluster["name"]: cluster["status"] for cluster in document["clusters"]} == {
        "prod-1": "drifted",
        "prod-2": "drifted",
        "calm": "ok",
    }


def test_the_document_is_what_the_schema_says(bench: Bench, document: Any) -> None:
    schema = bench.cli("schema")

    assert schema.code == 0
    Draft202012Validator(json.loads(schema.out)).validate(document)


def test_every_report_tells_the_same_causes(bench: Bench, checked: Done, document: Any) -> None:
    markdown = (bench.cli.folder / "report.md").read_text()

    assert f"causes={len(document['causes'])} " in checked.out
    for cause in document["causes"]:
        assert cause["title"] in " ".join(checked.out.split())
        assert cause["title"] in markdown.replace("\\", "")


def test_a_namespace_without_differences_is_in_sync(bench: Bench) -> None:
    done = bench.cli.check("-n", bench.calm, "--detailed-exitcode", "-q")

    assert done.code == 0, done.told
    assert done.document["status"] == "in_sync"
    assert [cluster["name"] for cluster in done.document["clusters"]] == ["calm"]
    assert done.err == ""


def test_all_namespaces_takes_the_place_of_the_configured_ones(bench: Bench) -> None:
    narrowed = bench.cli.write(
        json.dumps(
            {
                **bench.cli.settings,
                "management_clusters": [management_cluster_of(bench.fleet, namespaces=[bench.calm])],
            }
        ),
        "narrowed.yaml",
    )

    configured = bench.cli.check("--config", narrowed.name)
    everything = bench.cli.check("--config", narrowed.name, "-A", "--detailed-exitcode")

    assert (configured.code, everything.code) == (0, 2)
    assert len(everything.document["clusters"]) == 3


def test_a_label_selects_clusters_and_fail_on_decides_about_the_code(bench: Bench) -> None:
    low = bench.cli.check("-l", "tier=gold")
    medium = bench.cli.check("-l", "tier=gold", "--fail-on", "medium", "--context", "mgmt")

    assert (low.code, medium.code) == (1, 0)
    for done in (low, medium):
        assert [cluster["name"] for cluster in done.document["clusters"]] == ["prod-2"]
        assert [finding["rule"] for finding in done.document["findings"] if finding["object"]] == ["git.extra"]


@pytest.mark.parametrize("flags", [("-n", "calmm"), ("-l", "tier=silver")])
def test_a_misspelled_part_of_the_fleet_is_not_in_sync(bench: Bench, flags: tuple[str, str]) -> None:
    done = bench.cli("check", *flags)

    assert done.code == 3, done.told
    assert "there is no Cluster" in done.out


def test_an_unknown_context_is_refused_with_the_nearest_one(bench: Bench) -> None:
    done = bench.cli("check", "--context", "mgnt")

    assert done.code == 2
    assert done.out == ""
    assert "no configured management cluster is called 'mgnt'" in done.err
    assert "mgmt" in done.err


@pytest.mark.parametrize(
    ("flags", "environ", "coloured"),
    [((), {}, True), (("--no-color",), {}, False), ((), {"NO_COLOR": "1"}, False), ((), {"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    bench: Bench, recorded: Done, flags: tuple[str, ...], environ: Mapping[str, str], coloured: bool
) -> None:
    told = _in_terminal(bench.cli, environ, "check", "--from", "fleet.dar", *flags)

    assert "result: drift" in re.sub(r"\x1b\[[0-9;]*m", "", told)
    assert ("\x1b[" in told) is coloured


def _in_terminal(cli: CliFleet, environ: Mapping[str, str], *arguments: str) -> str:
    """What the program writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "drift_audit.cli", *arguments]
    with subprocess.Popen(
        command, cwd=cli.folder, env={**cli.environ, "TERM": "xterm", **environ}, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        told = b""
        while chunk := _read(ours):
            told += chunk
        os.close(ours)
        assert running.wait(60) == 1
    return told.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so at the end of a terminal
        return b""


def test_quiet_says_nothing_on_standard_error(bench: Bench, recorded: Done) -> None:
    done = bench.cli("check", "--from", "fleet.dar", "-q")

    assert (done.code, done.err) == (1, "")


def test_a_log_hears_of_every_scope_with_its_numbers(checked: Done, document: Any) -> None:
    told = checked.err
    (cluster,) = document["views"]["capi"]
    (cloud,) = document["views"]["cloud"]

    assert re.search(rf"^mgmt: {cluster['objects']:,} objects of \d+ kinds \(\d+\.\d s\)$", told, re.MULTILINE)
    assert re.search(rf"^{_scope(cloud)}: {cloud['resources']:,} resources \(", told, re.MULTILINE)
    assert re.search(r"^git fleet: \d+ objects at [0-9a-f]{12} \(", told, re.MULTILINE)
    assert re.search(r"^mgmt, second look: reading \d+ suspects once more$", told, re.MULTILINE)


def _scope(cloud: Any) -> str:
    return f"{cloud['provider']}/{cloud['account']}/{cloud['region']}"


def test_a_terminal_gets_one_line_that_is_gone_in_the_end(bench: Bench) -> None:
    told = _in_terminal(bench.cli, {"NO_COLOR": "1"}, "check")

    drawn, _, report = told.rpartition("\r\x1b[K")
    assert re.search(r"\r\x1b\[K\d+ s · \d of \d scopes · ", drawn)
    assert "\n" not in drawn
    assert "mgmt: " in drawn
    assert report.startswith("drift-audit ")


def test_ci_gets_lines_although_it_has_a_terminal(bench: Bench) -> None:
    told = _in_terminal(bench.cli, {"CI": "true", "NO_COLOR": "1"}, "check")

    assert "\x1b" not in told
    assert "mgmt: reading the management cluster\r\n" in told


# tree


def test_a_tree_shows_what_was_planted_where_it_is(bench: Bench, recorded: Done) -> None:
    done = bench.cli("tree", "prod-1", "--from", "fleet.dar", offline=True)
    document = bench.cli("tree", "mgmt/" + bench.fleet.namespace + "/prod-1", "--from", "fleet.dar", "-o", "json")

    assert (done.code, done.err) == (0, "")
    (tree,) = document.document["trees"]
    states = {(node["kind"], node["state"]) for node in tree["nodes"] if node["state"] != "ok"}
    assert states == {
        ("MachineDeployment", "drifted"),
        ("KubeadmControlPlane", "drifted"),
        ("instance", "missing"),
        ("instance", "orphan"),
        ("security-group", "drifted"),
    }
    assert {each["id"] for each in document.document["findings"]} == {
        finding for node in tree["nodes"] for finding in node["findings"]
    }
    for word in ("DRIFTED", "MISSING", "ORPHAN", "AWSCluster/prod-1"):
        assert word in done.out


def test_a_live_tree_is_the_recorded_one(bench: Bench, recorded: Done) -> None:
    live, replayed = (bench.cli("tree", "calm", "-o", "json", *flags) for flags in ((), ("--from", "fleet.dar")))

    assert (live.code, replayed.code) == (0, 0), live.told
    assert live.document["trees"] == replayed.document["trees"]
    assert {node["state"] for node in live.document["trees"][0]["nodes"]} == {"ok"}


def test_the_document_has_a_tree_for_each_cluster_with_findings(document: Any) -> None:
    assert [tree["cluster"]["name"] for tree in document["trees"]] == ["prod-1", "prod-2"]


# orphans


def test_orphans_lists_the_instance_that_was_left(bench: Bench, recorded: Done) -> None:
    done = bench.cli("orphans", "--from", "fleet.dar", "-o", "json")

    (orphan,) = done.document["orphans"]
    assert done.code == 1, done.told
    assert (orphan["type"], orphan["claims"], orphan["confidence"]) == ("instance", "prod-1", "confirmed")
    assert orphan["created_at"].startswith("20")
    assert orphan["why"]
    assert orphan["next_steps"]
    (scope,) = done.document["scopes"]
    assert 0 < scope["claimed"] < scope["listed"]


def test_orphans_of_an_account_that_refuses_are_not_judged(bench: Bench) -> None:
    nowhere = {"aws": aws_of(bench.fleet, endpoint_url="http://127.0.0.1:9")}
    refused = bench.cli.write(json.dumps({**bench.cli.settings, "clouds": nowhere}), "refused.yaml")

    done = bench.cli("orphans", "--config", refused.name, "-q")

    assert done.code == 3, done.told
    assert "no orphans in 1 cloud scope, and not everything could be judged" in done.out
    assert "NOT JUDGED" in done.out


# record, and check --from


def test_a_recording_gives_the_same_document(bench: Bench, recorded: Done, document: Any) -> None:
    with _away(bench.fleet.repo.path):
        replayed = bench.cli("check", "--from", "fleet.dar", "-o", "json", offline=True)

    assert recorded.code == 0, recorded.told
    assert recorded.out == ""
    assert replayed.code == 1, replayed.told
    assert replayed.err == ""
    assert _lasting(replayed.document) == _lasting(document)
    assert replayed.document["run"]["recording_digest"] in recorded.err


def test_a_recording_is_judged_alike_again_and_again(bench: Bench, recorded: Done) -> None:
    first, second = (bench.cli("check", "--from", "fleet.dar", "-o", "json", offline=True) for _ in range(2))

    assert first.out == second.out


@contextmanager
def _away(path: Path) -> Iterator[None]:
    """The path is gone for the length of the block."""
    hidden = path.rename(path.with_name(f"{path.name}.away"))
    yield
    hidden.rename(path)


_MEASURED = frozenset({"run", "read_at", "seconds", "calls", "throttles", "cost", "first_seen"})


def _lasting(document: Any) -> Any:
    """The document without the moments and costs of one run."""
    if isinstance(document, dict):
        return {key: _lasting(value) for key, value in document.items() if key not in _MEASURED}
    if isinstance(document, list):
        return [_lasting(item) for item in document]
    return document


# secrets


def test_no_secret_value_leaves_the_program(bench: Bench) -> None:
    fleet, server = bench.fleet, bench.fleet.management_cluster
    declared = _secret(fleet.namespace, "canary-data")
    fleet.repo.branch("with-secrets")
    fleet.repo.commit({"secrets/registry.yaml": text_of(declared)})
    fleet.repo.branch("main")
    fleet.apply(declared)
    rotated = base64.b64encode(b"canary-rotated").decode()
    server.human.as_manager("kubectl-edit").merge_patch(declared, {"data": {"token": rotated}})
    server.human.as_manager("kubectl-edit").merge_patch(
        reference(BOOTSTRAP, "KubeadmConfigTemplate", "bastion", fleet.namespace),
        {"spec": {"template": {"spec": {"users": [{"name": "ops", "passwd": "canary-rotated"}]}}}},
    )
    sources = [git_of(fleet), git_of(fleet, name="secrets", ref="with-secrets", path="secrets")]
    powerful = management_cluster_of(fleet, git=sources, kubeconfig=str(server.human_kubeconfig))
    config = bench.cli.write(json.dumps({**bench.cli.settings, "management_clusters": [powerful]}), "secrets.yaml").name

    reports = ("-o", "console", "-o", "json=secrets.json", "-o", "markdown=secrets.md")
    ran = [
        bench.cli("record", "-vv", "--config", config, "-o", "secrets.dar"),
        bench.cli("check", "-vv", "--config", config, *reports),
        bench.cli("explain", "-vv", f"Secret/{fleet.namespace}/registry", "--from", "secrets.dar"),
        bench.cli("explain", "-vv", f"KubeadmConfigTemplate/{fleet.namespace}/bastion", "--from", "secrets.dar"),
    ]
    found = json.loads((bench.cli.folder / "secrets.json").read_text())["findings"]
    fleet.apply(_bootstrap_with_secrets(fleet.namespace))

    paths = {finding["path"] for finding in found if finding["verdict"] in ("edited_in_cluster", "conflict")}
    assert {"data.token", "spec.template.spec.users"} <= paths
    with zipfile.ZipFile(bench.cli.folder / "secrets.dar") as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    written = {name: (bench.cli.folder / name).read_text() for name in ("secrets.json", "secrets.md")}
    printed = {str(number): done.told for number, done in enumerate(ran)}
    assert any("bastion" in text for text in members.values())
    for place, text in {**members, **written, **printed}.items():
        assert [word for word in SECRET_WORDS if word in text or _encoded(word) in text] == [], place


def _encoded(word: str) -> str:
    """As a Secret holds it, without the letters at the end that depend on what follows."""
    return base64.b64encode(word.encode()).decode()[:-4]


# explain


def test_explain_tells_of_a_drifted_object(bench: Bench, recorded: Done) -> None:
    done = bench.cli("explain", f"machinedeployment/{bench.fleet.namespace}/{planted.MD}", "--from", "fleet.dar")

    assert done.code == 0
    for part in (
        "clusters/",
        "kubectl-edit",
        "kustomize-controller",
        "spec.replicas",
        "cluster      5",
        "git          2",
    ):
        assert part in done.out


def test_explain_tells_of_a_clean_object(bench: Bench, recorded: Done) -> None:
    done = bench.cli("explain", f"Cluster/{bench.calm}/calm", "--from", "fleet.dar")

    assert done.code == 0
    assert f"clusters/{bench.calm}/calm.yaml:1" in done.out
    assert "Findings: none" in done.out


def test_explain_tells_of_an_object_that_a_controller_made(bench: Bench) -> None:
    machine = planted.machines(bench.fleet)[0]

    done = bench.cli("explain", f"AWSMachine/{bench.fleet.namespace}/{machine}")

    assert done.code == 0
    assert "declared     in no Git source" in done.out
    assert f"Machine/{machine} (controller)" in done.out
    assert "aws.instance.missing" in done.out


def test_explain_of_a_misspelled_object_hints_at_its_neighbours(bench: Bench, recorded: Done) -> None:
    done = bench.cli("explain", f"Cluster/{bench.fleet.namespace}/prod", "--from", "fleet.dar")

    assert done.code == 2
    assert done.out == ""
    assert "did you mean" in done.err
    assert f"Cluster/{bench.fleet.namespace}/prod-1" in done.err


def test_explain_of_an_unknown_kind_lists_those_of_the_fleet(bench: Bench, recorded: Done) -> None:
    done = bench.cli("explain", f"Machin/{bench.fleet.namespace}/x", "--from", "fleet.dar")

    assert done.code == 2
    assert "MachineDeployment" in done.err


# validate, init


def test_a_written_configuration_is_valid(bench: Bench) -> None:
    done = bench.cli("validate")

    assert done.code == 0
    assert done.out == "drift-audit.yaml: valid (1 management cluster, 1 Git source, 1 cloud, 0 suppression rules)\n"


def test_init_writes_a_configuration_that_is_valid(bench: Bench) -> None:
    written = bench.cli("init", "fresh.yaml")
    again = bench.cli("init", "fresh.yaml")
    validated = bench.cli("validate", "--config", "fresh.yaml")

    assert (written.code, again.code, validated.code) == (0, 2, 0), validated.told
    assert "--force" in again.err


# suppressions


def test_a_suppressed_finding_is_shown_and_fails_nothing(bench: Bench, recorded: Done) -> None:
    everything = _with_suppressions(bench, suppression("all-known", "2099-01-01", management_cluster="mgmt"))
    cloud = suppression("cloud", "2099-01-01", resource="aws/*")
    named = _with_suppressions(bench, {**cloud, "match": {"resource": "aws/*"}}, name="cloud.yaml")

    done = bench.cli("check", "--from", "fleet.dar", "-o", "json", "--config", everything.name)
    partly = bench.cli("check", "--from", "fleet.dar", "-o", "json", "--config", named.name)

    assert done.code == 0, done.told
    ours = [finding for finding in done.document["findings"] if finding["object"]]
    assert {finding["suppressed"]["rule"] for finding in ours} == {"all-known"}
    assert partly.code == 1
    assert {finding["rule"] for finding in partly.document["findings"] if finding["suppressed"]} == {
        rule for _, rule in FOUND if rule.startswith("aws.")
    }


def test_an_expired_suppression_hides_nothing_and_is_told(bench: Bench, recorded: Done) -> None:
    expired = _with_suppressions(bench, suppression("old", "2026-01-01", management_cluster="mgmt"), name="old.yaml")

    done = bench.cli("check", "--from", "fleet.dar", "-o", "json", "--config", expired.name)

    assert done.code == 1
    assert {finding["suppressed"] for finding in done.document["findings"]} == {None}
    assert "expired on 2026-01-01" in done.err


def _with_suppressions(bench: Bench, *rules: Json, name: str = "suppressed.yaml") -> Path:
    return bench.cli.write(json.dumps({**bench.cli.settings, "suppressions": list(rules)}), name)


# what it asked


def test_the_audit_only_reads(bench: Bench, checked: Done, recorded: Done) -> None:
    verbs = {request.partition(" ")[0] for request in bench.fleet.management_cluster.auditor_requests()}

    assert verbs == {"get", "list"}
    granted = {action.partition(":")[2] for action in rights.actions()} | {"AssumeRole", ""}
    assert set(bench.aws.actions()) <= granted, "the empty one is S3, whose operations have no name on the wire"
